//! What is going on: queues, agents, and the chats that wait.

use std::fmt;

use switchboard_engine::{Status, Time};

use super::fit::{fitting, noting_more, short};
use crate::{reply::Reply, wall_clock::WallClock};

/// What something is called, with the id by which commands know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// What people read.
    pub name: String,
    /// What is written in commands.
    pub id: String,
}

impl fmt::Display for Named {
    /// The id is left out if the name does as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id } = self;
        if name.to_lowercase() == id.to_lowercase() {
            return f.write_str(&short(name));
        }
        write!(f, "{} (`{id}`)", short(name))
    }
}

/// A queue now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueNow {
    /// Which.
    pub queue: Named,
    /// Whether its hours say that it is open.
    pub open: bool,
    /// When that changes next.
    pub changes: Option<Time>,
    /// How many customers wait.
    pub waiting: usize,
    /// Since when the first of them has waited.
    pub longest: Option<Time>,
    /// How many agents are ready for it, be they busy or not.
    pub ready: usize,
    /// How many agents are logged on for it.
    pub logged_on: usize,
    /// How many chats agents have.
    pub chats: usize,
    /// How many left messages wait.
    pub messages: usize,
}

/// An agent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentNow {
    /// Who.
    pub agent: Named,
    /// Whether they want to be asked.
    pub status: Status,
    /// They will pause when their chats are over.
    pub pausing: bool,
    /// Since when they have had that status.
    pub since: Time,
    /// Why they pause.
    pub reason: Option<String>,
    /// The name of the profile that they are logged on with.
    pub profile: Option<String>,
    /// How many chats they have.
    pub chats: usize,
    /// How many they can have.
    pub capacity: u32,
    /// The number of the chat that they are being asked to take.
    pub asked: Option<u64>,
}

/// A chat that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingChat {
    /// Its number.
    pub number: u64,
    /// The queue's name.
    pub queue: String,
    /// What the customer calls themselves.
    pub customer: String,
    /// Since when it has waited.
    pub since: Time,
    /// Its place in the queue, from 1.
    pub place: usize,
    /// Who is being asked to take it.
    pub asked: Vec<String>,
    /// How often agents have rejected it.
    pub rejected: u32,
    /// How often agents have missed it.
    pub missed: u32,
    /// It is a left message.
    pub message: bool,
}

/// Answers `!queues`.
#[must_use]
pub fn queues(queues: &[QueueNow], clock: &WallClock) -> Reply {
    if queues.is_empty() {
        return Reply::say("There is no queue that you supervise.");
    }
    let head =
        ["Queue", "Now", "Waiting", "Longest", "Ready", "Logged on", "With agents", "Messages"];
    fitting(queues, |shown, more| {
        let rows = shown.iter().map(|queue| {
            vec![
                queue.queue.to_string(),
                opening(queue, clock),
                queue.waiting.to_string(),
                queue.longest.map(|since| clock.ago(since).to_string()).unwrap_or_default(),
                queue.ready.to_string(),
                queue.logged_on.to_string(),
                queue.chats.to_string(),
                queue.messages.to_string(),
            ]
        });
        noting_more(Reply::new().heading("Queues now").table(&head, rows), more)
    })
}

fn opening(queue: &QueueNow, clock: &WallClock) -> String {
    let state = if queue.open { "open" } else { "closed" };
    match queue.changes {
        Some(at) => format!("{state} until {}", clock.tell(at)),
        None => state.to_owned(),
    }
}

/// Answers `!agents`. Those who can do something come first.
#[must_use]
pub fn agents(agents: &[AgentNow], clock: &WallClock) -> Reply {
    if agents.is_empty() {
        return Reply::say("There is no agent for the queues that you supervise.");
    }
    let mut agents: Vec<&AgentNow> = agents.iter().collect();
    agents.sort_by_key(|agent| (order(agent.status), &agent.agent));
    let ready = agents.iter().filter(|agent| agent.status == Status::Ready).count();
    let on = agents.iter().filter(|agent| agent.status != Status::LoggedOff).count();
    let summary = format!("{ready} of {} ready, {on} logged on.", agents.len());
    fitting(&agents, |shown, more| {
        let rows = shown.iter().map(|agent| {
            let off = agent.status == Status::LoggedOff;
            let chats = if off && agent.chats == 0 {
                String::new()
            } else {
                format!("{} of {}", agent.chats, agent.capacity)
            };
            vec![
                agent.agent.to_string(),
                status(agent),
                clock.since(agent.since),
                agent.profile.as_deref().map(short).unwrap_or_default(),
                chats,
                agent.asked.map(|number| number.to_string()).unwrap_or_default(),
            ]
        });
        let head = ["Agent", "Status", "Since", "Profile", "Chats", "Asked for chat"];
        let reply = Reply::new().heading("Agents now").paragraph(&summary).table(&head, rows);
        noting_more(reply, more)
    })
}

fn order(status: Status) -> u8 {
    match status {
        Status::Ready => 0,
        Status::NotResponding => 1,
        Status::Paused => 2,
        Status::LoggedOff => 3,
    }
}

fn status(agent: &AgentNow) -> String {
    match agent.status {
        Status::Ready if agent.pausing => "pauses after these chats".to_owned(),
        Status::Ready => "ready".to_owned(),
        Status::NotResponding => "not responding".to_owned(),
        Status::LoggedOff => "logged off".to_owned(),
        Status::Paused => match &agent.reason {
            Some(reason) => format!("paused: {}", short(reason)),
            None => "paused".to_owned(),
        },
    }
}

/// Answers `!waiting`. `queue` is the name of the queue that was asked about. Who has waited longest
/// comes first.
#[must_use]
pub fn waiting(queue: Option<&str>, chats: &[WaitingChat], clock: &WallClock) -> Reply {
    let place = queue.map(|queue| format!(" in {}", short(queue))).unwrap_or_default();
    if chats.is_empty() {
        return Reply::say(format!("No chat waits{place}."));
    }
    let mut chats: Vec<&WaitingChat> = chats.iter().collect();
    chats.sort_by_key(|chat| (chat.message, chat.since, chat.number));
    let head =
        ["Chat", "Queue", "Place", "Customer", "Waiting since", "Asked now", "Rejected", "Missed"];
    fitting(&chats, |shown, more| {
        let rows = shown.iter().map(|chat| {
            let customer = short(&chat.customer);
            vec![
                chat.number.to_string(),
                short(&chat.queue),
                chat.place.to_string(),
                if chat.message { format!("{customer} (left a message)") } else { customer },
                clock.since(chat.since),
                people(&chat.asked),
                chat.rejected.to_string(),
                chat.missed.to_string(),
            ]
        });
        let reply = Reply::new().heading(format!("Waiting{place}")).table(&head, rows);
        noting_more(reply, more)
    })
}

/// Some names; where all are asked at once, that can be many.
pub(super) fn people(names: &[String]) -> String {
    few(names.iter().map(|name| short(name)))
}

/// The first of some words.
pub(super) fn few(words: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 3;
    let more = words.len().saturating_sub(SHOWN);
    let shown = words.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
