//! An account of who would not take a chat and of where it has been, kept from the events alone.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{
    AgentId, ChatEvent, ChatId, ChatState, Effect, Engine, Input, QueueId, Removal, Step,
};

/// What the events of a chat have told.
#[derive(Debug, Default)]
struct Ledger {
    refused: BTreeSet<AgentId>,
    left: BTreeSet<AgentId>,
    round: u8,
    passed: BTreeSet<QueueId>,
    message: bool,
}

impl Ledger {
    /// A new search for an agent begins.
    fn begin(&mut self, refused: BTreeSet<AgentId>) {
        self.refused = refused;
        self.round = 0;
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    by_chat: BTreeMap<ChatId, Ledger>,
}

impl Ledgers {
    /// Nobody who would not take a chat is asked again while somebody else could be, and no chat
    /// goes back by itself to a queue that had nobody for it.
    pub(crate) fn keep(&mut self, before: &Engine, after: &Engine, input: &Input, step: &Step) {
        if let Input::AgentGone { chat, agent, how: Removal::WithdrawnAfterJoin } = input {
            self.undo_kick(before, after, *chat, agent);
        }
        for effect in &step.effects {
            if let Effect::Remove { chat, agent, .. } = effect {
                self.by_chat.entry(*chat).or_default().refused.remove(agent);
            }
            if let Effect::Happened { chat, event } = effect {
                self.note(after, input, *chat, event);
            }
        }
        for chat in after.chats().filter(|chat| chat.is_queued()) {
            let ledger = self.by_chat.entry(chat.id).or_default();
            assert_eq!(chat.excluded, ledger.refused, "{chat:?}");
        }
    }

    /// Whom our withdrawal hit was willing; if the chat had only them, it looks for an agent again.
    fn undo_kick(&mut self, before: &Engine, after: &Engine, chat: ChatId, agent: &AgentId) {
        let is_active = |engine: &Engine| {
            engine.chat(chat).is_some_and(|chat| matches!(chat.state, ChatState::Active { .. }))
        };
        let back = is_active(before) && !is_active(after);
        let ledger = self.by_chat.entry(chat).or_default();
        if back {
            ledger.refused.append(&mut ledger.left);
            ledger.passed.clear();
        }
        ledger.refused.remove(agent);
    }

    fn note(&mut self, after: &Engine, input: &Input, chat: ChatId, event: &ChatEvent) {
        let was_hit = matches!(input, Input::AgentGone { how: Removal::WithdrawnAfterJoin, .. });
        let assigned =
            |agent| matches!(input, Input::Assigned { agent: chosen, .. } if chosen == agent);
        let ledger = self.by_chat.entry(chat).or_default();
        match event {
            ChatEvent::Rejected { agent }
            | ChatEvent::Missed { agent }
            | ChatEvent::RequestFailed { agent } => {
                ledger.refused.insert(agent.clone());
            }
            ChatEvent::Left { agent, .. } if !was_hit => {
                ledger.left.insert(agent.clone());
            }
            ChatEvent::Joined { agent, .. } => {
                ledger.refused.remove(agent);
                ledger.left.remove(agent);
            }
            ChatEvent::Requeued if !was_hit => {
                let left = std::mem::take(&mut ledger.left);
                ledger.begin(left);
                ledger.passed.clear();
            }
            ChatEvent::RoundOver => {
                let queue = after.chat(chat).expect("exists").queue.clone();
                assert!(after.ready(&queue).all(|agent| ledger.refused.contains(agent)));
                assert!(ledger.round == 0 || ledger.message, "a third round");
                ledger.refused.clear();
                ledger.round = 1;
            }
            ChatEvent::Overflowed { from, to } => {
                ledger.begin(BTreeSet::new());
                ledger.passed.insert(from.clone());
                assert!(!ledger.passed.contains(to), "back in {to}");
            }
            ChatEvent::Moved { .. } => {
                ledger.begin(BTreeSet::new());
                ledger.passed.clear();
            }
            ChatEvent::MessageLeft => {
                ledger.begin(BTreeSet::new());
                ledger.message = true;
            }
            ChatEvent::Requested { agent, .. } if assigned(agent) => {
                ledger.refused.remove(agent);
            }
            ChatEvent::Requested { agent, .. } => {
                assert!(!ledger.refused.contains(agent), "{agent} is asked again too soon");
            }
            _ => {}
        }
    }
}
