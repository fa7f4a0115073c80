//! A fake homeserver: fast, in memory, as strict as Synapse where a bridge could stumble, and
//! able to fail on command.
//!
//! ```no_run
//! # use switchboard_tests::fake::{Fault, Homeserver};
//! # use std::time::Duration;
//! # async fn story() {
//! let hs = Homeserver::start().await;
//! let anna = hs.agent("anna");
//! hs.fault(Fault::on("PUT", "/send/").chance(0.3).limits(50));
//! let room = anna.next_request(Duration::from_secs(30)).await;
//! anna.joins(&room);
//! anna.says(&room, "Hello, how can I help?");
//! # }
//! ```

mod agent;
mod core;
mod error;
mod event;
mod faults;
mod http;
mod listener;
mod push;
mod room;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub use self::{
    agent::{Agent, transcript},
    error::ApiError,
    event::{Event, MAX_EVENT_BYTES},
    faults::{Fault, Hits},
    push::Repeat,
};
use self::{
    core::{Core, lock},
    listener::Listener,
};

/// What can be chosen. The defaults suit most tests.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The part after the colon.
    pub server_name: String,
    /// The appservice's id.
    pub appservice_id: String,
    /// The bot is `@{prefix}`, other users of the appservice begin with `@{prefix}_`.
    pub prefix: String,
    /// What the appservice authenticates itself with.
    pub as_token: String,
    /// What this homeserver authenticates itself with.
    pub hs_token: String,
    /// The room versions it knows, the default first.
    pub room_versions: Vec<String>,
    /// How long to wait after the first failed transaction; doubled each time.
    pub first_push_wait: Duration,
    /// The longest wait between two tries.
    pub longest_push_wait: Duration,
    /// For faults with a chance.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server_name: "localhost".into(),
            appservice_id: "switchboard".into(),
            prefix: "switchboard".into(),
            as_token: "as".repeat(24),
            hs_token: "hs".repeat(24),
            room_versions: vec!["12".into(), "11".into()],
            first_push_wait: Duration::from_millis(10),
            longest_push_wait: Duration::from_millis(200),
            seed: 1,
        }
    }
}

impl Settings {
    pub(crate) fn sender(&self) -> String {
        format!("@{}_appservice:{}", self.prefix, self.server_name)
    }

    fn localpart<'a>(&self, id: &'a str, sigil: char) -> Option<&'a str> {
        id.strip_prefix(sigil)?.strip_suffix(&self.server_name)?.strip_suffix(':')
    }

    fn is_in_namespace(&self, local: &str) -> bool {
        local
            .strip_prefix(&self.prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    }

    pub(crate) fn is_ours(&self, user: &str) -> bool {
        self.localpart(user, '@').is_some_and(|local| self.is_in_namespace(local))
    }

    pub(crate) fn is_our_alias(&self, alias: &str) -> bool {
        self.localpart(alias, '#').is_some_and(|local| self.is_in_namespace(local))
    }
}

/// A running homeserver. It stops when it is dropped.
#[derive(Debug)]
pub struct Homeserver {
    core: Arc<Core>,
    listener: Mutex<Option<Listener>>,
    port: u16,
    pusher: JoinHandle<()>,
}

