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
    /// An agent in it has invited another one, or somebody of a queue. One at a time, and only while
    /// it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<Invitation>,
    /// Who missed an invitation, and who had invited them: should they have joined before our
    /// withdrawal came through, they are welcome all the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub late: BTreeMap<AgentId, AgentId>,
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
            invitation: None,
            late: BTreeMap::new(),
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

    /// Whether this agent is being asked, by the queue or by a colleague.
    #[must_use]
    pub fn rings(&self, agent: &AgentId) -> bool {
        self.asking().any(|(asked, _)| asked == agent)
    }

    /// The request of this number, if it rings.
    #[must_use]
    pub fn request(&self, number: u32) -> Option<(&AgentId, &Request)> {
        self.asking().find(|(_, request)| request.number == number)
    }

    /// Everybody who is being asked, by the queue or by a colleague.
    pub fn asking(&self) -> impl Iterator<Item = (&AgentId, &Request)> {
        let invited = self.invitation.as_ref().map(|invitation| &invitation.rings);
        let invited = invited.map(|rings| (&rings.agent, &rings.request));
        self.requests_now().into_iter().flatten().chain(invited)
    }

    /// Whether this agent is being asked because a colleague has invited them.
    #[must_use]
    pub fn invites(&self, agent: &AgentId) -> bool {
        self.invitation.as_ref().is_some_and(|invitation| invitation.rings.agent == *agent)
    }

    /// Its agents have gone while an invitation rings: whoever accepts it has the chat.
    #[must_use]
    pub fn is_handed_over(&self) -> bool {
        let alone = matches!(&self.state, ChatState::Active { agents, .. } if agents.is_empty());
        alone && self.invitation.is_some()
    }

    /// The requests of its queue that ring now.
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
        /// When an empty chat goes back to its queue. Not while an invitation rings: that decides.
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

/// An agent's invitation to another agent. Somebody is being asked as long as it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who asks.
    pub by: AgentId,
    /// Whom.
    pub invitee: Invitee,
    /// Who is being asked now.
    pub rings: Rings,
    /// Who declined, missed or could not be sent it.
    #[serde(default)]
    pub refused: BTreeSet<AgentId>,
}

/// Whom an agent invites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invitee {
    /// This agent, whether they are ready or not.
    Agent(AgentId),
    /// One after the other of this queue's agents who can be asked.
    Queue(QueueId),
}

/// An invitation's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rings {
    /// Whom.
    pub agent: AgentId,
    /// The request.
    pub request: Request,
    /// They were ready when they were asked, so that they may be expected to answer.
    pub ready: bool,
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
