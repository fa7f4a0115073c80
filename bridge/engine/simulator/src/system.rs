//! The system under test: whoever takes what arrived, asks the engine, and says what to commit.
//!
//! The world knows it only through [`System`], so that the model runner in [`model`](crate::model)
//! and the bridge's own can be driven through the same schedules.

use std::collections::BTreeSet;

use switchboard_engine::{
    Agent, AgentId, Chat, ChatId, Engine, Input, QueueId, RecordKey, Removal, Setup, Span, Step,
    Time, WithdrawOutcome,
};

use crate::store::Store;

/// The one owner of the engine.
pub trait System: Sized {
    /// A process starts with what is stored.
    fn start(store: &Store, setup: &Setup) -> Self;

    /// Handles what arrived. What comes of it counts once the world has committed it; if it does
    /// not, the system is thrown away. `watch` is told of every step of the engine.
    fn turn(&mut self, turn: &Turn<'_>, watch: &mut dyn Watch) -> Changes;

    /// The engine, for those who look at it.
    fn engine(&self) -> &Engine;
}

/// Is told of every step that the engine makes.
pub trait Watch {
    /// The engine has handled an input.
    fn stepped(&mut self, now: Time, input: &Input, step: &Step, engine: &Engine);
}

/// What a turn handles, in this order.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The time.
    pub now: Time,
    /// The configuration, if it is to be taken over: a process has just started.
    pub configure: Option<&'a Setup>,
    /// Ends of effects.
    pub outcomes: &'a [Outcome],
    /// Inbox items.
    pub items: &'a [(u64, Item)],
    /// All inputs of an absence are handled, and it was this long.
    pub resumed: Option<Span>,
    /// Timers may run.
    pub timers: bool,
    /// Whose pages are connected.
    pub connected: &'a BTreeSet<ChatId>,
}

/// Something in the inbox.
#[derive(Clone, Debug)]
pub enum Item {
    /// A customer opens a chat.
    Start {
        /// Its id.
        chat: ChatId,
        /// Where it shall wait.
        queue: QueueId,
    },
    /// A customer wrote.
    Send {
        /// Where.
        chat: ChatId,
        /// The customer's key of the message.
        key: u32,
    },
    /// A customer pressed End.
    End {
        /// Which chat.
        chat: ChatId,
    },
    /// A customer's page has been away for long.
    Away {
        /// Which chat.
        chat: ChatId,
    },
    /// An event of a room.
    Event {
        /// Which chat's room.
        chat: ChatId,
        /// Its place in the room.
        index: usize,
        /// What happened.
        event: Event,
    },
    /// What agents do at their desks, and supervisors and administrators.
    Control(Input),
}

/// What stands in a room's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An invite of ours.
    Invited {
        /// The effect that did it.
        seq: u64,
    },
    /// An agent joined.
    Joined(AgentId),
    /// An agent's membership ended.
    Gone {
        /// Whose.
        agent: AgentId,
        /// How.
        how: Removal,
        /// The effect that did it, if it was ours.
        seq: Option<u64>,
    },
    /// An agent wrote for the customer.
    Wrote(AgentId),
    /// An agent asked to end the chat.
    AsksEnd(AgentId),
    /// An agent confirmed that.
    ConfirmsEnd(AgentId),
    /// An agent pressed ✅ Close.
    Closes(AgentId),
    /// A message of the customer, sent by us.
    Said {
        /// The effect that did it.
        seq: u64,
        /// The customer's key of the message.
        key: u32,
        /// Its place in the log.
        log: u64,
    },
    /// A word of ours to the agents.
    Noted {
        /// The effect that did it.
        seq: u64,
    },
}

impl Event {
    /// The effect of ours that made it.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Invited { seq } | Self::Said { seq, .. } | Self::Noted { seq } => Some(*seq),
            Self::Gone { seq, .. } => *seq,
            _ => None,
        }
    }
}

/// An entry of a chat's log. A message's reference is its place there, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// The customer's message of this key.
    Customer(u32),
    /// The agent's message at this place in the room.
    Agent(usize),
}

/// What the customer's feed tells, as far as it is about messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEntry {
    /// The agent's message at this place in the room.
    Shown(usize),
    /// The message of this key was not delivered.
    Undelivered(u32),
}

/// An effect for the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEffect {
    /// Its number.
    pub seq: u64,
    /// Which chat.
    pub chat: ChatId,
    /// What to do.
    pub deed: Deed,
}

/// One thing to do on the homeserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Make the room.
    OpenRoom,
    /// Invite an agent.
    Ring {
        /// The request's number.
        request: u32,
        /// Whom.
        agent: AgentId,
    },
    /// Take an invite back unless the agent has joined.
    Withdraw(AgentId),
    /// Remove an agent.
    Remove(AgentId),
    /// Send the customer's message.
    Say {
        /// The customer's key of the message.
        key: u32,
        /// Its place in the log.
        log: u64,
    },
    /// Tell the agents that the message at this place in the room did not reach the customer.
    NotShown(usize),
    /// Tell or ask the agents something else.
    Note,
}

/// The end of an effect.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which effect's.
    pub seq: u64,
    /// What came of it.
    pub result: Result<Done, Refused>,
}

/// An effect is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// That is all there is to say.
    Plain,
    /// What a withdrawal found.
    Withdrawn(WithdrawOutcome),
}

/// The homeserver refused for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What comes of a turn: one atomic commit.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Handled inbox items.
    pub done: Vec<u64>,
    /// Chats to store.
    pub chats: Vec<Chat>,
    /// Agents to store; `None` deletes.
    pub agents: Vec<(AgentId, Option<Agent>)>,
    /// Entries of logs.
    pub log: Vec<(ChatId, LogEntry)>,
    /// Entries of feeds.
    pub feed: Vec<(ChatId, FeedEntry)>,
    /// New effects.
    pub effects: Vec<OutboxEffect>,
    /// Effects that are done.
    pub effects_done: Vec<u64>,
    /// Effects whose own event came before their answer: the outbox need not go on.
    pub seen: Vec<u64>,
}

impl Changes {
    pub(crate) fn records(&mut self, keys: BTreeSet<RecordKey>, engine: &Engine) {
        for key in keys {
            match key {
                RecordKey::Chat(id) => self.chats.extend(engine.chat(id).cloned()),
                RecordKey::Agent(id) => {
                    let record = engine.agent(&id).cloned();
                    self.agents.push((id, record));
                }
            }
        }
    }
}
