//! A chat and its life cycle.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AgentId, ChatId, MessageRef, QueueId},
    time::Time,
};

/// One conversation with one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    /// Which.
    pub id: ChatId,
    /// Where it waits, or waited.
    pub queue: QueueId,
    /// When it began to wait. Rejections, misses and returns never change it.
    pub since: Time,
    /// Where it is in its life.
    pub state: ChatState,
    /// Agents who rejected or missed it in this round.
    pub excluded: BTreeSet<AgentId>,
    /// Which round of asking this is: the exclusions are cleared once, then it is over.
    pub round: u8,
    /// No one is asked before this time (the pause between two rounds).
    pub ask_after: Option<Time>,
    /// How many requests have been made; the next one's number is one more.
    pub requests: u32,
    /// The Matrix room.
    pub room: Room,
    /// Customer messages that wait for the room.
    pub pending: Vec<MessageRef>,
}

/// Whether the chat has a Matrix room yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// Nobody has been asked yet.
    None,
    /// It is being made.
    Opening,
    /// It can be talked in.
    Open,
    /// The homeserver refused it for good.
    Failed,
}

/// Where a chat is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum ChatState {
    /// In its queue; nobody is being asked.
    Waiting,
    /// One agent is being asked.
    Ringing {
        /// Whom.
        agent: AgentId,
        /// The request's number within the chat, from 1.
        request: u32,
        /// When it counts as missed. `None` until the invite is with the homeserver.
        deadline: Option<Time>,
    },
    /// Agents are talking with the customer.
    Active {
        /// Who is in the room. Empty while the last one's return is waited for.
        agents: BTreeSet<AgentId>,
        /// When an empty chat goes back to its queue.
        return_at: Option<Time>,
    },
    /// Over.
    Ended {
        /// Why.
        reason: EndReason,
        /// When the agents who are still in the room are shown out. `None`: done.
        close_at: Option<Time>,
        /// Who is still in the room.
        agents: BTreeSet<AgentId>,
    },
}

/// Why a chat ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The customer ended a conversation.
    Customer,
    /// An agent ended it.
    Agent(AgentId),
    /// The customer gave up before an agent came.
    Abandoned,
    /// Nobody could take it.
    NoAgent,
}
