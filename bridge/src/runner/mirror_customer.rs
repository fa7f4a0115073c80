//! What customers change of what both sides see. It is done in the feed at once, and in the agents'
//! room by effects, which name their targets by event, or, where that is not known yet, by the effect
//! that puts it into the room. The same of agents is in `mirror`.

use ruma::OwnedEventId;
use switchboard_engine::ChatId;

use super::{
    batch::Batch,
    mirror::REACTIONS_MOST,
    records::{Author, EditRecord, EventPlace, LogEntry, MessageRecord, ReactionRecord, Sending},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::{
        input::CustomerChange,
        wire::{FeedBody, RefusalReason},
    },
    matrix::{emoji, rich},
    outbox::effect::{Deed, Lane, OutboxEffect, Target},
};

impl State {
    /// Handles a change that the customer has made.
    pub(super) async fn customer_changed(
        &mut self,
        chat: ChatId,
        (key, feed): (String, u64),
        change: CustomerChange,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if self.is_over(chat) {
            let reason = RefusalReason::Ended;
            self.feed(chat, FeedBody::Undelivered { key, reason }, batch)?;
            return Ok(());
        }
        // What is gone meanwhile cannot be changed, and the page hears that it is gone.
        let Some(message) = self.message(chat, feed, batch).await? else { return Ok(()) };
        if message.removed {
            return Ok(());
        }
        let own = message.agent.is_none();
        match change {
            CustomerChange::Edit { text } if own => {
                self.customer_edited(chat, (key, feed), message, text, batch)
            }
            CustomerChange::Remove {} if own => {
                self.customer_removed(chat, (key, feed), message, batch).await
            }
            CustomerChange::React { emoji, on } => {
                self.customer_reacted(chat, (key, feed), message, (emoji, on), batch)
            }
            CustomerChange::Edit { .. } | CustomerChange::Remove {} => Ok(()),
        }
    }

    fn customer_edited(
        &mut self,
        chat: ChatId,
        (key, feed): (String, u64),
        mut message: MessageRecord,
        text: String,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let sent = self.batch_time().0;
        let entry = LogEntry::Edited {
            message: message.log,
            feed,
            agent: None,
            text: text.clone(),
            html: None,
            event: None,
            sent,
        };
        let log = self.log(chat, entry, batch)?;
        let content = rich::tree(&text, None);
        let shown = FeedBody::Edited { target: feed, content, key: Some(key.clone()) };
        self.feed(chat, shown, batch)?;
        message.add(EditRecord { sent, event: None, log });
        Self::keep_message(chat, feed, &message, batch)?;
        // What is not in the room yet will come with its newest text.
        if let Some(to) = message.target() {
            self.send_after(chat, Deed::Amend { to, text, feed, key }, batch);
        }
        Ok(())
    }

    async fn customer_removed(
        &mut self,
        chat: ChatId,
        (key, feed): (String, u64),
        message: MessageRecord,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let entry = LogEntry::Removed { message: message.log, feed, by: None, only_in_room: false };
        self.log(chat, entry, batch)?;
        self.feed(chat, FeedBody::Removed { target: feed, key: Some(key.clone()) }, batch)?;
        let message = MessageRecord { removed: true, ..message };
        Self::keep_message(chat, feed, &message, batch)?;
        Self::drop_files(chat, self.log_entry(chat, message.log, batch).await?, batch);
        let files = message.attached.iter();
        let files = files.filter_map(|file| target(file.event.clone(), Some(file.effect)));
        for of in message.target().into_iter().chain(files) {
            self.send_after(chat, Deed::TakeBack { of, key: key.clone() }, batch);
        }
        Ok(())
    }

