//! Waiting for something to become true: the only place where tests sleep.

use std::{panic::Location, time::Duration};

use tokio::time::{Instant, sleep};

/// Long enough for a busy machine; a test that passes never waits for it.
pub const DEADLINE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(10);

/// Asks until the answer is `Some`, and gives it.
///
/// # Panics
/// After the deadline, naming the caller.
#[track_caller]
pub fn eventually<T, P>(deadline: Duration, mut probe: impl FnMut() -> P) -> impl Future<Output = T>
where
    P: Future<Output = Option<T>>,
{
    let caller = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        loop {
            if let Some(answer) = probe().await {
                return answer;
            }
            assert!(Instant::now() < end, "not within {deadline:?}: what {caller} waits for");
            sleep(POLL).await;
        }
    }
}

/// Asks until it is true.
///
/// # Panics
/// After the deadline, naming the caller.
#[track_caller]
pub fn until(deadline: Duration, mut probe: impl FnMut() -> bool) -> impl Future<Output = ()> {
    eventually(deadline, move || std::future::ready(probe().then_some(())))
}

/// Watches for a while that something stays true.
///
/// # Panics
/// As soon as it is not.
#[track_caller]
pub fn stays(
    time: Duration,
    what: &str,
    mut probe: impl FnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let end = Instant::now() + time;
        while Instant::now() < end {
            assert!(probe(), "{what} did not stay true ({caller})");
            sleep(POLL).await;
        }
    }
}

/// Lets time pass on purpose: until something is killed, say. Never to wait for something.
pub async fn pause(time: Duration) {
    sleep(time).await;
}

/// A moment in which nothing more should happen.
pub async fn settle() {
    sleep(Duration::from_millis(150)).await;
}
