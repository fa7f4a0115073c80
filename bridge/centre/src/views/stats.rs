//! What was counted.

use super::{
    fit::{fitting, noting_more},
    live::Named,
};
use crate::{
    commands::Period, duration::Seconds, hours::IsoDate, reply::Reply, statistics::Counts,
    wall_clock::WallClock,
};

/// What is shown where there is nothing to tell.
const NOTHING: &str = "–";

/// What was counted in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Which period.
    pub period: Period,
    /// Per queue, over all days.
    pub queues: Vec<(Named, Counts)>,
    /// Per day, over all queues, the newest first.
    pub days: Vec<(IsoDate, Counts)>,
    /// How many records could not be read.
    pub unreadable: usize,
}

/// Answers `!stats`.
#[must_use]
pub fn stats(counted: &Counted, clock: &WallClock) -> Reply {
    let (heading, since) = match counted.period {
        Period::Today => {
            (format!("Today, {}", clock.date().with_weekday()), "since midnight".to_owned())
        }
        Period::Week => {
            let first = clock.date().days_before(6).with_weekday();
            ("The last seven days".to_owned(), format!("since {first}"))
        }
    };
    let mut queues: Vec<&(Named, Counts)> = counted.queues.iter().collect();
    let known = queues.len();
    queues.retain(|(_, counts)| !counts.is_empty());
    let quiet = known - queues.len();
    let mut total = Counts::default();
    for (_, counts) in &queues {
        total.add(counts);
    }
    let reply = Reply::new().heading(heading);
    let noted = |reply: Reply| match counted.unreadable {
        0 => reply,
        1 => reply.paragraph("One record could not be read, so something is missing."),
        more => reply.paragraph(format!("{more} records could not be read, so much is missing.")),
    };
    if queues.is_empty() {
        return noted(match known {
            0 => Reply::say("There is no queue that you supervise."),
            _ => reply.paragraph(format!("Nothing has happened {since} in your queues.")),
        });
    }
    fitting(&queues, |shown, more| {
        let sum = (known > 1).then_some(("All", &total));
        let names: Vec<String> = shown.iter().map(|(name, _)| name.to_string()).collect();
        let lines = names.iter().map(String::as_str).zip(shown.iter().map(|(_, counts)| counts));
        let lines: Vec<_> = lines.chain(sum).collect();
        let mut reply = noting_more(customers(reply.clone(), "Queue", &lines), more);
        if counted.period == Period::Week {
            let days: Vec<_> =
                counted.days.iter().map(|(day, counts)| (day.with_weekday(), counts)).collect();
            let days: Vec<_> = days.iter().map(|(day, counts)| (day.as_str(), *counts)).collect();
            reply = customers(reply, "Day", &days);
        }
        let mut reply = rest(reply, &lines);
        if quiet > 0 {
            let which = if quiet == 1 { "one queue".to_owned() } else { format!("{quiet} queues") };
            reply = reply.paragraph(format!("Nothing happened in {which}."));
        }
        noted(reply)
    })
}

/// How customers fared.
fn customers(reply: Reply, what: &str, lines: &[(&str, &Counts)]) -> Reply {
    let told = |seconds: Option<Seconds>| {
        seconds.map_or_else(|| NOTHING.to_owned(), |seconds| seconds.to_string())
    };
    let rows = lines.iter().map(|(name, counts)| {
        vec![
            (*name).to_owned(),
            counts.started.to_string(),
            counts.taken.to_string(),
            told(counts.waits.average().map(Seconds::about)),
            told(counts.waits.quantile(50)),
            told(counts.waits.quantile(90)),
            told(counts.waits.longest().map(Seconds::about)),
            counts.abandoned.to_string(),
            counts.no_agent.to_string(),
        ]
    });
    let head = [
        what,
        "Began",
        "Taken",
        "Waited",
        "Half within",
        "90% within",
        "Longest",
        "Gave up",
        "No agent",
    ];
    reply.table(&head, rows)
}

/// What became of requests, and of chats that were not simply taken.
fn rest(reply: Reply, lines: &[(&str, &Counts)]) -> Reply {
    let rows = lines.iter().map(|(name, counts)| {
        vec![
            (*name).to_owned(),
            counts.rejected.to_string(),
            counts.missed.to_string(),
            (counts.overflowed_in + counts.moved_in).to_string(),
            (counts.overflowed_out + counts.moved_out).to_string(),
            counts.closed.to_string(),
            counts.full.to_string(),
            format!("{} of {}", counts.messages, counts.forms),
            counts.messages_taken.to_string(),
            counts.ended.to_string(),
        ]
    });
    let head = [
        "Queue", "Rejected", "Missed", "In", "Out", "Closed", "Full", "Messages", "Answered",
        "Ended",
    ];
    reply.table(&head, rows).list([
        "Waited: on average, from the beginning of a chat until an agent took it. Gave up: the \
         customer left while waiting.",
        "In, Out: chats from and to other queues, by overflow or moved. Closed, Full: how customers \
         found the queue.",
        "Messages: how many were left when asked for; Answered: how many of any day agents took.",
    ])
}
