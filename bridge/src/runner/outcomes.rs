//! Ends of effects become inputs.

use switchboard_engine::{AgentId, ChatId, Input, WithdrawOutcome};

use super::{
    batch::Batch,
    bot_rooms::Message,
    bugs::{Bug, has},
    records::{Author, EventPlace, LogEntry, Parked},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::wire::{FeedBody, RefusalReason},
    media::Unfit,
    outbox::effect::{Deed, Done, Lane, OutboxEffect, Outcome, effect_id},
    place::Place,
    store::{EffectSeq, RecordKind},
};

impl State {
    /// Handles the end of an effect, once.
    pub(super) async fn take_outcome(
        &mut self,
        outcome: Outcome,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        self.finish_effect(outcome.seq, outcome.result, batch).await
    }

    /// Handles the end of an effect if it is not done yet.
    pub(super) async fn finish_effect(
        &mut self,
        seq: EffectSeq,
        result: Result<Done, String>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let effect = if has(Bug::TakesEndsTwice) {
            self.open_effects.get(&seq.0).cloned()
        } else {
            self.open_effects.remove(&seq.0)
        };
        let Some(effect) = effect else { return Ok(()) };
        batch.effect_done(seq);
        if has(Bug::ForgetsRefusals) && result.is_err() {
            return Ok(());
        }
        match result {
            Ok(done) => self.done(seq, effect, done, batch).await,
            Err(reason) => self.parked(seq, effect, reason, batch).await,
        }
    }

    /// Puts the end of an effect aside that could not be handled again and again.
    pub(super) fn put_end_aside(
        &mut self,
        outcome: &Outcome,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(effect) = self.open_effects.remove(&outcome.seq.0) else { return Ok(()) };
        batch.effect_done(outcome.seq);
        let reason = format!("its end could not be handled: {:?}", outcome.result);
        self.put_aside(outcome.seq, &effect, reason, batch)
    }

    fn put_aside(
        &self,
        seq: EffectSeq,
        effect: &OutboxEffect,
        reason: String,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let id = effect_id(&self.store.identity().incarnation, seq);
        // The reason is in the record: it may quote the homeserver.
        tracing::error!(place = %effect.place, effect = id, "an effect was given up");
        self.with.metrics.parked();
        let record = Parked { at: self.batch_time().0, reason, effect: effect.clone() };
        if let Some(chat) = effect.place.about() {
            batch.trace(chat, RecordKind::Parked, &id);
        }
        Ok(batch.record(RecordKind::Parked, id, &record)?)
    }

    async fn done(
        &mut self,
        seq: EffectSeq,
        effect: OutboxEffect,
        done: Done,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(chat) = effect.place.chat() else {
            return self.done_elsewhere(seq, effect, done, batch).await;
        };
        match (effect.deed, done) {
            (Deed::OpenRoom { .. }, Done::Room(room)) => {
                if let Some(conversation) = self.conversations.get_mut(&chat) {
                    conversation.room = Some(room);
                    conversation.opening = None;
                    batch.chats.insert(chat);
                }
                batch.settled.push(seq);
                self.input(Input::RoomOpened { chat }, batch).await
            }
            (Deed::Ring { request, .. }, _) => {
                self.input(Input::RequestSent { chat, request }, batch).await
            }
            (Deed::Withdraw { agent, .. }, Done::Withdrawn(outcome)) => {
                let agent = AgentId(agent);
                self.input(Input::RequestWithdrawn { chat, agent, outcome }, batch).await
            }
            (Deed::Say { anchor, received, more, .. }, Done::Event(event)) => {
                self.is_delivered(chat, (anchor, received), !more, batch);
                let place = EventPlace { chat, by: Author::Customer, anchor };
                batch.file_event(event.as_str(), &place)?;
                self.customer_event_is_known(chat, anchor, (seq.0, &event), batch).await
            }
            (Deed::Amend { feed, .. } | Deed::React { feed, .. }, Done::Event(event)) => {
                self.customer_change_is_done(chat, feed, (seq.0, &event), batch).await
            }
            (Deed::Attach { anchor, received, last, .. }, Done::Event(event)) => {
                self.is_delivered(chat, (anchor, received), last, batch);
                let place = EventPlace { chat, by: Author::Customer, anchor };
                batch.file_event(event.as_str(), &place)?;
                self.customer_event_is_known(chat, anchor, (seq.0, &event), batch).await
            }
            (Deed::FetchFile { .. }, Done::File(file)) => {
                self.file_is_here(chat, seq.0, &file, batch).await
            }
            (Deed::FetchFile { name, .. }, Done::Unfit(why)) => {
                self.file_is_unfit(chat, seq.0, &name, why, batch).await
            }
            (Deed::FetchFile { id, name, uri, .. }, Done::Later) => {
                self.file_comes_later(chat, seq.0, (id, name, uri), batch).await
            }
            (Deed::Notice { anchor, .. }, Done::Event(event)) => {
                let place = EventPlace { chat, by: Author::Bot, anchor };
                batch.file_event(event.as_str(), &place)?;
                self.prompt_is_asked(&chat.into(), seq, event, batch);
                Ok(())
            }
            (Deed::Card { .. }, Done::Event(event)) => {
                let place = EventPlace { chat, by: Author::Bot, anchor: 0 };
                Ok(batch.file_event(event.as_str(), &place)?)
            }
            _ => Ok(()),
        }
    }

