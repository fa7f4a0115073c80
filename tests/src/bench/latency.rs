//! How long a message takes over the bridge, against two Matrix clients on the same homeserver.

use std::time::{Duration, Instant};

use switchboard::gateway::wire::StartChat;

use super::{
    BenchError,
    page::Page,
    person::Sights,
    scene::{SITE, Scene},
    table::{Samples, Table, Target},
};
use crate::customer::random_key;

/// What the bridge may cost.
const TARGET: Target = Target::AtMost(1.3);
/// How many messages of each kind do not count.
const WARM_UP: usize = 20;

/// Two conversations of the same agent: one with a customer, one with a Matrix user.
struct Talk<'a> {
    scene: &'a Scene,
    page: Page,
    /// The customer's chat.
    chat: String,
    /// The room without the bridge.
    plain: String,
    anna: &'a mut Sights,
    clara: Sights,
    said: usize,
}

pub(super) async fn measure(
    scene: &Scene,
    anna: &mut Sights,
    messages: usize,
    table: &mut Table,
) -> Result<(), BenchError> {
    println!("Measuring how long messages take …");
    let mut talk = Talk::begins(scene, anna).await?;
    let (mut to_agent, mut to_agent_plain) = (Samples::default(), Samples::default());
    let mut round = 0;
    while to_agent.len() < messages {
        // By turns first and second, so that each follows on each equally often.
        let first = talk.towards_agent(round % 2 == 0).await?;
        let second = talk.towards_agent(round % 2 != 0).await?;
        let (ours, plain) = if round % 2 == 0 { (first, second) } else { (second, first) };
        if round >= WARM_UP && scene.is_settled_in() {
            to_agent.push(ours);
            to_agent_plain.push(plain);
        }
        round += 1;
    }
    table.ratio("customer → agent's client", &to_agent, &to_agent_plain, TARGET);
    let (mut to_customer, mut to_customer_plain) = (Samples::default(), Samples::default());
    for round in 0..WARM_UP + messages {
        let first = talk.towards_customer(round % 2 == 0).await?;
        let second = talk.towards_customer(round % 2 != 0).await?;
        let (ours, plain) = if round % 2 == 0 { (first, second) } else { (second, first) };
        if round >= WARM_UP {
            to_customer.push(ours);
            to_customer_plain.push(plain);
        }
    }
    table.ratio("agent → customer's page", &to_customer, &to_customer_plain, TARGET);
    Ok(())
}

impl<'a> Talk<'a> {
    async fn begins(scene: &'a Scene, anna: &'a mut Sights) -> Result<Self, BenchError> {
        let plain = scene.clara.makes_room(&scene.anna).await?;
        anna.invite().await?;
        scene.anna.joins(&plain).await?;
        let clara = scene.clara.follows().await?;
        let http = scene.http();
        let start = StartChat {
            start_key: random_key(),
            name: Some("Clara".to_owned()),
            queue: None,
            ..StartChat::default()
        };
        let started = http.start(SITE, &start).await?;
        let mut page = Page::opens(&http.with_token(&started.token)).await?;
        let (_, chat) = anna.invite().await?;
        scene.anna.joins(&chat).await?;
        page.joined().await?;
        Ok(Self { scene, page, chat, plain, anna, clara, said: 0 })
    }

    fn text(&mut self) -> String {
        self.said += 1;
        format!("message {}", self.said)
    }

    /// A message to the agent's client.
    async fn towards_agent(&mut self, bridge: bool) -> Result<Duration, BenchError> {
        // What the bridge still does about the last message must not fall into this one's time.
        self.scene.settles().await?;
        let text = self.text();
        let begun = Instant::now();
        if bridge {
            self.page.says(&text);
            return Ok(self.anna.message(&text).await? - begun);
        }
        let says = self.scene.clara.says(&self.plain, &text);
        let (arrived, ()) = tokio::try_join!(self.anna.message(&text), says)?;
        Ok(arrived - begun)
    }

    /// A message of the agent.
    async fn towards_customer(&mut self, bridge: bool) -> Result<Duration, BenchError> {
        self.scene.settles().await?;
        let text = self.text();
        let begun = Instant::now();
        let arrived = if bridge {
            let says = self.scene.anna.says(&self.chat, &text);
            tokio::try_join!(self.page.message(&text), says)?.0
        } else {
            let says = self.scene.anna.says(&self.plain, &text);
            tokio::try_join!(self.clara.message(&text), says)?.0
        };
        Ok(arrived - begun)
    }
}
