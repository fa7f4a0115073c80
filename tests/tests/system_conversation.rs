//! Whole conversations: the real bridge, a real Synapse, and agents that are real Matrix clients.
#![recursion_limit = "256"]

use std::time::Duration;

use matrix_sdk::ruma::OwnedRoomId;
use switchboard::gateway::wire::{EndedBy, FeedBody, Phase};
use switchboard_tests::{
    agent::{Agent, Event, Invite, Seen},
    customer::Customer,
    demo::{
        DemoError,
        stack::{Stack, StackOptions},
    },
    wait::eventually,
};
use tokio::time::timeout;

/// How long everything may take to be as it was before a crash: longer than until the last of the
/// looks for lost pushes, a minute after a return.
const RECOVERY: Duration = Duration::from_mins(2);

struct Scene {
    stack: Stack,
    anna: Agent,
    ben: Agent,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
        let stack = stack.await.expect("everything starts");
        let anna = stack.agent(0).await.expect("anna logs in");
        let ben = stack.agent(1).await.expect("ben logs in");
        // Who has been idle longest is asked first.
        anna.logs_on().await.expect("anna logs on");
        ben.logs_on().await.expect("ben logs on");
        let scene = Self { stack, anna, ben, _data: data };
        let idle = || async { (scene.outbox().await? == 0).then_some(()) };
        eventually(RECOVERY, idle).await;
        scene
    }

    /// How much the bridge has still to do on the homeserver.
    async fn outbox(&self) -> Option<u64> {
        let health = format!("{}/health", self.stack.addresses().operations);
        let health = reqwest::get(&health).await.ok()?.json::<serde_json::Value>().await.ok()?;
        health["outbox"].as_u64()
    }

    async fn customer(&self, name: &str) -> Customer {
        let addresses = self.stack.addresses();
        let customer = Customer::starts(&addresses.gateway, &addresses.site, Some(name)).await;
        customer.connects();
        customer
    }

    /// The next agent who is asked, whoever it is, and the other one.
    async fn asked(&self) -> (&Agent, &Agent, Invite) {
        tokio::select! {
            invite = self.anna.next_request() => (&self.anna, &self.ben, invite.expect("a request")),
            invite = self.ben.next_request() => (&self.ben, &self.anna, invite.expect("a request")),
        }
    }

    /// A chat that an agent has accepted.
    async fn chat(&self) -> (Customer, &Agent, OwnedRoomId) {
        let customer = self.customer("Clara").await;
        customer.says("0").await;
        let (agent, _, invite) = self.asked().await;
        agent.accept(&invite.room).await.expect("the agent joins");
        agent.text(&invite.room, "0").await.expect("the agent reads");
        (customer, agent, invite.room)
    }
}

/// What customers have said in a room, in order, as the homeserver tells it.
async fn customers_texts(agent: &Agent, room: &OwnedRoomId) -> Vec<String> {
    let history = agent.history(room).await.expect("the history");
    let ghost = |event: &&Event| event.sender.starts_with("@switchboard_c_");
    let messages = history.iter().filter(|event| event.kind == "m.room.message").filter(ghost);
    messages.map(|event| event.body().to_owned()).collect()
}

async fn ended_by(customer: &Customer, by: EndedBy) {
    let ended = |body: &FeedBody| matches!(body, FeedBody::Ended { by: b } if *b == by);
    customer.wait_for("the end", |entry| ended(&entry.body)).await;
    customer.sees_live("the end", |live| live.phase == Phase::Ended).await;
}

fn from_bot(event: &Event) -> bool {
    event.sender == "@switchboard:localhost"
}

