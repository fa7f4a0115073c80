//! What a page hears of its site, and how it starts a chat there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What `GET /customer/v1/sites/{site}` says about an embedding of the widget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteInfo {
    /// The heading of the widget.
    pub title: String,
    /// Shown before the chat starts.
    pub greeting: String,
    /// The accent colour, `#rrggbb`.
    pub colour: String,
    /// Whether the customer is asked for a name first.
    pub ask_name: bool,
    /// The queues that the customer may choose from, in the order in which they are offered. With
    /// one or none there is nothing to choose.
    pub queues: Vec<QueueInfo>,
    /// The site's own words in place of the widget's, by key. Plain text; unknown keys are passed
    /// over.
    pub texts: BTreeMap<String, String>,
    /// The bounds that the bridge keeps.
    pub limits: Limits,
}

/// A queue that a site offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QueueInfo {
    /// Names it in [`StartChat`].
    pub id: String,
    /// What the customer reads.
    pub name: String,
    /// Whether it is open now. Who starts a chat in a closed queue is asked to leave a message.
    pub open: bool,
    /// Shown while it is closed; may be empty.
    pub closed_text: String,
    /// Shown while it is open; may be empty.
    pub greeting: String,
}

/// The bounds that the bridge keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Limits {
    /// The longest text of one message, in bytes of UTF-8.
    pub text_bytes: u32,
    /// The longest name, in characters.
    pub name_chars: u32,
    /// The largest frame, in bytes.
    pub frame_bytes: u32,
    /// How often the page must send a frame (a `ping` if it has nothing else), in seconds.
    pub ping_seconds: u32,
}

/// The bounds of this version.
pub const LIMITS: Limits =
    Limits { text_bytes: 16 * 1024, name_chars: 48, frame_bytes: 64 * 1024, ping_seconds: 15 };

/// The body of `POST /customer/v1/sites/{site}/chats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct StartChat {
    /// Made by the page at random, 22 to 64 characters of `A–Z a–z 0–9 - _`; the same key starts
    /// the same chat again, so a lost reply can be asked for once more.
    pub start_key: String,
    /// What the customer calls themselves.
    #[serde(default)]
    #[ts(optional)]
    pub name: Option<String>,
    /// In which of the site's queues to wait, by its id; without it, in the first.
    #[serde(default)]
    #[ts(optional)]
    pub queue: Option<String>,
}

/// The reply to [`StartChat`]: `201` for a new chat, `200` for the same start key again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChatStarted {
    /// The session token: 256 bits as 43 characters of base64url. Whoever has it is the customer.
    pub token: String,
    /// The chat's display number. Grants nothing.
    #[ts(type = "number")]
    pub number: u64,
}
