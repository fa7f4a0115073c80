//! Files in the customer's protocol.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::media::{Kind, StoredFile};

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Attachment {
    /// Names it within the chat. Grants nothing.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    #[ts(type = "number")]
    pub size: u64,
    /// An image's width in pixels, as stored, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub width: Option<u32>,
    /// An image's height in pixels, as stored, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
}

impl From<&StoredFile> for Attachment {
    fn from(file: &StoredFile) -> Self {
        Self {
            id: file.id.clone(),
            name: file.name.clone(),
            kind: file.kind,
            size: file.size,
            width: file.pixels.map(|(width, _)| width),
            height: file.pixels.map(|(_, height)| height),
        }
    }
}

/// The reply to `GET /customer/v1/files/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileLink {
    /// Where the file can be had without the session token, relative to the bridge's origin.
    pub url: String,
    /// For how long, in milliseconds.
    #[ts(type = "number")]
    pub valid_ms: u64,
}

/// How many files a message may have.
pub const FILES_PER_MESSAGE: usize = 5;
