//! A customer's page without the page: it speaks the public protocol, reconnects, sends again what
//! was not accepted, and notices when the bridge breaks the promise.

mod http;
mod socket;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rand::{Rng as _, distr::Alphanumeric};
use switchboard::gateway::wire::{
    ChatStarted, ClientFrame, ErrorCode, FeedBody, FeedEntry, LiveState, RefusalReason, RichText,
    StartChat,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

pub use self::{
    http::{Failure, Http},
    socket::Socket,
};
use crate::{
    bridge::Bridge,
    wait::{DEADLINE, eventually},
};

/// How many messages may wait for their ✓ at once.
const WINDOW: usize = 8;

/// A customer in a chat. The connection ends when this is dropped.
#[derive(Debug)]
pub struct Customer {
    /// For calls by hand.
    pub http: Http,
    /// The chat's display number.
    pub number: u64,
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    http: Http,
    state: Mutex<State>,
    /// Something to send.
    wake: Notify,
    /// Something was received.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    feed: Vec<FeedEntry>,
    outbox: VecDeque<Outgoing>,
    accepted: Vec<String>,
    refused: Vec<(String, RefusalReason)>,
    control: VecDeque<ClientFrame>,
    live: LiveState,
    errors: Vec<ErrorCode>,
    broken: Vec<String>,
    connections: u32,
    connected: bool,
}

#[derive(Clone, Debug)]
struct Outgoing {
    key: String,
    text: String,
    in_flight: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A random text of the form that keys have.
#[must_use]
pub fn random_key() -> String {
    rand::rng().sample_iter(Alphanumeric).take(24).map(char::from).collect()
}

impl Customer {
    /// Starts a chat at the shop and connects.
    pub async fn arrives(bridge: &Bridge, name: &str) -> Self {
        let customer = Self::starts(&bridge.gateway_url(), "shop", Some(name)).await;
        customer.connects();
        customer
    }

    /// Starts a chat, asking again until the bridge is there. Does not connect.
    ///
    /// # Panics
    /// If the bridge refuses.
    pub async fn starts(gateway: &str, site: &str, name: Option<&str>) -> Self {
        let body = StartChat {
            start_key: random_key(),
            name: name.map(Into::into),
            queue: None,
            ..StartChat::default()
        };
        let http = Http::new(gateway);
        let started = eventually(DEADLINE, || async {
            match http.start(site, &body).await {
                Ok(started) => Some(started),
                Err(Failure::Status(status, error)) if status < 500 => {
                    panic!("no chat: {status} {error:?}")
                }
                Err(_) => None,
            }
        })
        .await;
        Self::resumes(gateway, &started)
    }

    /// A page (another tab, say) of a chat that was started before. Does not connect.
    #[must_use]
    pub fn resumes(gateway: &str, started: &ChatStarted) -> Self {
        let http = Http::new(gateway).with_token(&started.token);
        let shared = Shared {
            http: http.clone(),
            state: Mutex::default(),
            wake: Notify::new(),
            changed: watch::Sender::new(0),
        };
        Self { http, number: started.number, shared: Arc::new(shared), task: Mutex::default() }
    }

    /// Another tab of the same chat, connected.
    #[must_use]
    pub fn another_tab(&self) -> Self {
        let started = ChatStarted {
            token: self.token().into(),
            number: self.number,
            verified: false,
            token_fault: None,
            ignored: Vec::new(),
        };
        let tab = Self::resumes(self.http.base(), &started);
        tab.connects();
        tab
    }

    /// Opens the socket, and opens it again whenever it closes.
    pub fn connects(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            *task = Some(tokio::spawn(socket::keep_connected(self.shared.clone())));
        }
    }

    /// Closes the socket and leaves it closed.
    pub fn goes_away(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
        }
        let mut state = self.shared.state();
        state.connected = false;
        state.outbox.iter_mut().for_each(|m| m.in_flight = false);
    }

    /// The session token.
    #[must_use]
    pub fn token(&self) -> &str {
        self.http.token()
    }

    /// Writes a message and does not wait. Gives its key. It is sent until it is accepted or refused.
    pub fn writes(&self, text: &str) -> String {
        let key = random_key();
        let message = Outgoing { key: key.clone(), text: text.into(), in_flight: false };
        self.shared.state().outbox.push_back(message);
        self.shared.wake.notify_one();
        key
    }

    /// Writes a message and waits for its ✓. Gives its key.
    ///
    /// # Panics
    /// If it is refused, or neither accepted nor refused in time.
    pub async fn says(&self, text: &str) -> String {
        let key = self.writes(text);
        self.is_accepted(&key).await;
        key
    }

    /// Waits until a message has its ✓.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn is_accepted(&self, key: &str) {
        let refused = self
            .when(DEADLINE, "a ✓", |state| {
                let refused = state.refused.iter().find(|(k, _)| k == key);
                match refused {
                    Some((_, reason)) => Some(Some(*reason)),
                    None => state.accepted.iter().any(|k| k == key).then_some(None),
                }
            })
            .await;
        assert_eq!(refused, None, "the message was refused");
    }

    /// Writes a message that must be refused. Gives the reason.
    pub async fn is_refused(&self, text: &str) -> RefusalReason {
        let key = self.writes(text);
        self.when(DEADLINE, "a refusal", |state| {
            state.refused.iter().find(|(k, _)| *k == key).map(|(_, reason)| *reason)
        })
        .await
    }

    /// Sends any frame that is not a message, now or when connected.
    pub fn sends_frame(&self, frame: ClientFrame) {
        self.shared.state().control.push_back(frame);
        self.shared.wake.notify_one();
    }

    /// Starts or stops typing.
    pub fn types(&self, typing: bool) {
        self.sends_frame(ClientFrame::Typing { typing });
    }

    /// Has looked at everything up to this entry.
    pub fn has_seen(&self, seq: u64) {
        self.sends_frame(ClientFrame::Seen { seq });
    }

    /// Ends the chat.
    pub fn ends(&self) {
        self.sends_frame(ClientFrame::End {});
    }

    /// The feed so far.
    ///
    /// # Panics
    /// If the bridge broke the protocol.
    #[must_use]
    pub fn feed(&self) -> Vec<FeedEntry> {
        let state = self.shared.state();
        assert!(state.broken.is_empty(), "customer {}: {:?}", self.number, state.broken);
        state.feed.clone()
    }

    /// The newest live state.
    #[must_use]
    pub fn live(&self) -> LiveState {
        self.shared.state().live.clone()
    }

    /// The keys of accepted messages, in the order of their ✓.
    #[must_use]
    pub fn accepted(&self) -> Vec<String> {
        self.shared.state().accepted.clone()
    }

    /// The keys of messages that were not taken.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.shared.state().refused.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Errors that the bridge reported on the socket.
    #[must_use]
    pub fn errors(&self) -> Vec<ErrorCode> {
        self.shared.state().errors.clone()
    }

    /// How often the socket was opened.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.shared.state().connections
    }

    /// Whether everything written was accepted or refused.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.shared.state().outbox.is_empty()
    }

    /// The first entry that fits, already there or to come.
    pub async fn wait_for(&self, what: &str, wanted: impl Fn(&FeedEntry) -> bool) -> FeedEntry {
        self.when(DEADLINE, what, |state| state.feed.iter().find(|e| wanted(e)).cloned()).await
    }

    /// An agent's message with exactly this text.
    pub async fn sees_text(&self, text: &str) -> FeedEntry {
        self.wait_for(text, |e| agent_text(e).as_deref() == Some(text)).await
    }

    /// Waits until an agent is there.
    pub async fn sees_joined(&self, name: &str) {
        let joined = |e: &FeedEntry| matches!(&e.body, FeedBody::Joined { name: n } if n == name);
        self.wait_for("an agent to join", joined).await;
    }

    /// Waits until the live state fits.
    pub async fn sees_live(&self, what: &str, wanted: impl Fn(&LiveState) -> bool) -> LiveState {
        self.when(DEADLINE, what, |state| wanted(&state.live).then(|| state.live.clone())).await
    }

    /// Waits until the socket is open and the whole feed is here.
    pub async fn is_connected(&self) {
        self.when(DEADLINE, "a connection", |state| state.connected.then_some(())).await;
    }

    /// The texts of agents' messages, in order.
    #[must_use]
    pub fn agent_texts(&self) -> Vec<String> {
        self.feed().iter().filter_map(agent_text).collect()
    }

    /// The customer's own messages as the feed shows them, in order.
    #[must_use]
    pub fn own_texts(&self) -> Vec<String> {
        let own = |e: &FeedEntry| match &e.body {
            FeedBody::Own { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.feed().iter().filter_map(own).collect()
    }

    async fn when<T>(
        &self,
        deadline: Duration,
        what: &str,
        mut probe: impl FnMut(&State) -> Option<T>,
    ) -> T {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = probe(&self.shared.state()) {
                    return found;
                }
                changed.changed().await.expect("the sender lives as long as the customer");
            }
        };
        match timeout(deadline, wait).await {
            Ok(found) => {
                drop(self.feed()); // the protocol was kept
                found
            }
            Err(_elapsed) => {
                let state = self.shared.state();
                panic!(
                    "customer {} did not get {what} within {deadline:?}; connected: {}, live: {:?}, waiting: {:?}, refused: {:?}, errors: {:?}, broken: {:?}, feed: {:#?}",
                    self.number,
                    state.connected,
                    state.live,
                    state.outbox,
                    state.refused,
                    state.errors,
                    state.broken,
                    state.feed
                )
            }
        }
    }
}

impl Drop for Customer {
    fn drop(&mut self) {
        self.goes_away();
    }
}

/// The text of an agent's message; `None` for other entries.
#[must_use]
pub fn agent_text(entry: &FeedEntry) -> Option<String> {
    match &entry.body {
        FeedBody::Agent { content, .. } => Some(plain(content)),
        _ => None,
    }
}

/// Rich text as plain text.
#[must_use]
pub fn plain(content: &[RichText]) -> String {
    let piece = |part: &RichText| match part {
        RichText::Text { text } => text.clone(),
        RichText::Break {} => "\n".into(),
        RichText::Span { children, .. } | RichText::Link { children, .. } => plain(children),
    };
    content.iter().map(piece).collect()
}
