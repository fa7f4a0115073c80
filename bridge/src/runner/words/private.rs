//! What agents are told about private messages. Nothing of their content is in here.

use crate::{matrix::content::escape, runner::bot_rooms::Message};

/// Why an agent is invited into a companion room.
pub(in crate::runner) fn private_invite(number: u64) -> String {
    format!("Private notes for chat {number}, not a new chat")
}

/// Why somebody is removed from a companion room.
pub(in crate::runner) const NOT_IN_CHAT: &str = "You are not in this chat any more.";

/// How `!private` is used.
pub(in crate::runner) const HOW_PRIVATE: &str = "Write !private and your text: the other agents of this chat read it, the customer never does. In the private room of the chat, everything is private.";

/// A private text is too long for the bot.
pub(in crate::runner) const PRIVATE_TOO_LONG: &str =
    "That private message is too long. Send it in parts.";

/// A command with a private text could not be removed.
pub(in crate::runner) const NOT_HIDDEN: &str = "A !private message could not be removed from this room. The customer does not see it; please remove it yourself.";

/// A private message could not be posted.
pub(in crate::runner) const NOT_POSTED: &str = "A private message could not be posted in the private room. It was not sent to the customer either.";

/// A companion room could not be made.
pub(in crate::runner) const NO_COMPANION: &str =
    "The private room of this chat could not be made. Write !private and a text to try again.";

/// What commands are answered in a companion room.
pub(in crate::runner) const COMMANDS_ELSEWHERE: &str = "Everything here is private: the customer never sees it, and you need no command for that. All other commands belong in the chat's own room.";

/// An encrypted message in a companion room.
pub(in crate::runner) const PRIVATE_ENCRYPTED: &str =
    "That message is encrypted: it is not in the organisation's log.";

/// There is a companion room.
pub(in crate::runner) fn companion_made(link: &str) -> Message {
    linked("👁 This chat has a private room, in which agents talk unseen by the customer", link)
}

/// There is a private message.
pub(in crate::runner) fn privately_noted(name: &str, link: &str) -> Message {
    linked(&format!("👁 {name} left a private message"), link)
}

fn linked(text: &str, link: &str) -> Message {
    let html = format!("<a href=\"{}\">{}</a>", escape(link), escape(text));
    Message { text: format!("{text}: {link}"), html: Some(html), ..Message::default() }
}
