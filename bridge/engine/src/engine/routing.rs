//! Who is asked next.

use super::Turn;
use crate::{
    agent::Agent,
    chat::{Chat, ChatState, EndReason},
    effect::{ChatEvent, Effect},
    ids::{AgentId, ChatId},
};

/// Whether an agent is one of those who may be asked to take this chat, now or when they are free.
///
/// This is the one place for rules about who serves which queue and who is ready. It must not
/// tell chats of the same queue apart (the index relies on that); what an agent said to a
/// particular chat is in [`Chat::excluded`].
pub(super) fn is_eligible(agent: &Agent, _chat: &Chat) -> bool {
    agent.capacity > 0
}

impl Turn<'_> {
    /// Asks agents until there is no waiting chat that has an available agent.
    pub(super) fn assign(&mut self) {
        while let Some((chat, agent)) =
            self.engine.index.next_request(&self.engine.agents, &self.engine.chats)
        {
            self.ring(chat, &agent);
        }
    }

    /// Whether this agent can be asked for this chat at once.
    pub(super) fn can_ask(&self, id: ChatId, agent: &AgentId) -> bool {
        let (Ok(chat), Some(agent)) = (self.chat(id), self.engine.agents.get(agent)) else {
            return false;
        };
        is_eligible(agent, chat) && self.engine.index.is_available(agent)
    }

    /// Asks an agent.
    pub(super) fn ring(&mut self, id: ChatId, agent: &AgentId) {
        self.open_room(id);
        let Ok(chat) = self.chat(id) else { return };
        let request = chat.requests.saturating_add(1);
        let waited = self.now - chat.since;
        let again = chat.asked.contains(agent);
        self.edit_chat(id, |chat| {
            chat.requests = request;
            chat.asked.insert(agent.clone());
            chat.removing.remove(agent);
            chat.ask_after = None;
            chat.state = ChatState::Ringing { agent: agent.clone(), request, deadline: None };
        });
        self.edit_agent(agent, |agent| agent.request = Some(id));
        let agent = agent.clone();
        self.happened(id, ChatEvent::Requested { agent: agent.clone(), request });
        self.effects.push(Effect::Ring { chat: id, request, agent, waited, again });
    }

    /// Excludes an agent who would not or could not take the chat.
    pub(super) fn pass_over(&mut self, id: ChatId, agent: &AgentId) {
        self.edit_chat(id, |chat| {
            chat.excluded.insert(agent.clone());
        });
        self.settle(id);
    }

    /// If a waiting chat has been through all its agents: starts the second round, or gives up.
    /// While there is no agent at all, it just waits.
    pub(super) fn settle(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let mut eligible =
            self.engine.agents.values().filter(|agent| is_eligible(agent, chat)).peekable();
        if chat.state != ChatState::Waiting
            || eligible.peek().is_none()
            || !eligible.all(|agent| chat.excluded.contains(&agent.id))
        {
            return;
        }
        if chat.round > 0 {
            self.end(id, EndReason::NoAgent);
            return;
        }
        let ask_after = self.now + self.settings_of(chat).second_round_after;
        self.edit_chat(id, |chat| {
            chat.round = 1;
            chat.excluded.clear();
            chat.ask_after = Some(ask_after);
        });
    }
}
