//! What the rules need of the centre.

use switchboard_engine as engine;
use switchboard_engine::{AgentId, ProfileId, QueueId, Span, Time};

use crate::{
    hours,
    model::{Centre, Queue, Target},
};

impl Centre {
    /// The setup for the engine, with each queue open or closed as its hours say now.
    #[must_use]
    pub fn setup(&self, now: Time) -> engine::Setup {
        engine::Setup {
            queues: self.queues.iter().map(|q| q.settings(self.is_open(q, now))).collect(),
            profiles: self
                .effective_profiles()
                .iter()
                .map(|profile| engine::Profile {
                    id: ProfileId(profile.id.clone()),
                    queues: profile
                        .queues
                        .iter()
                        .map(|served| engine::Serves {
                            queue: QueueId(served.queue.clone()),
                            priority: served.priority,
                            delay: Span::seconds(served.delay_seconds),
                        })
                        .collect(),
                })
                .collect(),
            agents: self
                .agents
                .iter()
                .map(|agent| engine::AgentSettings {
                    id: AgentId(agent.id.clone()),
                    capacity: agent.capacity,
                })
                .collect(),
            misses: self.misses,
        }
    }

    /// Whether a queue's hours say that it is open.
    #[must_use]
    pub fn is_open(&self, queue: &Queue, now: Time) -> bool {
        hours::is_open(queue.hours.as_ref(), &self.time_zone, now)
    }

    /// When the first queue opens or closes next.
    #[must_use]
    pub fn next_change(&self, now: Time) -> Option<Time> {
        self.queues
            .iter()
            .filter_map(|queue| hours::next_change(queue.hours.as_ref(), &self.time_zone, now))
            .min()
    }
}

impl Queue {
    /// As the rules want it.
    #[must_use]
    pub fn settings(&self, open: bool) -> engine::QueueSettings {
        engine::QueueSettings {
            id: QueueId(self.id.clone()),
            strategy: self.strategy,
            request_timeout: Span::seconds(self.request_timeout_seconds),
            second_round_after: Span::seconds(self.second_round_after_seconds),
            max_wait: (self.max_wait_seconds > 0).then(|| Span::seconds(self.max_wait_seconds)),
            max_length: self.max_length,
            overflow: self.overflow.as_ref().map(|overflow| engine::Overflow {
                after: overflow.after_seconds.map(Span::seconds),
                when_nobody_ready: overflow.when_nobody_ready,
                to: match &overflow.to {
                    Target::Message => engine::OverflowTo::Message,
                    Target::Queue(id) => engine::OverflowTo::Queue(QueueId(id.clone())),
                },
            }),
            open,
            return_grace: Span::seconds(self.return_grace_seconds),
            close_after: Span::seconds(self.close_after_seconds),
            max_pending_messages: self.max_pending_messages,
        }
    }
}
