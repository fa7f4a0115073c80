//! What agents do in a chat, and which agents there are.

use std::collections::BTreeMap;

use super::{Outcome, Turn, index::Index};
use crate::{
    agent::Agent,
    chat::{ChatState, EndReason},
    effect::{ChatEvent, Effect, Ignored, RecordKey, Refusal, RemoveReason},
    ids::{AgentId, ChatId, MessageRef},
};

impl Turn<'_> {
    pub(super) fn agent_sent(
        &mut self,
        id: ChatId,
        agent: AgentId,
        message: MessageRef,
    ) -> Outcome {
        let chat = self.chat(id)?;
        let effect = if chat.is_ended() {
            Effect::NotShown { chat: id, agent, message, why: Refusal::Ended }
        } else if chat.has(&agent) {
            Effect::Show { chat: id, agent, message }
        } else {
            Effect::NotShown { chat: id, agent, message, why: Refusal::NotInChat }
        };
        self.effects.push(effect);
        Ok(())
    }

    pub(super) fn agent_asks_end(
        &mut self,
        id: ChatId,
        agent: AgentId,
        customer_connected: bool,
    ) -> Outcome {
        self.check_talking(id, &agent)?;
        if customer_connected {
            self.effects.push(Effect::ConfirmEnd { chat: id, agent });
        } else {
            self.end(id, EndReason::Agent(agent));
        }
        Ok(())
    }

    pub(super) fn agent_confirms_end(&mut self, id: ChatId, agent: AgentId) -> Outcome {
        self.check_talking(id, &agent)?;
        self.end(id, EndReason::Agent(agent));
        Ok(())
    }

    pub(super) fn agent_closes(&mut self, id: ChatId, agent: &AgentId) -> Outcome {
        let chat = self.chat(id)?;
        if !chat.is_ended() || !chat.has(agent) {
            return Err(Ignored::Stale);
        }
        self.remove(id, agent, RemoveReason::Closed);
        Ok(())
    }

    fn check_talking(&self, id: ChatId, agent: &AgentId) -> Outcome {
        let chat = self.chat(id)?;
        if chat.is_ended() {
            return Err(Ignored::Ended);
        }
        if chat.has(agent) { Ok(()) } else { Err(Ignored::Stale) }
    }

    pub(super) fn agents_configured(&mut self, agents: Vec<(AgentId, u32)>) {
        let named: BTreeMap<AgentId, u32> = agents.into_iter().collect();
        let removed: Vec<AgentId> =
            self.engine.agents.keys().filter(|id| !named.contains_key(id)).cloned().collect();
        for id in removed {
            let request = self.engine.agents.get(&id).and_then(|agent| agent.request);
            if let Some(chat) = request {
                self.take_back(chat, &id, ChatEvent::Withdrawn { agent: id.clone() });
            }
            self.engine.agents.remove(&id);
            self.changed.insert(RecordKey::Agent(id));
        }
        for (id, capacity) in named {
            match self.engine.agents.get_mut(&id) {
                Some(agent) if agent.capacity == capacity => continue,
                Some(agent) => agent.capacity = capacity,
                None => {
                    let agent = Agent {
                        id: id.clone(),
                        capacity,
                        idle_since: self.now,
                        request: None,
                        withdrawing: Vec::new(),
                    };
                    self.engine.agents.insert(id.clone(), agent);
                }
            }
            self.changed.insert(RecordKey::Agent(id));
        }
        self.engine.index = Index::build(&self.engine.agents, &self.engine.chats);
        self.settle_all();
    }

    /// Those who are left may all have been asked already.
    fn settle_all(&mut self) {
        let waiting: Vec<ChatId> = self
            .engine
            .index
            .queued
            .values()
            .flatten()
            .map(|&(_, id)| id)
            .filter(|&id| {
                self.chat(id)
                    .is_ok_and(|chat| chat.state == ChatState::Waiting && !chat.excluded.is_empty())
            })
            .collect();
        for id in waiting {
            self.settle(id);
        }
    }
}
