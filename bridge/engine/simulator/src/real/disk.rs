//! The bridge's store in memory, which notes what is committed and can refuse it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use switchboard::store::{
    Change, Changes, Depth, EffectSeq, Epoch, Identity, InboxItem, InboxSeq, NewInboxItem,
    RecordKind, Store, StoreError, StoredEffect, Stream, memory::MemoryStore,
};
use switchboard_engine::ChatId;
use tokio::sync::broadcast;

use crate::system::Disk;

/// The incarnation of every simulated store: ids that are made of it must not be random.
pub(super) const INCARNATION: &str = "5ca1ab1e5ca1ab1e";

/// The store.
#[derive(Debug)]
pub(super) struct DiskStore {
    memory: MemoryStore,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    disk: Disk,
    refused: bool,
    committed: Vec<Changes>,
}

impl Default for DiskStore {
    fn default() -> Self {
        let identity = Identity { incarnation: INCARNATION.to_owned(), secret: [7; 32] };
        Self { memory: MemoryStore::with_identity(identity), notes: Mutex::default() }
    }
}

impl DiskStore {
    /// A turn begins, in which the disk behaves like this.
    pub(super) fn begin(&self, disk: Disk) {
        let mut notes = self.notes();
        notes.disk = disk;
        notes.refused = false;
    }

    /// Whether it has refused a commit since then.
    pub(super) fn has_refused(&self) -> bool {
        self.notes().refused
    }

    /// What was committed since this was last asked.
    pub(super) fn committed(&self) -> Vec<Changes> {
        std::mem::take(&mut self.notes().committed)
    }

    /// Appends an item to the inbox; says whether it was new.
    pub(super) async fn append(&self, item: NewInboxItem) -> bool {
        let new = self.memory.append_inbox(vec![item]).await;
        new.is_ok_and(|new| new == [true])
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for DiskStore {
    fn identity(&self) -> &Identity {
        self.memory.identity()
    }

    async fn claim_epoch(&self) -> Result<Epoch, StoreError> {
        self.memory.claim_epoch().await
    }

    async fn append_inbox(&self, items: Vec<NewInboxItem>) -> Result<Vec<bool>, StoreError> {
        self.memory.append_inbox(items).await
    }

    async fn inbox(&self, after: InboxSeq, limit: usize) -> Result<Vec<InboxItem>, StoreError> {
        self.memory.inbox(after, limit).await
    }

    async fn commit(&self, mut changes: Changes) -> Result<(), StoreError> {
        let disk = self.notes().disk;
        match disk {
            Disk::Writes => {}
            Disk::Tears => {
                changes.entries.clear();
                changes.forgotten.clear();
                changes.effects.clear();
                changes.effects_done.clear();
            }
            Disk::Refuses => {
                self.notes().refused = true;
                return Err(StoreError::Io("asked to refuse".to_owned()));
            }
        }
        self.memory.commit(changes.clone()).await?;
        let mut notes = self.notes();
        notes.committed.push(changes);
        notes.refused |= disk == Disk::Tears;
        if notes.refused { Err(StoreError::Io("asked to tear".to_owned())) } else { Ok(()) }
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.record(kind, key).await
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.memory.records(kind).await
    }

    async fn records_between(
        &self,
        kind: RecordKind,
        after: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.memory.records_between(kind, after, before, limit).await
    }

    async fn stream(
        &self,
        stream: Stream,
        chat: ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.memory.stream(stream, chat, after, limit).await
    }

    async fn newest(&self, stream: Stream, chat: ChatId) -> Result<u64, StoreError> {
        self.memory.newest(stream, chat).await
    }

    async fn effects(&self) -> Result<Vec<(EffectSeq, StoredEffect)>, StoreError> {
        self.memory.effects().await
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        self.memory.depth().await
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.memory.watch()
    }

    async fn forget_keys(&self, before: u64) -> Result<usize, StoreError> {
        self.memory.forget_keys(before).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.memory.close().await
    }
}
