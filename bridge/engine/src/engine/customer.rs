//! What the customer does, and how a chat ends.

use std::{collections::BTreeSet, mem};

use super::{Outcome, Turn};
use crate::{
    bugs::{Bug, has},
    chat::{Chat, ChatState, EndReason, Room},
    effect::{ChatEvent, Effect, Ignored, InvitationEnd, Refusal},
    ids::{ChatId, MessageRef, QueueId},
};

impl Turn<'_> {
    pub(super) fn chat_started(&mut self, id: ChatId, queue: QueueId) -> Outcome {
        let settings = self.engine.roster.known_queue(&queue).ok_or(Ignored::UnknownQueue)?;
        if self.engine.chats.contains_key(&id) {
            return Err(Ignored::Duplicate);
        }
        let (open, full) = (settings.open, self.is_full(settings));
        let give_up_at = settings.max_wait.map(|wait| self.now + wait);
        let overflow_at = self.overflow_at(&queue);
        let chat = Chat::new(id, queue, self.now);
        self.insert_chat(Chat { give_up_at, overflow_at, ..chat });
        if !open {
            self.happened(id, ChatEvent::QueueClosed);
            self.offer_form(id);
        } else if full {
            self.happened(id, ChatEvent::QueueFull);
            if !self.overflow(id) {
                self.end(id, EndReason::NoAgent);
            }
        } else {
            self.happened(id, ChatEvent::Queued);
            self.overflow_if_nobody_is_ready(id);
        }
        Ok(())
    }

    pub(super) fn customer_sent(&mut self, id: ChatId, message: MessageRef) -> Outcome {
        let chat = self.chat(id)?;
        let max_pending = self.settings_of(chat).max_pending_messages;
        let refused = match chat.room {
            // Such a chat is over as well, but this tells the customer more.
            Room::Failed => Some(Refusal::NoRoom),
            _ if chat.is_ended() => Some(Refusal::Ended),
            // The form was offered: what is written into it has room.
            _ if chat.state == ChatState::Form => None,
            Room::None if at_least(chat.pending.len(), max_pending) => Some(Refusal::TooMany),
            Room::None | Room::Opening | Room::Open => None,
        };
        let (has_room, form) = (chat.room != Room::None, chat.state == ChatState::Form);
        if let Some(why) = refused {
            self.effects.push(Effect::Refuse { chat: id, message, why });
            return Ok(());
        }
        self.pass_on(id, message, has_room);
        if form {
            self.message_left(id);
        }
        Ok(())
    }

    pub(super) fn customer_ended(&mut self, id: ChatId) -> Outcome {
        let reason = match self.chat(id)?.state {
            ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => {
                EndReason::Abandoned
            }
            ChatState::Active { .. } => EndReason::Customer,
            ChatState::Ended { .. } => return Err(Ignored::Ended),
        };
        self.end(id, reason);
        Ok(())
    }

    pub(super) fn customer_away(&mut self, id: ChatId) -> Outcome {
        let chat = self.chat(id)?;
        let waits = chat.is_queued() && !chat.message || chat.state == ChatState::Form;
        if !waits {
            return Err(Ignored::Stale);
        }
        self.end(id, EndReason::Abandoned);
        Ok(())
    }

    /// Ends a chat: takes back its request, frees its agents for others at once, and leaves them in
    /// the room for a while.
    pub(super) fn end(&mut self, id: ChatId, reason: EndReason) {
        let Ok(chat) = self.chat(id) else { return };
        let close_after = self.settings_of(chat).close_after;
        if !has(Bug::KeepsRequestAtEnd) {
            self.take_back_all(id);
            self.drop_invitation(id, InvitationEnd::ChatOver);
        }
        let close_at = self.now + close_after;
        let mut refused = Vec::new();
        let mut freed = Vec::new();
        self.edit_chat(id, |chat| {
            refused = mem::take(&mut chat.pending);
            chat.ask_after = None;
            chat.give_up_at = None;
            chat.overflow_at = None;
            chat.late.clear();
            let agents = match &mut chat.state {
                ChatState::Active { agents, .. } => mem::take(agents),
                _ => BTreeSet::new(),
            };
            freed.extend(agents.iter().cloned());
            chat.state = ChatState::Ended {
                reason: reason.clone(),
                close_at: (!agents.is_empty()).then_some(close_at),
                agents,
            };
        });
        // They waited for a room that will never be.
        for message in refused {
            self.effects.push(Effect::Refuse { chat: id, message, why: Refusal::Ended });
        }
        self.happened(id, ChatEvent::Ended { reason });
        for agent in &freed {
            self.rest(agent);
        }
    }
}

fn at_least(count: usize, limit: u32) -> bool {
    u32::try_from(count).map_or(true, |count| count >= limit)
}