    /// A part of a customer's message is in the room; with the last, all of it.
    fn is_delivered(
        &mut self,
        chat: ChatId,
        (anchor, received): (u64, u64),
        last: bool,
        batch: &mut Batch,
    ) {
        if !last {
            return;
        }
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.delivered = conversation.delivered.max(anchor);
            batch.chats.insert(chat);
        }
        self.with.metrics.delivered_to_agents(received, self.batch_time().0);
    }

    /// The good end of an effect in a room where people talk with the bot.
    async fn done_elsewhere(
        &mut self,
        seq: EffectSeq,
        effect: OutboxEffect,
        done: Done,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match (effect.deed, done) {
            (Deed::OpenBotRoom { .. } | Deed::OpenSpace { .. }, Done::Room(room)) => {
                if let Some(record) = self.bot_rooms.get_mut(&effect.place) {
                    record.room = Some(room.clone());
                    record.opening = None;
                    batch.places.insert(effect.place.clone());
                    self.space_is_open(&effect.place, room, batch);
                }
                batch.settled.push(seq);
                Ok(())
            }
            (Deed::OpenCompanion { .. }, Done::Room(room)) => {
                self.companion_is_open(&effect.place, room, batch);
                batch.settled.push(seq);
                Ok(())
            }
            (Deed::PostPrivate { name, command, .. }, Done::Event(event)) => {
                self.private_is_posted(&effect.place, &name, command, &event, batch)
            }
            (Deed::CloseSpace { .. }, _) => {
                self.bot_rooms.remove(&effect.place);
                batch.places.insert(effect.place);
                Ok(())
            }
            (Deed::Join {}, Done::Joined(said)) => {
                self.has_joined(&effect.place, &said, batch).await
            }
            // Only a file that may not be sent is worth a word; one that waits for its check is where
            // its readers have it already.
            (Deed::FetchFile { name, .. }, Done::Unfit(why)) => {
                let text = words::private_file_refused(&name, why);
                self.say(&effect.place, Message { text, ..Message::default() }, batch);
                Ok(())
            }
            (Deed::FetchFile { id, name, uri, .. }, Done::Later) => {
                let deed = Deed::FetchFile { id, name, uri, late: true };
                self.send_to(&effect.place, Lane::LateFiles, deed, batch);
                Ok(())
            }
            (Deed::Notice { .. } | Deed::Card { .. }, Done::Event(event)) => {
                self.prompt_is_asked(&effect.place, seq, event, batch);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An effect in a room where people talk with the bot was given up. What can be tried again is
    /// tried with the next reason to do so.
    fn parked_elsewhere(&mut self, effect: OutboxEffect, batch: &mut Batch) {
        if let Place::Companion(chat) = effect.place {
            return self.companion_failed(chat, &effect, batch);
        }
        match effect.deed {
            Deed::OpenSpace { .. } => self.space_failed(&effect.place, batch),
            Deed::OpenBotRoom { .. } | Deed::Join {} | Deed::CloseSpace { .. } => {
                self.bot_rooms.remove(&effect.place);
                batch.places.insert(effect.place);
            }
            Deed::Invite { user, .. } => {
                if let Some(record) = self.bot_rooms.get_mut(&effect.place) {
                    record.people.remove(&user);
                    batch.places.insert(effect.place);
                }
            }
            _ => {}
        }
    }

    /// An effect was given up: it is put aside, those whom it concerns are told, the rest go on.
    async fn parked(
        &mut self,
        seq: EffectSeq,
        effect: OutboxEffect,
        reason: String,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        self.put_aside(seq, &effect, reason.clone(), batch)?;
        let Some(chat) = effect.place.chat() else {
            self.parked_elsewhere(effect, batch);
            return Ok(());
        };
        match effect.deed {
            Deed::OpenRoom { .. } => {
                if let Some(conversation) = self.conversations.get_mut(&chat) {
                    conversation.opening = None;
                    batch.chats.insert(chat);
                }
                self.input(Input::RoomFailed { chat }, batch).await
            }
            Deed::Ring { request, .. } => {
                self.input(Input::RequestFailed { chat, request }, batch).await
            }
            Deed::Withdraw { agent, .. } => {
                let (agent, outcome) = (AgentId(agent), WithdrawOutcome::Failed);
                self.input(Input::RequestWithdrawn { chat, agent, outcome }, batch).await
            }
            Deed::FetchFile { name, .. } => {
                self.file_is_unfit(chat, seq.0, &name, Unfit::Missing, batch).await
            }
            Deed::Say { key, .. } | Deed::Attach { key, .. } => {
                let failed = RefusalReason::Undeliverable;
                self.log(chat, LogEntry::Undelivered { key: key.clone(), reason }, batch)?;
                self.feed(chat, FeedBody::Undelivered { key, reason: failed }, batch)?;
                self.notice(chat, words::MESSAGE_LOST.to_owned(), None, &[], batch);
                Ok(())
            }
            Deed::Amend { key, .. } | Deed::React { key, .. } | Deed::TakeBack { key, .. } => {
                self.customer_change_failed(chat, key, reason, batch)
            }
            Deed::HidePrivate { .. } => {
                self.notice(chat, words::NOT_HIDDEN.to_owned(), None, &[], batch);
                Ok(())
            }
            Deed::Remove { agent, .. } => {
                let name =
                    self.with.directory.agent_name(&agent).unwrap_or_else(|| agent.as_str().into());
                self.notice(chat, words::not_removed(&name), None, &[], batch);
                self.input(Input::RemovalFailed { chat, agent: AgentId(agent) }, batch).await
            }
            _ => Ok(()),
        }
    }
}
