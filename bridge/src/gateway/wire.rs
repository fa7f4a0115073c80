//! The customer's wire protocol: every frame and body, as Rust types.
//!
//! They are exported to TypeScript (`widget/shared/src/wire.ts`), so that the widget cannot drift
//! from the bridge. `docs/protocol.md` tells the story around them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::media::Unfit;

mod file;
mod site;

pub use file::{Attachment, FILES_PER_MESSAGE, FileLink};
pub use site::{ChatStarted, LIMITS, Limits, QueueInfo, SiteInfo, StartChat, TokenFault};

/// A frame from the customer's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame of a socket.
    Hello {
        /// The session token.
        token: String,
        /// The last feed entry that the page has; 0 for none.
        #[ts(type = "number")]
        after: u64,
    },
    /// A message.
    Send {
        /// Made by the page, 8 to 64 characters of `A–Z a–z 0–9 - _`, unique in the chat. The same
        /// key again is the same message.
        key: String,
        /// Plain text.
        text: String,
        /// Where an answer may be sent if the customer is gone: an e-mail address of at most 254
        /// characters. Asked for when they leave a message; empty is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        email: Option<String>,
        /// The message that it answers, by its number in the feed. What is no message is passed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        reply_to: Option<u64>,
        /// The keys of at most five files that were uploaded before. With files, the text may be
        /// empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<String>>")]
        files: Vec<String>,
    },
    /// Another text for a message of the customer.
    Edit {
        /// Made by the page like that of a message. The same key again is the same change.
        key: String,
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
        /// Plain text.
        text: String,
    },
    /// A message of the customer is to go.
    Remove {
        /// As in `edit`.
        key: String,
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
    },
    /// A reaction to a message, or taking it back.
    React {
        /// As in `edit`.
        key: String,
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
        /// One emoji, at most 16 characters.
        emoji: String,
        /// Whether it is to be there.
        on: bool,
    },
    /// The customer is typing, or has stopped.
    Typing {
        /// Which.
        typing: bool,
    },
    /// The page shows all entries up to this one.
    Ack {
        /// The entry's sequence number.
        #[ts(type = "number")]
        seq: u64,
    },
    /// The customer has looked at all entries up to this one (the page was visible).
    Seen {
        /// The entry's sequence number.
        #[ts(type = "number")]
        seq: u64,
    },
    /// The customer ends the chat.
    End {},
    /// Answered by `pong`.
    Ping {},
}

/// A frame from the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The reply to `hello`. The entries after `after` follow.
    Welcome {
        /// The chat's display number.
        #[ts(type = "number")]
        number: u64,
        /// The newest entry's sequence number.
        #[ts(type = "number")]
        newest: u64,
        /// The state that does not travel in the feed.
        live: LiveState,
        /// The bounds that the bridge keeps.
        limits: Limits,
    },
    /// The next entry of the feed. Sequence numbers have no gaps.
    Entry(FeedEntry),
    /// The state that does not travel in the feed has changed; the newest replaces all earlier.
    Live(LiveState),
    /// The message is on disk (✓). A feed entry with the same key follows.
    Accepted {
        /// The message's key.
        key: String,
    },
    /// The message was not taken.
    Refused {
        /// The message's key.
        key: String,
        /// Why.
        reason: RefusalReason,
        /// How long to wait before trying again, if that helps.
        #[ts(type = "number | null")]
        retry_after_ms: Option<u64>,
    },
    /// The reply to `ping`.
    Pong {},
    /// Something was wrong with a frame or with the session. After a fatal one the socket closes.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people who write programs.
        message: String,
        /// Whether the socket closes now.
        fatal: bool,
    },
}

/// State of which only the newest value matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiveState {
    /// Where the chat is in its life.
    pub phase: Phase,
    /// The place in the queue, from 1, while waiting.
    #[ts(type = "number | null")]
    pub position: Option<u32>,
    /// How long the customer will probably wait still, while that can be said.
    pub estimate: Option<Estimate>,
    /// The public names of the agents who are typing.
    pub typing: Vec<String>,
    /// The customer's messages up to this entry are in the agents' room (✓✓).
    #[ts(type = "number")]
    pub delivered: u64,
    /// The customer's messages up to this entry were seen by an agent.
    #[ts(type = "number")]
    pub seen: u64,
}

/// A rounded range of time, in whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Estimate {
    /// At least so many.
    pub at_least: u32,
    /// At most so many; `null` if there is no telling: more than `at_least`.
    pub at_most: Option<u32>,
}

/// Where a chat is in its life, as the customer sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No agent yet.
    #[default]
    Waiting,
    /// An agent is there.
    Active,
    /// The customer is asked to leave a message.
    Form,
    /// A left message waits for an answer.
    Left,
    /// Over.
    Ended,
}

/// One entry of the customer's feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeedEntry {
    /// From 1, without gaps.
    #[ts(type = "number")]
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    #[ts(type = "number")]
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub body: FeedBody,
}