impl Homeserver {
    /// Starts with the default settings.
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// Starts with these settings.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start_with(settings: Settings) -> Self {
        let core = Arc::new(Core::new(settings));
        let listener = Listener::bind(0, http::router(core.clone())).await;
        let port = listener.port;
        let pusher = tokio::spawn(Self::push(core.clone()));
        Self { core, listener: Mutex::new(Some(listener)), port, pusher }
    }

    async fn push(core: Arc<Core>) {
        core.pusher.run().await;
    }

    /// Where the client API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The settings it was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// Says where the appservice listens. Until then, pushes wait.
    pub fn appservice_at(&self, url: &str) {
        self.core.pusher.set_url(url);
    }

    /// A person with a Matrix account here.
    #[must_use]
    pub fn agent(&self, name: &str) -> Agent {
        let id = format!("@{name}:{}", self.core.settings.server_name);
        Agent::new(self.core.clone(), id)
    }

    // --- Faults of the client API

    /// From now on, requests that fit go wrong.
    pub fn fault(&self, fault: Fault) -> Hits {
        self.core.faults.add(fault)
    }

    /// From now on, nothing goes wrong (waiting losses and repeats of pushes stay).
    pub fn heal(&self) {
        self.core.faults.clear();
    }

    /// Everything is answered with 503.
    pub fn unavailable(&self, unavailable: bool) {
        self.core.faults.set_unavailable(unavailable);
    }

    /// Connections are refused, open ones are cut, and nothing is pushed.
    pub async fn goes_down(&self) {
        self.core.pusher.pause(true);
        let listener = lock(&self.listener).take();
        if let Some(listener) = listener {
            listener.close().await;
        }
    }

    /// Listens again, at the same address.
    pub async fn comes_back(&self) {
        let listener = Listener::bind(self.port, http::router(self.core.clone())).await;
        *lock(&self.listener) = Some(listener);
        self.core.pusher.pause(false);
    }

    /// A restart: transactions without a device are forgotten.
    pub async fn restarts(&self) {
        self.goes_down().await;
        self.core.forget_memory();
        self.comes_back().await;
    }

    /// All transaction ids are forgotten, those of devices too: half an hour has passed. What is
    /// sent again comes twice.
    pub fn forgets_all_transactions(&self) {
        self.core.forget_transactions();
    }

    /// The devices of the appservice's users are gone, as if an administrator had deleted them.
    pub fn forgets_devices(&self) {
        self.core.forget_devices();
    }

    // --- Pushes

    /// The next so many events are never pushed.
    pub fn loses_pushes(&self, events: u64) {
        self.core.pusher.lose(events);
    }

    /// Events that wait to be pushed are lost, as in a crash. Gives their number.
    pub fn loses_waiting_pushes(&self) -> usize {
        self.core.pusher.lose_waiting()
    }

    /// Holds pushes back.
    pub fn holds_pushes(&self, hold: bool) {
        self.core.pusher.pause(hold);
    }

    /// From now on every transaction comes more than once.
    pub fn repeats_pushes(&self, repeat: Repeat) {
        self.core.pusher.repeat(repeat);
    }

    /// Waits until the appservice has taken everything.
    pub async fn pushes_drained(&self) {
        self.core.pusher.drained().await;
    }

    /// How many events the appservice has taken.
    #[must_use]
    pub fn events_pushed(&self) -> u64 {
        self.core.pusher.taken()
    }

    /// Pushes any bytes as a transaction with a new id and the right token. `None`: no proper
    /// answer came.
    pub async fn push_raw(&self, body: impl Into<Bytes>) -> Option<(u16, Value)> {
        let token = self.core.settings.hs_token.clone();
        self.push_as(Some(&token), &self.core.pusher.fresh_id(), body).await
    }

    /// Pushes any bytes as a transaction with this token and id.
    ///
    /// # Panics
    /// If it is not known where to.
    pub async fn push_as(
        &self,
        token: Option<&str>,
        id: &str,
        body: impl Into<Bytes>,
    ) -> Option<(u16, Value)> {
        let url = self.core.pusher.url().expect("the appservice's address is known");
        self.core.pusher.put(&url, id, token, body.into()).await
    }

    /// Pushes these events as one transaction.
    pub async fn push_events(&self, events: &[Value]) -> Option<(u16, Value)> {
        self.push_raw(json!({ "events": events }).to_string()).await
    }

    // --- What happened

    /// All rooms.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.core.rooms.iter().map(|r| r.key().clone()).collect()
    }

    /// All users.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        self.core.users.iter().map(|u| u.key().clone()).collect()
    }

    /// What a user is called, if they are called anything.
    #[must_use]
    pub fn display_name(&self, user: &str) -> Option<String> {
        let user = self.core.users.get(user)?;
        Some(user.profile.get("displayname")?.as_str()?.to_owned())
    }

    /// The room that an alias (`#name:server`) leads to.
    #[must_use]
    pub fn aliased(&self, alias: &str) -> Option<String> {
        self.core.aliases.get(alias).map(|r| r.clone())
    }

    /// All aliases and their rooms.
    #[must_use]
    pub fn aliases(&self) -> BTreeMap<String, String> {
        self.core.aliases.iter().map(|e| (e.key().clone(), e.value().clone())).collect()
    }

    /// Everything that happened in a room, in order.
    #[must_use]
    pub fn events(&self, room: &str) -> Vec<Arc<Event>> {
        self.core.room(room).map_or_else(|_| Vec::new(), |r| lock(&r).timeline.clone())
    }

    /// What a customer's ghost wrote in a room, in order.
    #[must_use]
    pub fn customer_texts(&self, room: &str) -> Vec<String> {
        let ghosts = format!("@{}_c_", self.core.settings.prefix);
        let said = |e: &&Arc<Event>| e.kind == "m.room.message" && e.sender.starts_with(&ghosts);
        self.events(room).iter().filter(said).map(|e| e.body().to_owned()).collect()
    }

    /// The content of a state event.
    #[must_use]
    pub fn state(&self, room: &str, kind: &str, key: &str) -> Option<Value> {
        let room = self.core.room(room).ok()?;
        let room = lock(&room);
        room.state(kind, key).map(|e| e.content.clone())
    }

    /// An uploaded file, by its address, as text.
    #[must_use]
    pub fn file(&self, uri: &str) -> Option<String> {
        self.core.files.get(uri).map(|file| String::from_utf8_lossy(&file).into_owned())
    }

    /// An uploaded file, by its address.
    #[must_use]
    pub fn file_bytes(&self, uri: &str) -> Option<Vec<u8>> {
        self.core.files.get(uri).map(|file| file.to_vec())
    }

    /// Forgets a file.
    pub fn loses_file(&self, uri: &str) {
        self.core.files.remove(uri);
    }

    /// Who has this membership in a room.
    #[must_use]
    pub fn members(&self, room: &str, membership: &str) -> Vec<String> {
        let Ok(room) = self.core.room(room) else { return Vec::new() };
        let room = lock(&room);
        let fits = |e: &&Arc<Event>| e.membership() == Some(membership);
        room.members().filter(fits).filter_map(|e| e.state_key.clone()).collect()
    }

    /// How often each route was asked, as `"PUT /_matrix/client/v3/rooms/{room}/send/{kind}/{txn}"`.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.core.faults.counts()
    }

    /// How many requests had this method and this text in their route.
    #[must_use]
    pub fn requests_to(&self, method: &str, part: &str) -> u64 {
        let counts = self.requests();
        let fits = |route: &&String| route.starts_with(method) && route.contains(part);
        counts.keys().filter(fits).map(|route| counts[route]).sum()
    }

    // --- What others do

    /// An administrator, who stands above the levels of all rooms, removes somebody from a room.
    ///
    /// # Panics
    /// If there is no such room.
    pub fn expels(&self, room: &str, administrator: &str, user: &str) {
        self.core.expel(room, administrator, user).expect("the room exists");
    }

    /// Somebody changes a room's state.
    ///
    /// # Panics
    /// If they may not.
    pub fn sets_state(&self, room: &str, sender: &str, kind: &str, content: Value) {
        self.core.set_state(room, sender, kind, "", content).expect("they may change it");
    }

    /// A room with an alias, made by somebody (registered here if need be). Gives its id.
    ///
    /// # Panics
    /// If the alias is taken.
    pub fn foreign_room(&self, creator: &str, alias_name: &str, body: Value) -> String {
        self.core.users.entry(creator.into()).or_default();
        let mut body = body;
        body["room_alias_name"] = alias_name.into();
        self.core.create_room(creator, &body, None).expect("the alias is free")
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        self.pusher.abort();
    }
}
