//! What goes wrong on purpose, and a count of everything that was asked.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::watch;

use super::{core::lock, error::ApiError};

/// Requests that fail. `Fault::on("PUT", "/send/").by("_c_").times(3).replies(429, "M_LIMIT_EXCEEDED")`.
#[derive(Clone, Debug)]
pub struct Fault {
    method: String,
    path: String,
    user: String,
    left: Option<u64>,
    skip: u64,
    chance: f64,
    outcome: Outcome,
    hits: Arc<AtomicU64>,
    gate: Gate,
}

/// Where requests are held until it opens.
type Gate = Arc<watch::Sender<bool>>;

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Reply(ApiError),
    Plain(u16, String),
    DropReply,
    Delay(Duration),
    Hold(Gate),
    /// After so many events.
    Half(usize, ApiError),
}

impl Fault {
    /// Requests with this method whose path contains this text (`""` for all).
    #[must_use]
    pub fn on(method: &str, path: &str) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            user: String::new(),
            left: None,
            skip: 0,
            chance: 1.0,
            outcome: Outcome::Reply(ApiError::new(500, "M_UNKNOWN", "on purpose")),
            hits: Arc::default(),
            gate: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Only those of users whose id contains this text.
    #[must_use]
    pub fn by(mut self, user: &str) -> Self {
        self.user = user.into();
        self
    }

    /// At most so many.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.left = Some(times);
        self
    }

    /// Only after so many that match.
    #[must_use]
    pub fn after(mut self, matching: u64) -> Self {
        self.skip = matching;
        self
    }

    /// Only this share of them, by the homeserver's seed.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = chance;
        self
    }

    /// Nothing is done, this is answered.
    #[must_use]
    pub fn replies(mut self, status: u16, errcode: &str) -> Self {
        self.outcome = Outcome::Reply(ApiError::new(status, errcode, "on purpose"));
        self
    }

    /// Nothing is done, and this is answered as it is: the words of a proxy, say.
    #[must_use]
    pub fn answers(mut self, status: u16, body: &str) -> Self {
        self.outcome = Outcome::Plain(status, body.into());
        self
    }

    /// Nothing is done, `429` with this `retry_after_ms` is answered.
    #[must_use]
    pub fn limits(mut self, retry_after_ms: u64) -> Self {
        let mut error = ApiError::new(429, "M_LIMIT_EXCEEDED", "on purpose");
        error.retry_after_ms = Some(retry_after_ms);
        self.outcome = Outcome::Reply(error);
        self
    }

    /// It is done, and the connection closes without an answer.
    #[must_use]
    pub fn drops_the_reply(mut self) -> Self {
        self.outcome = Outcome::DropReply;
        self
    }

    /// It is done a while later.
    #[must_use]
    pub fn delays(mut self, by: Duration) -> Self {
        self.outcome = Outcome::Delay(by);
        self
    }

    /// It is done when [`Hits::release`] is called, and not before.
    #[must_use]
    pub fn holds(mut self) -> Self {
        self.outcome = Outcome::Hold(Arc::clone(&self.gate));
        self
    }

    /// `createRoom` only: the alias and so many of the room's events are made, then it is `429`.
    #[must_use]
    pub fn stops_half_way(mut self, events: usize) -> Self {
        let mut error = ApiError::new(429, "M_LIMIT_EXCEEDED", "on purpose, half way");
        error.retry_after_ms = Some(20);
        self.outcome = Outcome::Half(events, error);
        self
    }
}

/// How often a fault struck, and the way to let go what it holds.
#[derive(Clone, Debug)]
pub struct Hits {
    count: Arc<AtomicU64>,
    gate: Gate,
}

impl Hits {
    /// How often.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// What is held goes on, and nothing is held from now on.
    pub fn release(&self) {
        self.gate.send_replace(true);
    }
}

#[derive(Debug)]
pub(crate) struct Faults {
    any: AtomicBool,
    unavailable: AtomicBool,
    rules: Mutex<(StdRng, Vec<Fault>)>,
    counts: DashMap<(String, &'static str), AtomicU64>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            any: AtomicBool::new(false),
            unavailable: AtomicBool::new(false),
            rules: Mutex::new((StdRng::seed_from_u64(seed), Vec::new())),
            counts: DashMap::new(),
        }
    }

    pub(crate) fn add(&self, fault: Fault) -> Hits {
        let hits = Hits { count: fault.hits.clone(), gate: fault.gate.clone() };
        lock(&self.rules).1.push(fault);
        self.any.store(true, Ordering::Release);
        hits
    }

    pub(crate) fn clear(&self) {
        self.any.store(false, Ordering::Release);
        lock(&self.rules).1.clear();
    }

    pub(crate) fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::Release);
    }

    /// The first rule that matches decides.
    pub(crate) fn decide(&self, method: &str, path: &str, user: &str) -> Option<Outcome> {
        if self.unavailable.load(Ordering::Acquire) {
            let error = ApiError::new(503, "M_UNKNOWN", "Service unavailable, on purpose");
            return Some(Outcome::Reply(error));
        }
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let mut guard = lock(&self.rules);
        let (rng, rules) = &mut *guard;
        for rule in rules {
            let matches = rule.method == method
                && path.contains(&rule.path)
                && user.contains(&rule.user)
                && rule.left != Some(0);
            if !matches {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if rng.random::<f64>() >= rule.chance {
                continue;
            }
            if let Some(left) = &mut rule.left {
                *left -= 1;
            }
            rule.hits.fetch_add(1, Ordering::Relaxed);
            return Some(rule.outcome.clone());
        }
        None
    }

    pub(crate) fn count(&self, method: &'static str, route: &str) {
        if let Some(count) = self.counts.get(&(route.to_owned(), method)) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let entry = self.counts.entry((route.to_owned(), method)).or_default();
        entry.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts
            .iter()
            .map(|e| (format!("{} {}", e.key().1, e.key().0), e.value().load(Ordering::Relaxed)))
            .collect()
    }
}
