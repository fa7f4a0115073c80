//! Agents, what they log on with, and who manages and watches.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A named set of queues that an agent logs on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its short name: 1 to 64 of `a–z 0–9 - _`.
    pub id: String,
    /// What agents read.
    pub name: String,
    /// The queues, each once.
    pub queues: Vec<Served>,
}

/// How a profile serves a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// Which queue.
    pub queue: String,
    /// 1 to 9; chats of a lower number go first.
    #[serde(default = "first")]
    pub priority: u8,
    /// A chat must have waited this long before agents with this profile are asked, in seconds.
    #[serde(default)]
    pub delay_seconds: u64,
}

fn first() -> u8 {
    1
}

impl Served {
    /// A queue with the first priority and no delay.
    #[must_use]
    pub fn new(queue: impl Into<String>) -> Self {
        Self { queue: queue.into(), priority: first(), delay_seconds: 0 }
    }
}

/// A person who answers chats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The full Matrix user id.
    pub id: String,
    /// What customers see.
    pub name: String,
    /// How many chats at once.
    #[serde(default = "capacity")]
    pub capacity: u32,
    /// The profiles that they may log on with; all, if there is none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

fn capacity() -> u32 {
    3
}

impl Agent {
    /// An agent with the default capacity who may use every profile.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), capacity: capacity(), profiles: Vec::new() }
    }
}

/// A person who manages the contact centre and is told when something needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administrator {
    /// The full Matrix user id.
    pub id: String,
}

/// A person who watches queues and maintains their predefined messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervisor {
    /// The full Matrix user id.
    pub id: String,
    /// Which queues; all, if there is none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers chats.
    Agent,
    /// Watches queues.
    Supervisor,
    /// Manages everything.
    Administrator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
        })
    }
}

/// Everything that somebody is. An administrator need not be an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Answers chats.
    pub agent: bool,
    /// Watches queues.
    pub supervisor: bool,
    /// Manages everything.
    pub administrator: bool,
}

impl Roles {
    /// The highest one.
    #[must_use]
    pub fn highest(self) -> Option<Role> {
        [Role::Administrator, Role::Supervisor, Role::Agent].into_iter().find(|role| match role {
            Role::Agent => self.agent,
            Role::Supervisor => self.supervisor,
            Role::Administrator => self.administrator,
        })
    }

    /// Whether commands for this role may be given. Administrators may do what supervisors may;
    /// only agents can do what concerns their own work.
    #[must_use]
    pub fn may(self, role: Role) -> bool {
        match role {
            Role::Agent => self.agent,
            Role::Supervisor => self.supervisor || self.administrator,
            Role::Administrator => self.administrator,
        }
    }
}
