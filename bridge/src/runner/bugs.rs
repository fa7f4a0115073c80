//! Deliberate bugs of the runner, like [those of the rules](switchboard_engine::bugs): the simulator
//! must find each of them.
//!
//! Without the feature `simulation` there is no switch, and the compiler removes every trace.

/// Something in the runner that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The end of an effect is handled again with the next batch.
    TakesEndsTwice,
    /// Now and then an inbox item is marked as done, though nothing was done about it.
    MarksUnhandledDone,
    /// After a failed commit, what it should have written is still believed.
    KeepsStateAfterFailure,
    /// After a failed commit, what was handled in vain is not handled again.
    SkipsFailedBatch,
    /// The outbox hears of effects before they are committed.
    ActsBeforeCommit,
    /// The outbox never hears that a room is committed.
    SettlesNothing,
    /// When the homeserver refuses for good, nobody hears of it.
    ForgetsRefusals,
    /// A start knows nothing of an absence that was not over when the process died.
    ForgetsAbsence,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::TakesEndsTwice,
        Self::MarksUnhandledDone,
        Self::KeepsStateAfterFailure,
        Self::SkipsFailedBatch,
        Self::ActsBeforeCommit,
        Self::SettlesNothing,
        Self::ForgetsRefusals,
        Self::ForgetsAbsence,
    ];
}

#[cfg(feature = "simulation")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static BUG: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Breaks one thing for every runner of this thread, or none.
    pub fn set(bug: Option<Bug>) {
        BUG.set(bug);
    }

    /// Whether this is broken in this thread.
    #[must_use]
    pub fn has(bug: Bug) -> bool {
        BUG.get() == Some(bug)
    }
}

#[cfg(feature = "simulation")]
pub use switch::{has, set};

#[cfg(not(feature = "simulation"))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}
