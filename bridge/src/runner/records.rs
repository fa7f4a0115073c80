//! What the runner stores besides the engine's own records.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ruma::{OwnedEventId, OwnedRoomId};
use serde::{Deserialize, Serialize};
use switchboard_centre::Snapshot;
use switchboard_engine::{AgentId, ChatEvent, ChatId, EndReason};

use crate::{
    gateway::wire::{Attachment, FILES_PER_MESSAGE, Phase, TokenFault},
    matrix::{classify, event::RoomEvent},
    media::Unfit,
    place::Place,
    private::PrivateMessage,
    variables::{self, Variable},
};

/// Files of one agent that come within this time belong to one batch, in milliseconds.
const BATCH_MS: u64 = 10_000;

/// What the bridge knows of a chat besides the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The display number.
    pub number: u64,
    /// The site that it came from.
    pub site: String,
    /// The queue's id.
    pub queue: String,
    /// What the customer calls themselves.
    pub customer: String,
    /// Where the customer can be written to, in records of the old form; see
    /// [`Conversation::modernise`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What is known of the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// Stands for the customer, if the site vouches for who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// Their other chats when this one began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
    /// Why what the site signed was not believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_fault: Option<TokenFault>,
    /// The agents who were in it, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<AgentId>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<EndReason>,
    /// The room, once it is made.
    pub room: Option<OwnedRoomId>,
    /// The effect that makes the room, while it is under way.
    pub opening: Option<u64>,
    /// The newest entry of the log.
    pub log: u64,
    /// The newest entry of the customer's feed.
    pub feed: u64,
    /// The customer's messages up to this feed entry are in the room.
    pub delivered: u64,
    /// Agents have seen everything up to this feed entry.
    pub seen: u64,
    /// Where the chat is in its life, as the customer sees it.
    pub phase: Phase,
    /// When an agent took it for the first time, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<u64>,
    /// Who did not take it when they were asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declined: BTreeMap<AgentId, Declined>,
    /// When it ended, in milliseconds since the Unix epoch.
    pub ended: Option<u64>,
    /// An agent was mentioned for the customer's message and has not answered since.
    pub reply_awaited: bool,
    /// The newest message of an agent: its feed entry and its event.
    pub last_agent_message: Option<(u64, OwnedEventId)>,
    /// Questions of the bot that a reaction can answer.
    pub prompts: Vec<Prompt>,
    /// Agents who get a recap when they join, because their client may not show what was before.
    pub recap_for: BTreeSet<AgentId>,
    /// People in the room who are no agents; the room has been told of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub guests: BTreeSet<String>,
    /// Messages of agents that wait, in order: the first for the check of its file.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub waiting: VecDeque<Waiting>,
    /// Files of agents whose check takes so long that other messages have gone before them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_files: Vec<Waiting>,
    /// The newest batch of files of each agent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub file_batches: BTreeMap<AgentId, FileBatch>,
    /// The same in the companion room.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private_file_batches: BTreeMap<AgentId, FileBatch>,
    /// The customer's files that no message has named, and when they came, in milliseconds since the
    /// Unix epoch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unused_files: BTreeMap<String, u64>,
    /// The space that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Place>,
    /// The customer has looked at everything up to this feed entry. What they did in the last seconds
    /// may be missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub customer_seen: u64,
    /// Changes of messages that have not come yet, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A change of a message that has not come yet: an edit, a reaction or a redaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The event that it is about.
    pub target: String,
    /// The change.
    pub event: RoomEvent,
    /// When it came, in milliseconds since the Unix epoch.
    pub since: u64,
}

/// What is known of a message that both sides can change and refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// Which agent wrote it; the customer, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Its entry in the log.
    pub log: u64,
    /// Its event, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<OwnedEventId>,
    /// What puts it into the room, if it is the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Sending>,
    /// The files that follow it there, if it is the customer's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Attached>,
    /// Whether it was taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Its edits, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EditRecord>,
    /// The reactions to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionRecord>,
}

/// A file of the customer in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// What puts it there.
    pub effect: Sending,
    /// Its event, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<OwnedEventId>,
}

/// An effect that puts an event of the customer into the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Its number.
    pub effect: u64,
    /// When it was decided, in milliseconds since the Unix epoch.
    pub created: u64,
}

/// An edit of a message. The newest by time and then by event is what is shown (spec: event
/// replacements).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EditRecord {
    /// When it was written, in milliseconds since the Unix epoch.
    pub sent: u64,
    /// Its event, if it is an agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Its entry in the log.
    pub log: u64,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionRecord {
    /// The emoji.
    pub emoji: String,
    /// Which agent's; the customer's, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Its event, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<OwnedEventId>,
    /// What puts it into the room, if it is the customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Sending>,
}

impl Conversation {
    /// What is known of the customer by this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        variables::find(&self.variables, name)
    }

    /// Brings a record of an old form into the form of today.
    pub(super) fn modernise(&mut self) {
        if let Some(email) = self.email.take() {
            variables::put(&mut self.variables, Variable::stated("email", email));
        }
    }
}

