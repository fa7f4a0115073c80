//! The suite that every implementation passes: each property is a test of its own, once for each
//! implementation.

use std::sync::Arc;

use switchboard_engine::ChatId;
use tempfile::TempDir;
use tokio::sync::broadcast::{self, error::TryRecvError};

use super::{
    Change, Changes, Epoch, InboxItem, InboxSeq, NewInboxItem, Store, Stream, StreamEntry,
    memory::MemoryStore,
    sled::{OpenOptions, SledStore},
};

mod commit;
mod concurrency;
mod forgetting;
mod inbox;
mod model;
mod watch;

/// Where an implementation keeps one store, so that it can be opened again.
trait Backend {
    fn new() -> Self;
    fn open(&self) -> Arc<dyn Store>;
}

struct Memory(MemoryStore);

impl Backend for Memory {
    fn new() -> Self {
        Self(MemoryStore::new())
    }

    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }
}

struct Sled(TempDir);

impl Backend for Sled {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Arc<dyn Store> {
        let path = self.0.path().join("store");
        Arc::new(SledStore::open(path, OpenOptions::default()).unwrap())
    }
}

/// Makes each property a test of every implementation.
macro_rules! properties {
    ($($name:ident),* $(,)?) => {
        properties!(@for memory, $crate::store::contract::Memory, $($name),*);
        properties!(@for sled, $crate::store::contract::Sled, $($name),*);
    };
    (@for $module:ident, $backend:ty, $($name:ident),*) => {
        mod $module {
            use $crate::store::contract::Backend;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(&<$backend as Backend>::new()).await;
                }
            )*
        }
    };
}
use properties;

const CHAT: ChatId = ChatId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
const OTHER_CHAT: ChatId = ChatId(CHAT.0 + 1);

fn item(key: &str, received: u64, body: impl Into<Vec<u8>>) -> NewInboxItem {
    NewInboxItem { key: key.to_owned(), received, body: body.into() }
}

fn entry(stream: Stream, chat: ChatId, seq: u64, body: &str) -> StreamEntry {
    StreamEntry { stream, chat, seq, body: body.into() }
}

fn under(epoch: Epoch) -> Changes {
    Changes { epoch: epoch.0, ..Changes::default() }
}

async fn inbox(store: &dyn Store) -> Vec<InboxItem> {
    store.inbox(InboxSeq(0), usize::MAX).await.unwrap()
}

async fn inbox_keys(store: &dyn Store) -> Vec<String> {
    inbox(store).await.into_iter().map(|item| item.key).collect()
}

/// Marks all inbox items as handled.
async fn handle_all(store: &dyn Store, epoch: Epoch) {
    let inbox_done = inbox(store).await.into_iter().map(|item| item.seq).collect();
    store.commit(Changes { inbox_done, ..under(epoch) }).await.unwrap();
}

async fn entries(store: &dyn Store, stream: Stream, chat: ChatId) -> Vec<(u64, Vec<u8>)> {
    store.stream(stream, chat, 0, usize::MAX).await.unwrap()
}

fn told(changes: &mut broadcast::Receiver<Change>) -> Vec<Change> {
    let mut told = Vec::new();
    loop {
        match changes.try_recv() {
            Ok(change) => told.push(change),
            Err(TryRecvError::Empty) => return told,
            Err(error) => panic!("{error}"),
        }
    }
}
