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
    /// The largest file, in bytes. A bridge can be set up for less.
    pub file_bytes: u32,
    /// How many files a message may have.
    pub files: u32,
}

/// The bounds of this version.
pub const LIMITS: Limits = Limits {
    text_bytes: 16 * 1024,
    name_chars: 48,
    frame_bytes: 64 * 1024,
    ping_seconds: 15,
    file_bytes: 20 * 1024 * 1024,
    files: 5,
};

/// The body of `POST /customer/v1/sites/{site}/chats`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
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
    /// What the site's server has signed about the customer: a JSON Web Token. One that is not good
    /// does not keep the chat from starting, but nothing of it is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<String>,
    /// What the page knows of the customer, by name; nobody vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub variables: Option<BTreeMap<String, String>>,
}

/// The reply to [`StartChat`]: `201` for a new chat, `200` for the same start key again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChatStarted {
    /// The session token: 256 bits as 43 characters of base64url. Whoever has it is the customer.
    pub token: String,
    /// The chat's display number. Grants nothing.
    #[ts(type = "number")]
    pub number: u64,
    /// Whether the site's token was good.
    #[serde(default)]
    pub verified: bool,
    /// Why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token_fault: Option<TokenFault>,
    /// The names of stated variables that were left out: the site does not declare them, or there
    /// was nothing in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub ignored: Vec<String>,
}

/// Why a site's token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TokenFault {
    /// It is no token, or too long for one, or something in it is of the wrong type.
    Malformed,
    /// Its `kid` names none of the site's keys.
    UnknownKey,
    /// Its `alg` is not the one that this key is for.
    WrongAlgorithm,
    /// It was not signed with this key.
    BadSignature,
    /// Its `aud` is not the site.
    WrongAudience,
    /// `iss`, `exp` or `jti` is missing.
    MissingClaim,
    /// It is over.
    Expired,
    /// It is not good yet: a clock is wrong.
    NotYet,
    /// It is good for more than ten minutes.
    TooLong,
    /// Another chat has used it.
    Used,
}

impl TokenFault {
    /// What is wrong, for people.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Malformed => "it is not a token",
            Self::UnknownKey => "its key is none of the site's",
            Self::WrongAlgorithm => "its algorithm is not that of its key",
            Self::BadSignature => "the signature is wrong",
            Self::WrongAudience => "it is for another site",
            Self::MissingClaim => "it lacks iss, exp or jti",
            Self::Expired => "it has expired",
            Self::NotYet => "it is not valid yet",
            Self::TooLong => "it is valid for more than ten minutes",
            Self::Used => "it was used before",
        }
    }
}
