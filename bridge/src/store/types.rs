//! The stored types. Bodies are opaque bytes here: their types belong to who writes them.

use std::collections::BTreeSet;

use switchboard_engine::ChatId;

/// The store's identity.
#[derive(Clone)]
pub struct Identity {
    /// The incarnation: 16 lower-case hexadecimal digits, made at random with the store. It is in
    /// every effect id and in every room's create event, so that two stores never mix.
    pub incarnation: String,
    /// 256 random bits that never leave the store.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

/// The right to commit; a later one fences off an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// The position of an inbox item. Grows, with gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboxSeq(pub u64);

/// The position of an effect. Grows, given by the committer, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectSeq(pub u64);

/// Something that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInboxItem {
    /// What makes it the same as another: `event:<event id>`, `send:<chat>:<client key>` and so on.
    pub key: String,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub received: u64,
    /// What arrived.
    pub body: Vec<u8>,
}

/// An inbox item that is not handled yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// Its position.
    pub seq: InboxSeq,
    /// Its key.
    pub key: String,
    /// When it arrived, in milliseconds since the Unix epoch.
    pub received: u64,
    /// What arrived.
    pub body: Vec<u8>,
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// The engine's chats, by chat id.
    Chat,
    /// The engine's agents, by Matrix user id.
    Agent,
    /// What the bridge knows of a chat besides the rules: room, ghost, names; by chat id.
    Conversation,
    /// The same of chats that are long over and need nothing more; by chat id. Not loaded at start.
    ArchivedConversation,
    /// When archived chats ended, by `<queue id>/<end>/<chat id>`; the end in milliseconds since the
    /// Unix epoch with fifteen digits, so that a queue's keys are in its order.
    EndedChat,
    /// Which records of other kinds go with a chat, by `<chat id>/<kind>/<key>`.
    Trace,
    /// A Matrix event's place in its chat, by event id.
    Event,
    /// A file of a customer or an agent, by `<chat id>/<file id>`.
    File,
    /// A customer's session, by the hash of its token.
    Session,
    /// The chats of customers whom a site vouches for, by `<who>/<begin>/<chat id>`; the begin in
    /// milliseconds since the Unix epoch with fifteen digits.
    Visitor,
    /// Tokens of sites that a chat has used, by hash.
    UsedToken,
    /// Inbox items that could not be handled, by inbox key.
    Quarantine,
    /// Effects that were given up, by effect id.
    Parked,
    /// What administrators manage, as it is: one record.
    Centre,
    /// Who changed what of it, by number.
    Audit,
    /// What was counted of a queue on a day, by `<YYYY-MM-DD>/<queue id>`.
    DayCounts,
    /// Why agents pause, by Matrix user id.
    PauseReason,
    /// Rooms in which people talk with the bot, by place.
    BotRoom,
    /// What is known of messages that can be changed and referred to, by `<chat>/<feed entry>`.
    Message,
    /// Single values: counters, the time of the last sign of life.
    Meta,
}

/// The two streams of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// The organisation's full record.
    Log,
    /// What the customer may see.
    Feed,
}

/// An effect on the outside world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEffect {
    /// What to do.
    pub body: Vec<u8>,
}

/// Everything that one batch of inputs changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Under which right.
    pub epoch: u64,
    /// Inbox items that are handled; their bodies go, their keys stay.
    pub inbox_done: Vec<InboxSeq>,
    /// Records to write, or with `None` to delete.
    pub records: Vec<(RecordKind, String, Option<Vec<u8>>)>,
    /// Stream entries to append.
    pub entries: Vec<StreamEntry>,
    /// Chats whose streams are deleted, both of them and whole. Streams that are not there are no
    /// mistake. The same changes must not append to them.
    pub forgotten: Vec<ChatId>,
    /// Effects to carry out.
    pub effects: Vec<(EffectSeq, StoredEffect)>,
    /// Effects that are done or parked.
    pub effects_done: Vec<EffectSeq>,
}

impl Changes {
    /// The mistake of a chat that is forgotten and gets entries at the same time.
    pub(super) fn both_forgotten_and_continued(&self) -> Option<StoreError> {
        let forgotten: BTreeSet<ChatId> = self.forgotten.iter().copied().collect();
        let entry = self.entries.iter().find(|entry| forgotten.contains(&entry.chat))?;
        Some(StoreError::Invalid(format!("chat {} is forgotten and continued at once", entry.chat)))
    }

    /// What watchers are told of a commit.
    pub(super) fn told(&self) -> Vec<Change> {
        let feeds = self.entries.iter().filter(|entry| entry.stream == Stream::Feed);
        let forgotten = self.forgotten.iter().copied();
        let chats: BTreeSet<ChatId> = feeds.map(|entry| entry.chat).chain(forgotten).collect();
        let mut told: Vec<Change> = chats.into_iter().map(Change::Feed).collect();
        if !self.effects.is_empty() {
            told.push(Change::Effects);
        }
        told
    }
}

/// A new entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEntry {
    /// Which stream.
    pub stream: Stream,
    /// Whose.
    pub chat: ChatId,
    /// Its number in the stream, from 1, without gaps.
    pub seq: u64,
    /// What it says.
    pub body: Vec<u8>,
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Unhandled inbox items.
    pub inbox: u64,
    /// When the oldest of them arrived, in milliseconds since the Unix epoch.
    pub inbox_oldest: Option<u64>,
    /// Effects that are not done.
    pub effects: u64,
}

/// Something new to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The inbox has new items.
    Inbox,
    /// A chat's feed has new entries, or is gone.
    Feed(ChatId),
    /// There are new effects.
    Effects,
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the right to commit.
    #[error(
        "another process has taken over this store (epoch {held} is older than {current}); stop one of them"
    )]
    Fenced {
        /// The epoch of the refused commit.
        held: u64,
        /// The epoch in force.
        current: u64,
    },
    /// A stream entry's number is taken.
    #[error("entry {seq} of the {stream:?} of chat {chat} exists already")]
    Conflict {
        /// Which stream.
        stream: Stream,
        /// Whose.
        chat: ChatId,
        /// Which number.
        seq: u64,
    },
    /// The changes do not fit what is stored: a mistake of the caller, not of the disk.
    #[error("the changes do not fit the store: {0}")]
    Invalid(String),
    /// The database ends before what it once acknowledged.
    #[error(
        "the database at {path} has lost acknowledged data: it ends at commit {found}, but commit {expected} was acknowledged; restore a newer backup, or start with --accept-rollback to go on without what is lost"
    )]
    RolledBack {
        /// Where.
        path: String,
        /// The last commit in the database.
        found: u64,
        /// The last commit that was acknowledged.
        expected: u64,
    },
    /// The database cannot be opened.
    #[error("cannot open the database at {path}: {reason}")]
    Open {
        /// Where.
        path: String,
        /// Why.
        reason: String,
    },
    /// Reading or writing failed.
    #[error("the database failed: {0}")]
    Io(String),
    /// The store is closed, or its writer is gone after a failed write.
    #[error("the store is closed")]
    Closed,
}