/// A recognised customer's other chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// How many.
    pub count: u64,
    /// When the newest of them began, in milliseconds since the Unix epoch.
    pub last: u64,
}

/// A message of an agent that is not let through to the customer yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Whose.
    pub agent: AgentId,
    /// The Matrix event.
    pub event: String,
    /// When it was sent, in milliseconds since the Unix epoch, as the homeserver says.
    pub sent: u64,
    /// The text.
    pub text: String,
    /// The formatted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Its file's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The event that it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// It answers what the customer does not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unquoted: bool,
    /// The effect that it waits for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<u64>,
}

impl Waiting {
    /// A message that waits for nothing but those before it.
    #[must_use]
    pub fn new(event: &RoomEvent, text: String, html: Option<String>) -> Self {
        Self {
            agent: AgentId(event.sender.clone()),
            event: event.event_id.clone(),
            sent: event.origin_server_ts,
            text,
            html,
            file: None,
            answers: classify::answered(event).map(str::to_owned),
            unquoted: false,
            waits_for: None,
        }
    }
}

/// Files of an agent that came close together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileBatch {
    /// When the last was sent, in milliseconds since the Unix epoch.
    pub last: u64,
    /// How many there were.
    pub count: u32,
}

impl FileBatch {
    /// Counts a file that was sent at this time. Says whether it is one too many.
    pub(super) fn is_full_for(&mut self, sent: u64) -> bool {
        let again = sent.abs_diff(self.last) < BATCH_MS;
        self.count = if again { self.count + 1 } else { 1 };
        self.last = self.last.max(sent);
        self.count as usize > FILES_PER_MESSAGE
    }
}

/// How often an agent did not take a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// They rejected it.
    pub rejected: u32,
    /// They did not answer in time.
    pub missed: u32,
}

/// What the bridge knows of a room in which people talk with the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotRoom {
    /// What it is for.
    pub place: Place,
    /// The room, once it is made.
    pub room: Option<OwnedRoomId>,
    /// The effect that makes it, while it is under way.
    pub opening: Option<u64>,
    /// Whether it is a direct chat.
    pub direct: bool,
    /// Who belongs here, and whether they are here.
    #[serde(default)]
    pub people: BTreeMap<String, Presence>,
    /// Questions of the bot that can be answered.
    #[serde(default)]
    pub prompts: Vec<Prompt>,
    /// If it is a space: what goes on in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<SpaceUse>,
}

/// What the bridge knows of a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceUse {
    /// Its name.
    pub name: String,
    /// How many chats it has had in it.
    pub taken: u64,
    /// Whether it is being closed.
    pub closing: bool,
}

/// Whether somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// They have been asked in.
    Invited,
    /// They are in it.
    Joined,
    /// They have left it or have declined.
    Gone,
}

/// A question of the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The effect that asks it.
    pub effect: u64,
    /// Its event, once it is known.
    pub event: Option<OwnedEventId>,
    /// What is asked.
    pub question: Question,
    /// Until when an answer counts, in milliseconds since the Unix epoch.
    pub until: u64,
}

/// What the bot asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the chat shall really end, although the customer is connected.
    ConfirmEnd {
        /// Who asked for the end; only their answer counts.
        agent: AgentId,
    },
    /// Whether the agent wants to leave the room of the ended chat.
    Close,
    /// What the agent wants to do: the buttons of the desk's card. It can be answered for ever.
    Desk {
        /// Whose desk.
        agent: AgentId,
        /// The profiles that its numbers stand for, by id.
        profiles: Vec<String>,
    },
    /// With which profile the agent wants to log on.
    Profile {
        /// Who is asked.
        agent: AgentId,
        /// The profiles that the numbers stand for, by id.
        profiles: Vec<String>,
    },
    /// What is to become of the agent's chats, since they want to log off.
    LogOff {
        /// Who is asked.
        agent: AgentId,
    },
    /// Whether the agent is ready again.
    Ready {
        /// Who is asked.
        agent: AgentId,
    },
    /// Whether a command shall really be carried out.
    Command {
        /// Who gave it; only their answer counts.
        user: String,
        /// The command.
        text: String,
        /// How the thing was that it is about.
        seen: Option<Snapshot>,
        /// The version of everything, for a command that concerns everything.
        version: Option<String>,
    },
    /// Whether a secret has been put away, so that the message with it can go.
    Secret,
}

impl Question {
    /// Whose answer counts; anybody's, if there is nobody here.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        match self {
            Self::ConfirmEnd { agent }
            | Self::Desk { agent, .. }
            | Self::Profile { agent, .. }
            | Self::LogOff { agent }
            | Self::Ready { agent } => Some(&agent.0),
            Self::Command { user, .. } => Some(user),
            Self::Close | Self::Secret => None,
        }
    }
}

