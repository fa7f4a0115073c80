//! What is said about what happened: the widget's words (`widget/customer/src/texts.ts`), or the
//! site's own in place of them.

use super::Facts;
use crate::gateway::wire::{Attachment, EndedBy, FormReason};

fn word(facts: &Facts, key: &str, usual: &str) -> String {
    facts.texts.get(key).filter(|own| !own.is_empty()).map_or(usual, String::as_str).to_owned()
}

/// A text that tells of something, which stands for `{}`.
fn told(facts: &Facts, key: &str, usual: &str, of: &str) -> String {
    word(facts, key, usual).replace("{}", of)
}

pub(super) fn queued(facts: &Facts) -> String {
    word(facts, "queued", "Thank you! Someone will be with you soon.")
}

pub(super) fn requeued(facts: &Facts) -> String {
    word(facts, "requeued", "You are back in the queue, at your old place.")
}

pub(super) fn joined(facts: &Facts, name: &str) -> String {
    told(facts, "joined", "{} has joined the chat", name)
}

pub(super) fn left(facts: &Facts, name: &str) -> String {
    told(facts, "left", "{} has left the chat", name)
}

pub(super) fn form(facts: &Facts, why: FormReason) -> String {
    match why {
        FormReason::Closed => word(facts, "formTitle.closed", "We are closed right now"),
        FormReason::Nobody => word(facts, "formTitle.nobody", "Nobody is here right now"),
        FormReason::Busy => word(facts, "formTitle.busy", "We are very busy right now"),
    }
}

/// The widget's own words are about its page.
pub(super) fn message_left(_: &Facts) -> String {
    "You have left a message".to_owned()
}

pub(super) fn ended(facts: &Facts, by: EndedBy) -> String {
    match by {
        EndedBy::Customer => word(facts, "ended.customer", "You have ended the chat"),
        EndedBy::Agent => word(facts, "ended.agent", "The agent has ended the chat"),
        EndedBy::NoAgent => word(facts, "ended.no_agent", "No agent is free right now"),
    }
}

pub(super) fn you(facts: &Facts) -> String {
    word(facts, "youSaid", "You:").trim_end().trim_end_matches(':').to_owned()
}

pub(super) fn lost(facts: &Facts) -> String {
    word(facts, "failed.undeliverable", "This message did not reach the agent.")
}

pub(super) const REMOVED: &str = "This message was removed.";
pub(super) const EDITED: &str = "edited";

/// A file: its name, what it is and how large. It is not in the transcript, and links to it end.
pub(super) fn file(file: &Attachment) -> String {
    format!("📎 {} ({}, {})", file.name, file.kind.label(), size(file.size))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KB", bytes.div_ceil(1024)),
        _ => {
            let tenths = (bytes * 10).div_ceil(1_048_576);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}
