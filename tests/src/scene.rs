//! The usual beginning of a scenario: a fake homeserver, the bridge, and two agents.

use tokio::time::timeout;

use crate::{
    bridge::{Bridge, BridgeConfig, public_name},
    customer::Customer,
    fake::{Agent, Homeserver},
    wait::{DEADLINE, eventually, settle, until},
};

/// A fake homeserver, the bridge, and the agents Anna and Ben.
#[derive(Debug)]
pub struct Scene {
    /// The bridge.
    pub bridge: Bridge,
    /// The homeserver.
    pub hs: Homeserver,
    /// The first agent of the configuration.
    pub anna: Agent,
    /// The second.
    pub ben: Agent,
}

/// A conversation between a customer and an agent.
#[derive(Debug)]
pub struct Chat {
    /// The customer.
    pub customer: Customer,
    /// The agent who accepted.
    pub agent: Agent,
    /// The room.
    pub room: String,
}

impl Scene {
    /// Begins with the default configuration.
    pub async fn begins() -> Self {
        Self::begins_with(|config| config).await
    }

    /// Begins with only Anna on duty.
    pub async fn with_anna_alone() -> Self {
        Self::begins_with(|config| config.agents(&["anna"]).capacity(50)).await
    }

    /// Begins with agents who have not come to their desks yet.
    pub async fn with_nobody_ready() -> Self {
        Self::begins_with(BridgeConfig::nobody_is_ready).await
    }

    /// Begins with a configuration of one's own.
    pub async fn begins_with(configure: impl FnOnce(BridgeConfig) -> BridgeConfig) -> Self {
        let hs = Homeserver::start().await;
        let (anna, ben) = (hs.agent("anna"), hs.agent("ben"));
        let config = configure(BridgeConfig::for_fake(&hs));
        let ready = if config.ready { config.agents.clone() } else { Vec::new() };
        let bridge = Bridge::start(config).await;
        let scene = Self { bridge, hs, anna, ben };
        // One after the other: who has been idle longest is asked first.
        for name in &ready {
            scene.logs_on(name).await;
        }
        if !ready.is_empty() {
            scene.comes_to_rest().await;
        }
        scene
    }

    /// An agent comes to the desk and logs on. Gives the desk's room.
    pub async fn logs_on(&self, name: &str) -> String {
        self.hs.agent(name).logs_on(DEADLINE).await
    }

    /// A customer arrives, and the agent accepts the request.
    pub async fn chat(&self, name: &str, agent: &Agent) -> Chat {
        let customer = Customer::arrives(&self.bridge, name).await;
        let room = agent.next_request(DEADLINE).await;
        agent.joins(&room);
        let local = agent.id.trim_start_matches('@').split(':').next().unwrap_or_default();
        customer.sees_joined(&public_name(local)).await;
        Chat { customer, agent: agent.clone(), room }
    }

    /// Waits until there is nothing left to do: every push is taken and handled, every effect is
    /// done, and what follows from that as well.
    ///
    /// # Panics
    /// If that does not come.
    pub async fn comes_to_rest(&self) {
        eventually(DEADLINE, || async {
            self.hs.pushes_drained().await;
            let pushed = self.hs.events_pushed();
            let at_rest = self.bridge.waiting().await? == (0, 0);
            // What was done meanwhile may have been pushed and not handled yet.
            self.hs.pushes_drained().await;
            (at_rest && self.hs.events_pushed() == pushed).then_some(())
        })
        .await;
    }

    /// Waits until the room has exactly these texts of the customer, in order, and then a moment
    /// longer for anything that should not come.
    ///
    /// # Panics
    /// If it has others.
    pub async fn room_has(&self, room: &str, texts: &[impl AsRef<str>]) {
        let expected: Vec<_> = texts.iter().map(AsRef::as_ref).collect();
        let said = || self.hs.customer_texts(room);
        let all = until(DEADLINE * 2, || said().len() >= expected.len());
        if timeout(DEADLINE, all).await.is_err() {
            eprintln!("what the bridge measures:\n{}", self.bridge.metrics().await);
        }
        settle().await;
        assert_same("the agents' room", &said(), &expected);
    }
}

impl Chat {
    /// Waits until the customer's page shows exactly these texts of agents, in order, and then a
    /// moment longer for anything that should not come.
    ///
    /// # Panics
    /// If it shows others.
    pub async fn page_has(&self, texts: &[impl AsRef<str>]) {
        let expected: Vec<_> = texts.iter().map(AsRef::as_ref).collect();
        let all = until(DEADLINE * 2, || self.customer.agent_texts().len() >= expected.len());
        let _ = timeout(DEADLINE, all).await;
        settle().await;
        assert_same("the customer's page", &self.customer.agent_texts(), &expected);
    }

    /// Waits until there is nothing left to do, and then until the page has all of it: it must show
    /// exactly these texts of agents, in order.
    ///
    /// # Panics
    /// If it shows others.
    pub async fn page_ends_with_only(&self, scene: &Scene, texts: &[impl AsRef<str>]) {
        scene.comes_to_rest().await;
        let page = self.customer.http.feed(0, 0).await.expect("the feed can be read");
        let last = page.newest;
        let newest = |c: &Customer| c.feed().last().map_or(0, |entry| entry.seq);
        until(DEADLINE, || newest(&self.customer) >= last).await;
        let expected: Vec<_> = texts.iter().map(AsRef::as_ref).collect();
        assert_same("the customer's page", &self.customer.agent_texts(), &expected);
    }

    /// A message each way arrives: the conversation works.
    ///
    /// # Panics
    /// If it does not.
    pub async fn works(&self) {
        let (question, answer) = (format!("still there, {}?", self.room), "yes, I am");
        self.customer.says(&question).await;
        self.agent.sees_text(&self.room, &question, DEADLINE).await;
        let before = self.customer.agent_texts().len();
        self.agent.says(&self.room, answer);
        until(DEADLINE, || self.customer.agent_texts().len() > before).await;
        let last = self.customer.agent_texts().pop();
        assert_eq!(last.as_deref(), Some(answer), "the newest on the page");
    }
}

/// Points out the first difference, since the lists can be long.
fn assert_same(whose: &str, got: &[String], expected: &[&str]) {
    let (has, should) = (got.len(), expected.len());
    let first =
        (0..has.max(should)).find(|&n| got.get(n).map(String::as_str) != expected.get(n).copied());
    if let Some(n) = first {
        panic!(
            "{whose} has {has} messages and should have {should}; number {n} is {:?} instead of {:?}; the last is {:?}",
            got.get(n),
            expected.get(n),
            got.last(),
        );
    }
}

/// `prefix 0`, `prefix 1`, … : texts that can be told apart.
#[must_use]
pub fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix} {n}")).collect()
}
