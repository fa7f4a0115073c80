//! A text that agents pick instead of typing it.

use serde::{Deserialize, Serialize};

/// A predefined message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredefinedMessage {
    /// Its shortcut: 1 to 64 of `a–z 0–9 - _`.
    pub id: String,
    /// The heading that it is listed under.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What agents pick it by.
    pub title: String,
    /// What is sent, with variables: see [`crate::template`].
    pub text: String,
    /// The queues in whose chats it is offered; all, if there is none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
}