    fn customer_reacted(
        &mut self,
        chat: ChatId,
        (key, feed): (String, u64),
        mut message: MessageRecord,
        (emoji, on): (String, bool),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let is_it = |reaction: &ReactionRecord| {
            reaction.agent.is_none() && emoji::is_same(&reaction.emoji, &emoji)
        };
        let there = message.reactions.iter().position(is_it);
        let shown =
            FeedBody::Reaction { target: feed, emoji, by: None, on, key: Some(key.clone()) };
        let FeedBody::Reaction { emoji, .. } = &shown else { return Ok(()) };
        let entry = LogEntry::Reacted {
            message: message.log,
            feed,
            agent: None,
            emoji: emoji.clone(),
            on,
            event: None,
        };
        match (there, on) {
            (None, true) if message.reactions.len() < REACTIONS_MOST => {
                let emoji = emoji.clone();
                let effect = message.target().map(|to| {
                    let deed = Deed::React { to, emoji: emoji.clone(), feed, key };
                    self.send_after(chat, deed, batch)
                });
                message.reactions.push(ReactionRecord { emoji, agent: None, event: None, effect });
            }
            (Some(at), false) => {
                let reaction = message.reactions.remove(at);
                if let Some(of) = target(reaction.event, reaction.effect) {
                    self.send_after(chat, Deed::TakeBack { of, key }, batch);
                }
            }
            // Nothing to do, but the page waits for an answer to its key.
            _ => {
                self.feed(chat, shown, batch)?;
                return Ok(());
            }
        }
        self.log(chat, entry, batch)?;
        self.feed(chat, shown, batch)?;
        Self::keep_message(chat, feed, &message, batch)
    }

    /// Puts a deed behind what it is about.
    fn send_after(&mut self, chat: ChatId, deed: Deed, batch: &mut Batch) -> Sending {
        let created = self.batch_time().0;
        let waits_for = match deed.target() {
            Some(Target::Effect { effect, .. }) if self.open_effects.contains_key(effect) => {
                Some(*effect)
            }
            _ => None,
        };
        let effect = OutboxEffect {
            place: chat.into(),
            lane: Lane::Timeline,
            after: waits_for.into_iter().collect(),
            created,
            deed,
        };
        Sending { effect: self.add_effect(effect, batch).0, created }
    }

    /// An event of the customer is in the room: what is about it can name it.
    pub(super) async fn customer_event_is_known(
        &mut self,
        chat: ChatId,
        feed: u64,
        (effect, event): (u64, &OwnedEventId),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let is_it = |sending: Option<Sending>| sending.is_some_and(|s| s.effect == effect);
        if let Some(mut message) = self.message(chat, feed, batch).await? {
            if is_it(message.effect) {
                message.event = Some(event.clone());
            }
            for file in &mut message.attached {
                if file.effect.effect == effect {
                    file.event = Some(event.clone());
                }
            }
            for reaction in &mut message.reactions {
                if is_it(reaction.effect) {
                    reaction.event = Some(event.clone());
                }
            }
            Self::keep_message(chat, feed, &message, batch)?;
        }
        self.known_now(chat, event.as_str(), batch).await
    }

    /// The customer's edit or reaction is in the room.
    pub(super) async fn customer_change_is_done(
        &mut self,
        chat: ChatId,
        feed: u64,
        (effect, event): (u64, &OwnedEventId),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let anchor = self.conversations.get(&chat).map_or(0, |known| known.delivered);
        let place = EventPlace { chat, by: Author::Change { of: feed }, anchor };
        batch.file_event(event.as_str(), &place)?;
        self.customer_event_is_known(chat, feed, (effect, event), batch).await
    }

    /// A change of the customer cannot be done in the room: both sides are told.
    pub(super) fn customer_change_failed(
        &mut self,
        chat: ChatId,
        key: String,
        why: String,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let reason = RefusalReason::Undeliverable;
        self.log(chat, LogEntry::Undelivered { key: key.clone(), reason: why }, batch)?;
        self.feed(chat, FeedBody::Undelivered { key, reason }, batch)?;
        self.notice(chat, words::CHANGE_LOST.to_owned(), None, &[], batch);
        Ok(())
    }
}

impl MessageRecord {
    /// How an effect names it; `None` if it is neither in the room nor on its way.
    pub(super) fn target(&self) -> Option<Target> {
        target(self.event.clone(), self.effect)
    }
}

fn target(event: Option<OwnedEventId>, effect: Option<Sending>) -> Option<Target> {
    match (event, effect) {
        (Some(event), _) => Some(Target::Event { event }),
        (None, Some(Sending { effect, created })) => Some(Target::Effect { effect, created }),
        (None, None) => None,
    }
}
