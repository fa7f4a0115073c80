//! Deliberate bugs: rules that can be broken at run time. The simulator must find each of them,
//! which shows that it is not blind.
//!
//! Without the feature `deliberate-bugs` there is no switch, and the compiler removes every trace.

/// A rule that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Who rejected or missed a chat is asked for it again at once.
    ForgetsExclusion,
    /// A chat that returns to its queue goes to its end.
    ResetsSince,
    /// An agent gets one chat more than they can have.
    IgnoresCapacity,
    /// Paused agents are asked.
    AsksPaused,
    /// The request of a chat that ended is not withdrawn.
    KeepsRequestAtEnd,
    /// What the customer wrote before there was a room is forgotten.
    LosesPending,
    /// It gets into the room in the wrong order.
    ReversesPending,
    /// A profile's delay for a queue does not count.
    IgnoresDelay,
    /// Only the time of waiting counts, not the queue's priority.
    IgnoresPriority,
    /// A request that we took back ourselves counts as missed.
    CountsWithdrawalAsMiss,
    /// An agent who comes out of a chat is not given the next one.
    LeavesSlotEmpty,
    /// An agent is asked for two chats at once.
    AsksTwice,
    /// An agent is asked before it is known what became of their last invite.
    AsksBeforeWithdrawn,
    /// When one of several agents accepts, the others' requests stay.
    RingAllKeepsOthers,
    /// A chat that overflows into another queue is never asked for there.
    OverflowLosesChat,
    /// The invite of a missed request stays, and nobody waits for its end.
    KeepsMissedInvite,
    /// An outage is held against agents who did not answer meanwhile.
    IgnoresOutage,
    /// What an agent wrote into an ended chat is dropped without a word.
    DropsLateMessage,
    /// A changed agent is not stored.
    ForgetsToStore,
    /// Who has been without a chat for the shortest time is asked first.
    AsksShortestIdle,
    /// Who was asked last is asked again in turn.
    ForgetsWhoWasAsked,
    /// Who left a chat is asked for it when it comes back to its queue.
    AsksLeavers,
    /// A chat that everybody has rejected is not offered once more.
    NoSecondRound,
    /// Who wanted to pause after their chats never does.
    NeverPauses,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::ForgetsExclusion,
        Self::ResetsSince,
        Self::IgnoresCapacity,
        Self::AsksPaused,
        Self::KeepsRequestAtEnd,
        Self::LosesPending,
        Self::ReversesPending,
        Self::IgnoresDelay,
        Self::IgnoresPriority,
        Self::CountsWithdrawalAsMiss,
        Self::LeavesSlotEmpty,
        Self::AsksTwice,
        Self::AsksBeforeWithdrawn,
        Self::RingAllKeepsOthers,
        Self::OverflowLosesChat,
        Self::KeepsMissedInvite,
        Self::IgnoresOutage,
        Self::DropsLateMessage,
        Self::ForgetsToStore,
        Self::AsksShortestIdle,
        Self::ForgetsWhoWasAsked,
        Self::AsksLeavers,
        Self::NoSecondRound,
        Self::NeverPauses,
    ];
}

#[cfg(feature = "deliberate-bugs")]
mod switch {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static BUG: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Breaks one rule for every engine of this thread, or none.
    pub fn set(bug: Option<Bug>) {
        BUG.set(bug);
    }

    pub(crate) fn has(bug: Bug) -> bool {
        BUG.get() == Some(bug)
    }
}

#[cfg(feature = "deliberate-bugs")]
pub(crate) use switch::has;
#[cfg(feature = "deliberate-bugs")]
pub use switch::set;

#[cfg(not(feature = "deliberate-bugs"))]
pub(crate) const fn has(_: Bug) -> bool {
    false
}
