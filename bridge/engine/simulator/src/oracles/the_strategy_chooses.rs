//! Of the agents who could be asked for a chat, the queue's strategy chooses: the longest idle, the
//! least busy, or who was asked the longest time ago.

use std::collections::BTreeMap;

use switchboard_engine::{Agent, AgentId, ChatId, Effect, Engine, Input, Span, Strategy, Time};

use super::Stepped;

#[derive(Debug, Default)]
pub(super) struct Choices {
    /// When everybody was asked last, before this step.
    asked_at: BTreeMap<AgentId, Time>,
    /// Delays that ended since are not known to the engine yet.
    last_timer: Time,
    committed: Time,
}

impl Choices {
    pub(super) fn committed(&mut self) {
        self.committed = self.last_timer;
    }

    pub(super) fn reload(&mut self, engine: &Engine) {
        self.last_timer = self.committed;
        self.asked_at = engine.agents().map(|agent| (agent.id.clone(), agent.asked_at)).collect();
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        if *at.input == Input::Timer {
            self.last_timer = at.now;
        }
        let mut rings = at.step.effects.iter().filter_map(|effect| match effect {
            Effect::Ring { chat, agent, .. } => Some((*chat, agent)),
            _ => None,
        });
        // If there are several, whom one chat passes over may have been meant for another.
        let (first, second) = (rings.next(), rings.next());
        let Some((chat, agent)) = first else {
            if matches!(at.input, Input::Configured { .. }) {
                self.asked_at.retain(|agent, _| at.engine.agent(agent).is_some());
            }
            return Ok(());
        };
        let result = match second {
            None if !at.is_wanted(chat, agent) => self.check(at, chat, agent),
            _ => Ok(()),
        };
        for effect in &at.step.effects {
            if let Effect::Ring { agent, .. } = effect {
                self.asked_at.insert(agent.clone(), at.now);
            }
        }
        // Who becomes an agent again was never asked.
        self.asked_at.retain(|agent, _| at.engine.agent(agent).is_some());
        result
    }

    fn check(&self, at: &Stepped<'_>, chat: ChatId, asked: &AgentId) -> Result<(), String> {
        let (Some(chat), Some(asked)) = (at.engine.chat(chat), at.engine.agent(asked)) else {
            return Ok(());
        };
        let queue = at.setup.queues.iter().find(|queue| queue.id == chat.queue);
        let Some(strategy) = queue.map(|queue| queue.strategy) else { return Ok(()) };
        let rank = |agent: &Agent| {
            let talking = at.talking(&agent.id);
            let asked_at = self.asked_at.get(&agent.id).copied().unwrap_or_default();
            match strategy {
                Strategy::LongestIdle => (0, agent.idle_since, agent.id.clone()),
                Strategy::LeastBusy => (talking, agent.idle_since, agent.id.clone()),
                Strategy::RoundRobin => (0, asked_at, agent.id.clone()),
                // All of them, whoever comes first.
                Strategy::RingAll => (0, Time::default(), AgentId(String::new())),
            }
        };
        let free = |agent: &&Agent| {
            agent.is_ready()
                && agent.request.is_none()
                && agent.withdrawing.is_empty()
                && (at.talking(&agent.id) as u64) < u64::from(agent.capacity)
                && !chat.excluded.contains(&agent.id)
                && at
                    .serves(&agent.id, chat)
                    .is_some_and(|s| s.delay == Span(0) || chat.since + s.delay <= self.last_timer)
                && at.goes_before(&agent.id, chat).is_none()
        };
        let better = at.engine.agents().filter(free).find(|agent| rank(agent) < rank(asked));
        match better {
            Some(agent) => Err(format!(
                "{} is asked for chat {}, but {} comes first",
                asked.id, chat.id.0, agent.id
            )),
            None => Ok(()),
        }
    }
}