#[tokio::test]
async fn declined_accepted_talked_and_ended_by_the_customer() {
    let scene = Scene::open().await;
    let customer = scene.customer("Clara").await;
    customer.says("Hello?").await;

    let (first, second, invite) = scene.asked().await;
    assert!(!invite.reason.is_empty(), "the request says why: {}", invite.content);
    first.leave(&invite.room).await.unwrap();
    let invite = second.next_request().await.unwrap();
    second.accept(&invite.room).await.unwrap();
    second.text(&invite.room, "Hello?").await.unwrap();
    customer.sees_live("✓✓", |live| live.delivered > 0).await;

    let event = second.text(&invite.room, "Hello?").await.unwrap();
    second.read(&invite.room, event.id).await.unwrap();
    customer.sees_live("seen", |live| live.seen > 0).await;
    second.typing(&invite.room, true).await.unwrap();
    customer.sees_live("typing", |live| !live.typing.is_empty()).await;
    second.say(&invite.room, "Good morning").await.unwrap();
    customer.sees_text("Good morning").await;
    customer.types(true);
    second
        .until("the customer's typing", |seen| {
            let typing = &seen.rooms.get(&invite.room)?.typing;
            typing.iter().any(|user| user.starts_with("@switchboard_c_")).then_some(())
        })
        .await
        .unwrap();
    customer.says("Thanks").await;
    second.text(&invite.room, "Thanks").await.unwrap();

    customer.ends();
    ended_by(&customer, EndedBy::Customer).await;
    let told = |event: &Event| from_bot(event) && event.body().to_lowercase().contains("ended");
    second.message(&invite.room, "the notice of the end", told).await.unwrap();
    assert_eq!(customers_texts(second, &invite.room).await, ["Hello?", "Thanks"]);
    assert_eq!(customer.agent_texts(), ["Good morning"]);
    scene.stack.stop().await.unwrap();
}

#[tokio::test]
async fn ended_by_the_agent_after_a_question() {
    let scene = Scene::open().await;
    let (customer, agent, room) = scene.chat().await;
    agent.say(&room, "!end").await.unwrap();
    let question = agent
        .message(&room, "the question whether to end", |event| {
            from_bot(event) && event.body().contains('✅')
        })
        .await
        .unwrap();
    // The bot places the answer, so that one tap is enough.
    agent
        .until("the bot's own ✅", |seen| {
            let events = &seen.rooms.get(&room)?.events;
            let relates =
                |event: &Event| event.content["m.relates_to"]["event_id"] == question.id.as_str();
            events.iter().find(|e| e.kind == "m.reaction" && from_bot(e) && relates(e)).map(|_| ())
        })
        .await
        .unwrap();
    agent.react(&room, question.id.as_str(), "✅").await.unwrap();
    ended_by(&customer, EndedBy::Agent).await;
    // Neither the command nor the question is the customer's business.
    assert_eq!(customer.agent_texts(), Vec::<String>::new());
    scene.stack.stop().await.unwrap();
}

#[derive(Clone, Copy)]
enum Crash {
    Homeserver,
    Bridge,
}

#[tokio::test]
async fn a_homeserver_that_is_killed_loses_and_doubles_nothing() {
    talk_through_crashes(Crash::Homeserver, 5).await.unwrap();
}

#[tokio::test]
async fn a_bridge_that_is_killed_loses_and_doubles_nothing() {
    talk_through_crashes(Crash::Bridge, 5).await.unwrap();
}

/// Both sides write while something is killed and started again, several times; in the end every
/// message is on the other side once and in order.
async fn talk_through_crashes(crash: Crash, rounds: usize) -> Result<(), DemoError> {
    const EACH: usize = 8;
    let mut scene = Scene::open().await;
    let (customer, asked, room) = scene.chat().await;
    let asked_anna = asked.user() == scene.anna.user();
    let Scene { stack, anna, ben, .. } = &mut scene;
    let agent = if asked_anna { &*anna } else { &*ben };

    let mut told = vec!["0".to_owned()];
    let mut said = Vec::new();
    for round in 0..rounds {
        let customers: Vec<String> = (0..EACH).map(|n| format!("c{round}.{n}")).collect();
        let agents: Vec<String> = (0..EACH).map(|n| format!("a{round}.{n}")).collect();
        let (before, after) = agents.split_at(EACH / 2);
        for text in &customers {
            customer.writes(text);
        }
        for text in before {
            agent.say(&room, text).await?;
        }
        let meanwhile = format!("c{round}, while something was down");
        match crash {
            Crash::Homeserver => {
                stack.synapse.kill9().await?;
                // The ✓ does not wait for the homeserver.
                customer.says(&meanwhile).await;
                assert!(customer.is_settled(), "all before it have their ✓, too");
                stack.synapse.restart().await?;
            }
            Crash::Bridge => {
                stack.bridge.kill9().await?;
                let key = customer.writes(&meanwhile);
                stack.bridge.start().await?;
                customer.is_accepted(&key).await;
            }
        }
        for text in after {
            agent.say(&room, text).await?;
        }
        told.extend(customers);
        told.push(meanwhile);
        said.extend(agents);
    }

    all_arrived(&customer, agent, &room, &told, &said).await?;
    scene.stack.stop().await
}

