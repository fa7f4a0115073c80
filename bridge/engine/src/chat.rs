//! A chat and its life cycle.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Agents who rejected or missed it in this round, or left it before it came back to its queue.
    pub excluded: BTreeSet<AgentId>,
    /// Which round of asking this is: the exclusions are cleared once, then it is over.
    pub round: u8,
    /// No one is asked before this time (the pause between two rounds).
    pub ask_after: Option<Time>,
    /// When waiting ends with "no agent". Set anew when the chat comes back to its queue, so that
    /// a long conversation does not use up the customer's patience; `None` while agents have it.
    pub give_up_at: Option<Time>,
    /// When it goes where the queue's overflow says.
    #[serde(default)]
    pub overflow_at: Option<Time>,
    /// Queues that it overflowed from; it does not go back to them by itself.
    #[serde(default)]
    pub passed: BTreeSet<QueueId>,
    /// Profiles whose delay was over by this time have been considered.
    #[serde(default)]
    pub seen_until: Time,
    /// The customer has left a message: the chat waits for an agent, not for the customer.
    #[serde(default)]
    pub message: bool,
    /// How many requests have been made; the next one's number is one more.
    pub requests: u32,
    /// Who was ever asked to take it or was in it: their client may not show what came before.
    pub asked: BTreeSet<AgentId>,
    /// Who left it since agents have had it: asked last if it comes back to its queue.
    pub left: BTreeSet<AgentId>,
    /// Whom we are removing from the room. Until they are gone or asked again, neither their
    /// joining nor their going is news.
    pub removing: BTreeSet<AgentId>,
    /// The Matrix room.
    pub room: Room,
    /// Customer messages that wait for the room.
    pub pending: Vec<MessageRef>,
}

impl Chat {
    /// A chat that begins to wait.
    #[must_use]
    pub fn new(id: ChatId, queue: QueueId, since: Time) -> Self {
        Self {
            id,
            queue,
            since,
            state: ChatState::Waiting,
            excluded: BTreeSet::new(),
            round: 0,
            ask_after: None,
            give_up_at: None,
            overflow_at: None,
            passed: BTreeSet::new(),
            seen_until: since,
            message: false,
            requests: 0,
            asked: BTreeSet::new(),
            left: BTreeSet::new(),
            removing: BTreeSet::new(),
            room: Room::None,
            pending: Vec::new(),
        }
    }

    /// Whether it has a place in its queue: it waits, or an agent is being asked.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        matches!(self.state, ChatState::Waiting | ChatState::Ringing { .. })
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, ChatState::Ended { .. })
    }

    /// Whether this agent is in the room, be the chat active or over.
    #[must_use]
    pub fn has(&self, agent: &AgentId) -> bool {
        match &self.state {
            ChatState::Active { agents, .. } | ChatState::Ended { agents, .. } => {
                agents.contains(agent)
            }
            ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => false,
        }
    }

    /// Whether this agent is being asked.
    #[must_use]
    pub fn rings(&self, agent: &AgentId) -> bool {
        self.requests_now().is_some_and(|requests| requests.contains_key(agent))
    }

    /// The request of this number, if it rings.
    #[must_use]
    pub fn request(&self, number: u32) -> Option<(&AgentId, &Request)> {
        self.requests_now()?.iter().find(|(_, request)| request.number == number)
    }

    /// The requests that ring now.
    #[must_use]
    pub fn requests_now(&self) -> Option<&BTreeMap<AgentId, Request>> {
        match &self.state {
            ChatState::Ringing { requests } => Some(requests),
            _ => None,
        }
    }
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
    /// An agent is being asked, or several at once if the queue rings all.
    Ringing {
        /// Whom. Never empty.
        #[serde(default)]
        requests: BTreeMap<AgentId, Request>,
    },
    /// Nobody can take it now: the customer is asked to leave a message.
    Form,
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

/// A chat offered to one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The request's number within the chat, from 1.
    pub number: u32,
    /// When it counts as missed. `None` until the invite is with the homeserver.
    pub deadline: Option<Time>,
    /// A supervisor has chosen this agent: nobody else is asked meanwhile.
    #[serde(default)]
    pub assigned: bool,
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
