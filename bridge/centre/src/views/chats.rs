//! One chat, and an agent's own work.

use switchboard_engine::{Status, Time};

use super::{
    fit::{fitting, noting_more, short},
    live::{Named, few, people},
};
use crate::{reply::Reply, wall_clock::WallClock};

/// What a link to a room shows.
pub(super) const OPEN: &str = "open the room";

/// A chat now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatNow {
    /// Its number.
    pub number: u64,
    /// Where it is in its life.
    pub stage: Stage,
    /// Its queue.
    pub queue: Named,
    /// What the customer calls themselves.
    pub customer: String,
    /// When it began, if that is known.
    pub began: Option<Time>,
    /// When an agent took it first.
    pub taken: Option<Time>,
    /// When it ended.
    pub ended: Option<Time>,
    /// Who rejected it, and how often.
    pub rejected: Vec<(String, u32)>,
    /// Who missed it, and how often.
    pub missed: Vec<(String, u32)>,
    /// The address of its room.
    pub room: Option<String>,
}

/// Where a chat is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for an agent.
    Waiting {
        /// Its place in the queue, from 1.
        place: usize,
        /// Who is being asked.
        asked: Vec<String>,
        /// It is a left message.
        message: bool,
    },
    /// The customer is asked to leave a message.
    Form,
    /// Agents have it.
    Active {
        /// Who; nobody while the return of the last one is waited for.
        agents: Vec<String>,
        /// When it goes back to its queue, unless somebody comes.
        returns: Option<Time>,
    },
    /// It is over.
    Ended {
        /// Why.
        why: Ended,
        /// Who is still in the room.
        agents: Vec<String>,
    },
}

/// Why a chat is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The customer ended it.
    Customer,
    /// This agent ended it.
    Agent(String),
    /// The customer left before an agent came.
    Abandoned,
    /// Nobody took it.
    NoAgent,
    /// That is not known any more.
    Unknown,
}

/// Answers `!chat`.
#[must_use]
pub fn chat(chat: &ChatNow, clock: &WallClock) -> Reply {
    let time = |at: Option<Time>| at.map(|at| clock.since(at));
    let agents = match &chat.stage {
        Stage::Active { agents, .. } | Stage::Ended { agents, .. } => people(agents),
        Stage::Waiting { .. } | Stage::Form => String::new(),
    };
    let some = |text: String| (!text.is_empty()).then_some(text);
    let rows = [
        ("State", Some(stage(&chat.stage, clock))),
        ("Queue", Some(chat.queue.to_string())),
        ("Customer", Some(short(&chat.customer))),
        ("Agents in the room", some(agents)),
        ("Began", time(chat.began)),
        ("First taken", time(chat.taken)),
        ("Ended", time(chat.ended)),
        ("Rejected by", some(often(&chat.rejected))),
        ("Missed by", some(often(&chat.missed))),
    ];
    let rows = rows.into_iter().filter_map(|(what, value)| Some(vec![what.to_owned(), value?]));
    let reply = Reply::new().heading(format!("Chat {}", chat.number)).table(&["What", "Now"], rows);
    match (&chat.room, &chat.stage) {
        (Some(room), _) => reply.links(OPEN, [("Room", Some(room.as_str()))]),
        (None, Stage::Ended { .. }) => reply.paragraph("It had no room: nobody was asked."),
        (None, _) => reply.paragraph("It has no room yet: nobody has been asked."),
    }
}

/// Says that there is no such chat.
#[must_use]
pub fn no_chat(number: u64) -> Reply {
    Reply::say(format!(
        "There is no chat {number}, or it has been over for more than a day. `!waiting` shows who \
         waits."
    ))
}

/// Says that a chat is somebody else's business.
#[must_use]
pub fn not_your_chat(number: u64) -> Reply {
    Reply::say(format!("Chat {number} is in a queue that you do not supervise."))
}

fn often(who: &[(String, u32)]) -> String {
    let times = |(name, count): &(String, u32)| match count {
        1 => short(name),
        count => format!("{} ({count}×)", short(name)),
    };
    few(who.iter().map(times))
}

fn stage(stage: &Stage, clock: &WallClock) -> String {
    match stage {
        Stage::Waiting { place, asked, message } => {
            let what = if *message { "a left message that waits" } else { "waiting" };
            let asked = match asked.as_slice() {
                [] => String::new(),
                [_] => format!("; {} is being asked", people(asked)),
                _ => format!("; {} are being asked", people(asked)),
            };
            format!("{what}, place {place} in the queue{asked}")
        }
        Stage::Form => "the customer is asked to leave a message".to_owned(),
        Stage::Active { agents, returns } if agents.is_empty() => {
            let then = returns.map_or_else(String::new, |at| format!(" at {}", clock.tell(at)));
            format!("its last agent has left; unless one returns, it goes back to its queue{then}")
        }
        Stage::Active { agents, .. } => format!("with {}", people(agents)),
        Stage::Ended { why: Ended::Unknown, .. } => "over".to_owned(),
        Stage::Ended { why, .. } => format!("over: {}", how_ended(why)),
    }
}

