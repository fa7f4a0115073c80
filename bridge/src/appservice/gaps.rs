//! Homeservers can lose pushes: what happened in the rooms meanwhile?
//!
//! At start, when the homeserver comes back and every few minutes, the newest events of every chat
//! room are read and put into the inbox, which leaves out what it had before.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ruma::OwnedRoomId;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::transactions;
use crate::{
    clock::Clock,
    outbox::deliver::{DeliverError, Deliverer},
    runner::Whisper,
    store::{Store, StoreError},
};

/// How often rooms are looked at without a reason.
const EVERY: Duration = Duration::from_mins(3);
/// How far back one look goes at most, in pages of 100 events.
const PAGES: usize = 20;
/// How long to wait before a look that failed is repeated.
const PAUSE: Duration = Duration::from_secs(2);

/// The gap check's task.
pub struct GapCheck {
    /// Who can read rooms.
    pub deliverer: Deliverer,
    /// Where events become durable.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// Whom to tell when all gaps are filled.
    pub whispers: mpsc::Sender<Whisper>,
    /// Changes when the homeserver goes or comes back.
    pub health: watch::Receiver<bool>,
}

/// A look at the rooms failed.
#[derive(Debug, thiserror::Error)]
enum GapError {
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl GapCheck {
    /// Looks until it is told to stop. The first look is made at once.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut checked: HashMap<OwnedRoomId, String> = HashMap::new();
        loop {
            let pause = match self.look(&mut checked).await {
                Ok(found) => {
                    if found > 0 {
                        tracing::info!(found, "found events that were never pushed");
                    }
                    if self.whispers.send(Whisper::CaughtUp).await.is_err() {
                        return;
                    }
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot look for lost events; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = came_back(&mut self.health) => {}
            }
        }
    }

    async fn look(&self, checked: &mut HashMap<OwnedRoomId, String>) -> Result<usize, GapError> {
        let mut found = 0;
        let rooms = self.deliverer.directory.rooms();
        checked.retain(|room, _| rooms.iter().any(|(open, _)| open == room));
        for (room, _) in rooms {
            let last = checked.get(&room).cloned();
            let events = match self
                .deliverer
                .events_since(&room, PAGES, |event| Some(&event.event_id) == last.as_ref())
                .await
            {
                Ok(events) => events,
                // A room that the bot was removed from must not hold up the others.
                Err(DeliverError::Call(error)) if !error.is_transient() => {
                    tracing::debug!(%error, "a room cannot be read");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let received = self.clock.now().0;
            let items: Vec<_> =
                events.iter().filter_map(|raw| transactions::item(raw.json(), received)).collect();
            if let Some(newest) = items.last() {
                let newest = newest.key.trim_start_matches("event:").to_owned();
                let new = self.store.append_inbox(items).await?;
                found += new.into_iter().filter(|new| *new).count();
                checked.insert(room, newest);
            }
        }
        Ok(found)
    }
}

/// Waits until the homeserver is back. A change during a look counts too.
async fn came_back(health: &mut watch::Receiver<bool>) {
    loop {
        if health.changed().await.is_err() {
            // The sender lives as long as the bridge.
            std::future::pending::<()>().await;
        }
        if *health.borrow_and_update() {
            return;
        }
    }
}
