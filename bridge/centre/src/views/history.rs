//! The earlier chats of a customer who is recognised.

use switchboard_engine::{Span, Time};

use super::{
    chats::{Ended, OPEN, how_ended},
    live::people,
};
use crate::{duration::Seconds, reply::Reply, wall_clock::WallClock};

/// A chat of the same customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierChat {
    /// Its number.
    pub number: u64,
    /// When it began.
    pub began: Time,
    /// Its queue's name.
    pub queue: String,
    /// The agents who were in it.
    pub agents: Vec<String>,
    /// Why it ended, if that is known.
    pub outcome: Option<Ended>,
    /// Whether it has ended.
    pub is_over: bool,
    /// How long it lasted.
    pub lasted: Option<Span>,
    /// The address of its room.
    pub room: Option<String>,
}

/// Answers `!history`, with the newest first; `more` are not shown.
#[must_use]
pub fn list(chats: &[EarlierChat], more: usize, clock: &WallClock) -> Reply {
    if chats.is_empty() {
        return Reply::say("This customer is recognised, and has had no other chat here.");
    }
    let rows = chats.iter().map(|chat| {
        let outcome = match &chat.outcome {
            Some(outcome) => how_ended(outcome),
            None if chat.is_over => "over".to_owned(),
            None => "goes on".to_owned(),
        };
        vec![
            chat.number.to_string(),
            clock.tell(chat.began),
            chat.queue.clone(),
            people(&chat.agents),
            outcome,
            chat.lasted.map(|span| Seconds::about(span).to_string()).unwrap_or_default(),
        ]
    });
    let head = ["Chat", "Began", "Queue", "Agents", "Outcome", "Lasted"];
    let reply = Reply::new().heading("Earlier chats of this customer").table(&head, rows);
    let rooms = chats
        .iter()
        .filter_map(|chat| Some((format!("Chat {}", chat.number), Some(chat.room.clone()?))));
    let reply = reply.links(OPEN, rooms);
    let reply = match more {
        0 => reply,
        more => reply.paragraph(format!("{more} older ones are not shown.")),
    };
    let newest = chats[0].number;
    reply.paragraph(format!("`!history {newest}` shows what was said in chat {newest}."))
}

/// Answers `!history N` with who said what; `left_out` are not shown.
#[must_use]
pub fn messages(
    number: u64,
    began: Time,
    lines: &[(String, String)],
    left_out: usize,
    clock: &WallClock,
) -> Reply {
    let heading = format!("Chat {number}, {}", clock.tell(began));
    let reply = Reply::new().heading(heading);
    let reply = match left_out {
        0 => reply,
        1 => reply.paragraph("The first message is not shown."),
        more => reply.paragraph(format!("The first {more} messages are not shown.")),
    };
    if lines.is_empty() {
        return reply.paragraph("Nothing was said.");
    }
    reply.list(lines.iter().map(|(who, what)| format!("{who}: {what}")))
}

/// Says that nobody vouches for who the customer is.
#[must_use]
pub fn stranger() -> Reply {
    Reply::say("The site does not say who this customer is, so their earlier chats are not known.")
}

/// Says that only who is in a chat may look.
#[must_use]
pub fn not_in_chat() -> Reply {
    Reply::say("Only the agents who are in this chat can see the customer's earlier ones.")
}

/// Says that a chat is not one of this customer's.
#[must_use]
pub fn none_of_theirs(number: u64) -> Reply {
    Reply::say(format!(
        "Chat {number} is none of this customer's, or is deleted. `!history` shows which there are."
    ))
}
