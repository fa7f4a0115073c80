//! The embedded database.
//!
//! Writes go through one thread, see `writer`. Reads go straight to the database, but wait while a
//! batch is written: sled shows a batch before it is flushed, and what a crash may still take back
//! must not be sent to a customer or to the homeserver.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use ::sled::{Db, IVec};
use async_trait::async_trait;
use switchboard_engine::ChatId;
use tokio::sync::{RwLock, broadcast, oneshot};

use self::{
    keys::{Seen, Waiting},
    writer::{Operation, Reply},
};
use super::{
    Change, Changes, Depth, EffectSeq, Epoch, Identity, InboxItem, InboxSeq, NewInboxItem,
    RecordKind, Store, StoreError, StoredEffect, Stream,
};

mod batch;
mod disk;
mod keys;
mod open;
mod writer;

/// How many changes a watcher may lag behind before it is told to look at everything.
const CHANGES: usize = 4096;
/// How many keys are looked at, or forgotten, at once.
const PAGE: usize = 1000;

/// How to open a database.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOptions {
    /// Go on with a database that has lost acknowledged data.
    pub accept_rollback: bool,
}

/// A store in one directory of this machine, for one process.
#[derive(Debug)]
pub struct SledStore {
    identity: Identity,
    shared: Arc<Shared>,
    /// `None` only while it is dropped.
    operations: Option<mpsc::Sender<Operation>>,
    writer: Option<JoinHandle<()>>,
}

/// What readers and the writer share.
#[derive(Debug)]
struct Shared {
    /// `None` once it is closed or has failed. The writer holds it until what it writes is durable.
    open: RwLock<Option<Open>>,
    changes: broadcast::Sender<Change>,
}

/// An open database.
#[derive(Debug)]
struct Open {
    db: Db,
    /// Unhandled inbox items.
    inbox: u64,
    /// Effects that are not done.
    effects: u64,
}

/// Does something with sled, which panics on some damage and on some failures of the disk.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast::<String>().map(|text| *text);
        let text = text.or_else(|panic| panic.downcast::<&str>().map(|text| text.to_string()));
        text.unwrap_or_else(|_| "sled panicked".to_owned())
    })
}

impl Shared {
    /// Ends all reading and frees the directory. Only for the writer's thread: it blocks.
    fn close(&self) {
        let open = self.open.blocking_write().take();
        // sled panics when the last flush fails; what was acknowledged is durable already.
        drop(guarded(|| drop(open)));
    }
}

impl SledStore {
    /// Opens the database in a directory, or makes one. Blocks.
    ///
    /// Beside the directory stands a file `<path>.high-water`; keep it when the directory is moved,
    /// but do not restore it from a backup.
    pub fn open(path: impl AsRef<Path>, options: OpenOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let opened = open::open(path, options)?;
        let shared = Arc::new(Shared {
            open: RwLock::new(Some(opened.open)),
            changes: broadcast::Sender::new(CHANGES),
        });
        let (operations, receiver) = mpsc::channel();
        let writer = writer::Writer {
            operations: receiver,
            shared: Arc::clone(&shared),
            disk: opened.disk,
            high_water: opened.high_water,
            head: opened.head,
        };
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| open::failed(path, format!("cannot start a thread: {error}")))?;
        Ok(Self {
            identity: opened.identity,
            shared,
            operations: Some(operations),
            writer: Some(writer),
        })
    }

    /// Has the writer do something, and waits until it is durable.
    async fn write<T>(
        &self,
        operation: impl FnOnce(Reply<T>) -> Operation,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let operations = self.operations.as_ref().ok_or(StoreError::Closed)?;
        operations.send(operation(reply)).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads what is durable.
    async fn read<T>(
        &self,
        read: impl FnOnce(&Open) -> Result<T, ::sled::Error>,
    ) -> Result<T, StoreError> {
        let guard = self.shared.open.read().await;
        let open = guard.as_ref().ok_or(StoreError::Closed)?;
        match guarded(|| read(open)) {
            Ok(result) => result.map_err(|error| StoreError::Io(error.to_string())),
            Err(panicked) => Err(StoreError::Io(panicked)),
        }
    }
}

