//! What a batch of inputs changes, gathered until it is committed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use switchboard_engine::{ChatId, RecordKey};

use super::records::EventPlace;
use crate::{
    outbox::effect::OutboxEffect,
    place::Place,
    store::{Changes, EffectSeq, Epoch, InboxSeq, RecordKind, StoredEffect, Stream, StreamEntry},
};

/// The changes of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    inbox_done: Vec<InboxSeq>,
    records: BTreeMap<(RecordKind, String), Option<Vec<u8>>>,
    entries: Vec<StreamEntry>,
    /// New effects, for the outbox.
    pub effects: Vec<(EffectSeq, OutboxEffect)>,
    effects_done: Vec<EffectSeq>,
    /// Chats whose streams are deleted.
    pub forgotten: Vec<ChatId>,
    /// Effects that the outbox need not see to any more: their events were seen before their
    /// answers, or others wait until they are committed.
    pub settled: Vec<EffectSeq>,
    /// Chats whose conversation record changed.
    pub chats: BTreeSet<ChatId>,
    /// Bot rooms whose records changed.
    pub places: BTreeSet<Place>,
    /// Records of the engine that changed.
    pub engine: BTreeSet<RecordKey>,
    /// What administrators manage has changed.
    pub centre_changed: bool,
    /// With it, an absence is over.
    pub ends_absence: bool,
}

/// Something could not be written as JSON: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a record: {0}")]
pub(super) struct Unwritable(#[from] serde_json::Error);

impl Batch {
    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.inbox_done.is_empty()
            && self.records.is_empty()
            && self.entries.is_empty()
            && self.forgotten.is_empty()
            && self.effects.is_empty()
            && self.effects_done.is_empty()
            && self.chats.is_empty()
            && self.places.is_empty()
            && self.engine.is_empty()
    }

    /// Whether a chat of the engine or a queue changed; known once the batch is sealed.
    pub(super) fn touches_chats(&self) -> bool {
        self.centre_changed || self.records.keys().any(|(kind, _)| *kind == RecordKind::Chat)
    }

    pub(super) fn inbox_done(&mut self, seq: InboxSeq) {
        self.inbox_done.push(seq);
    }

    pub(super) fn effect_done(&mut self, seq: EffectSeq) {
        self.effects_done.push(seq);
    }

    pub(super) fn record(
        &mut self,
        kind: RecordKind,
        key: String,
        value: &impl Serialize,
    ) -> Result<(), Unwritable> {
        self.records.insert((kind, key), Some(serde_json::to_vec(value)?));
        Ok(())
    }

    /// Remembers where an event stands.
    pub(super) fn file_event(&mut self, event: &str, place: &EventPlace) -> Result<(), Unwritable> {
        self.trace(place.chat, RecordKind::Event, event);
        self.record(RecordKind::Event, event.to_owned(), place)
    }

    /// A record that says all by its key.
    pub(super) fn mark(&mut self, kind: RecordKind, key: String) {
        self.records.insert((kind, key), Some(Vec::new()));
    }

    pub(super) fn delete(&mut self, kind: RecordKind, key: String) {
        self.records.insert((kind, key), None);
    }

    pub(super) fn entry(
        &mut self,
        stream: Stream,
        chat: ChatId,
        seq: u64,
        value: &impl Serialize,
    ) -> Result<(), Unwritable> {
        self.entries.push(StreamEntry { stream, chat, seq, body: serde_json::to_vec(value)? });
        Ok(())
    }

    /// An entry of this batch, which the store does not have yet.
    pub(super) fn find_entry(&self, stream: Stream, chat: ChatId, seq: u64) -> Option<&[u8]> {
        // The newest are asked for most.
        self.entries
            .iter()
            .rev()
            .find(|e| e.stream == stream && e.chat == chat && e.seq == seq)
            .map(|e| e.body.as_slice())
    }

    /// A record that this batch writes.
    pub(super) fn find_record(&self, kind: RecordKind, key: &str) -> Option<&[u8]> {
        self.records.get(&(kind, key.to_owned()))?.as_deref()
    }

    /// As the store wants it.
    pub(super) fn changes(&self, epoch: Epoch) -> Result<Changes, Unwritable> {
        let effects = self
            .effects
            .iter()
            .map(|(seq, effect)| Ok((*seq, StoredEffect { body: serde_json::to_vec(effect)? })))
            .collect::<Result<_, Unwritable>>()?;
        Ok(Changes {
            epoch: epoch.0,
            inbox_done: self.inbox_done.clone(),
            records: self
                .records
                .iter()
                .map(|((kind, key), value)| (*kind, key.clone(), value.clone()))
                .collect(),
            entries: self.entries.clone(),
            forgotten: self.forgotten.clone(),
            effects,
            effects_done: self.effects_done.clone(),
        })
    }
}
