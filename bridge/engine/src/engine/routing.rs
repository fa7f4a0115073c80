//! Who is asked next.

use std::collections::BTreeSet;

use super::{Turn, index};
use crate::{
    bugs::{Bug, has},
    chat::{Chat, ChatState, EndReason, Request},
    effect::{ChatEvent, Effect},
    ids::{AgentId, ChatId},
};

impl Turn<'_> {
    /// Asks agents until no chat may ask an available agent any more.
    ///
    /// Before the input there was no such pair, so only chats and agents that the input has woken
    /// can be part of one.
    pub(super) fn assign(&mut self) {
        while let Some((chat, agent)) = self.next_pair() {
            self.ring(chat, &agent);
        }
    }

    fn next_pair(&mut self) -> Option<(ChatId, AgentId)> {
        while let Some(id) = self.woken_agents.first() {
            if let Some(chat) = self.best_chat(id) {
                return self.best_pair(chat);
            }
            self.woken_agents.pop_first();
        }
        let nobody = BTreeSet::new();
        while let Some(&(_, id)) = self.woken_chats.first() {
            // Whom this chat would ask may have another chat to be asked for first.
            let chat = self.askable(id).and_then(|chat| self.best_agent(chat, &nobody));
            if let Some(chat) = chat.and_then(|agent| self.best_chat(&agent)) {
                return self.best_pair(chat);
            }
            self.woken_chats.pop_first();
        }
        None
    }

    /// A chat and, by its queue's strategy, an agent for whom no other chat goes first.
    fn best_pair(&self, id: ChatId) -> Option<(ChatId, AgentId)> {
        let chat = self.askable(id)?;
        let mut skip = BTreeSet::new();
        loop {
            let agent = self.best_agent(chat, &skip)?;
            if self.best_chat(&agent) == Some(id) {
                return Some((id, agent));
            }
            skip.insert(agent);
        }
    }

    fn askable(&self, id: ChatId) -> Option<&Chat> {
        self.chat(id).ok().filter(|chat| index::may_ask(chat, &self.engine.roster))
    }

    fn best_agent(&self, chat: &Chat, skip: &BTreeSet<AgentId>) -> Option<AgentId> {
        self.engine.index.best_agent(chat, &self.engine.roster, self.now, skip)
    }

    fn best_chat(&self, agent: &AgentId) -> Option<ChatId> {
        if !self.engine.index.is_available(agent) {
            return None;
        }
        let agent = self.engine.agents.get(agent)?;
        self.engine.index.best_chat(agent, &self.engine.roster, self.now)
    }

    /// Whether this agent can be asked for this chat at once.
    pub(super) fn can_ask(&self, id: ChatId, agent: &AgentId) -> bool {
        let Ok(chat) = self.chat(id) else { return false };
        self.engine.index.is_available(agent)
            && self.engine.index.ready(&chat.queue, &self.engine.roster).any(|a| a == agent)
    }

    /// Asks an agent.
    pub(super) fn ring(&mut self, id: ChatId, agent: &AgentId) {
        self.request(id, agent, false);
    }

    /// Asks an agent, be it by the rules or because a supervisor wants this one.
    pub(super) fn request(&mut self, id: ChatId, agent: &AgentId, assigned: bool) {
        self.open_room(id);
        let Ok(chat) = self.chat(id) else { return };
        let number = chat.requests.saturating_add(1);
        let waited = self.now - chat.since;
        let again = chat.asked.contains(agent);
        let rings = chat.requests_now().is_some();
        let ask = |chat: &mut Chat| {
            chat.requests = number;
            chat.asked.insert(agent.clone());
            chat.removing.remove(agent);
            chat.ask_after = None;
            let request = Request { number, deadline: None, assigned };
            match &mut chat.state {
                ChatState::Ringing { requests } => {
                    requests.insert(agent.clone(), request);
                }
                state => {
                    *state = ChatState::Ringing { requests: [(agent.clone(), request)].into() };
                }
            }
        };
        if rings {
            self.edit_ringing(id, agent, ask);
        } else {
            self.edit_chat(id, ask);
        }
        let now = self.now;
        self.edit_agent(agent, |agent| {
            agent.request = Some(id);
            if !has(Bug::ForgetsWhoWasAsked) {
                agent.asked_at = now;
            }
        });
        let agent = agent.clone();
        self.happened(id, ChatEvent::Requested { agent: agent.clone(), request: number });
        let ring = Effect::Ring { chat: id, request: number, agent, waited, again, by: None };
        self.effects.push(ring);
    }

    /// Excludes an agent who would not or could not take the chat.
    pub(super) fn exclude(&mut self, id: ChatId, agent: &AgentId) {
        if has(Bug::ForgetsExclusion) {
            return;
        }
        self.edit_chat(id, |chat| {
            chat.excluded.insert(agent.clone());
        });
    }

    /// Goes on with a chat after a request came to nothing.
    pub(super) fn go_on(&mut self, id: ChatId) {
        let now = self.now;
        // What was due while it rang.
        let due = self.chat(id).is_ok_and(|chat| {
            chat.state == ChatState::Waiting && chat.overflow_at.is_some_and(|at| at <= now)
        });
        if !(due && self.overflow(id)) {
            self.settle(id);
            self.overflow_if_nobody_is_ready(id);
        }
    }

    /// If a waiting chat has been through all its agents: starts the second round, or gives up.
    /// While no agent is ready, it just waits.
    pub(super) fn settle(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        if chat.state != ChatState::Waiting || chat.excluded.is_empty() {
            return;
        }
        if !self.is_through(chat) || has(Bug::NoSecondRound) {
            return;
        }
        // Who has left a message does not wait for it to be answered; it is offered again and again.
        if chat.round > 0 && !chat.message {
            if !self.overflow(id) {
                self.end(id, EndReason::NoAgent);
            }
            return;
        }
        let ask_after = self.now + self.settings_of(chat).second_round_after;
        self.edit_chat(id, |chat| {
            chat.round = 1;
            chat.excluded.clear();
            chat.ask_after = Some(ask_after);
        });
        self.happened(id, ChatEvent::RoundOver);
    }

    /// Whether a chat has been through all who are ready. Nobody is not all.
    fn is_through(&self, chat: &Chat) -> bool {
        let mut ready = self.engine.index.ready(&chat.queue, &self.engine.roster).peekable();
        ready.peek().is_some() && ready.all(|agent| chat.excluded.contains(agent))
    }
}
