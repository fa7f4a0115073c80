//! A store in memory, for tests.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use rand::Rng;
use switchboard_engine::ChatId;
use tokio::sync::broadcast;

use super::{
    Change, Changes, Depth, EffectSeq, Epoch, Identity, InboxItem, InboxSeq, NewInboxItem,
    RecordKind, Store, StoreError, StoredEffect, Stream, StreamEntry,
};

/// A store in memory. A clone is another handle to the same data: what a restarted process would
/// open.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    closed: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    identity: Identity,
    data: Mutex<Data>,
    changes: broadcast::Sender<Change>,
}

#[derive(Debug, Default)]
struct Data {
    epoch: u64,
    inbox_seq: u64,
    inbox: BTreeMap<InboxSeq, NewInboxItem>,
    keys: BTreeMap<String, Seen>,
    records: BTreeMap<(RecordKind, String), Vec<u8>>,
    streams: BTreeMap<(Stream, ChatId), Vec<Vec<u8>>>,
    effects: BTreeMap<EffectSeq, StoredEffect>,
    failures: VecDeque<StoreError>,
    /// How many commits are still to be told to nobody.
    untold: usize,
    breaks_next: bool,
    broken: bool,
    gate: Gate,
}

/// What looks at commits before they are made.
type Look = dyn Fn(&Changes) -> Result<(), StoreError> + Send + Sync;

#[derive(Clone, Default)]
struct Gate(Option<Arc<Look>>);

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gate").field(&self.0.is_some()).finish()
    }
}

#[derive(Debug)]
struct Seen {
    received: u64,
    handled: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), closed: AtomicBool::new(false) }
    }
}

impl MemoryStore {
    /// An empty store with an identity of its own.
    #[must_use]
    pub fn new() -> Self {
        let mut rng = rand::rng();
        let incarnation = format!("{:016x}", rng.random::<u64>());
        Self::with_identity(Identity { incarnation, secret: rng.random() })
    }

    /// An empty store with a given identity, for tests that compare what is derived from it.
    #[must_use]
    pub fn with_identity(identity: Identity) -> Self {
        let shared =
            Shared { identity, data: Mutex::default(), changes: broadcast::Sender::new(4096) };
        Self { shared: Arc::new(shared), closed: AtomicBool::new(false) }
    }

    /// Makes the next `count` commits fail without changing anything. Unlike a real disk, the
    /// store recovers.
    pub fn fail_next_commits(&self, count: usize) {
        let failures = (0..count).map(|_| StoreError::Io("asked to fail".to_owned()));
        self.lock().failures.extend(failures);
    }

    /// Makes the next `count` commits change what is stored without telling those who watch, as if
    /// word of it came later.
    pub fn keep_next_commits_quiet(&self, count: usize) {
        self.lock().untold += count;
    }

    /// Makes the next commit fail as on a full disk: the writer is gone, and all that follows is
    /// refused, on every handle.
    pub fn break_at_next_commit(&self) {
        self.lock().breaks_next = true;
    }

    /// From now on `look` sees every commit before it is made. It may refuse it, or panic.
    pub fn guard_commits(
        &self,
        look: impl Fn(&Changes) -> Result<(), StoreError> + Send + Sync + 'static,
    ) {
        self.lock().gate = Gate(Some(Arc::new(look)));
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        self.shared.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Data>, StoreError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(StoreError::Closed);
        }
        let data = self.lock();
        if data.broken { Err(StoreError::Closed) } else { Ok(data) }
    }

    fn tell(&self, change: Change) {
        // Nobody may be watching.
        drop(self.shared.changes.send(change));
    }
}

impl Data {
    fn stream(&self, stream: Stream, chat: ChatId) -> &[Vec<u8>] {
        self.streams.get(&(stream, chat)).map_or(&[], Vec::as_slice)
    }

    fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        let (held, current) = (changes.epoch, self.epoch);
        if held < current {
            return Err(StoreError::Fenced { held, current });
        }
        if held > current {
            return Err(StoreError::Invalid(format!("epoch {held} was never granted")));
        }
        let mut newest = BTreeMap::new();
        for StreamEntry { stream, chat, seq, .. } in &changes.entries {
            let (stream, chat, seq) = (*stream, *chat, *seq);
            let newest = newest
                .entry((stream, chat))
                .or_insert_with(|| self.stream(stream, chat).len() as u64);
            if seq <= *newest {
                return Err(StoreError::Conflict { stream, chat, seq });
            }
            if seq != *newest + 1 {
                return Err(StoreError::Invalid(format!(
                    "entry {seq} of the {stream:?} of chat {chat} leaves a gap"
                )));
            }
            *newest = seq;
        }
        if let Some(both) = changes.both_forgotten_and_continued() {
            return Err(both);
        }
        let mut new = std::collections::BTreeSet::new();
        for (seq, _) in &changes.effects {
            if !new.insert(seq) || self.effects.contains_key(seq) {
                return Err(StoreError::Invalid(format!("effect {} exists already", seq.0)));
            }
        }
        Ok(())
    }

    fn apply(&mut self, changes: Changes) {
        for seq in changes.inbox_done {
            if let Some(item) = self.inbox.remove(&seq)
                && let Some(seen) = self.keys.get_mut(&item.key)
            {
                seen.handled = true;
            }
        }
        for (kind, key, body) in changes.records {
            match body {
                Some(body) => self.records.insert((kind, key), body),
                None => self.records.remove(&(kind, key)),
            };
        }
        for StreamEntry { stream, chat, body, .. } in changes.entries {
            self.streams.entry((stream, chat)).or_default().push(body);
        }
        for chat in changes.forgotten {
            for stream in [Stream::Log, Stream::Feed] {
                self.streams.remove(&(stream, chat));
            }
        }
        self.effects.extend(changes.effects);
        for seq in changes.effects_done {
            self.effects.remove(&seq);
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    async fn claim_epoch(&self) -> Result<Epoch, StoreError> {
        let mut data = self.open()?;
        data.epoch += 1;
        Ok(Epoch(data.epoch))
    }

    async fn append_inbox(&self, items: Vec<NewInboxItem>) -> Result<Vec<bool>, StoreError> {
        let mut data = self.open()?;
        let mut new = Vec::with_capacity(items.len());
        for item in items {
            let is_new = !data.keys.contains_key(&item.key);
            if is_new {
                let seen = Seen { received: item.received, handled: false };
                data.keys.insert(item.key.clone(), seen);
                data.inbox_seq += 1;
                let seq = InboxSeq(data.inbox_seq);
                data.inbox.insert(seq, item);
            }
            new.push(is_new);
        }
        drop(data);
        if new.contains(&true) {
            self.tell(Change::Inbox);
        }
        Ok(new)
    }

    async fn inbox(&self, after: InboxSeq, limit: usize) -> Result<Vec<InboxItem>, StoreError> {
        let data = self.open()?;
        let items = data.inbox.iter().filter(|(seq, _)| **seq > after).take(limit);
        Ok(items
            .map(|(seq, item)| InboxItem {
                seq: *seq,
                key: item.key.clone(),
                received: item.received,
                body: item.body.clone(),
            })
            .collect())
    }

    async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        let gate = self.open()?.gate.clone();
        if let Some(look) = gate.0 {
            look(&changes)?;
        }
        let mut data = self.open()?;
        if data.breaks_next {
            data.broken = true;
            return Err(StoreError::Io("asked to break".to_owned()));
        }
        if let Some(failure) = data.failures.pop_front() {
            return Err(failure);
        }
        data.check(&changes)?;
        let told = changes.told();
        data.apply(changes);
        if data.untold > 0 {
            data.untold -= 1;
            return Ok(());
        }
        drop(data);
        for change in told {
            self.tell(change);
        }
        Ok(())
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.open()?.records.get(&(kind, key.to_owned())).cloned())
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let data = self.open()?;
        let records = data.records.range((kind, String::new())..);
        let records = records.take_while(|((of, _), _)| *of == kind);
        Ok(records.map(|((_, key), body)| (key.clone(), body.clone())).collect())
    }

    async fn records_between(
        &self,
        kind: RecordKind,
        after: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let data = self.open()?;
        let from = Bound::Excluded((kind, after.to_owned()));
        let records = data.records.range((from, Bound::Unbounded));
        let records = records.take_while(|((of, key), _)| {
            *of == kind && before.is_none_or(|before| key.as_str() < before)
        });
        Ok(records.take(limit).map(|((_, key), body)| (key.clone(), body.clone())).collect())
    }

    async fn stream(
        &self,
        stream: Stream,
        chat: ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let data = self.open()?;
        let entries = (1..).zip(data.stream(stream, chat)).filter(|(seq, _)| *seq > after);
        Ok(entries.take(limit).map(|(seq, body)| (seq, body.clone())).collect())
    }

    async fn newest(&self, stream: Stream, chat: ChatId) -> Result<u64, StoreError> {
        Ok(self.open()?.stream(stream, chat).len() as u64)
    }

    async fn effects(&self) -> Result<Vec<(EffectSeq, StoredEffect)>, StoreError> {
        let data = self.open()?;
        Ok(data.effects.iter().map(|(seq, effect)| (*seq, effect.clone())).collect())
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        let data = self.open()?;
        Ok(Depth {
            inbox: data.inbox.len() as u64,
            inbox_oldest: data.inbox.values().next().map(|item| item.received),
            effects: data.effects.len() as u64,
        })
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    async fn forget_keys(&self, before: u64) -> Result<usize, StoreError> {
        let mut data = self.open()?;
        let count = data.keys.len();
        data.keys.retain(|_, seen| !seen.handled || seen.received >= before);
        Ok(count - data.keys.len())
    }

    async fn close(&self) -> Result<(), StoreError> {
        drop(self.open()?);
        self.closed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clone_is_a_restart_on_the_same_data() {
        let store = MemoryStore::new();
        let old = store.claim_epoch().await.unwrap();
        let restarted = store.clone();
        store.close().await.unwrap();
        assert!(matches!(store.depth().await, Err(StoreError::Closed)));

        assert_eq!(restarted.identity().incarnation, store.identity().incarnation);
        assert!(restarted.claim_epoch().await.unwrap() > old);
        let fenced = restarted.commit(Changes { epoch: old.0, ..Changes::default() }).await;
        assert!(matches!(fenced, Err(StoreError::Fenced { .. })));
    }

    #[tokio::test]
    async fn commits_fail_as_often_as_asked() {
        let store = MemoryStore::new();
        let record = (RecordKind::Meta, "a".to_owned(), Some(Vec::new()));
        let changes = Changes { records: vec![record], ..Changes::default() };
        store.fail_next_commits(2);
        for _ in 0..2 {
            let failed = store.commit(changes.clone()).await;
            assert!(matches!(failed, Err(StoreError::Io(_))));
            assert_eq!(store.record(RecordKind::Meta, "a").await.unwrap(), None);
        }
        store.commit(changes).await.unwrap();
        assert!(store.record(RecordKind::Meta, "a").await.unwrap().is_some());
    }
}
