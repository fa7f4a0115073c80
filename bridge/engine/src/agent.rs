//! An agent: whether they can be asked, and how busy they are.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AgentId, ChatId},
    time::Time,
};

/// An agent of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub id: AgentId,
    /// How many chats they can have at once (a ringing request counts).
    pub capacity: u32,
    /// Since when they have had nothing to do with a chat; the longest idle is asked first.
    pub idle_since: Time,
    /// The chat that is being withdrawn from or offered to them: at most one at a time.
    pub request: Option<ChatId>,
    /// Withdrawn requests whose outcome is not known yet; the agent is not asked meanwhile.
    pub withdrawing: Vec<ChatId>,
}
