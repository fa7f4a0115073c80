//! What happens to chats that nobody takes where they are.

use super::Turn;
use crate::{
    bugs::{Bug, has},
    chat::{Chat, ChatState},
    effect::{ChatEvent, Effect},
    ids::{ChatId, MessageRef, QueueId},
    queue::{Overflow, OverflowTo, QueueSettings},
    time::Time,
};

impl Turn<'_> {
    /// Sends a queued chat where its queue's overflow says. Says whether it went there.
    pub(super) fn overflow(&mut self, id: ChatId) -> bool {
        let Ok(chat) = self.chat(id) else { return false };
        if chat.message || !chat.is_queued() {
            return false;
        }
        let to = self.settings_of(chat).overflow.as_ref().map(|overflow| overflow.to.clone());
        match to {
            Some(OverflowTo::Queue(to)) if self.has_place(&to, chat) => {
                let from = chat.queue.clone();
                self.take_back_all(id);
                self.edit_chat(id, |chat| {
                    chat.passed.insert(from.clone());
                });
                self.enter(id, &to);
                self.happened(id, ChatEvent::Overflowed { from, to });
                self.overflow_if_nobody_is_ready(id);
                true
            }
            Some(OverflowTo::Message) => {
                self.offer_form(id);
                true
            }
            Some(OverflowTo::Queue(_)) | None => {
                self.edit_chat(id, |chat| chat.overflow_at = None);
                false
            }
        }
    }

    fn has_place(&self, queue: &QueueId, chat: &Chat) -> bool {
        self.engine.roster.known_queue(queue).is_some_and(|queue| {
            queue.open && !chat.passed.contains(&queue.id) && !self.is_full(queue)
        })
    }

    pub(super) fn is_full(&self, queue: &QueueSettings) -> bool {
        let limit = usize::try_from(queue.max_length).unwrap_or(usize::MAX);
        self.engine.index.length(&queue.id) >= limit
    }

    /// Puts a waiting chat into another queue, where it is a new search for an agent.
    pub(super) fn enter(&mut self, id: ChatId, queue: &QueueId) {
        let overflow_at = self.overflow_at(queue);
        self.edit_chat(id, |chat| {
            chat.queue = queue.clone();
            chat.excluded.clear();
            chat.round = 0;
            chat.ask_after = has(Bug::OverflowLosesChat).then_some(Time(u64::MAX));
            chat.seen_until = chat.since;
            chat.overflow_at = overflow_at.filter(|_| !chat.message);
        });
    }

    /// When a chat that begins to wait in a queue now leaves it.
    pub(super) fn overflow_at(&self, queue: &QueueId) -> Option<Time> {
        let after = self.engine.roster.queue(queue).overflow.as_ref()?.after?;
        Some(self.now + after)
    }

    pub(super) fn overflow_if_nobody_is_ready(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let wanted = matches!(
            self.settings_of(chat).overflow,
            Some(Overflow { when_nobody_ready: true, .. })
        );
        if wanted
            && chat.state == ChatState::Waiting
            && !self.engine.index.anybody_ready(&chat.queue, &self.engine.roster)
        {
            self.overflow(id);
        }
    }

    /// The last ready agents of these queues may have gone.
    pub(super) fn overflow_where_nobody_is_ready(&mut self, queues: &[QueueId]) {
        for queue in queues {
            let settings = self.engine.roster.queue(queue);
            let wanted =
                matches!(settings.overflow, Some(Overflow { when_nobody_ready: true, .. }));
            if !wanted || self.engine.index.anybody_ready(queue, &self.engine.roster) {
                continue;
            }
            let waiting: Vec<ChatId> =
                self.engine.index.queued(queue).map(|(_, chat)| chat).collect();
            for id in waiting {
                self.overflow_if_nobody_is_ready(id);
            }
        }
    }

    /// Asks the customer to leave a message instead of waiting.
    pub(super) fn offer_form(&mut self, id: ChatId) {
        self.take_back_all(id);
        self.edit_chat(id, |chat| {
            chat.state = ChatState::Form;
            chat.ask_after = None;
            chat.give_up_at = None;
            chat.overflow_at = None;
        });
        self.happened(id, ChatEvent::FormOffered);
    }

    /// What the customer writes into the form is a message that waits for an agent, for as long as
    /// it takes.
    pub(super) fn message_left(&mut self, id: ChatId) {
        self.edit_chat(id, |chat| {
            chat.state = ChatState::Waiting;
            chat.message = true;
            chat.excluded.clear();
            chat.round = 0;
        });
        self.happened(id, ChatEvent::MessageLeft);
    }

    /// A message of the customer goes into the room, or waits for one.
    pub(super) fn pass_on(&mut self, id: ChatId, message: MessageRef, has_room: bool) {
        if has_room {
            self.effects.push(Effect::Relay { chat: id, message });
        } else {
            self.edit_room(id, |chat| chat.pending.push(message));
        }
    }
}
