//! What agents are told in the room and in invites. Customers are told by their page.

use std::collections::BTreeSet;

use switchboard_engine::{
    AgentId, Chat, ChatState, EndReason, Span,
    effect::{Refusal, RemoveReason},
};

use crate::matrix::content::{escape, spoken};

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

/// The reason of an invite, as text and as HTML: no details before the agent has joined.
pub(super) fn request(queue: &str, waited: Span) -> (String, String) {
    let waited = spoken(waited);
    (
        format!("{queue}: a customer has been waiting for {waited}. Accept to answer."),
        format!(
            "<b>{}</b><br>A customer has been waiting for <b>{waited}</b>. Accept to answer.",
            escape(queue)
        ),
    )
}

/// What a removed agent is told.
pub(super) fn removed(why: RemoveReason) -> &'static str {
    match why {
        RemoveReason::Closed => "This chat is over.",
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

/// Somebody in the room is no agent.
pub(super) fn guest(user: &str) -> String {
    format!("{user} is not an agent of Switchboard; what they write is not sent to the customer.")
}

/// The agents in a chat's room, as the rules know them.
pub(super) fn agents(chat: &Chat) -> BTreeSet<AgentId> {
    match &chat.state {
        ChatState::Active { agents, .. } | ChatState::Ended { agents, .. } => agents.clone(),
        ChatState::Waiting | ChatState::Ringing { .. } => BTreeSet::new(),
    }
}