/// How a chat ended.
pub(super) fn how_ended(why: &Ended) -> String {
    match why {
        Ended::Customer => "the customer ended it".to_owned(),
        Ended::Agent(name) => format!("{} ended it", short(name)),
        Ended::Abandoned => "the customer left before an agent came".to_owned(),
        Ended::NoAgent => "nobody took it".to_owned(),
        Ended::Unknown => "over".to_owned(),
    }
}

/// An agent's own work now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWork {
    /// Whether they want to be asked.
    pub status: Status,
    /// They will pause when their chats are over.
    pub pausing: bool,
    /// Since when they have had that status.
    pub since: Time,
    /// Why they pause.
    pub reason: Option<String>,
    /// The profile that they are logged on with.
    pub profile: Option<Named>,
    /// How many chats they can have.
    pub capacity: u32,
    /// The number of the chat that they are being asked to take.
    pub asked: Option<u64>,
    /// The queues of their profile.
    pub queues: Vec<OwnQueue>,
    /// Their chats.
    pub chats: Vec<OwnChat>,
    /// The profiles that they may log on with.
    pub profiles: Vec<Named>,
}

/// A queue that an agent serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnQueue {
    /// Its name.
    pub name: String,
    /// How many customers wait.
    pub waiting: usize,
    /// Since when the first of them has waited.
    pub longest: Option<Time>,
    /// How many left messages wait.
    pub messages: usize,
}

/// A chat that an agent has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnChat {
    /// Its number.
    pub number: u64,
    /// The queue's name.
    pub queue: String,
    /// What the customer calls themselves.
    pub customer: String,
    /// The address of its room.
    pub room: Option<String>,
}

/// Answers `!status`.
#[must_use]
pub fn status(own: &OwnWork, clock: &WallClock) -> Reply {
    let mut reply = Reply::say(own_status(own, clock));
    if own.status == Status::LoggedOff {
        if own.profiles.len() > 1 {
            let profiles = own.profiles.iter();
            reply = reply
                .paragraph("Your profiles:")
                .list(profiles.map(|p| format!("`!login {}`: {}", p.id, short(&p.name))).take(30));
        }
    } else {
        if own.pausing {
            reply = reply.paragraph(
                "You are not asked any more, and will be paused when your chats are over. `!ready` \
                 takes that back.",
            );
        }
        reply = waits(reply, &own.queues, clock);
    }
    if let Some(number) = own.asked {
        reply = reply.paragraph(format!("You are being asked to take chat {number}."));
    }
    fitting(&own.chats, |shown, more| {
        if own.chats.is_empty() {
            let off = own.status == Status::LoggedOff;
            let none = format!("You have no chat, and can have {}.", own.capacity);
            return if off { reply.clone() } else { reply.clone().paragraph(none) };
        }
        let count = format!("Your chats, {} of {}:", own.chats.len(), own.capacity);
        let entries = shown.iter().map(|chat| {
            let (customer, queue) = (short(&chat.customer), short(&chat.queue));
            (format!("Chat {}, {customer}, {queue}", chat.number), chat.room.clone())
        });
        noting_more(reply.clone().paragraph(count).links(OPEN, entries), more)
    })
}

fn own_status(own: &OwnWork, clock: &WallClock) -> String {
    let since = clock.since(own.since);
    let profile =
        own.profile.as_ref().map_or_else(String::new, |profile| format!(", profile {profile}"));
    match own.status {
        Status::Ready => format!("You are ready since {since}{profile}."),
        Status::Paused => {
            let reason =
                own.reason.as_ref().map_or_else(String::new, |why| format!(" ({})", short(why)));
            format!(
                "You are paused{reason} since {since}{profile}. You are not asked for chats; \
                 `!ready` ends the pause."
            )
        }
        Status::NotResponding => format!(
            "You are not asked for chats since {since}{profile}, because you missed several in a \
             row. Write `!ready` when you are there."
        ),
        Status::LoggedOff => {
            "You are not logged on, so you are not asked for chats. `!login` logs you on."
                .to_owned()
        }
    }
}

fn waits(reply: Reply, queues: &[OwnQueue], clock: &WallClock) -> Reply {
    const SHOWN: usize = 20;
    let mut queues: Vec<&OwnQueue> = queues.iter().collect();
    let more = queues.len().saturating_sub(SHOWN);
    if more > 0 {
        // The ones where somebody waits are of interest.
        queues.sort_by_key(|queue| (queue.waiting == 0, queue.messages == 0));
    }
    if queues.iter().all(|queue| queue.waiting == 0 && queue.messages == 0) {
        let names: Vec<_> = queues.iter().take(SHOWN).map(|queue| short(&queue.name)).collect();
        return match names.as_slice() {
            [] => reply.paragraph("Your profile has no queue."),
            _ => noting_more(
                reply.paragraph(format!("Nobody waits in your queues: {}.", names.join(", "))),
                more,
            ),
        };
    }
    let rows = queues.iter().take(SHOWN).map(|queue| {
        vec![
            short(&queue.name),
            queue.waiting.to_string(),
            queue.longest.map(|since| clock.ago(since).to_string()).unwrap_or_default(),
            queue.messages.to_string(),
        ]
    });
    noting_more(reply.table(&["Your queue", "Waiting", "Longest", "Messages"], rows), more)
}

/// Says that `!status` is for agents.
#[must_use]
pub fn no_agent() -> Reply {
    Reply::say("You are not an agent here, so you have no status.")
}
