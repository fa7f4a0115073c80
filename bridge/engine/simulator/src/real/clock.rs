//! Time for the bridge: a wall clock that shows the schedule's time, and tokio's own, which stands
//! still but for what passes in the schedule.

use switchboard::clock::{Clock, ManualClock};
use switchboard_engine::Time;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// One for all schedules of a thread: only differences of its time matter.
    static RUNTIME: Runtime = {
        let mut builder = Builder::new_current_thread();
        builder.enable_time().start_paused(true);
        #[expect(clippy::expect_used, reason = "nothing can be simulated without it")]
        builder.build().expect("a runtime without threads and sockets")
    };
}

/// Both clocks.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    wall: ManualClock,
    now: Time,
}

impl Clocks {
    /// The wall clock.
    pub(super) fn wall(&self) -> Clock {
        self.wall.clock()
    }

    /// Sets both to the schedule's time, which never goes backwards.
    pub(super) fn set(&mut self, now: Time) {
        let passed = now - self.now;
        self.now = now;
        self.wall.set(now);
        if passed.0 > 0 {
            run(tokio::time::advance(std::time::Duration::from_millis(passed.0)));
        }
    }
}

/// Runs something that looks at tokio's clock.
pub(super) fn within<T>(work: impl FnOnce() -> T) -> T {
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        work()
    })
}

/// Runs something that waits for nothing but the store in memory.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(work))
}
