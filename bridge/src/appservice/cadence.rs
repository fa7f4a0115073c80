//! How often it is looked for what was not pushed.

use std::{array, time::Duration};

use super::reach::Problem;

/// How often without a reason.
const EVERY: Duration = Duration::from_mins(3);
/// How often while the homeserver cannot push.
const EVERY_WITHOUT_PUSHES: Duration = Duration::from_secs(15);
/// The pauses between the looks after a start or a return.
const SOON: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
];

/// The pauses between looks: short ones after a start or a return of the homeserver, long ones later.
#[derive(Debug)]
pub(super) struct Cadence {
    soon: array::IntoIter<Duration, { SOON.len() }>,
    problem: Problem,
}

impl Cadence {
    /// Begins with short pauses. With a `problem` the homeserver may not be able to push, and looks
    /// are all there is.
    pub(super) fn new(problem: Problem) -> Self {
        Self { soon: SOON.into_iter(), problem }
    }

    /// Begins anew.
    pub(super) fn begin(&mut self) {
        self.soon = SOON.into_iter();
    }

    /// The pause after a look that succeeded.
    pub(super) fn pause(&mut self) -> Duration {
        let every = if self.problem.is_any() { EVERY_WITHOUT_PUSHES } else { EVERY };
        self.soon.next().unwrap_or(every)
    }
}
