//! What is measured, in Prometheus' text format (`OpenMetrics` 1.0). Never a name, a text or an id.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use switchboard_engine::{ChatEvent, ChatState, EndReason, Engine};

use crate::store::Depth;

/// One label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

/// All metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    chats: Family<State, Gauge>,
    requests: Family<OutcomeLabel, Counter>,
    ended: Family<Reason, Counter>,
    inbox_depth: Gauge,
    inbox_age: Gauge<f64, AtomicU64>,
    outbox_depth: Gauge,
    outbox_age: Gauge<f64, AtomicU64>,
    quarantined: Counter,
    parked: Counter,
    unreadable: Gauge,
    transactions: Counter,
    handled: Histogram,
    to_agents: Histogram,
    to_customer: Histogram,
    /// When the oldest undone effect was decided; 0 for none.
    oldest_effect: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// From a millisecond to a minute.
fn latency() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    ])
}

impl Metrics {
    /// New metrics, all at nothing.
    #[must_use]
    pub fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("switchboard"),
            chats: Family::default(),
            requests: Family::default(),
            ended: Family::default(),
            inbox_depth: Gauge::default(),
            inbox_age: Gauge::default(),
            outbox_depth: Gauge::default(),
            outbox_age: Gauge::default(),
            quarantined: Counter::default(),
            parked: Counter::default(),
            unreadable: Gauge::default(),
            transactions: Counter::default(),
            handled: latency(),
            to_agents: latency(),
            to_customer: latency(),
            oldest_effect: AtomicU64::new(0),
        };
        let registry = &mut inner.registry;
        registry.register("chats", "Chats in memory by state", inner.chats.clone());
        registry.register("requests", "Requests to agents by outcome", inner.requests.clone());
        registry.register("chats_ended", "Ended chats by reason", inner.ended.clone());
        registry.register("inbox_depth", "Unhandled inbox items", inner.inbox_depth.clone());
        registry.register(
            "inbox_oldest_seconds",
            "Age of the oldest unhandled inbox item",
            inner.inbox_age.clone(),
        );
        registry.register("outbox_depth", "Effects that are not done", inner.outbox_depth.clone());
        registry.register(
            "outbox_oldest_seconds",
            "Age of the oldest effect that is not done",
            inner.outbox_age.clone(),
        );
        registry.register(
            "inbox_quarantined",
            "Inbox items put aside because they could not be handled",
            inner.quarantined.clone(),
        );
        registry.register(
            "rooms_unreadable",
            "Chats whose room the homeserver failed to show at the last look for lost events",
            inner.unreadable.clone(),
        );
        registry.register(
            "effects_parked",
            "Effects given up because the homeserver refused them for good",
            inner.parked.clone(),
        );
        registry.register(
            "transactions",
            "Transactions taken from the homeserver",
            inner.transactions.clone(),
        );
        registry.register(
            "customer_message_handled_seconds",
            "From a customer's message to its commit",
            inner.handled.clone(),
        );
        registry.register(
            "customer_message_delivered_seconds",
            "From a customer's message to its event in the agents' room",
            inner.to_agents.clone(),
        );
        registry.register(
            "agent_message_delivered_seconds",
            "From an agent's event, by the homeserver's clock, to the customer's feed",
            inner.to_customer.clone(),
        );
        Self(Arc::new(inner))
    }

    pub(crate) fn requests_loaded(&self) {
        // Every outcome shows from the start, so that rates are right from the first one.
        for outcome in ["made", "accepted", "rejected", "missed", "withdrawn", "failed"] {
            drop(self.0.requests.get_or_create(&OutcomeLabel { outcome }));
        }
    }

    pub(crate) fn request_made(&self) {
        self.0.requests.get_or_create(&OutcomeLabel { outcome: "made" }).inc();
    }

    /// Counts what happened to chats.
    pub(crate) fn happened(&self, event: &ChatEvent) {
        let outcome = match event {
            ChatEvent::Joined { first: true, .. } => "accepted",
            ChatEvent::Rejected { .. } => "rejected",
            ChatEvent::Missed { .. } => "missed",
            ChatEvent::Withdrawn { .. } => "withdrawn",
            ChatEvent::RequestFailed { .. } => "failed",
            ChatEvent::Ended { reason } => {
                let reason = match reason {
                    EndReason::Customer => "customer",
                    EndReason::Agent(_) => "agent",
                    EndReason::Abandoned => "abandoned",
                    EndReason::NoAgent => "no_agent",
                };
                self.0.ended.get_or_create(&Reason { reason }).inc();
                return;
            }
            _ => return,
        };
        self.0.requests.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts the chats by state.
    pub(crate) fn observe_chats(&self, engine: &Engine) {
        let mut counts = [("waiting", 0), ("ringing", 0), ("active", 0), ("ended", 0), ("form", 0)];
        for chat in engine.chats() {
            let at = match chat.state {
                ChatState::Waiting => 0,
                ChatState::Ringing { .. } => 1,
                ChatState::Active { .. } => 2,
                ChatState::Ended { .. } => 3,
                ChatState::Form => 4,
            };
            counts[at].1 += 1;
        }
        for (state, count) in counts {
            self.0.chats.get_or_create(&State { state }).set(count);
        }
    }

    /// Notes when the oldest undone effect was decided, in milliseconds since the Unix epoch.
    pub(crate) fn oldest_effect(&self, created: Option<u64>) {
        self.0.oldest_effect.store(created.unwrap_or_default(), Ordering::Relaxed);
    }

    pub(crate) fn quarantined(&self) {
        self.0.quarantined.inc();
    }

    pub(crate) fn parked(&self) {
        self.0.parked.inc();
    }

    pub(crate) fn rooms_unreadable(&self, rooms: usize) {
        self.0.unreadable.set(i64::try_from(rooms).unwrap_or(i64::MAX));
    }

    pub(crate) fn transaction(&self) {
        self.0.transactions.inc();
    }

    pub(crate) fn customer_message(&self, took_ms: u64) {
        self.0.handled.observe(seconds(took_ms));
    }

    pub(crate) fn delivered_to_agents(&self, from_ms: u64, to_ms: u64) {
        self.0.to_agents.observe(seconds(to_ms.saturating_sub(from_ms)));
    }

    pub(crate) fn agent_message(&self, from_ms: u64, to_ms: u64) {
        self.0.to_customer.observe(seconds(to_ms.saturating_sub(from_ms)));
    }

    /// All of it as text, with the depths as they are now (`now` in milliseconds since the epoch).
    #[must_use]
    pub fn render(&self, depth: &Depth, now: u64) -> String {
        let inner = &self.0;
        inner.inbox_depth.set(i64::try_from(depth.inbox).unwrap_or(i64::MAX));
        inner.outbox_depth.set(i64::try_from(depth.effects).unwrap_or(i64::MAX));
        inner.inbox_age.set(depth.inbox_oldest.map_or(0.0, |at| seconds(now.saturating_sub(at))));
        let oldest = inner.oldest_effect.load(Ordering::Relaxed);
        let waits = oldest > 0 && depth.effects > 0;
        inner.outbox_age.set(if waits { seconds(now.saturating_sub(oldest)) } else { 0.0 });
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &inner.registry) {
            let _ = write!(text, "# {error}");
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^52 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_has_an_age_and_nothing_has_none() {
        let metrics = Metrics::new();
        let shows = |depth: &Depth, now: u64, lines: [&str; 4]| {
            let text = metrics.render(depth, now);
            for line in lines {
                assert!(text.lines().any(|had| had == line), "no `{line}` in:\n{text}");
            }
        };
        let nothing = [
            "switchboard_inbox_depth 0",
            "switchboard_inbox_oldest_seconds 0.0",
            "switchboard_outbox_depth 0",
            "switchboard_outbox_oldest_seconds 0.0",
        ];
        let empty = Depth { inbox: 0, inbox_oldest: None, effects: 0 };
        shows(&empty, 1_000_000, nothing);
        metrics.oldest_effect(Some(998_500));
        let waiting = Depth { inbox: 3, inbox_oldest: Some(997_000), effects: 2 };
        for (now, inbox, outbox) in [(1_000_000, "3.0", "1.5"), (1_060_000, "63.0", "61.5")] {
            let inbox = format!("switchboard_inbox_oldest_seconds {inbox}");
            let outbox = format!("switchboard_outbox_oldest_seconds {outbox}");
            let lines =
                ["switchboard_inbox_depth 3", "switchboard_outbox_depth 2", &inbox, &outbox];
            shows(&waiting, now, lines);
        }
        // A clock that was put back makes nothing younger than it is.
        let future = Depth { inbox: 1, inbox_oldest: Some(2_000_000), effects: 0 };
        shows(
            &future,
            1_000_000,
            [
                "switchboard_inbox_depth 1",
                "switchboard_inbox_oldest_seconds 0.0",
                "switchboard_outbox_depth 0",
                "switchboard_outbox_oldest_seconds 0.0",
            ],
        );
    }
}
