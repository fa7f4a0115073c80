//! Settings that a command can set, all of them optional. The names of the options and their
//! descriptions in the help are made from here.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use switchboard_engine::Strategy;

use crate::{duration::Seconds, model::Served, model::Target};

/// Several names, separated by commas; `all` stands for no restriction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("all") {
            return Ok(Self::default());
        }
        let names: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.is_empty() {
            Err("write names separated by commas, or all".to_owned())
        } else {
            Ok(Self(names))
        }
    }
}

/// No page at all could show the widget if there were none.
fn origins(text: &str) -> Result<Names, String> {
    let names: Names = text.parse()?;
    if names.0.is_empty() {
        return Err("write the pages one by one, such as https://shop.example".to_owned());
    }
    Ok(names)
}

/// What becomes of a queue's overflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverflowChoice {
    /// There is none.
    None,
    /// It goes there.
    To(Target),
}

impl FromStr for OverflowChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.trim() {
            "none" => Self::None,
            "message" => Self::To(Target::Message),
            name => Self::To(Target::Queue(name.strip_prefix("queue:").unwrap_or(name).to_owned())),
        })
    }
}

/// Reads `yes` and `no` and their likes.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" | "on" | "true" => Ok(true),
        "no" | "n" | "off" | "false" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

/// Reads the name of a strategy.
pub fn strategy(text: &str) -> Result<Strategy, String> {
    match text.to_lowercase().replace('_', "-").as_str() {
        "longest-idle" => Ok(Strategy::LongestIdle),
        "least-busy" => Ok(Strategy::LeastBusy),
        "round-robin" => Ok(Strategy::RoundRobin),
        "ring-all" => Ok(Strategy::RingAll),
        _ => Err("write longest-idle, least-busy, round-robin or ring-all".to_owned()),
    }
}

/// Reads how a profile serves a queue: `sales`, `sales:2`, `sales:2:30s`.
pub fn served(text: &str) -> Result<Served, String> {
    let mut parts = text.split(':');
    let mut served = Served::new(parts.next().unwrap_or_default());
    if let Some(priority) = parts.next() {
        served.priority =
            priority.parse().map_err(|_| format!("“{priority}” is no priority from 1 to 9"))?;
    }
    if let Some(delay) = parts.next() {
        served.delay_seconds = delay.parse::<Seconds>()?.0;
    }
    if served.queue.is_empty() || parts.next().is_some() {
        return Err(
            "write QUEUE, QUEUE:PRIORITY or QUEUE:PRIORITY:DELAY, as in sales:2:30s".to_owned()
        );
    }
    Ok(served)
}

/// What concerns everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct GeneralFields {
    /// The time zone of opening hours that name none
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Missed requests in a row before an agent counts as not responding; 0 for never
    #[arg(long, value_name = "NUMBER")]
    pub misses: Option<u32>,
}

/// A queue's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct QueueFields {
    /// What agents and customers read
    #[arg(long)]
    pub name: Option<String>,
    /// Whom to ask: longest-idle, least-busy, round-robin or ring-all
    #[arg(long, value_parser = strategy)]
    pub strategy: Option<Strategy>,
    /// How long a request rings
    #[arg(long, value_name = "TIME")]
    pub request_timeout: Option<Seconds>,
    /// How long before agents who all declined are asked once more
    #[arg(long, value_name = "TIME")]
    pub second_round_after: Option<Seconds>,
    /// After how long a waiting chat ends, or never
    #[arg(long, value_name = "TIME")]
    pub max_wait: Option<Seconds>,
    /// How many chats may wait
    #[arg(long, value_name = "NUMBER")]
    pub max_length: Option<u32>,
    /// Where chats go that nobody takes: none, message or a queue
    #[arg(long, value_name = "WHERE")]
    pub overflow: Option<OverflowChoice>,
    /// After waiting how long they go there, or never
    #[arg(long, value_name = "TIME")]
    pub overflow_after: Option<Seconds>,
    /// Whether they go there as soon as nobody is ready
    #[arg(long, value_name = "YES/NO", value_parser = yes_or_no)]
    pub overflow_when_nobody_ready: Option<bool>,
    /// What customers read before they start a chat
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub greeting: Option<String>,
    /// What they read instead while the queue is closed
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub closed_text: Option<String>,
    /// How many days logs are kept; 0, for ever, is all that is possible yet
    #[arg(long, value_name = "DAYS")]
    pub retention_days: Option<u32>,
    /// How long a chat waits for the return of its last agent
    #[arg(long, value_name = "TIME")]
    pub return_grace: Option<Seconds>,
    /// How long agents stay in the room of an ended chat
    #[arg(long, value_name = "TIME")]
    pub close_after: Option<Seconds>,
    /// How many messages a customer may write before an agent is asked
    #[arg(long, value_name = "NUMBER")]
    pub max_pending_messages: Option<u32>,
    /// Whether agents are mentioned when the customer waits for a reply
    #[arg(long, value_name = "YES/NO", value_parser = yes_or_no)]
    pub mention_waiting: Option<bool>,
}

/// An agent's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct AgentFields {
    /// What customers see
    #[arg(long)]
    pub name: Option<String>,
    /// How many chats at once
    #[arg(long, value_name = "NUMBER")]
    pub capacity: Option<u32>,
    /// The profiles that they may use, separated by commas, or all
    #[arg(long, value_name = "PROFILES")]
    pub profiles: Option<Names>,
}

/// A site's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct SiteFields {
    /// The heading of the widget
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What is shown before the chat starts
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub greeting: Option<String>,
    /// The accent colour, such as #0b5cad
    #[arg(long)]
    pub colour: Option<String>,
    /// Whether customers are asked for a name first
    #[arg(long, value_name = "YES/NO", value_parser = yes_or_no)]
    pub ask_name: Option<bool>,
    /// The pages that may show the widget, separated by commas
    #[arg(
        long,
        help = "The pages that may show the widget, such as https://shop.example, separated by commas",
        value_parser = origins
    )]
    pub origins: Option<Names>,
    /// The queues that are offered, separated by commas
    #[arg(long)]
    pub queues: Option<Names>,
    /// Whether agents of other homeservers may join its chats
    #[arg(long, value_name = "YES/NO", value_parser = yes_or_no)]
    pub federate: Option<bool>,
}

/// A predefined message's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
pub struct MessageFields {
    /// What agents pick it by
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What is sent, with variables such as {{customer.name|there}}
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// The heading that it is listed under
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub group: Option<String>,
    /// The queues that it is for, separated by commas, or all
    #[arg(long)]
    pub queues: Option<Names>,
}
