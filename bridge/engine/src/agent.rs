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
    /// When they last came out of a chat; the longest idle is asked first. Rejected and missed
    /// requests are no work, so they do not move it.
    pub idle_since: Time,
    /// The chat that they are being asked to take: at most one at a time.
    pub request: Option<ChatId>,
    /// Withdrawn requests whose outcome is not known yet; the agent is not asked meanwhile.
    pub withdrawing: Vec<ChatId>,
}
