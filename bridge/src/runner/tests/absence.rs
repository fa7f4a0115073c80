//! Absences, ours and the homeserver's: by their whole length, deadlines move.

use std::sync::atomic::{AtomicBool, Ordering};

use switchboard_engine::{Chat, Time};

use super::*;
use crate::{clock::ManualClock, store::StoreError};

const RINGING: Span = Span::seconds(45);
const START: Time = Time(1_000_000);

/// A store and the time, over several processes.
struct Story {
    clock: ManualClock,
    store: MemoryStore,
    bench: Bench,
    said: usize,
}

impl Story {
    /// Anna is asked to take a chat, and it rings from now.
    async fn rings() -> Self {
        let clock = ManualClock::default();
        clock.set(START);
        let store = MemoryStore::new();
        let bench = process(&store, &clock).await;
        let mut told = Self { clock, store, bench, said: 1 };
        told.caught_up().await;
        told.bench.rings().await;
        let (seq, effect) = told.bench.next(|deed| matches!(deed, Deed::Ring { .. })).await;
        told.bench.ends_well(seq, effect, Done::Rung);
        told.everything_is_handled().await;
        assert_eq!(told.rings_until().await, START + RINGING);
        told
    }

    async fn caught_up(&self) {
        self.bench.whispers.send(Whisper::CaughtUp).await.expect("the runner runs");
    }

    /// The customer says something, and it is committed. So is, then, what was before.
    async fn everything_is_handled(&mut self) {
        for _ in 0..2 {
            self.bench.says(&format!("word {}", self.said)).await;
            self.said += 1;
            self.bench.feed(self.said).await;
        }
    }

    fn passes(&self, seconds: u64) {
        self.clock.set(self.clock.clock().now() + Span::seconds(seconds));
    }

    /// The process dies, and after a while another one starts.
    async fn restarts_after(self, seconds: u64) -> Self {
        self.bench.stop.cancel();
        self.bench.running.await.expect("no panic").expect("a clean end");
        self.clock.set(self.clock.clock().now() + Span::seconds(seconds));
        let bench = process(&self.store, &self.clock).await;
        Self { bench, ..self }
    }

    /// Until when Anna's request rings, as it is stored.
    async fn rings_until(&self) -> Time {
        let chat = self.store.record(RecordKind::Chat, &CHAT.to_string()).await.expect("read");
        let chat: Chat = serde_json::from_slice(&chat.expect("it is there")).expect("a chat");
        let (_, request) = chat.request(1).expect("it rings");
        request.deadline.expect("the invite is with the homeserver")
    }
}

async fn process(store: &MemoryStore, clock: &ManualClock) -> Bench {
    let agents = [(ANNA, "Anna")];
    Bench::with_clock(store.clone(), &agents, RINGING, |_| {}, clock.clock()).await
}

#[tokio::test]
async fn an_absence_is_not_forgotten_if_its_end_cannot_be_committed() {
    let mut story = Story::rings().await.restarts_after(10).await;
    let failed = AtomicBool::new(false);
    story.store.guard_commits(move |changes| {
        let moves = changes.records.iter().any(|(kind, ..)| *kind == RecordKind::Chat);
        if moves && !failed.swap(true, Ordering::SeqCst) {
            return Err(StoreError::Io("asked to fail".to_owned()));
        }
        Ok(())
    });
    story.caught_up().await;
    story.everything_is_handled().await;
    assert_eq!(story.rings_until().await, START + RINGING + Span::seconds(10));
}

#[tokio::test]
async fn an_absence_lasts_over_several_starts() {
    let story = Story::rings().await;
    let mut story = story.restarts_after(10).await.restarts_after(5).await;
    story.caught_up().await;
    story.everything_is_handled().await;
    assert_eq!(story.rings_until().await, START + RINGING + Span::seconds(15));
}

#[tokio::test]
async fn a_homeserver_that_is_silent_when_we_die_has_been_silent_since_before() {
    let mut story = Story::rings().await;
    story.bench.health.report_down();
    story.everything_is_handled().await;
    story.passes(10);
    story.everything_is_handled().await;
    let mut story = story.restarts_after(5).await;
    story.caught_up().await;
    story.everything_is_handled().await;
    assert_eq!(story.rings_until().await, START + RINGING + Span::seconds(15));
}

#[tokio::test]
async fn who_falls_silent_again_is_not_back() {
    let mut story = Story::rings().await.restarts_after(10).await;
    story.bench.health.report_down();
    story.everything_is_handled().await;
    story.passes(5);
    story.everything_is_handled().await;
    let before = story.rings_until().await;
    assert_eq!(before, START + RINGING, "nothing moves before everything is there");
    story.caught_up().await;
    story.everything_is_handled().await;
    assert_eq!(story.rings_until().await, START + RINGING + Span::seconds(15));
}
