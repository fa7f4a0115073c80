//! Every chat is in exactly one place: at its place in one queue, with its agents, asked for a
//! message, or over. No chat disappears, and the start of its waiting never changes.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{Chat, ChatId, ChatState, Engine, QueueId, RecordKey, Time};

use super::Stepped;

#[derive(Debug, Default)]
pub(super) struct Places {
    since: BTreeMap<ChatId, Time>,
}

impl Places {
    pub(super) fn reload(&mut self, engine: &Engine) {
        self.since = engine.chats().map(|chat| (chat.id, chat.since)).collect();
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        for key in &at.step.changed {
            let RecordKey::Chat(id) = key else { continue };
            let Some(chat) = at.engine.chat(*id) else {
                return Err(format!("chat {} is gone", id.0));
            };
            let since = *self.since.entry(*id).or_insert(chat.since);
            if since != chat.since {
                return Err(format!(
                    "chat {} has waited since {}, not {}",
                    id.0, since.0, chat.since.0
                ));
            }
            check(at.engine, chat)?;
        }
        let queued = at.engine.chats().filter(|chat| chat.is_queued()).count();
        // A chat may outlive its queue.
        let places: BTreeSet<&QueueId> = at.engine.chats().map(|chat| &chat.queue).collect();
        let listed: usize = places.into_iter().map(|queue| at.engine.waiting(queue).count()).sum();
        if queued != listed {
            return Err(format!("{queued} chats wait, {listed} have a place"));
        }
        if at.engine.chats().count() != self.since.len() {
            return Err("a chat is gone".to_owned());
        }
        Ok(())
    }
}

fn check(engine: &Engine, chat: &Chat) -> Result<(), String> {
    let id = chat.id;
    if chat.is_queued() {
        let place = engine.waiting(&chat.queue).position(|other| other == id);
        if place.map(|place| place + 1) != engine.position(id) || place.is_none() {
            return Err(format!("chat {} has no place in its queue", id.0));
        }
    } else if engine.position(id).is_some() {
        return Err(format!("chat {} does not wait, but has a place", id.0));
    }
    let talks = |agent| engine.chats_of(agent).any(|other| other == id);
    match &chat.state {
        ChatState::Active { agents, return_at } => {
            if agents.is_empty() != return_at.is_some() {
                return Err(format!("chat {} is with nobody for ever", id.0));
            }
            if !agents.iter().all(talks) {
                return Err(format!("chat {} is not with its agents", id.0));
            }
        }
        ChatState::Ended { .. } if !chat.pending.is_empty() => {
            return Err(format!("chat {} is over, and messages wait", id.0));
        }
        _ => {}
    }
    Ok(())
}
