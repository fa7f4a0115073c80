//! A schedule's setup as the configuration that an administrator would have written.

use switchboard::runner::driven;
use switchboard_centre::{
    Centre,
    model::{Agent, Overflow, Profile, Queue, Served, Site, Target},
};
use switchboard_engine::{OverflowTo, QueueSettings, Setup, Span};

/// The only site; it offers every queue.
pub(super) const SITE: &str = "shop";

/// The configuration. What it means for the rules is the same setup again.
pub(super) fn of(setup: &Setup) -> Centre {
    let mut site = Site::new(SITE, "Shop");
    site.queues = setup.queues.iter().map(|queue| queue.id.0.clone()).collect();
    let profile = |profile: &switchboard_engine::Profile| Profile {
        id: profile.id.0.clone(),
        name: profile.id.0.clone(),
        queues: profile
            .queues
            .iter()
            .map(|serves| Served {
                queue: serves.queue.0.clone(),
                priority: serves.priority,
                delay_seconds: seconds(serves.delay),
            })
            .collect(),
    };
    let agent = |agent: &switchboard_engine::AgentSettings| Agent {
        capacity: agent.capacity,
        ..Agent::new(agent.id.0.clone(), agent.id.0.clone())
    };
    Centre {
        misses: setup.misses,
        queues: setup.queues.iter().map(queue).collect(),
        profiles: setup.profiles.iter().map(profile).collect(),
        agents: setup.agents.iter().map(agent).collect(),
        sites: vec![site],
        ..Centre::default()
    }
}

fn queue(settings: &QueueSettings) -> Queue {
    let overflow = settings.overflow.as_ref().map(|overflow| Overflow {
        after_seconds: overflow.after.map(seconds),
        when_nobody_ready: overflow.when_nobody_ready,
        to: match &overflow.to {
            OverflowTo::Message => Target::Message,
            OverflowTo::Queue(queue) => Target::Queue(queue.0.clone()),
        },
    });
    Queue {
        strategy: settings.strategy,
        request_timeout_seconds: seconds(settings.request_timeout),
        second_round_after_seconds: seconds(settings.second_round_after),
        max_wait_seconds: settings.max_wait.map_or(0, seconds),
        max_length: settings.max_length,
        return_grace_seconds: seconds(settings.return_grace),
        close_after_seconds: seconds(settings.close_after),
        max_pending_messages: settings.max_pending_messages,
        overflow,
        hours: (!settings.open).then(driven::closed),
        ..Queue::new(settings.id.0.clone(), settings.id.0.clone())
    }
}

fn seconds(span: Span) -> u64 {
    span.0 / 1000
}

#[cfg(test)]
mod tests {
    use switchboard_engine::Time;

    use super::*;
    use crate::schedule::Schedule;

    #[test]
    fn a_setup_survives_being_written_as_a_configuration() {
        let mut seen = [false; 2];
        for mut setup in (0..200).flat_map(|seed| Schedule::new(seed).setups) {
            let last = setup.queues.len() - 1;
            setup.queues[last].open = setup.misses != 1;
            seen[usize::from(setup.queues[last].open)] = true;
            assert_eq!(of(&setup).setup(Time(1_000_000)), setup);
        }
        assert_eq!(seen, [true, true]);
    }
}
