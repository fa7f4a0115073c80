//! An agent: whether they can be asked, and how busy they are.

use serde::{Deserialize, Serialize};

use crate::{
    bugs::{Bug, has},
    ids::{AgentId, ChatId, ProfileId},
    time::Time,
};

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub id: AgentId,
    /// How many chats they can have at once (a ringing request counts).
    pub capacity: u32,
    /// Whether they want to be asked.
    #[serde(default)]
    pub status: Status,
    /// Since when they have had this status.
    #[serde(default)]
    pub since: Time,
    /// The profile that they are logged on with.
    #[serde(default)]
    pub profile: Option<ProfileId>,
    /// They are not asked any more and will pause when their last chat is over.
    #[serde(default)]
    pub pausing: bool,
    /// How many requests they have missed in a row.
    #[serde(default)]
    pub misses: u32,
    /// When they last came out of a chat, or became ready; the longest idle is asked first. Rejected
    /// and missed requests are no work, so they do not move it.
    pub idle_since: Time,
    /// When they were last asked.
    #[serde(default)]
    pub asked_at: Time,
    /// The chat that they are being asked to take: at most one at a time.
    pub request: Option<ChatId>,
    /// Withdrawn requests whose outcome is not known yet; the agent is not asked meanwhile.
    pub withdrawing: Vec<ChatId>,
}

impl Agent {
    /// An agent who has not logged on yet.
    #[must_use]
    pub fn new(id: AgentId, capacity: u32, now: Time) -> Self {
        Self {
            id,
            capacity,
            status: Status::LoggedOff,
            since: now,
            profile: None,
            pausing: false,
            misses: 0,
            idle_since: now,
            asked_at: Time::default(),
            request: None,
            withdrawing: Vec::new(),
        }
    }

    /// Whether they are ready and can have a chat at all, be they busy or not: who waits for an
    /// agent may wait for this one.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let ready = self.status == Status::Ready && !self.pausing
            || has(Bug::AsksPaused) && self.status == Status::Paused;
        ready && self.capacity > 0
    }
}

/// Whether an agent wants to be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not at work.
    #[default]
    LoggedOff,
    /// Only these are asked.
    Ready,
    /// At work, but not to be asked.
    Paused,
    /// Has missed too many requests in a row.
    NotResponding,
}
