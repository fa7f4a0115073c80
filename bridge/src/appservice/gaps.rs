//! Homeservers can lose pushes: what happened in the rooms meanwhile?
//!
//! After a crash a homeserver may never push the last events before it, or push them long after
//! later ones. So the newest events of every room are read and put into the inbox, which
//! leaves out what it had before: soon and repeatedly after a start or a return of the homeserver,
//! and every few minutes without a reason. And for a while after a start or a return a push only
//! says that something happened: before its events are taken, the room is read, so that what came
//! before them is taken before them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use futures_util::{StreamExt as _, stream};
use ruma::{OwnedRoomId, RoomId, events::AnyTimelineEvent, serde::Raw};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{cadence::Cadence, reach::Problem, transactions};
use crate::{
    clock::Clock,
    matrix::client::CallError,
    metrics::Metrics,
    outbox::{
        deliver::{DeliverError, Deliverer},
        health::Health,
    },
    place::Place,
    runner::{KEEP_KEYS_MS, Whisper},
    store::{Store, StoreError},
};

/// For how long after a start or a return a push is only a hint, in milliseconds.
const WARY_MS: u64 = 30 * 1000;
/// How many rooms are read at once.
const AT_ONCE: usize = 16;
/// How far back one look goes at most, in pages of 100 events.
const PAGES: usize = 20;
/// How long to wait before a look that failed is repeated.
const PAUSE: Duration = Duration::from_secs(2);
/// After how many failed looks in a row a room holds up the others no longer.
const ROUNDS: u32 = 3;
/// What is older than this, in milliseconds, is not taken: that it was handled may be forgotten. A
/// day is for clocks that differ.
const TOO_OLD_MS: u64 = KEEP_KEYS_MS - 24 * 60 * 60 * 1000;

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

    /// Takes what happened in these rooms, if we have to do with them. Should that fail, the coming looks
    /// will find it.
    pub async fn catch_up(&self, rooms: impl IntoIterator<Item = String>) {
        let known = rooms
            .into_iter()
            .filter(|room| {
                let place = self.0.deliverer.directory.place_of(room);
                place.is_some_and(|place| !place.is_space())
            })
            .filter_map(|room| RoomId::parse(room).ok());
        stream::iter(known)
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
        // What was said in a room before the bot was invited was not meant for it.
        let place = deliverer.directory.place_of(room.as_str());
        let visits = matches!(place, Some(Place::Visited(_)));
        let bot = deliverer.names.bot().as_str();
        let events = deliverer
            .events_since(room, PAGES, |event| {
                Some(&event.event_id) == last.as_ref() || (visits && event.invites(bot))
            })
            .await?;
        let received = clock.now().0;
        let is_old = |raw: &Raw<AnyTimelineEvent>| {
            let sent = raw.get_field::<u64>("origin_server_ts").ok().flatten();
            sent.is_some_and(|sent| sent.saturating_add(TOO_OLD_MS) < received)
        };
        let newest = events.iter().rev().find_map(|raw| raw.get_field("event_id").ok().flatten());
        let items: Vec<_> = events
            .iter()
            .filter(|raw| !is_old(raw))
            .filter_map(|raw| transactions::item(raw.json(), received))
            .collect();
        let new = if items.is_empty() { Vec::new() } else { store.append_inbox(items).await? };
        if let Some(newest) = newest {
            checked.insert(room.clone(), newest);
        }
        Ok(new.into_iter().filter(|new| *new).count())
    }

    /// Looks at all rooms. Fails if there is no sense in looking at any.
    async fn look(&self) -> Result<Look, GapError> {
        let mut rooms = self.0.deliverer.directory.rooms();
        // Nothing in them is worth waiting for.
        rooms.retain(|(_, place)| !place.is_space());
        self.0.checked.retain(|room, _| rooms.iter().any(|(open, _)| open == room));
        let mut look = Look::default();
        let mut reading = stream::iter(rooms)
            .map(|(room, place)| {
                let gaps = self.clone();
                async move { (place, gaps.fill(&room).await) }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((place, filled)) = reading.next().await {
            match filled {
                Ok(new) => look.found += new,
                // A room that the bot was removed from.
                Err(GapError::Deliver(DeliverError::Call(error))) if !error.is_transient() => {
                    tracing::debug!(%place, %error, "the homeserver does not show a room");
                }
                Err(error) if self.concerns_all(&error) => return Err(error),
                Err(error) => {
                    tracing::debug!(%place, %error, "a room could not be read");
                    look.failed.push(place);
                }
            }
        }
        Ok(look)
    }

    /// Whether the other rooms will not be read either.
    fn concerns_all(&self, error: &GapError) -> bool {
        match error {
            GapError::Store(_)
            | GapError::Deliver(DeliverError::Call(
                CallError::Unreachable(_) | CallError::Unauthorised,
            )) => true,
            GapError::Deliver(_) => !self.0.health.is_up(),
        }
    }

    /// Looks until it is told to stop, and tells when everything up to now is in the inbox, but for
    /// rooms that failed again and again. The first look is made at once. With a `problem` the
    /// homeserver may not be able to push, and looks are all there is.
    pub async fn run(
        self,
        whispers: mpsc::Sender<Whisper>,
        metrics: Metrics,
        problem: Problem,
        stop: CancellationToken,
    ) {
        let mut health = self.0.health.subscribe();
        let mut cadence = Cadence::new(problem);
        let mut failures = Failures::default();
        loop {
            let look = tokio::select! {
                () = stop.cancelled() => return,
                look = self.look() => look,
            };
            let pause = match look {
                Ok(Look { found, failed }) => {
                    if found > 0 {
                        tracing::info!(found, "read events that were not pushed yet");
                    }
                    metrics.rooms_unreadable(failed.len());
                    if failures.wait_for_more(failed) {
                        PAUSE
                    } else if whispers.send(Whisper::CaughtUp).await.is_err() {
                        return;
                    } else {
                        cadence.pause()
                    }
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
                    cadence.begin();
                }
            }
        }
    }
}

/// What a look at all rooms gave.
#[derive(Debug, Default)]
struct Look {
    /// How many new events.
    found: usize,
    /// The places whose rooms could not be read now.
    failed: Vec<Place>,
}

/// How often in a row rooms could not be read.
#[derive(Debug, Default)]
struct Failures(HashMap<Place, u32>);

impl Failures {
    /// Counts a look. Says whether a room failed that may still be worth waiting for.
    fn wait_for_more(&mut self, failed: Vec<Place>) -> bool {
        let before = std::mem::take(&mut self.0);
        for place in failed {
            let rounds = before.get(&place).copied().unwrap_or_default().saturating_add(1);
            if rounds == ROUNDS {
                tracing::warn!(%place, "a room cannot be read; going on without it for now");
            }
            self.0.insert(place, rounds);
        }
        self.0.values().any(|rounds| *rounds < ROUNDS)
    }
}

#[cfg(test)]
mod tests {
    use switchboard_engine::ChatId;

    use super::*;

    #[test]
    fn a_room_is_waited_for_a_few_rounds_and_again_once_it_was_read() {
        let [one, other] = [1, 2].map(|chat| Place::Chat(ChatId(chat)));
        let mut failures = Failures::default();
        for (failed, wait) in [
            (vec![], false),
            (vec![&one], true),
            (vec![&one], true),
            (vec![&one], false),
            (vec![&one], false),
            (vec![&one, &other], true),
            (vec![&one, &other], true),
            (vec![&one, &other], false),
            (vec![&other], false),
            (vec![&one, &other], true),
        ] {
            let told = format!("{failed:?}");
            let failed = failed.into_iter().cloned().collect();
            assert_eq!(failures.wait_for_more(failed), wait, "{told}");
        }
    }
}
