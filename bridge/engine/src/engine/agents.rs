//! What agents do in a chat.

use super::{Outcome, Turn};
use crate::{
    bugs::{Bug, has},
    chat::EndReason,
    effect::{Effect, Ignored, Refusal, RemoveReason},
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
        let effect = if chat.is_ended() && has(Bug::DropsLateMessage) {
            return Err(Ignored::Ended);
        } else if chat.is_ended() {
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
}
