//! Nobody is asked who is not ready, by what they said last; who wanted to pause after their chats
//! pauses then; and nobody counts as not responding who did not miss that many requests in a row.

use std::collections::BTreeMap;

use switchboard_engine::{Agent, AgentId, ChatEvent, Effect, Engine, Input, Status, StatusWhy};

use super::Stepped;

#[derive(Debug, Default, Clone, Copy)]
struct Wish {
    ready: bool,
    misses: u32,
}

#[derive(Debug, Default)]
pub(super) struct Wishes {
    agents: BTreeMap<AgentId, Wish>,
}

impl Wishes {
    pub(super) fn reload(&mut self, engine: &Engine) {
        let wish = |agent: &Agent| Wish {
            ready: agent.status == Status::Ready && !agent.pausing,
            misses: agent.misses,
        };
        self.agents = engine.agents().map(|agent| (agent.id.clone(), wish(agent))).collect();
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        let asks = |effect: &Effect| {
            matches!(effect, Effect::Ignored { .. } | Effect::ConfirmLogOff { .. })
        };
        if !at.step.effects.iter().any(asks) {
            self.said(at.input);
        }
        for effect in &at.step.effects {
            match effect {
                Effect::Happened { event: ChatEvent::Missed { agent }, .. } => {
                    self.agents.entry(agent.clone()).or_default().misses += 1;
                }
                // Signs of life.
                Effect::Happened {
                    event: ChatEvent::Rejected { agent } | ChatEvent::Joined { agent, first: true },
                    ..
                } => self.agents.entry(agent.clone()).or_default().misses = 0,
                Effect::AgentChanged { agent, status, why } => {
                    let wish = self.agents.entry(agent.clone()).or_default();
                    wish.ready = *status == Status::Ready;
                    if *why == StatusWhy::Missed && wish.misses < at.setup.misses {
                        return Err(format!("{agent} has missed only {}", wish.misses));
                    }
                }
                Effect::Ring { agent, chat, .. }
                    if !self.agents.get(agent).is_some_and(|wish| wish.ready) =>
                {
                    return Err(format!("{agent} is asked for chat {} and is not ready", chat.0));
                }
                _ => {}
            }
        }
        let over = |agent: &&Agent| agent.pausing && at.talking(&agent.id) == 0;
        if let Some(agent) = at.engine.agents().find(over) {
            return Err(format!("{} has no chats any more and does not pause", agent.id));
        }
        if let Input::Configured { .. } = at.input {
            self.agents.retain(|id, _| at.engine.agent(id).is_some());
        }
        Ok(())
    }

    fn said(&mut self, input: &Input) {
        match input {
            Input::AgentLogsOn { agent, .. } | Input::AgentReady { agent } => {
                let wish = self.agents.entry(agent.clone()).or_default();
                // Who was ready already keeps their count.
                wish.misses = if wish.ready { wish.misses } else { 0 };
                wish.ready = true;
            }
            Input::AgentPauses { agent, .. } | Input::AgentLogsOff { agent, .. } => {
                self.agents.entry(agent.clone()).or_default().ready = false;
            }
            _ => {}
        }
    }
}
