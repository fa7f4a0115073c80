//! An account of who would not take a chat, kept from the events alone.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{
    AgentId, ChatEvent, ChatId, ChatState, Effect, Engine, Input, Removal, Step,
};

/// What the events of a chat have told about who will not take it.
#[derive(Debug, Default)]
struct Ledger {
    refused: BTreeSet<AgentId>,
    left: BTreeSet<AgentId>,
    round: u8,
}

#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    by_chat: BTreeMap<ChatId, Ledger>,
}

impl Ledgers {
    /// Nobody who would not take a chat is asked again while somebody else could be.
    pub(crate) fn keep(&mut self, before: &Engine, after: &Engine, input: &Input, step: &Step) {
        match input {
            Input::AgentsConfigured { .. } => {
                let waits = |chat: &ChatId| {
                    after
                        .chat(*chat)
                        .is_some_and(|chat| !matches!(chat.state, ChatState::Active { .. }))
                };
                let chats: Vec<ChatId> = self.by_chat.keys().copied().filter(waits).collect();
                for chat in chats {
                    self.turn_round(after, chat);
                }
            }
            Input::AgentGone { chat, agent, how: Removal::WithdrawnAfterJoin } => {
                let is_active = |engine: &Engine| {
                    engine
                        .chat(*chat)
                        .is_some_and(|chat| matches!(chat.state, ChatState::Active { .. }))
                };
                let back = is_active(before) && !is_active(after);
                let ledger = self.by_chat.entry(*chat).or_default();
                if back {
                    ledger.refused.append(&mut ledger.left);
                }
                ledger.refused.remove(agent);
            }
            _ => {}
        }
        for effect in &step.effects {
            if let Effect::Remove { chat, agent, .. } = effect {
                self.by_chat.entry(*chat).or_default().refused.remove(agent);
            }
            let Effect::Happened { chat, event } = effect else { continue };
            let ledger = self.by_chat.entry(*chat).or_default();
            match event {
                ChatEvent::Rejected { agent }
                | ChatEvent::Missed { agent }
                | ChatEvent::RequestFailed { agent } => {
                    ledger.refused.insert(agent.clone());
                    self.turn_round(after, *chat);
                }
                ChatEvent::Left { agent, .. }
                    if !matches!(
                        input,
                        Input::AgentGone { how: Removal::WithdrawnAfterJoin, .. }
                    ) =>
                {
                    ledger.left.insert(agent.clone());
                }
                ChatEvent::Joined { agent, .. } => {
                    ledger.refused.remove(agent);
                    ledger.left.remove(agent);
                }
                ChatEvent::Requeued if matches!(input, Input::Timer) => {
                    ledger.refused = std::mem::take(&mut ledger.left);
                    ledger.round = 0;
                    self.turn_round(after, *chat);
                }
                ChatEvent::Requested { agent, .. } => {
                    assert!(!ledger.refused.contains(agent), "{agent} is asked again too soon");
                }
                _ => {}
            }
        }
    }

    fn turn_round(&mut self, engine: &Engine, chat: ChatId) {
        let ledger = self.by_chat.entry(chat).or_default();
        let mut eligible = engine.agents().filter(|agent| agent.capacity > 0).peekable();
        if eligible.peek().is_some() && eligible.all(|agent| ledger.refused.contains(&agent.id)) {
            ledger.refused.clear();
            ledger.round += 1;
            if ledger.round > 1 {
                let state = engine.chat(chat).map(|chat| &chat.state);
                assert!(matches!(state, Some(ChatState::Ended { .. })), "a third round");
            }
        }
    }
}
