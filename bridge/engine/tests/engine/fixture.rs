//! Queues, profiles and agents to tell stories with.

use switchboard_engine::{
    AgentSettings, Overflow, OverflowTo, Profile, ProfileId, QueueId, QueueSettings, Serves, Setup,
    Span, Strategy,
};

use crate::render::agent_id;

pub(crate) fn sales() -> QueueId {
    queue_id("sales")
}

pub(crate) fn queue_id(name: &str) -> QueueId {
    QueueId(name.to_owned())
}

pub(crate) fn profile_id(name: &str) -> ProfileId {
    ProfileId(name.to_owned())
}

/// The sales queue. Short limits, so that tests need not go far to reach them.
pub(crate) fn settings() -> QueueSettings {
    QueueSettings {
        id: sales(),
        strategy: Strategy::LongestIdle,
        request_timeout: Span::seconds(45),
        second_round_after: Span::seconds(30),
        max_wait: None,
        max_length: 5,
        overflow: None,
        open: true,
        return_grace: Span::seconds(60),
        close_after: Span::seconds(600),
        max_pending_messages: 2,
    }
}

/// A queue like the sales queue, by another name.
pub(crate) fn queue(name: &str) -> QueueSettings {
    QueueSettings { id: queue_id(name), ..settings() }
}

pub(crate) fn with_strategy(strategy: Strategy) -> QueueSettings {
    QueueSettings { strategy, ..settings() }
}

/// Overflow after so many seconds.
pub(crate) fn after(seconds: u64, to: OverflowTo) -> Overflow {
    Overflow { after: Some(Span::seconds(seconds)), when_nobody_ready: false, to }
}

/// Overflow as soon as nobody is ready.
pub(crate) fn when_nobody_is_ready(to: OverflowTo) -> Overflow {
    Overflow { after: None, when_nobody_ready: true, to }
}

/// Overflow for no other reason than that a queue is full, or has been through all its agents.
pub(crate) fn at_last(to: OverflowTo) -> Overflow {
    Overflow { after: None, when_nobody_ready: false, to }
}

pub(crate) fn to(queue: &str) -> OverflowTo {
    OverflowTo::Queue(queue_id(queue))
}

/// A profile of queues, each with its priority and its delay in seconds.
pub(crate) fn profile(name: &str, queues: &[(&str, u8, u64)]) -> Profile {
    let serves = |&(queue, priority, delay): &(&str, u8, u64)| Serves {
        queue: queue_id(queue),
        priority,
        delay: Span::seconds(delay),
    };
    Profile { id: profile_id(name), queues: queues.iter().map(serves).collect() }
}

pub(crate) fn agents(agents: &[(&str, u32)]) -> Vec<AgentSettings> {
    let agent = |&(name, capacity): &(&str, u32)| AgentSettings { id: agent_id(name), capacity };
    agents.iter().map(agent).collect()
}

/// These queues and agents, and a profile "all" that serves all of the queues alike.
pub(crate) fn setup(queues: Vec<QueueSettings>, team: &[(&str, u32)]) -> Setup {
    let serves = |queue: &QueueSettings| Serves {
        queue: queue.id.clone(),
        priority: 1,
        delay: Span::default(),
    };
    let all = Profile { id: profile_id("all"), queues: queues.iter().map(serves).collect() };
    Setup { queues, profiles: vec![all], agents: agents(team), misses: 0 }
}