/// Waits for the last message of both, when nothing may be missing or double.
async fn all_arrived(
    customer: &Customer,
    agent: &Agent,
    room: &OwnedRoomId,
    told: &[String],
    said: &[String],
) -> Result<(), DemoError> {
    let last = told.last().cloned().unwrap_or_default();
    let arrived =
        |seen: &Seen| seen.rooms.get(room)?.messages().find(|e| e.body() == last).cloned();
    agent.until_for(RECOVERY, "the customer's last message", arrived).await?;
    let shown = || {
        let arrived = customer.agent_texts().last() == said.last();
        std::future::ready(arrived.then_some(()))
    };
    if timeout(RECOVERY, eventually(RECOVERY * 2, shown)).await.is_err() {
        // Is it not in the feed, or was the page not told?
        let feed = customer.http.feed(0, 0).await;
        panic!("{:?} did not come: {:?}; the feed: {feed:?}", said.last(), customer.agent_texts());
    }
    assert_eq!(customers_texts(agent, room).await, told, "what the room has of the customer");
    assert_eq!(customer.agent_texts(), said, "what the customer has of the agent");
    assert_eq!(customer.own_texts(), told, "what the customer's page shows of their own");
    Ok(())
}

#[tokio::test]
async fn a_homeserver_that_is_killed_while_a_room_is_made_makes_one() {
    killed_while_a_room_is_made(Crash::Homeserver).await.unwrap();
}

#[tokio::test]
async fn a_bridge_that_is_killed_while_it_makes_a_room_makes_one() {
    killed_while_a_room_is_made(Crash::Bridge).await.unwrap();
}

/// A customer arrives, and something is killed before anybody is asked. In the end there is one
/// room, one request, and a conversation.
async fn killed_while_a_room_is_made(crash: Crash) -> Result<(), DemoError> {
    let mut scene = Scene::open().await;
    let customer = scene.customer("Clara").await;
    customer.says("0").await;
    let at_work = || async { (scene.outbox().await? > 0).then_some(()) };
    eventually(RECOVERY, at_work).await;
    match crash {
        Crash::Homeserver => scene.stack.synapse.kill9().await?,
        Crash::Bridge => scene.stack.bridge.kill9().await?,
    }
    for agent in [&scene.anna, &scene.ben] {
        let asked = agent.until_for(Duration::ZERO, "a request", |s| {
            s.invites.iter().find(|invite| invite.is_request()).cloned()
        });
        assert!(asked.await.is_err(), "the room was made before anything was killed");
    }
    match crash {
        Crash::Homeserver => {
            customer.says("1").await;
            scene.stack.synapse.restart().await?;
        }
        Crash::Bridge => {
            let key = customer.writes("1");
            scene.stack.bridge.start().await?;
            customer.is_accepted(&key).await;
        }
    }
    let (agent, other, invite) = scene.asked().await;
    agent.accept(&invite.room).await?;
    agent.say(&invite.room, "Good morning").await?;
    let told = ["0", "1"].map(str::to_owned);
    all_arrived(&customer, agent, &invite.room, &told, &["Good morning".to_owned()]).await?;
    // Besides the desks: the same room was not made twice, and nobody else was asked.
    let rooms =
        async |agent: &Agent| agent.until("what was seen", |seen| Some(seen.rooms.len())).await;
    assert_eq!((rooms(agent).await?, rooms(other).await?), (2, 1));
    scene.stack.stop().await
}