/// What a feed entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FeedBody {
    /// The customer's own message, for all their tabs.
    Own {
        /// The key given when it was sent.
        key: String,
        /// Its text; may be empty if there are files.
        text: String,
        /// The message that it answers, by its number in the feed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        reply_to: Option<u64>,
        /// Its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<Attachment>>")]
        files: Vec<Attachment>,
    },
    /// An agent's message.
    Agent {
        /// The agent's public name.
        name: String,
        /// What they wrote; may be empty if there are files.
        content: Vec<RichText>,
        /// The message that it answers, by its number in the feed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        reply_to: Option<u64>,
        /// Its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<Attachment>>")]
        files: Vec<Attachment>,
    },
    /// The chat waits for an agent.
    Queued {},
    /// An agent joined the conversation.
    Joined {
        /// The agent's public name.
        name: String,
    },
    /// An agent left the conversation.
    Left {
        /// The agent's public name.
        name: String,
    },
    /// No agent is left; the chat waits again, at its old place.
    Requeued {},
    /// The customer is asked to leave a message: nobody will come now.
    Form {
        /// Why.
        why: FormReason,
        /// What the queue says about it; may be empty.
        text: String,
    },
    /// The message was left, and will be answered.
    MessageLeft {},
    /// An earlier message of the customer did not reach the agents.
    Undelivered {
        /// The message's key.
        key: String,
        /// Why.
        reason: RefusalReason,
    },
    /// The chat is over. What follows is about messages that came too late, or takes some away.
    Ended {
        /// Who ended it.
        by: EndedBy,
    },
    /// A message of before says something else now.
    Edited {
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
        /// What it says now.
        content: Vec<RichText>,
        /// The key of the customer's `edit`, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<String>,
    },
    /// A message of before is not to be shown any more.
    Removed {
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
        /// The key of the customer's `remove`, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<String>,
    },
    /// Somebody has reacted to a message of before, or has taken a reaction back.
    Reaction {
        /// The message, by its number in the feed.
        #[ts(type = "number")]
        target: u64,
        /// The emoji.
        emoji: String,
        /// The agent's public name; left out if it was the customer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        by: Option<String>,
        /// Whether the reaction is there now.
        on: bool,
        /// The key of the customer's `react`, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        key: Option<String>,
    },
}

/// Why a customer is asked to leave a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FormReason {
    /// The queue is closed at this hour.
    Closed,
    /// No agent is there.
    Nobody,
    /// Too many are waiting, or the customer has waited too long.
    Busy,
}

/// Who ended a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The customer.
    Customer,
    /// An agent.
    Agent,
    /// Nobody could take the chat.
    NoAgent,
}

/// Text with structure. Rendered with text nodes and these elements only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RichText {
    /// Plain text; line feeds are line breaks.
    Text {
        /// The text.
        text: String,
    },
    /// A line break.
    Break {},
    /// An element around other text.
    Span {
        /// Which.
        style: Style,
        /// What is in it.
        children: Vec<RichText>,
    },
    /// A link.
    Link {
        /// An absolute `https:`, `http:` or `mailto:` address.
        href: String,
        /// What is in it.
        children: Vec<RichText>,
    },
}

/// The elements that text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A paragraph.
    Paragraph,
    /// Bold.
    Strong,
    /// Italic.
    Emphasis,
    /// Struck through.
    Deleted,
    /// Code within a line.
    Code,
    /// A block of code.
    Preformatted,
    /// A quotation.
    Quote,
    /// A list with bullets.
    BulletList,
    /// A list with numbers.
    NumberedList,
    /// An item of a list.
    ListItem,
    /// A heading.
    Heading,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The text is longer than the limit.
    TooLong,
    /// There is no text in it.
    Empty,
    /// What was given as an e-mail address is none.
    BadEmail,
    /// Its files are more than five, or are not there.
    Files,
    /// Too many in too short a time; try again later.
    TooFast,
    /// Too many messages wait for an agent.
    TooMany,
    /// The chat is over.
    Ended,
    /// There is no such message, or it is not one of the customer's own.
    NoTarget,
    /// It is not one emoji.
    BadReaction,
    /// The homeserver does not take it.
    Undeliverable,
    /// The bridge cannot store it now; try again later.
    Unavailable,
}

/// What was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame or body is not of this protocol.
    BadRequest,
    /// The frame is too large.
    TooLarge,
    /// No such site, chat or session: deliberately one answer for all three.
    NotFound,
    /// The page's origin is not one of the site's.
    ForbiddenOrigin,
    /// Too many requests or connections.
    TooFast,
    /// The page read too slowly; connect again with the last sequence number.
    TooSlow,
    /// Nothing was heard for too long.
    Idle,
    /// The bridge is stopping or cannot store anything now; connect again later.
    Unavailable,
}

/// The body of an error reply over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorBody {
    /// For programs.
    pub code: ErrorCode,
    /// For people who write programs.
    pub message: String,
    /// How long to wait before trying again, if that helps.
    #[ts(type = "number | null")]
    pub retry_after_ms: Option<u64>,
    /// Why a message was not taken, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reason: Option<RefusalReason>,
    /// Why a file was not taken, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unfit: Option<Unfit>,
}

/// The reply to `GET /customer/v1/feed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FeedPage {
    /// The chat's display number.
    #[ts(type = "number")]
    pub number: u64,
    /// Entries after the one asked for, in order, at most 100.
    pub entries: Vec<FeedEntry>,
    /// The newest entry's sequence number.
    #[ts(type = "number")]
    pub newest: u64,
    /// The state that does not travel in the feed.
    pub live: LiveState,
    /// Stands for `live`. Given as `tag` with the next request, that one is answered as soon as
    /// `live` differs from this, even if it changed in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub tag: Option<String>,
}

/// The body of `POST /customer/v1/messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// As in the `send` frame.
    pub key: String,
    /// Plain text.
    pub text: String,
    /// As in the `send` frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub email: Option<String>,
    /// As in the `send` frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub reply_to: Option<u64>,
    /// As in the `send` frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub files: Vec<String>,
}

/// The body of `POST /customer/v1/typing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetTyping {
    /// As in the `typing` frame.
    pub typing: bool,
}

/// The body of `POST /customer/v1/seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SetSeen {
    /// As in the `seen` frame.
    #[ts(type = "number")]
    pub seq: u64,
}

#[cfg(test)]
mod tests;
