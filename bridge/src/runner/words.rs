//! What agents are told in the room and in invites. Customers are told by their page.

mod desk;
mod files;
mod private;

use std::{borrow::Cow, collections::BTreeSet};

use switchboard_engine::{
    AgentId, Chat, ChatState, EndReason, Span,
    effect::{Refusal, RemoveReason},
};

pub(super) use self::{desk::*, files::*, private::*};
use crate::matrix::content::{escape, spoken};

/// Who has waited no longer than this has just come.
const JUST_NOW: Span = Span::seconds(5);

/// An agent thought better of ending the chat.
pub(super) const END_CANCELLED: &str = "The chat goes on.";

/// A message of the customer could not be sent into the room.
pub(super) const MESSAGE_LOST: &str =
    "A message of the customer could not be delivered here. The customer has been told.";

/// What an agent whose invite is withdrawn is told.
pub(super) const WITHDRAWN: &str = "The chat went to somebody else, or is over.";

/// The question before a connected customer's chat ends.
pub(super) const CONFIRM_END: &str =
    "The customer is still connected. End the chat?\n✅ end it · ❌ go on";

/// An agent answers the bot's question too late.
pub(super) const EXPIRED: &str =
    "That question is too old. The chat goes on; write !end again to end it.";

/// An agent wants to end a chat that is over.
pub(super) const OVER_ALREADY: &str = "This chat is over already.";

/// Somebody who is not in the chat wants to end it.
pub(super) const NOT_YOURS_TO_END: &str =
    "The chat was not ended: only the agents who are in it can do that.";

/// An event could not be read.
pub(super) const NOT_UNDERSTOOD: &str =
    "A message here could not be understood. It was put aside and not sent to the customer.";

/// An agent could not be removed from the room.
pub(super) fn not_removed(agent: &str) -> String {
    format!("{agent} could not be removed from this room. Please leave it yourself.")
}

/// Somebody has removed a message that the customer has.
pub(super) fn taken_back(seen: bool) -> &'static str {
    if seen {
        "The message that was removed here is removed from the customer's page as well. They had seen it."
    } else {
        "The message that was removed here is removed from the customer's page as well. They are not known to have seen it."
    }
}

/// A change that the customer made cannot be done in the room.
pub(super) const CHANGE_LOST: &str =
    "Something that the customer has edited, removed or reacted to could not be changed here.";

/// Somebody has removed a message before it could be shown to the customer.
pub(super) const NEVER_SHOWN: &str =
    "The message that was removed here was not sent to the customer.";

/// Somebody has removed a message of the customer.
pub(super) const CUSTOMER_KEEPS: &str =
    "The customer's message was removed here only: on their own page they still see it.";

/// The reason of an invite, as text and as HTML: no details before the agent has joined.
pub(super) fn request(queue: &str, waited: Span) -> (String, String) {
    if waited < JUST_NOW {
        return (
            format!("{queue}: a customer has just come. Accept to answer."),
            format!(
                "<b>{}</b><br>A customer has <b>just come</b>. Accept to answer.",
                escape(queue)
            ),
        );
    }
    let waited = spoken(waited);
    (
        format!("{queue}: a customer has been waiting for {waited}. Accept to answer."),
        format!(
            "<b>{}</b><br>A customer has been waiting for <b>{waited}</b>. Accept to answer.",
            escape(queue)
        ),
    )
}

/// The reason of an invite to a message that was left.
pub(super) fn message_request(queue: &str, waited: Span) -> (String, String) {
    let waited = spoken(waited);
    (
        format!("{queue}: a customer left a message {waited} ago. Accept to answer."),
        format!(
            "<b>{}</b><br>A customer left a message <b>{waited}</b> ago. Accept to answer.",
            escape(queue)
        ),
    )
}

/// Where the customer can be written to.
pub(super) fn email(address: &str) -> String {
    format!("The customer's e-mail address, as they say: {address}")
}

/// What an agent is told who takes a message whose writer has gone.
pub(super) const LEFT_MESSAGE: &str = "The customer left this message and is not on the page now. What you write is kept for their next visit.";

/// What a removed agent is told.
pub(super) fn removed(why: RemoveReason) -> &'static str {
    match why {
        RemoveReason::Closed => "This chat is over.",
        RemoveReason::Asked => "You have left this chat.",
        RemoveReason::LoggedOff => "You have logged off and left this chat.",
        RemoveReason::TooLate => {
            "Sorry, that was a moment too late: the chat went to somebody else, or is over."
        }
    }
}

/// Why an agent's message did not reach the customer.
pub(super) fn not_shown(why: Refusal) -> &'static str {
    match why {
        Refusal::Ended => "Not sent to the customer: the chat is over.",
        Refusal::NotInChat | Refusal::TooMany | Refusal::NoRoom => {
            "Not sent to the customer: you are not in this chat."
        }
    }
}

/// The notice at the end of a chat.
pub(super) fn ended(reason: &EndReason, agent_name: Option<&str>) -> String {
    let what = match reason {
        EndReason::Customer => "The customer has ended the chat.".to_owned(),
        EndReason::Abandoned => "The customer has left.".to_owned(),
        EndReason::NoAgent => "The chat is over: no agent was free.".to_owned(),
        EndReason::Agent(_) => {
            format!("{} has ended the chat.", agent_name.unwrap_or("An agent"))
        }
    };
    format!("{what} What you write here is not sent any more.\n✅ leave this room")
}

/// The first characters of a text; `…` says that there is more.
pub(super) fn beginning(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Somebody in the room is no agent.
pub(super) fn guest(user: &str) -> String {
    format!("{user} is not an agent of Switchboard; what they write is not sent to the customer.")
}

/// The agents in a chat's room, as the rules know them.
pub(super) fn agents(chat: &Chat) -> BTreeSet<AgentId> {
    match &chat.state {
        ChatState::Active { agents, .. } | ChatState::Ended { agents, .. } => agents.clone(),
        ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, expected) in [("", ""), ("äöü", "äöü"), ("äöü😀", "äöü…"), ("abcdef", "abc…")]
        {
            assert_eq!(beginning(text, 3), expected);
        }
    }

    #[test]
    fn nobody_has_been_waiting_for_no_time() {
        for (ms, expected) in [
            (0, "Help: a customer has just come. Accept to answer."),
            (4999, "Help: a customer has just come. Accept to answer."),
            (5000, "Help: a customer has been waiting for 5 seconds. Accept to answer."),
        ] {
            let (text, html) = request("Help", Span(ms));
            assert_eq!(text, expected);
            assert!(html.starts_with("<b>Help</b><br>"), "{html}");
        }
    }
}
