//! Desks and commands: the real bridge, a real Synapse, and people that are real Matrix clients.

use matrix_sdk::ruma::{OwnedRoomId, RoomId};
use serde_json::json;
use switchboard::gateway::wire::{FeedBody, Phase};
use switchboard_tests::{
    agent::{Agent, Event},
    customer::Customer,
    demo::stack::{Stack, StackOptions},
    desk::{GIVE_BACK, ONE, YES},
};

struct Scene {
    stack: Stack,
    admin: Agent,
    control: OwnedRoomId,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn open() -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
        let stack = stack.await.expect("everything starts");
        let login = stack.addresses().administrator;
        let admin = Agent::login(stack.synapse.url(), &login.user, &login.password).await;
        let admin = admin.expect("the administrator logs in");
        let control = admin.next_invite().await.expect("an invite").room;
        admin.accept(&control).await.expect("the administrator comes");
        Self { stack, admin, control, _data: data }
    }

    /// The administrator writes something whose answer must contain this.
    async fn commands(&self, text: &str, part: &str) -> Event {
        let answer = self.admin.asks(&self.control, text).await.expect("an answer");
        assert!(answer.body().contains(part), "{text}: {}", answer.body());
        answer
    }

    /// Somebody new logs in at the homeserver.
    async fn person(&self, name: &str) -> Agent {
        self.stack.synapse.register(name, "secret words", false).await.expect("registered");
        let agent = Agent::login(self.stack.synapse.url(), name, "secret words").await;
        agent.expect("logged in")
    }

    async fn customer(&self, name: &str) -> Customer {
        let addresses = self.stack.addresses();
        let customer = Customer::starts(&addresses.gateway, &addresses.site, Some(name)).await;
        customer.connects();
        customer
    }
}

/// Presses a reaction that the bot has placed, and waits for the answer.
async fn pressed(agent: &Agent, room: &RoomId, message: &Event, key: &str, part: &str) {
    let placed = |event: &&Event| {
        let relation = &event.content["m.relates_to"];
        event.kind == "m.reaction"
            && relation["event_id"] == message.id.as_str()
            && relation["key"] == key
    };
    agent
        .until("the reaction", |seen| seen.rooms.get(room)?.events.iter().find(placed).map(drop))
        .await
        .expect("the bot places it");
    agent.react(room, message.id.as_str(), key).await.expect("they can react");
    let told = agent.answer(room, &message.id, part, |event| event.body().contains(part)).await;
    told.expect("an answer");
}

#[tokio::test]
async fn an_agent_is_added_logs_on_answers_pauses_and_logs_off() {
    let scene = Scene::open().await;
    let cleo = scene.person("cleo").await;
    scene.commands("!queue add sales --name Sales", "Done").await;
    scene.commands("!profile add days support sales:2 --name \"By day\"", "Done").await;
    // As Element writes it when a person is picked from its list.
    let pill = json!({
        "msgtype": "m.text", "body": "!agent add cleo --name Cleo --profiles days",
        "format": "org.matrix.custom.html",
        "formatted_body": "!agent add <a href=\"https://matrix.to/#/@cleo:localhost\">cleo</a> --name Cleo --profiles days",
    });
    let question = scene.admin.send(&scene.control, "m.room.message", pill).await.unwrap();
    let added = |event: &Event| event.body().contains("@cleo:localhost");
    scene.admin.answer(&scene.control, &question, "that she is added", added).await.unwrap();

    // The first customer waits, since nobody is logged on.
    let clara = scene.customer("Clara").await;
    clara.says("Hello?").await;
    clara.sees_live("the first place", |live| live.position == Some(1)).await;
    let desk = cleo.comes_to_desk().await.unwrap();
    let card = |event: &Event| event.body().contains("Welcome, Cleo");
    let card = cleo.message(&desk, "the card", card).await.unwrap();
    pressed(&cleo, &desk, &card, ONE, "logged on as “By day”").await;

    let invite = cleo.next_request().await.unwrap();
    cleo.accept(&invite.room).await.unwrap();
    cleo.text(&invite.room, "Hello?").await.unwrap();
    cleo.say(&invite.room, "Good morning").await.unwrap();
    clara.sees_text("Good morning").await;

    // In the chat's room, commands stay with the bot.
    let paused = cleo.asks(&invite.room, "!pause lunch").await.unwrap();
    assert!(paused.body().contains("paused (lunch)"), "{}", paused.body());
    let walter = scene.customer("Walter").await;
    walter.says("Anybody?").await;
    walter.sees_live("the first place", |live| live.position == Some(1)).await;
    scene.commands("!agents", "lunch").await;
    scene.commands("!waiting", "Walter").await;

    // Whoever logs off is asked about their chats.
    let question = cleo.asks(&desk, "!logout").await.unwrap();
    assert!(question.body().contains("You are in a chat"), "{}", question.body());
    pressed(&cleo, &desk, &question, GIVE_BACK, "gone back to their queues").await;
    cleo.gone(&invite.room).await.unwrap();
    clara.wait_for("her leaving", |entry| matches!(entry.body, FeedBody::Left { .. })).await;
    clara.sees_live("her old place", |live| live.position == Some(1)).await;
    walter.sees_live("the second place", |live| live.position == Some(2)).await;

    // Back again, she is asked for the one that she has not had before the one that she gave back.
    let told = cleo.asks(&desk, "!ready").await.unwrap();
    assert!(told.body().contains("logged on"), "{}", told.body());
    let invite = cleo.next_request().await.unwrap();
    cleo.accept(&invite.room).await.unwrap();
    walter.sees_live("an agent", |live| live.phase == Phase::Active).await;
    let invite = cleo.next_request().await.unwrap();
    cleo.accept(&invite.room).await.unwrap();
    clara.sees_live("her return", |live| live.phase == Phase::Active).await;
    clara.ends();
    clara.sees_live("the end", |live| live.phase == Phase::Ended).await;
    let stats = scene.commands("!stats", "Support").await;
    let html = stats.content["formatted_body"].as_str().unwrap_or_default();
    assert!(html.contains("<table>") && html.contains("Support"), "{html}");

    // Nothing of the commands has reached a customer.
    assert_eq!(clara.agent_texts(), ["Good morning"]);
    // A removal is asked about, and done with one tap.
    let question = scene.commands("!agent remove cleo", "Do it?").await;
    pressed(&scene.admin, &scene.control, &question, YES, "removed").await;
    let gone = |event: &Event| event.body().contains("not an agent any more");
    cleo.message(&desk, "that she is removed", gone).await.unwrap();
    scene.stack.stop().await.unwrap();
}
