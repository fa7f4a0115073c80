//! Who has rejected or missed a chat, or could not be asked, or left it, is not asked for it again
//! before its round is over.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{AgentId, ChatEvent, ChatId, Effect, Engine, Input, Removal};

use super::Stepped;

#[derive(Debug, Default)]
struct Of {
    excluded: BTreeSet<AgentId>,
    left: BTreeSet<AgentId>,
}

#[derive(Debug, Default)]
pub(super) struct Exclusions {
    chats: BTreeMap<ChatId, Of>,
}

impl Exclusions {
    pub(super) fn reload(&mut self, engine: &Engine) {
        let of = |chat: &switchboard_engine::Chat| Of {
            excluded: chat.excluded.clone(),
            left: chat.left.clone(),
        };
        self.chats = engine.chats().map(|chat| (chat.id, of(chat))).collect();
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        // A supervisor's will goes before, and whom our own withdrawal hit was willing.
        if let Input::Assigned { chat, agent } | Input::AgentGone { chat, agent, .. } = at.input {
            self.chats.entry(*chat).or_default().excluded.remove(agent);
        }
        for effect in &at.step.effects {
            match effect {
                Effect::Ring { chat, agent, .. }
                    if self.chats.get(chat).is_some_and(|of| of.excluded.contains(agent)) =>
                {
                    return Err(format!("{agent} is asked for chat {} again", chat.0));
                }
                // Who came too late was willing.
                Effect::Remove { chat, agent, .. } => {
                    self.chats.entry(*chat).or_default().excluded.remove(agent);
                }
                // They did not want to go.
                Effect::Happened { event: ChatEvent::Left { .. }, .. } if is_undone(at.input) => {}
                Effect::Happened { chat, event } => self.happened(*chat, event),
                _ => {}
            }
        }
        Ok(())
    }

    fn happened(&mut self, chat: ChatId, event: &ChatEvent) {
        let of = self.chats.entry(chat).or_default();
        match event {
            ChatEvent::Rejected { agent }
            | ChatEvent::Missed { agent }
            | ChatEvent::RequestFailed { agent } => {
                of.excluded.insert(agent.clone());
            }
            ChatEvent::Left { agent, .. } => {
                of.left.insert(agent.clone());
            }
            ChatEvent::Joined { agent, .. } => {
                of.excluded.remove(agent);
                of.left.remove(agent);
            }
            ChatEvent::Requeued => of.excluded = std::mem::take(&mut of.left),
            ChatEvent::RoundOver
            | ChatEvent::MessageLeft
            | ChatEvent::Moved { .. }
            | ChatEvent::Overflowed { .. } => of.excluded.clear(),
            _ => {}
        }
    }
}

fn is_undone(input: &Input) -> bool {
    matches!(input, Input::AgentGone { how: Removal::WithdrawnAfterJoin, .. })
}