impl Drop for SledStore {
    /// Waits for the writer, so that the directory is free afterwards.
    fn drop(&mut self) {
        self.operations = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

/// For a value that was not written by this program.
fn damaged(what: &str) -> ::sled::Error {
    ::sled::Error::Unsupported(format!("{what} is damaged"))
}

/// A record as it is told.
fn record(record: ::sled::Result<(IVec, IVec)>) -> ::sled::Result<(String, Vec<u8>)> {
    let (key, body) = record?;
    let key = String::from_utf8(keys::record_key(&key).to_vec());
    Ok((key.map_err(|_| damaged("a record's key"))?, body.to_vec()))
}

fn number(key: &[u8]) -> Result<u64, ::sled::Error> {
    keys::number(key).ok_or_else(|| damaged("a key"))
}

#[async_trait]
impl Store for SledStore {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn claim_epoch(&self) -> Result<Epoch, StoreError> {
        self.write(Operation::Claim).await
    }

    async fn append_inbox(&self, items: Vec<NewInboxItem>) -> Result<Vec<bool>, StoreError> {
        self.write(|reply| Operation::Append(items, reply)).await
    }

    async fn inbox(&self, after: InboxSeq, limit: usize) -> Result<Vec<InboxItem>, StoreError> {
        self.read(|open| {
            let items = open.db.range(keys::numbered_after(keys::INBOX, after.0)).take(limit);
            items
                .map(|item| {
                    let (key, value) = item?;
                    let Waiting { received, key: name, body } =
                        Waiting::decode(&value).ok_or_else(|| damaged("an inbox item"))?;
                    Ok(InboxItem {
                        seq: InboxSeq(number(&key)?),
                        key: name.to_owned(),
                        received,
                        body: body.to_vec(),
                    })
                })
                .collect()
        })
        .await
    }

    async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        self.write(|reply| Operation::Commit(changes, reply)).await
    }

    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|open| Ok(open.db.get(keys::record(kind, key))?.map(|body| body.to_vec()))).await
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.read(|open| open.db.scan_prefix(keys::records(kind)).map(record).collect()).await
    }

    async fn records_between(
        &self,
        kind: RecordKind,
        after: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        // sled panics at a range that ends before it begins.
        if before.is_some_and(|before| before <= after) {
            return Ok(Vec::new());
        }
        let range = keys::records_between(kind, after, before);
        self.read(|open| open.db.range(range).take(limit).map(record).collect()).await
    }

    async fn stream(
        &self,
        stream: Stream,
        chat: ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.read(|open| {
            let entries = open.db.range(keys::entries_after(stream, chat, after)).take(limit);
            entries
                .map(|entry| {
                    let (key, body) = entry?;
                    Ok((number(&key)?, body.to_vec()))
                })
                .collect()
        })
        .await
    }

    async fn newest(&self, stream: Stream, chat: ChatId) -> Result<u64, StoreError> {
        self.read(|open| {
            let newest = open.db.range(keys::entries_after(stream, chat, 0)).next_back();
            newest.map_or(Ok(0), |entry| number(&entry?.0))
        })
        .await
    }

    async fn effects(&self) -> Result<Vec<(EffectSeq, StoredEffect)>, StoreError> {
        self.read(|open| {
            let effects = open.db.scan_prefix([keys::EFFECT]);
            effects
                .map(|effect| {
                    let (key, body) = effect?;
                    Ok((EffectSeq(number(&key)?), StoredEffect { body: body.to_vec() }))
                })
                .collect()
        })
        .await
    }

    async fn depth(&self) -> Result<Depth, StoreError> {
        self.read(|open| {
            let oldest = open.db.scan_prefix([keys::INBOX]).next().transpose()?;
            let inbox_oldest = oldest
                .map(|(_, value)| {
                    let item = Waiting::decode(&value).map(|item| item.received);
                    item.ok_or_else(|| damaged("an inbox item"))
                })
                .transpose()?;
            Ok(Depth { inbox: open.inbox, inbox_oldest, effects: open.effects })
        })
        .await
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        self.shared.changes.subscribe()
    }

    async fn forget_keys(&self, before: u64) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        let mut next = Some(vec![keys::SEEN]);
        while let Some(from) = next.take() {
            // In pages, so that neither the writer nor the runtime waits long.
            let keys = self
                .read(|open| {
                    let mut keys = Vec::new();
                    for (looked_at, item) in open.db.range(from..vec![keys::SEEN + 1]).enumerate() {
                        let (key, value) = item?;
                        if looked_at == PAGE {
                            next = Some(key.to_vec());
                            break;
                        }
                        let seen = Seen::decode(&value).ok_or_else(|| damaged("an inbox key"))?;
                        if seen.handled && seen.received < before {
                            keys.push(key.to_vec());
                        }
                    }
                    Ok(keys)
                })
                .await?;
            if !keys.is_empty() {
                forgotten += self.write(|reply| Operation::Forget { keys, before, reply }).await?;
            }
            tokio::task::yield_now().await;
        }
        Ok(forgotten)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.write(Operation::Close).await
    }
}
