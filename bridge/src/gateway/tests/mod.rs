//! The gateway on a real listener, over a store in memory, with a small runner that answers.

mod flow;
mod form;
mod headers;
mod limits;
mod origins;
mod page;
mod polling;
mod runner;
mod signing;
mod sites;
mod sockets;
mod starting;
mod transcript;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use serde::de::DeserializeOwned;
use switchboard_engine::ChatId;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    GatewayState,
    config::{GatewayConfig, RateLimits},
    sites::{Site, Sites, Transcripts},
    state::Times,
    widget::{WidgetFile, WidgetFiles},
    wire::*,
};
use crate::{
    listen::{self, ListenOptions},
    live::Live,
    store::memory::MemoryStore,
};
use page::Page;
use runner::Runner;

/// Nothing here takes longer unless it is broken.
const SOON: Duration = Duration::from_secs(20);

const OWN: &str = "https://chat.example";
const SHOP: &str = "https://shop.example";

/// What a test wants to be different.
struct Settings {
    limits: RateLimits,
    times: Times,
    abandon_after_seconds: u64,
    widget: WidgetFiles,
}

impl Default for Settings {
    fn default() -> Self {
        // So much that only the tests of the limits meet them.
        let limits = RateLimits {
            chats_burst_per_address: 1000,
            chats_per_minute_per_site: 1000,
            messages_burst_per_session: 10_000,
            ..RateLimits::default()
        };
        Self {
            limits,
            times: Times::default(),
            abandon_after_seconds: 120,
            widget: WidgetFiles::new(|_| None),
        }
    }
}

/// A running gateway and what stands around it.
struct World {
    store: MemoryStore,
    live: Live,
    runner: Runner,
    sites: watch::Sender<Arc<Sites>>,
    /// The store as the gateway has it.
    gateways_store: Arc<MemoryStore>,
    address: SocketAddr,
    shutdown: CancellationToken,
    background: JoinHandle<()>,
    http: reqwest::Client,
}

/// A queue in which chats wait.
const OPEN: &str = "support";
/// A queue that is closed.
const CLOSED: &str = "night";

fn queue(id: &str, open: bool) -> QueueInfo {
    QueueInfo {
        id: id.to_owned(),
        name: format!("Our {id}"),
        open,
        closed_text: "Back at nine.".to_owned(),
        greeting: "Hello from us!".to_owned(),
    }
}

fn site(id: &str, origin: &str) -> Site {
    Site {
        id: id.to_owned(),
        title: "Chat with us".to_owned(),
        greeting: "Hello!".to_owned(),
        colour: "#0b6e4f".to_owned(),
        ask_name: true,
        origins: vec![origin.to_owned()],
        queues: vec![queue(OPEN, true), queue(CLOSED, false)],
        texts: BTreeMap::from([("start".to_owned(), "Talk to us".to_owned())]),
        transcripts: Transcripts::default(),
        variables: Vec::new(),
        keys: Vec::new(),
    }
}

fn sites() -> Vec<Site> {
    vec![site("shop", SHOP), site("other", "https://other.example")]
}

async fn world() -> World {
    World::with(Settings::default()).await
}

impl World {
    async fn with(settings: Settings) -> Self {
        Self::over(MemoryStore::new(), Live::new(), settings).await
    }

    /// A gateway over what another one has left.
    async fn over(store: MemoryStore, live: Live, settings: Settings) -> Self {
        let config = GatewayConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: OWN.parse().unwrap(),
            trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
            limits: settings.limits,
            abandon_after_seconds: settings.abandon_after_seconds,
        };
        let shutdown = CancellationToken::new();
        let (sender, receiver) = watch::channel(Arc::new(sites().into_iter().collect()));
        let gateways_store = Arc::new(store.clone());
        let state = GatewayState::with(
            gateways_store.clone(),
            live.clone(),
            config,
            receiver,
            shutdown.clone(),
            (settings.widget, None),
            settings.times,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let background = tokio::spawn(super::run(state.clone()));
        let app = super::router(state);
        tokio::spawn(listen::serve(listener, app, ListenOptions::default(), shutdown.clone()));
        let runner = Runner::start(store.clone(), live.clone());
        let http = reqwest::Client::new();
        Self {
            store,
            live,
            runner,
            sites: sender,
            gateways_store,
            address,
            shutdown,
            background,
            http,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path))
    }

    fn post(&self, path: &str, body: &serde_json::Value) -> reqwest::RequestBuilder {
        self.http
            .post(self.url(path))
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    async fn start(&self, start_key: &str) -> (StatusCode, ChatStarted) {
        let body = serde_json::json!({ "start_key": start_key });
        read(self.post("/customer/v1/sites/shop/chats", &body)).await
    }

    /// From now on there are these sites.
    fn set_sites(&self, sites: Vec<Site>) {
        self.sites.send_replace(Arc::new(sites.into_iter().collect()));
    }

    /// A new chat's token and id.
    async fn chat(&self) -> (String, ChatId) {
        self.chat_in(OPEN).await
    }

    /// The same in one of the site's queues.
    async fn chat_in(&self, queue: &str) -> (String, ChatId) {
        let start_key = format!("{:032x}", rand::random::<u128>());
        let body = serde_json::json!({ "start_key": start_key, "queue": queue });
        let (status, started) =
            read::<ChatStarted>(self.post("/customer/v1/sites/shop/chats", &body)).await;
        assert_eq!(status, StatusCode::CREATED);
        let secret = &crate::store::Store::identity(&self.store).secret;
        let derived = super::session::derive(secret, "shop", &start_key);
        assert_eq!(derived.token.reveal(), started.token);
        (started.token, derived.chat)
    }

    /// A socket after its welcome.
    async fn page(&self, token: &str, after: u64) -> Page {
        let mut page = Page::connect(self.address, None).await;
        page.hello(token, after).await;
        page
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The status and the body.
async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> (StatusCode, T) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body = response.bytes().await.unwrap();
    let parsed = serde_json::from_slice(&body);
    (status, parsed.unwrap_or_else(|error| panic!("{error} in {status} {body:?}")))
}

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    request.send().await.unwrap().status()
}

/// Waits for a condition.
async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The widget's files, as if it was built.
fn built_widget() -> WidgetFiles {
    WidgetFiles::new(|path| {
        let media_type = match path {
            "index.html" => "text/html",
            "loader.js" | "assets/index-abc123.js" => "text/javascript",
            _ => return None,
        };
        Some(WidgetFile {
            content: path.as_bytes().to_vec().into(),
            media_type: media_type.to_owned(),
            etag: format!("\"{path}\""),
        })
    })
}
