//! Failures of the runner: how long it pauses, and what is put aside because of them.
//!
//! A batch fails as a whole, and what it did in memory is thrown away. After a failure everything
//! is handled one by one for a while, so that the culprit is known: what fails three times is put
//! aside, and the rest go on. Timers cannot be put aside; they rest.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::state::HandleError;
use crate::store::StoreError;

/// After this many failures something is put aside.
pub(super) const TRIES: u32 = 3;
/// How many turns are taken carefully after a failure.
const CAREFUL: usize = 256;
/// The pauses between failures: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How long something rests after its first failure, and at most.
const RESTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Why a batch failed as a whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    /// The store failed, or does not take the batch.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something in it could not be handled.
    #[error(transparent)]
    Handle(HandleError),
    /// A fault of ours.
    #[error("a handler panicked")]
    Panic,
}

impl From<HandleError> for TurnError {
    fn from(error: HandleError) -> Self {
        match error {
            HandleError::Store(error) => Self::Store(error),
            other => Self::Handle(other),
        }
    }
}

impl TurnError {
    /// Whether it would come again with the same batch: the disk's failures say nothing about that.
    fn is_of_the_batch(&self) -> bool {
        !matches!(self, Self::Store(StoreError::Io(_)))
    }
}

/// What is known about failures.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    in_a_row: u32,
    careful: usize,
    /// What is being handled: if there is a panic, this is the one.
    trying: Option<String>,
    failures: HashMap<String, Failures>,
}

#[derive(Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Trouble {
    /// Whether things are to be handled one by one.
    pub(super) fn is_careful(&self) -> bool {
        self.careful > 0
    }

    /// `name` is handled next.
    pub(super) fn tries(&mut self, name: &str) {
        self.trying = Some(name.to_owned());
    }

    /// All handlers have returned. What fails now is the batch's fault: that of the one thing in it,
    /// if there is only one.
    pub(super) fn all_handled(&mut self) {
        if !self.is_careful() {
            self.trying = None;
        }
    }

    /// Whether `name` has failed too often.
    pub(super) fn is_hopeless(&self, name: &str) -> bool {
        self.failures.get(name).is_some_and(|failures| failures.count >= TRIES)
    }

    /// How long `name` is still to be left alone.
    pub(super) fn rest_of(&self, name: &str) -> Duration {
        let Some(failures) = self.failures.get(name) else { return Duration::ZERO };
        growing(RESTS, failures.count).saturating_sub(failures.last.elapsed())
    }

    /// A turn has ended well.
    pub(super) fn is_over(&mut self, worked: bool) {
        self.in_a_row = 0;
        self.careful = if worked { self.careful.saturating_sub(1) } else { 0 };
        if let Some(name) = self.trying.take()
            && self.careful > 0
        {
            self.failures.remove(&name);
        }
    }

    /// A turn has failed. Says how long to pause.
    pub(super) fn happened(&mut self, error: &TurnError) -> Duration {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let alone = self.careful > 0;
        self.careful = CAREFUL;
        let trying = self.trying.take();
        // In a batch of many, only a panic tells whose fault it was.
        if let Some(name) = trying
            && error.is_of_the_batch()
            && (alone || matches!(error, TurnError::Panic))
        {
            let failures =
                self.failures.entry(name).or_insert(Failures { count: 0, last: Instant::now() });
            failures.count += 1;
            failures.last = Instant::now();
        }
        growing(PAUSES, self.in_a_row)
    }
}

/// Twice as long each time.
fn growing((first, longest): (Duration, Duration), count: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(count.saturating_sub(1))).min(longest)
}
