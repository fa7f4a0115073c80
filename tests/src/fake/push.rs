//! Transactions to the appservice: in order, one in flight, tried until they are taken.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};

use super::{Settings, core::lock, error::ApiError, event::Event};

/// The most events, and the most ephemeral ones, of a transaction.
const BATCH: usize = 100;
/// How long Synapse waits for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Arc<Event>>,
    ephemeral: VecDeque<Value>,
    in_flight: bool,
    url: Option<String>,
    paused: bool,
    lose: u64,
    repeat: Repeat,
}

/// How transactions are repeated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repeat {
    /// So many times more under the same id, at the same time.
    pub same_id: u32,
    /// So many times more under other ids, at the same time.
    pub other_ids: u32,
}

#[derive(Debug)]
pub(crate) struct Pusher {
    queue: Mutex<Queue>,
    wake: Notify,
    flush: Notify,
    idle: Notify,
    next_id: AtomicU64,
    taken: AtomicU64,
    http: reqwest::Client,
    hs_token: String,
    first_wait: Duration,
    longest_wait: Duration,
}

#[derive(Serialize)]
struct Transaction<'a> {
    events: &'a [Arc<Event>],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    ephemeral: &'a [Value],
}

impl Pusher {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            flush: Notify::new(),
            idle: Notify::new(),
            next_id: AtomicU64::new(1),
            taken: AtomicU64::new(0),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client without TLS roots"),
            hs_token: settings.hs_token.clone(),
            first_wait: settings.first_push_wait,
            longest_wait: settings.longest_push_wait,
        }
    }

    pub(crate) fn event(&self, event: Arc<Event>) {
        let mut queue = lock(&self.queue);
        if queue.lose > 0 {
            queue.lose -= 1;
            return;
        }
        queue.events.push_back(event);
        drop(queue);
        self.wake.notify_one();
    }

    pub(crate) fn ephemeral(&self, event: Value) {
        lock(&self.queue).ephemeral.push_back(event);
        self.wake.notify_one();
    }

    pub(crate) fn set_url(&self, url: &str) {
        lock(&self.queue).url = Some(url.trim_end_matches('/').to_owned());
        self.wake.notify_one();
    }

    pub(crate) fn pause(&self, paused: bool) {
        lock(&self.queue).paused = paused;
        self.wake.notify_one();
    }

    pub(crate) fn lose(&self, events: u64) {
        lock(&self.queue).lose = events;
    }

    /// What waits is lost, as by a homeserver that crashes.
    pub(crate) fn lose_waiting(&self) -> usize {
        let mut queue = lock(&self.queue);
        queue.ephemeral.clear();
        let lost = queue.events.len();
        queue.events.clear();
        lost
    }

    pub(crate) fn repeat(&self, repeat: Repeat) {
        lock(&self.queue).repeat = repeat;
    }

    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Waits until everything was taken by the appservice.
    pub(crate) async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            {
                let queue = lock(&self.queue);
                if queue.events.is_empty() && !queue.in_flight {
                    return;
                }
            }
            idle.await;
        }
    }

    fn next_batch(&self) -> Option<(Vec<Arc<Event>>, Vec<Value>, String)> {
        let mut queue = lock(&self.queue);
        let url = queue.url.clone().filter(|_| !queue.paused)?;
        if queue.events.is_empty() && queue.ephemeral.is_empty() {
            return None;
        }
        let events = queue.events.len().min(BATCH);
        let ephemeral = queue.ephemeral.len().min(BATCH);
        queue.in_flight = true;
        Some((
            queue.events.drain(..events).collect(),
            queue.ephemeral.drain(..ephemeral).collect(),
            url,
        ))
    }

    pub(crate) async fn run(&self) {
        loop {
            let Some((events, mut ephemeral, mut url)) = self.next_batch() else {
                lock(&self.queue).in_flight = false;
                self.idle.notify_waiters();
                self.wake.notified().await;
                continue;
            };
            let id = self.fresh_id();
            let mut wait = self.first_wait;
            while !self.attempt(&url, &id, &events, &ephemeral).await {
                ephemeral.clear();
                if events.is_empty() {
                    break;
                }
                // Ephemeral events are not kept for an appservice that is down.
                lock(&self.queue).ephemeral.clear();
                let _ = timeout(wait, self.flush.notified()).await;
                wait = (wait * 2).min(self.longest_wait);
                if let Some(now) = lock(&self.queue).url.clone() {
                    url = now;
                }
            }
            self.taken.fetch_add(events.len() as u64, Ordering::Relaxed);
        }
    }

    pub(crate) fn fresh_id(&self) -> String {
        self.next_id.fetch_add(1, Ordering::Relaxed).to_string()
    }

    async fn attempt(&self, url: &str, id: &str, events: &[Arc<Event>], eph: &[Value]) -> bool {
        let transaction = Transaction { events, ephemeral: eph };
        let body: Bytes = serde_json::to_vec(&transaction).expect("events are JSON").into();
        let Repeat { same_id, other_ids } = lock(&self.queue).repeat;
        let others = (0..other_ids).map(|_| self.fresh_id());
        let copies: Vec<_> = (0..same_id).map(|_| id.to_owned()).chain(others).collect();
        let main = self.put(url, id, Some(&self.hs_token), body.clone());
        let repeats = copies.iter().map(|c| self.put(url, c, Some(&self.hs_token), body.clone()));
        let (main, _) = tokio::join!(main, join_all(repeats));
        matches!(main, Some((200, _)))
    }

    /// One transaction with any body. `None`: no proper answer.
    pub(crate) async fn put(
        &self,
        url: &str,
        id: &str,
        token: Option<&str>,
        body: Bytes,
    ) -> Option<(u16, Value)> {
        let mut request = self
            .http
            .put(format!("{url}/_matrix/app/v1/transactions/{id}"))
            .header(CONTENT_TYPE, "application/json")
            .timeout(PATIENCE)
            .body(body);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let reply = request.send().await.ok()?;
        let status = reply.status().as_u16();
        // Synapse takes an answer of unknown length for a failure.
        reply.headers().get(CONTENT_LENGTH)?;
        let body = reply.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&body).ok()?))
    }

    pub(crate) fn url(&self) -> Option<String> {
        lock(&self.queue).url.clone()
    }

    /// Asks the appservice whether it is there, and if so sends at once what waits.
    pub(crate) async fn ping(&self, transaction: Option<&str>) -> Result<(), ApiError> {
        let unset = || ApiError::new(400, "M_URL_NOT_SET", "no url for the appservice");
        let url = self.url().ok_or_else(unset)?;
        let mut body = json!({});
        if let Some(id) = transaction {
            body["transaction_id"] = id.into();
        }
        let reply = self
            .http
            .post(format!("{url}/_matrix/app/v1/ping"))
            .header(AUTHORIZATION, format!("Bearer {}", self.hs_token))
            .timeout(PATIENCE)
            .json(&body)
            .send()
            .await
            .map_err(|error| ApiError::new(502, "M_CONNECTION_FAILED", error.to_string()))?;
        if !reply.status().is_success() {
            let mut error = ApiError::new(502, "M_BAD_STATUS", format!("HTTP {}", reply.status()));
            error.status_of_ping = Some(reply.status().as_u16());
            return Err(error);
        }
        self.flush.notify_one();
        Ok(())
    }
}
