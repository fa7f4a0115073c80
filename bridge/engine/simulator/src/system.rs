//! The system under test: whoever takes what arrived, asks the engine, and commits what comes of it.
//!
//! The world knows it only through [`System`], so that the model runner in [`model`](crate::model)
//! and the bridge's own in [`real`](crate::real) are driven through the same schedules.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use switchboard_engine::{
    Agent, AgentId, Chat, ChatId, Engine, Input, QueueId, RecordKey, Removal, Setup, Span, Step,
    Time, WithdrawOutcome,
};

use crate::{
    schedule::Schedule,
    store::{Key, Store},
};

/// The one owner of the engine, and what it keeps on disk.
///
/// The world has a [`Store`] of its own, in which it keeps all that was committed: that is what the
/// oracles look at.
pub trait System: Sized {
    /// Before anything has happened, for this schedule.
    fn new(schedule: &Schedule) -> Self;

    /// A process starts with what is stored; what was in memory is gone.
    fn start(&mut self, store: &Store, setup: &Setup);

    /// Something arrives and is on disk. Says whether it was new.
    fn arrived(&mut self, arrival: &Arrival<'_>) -> bool {
        arrival.is_new
    }

    /// The homeserver does not answer any more.
    fn falls_silent(&mut self, _now: Time) {}

    /// Handles what arrived and commits it. `watch` is told of every step of the engine.
    fn turn(&mut self, turn: &Turn<'_>, watch: &Rc<RefCell<dyn Watch>>) -> Turned;

    /// A turn went wrong: what was not committed never happened.
    fn recover(&mut self, store: &Store, setup: &Setup);

    /// Whether it still has ends of effects that it has not handled.
    fn has_open_ends(&self) -> bool {
        false
    }

    /// The engine, for those who look at it.
    fn engine(&self) -> &Engine;
}

/// Is told of every step that the engine makes.
pub trait Watch {
    /// The engine has handled an input.
    fn stepped(&mut self, now: Time, input: &Input, step: &Step, engine: &Engine);
}

/// Something that arrives.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// When.
    pub now: Time,
    /// What makes it the same as an earlier one.
    pub key: Key,
    /// What.
    pub item: &'a Item,
    /// Whether it must be taken. It must not if its key came before.
    pub is_new: bool,
    /// Its place in the inbox, if it is taken.
    pub seq: u64,
    /// It is to be taken although its key came before (a deliberate bug).
    pub again: bool,
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
    /// The oldest inbox items.
    pub items: &'a [(u64, Item)],
    /// How many of them may be taken at once.
    pub limit: usize,
    /// All gaps are filled after an absence of this length.
    pub caught_up: Option<Span>,
    /// There has been no absence since timers ran last.
    pub running: bool,
    /// Nothing waits in the inbox but these items.
    pub drained: bool,
    /// Whose pages are connected.
    pub connected: &'a BTreeSet<ChatId>,
    /// What the disk does with commits.
    pub disk: Disk,
    /// All that is committed is to be hashed.
    pub hash: bool,
}

/// What becomes of the commits of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disk {
    /// They are written.
    #[default]
    Writes,
    /// They are refused, or the process dies before they are written.
    Refuses,
    /// Like that, but some of it is written all the same (a deliberate bug).
    Tears,
}

/// What a turn has done.
#[derive(Debug, Default)]
pub struct Turned {
    /// What was committed, in order.
    pub commits: Vec<Changes>,
    /// Something could not be committed.
    pub failed: bool,
    /// How many of the outcomes are in the system's hands now.
    pub taken: usize,
    /// An absence is over: its length is added to all deadlines, and timers run.
    pub resumed: bool,
    /// What the outbox is told.
    pub told: Vec<Told>,
    /// Something that must never happen.
    pub scandal: Option<(&'static str, String)>,
}

/// What the outbox is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// Carry this out.
    Add(OutboxEffect),
    /// This one is done: its event came before its answer, or its room is committed.
    Settled(u64),
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
        /// Whom.
        agent: AgentId,
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
        /// Its place in the order in which messages were taken.
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
            Self::Invited { seq, .. } | Self::Said { seq, .. } | Self::Noted { seq } => Some(*seq),
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
    /// Something else.
    Other,
}

/// What the customer's feed tells, as far as it is about messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEntry {
    /// The customer's message of this key was taken.
    Own(u32),
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
        /// Its place in the order in which messages were taken.
        log: u64,
    },
    /// Tell or ask the agents something.
    Note,
    /// Write the chat's status into the room.
    Status,
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
    /// It stands at this place in the room.
    Event(usize),
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
    /// Agents' messages, by their places in the rooms, that did not reach the customer, and an
    /// effect tells so.
    pub not_shown: Vec<(ChatId, usize)>,
    /// A hash of it in the form in which it was stored.
    pub hash: u64,
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
