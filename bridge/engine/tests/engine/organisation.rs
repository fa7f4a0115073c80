//! The organisation of the simulated world: two or three queues, two profiles, up to four agents,
//! and administrators who keep changing it.

use switchboard_engine::{
    OverflowTo, Profile, QueueId, QueueSettings, Setup, Span,
    Strategy::{LeastBusy, LongestIdle, RingAll, RoundRobin},
};

use crate::fixture::{after, agents, at_last, profile, queue, to, when_nobody_is_ready};

pub(crate) const NAMES: [&str; 4] = ["anna", "ben", "carl", "dora"];
pub(crate) const PROFILES: [&str; 2] = ["sellers", "helpers"];
pub(crate) const QUEUES: [&str; 3] = ["sales", "support", "billing"];

/// A setup: its variant, who of [`NAMES`] is an agent (a bit each), and their capacity.
pub(crate) fn organisation(variant: u8, who: u8, capacity: u32) -> Setup {
    let names = NAMES.iter().enumerate().filter(|(n, _)| who & (1 << n) != 0);
    let team: Vec<(&str, u32)> = names.map(|(_, name)| (*name, capacity)).collect();
    Setup {
        queues: queues(variant),
        profiles: profiles(variant),
        agents: agents(&team),
        misses: if variant % 4 == 3 { 0 } else { 2 },
    }
}

fn queues(variant: u8) -> Vec<QueueSettings> {
    let impatient = |name: &str, strategy, overflow| QueueSettings {
        strategy,
        overflow,
        max_wait: Some(Span::seconds(400)),
        ..queue(name)
    };
    let form = OverflowTo::Message;
    let sales = |strategy| impatient("sales", strategy, Some(after(60, to("support"))));
    match variant % 6 {
        // Nobody takes it in sales, nobody in support: the customer leaves a message.
        0 | 1 => {
            vec![
                sales(LongestIdle),
                impatient("support", RingAll, Some(when_nobody_is_ready(form))),
            ]
        }
        2 => vec![sales(RingAll), impatient("support", LeastBusy, Some(after(90, form)))],
        // A ring of overflows.
        3 => vec![
            sales(RoundRobin),
            impatient("support", RingAll, Some(when_nobody_is_ready(to("billing")))),
            impatient("billing", LeastBusy, Some(at_last(to("sales")))),
        ],
        // One queue has gone.
        4 => vec![impatient("support", RingAll, None)],
        _ => vec![
            QueueSettings { max_wait: None, ..sales(LeastBusy) },
            QueueSettings {
                max_length: 2,
                ..impatient("support", RoundRobin, Some(at_last(form)))
            },
        ],
    }
}

fn profiles(variant: u8) -> Vec<Profile> {
    let sellers = profile(PROFILES[0], &[("sales", 1, 0), ("support", 2, 20)]);
    let helpers = profile(PROFILES[1], &[("support", 1, 0), ("sales", 1, 30), ("billing", 1, 5)]);
    match variant % 5 {
        4 => vec![helpers],
        _ => vec![sellers, helpers],
    }
}

pub(crate) fn some_queue(n: u8) -> QueueId {
    crate::fixture::queue_id(QUEUES[usize::from(n) % QUEUES.len()])
}
