//! What administrators decide: queues, the profiles that agents log on with, and the agents.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AgentId, ProfileId, QueueId},
    queue::QueueSettings,
    time::Span,
};

/// Everything that the configuration says about the rules. It comes from outside at every start and
/// whenever it changes; it is no record of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Where chats wait.
    pub queues: Vec<QueueSettings>,
    /// What agents log on with.
    pub profiles: Vec<Profile>,
    /// Who can answer.
    pub agents: Vec<AgentSettings>,
    /// After this many missed requests in a row an agent counts as not responding; 0 for never.
    pub misses: u32,
}

/// A named set of queues that an agent logs on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub id: ProfileId,
    /// The queues, each once.
    pub queues: Vec<Serves>,
}

/// How a profile serves a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serves {
    /// Which queue.
    pub queue: QueueId,
    /// Chats of a lower number go first; of the same number the longest waiting.
    pub priority: u8,
    /// A chat must have waited this long before agents with this profile are asked.
    pub delay: Span,
}

/// An agent's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    /// Who.
    pub id: AgentId,
    /// How many chats they can have at once (a ringing request counts).
    pub capacity: u32,
}
