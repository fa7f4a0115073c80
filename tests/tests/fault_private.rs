//! Private messages: the companion room, who is in it, and that nothing of it leaves it.

use serde_json::json;
use switchboard_tests::{
    customer::Customer,
    fake::{Agent, Event, Fault},
    scene::{Chat, Scene},
    wait::{DEADLINE, until},
};

const SECRET: &str = "she's a tester";

fn companion(scene: &Scene) -> Option<String> {
    let aliases = scene.hs.aliases();
    aliases.into_iter().find(|(alias, _)| alias.contains("_private:")).map(|(_, room)| room)
}

async fn is_made(scene: &Scene) -> String {
    until(DEADLINE, || companion(scene).is_some()).await;
    scene.comes_to_rest().await;
    companion(scene).expect("it is made")
}

/// Anna's chat, into which she has invited Ben.
async fn chat_of_two(scene: &Scene) -> (Chat, String) {
    let chat = scene.chat("Carla", &scene.anna).await;
    joins(scene, &chat, &scene.ben, "Ben").await;
    let room = is_made(scene).await;
    (chat, room)
}

async fn joins(scene: &Scene, chat: &Chat, agent: &Agent, name: &str) {
    chat.agent.invites(&chat.room, &agent.id);
    agent.joins(&chat.room);
    chat.customer.sees_joined(name).await;
    scene.comes_to_rest().await;
}

