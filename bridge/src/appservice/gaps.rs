//! Homeservers can lose pushes: what happened in the rooms meanwhile?
//!
//! After a crash a homeserver may never push the last events before it, or push them long after
//! later ones. So the newest events of every chat room are read and put into the inbox, which
//! leaves out what it had before: soon and repeatedly after a start or a return of the homeserver,
//! and every few minutes without a reason. And for a while after a start or a return a push only
//! says that something happened: before its events are taken, the room is read, so that what came
//! before them is taken before them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use futures_util::{StreamExt as _, stream};
use ruma::{OwnedRoomId, RoomId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::transactions;
use crate::{
    clock::Clock,
    outbox::{
        deliver::{DeliverError, Deliverer},
        health::Health,
    },
    runner::Whisper,
    store::{Store, StoreError},
};

/// How often rooms are looked at without a reason.
const EVERY: Duration = Duration::from_mins(3);
/// The pauses between the looks after a start or a return.
const SOON: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
];
/// For how long after a start or a return a push is only a hint, in milliseconds.
const WARY_MS: u64 = 30 * 1000;
/// How many rooms are read at once before a push is taken.
const AT_ONCE: usize = 16;
/// How far back one look goes at most, in pages of 100 events.
const PAGES: usize = 20;
/// How long to wait before a look that failed is repeated.
const PAUSE: Duration = Duration::from_secs(2);

/// Reads what was not pushed. A clone is another handle to the same.
#[derive(Clone)]
pub struct Gaps(Arc<Inner>);

struct Inner {
    deliverer: Deliverer,
    store: Arc<dyn Store>,
    clock: Clock,
    health: Health,
    /// The newest event of each room at the last look.
    checked: DashMap<OwnedRoomId, String>,
    /// Until when pushes are hints, in milliseconds since the Unix epoch.
    wary_until: AtomicU64,
}

/// A look at a room failed.
#[derive(Debug, thiserror::Error)]
pub enum GapError {
    /// The room cannot be read.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// What was found cannot be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gaps {
    /// Begins wary: what happened before the start is not known.
    #[must_use]
    pub fn new(deliverer: Deliverer, store: Arc<dyn Store>, clock: Clock, health: Health) -> Self {
        let (checked, wary_until) = (DashMap::new(), AtomicU64::new(0));
        let gaps = Self(Arc::new(Inner { deliverer, store, clock, health, checked, wary_until }));
        gaps.be_wary();
        gaps
    }

    fn be_wary(&self) {
        self.0.wary_until.store(self.0.clock.now().0 + WARY_MS, Ordering::Relaxed);
    }

    /// Whether something older than a pushed event may not have been pushed.
    #[must_use]
    pub fn is_wary(&self) -> bool {
        let until = self.0.wary_until.load(Ordering::Relaxed);
        !self.0.health.is_up() || self.0.clock.now().0 < until
    }

    /// Takes what happened in these rooms, if they are chats. Should that fail, the coming looks
    /// will find it.
    pub async fn catch_up(&self, rooms: impl IntoIterator<Item = String>) {
        let chats = rooms
            .into_iter()
            .filter(|room| self.0.deliverer.directory.chat_of(room).is_some())
            .filter_map(|room| RoomId::parse(room).ok());
        stream::iter(chats)
            .for_each_concurrent(AT_ONCE, |room| async move {
                if let Err(error) = self.fill(&room).await {
                    tracing::debug!(%error, "a room cannot be read before its events are taken");
                }
            })
            .await;
    }

    /// Takes what happened in a room since the last look. Returns how much of it was new.
    async fn fill(&self, room: &OwnedRoomId) -> Result<usize, GapError> {
        let Inner { deliverer, store, clock, checked, .. } = &*self.0;
        let last = checked.get(room).map(|entry| entry.clone());
        let events = deliverer
            .events_since(room, PAGES, |event| Some(&event.event_id) == last.as_ref())
            .await?;
        let received = clock.now().0;
        let items: Vec<_> =
            events.iter().filter_map(|raw| transactions::item(raw.json(), received)).collect();
        let Some(newest) = items.last() else { return Ok(0) };
        let newest = newest.key.trim_start_matches("event:").to_owned();
        let new = store.append_inbox(items).await?;
        checked.insert(room.clone(), newest);
        Ok(new.into_iter().filter(|new| *new).count())
    }

    /// Looks at all rooms.
    async fn look(&self) -> Result<usize, GapError> {
        let mut found = 0;
        let rooms = self.0.deliverer.directory.rooms();
        self.0.checked.retain(|room, _| rooms.iter().any(|(open, _)| open == room));
        for (room, _) in rooms {
            match self.fill(&room).await {
                Ok(new) => found += new,
                // A room that the bot was removed from must not hold up the others.
                Err(GapError::Deliver(DeliverError::Call(error))) if !error.is_transient() => {
                    tracing::debug!(%error, "a room cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Looks until it is told to stop, and tells when everything up to now is in the inbox. The
    /// first look is made at once.
    pub async fn run(self, whispers: mpsc::Sender<Whisper>, stop: CancellationToken) {
        let mut health = self.0.health.subscribe();
        let mut soon = SOON.into_iter();
        loop {
            let pause = match self.look().await {
                Ok(found) => {
                    if found > 0 {
                        tracing::info!(found, "read events that were not pushed yet");
                    }
                    if whispers.send(Whisper::CaughtUp).await.is_err() {
                        return;
                    }
                    soon.next().unwrap_or(EVERY)
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot look for lost events; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = self.0.health.came_back(&mut health) => {
                    self.be_wary();
                    soon = SOON.into_iter();
                }
            }
        }
    }
}
