//! Many customers and enough agents, over a fake homeserver.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use switchboard::gateway::wire::StartChat;
use tokio::{sync::watch, task::JoinSet};

use super::{
    BenchError,
    error::{PATIENCE, within},
    scene::{SITE, WARY},
};
use crate::{
    bridge::{Bridge, BridgeConfig},
    customer::{Http, random_key},
    fake::{Agent, Homeserver},
    wait::eventually,
};

/// How many chats an agent can have at most.
const CAPACITY: u32 = 100;
/// How many customers begin at the same time.
const AT_ONCE: usize = 32;
/// How long agents wait for requests.
const SHIFT: Duration = Duration::from_hours(1);
/// How long many things together may take.
pub(super) const LONG: Duration = Duration::from_mins(5);

/// Everybody.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) bridge: Bridge,
    pub(super) hs: Arc<Homeserver>,
    http: Http,
    /// How many requests were accepted.
    accepted: watch::Receiver<usize>,
    agents: Vec<Agent>,
    begun: Instant,
    _accepting: JoinSet<()>,
}

impl Crowd {
    /// Starts everything, with enough agents for so many chats; nobody has come yet.
    pub(super) async fn gathers(chats: usize) -> Self {
        let hs = Arc::new(Homeserver::start().await);
        let agents = chats.div_ceil(CAPACITY as usize) + 1;
        let names: Vec<String> = (0..agents).map(|n| format!("agent{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut config = BridgeConfig::for_fake(&hs).agents(&names).capacity(CAPACITY);
        config.queue.max_length = 100_000;
        config.queue.max_wait_seconds = 0;
        config.queue.request_timeout_seconds = 3600;
        config.abandon_after_seconds = 86_400;
        "warn".clone_into(&mut config.log_level);
        let agents: Vec<Agent> = names.iter().map(|name| hs.agent(name)).collect();
        let bridge = Bridge::start(config).await;
        for agent in &agents {
            agent.logs_on(LONG).await;
        }
        let http = Http::new(&bridge.gateway_url());
        let (count, accepted) = watch::channel(0);
        let mut accepting = JoinSet::new();
        for agent in agents.clone() {
            let count = count.clone();
            accepting.spawn(async move {
                loop {
                    let room = agent.next_request(SHIFT).await;
                    if agent.tries_to_join(&room).is_ok() {
                        count.send_modify(|count| *count += 1);
                    }
                }
            });
        }
        Self { bridge, hs, http, accepted, agents, begun: Instant::now(), _accepting: accepting }
    }

    /// So many customers begin chats, and agents accept all of them. Gives the customers' calls,
    /// in order; the nth is called "customer n".
    pub(super) async fn chats(&mut self, which: Range<usize>) -> Result<Vec<Http>, BenchError> {
        let wanted = which.end;
        let starts = which.map(|n| {
            let http = self.http.clone();
            async move {
                let name = Some(format!("customer {n}"));
                let started = http
                    .start(
                        SITE,
                        &StartChat {
                            start_key: random_key(),
                            name,
                            queue: None,
                            ..StartChat::default()
                        },
                    )
                    .await?;
                Ok::<_, BenchError>(http.with_token(&started.token))
            }
        });
        let sessions = stream::iter(starts).buffered(AT_ONCE).try_collect().await?;
        let all = self.accepted.wait_for(|count| *count >= wanted);
        drop(within("request for every agent", LONG, all).await?);
        self.settles().await?;
        Ok(sessions)
    }

    /// Whether the bridge trusts pushes by now.
    pub(super) fn is_settled_in(&self) -> bool {
        self.begun.elapsed() > WARY
    }

    /// Waits until the bridge has nothing to do.
    pub(super) async fn settles(&self) -> Result<(), BenchError> {
        within("silence", LONG, self.hs.pushes_drained()).await?;
        idle(&self.bridge).await
    }

    /// The rooms of the customers, by their number, with the agent in each.
    pub(super) fn rooms(&self, customers: usize) -> Result<Vec<(String, Agent)>, BenchError> {
        let mut rooms = vec![None; customers];
        for room in self.hs.rooms() {
            let name = self.hs.state(&room, "m.room.name", "").unwrap_or_default();
            let name = name["name"].as_str().unwrap_or_default();
            let number = name.strip_prefix("customer ").and_then(|rest| rest.split(' ').next());
            let place = number.and_then(|n| n.parse::<usize>().ok());
            let agent = self.agents.iter().find(|agent| agent.membership(&room) == "join");
            if let (Some(place), Some(agent)) = (place.and_then(|n| rooms.get_mut(n)), agent) {
                *place = Some((room, agent.clone()));
            }
        }
        let all: Option<Vec<_>> = rooms.into_iter().collect();
        all.ok_or_else(|| BenchError::Broken("a customer has no room with an agent".to_owned()))
    }
}

/// Waits until a bridge has nothing to do.
pub(super) async fn idle(bridge: &Bridge) -> Result<(), BenchError> {
    let url = format!("{}/health", bridge.config.operations_url());
    let http = reqwest::Client::builder().no_proxy().build()?;
    let idle = eventually(LONG, || async {
        let health: Value = http.get(&url).send().await.ok()?.json().await.ok()?;
        (health["inbox"] == 0 && health["outbox"] == 0).then_some(())
    });
    within("silence", PATIENCE + LONG, idle).await
}
