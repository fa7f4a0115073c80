//! Changes of what is in the feed, as the customer asks for them: edits, removals and reactions.

use switchboard_engine::ChatId;

use super::{
    clean,
    error::ApiError,
    input::{CustomerChange, CustomerInput},
    message::Invalid,
    session::is_message_key,
    state::GatewayState,
    wire::{ClientFrame, FeedBody, LIMITS, RefusalReason},
};
use crate::matrix::emoji;

/// A change whose form is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The page's key of it.
    pub(super) key: String,
    /// The entry of the feed that it is about.
    target: u64,
    what: CustomerChange,
}

/// What is expected where there is something else.
pub(super) const NO_CHANGE: &str = "a change is one of the frames edit, remove and react";

impl Change {
    /// The change that a frame asks for; `None` for other frames.
    pub(super) fn read(frame: ClientFrame) -> Option<Result<Self, (String, Invalid)>> {
        let (key, target, change) = match frame {
            ClientFrame::Edit { key, target, text } => {
                if text.len() > LIMITS.text_bytes as usize {
                    return Some(Err((key, Invalid::Refused(RefusalReason::TooLong))));
                }
                let text = clean::message_text(&text);
                if clean::is_blank(&text) {
                    return Some(Err((key, Invalid::Refused(RefusalReason::Empty))));
                }
                (key, target, CustomerChange::Edit { text })
            }
            ClientFrame::Remove { key, target } => (key, target, CustomerChange::Remove {}),
            ClientFrame::React { key, target, emoji, on } => {
                if !emoji::may_be_of_customer(&emoji) {
                    return Some(Err((key, Invalid::Refused(RefusalReason::BadReaction))));
                }
                (key, target, CustomerChange::React { emoji, on })
            }
            _ => return None,
        };
        if !is_message_key(&key) {
            return Some(Err((key, Invalid::Key)));
        }
        Some(Ok(Self { key, target, what: change }))
    }

    /// As it goes into the inbox.
    pub(super) fn into_input(self, chat: ChatId) -> CustomerInput {
        let Self { key, target, what: change } = self;
        CustomerInput::Change { chat, key, target, change }
    }
}

impl GatewayState {
    /// Whether a change is about something that it can be about: an own message, or any message for a
    /// reaction.
    pub(super) async fn has_target(&self, chat: ChatId, change: &Change) -> Result<bool, ApiError> {
        let Some(before) = change.target.checked_sub(1) else { return Ok(false) };
        let entries = self.entries(chat, before).await?;
        let entry = entries.first().filter(|entry| entry.seq == change.target);
        Ok(match entry.map(|entry| &entry.body) {
            // There is no text that could become another.
            Some(FeedBody::Own { text, files, .. }) if text.is_empty() && !files.is_empty() => {
                !matches!(change.what, CustomerChange::Edit { .. })
            }
            Some(FeedBody::Own { .. }) => true,
            Some(FeedBody::Agent { .. }) => matches!(change.what, CustomerChange::React { .. }),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_bounds() {
        let key = || "12345678".to_owned();
        let edit = |key: &str, text: &str| ClientFrame::Edit {
            key: key.to_owned(),
            target: 1,
            text: text.to_owned(),
        };
        let react = |emoji: &str| ClientFrame::React {
            key: key(),
            target: 1,
            emoji: emoji.to_owned(),
            on: true,
        };
        let refused = |reason| Some(Invalid::Refused(reason));
        let long = "a".repeat(LIMITS.text_bytes as usize + 1);
        for (frame, invalid) in [
            (edit(&key(), "better"), None),
            (edit(&key(), " \n"), refused(RefusalReason::Empty)),
            (edit(&key(), &long), refused(RefusalReason::TooLong)),
            (edit("short", "better"), Some(Invalid::Key)),
            (react("👍"), None),
            (react("words"), refused(RefusalReason::BadReaction)),
            (ClientFrame::Remove { key: key(), target: 1 }, None),
        ] {
            let read = Change::read(frame.clone()).expect("a change");
            assert_eq!(read.err().map(|(_, invalid)| invalid), invalid, "{frame:?}");
        }
        assert_eq!(Change::read(ClientFrame::End {}), None);
    }
}
