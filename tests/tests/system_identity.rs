//! Who the customer is: the real bridge, a real Synapse, and an agent who is a real Matrix client. Chats
//! begin with tokens of the shop's own server.

use matrix_sdk::ruma::RoomId;
use serde_json::json;
use switchboard::gateway::wire::{ChatStarted, StartChat, TokenFault};
use switchboard_tests::{
    agent::{Agent, Event},
    customer::{Customer, Http, random_key},
    demo::stack::{Stack, StackOptions},
    signing::ISSUER,
};

struct Scene {
    stack: Stack,
    anna: Agent,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
        let stack = stack.await.expect("everything starts");
        let anna = stack.agent(0).await.expect("anna logs in");
        anna.logs_on().await.expect("anna logs on");
        Self { stack, anna, _data: data }
    }

    /// What the shop signs for whoever is logged in.
    async fn token(&self, customer: &str) -> String {
        let address = format!("{}/chat-token?customer={customer}", self.stack.addresses().shop);
        let reply = reqwest::get(address).await.expect("the shop answers");
        reply.text().await.expect("a token")
    }

    async fn starts(&self, token: Option<String>, name: &str) -> (Customer, ChatStarted) {
        let addresses = self.stack.addresses();
        let start = StartChat {
            start_key: random_key(),
            name: Some(name.to_owned()),
            token,
            ..StartChat::default()
        };
        let started = Http::new(&addresses.gateway).start(&addresses.site, &start).await;
        let started = started.expect("a chat");
        let customer = Customer::resumes(&addresses.gateway, &started);
        customer.connects();
        (customer, started)
    }

    /// Anna takes the next request. Gives the pinned card.
    async fn accepted(&self) -> (matrix_sdk::ruma::OwnedRoomId, Event) {
        let invite = self.anna.next_request().await.expect("a request");
        self.anna.accept(&invite.room).await.expect("she joins");
        let pinned = self.anna.event(&invite.room, |e| e.kind == "m.room.pinned_events").await;
        let pinned = pinned.content["pinned"][0].as_str().expect("one event").to_owned();
        let card = self.anna.event(&invite.room, |event| event.id.as_str() == pinned).await;
        (invite.room, card)
    }

    async fn asks(&self, room: &RoomId, text: &str) -> String {
        self.anna.asks(room, text).await.expect("an answer").body().to_owned()
    }
}

#[tokio::test]
async fn the_shop_signs_who_its_customers_are_and_agents_recognise_them() {
    let scene = Scene::open().await;
    let token = scene.token("clara").await;
    let (customer, started) = scene.starts(Some(token.clone()), "Mallory").await;
    assert!(started.verified, "{started:?}");
    let (room, card) = scene.accepted().await;
    let card = card.body();
    for line in [
        "🔒 Customer: Clara Fern",
        "🔒 E-mail: clara@example.org",
        "🔒 Last order: 4711",
        "Queue: Support",
        &format!("🔒 signed by {ISSUER}"),
    ] {
        assert!(card.lines().any(|found| found == line), "{line}: {card}");
    }
    let state = scene.anna.event(&room, |e| e.kind == "chat.switchboard.customer").await;
    let name = json!({
        "name": "name", "value": "Clara Fern", "verified": true, "issuer": ISSUER,
    });
    assert_eq!(state.content["variables"][0], name);
    let title = scene.anna.event(&room, |event| event.kind == "m.room.name").await;
    assert_eq!(title.content["name"], "Clara Fern · Support");
    let ghost = |event: &Event| {
        event.kind == "m.room.member"
            && event.content["displayname"] == "Clara Fern"
            && event.content["membership"] == "join"
    };
    assert!(scene.anna.event(&room, ghost).await.sender.contains("_c_"));
    customer.says("My fern is brown").await;
    scene.anna.text(&room, "My fern is brown").await.unwrap();
    scene.anna.say(&room, "Water it").await.unwrap();
    customer.sees_text("Water it").await;
    customer.ends();
    scene.anna.leave(&room).await.unwrap();

    // Somebody who has got hold of the token is nobody in particular.
    let (thief, stolen) = scene.starts(Some(token), "Clara Fern").await;
    assert_eq!((stolen.verified, stolen.token_fault), (false, Some(TokenFault::Used)));
    let (room, card) = scene.accepted().await;
    assert!(!card.body().contains('🔒') && !card.body().contains("4711"), "{}", card.body());
    let answer = scene.asks(&room, "!history").await;
    assert!(answer.contains("does not say who this customer is"), "{answer}");
    thief.ends();
    scene.anna.leave(&room).await.unwrap();

    let (_customer, _) = scene.starts(Some(scene.token("clara").await), "").await;
    let (room, card) = scene.accepted().await;
    assert!(card.body().contains("1 earlier chat,"), "{}", card.body());
    let answer = scene.asks(&room, "!history").await;
    let number = started.number;
    assert!(answer.contains(&format!("!history {number}")), "{answer}");
    let answer = scene.asks(&room, &format!("!history {number}")).await;
    assert!(answer.contains("Clara Fern: My fern is brown"), "{answer}");
    scene.stack.stop().await.unwrap();
}
