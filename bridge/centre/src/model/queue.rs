//! A queue as the file describes it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use switchboard_engine::Strategy;

use crate::hours::Hours;

/// Where chats wait for an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its short name: 1 to 64 of `a–z 0–9 - _`.
    pub id: String,
    /// What agents and customers read.
    pub name: String,
    /// Whom of the available agents to ask.
    #[serde(default)]
    pub strategy: Strategy,
    /// How long a request rings, in seconds.
    #[serde(default = "request_timeout")]
    pub request_timeout_seconds: u64,
    /// How long before agents who all declined are asked once more, in seconds.
    #[serde(default = "second_round")]
    pub second_round_after_seconds: u64,
    /// After how long a waiting chat ends, in seconds; 0 for never.
    #[serde(default = "max_wait")]
    pub max_wait_seconds: u64,
    /// How many chats may wait.
    #[serde(default = "max_length")]
    pub max_length: u32,
    /// How long a chat waits for the return of its last agent, in seconds.
    #[serde(default = "return_grace")]
    pub return_grace_seconds: u64,
    /// How long agents stay in the room of an ended chat, in seconds.
    #[serde(default = "close_after")]
    pub close_after_seconds: u64,
    /// How many messages a customer may write before the first agent is asked.
    #[serde(default = "max_pending_messages")]
    pub max_pending_messages: u32,
    /// How many days the log is kept after the end; 0 for ever.
    #[serde(default)]
    pub retention_days: u32,
    /// Whether agents are mentioned when the customer waits for a reply.
    #[serde(default = "yes")]
    pub mention_waiting: bool,
    /// What customers read when they begin to wait.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub greeting: String,
    /// What customers read when the queue is closed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub closed_text: String,
    /// Where chats go that nobody takes here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflow: Option<Overflow>,
    /// When it is open; always, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

fn request_timeout() -> u64 {
    45
}
fn second_round() -> u64 {
    20
}
fn max_wait() -> u64 {
    1800
}
fn max_length() -> u32 {
    500
}
fn return_grace() -> u64 {
    30
}
fn close_after() -> u64 {
    600
}
fn max_pending_messages() -> u32 {
    200
}
fn yes() -> bool {
    true
}

impl Queue {
    /// A queue with the defaults.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            strategy: Strategy::default(),
            request_timeout_seconds: request_timeout(),
            second_round_after_seconds: second_round(),
            max_wait_seconds: max_wait(),
            max_length: max_length(),
            return_grace_seconds: return_grace(),
            close_after_seconds: close_after(),
            max_pending_messages: max_pending_messages(),
            retention_days: 0,
            mention_waiting: true,
            greeting: String::new(),
            closed_text: String::new(),
            overflow: None,
            hours: None,
        }
    }
}

/// When and where chats leave a queue that has nobody for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overflow {
    /// After waiting this long, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<u64>,
    /// As soon as no agent of the queue is ready.
    #[serde(default)]
    pub when_nobody_ready: bool,
    /// Where to.
    pub to: Target,
}

/// Where an overflowing chat goes: `message` or `queue:<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// The customer is asked to leave a message.
    Message,
    /// Into another queue.
    Queue(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("message"),
            Self::Queue(id) => write!(f, "queue:{id}"),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("queue:")) {
            ("message", _) => Ok(Self::Message),
            (_, Some(id)) if !id.is_empty() => Ok(Self::Queue(id.to_owned())),
            _ => Err(format!(
                "“{text}” is no place to go: write message, or queue: and an id, as in queue:sales"
            )),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}
