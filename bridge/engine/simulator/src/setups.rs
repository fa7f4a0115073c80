//! Random configurations: queues, profiles and agents.

use rand::{Rng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use switchboard_engine::{
    AgentId, AgentSettings, Overflow, OverflowTo, Profile, ProfileId, QueueId, QueueSettings,
    Serves, Setup, Span, Strategy,
};

/// Who there is.
pub const AGENTS: [&str; 4] = ["@anna:a", "@ben:a", "@carl:a", "@dora:a"];
/// Where chats can wait.
pub const QUEUES: [&str; 3] = ["sales", "support", "night"];
/// What agents can log on with.
pub const PROFILES: [&str; 3] = ["one", "two", "all"];

/// An agent of ours.
#[must_use]
pub fn agent(n: u8) -> AgentId {
    AgentId(AGENTS[usize::from(n) % AGENTS.len()].to_owned())
}

/// A queue of ours.
#[must_use]
pub fn queue(n: u8, setup: &Setup) -> QueueId {
    setup.queues[usize::from(n) % setup.queues.len()].id.clone()
}

/// The configuration of a schedule, and one or two that it may change to.
pub(crate) fn random(rng: &mut ChaCha8Rng) -> Vec<Setup> {
    let queues: Vec<QueueSettings> =
        (0..rng.random_range(1..=QUEUES.len())).map(|n| a_queue(rng, n)).collect();
    let first = Setup {
        profiles: profiles(rng, &queues),
        queues,
        agents: (0..rng.random_range(1..=4)).map(|n| settings(rng, n)).collect(),
        misses: *[0, 1, 2, 2, 3].choose(rng).unwrap_or(&2),
    };
    let mut second = first.clone();
    match rng.random_range(0..4) {
        // A queue is gone, whether chats wait there or not.
        0 if first.queues.len() > 1 => {
            second.queues.pop();
        }
        0 | 3 => second.profiles = profiles(rng, &first.queues),
        1 => second.agents = (0..4).map(|n| settings(rng, n)).collect(),
        _ => {
            second.agents.pop();
            second.queues[0].strategy = strategy(rng);
        }
    }
    vec![first, second]
}

fn settings(rng: &mut ChaCha8Rng, n: u8) -> AgentSettings {
    let capacity = *[1, 1, 1, 2, 3].choose(rng).unwrap_or(&1);
    AgentSettings { id: agent(n), capacity }
}

fn strategy(rng: &mut ChaCha8Rng) -> Strategy {
    let all = [Strategy::LongestIdle, Strategy::LeastBusy, Strategy::RoundRobin, Strategy::RingAll];
    *all.choose(rng).unwrap_or(&Strategy::LongestIdle)
}

fn a_queue(rng: &mut ChaCha8Rng, n: usize) -> QueueSettings {
    let to = if n == 0 && rng.random_ratio(1, 2) {
        OverflowTo::Queue(QueueId(QUEUES[1].to_owned()))
    } else {
        OverflowTo::Message
    };
    let overflow = Overflow {
        after: rng.random_ratio(2, 3).then_some(Span::seconds(25)),
        when_nobody_ready: rng.random_ratio(1, 3),
        to,
    };
    QueueSettings {
        id: QueueId(QUEUES[n].to_owned()),
        strategy: strategy(rng),
        request_timeout: Span::seconds(20),
        second_round_after: Span::seconds(10),
        max_wait: rng.random_ratio(1, 3).then_some(Span::seconds(120)),
        max_length: *[2, 5, 50, 50].choose(rng).unwrap_or(&50),
        overflow: rng.random_ratio(1, 3).then_some(overflow),
        open: true,
        return_grace: Span::seconds(15),
        close_after: Span::seconds(30),
        max_pending_messages: *[1, 3, 20].choose(rng).unwrap_or(&20),
    }
}

fn profiles(rng: &mut ChaCha8Rng, queues: &[QueueSettings]) -> Vec<Profile> {
    let delay = |rng: &mut ChaCha8Rng| Span::seconds(*[0, 0, 5, 15].choose(rng).unwrap_or(&0));
    (0..rng.random_range(1..=PROFILES.len()))
        .map(|n| {
            let mut serves: Vec<Serves> = queues
                .iter()
                .map(|queue| Serves {
                    queue: queue.id.clone(),
                    priority: rng.random_range(0..3),
                    delay: delay(rng),
                })
                .collect();
            // The first profile serves all, so that there is somebody for every chat.
            if n > 0 && serves.len() > 1 {
                serves.remove(rng.random_range(0..serves.len()));
            }
            Profile { id: ProfileId(PROFILES[n].to_owned()), queues: serves }
        })
        .collect()
}