/// An event's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPlace {
    /// The chat.
    pub chat: ChatId,
    /// Who sent it.
    pub by: Author,
    /// The customer's feed was this long when the event was sent; for messages of the customer
    /// and to the customer, the entry itself.
    pub anchor: u64,
}

/// Who sent an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer's ghost.
    Customer,
    /// An agent, to the customer.
    Agent,
    /// Somebody in the room, but not to the customer.
    Aside,
    /// Somebody, to the other agents: it stands in the companion room, or is marked as private.
    Private,
    /// The bot.
    Bot,
    /// Whoever wrote or read a message that both sides see: an edit of it, or a reaction to it.
    Change {
        /// The message, by its entry in the customer's feed.
        of: u64,
    },
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub entry: LogEntry,
}

/// What a log entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "log", rename_all = "snake_case")]
pub enum LogEntry {
    /// The chat was opened.
    Started {
        /// On which site.
        site: String,
        /// What the customer calls themselves.
        customer: String,
    },
    /// Something became known of the customer.
    Identified {
        /// What.
        variables: Vec<Variable>,
        /// Why what the site signed was not believed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<TokenFault>,
    },
    /// The customer wrote.
    Customer {
        /// The message's key.
        key: String,
        /// Its text.
        text: String,
        /// Its entry in the feed.
        feed: u64,
        /// The message that it answers, by its entry in the feed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        /// Its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
    /// An agent wrote to the customer.
    Agent {
        /// Who.
        agent: AgentId,
        /// The text.
        text: String,
        /// The formatted text.
        html: Option<String>,
        /// The Matrix event.
        event: String,
        /// The message that it answers, by its entry in the feed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        /// It answers what the customer does not have: quotations are left out, of its edits too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unquoted: bool,
        /// Its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
    /// A file was not passed on.
    FileRefused {
        /// Whose; the customer's, if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// Its name, as its sender says.
        name: String,
        /// Why.
        why: Unfit,
    },
    /// A message of the customer did not reach the room.
    Undelivered {
        /// The message's key.
        key: String,
        /// Why.
        reason: String,
    },
    /// A message got another text.
    Edited {
        /// The message's entry in this log.
        message: u64,
        /// Its entry in the feed.
        feed: u64,
        /// Which agent has changed it; the customer, if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// The new text.
        text: String,
        /// The new formatted text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        html: Option<String>,
        /// The Matrix event, if an agent's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// When it was written, as the homeserver says, in milliseconds since the Unix epoch: of
        /// several the newest counts.
        sent: u64,
    },
    /// A message was taken away. Its text stays in this log.
    Removed {
        /// The message's entry in this log.
        message: u64,
        /// Its entry in the feed; 0 if it was never in it.
        feed: u64,
        /// The Matrix user who did it; the customer, if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// Whether it is gone from the agents' room only: the customer keeps what they wrote.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        only_in_room: bool,
    },
    /// An edit was taken back: the message is again as it was before.
    EditRemoved {
        /// The message's entry in this log.
        message: u64,
        /// The edit's.
        edit: u64,
        /// The Matrix user who did it.
        by: String,
    },
    /// Somebody reacted to a message, or took a reaction back.
    Reacted {
        /// The message's entry in this log.
        message: u64,
        /// Its entry in the feed.
        feed: u64,
        /// Which agent; the customer, if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// The emoji.
        emoji: String,
        /// Whether it is there now.
        on: bool,
        /// The reaction's Matrix event, if an agent's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
    },
    /// An agent wrote to the other agents of the chat.
    Private {
        /// Who.
        agent: AgentId,
        /// What.
        message: PrivateMessage,
        /// The Matrix event.
        event: String,
        /// The Matrix event that it replies to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<String>,
    },
    /// An agent changed a private message of theirs.
    PrivateEdited {
        /// Who.
        agent: AgentId,
        /// The Matrix event that is changed.
        target: String,
        /// What it says now.
        message: PrivateMessage,
    },
    /// A private message was taken back.
    PrivateRemoved {
        /// By whom.
        agent: AgentId,
        /// The Matrix event that is gone.
        target: String,
    },
    /// Something happened by the rules.
    Happened {
        /// What.
        what: ChatEvent,
    },
}

/// Single values of the runner, as one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The newest effect.
    pub effect: u64,
    /// The newest chat's display number.
    pub number: u64,
    /// The runner's last sign of life, in milliseconds since the Unix epoch.
    pub alive: u64,
    /// Since when timers have stood still, in milliseconds since the Unix epoch, if they do: we or
    /// the homeserver have been away, and not everything from then is handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_since: Option<u64>,
}

/// An inbox item that could not be handled ([`RecordKind::Quarantine`](crate::store::RecordKind)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// When it arrived, in milliseconds since the Unix epoch.
    pub received: u64,
    /// Why it could not be handled.
    pub reason: String,
    /// The item as text.
    pub body: String,
}

/// An effect that was given up ([`RecordKind::Parked`](crate::store::RecordKind)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// When it was given up, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Why.
    pub reason: String,
    /// The effect.
    pub effect: crate::outbox::effect::OutboxEffect,
}
