//! What is kept, and the promise that it is.
//!
//! One trait, small enough for an embedded database and for `PostgreSQL` alike. Nothing outside this
//! folder knows which implementation it talks to, and no method assumes that this is the only
//! process.
//!
//! What a read shows is durable: nobody can act on something, or show it to a customer, that a crash
//! then takes back. A call whose future is dropped may still take effect.
//!
//! | module | what |
//! |---|---|
//! | `types` | the stored types |
//! | [`memory`] | for tests |
//! | [`sled`] | the embedded default |
//! | [`high_water`] | a mark outside the database that shows a silent rollback |
//! | `contract` | the suite that every implementation passes |

use async_trait::async_trait;
use switchboard_engine::ChatId;
use tokio::sync::broadcast;

#[cfg(test)]
mod contract;
pub mod high_water;
pub mod memory;
pub mod sled;
mod types;

pub use types::*;

/// A durable store. See the module's documentation.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The store's identity: made at random when it was first opened, together with a secret from
    /// which session tokens and chat ids are derived.
    fn identity(&self) -> &Identity;

    /// Takes the right to commit. Commits under any earlier epoch are refused from now on.
    async fn claim_epoch(&self) -> Result<Epoch, StoreError>;

    /// Appends to the inbox. Durable when it returns. An item whose key was appended before (even
    /// if it is long handled) is left out. For each item, in order, says whether it was new.
    async fn append_inbox(&self, items: Vec<NewInboxItem>) -> Result<Vec<bool>, StoreError>;

    /// Unhandled inbox items after `after`, oldest first, at most `limit`.
    async fn inbox(&self, after: InboxSeq, limit: usize) -> Result<Vec<InboxItem>, StoreError>;

    /// Writes all changes or none. Durable when it returns. Refused under an old epoch, if a log or
    /// feed entry's sequence number is taken, and if the changes do not fit the store: a gap in a
    /// stream, the number of an effect that still waits, an epoch that was never granted, an entry of
    /// a chat that is forgotten with it.
    ///
    /// A forgotten chat's streams are as if they had never been: their numbers begin at 1 again. What
    /// was deleted is gone for every reader; when its bytes leave the disk is up to the database.
    ///
    /// Done marks for what is not there are ignored; effects are added before done marks count.
    async fn commit(&self, changes: Changes) -> Result<(), StoreError>;

    /// One record.
    async fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// All records of a kind, by key.
    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Records of a kind with keys above `after`, and below `before` if that is said, by key, at most
    /// `limit`. Keys are compared byte by byte.
    async fn records_between(
        &self,
        kind: RecordKind,
        after: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError>;

    /// Entries of a chat's stream with a sequence number above `after`, in order, at most `limit`.
    async fn stream(
        &self,
        stream: Stream,
        chat: ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// The newest sequence number of a chat's stream; 0 if it has none.
    async fn newest(&self, stream: Stream, chat: ChatId) -> Result<u64, StoreError>;

    /// Effects that are not done, oldest first.
    async fn effects(&self) -> Result<Vec<(EffectSeq, StoredEffect)>, StoreError>;

    /// How much waits.
    async fn depth(&self) -> Result<Depth, StoreError>;

    /// Tells of everything that is appended or committed from now on. A reader that lags gets
    /// `Lagged` and must look at everything again.
    fn watch(&self) -> broadcast::Receiver<Change>;

    /// Forgets inbox keys of handled items received before `before` (milliseconds since the Unix
    /// epoch). Returns how many.
    async fn forget_keys(&self, before: u64) -> Result<usize, StoreError>;

    /// Writes what is left and closes. Nothing may be called afterwards.
    async fn close(&self) -> Result<(), StoreError>;
}
