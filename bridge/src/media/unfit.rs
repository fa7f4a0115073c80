//! Why a file is not taken.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a file is not taken: by its size, its name or what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is larger than the limit.
    #[error("it is too large")]
    TooLarge,
    /// It is one more than a message may have.
    #[error("only five files can be sent at once; wait ten seconds before the next")]
    TooMany,
    /// It is not of a kind that is taken.
    #[error("only images, PDF and plain text can be sent")]
    Kind,
    /// It is a sound or a voice message.
    #[error("sound and voice messages cannot be sent")]
    Audio,
    /// It is a video.
    #[error("videos cannot be sent")]
    Video,
    /// It is a page or a drawing with code in it: HTML, SVG, XML.
    #[error("HTML, SVG and XML cannot be sent")]
    Markup,
    /// It is a program or a script, or is named like one.
    #[error("programs and scripts cannot be sent")]
    Program,
    /// It is an archive, or has one in it.
    #[error("archives cannot be sent, nor files with one in them")]
    Archive,
    /// It is not what it begins as: damaged, or two kinds in one.
    #[error("it is damaged, or more than one kind of file at once")]
    Damaged,
    /// The virus scanner found something in it.
    #[error("the virus scanner found something in it")]
    Infected,
    /// It is encrypted, so that it cannot be looked at.
    #[error("it is encrypted and cannot be checked")]
    Encrypted,
    /// The homeserver does not have it.
    #[error("the homeserver does not have it, or does not take it")]
    Missing,
}
