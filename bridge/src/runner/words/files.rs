//! What agents are told about files.

use super::beginning;
use crate::{gateway::wire::Attachment, media::Unfit};

/// A file of an agent is not passed on.
pub(in super::super) fn file_refused(name: &str, why: Unfit) -> String {
    format!("Not sent to the customer: “{}”: {why}.", beginning(name, 100))
}

/// A file in a private conversation is none that may be sent.
pub(in super::super) fn private_file_refused(name: &str, why: Unfit) -> String {
    format!("“{}” should not be opened: {why}.", beginning(name, 100))
}

/// A file in a private conversation is one more than belong together.
pub(in super::super) fn private_file_too_many(name: &str) -> String {
    format!("“{}”: {}.", beginning(name, 100), Unfit::TooMany)
}

/// A file of an agent is not checked yet.
pub(in super::super) fn file_waits(name: &str) -> String {
    format!(
        "“{}” has not been checked yet, so the customer does not have it. It will be sent as soon as it is.",
        beginning(name, 100)
    )
}

/// A message's text, with its files after it.
pub(in super::super) fn with_files(mut text: String, files: &[Attachment]) -> String {
    for file in files {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str("📎 ");
        text.push_str(&file.name);
    }
    text
}