/// The customer has nothing of it, wherever it might be.
async fn customer_sees_nothing(scene: &Scene, chat: &Chat) {
    chat.agent.says(&chat.room, "that is all");
    chat.customer.sees_text("that is all").await;
    scene.comes_to_rest().await;
    let page = format!("{:?} {:?}", chat.customer.feed(), chat.customer.live());
    for part in [SECRET, "PRIVATE", "private", "👁"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
    let ghost = scene.hs.events(&chat.room);
    let mut ghost = ghost.iter().filter(|event| event.sender.contains("_c_"));
    assert!(ghost.all(|event| !event.content.to_string().contains(SECRET)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_agent_brings_a_private_room_that_nobody_takes_for_the_chats() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    assert_eq!(companion(&scene), None, "one agent has nobody to talk to");
    joins(&scene, &chat, &scene.ben, "Ben").await;
    let room = is_made(&scene).await;
    let state = |kind: &str| scene.hs.state(&room, kind, "").unwrap_or_default();
    assert_eq!(state("m.room.name")["name"], json!("👁 PRIVATE · Carla"));
    assert!(state("m.room.avatar")["url"].as_str().is_some_and(|url| url.starts_with("mxc:")));
    assert!(state("m.room.topic")["topic"].as_str().is_some_and(|t| t.contains(&chat.room)));
    let back = scene.hs.state(&chat.room, "chat.switchboard.companion", "").unwrap_or_default();
    assert_eq!(back["room_id"], json!(room));
    chat.agent.sees(&chat.room, |e: &Event| e.body().contains(&room), DEADLINE).await;
    for agent in [&scene.anna, &scene.ben] {
        agent.joins(&room);
        let encryption = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
        assert!(
            agent.tries_to_send(&room, "m.room.encryption", encryption).is_err() || {
                scene.hs.state(&room, "m.room.encryption", "").is_none()
            }
        );
    }
    scene.comes_to_rest().await;
    assert!(scene.hs.members(&room, "join").iter().all(|user| !user.contains("_c_")));
    scene.ben.says(&room, SECRET);
    customer_sees_nothing(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_follow_the_chats_through_leaves_declines_and_kills() {
    let mut scene = Scene::begins().await;
    let (chat, room) = chat_of_two(&scene).await;
    scene.anna.joins(&room);
    scene.ben.declines(&room);
    scene.comes_to_rest().await;
    chat.customer.says("hello?").await;
    scene.comes_to_rest().await;
    assert_eq!(scene.ben.membership(&room), "leave", "declining is asked once");
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    scene.comes_to_rest().await;
    assert_eq!(scene.ben.membership(&room), "leave", "nor again after a start");
    // Anew in the chat, asked anew.
    scene.ben.leaves(&chat.room);
    scene.comes_to_rest().await;
    scene.bridge.kill9().await;
    scene.anna.invites(&chat.room, &scene.ben.id);
    scene.ben.joins(&chat.room);
    scene.bridge.starts().await;
    scene.comes_to_rest().await;
    assert_eq!(scene.ben.membership(&room), "invite");
    scene.ben.joins(&room);
    scene.comes_to_rest().await;
    // He leaves the chat while nobody looks.
    scene.bridge.kill9().await;
    scene.ben.leaves(&chat.room);
    scene.bridge.starts().await;
    scene.comes_to_rest().await;
    assert_eq!(scene.ben.membership(&room), "leave");
    assert_eq!(scene.anna.membership(&room), "join");
    assert!(scene.ben.tries_to_join(&room).is_err());
    customer_sees_nothing(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_expelled_from_the_chat_is_removed_and_who_stays_stays_to_the_end() {
    let scene = Scene::begins().await;
    let (chat, room) = chat_of_two(&scene).await;
    scene.anna.joins(&room);
    scene.ben.joins(&room);
    scene.comes_to_rest().await;
    scene.hs.expels(&chat.room, "@admin:localhost", &scene.ben.id);
    scene.comes_to_rest().await;
    assert_eq!(scene.ben.membership(&room), "leave");
    chat.customer.ends();
    let ended = |e: &Event| e.body().contains("The customer has ended the chat");
    scene.anna.sees(&chat.room, ended, DEADLINE).await;
    scene.comes_to_rest().await;
    assert_eq!(scene.anna.membership(&room), "join", "notes after the end");
    scene.anna.leaves(&chat.room);
    scene.comes_to_rest().await;
    assert_eq!(scene.anna.membership(&room), "leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_command_is_posted_linked_and_removed() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let command = scene.anna.says(&chat.room, &format!("!private {SECRET}"));
    let room = is_made(&scene).await;
    let posted = scene.hs.events(&room);
    let posted = posted.iter().find(|e| e.body().contains(SECRET)).expect("posted");
    assert_eq!(posted.body(), format!("👁 Anna: {SECRET}"));
    assert!(posted.content.get("chat.switchboard.private").is_some());
    scene.anna.sees(&chat.room, |e: &Event| e.body().contains(&posted.event_id), DEADLINE).await;
    let redacted = scene.hs.events(&chat.room);
    let redacted = redacted
        .iter()
        .any(|e| e.kind == "m.room.redaction" && e.content["redacts"] == json!(command));
    assert!(redacted, "the command is gone");
    let notices = scene.hs.events(&chat.room);
    let mut bots = notices.iter().filter(|e| e.sender == "@switchboard:localhost");
    assert!(bots.all(|e| !e.body().contains(SECRET)), "no word of it in the chat's room");
    // A forwarded copy of it is marked, and what it replies to is not quoted.
    scene.anna.sends(&chat.room, "m.room.message", posted.content.clone());
    let reply = json!({
        "msgtype": "m.text",
        "body": format!(">  {SECRET}\n\nindeed"),
        "format": "org.matrix.custom.html",
        "formatted_body": format!("<blockquote>{SECRET}</blockquote>indeed"),
        "m.relates_to": { "m.in_reply_to": { "event_id": posted.event_id } },
    });
    scene.anna.sends(&chat.room, "m.room.message", reply);
    chat.customer.sees_text("indeed").await;
    scene.anna.asks(&chat.room, "!private", DEADLINE).await;
    customer_sees_nothing(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_and_receipts_in_the_private_room_are_nobodys() {
    let scene = Scene::begins().await;
    let (chat, room) = chat_of_two(&scene).await;
    scene.anna.joins(&room);
    chat.customer.says("hello?").await;
    scene.comes_to_rest().await;
    let before = chat.customer.live().seen;
    let private = scene.anna.says(&room, SECRET);
    scene.anna.types(&room, true);
    scene.anna.reads(&room, &private);
    scene.anna.reacts(&room, &private, "👍");
    scene.anna.redacts(&room, &private);
    scene.comes_to_rest().await;
    assert!(chat.customer.live().typing.is_empty());
    assert_eq!(chat.customer.live().seen, before);
    customer_sees_nothing(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_made_does_not_hold_up_the_customer() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(403, "M_FORBIDDEN"));
    scene.anna.says(&chat.room, &format!("!private {SECRET}"));
    let told = |e: &Event| e.body().contains("could not be posted");
    scene.anna.sees(&chat.room, told, DEADLINE).await;
    chat.customer.says("still there?").await;
    scene.anna.sees_text(&chat.room, "still there?", DEADLINE).await;
    scene.hs.heal();
    customer_sees_nothing(&scene, &chat).await;
    scene.anna.says(&chat.room, "!private again");
    let room = is_made(&scene).await;
    assert!(scene.hs.events(&room).iter().any(|e| e.body() == "👁 Anna: again"));
}

/// Killed after each request that the making of the room and of a private message takes.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_any_two_steps_loses_and_doubles_nothing() {
    for (method, part) in [
        ("POST", "/createRoom"),
        ("POST", "/upload"),
        ("PUT", "/state/m.room.avatar"),
        ("PUT", "/state/chat.switchboard.companion"),
        ("PUT", "/state/m.room.member/"),
        ("PUT", "/send/m.room.message/"),
        ("PUT", "/redact/"),
    ] {
        let mut scene = Scene::with_anna_alone().await;
        let chat = scene.chat("Carla", &scene.anna).await;
        scene.comes_to_rest().await;
        let fault = scene.hs.fault(Fault::on(method, part).times(1).drops_the_reply());
        let command = scene.anna.says(&chat.room, &format!("!private {SECRET}"));
        until(DEADLINE, || fault.count() == 1).await;
        scene.bridge.kill9().await;
        scene.hs.heal();
        scene.bridge.starts().await;
        let room = is_made(&scene).await;
        let events = scene.hs.events(&room);
        let copies = events.iter().filter(|e| e.body().contains(SECRET)).count();
        assert_eq!(copies, 1, "{method} {part}");
        let in_chat = scene.hs.events(&chat.room);
        let gone = |e: &&std::sync::Arc<Event>| {
            e.kind == "m.room.redaction" && e.content["redacts"] == json!(command)
        };
        assert!(in_chat.iter().filter(gone).count() >= 1, "{method} {part}");
        assert_eq!(scene.anna.membership(&room), "invite", "{method} {part}");
        customer_sees_nothing(&scene, &chat).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_hears_nothing_of_it() {
    let scene = Scene::begins().await;
    let (chat, room) = chat_of_two(&scene).await;
    assert!(scene.hs.agent("stranger").tries_to_join(&room).is_err());
    let customer = Customer::arrives(&scene.bridge, "Dora").await;
    scene.comes_to_rest().await;
    assert!(format!("{:?}", customer.feed()).len() < 2000);
    customer_sees_nothing(&scene, &chat).await;
}
