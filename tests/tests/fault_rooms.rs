//! Making a chat's room goes wrong at every step. In the end there is one room, and it is whole.

use serde_json::{Value, json};
use switchboard::gateway::wire::{EndedBy, FeedBody, FeedEntry};
use switchboard_tests::{
    customer::Customer,
    fake::{Fault, Homeserver},
    scene::Scene,
    wait::{DEADLINE, eventually, until},
};

const BOT: &str = "@switchboard:localhost";

const CHAT: &str = "chat.switchboard.chat";

/// Which chat of which store a room is, by its state.
fn mark(hs: &Homeserver, room: &str) -> Option<Value> {
    let state = hs.state(room, CHAT, "")?;
    Some(json!({ "id": state["id"], "incarnation": state["incarnation"] }))
}

/// The chat begins, is accepted, and works; its room is the only one and lacks nothing.
async fn ends_well(scene: &Scene, customer: Customer) {
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    customer.says("hello").await;
    scene.anna.sees_text(&room, "hello", DEADLINE).await;
    scene.anna.says(&room, "hi");
    customer.sees_text("hi").await;
    scene.comes_to_rest().await;

    let wanted = mark(&scene.hs, &room).expect("it is marked as the chat's");
    let mut rooms = scene.hs.rooms();
    rooms.retain(|other| mark(&scene.hs, other).as_ref() == Some(&wanted));
    assert_eq!(rooms, std::slice::from_ref(&room), "one room");
    let state = |kind: &str| scene.hs.state(&room, kind, "").unwrap_or_default();
    assert_eq!(state("m.room.name")["name"], "Carla · Support");
    assert!(state("m.room.topic")["topic"].is_string(), "a topic");
    assert!(state("chat.switchboard.customer")["variables"].is_array(), "the customer's details");
    assert_eq!(state("m.room.power_levels")["state_default"], 100);
    assert_eq!(state("m.room.history_visibility")["history_visibility"], "shared");
    assert_eq!(state("m.room.guest_access")["guest_access"], "forbidden");
    assert_eq!(state("m.room.join_rules")["join_rule"], "invite");
    let alias = state("m.room.canonical_alias")["alias"].as_str().unwrap_or_default().to_owned();
    assert_eq!(scene.hs.aliased(&alias), Some(room.clone()));
    assert_eq!(scene.anna.membership(&room), "join");
    let cards = scene.hs.events(&room).iter().filter(|e| e.kind == "m.room.pinned_events").count();
    assert_eq!(cards, 1, "one pinned card");
    assert_eq!(scene.hs.customer_texts(&room), ["hello"]);
    assert_eq!(customer.agent_texts(), ["hi"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_the_creation_is_lost() {
    let scene = Scene::with_anna_alone().await;
    let fault = scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
    ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
    assert_eq!(fault.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_creation_stops_after_any_of_its_events() {
    let scene = Scene::with_anna_alone().await;
    // How many there are: all before the customer's ghost joins.
    let whole = scene.chat("Carla", &scene.anna).await;
    let joins = |e: &switchboard_tests::fake::Event| {
        e.membership() == Some("join") && e.sender.starts_with("@switchboard_c_")
    };
    let events = scene.hs.events(&whole.room).iter().position(|e| joins(e)).expect("it joined");
    assert!(events > 10, "create, member, levels, alias, rules, … and the invite: {events}");
    for made in 0..=events {
        let fault = scene.hs.fault(Fault::on("POST", "/createRoom").times(1).stops_half_way(made));
        println!("the creation stops after {made} of {events} events");
        ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
        assert_eq!(fault.count(), 1, "{made}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_fails_once_in_every_way() {
    let scene = Scene::with_anna_alone().await;
    // The bot is registered by then.
    scene.chat("Dora", &scene.anna).await;
    for (method, route) in [
        ("POST", "/register"),
        ("PUT", "/devices/"),
        ("PUT", "/displayname"),
        ("POST", "/createRoom"),
        ("GET", "/directory/room/"),
        ("POST", "/join"),
        ("PUT", "/state/m.room.member/"),
        ("PUT", "/state/m.room.pinned_events"),
        ("PUT", "/send/"),
    ] {
        if route == "/directory/room/" {
            // It is asked only when the room may exist.
            scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
        }
        let strikes = [
            Fault::on(method, route).times(1).limits(10),
            Fault::on(method, route).times(1).replies(502, "M_UNKNOWN"),
            // The last: who knows that it was done does not ask again.
            Fault::on(method, route).times(1).drops_the_reply(),
        ]
        .map(|fault| scene.hs.fault(fault));
        println!("{method} {route} fails");
        ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
        assert_eq!(strikes.map(|hits| hits.count()), [1; 3], "{method} {route}");
        scene.hs.heal();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_is_killed_while_the_room_is_made() {
    let mut scene = Scene::with_anna_alone().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
    // Nothing goes on after the creation until the bridge is killed.
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let made = || scene.hs.rooms().into_iter().find(|room| mark(&scene.hs, room).is_some());
    eventually(DEADLINE, || async { made() }).await;
    scene.bridge.kill9().await;
    scene.hs.heal();
    scene.bridge.starts().await;
    ends_well(&scene, customer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_can_never_be_made_ends_the_chat_and_the_customer_is_told_all() {
    let scene = Scene::begins().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(403, "M_FORBIDDEN"));
    let first_step = scene.hs.fault(Fault::on("POST", "/register").times(1).holds());
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    until(DEADLINE, || first_step.count() == 1).await;
    let keys = [customer.says("is anybody there?").await, customer.says("hello?").await];
    first_step.release();

    let ended = |e: &FeedEntry| matches!(e.body, FeedBody::Ended { by: EndedBy::NoAgent });
    customer.wait_for("the end", ended).await;
    for key in &keys {
        let told =
            |e: &FeedEntry| matches!(&e.body, FeedBody::Undelivered { key: k, .. } if k == key);
        customer.wait_for("word that it was not delivered", told).await;
    }
    let log = scene.bridge.log();
    assert!(log.contains("which was given up"), "what waited for the room was tried");
    assert!(scene.hs.rooms().iter().all(|room| mark(&scene.hs, room).is_none()));
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite());
    // Nobody is held up by it.
    scene.hs.heal();
    scene.chat("Dora", &scene.anna).await.works().await;
}

/// Somebody's room has the alias of the chat that is about to be made.
struct Trap {
    what: &'static str,
    creator: &'static str,
    /// Whether its creator has invited the bot.
    invites_bot: bool,
    /// What its create event says it is, given the chat's id and the store's incarnation.
    mark: fn(&str, &str) -> Value,
}

const MALLORY: &str = "@mallory:localhost";

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_not_this_chat_of_this_store_has_taken_the_alias() {
    let right = |id: &str, incarnation: &str| json!({ "id": id, "incarnation": incarnation });
    let other_store = |id: &str, _: &str| json!({ "id": id, "incarnation": "another" });
    let other_chat = |_: &str, incarnation: &str| json!({ "id": "1", "incarnation": incarnation });
    let nothing = |_: &str, _: &str| Value::Null;
    let traps = [
        ("a stranger's, unmarked", MALLORY, true, nothing as fn(&str, &str) -> Value),
        ("a stranger's, with our mark, inviting the bot", MALLORY, true, right),
        ("a stranger's, with our mark, without the bot", MALLORY, false, right),
        ("the bot's, unmarked", BOT, false, nothing),
        ("the bot's, of another store", BOT, false, other_store),
        ("the bot's, of another chat", BOT, false, other_chat),
    ]
    .map(|(what, creator, invites_bot, mark)| Trap { what, creator, invites_bot, mark });
    let scene = Scene::with_anna_alone().await;
    let earlier = scene.chat("Dora", &scene.anna).await;
    let state = mark(&scene.hs, &earlier.room).expect("it is marked");
    let incarnation = state["incarnation"].as_str().expect("an incarnation");
    for Trap { what, creator, invites_bot, mark } in traps {
        println!("{what}");
        let known = scene.hs.users();
        let held = scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
        let customer = Customer::arrives(&scene.bridge, "Carla").await;
        // The ghost is made before the room.
        eventually(DEADLINE, || async { (held.count() > 0).then_some(()) }).await;
        let ghost = scene
            .hs
            .users()
            .into_iter()
            .find(|user| user.starts_with("@switchboard_c_") && !known.contains(user));
        let ghost = ghost.expect("the new customer's");
        let id = ghost.trim_start_matches("@switchboard_c_").trim_end_matches(":localhost");
        let mut body = json!({ "creation_content": { CHAT: mark(id, incarnation) } });
        if invites_bot {
            body["invite"] = json!([BOT]);
        }
        let trap = scene.hs.foreign_room(creator, &format!("switchboard_{id}"), body);
        // The bot may decline an invite.
        let others = |hs: &Homeserver| {
            let events = hs.events(&trap);
            events.iter().filter(|e| e.state_key.as_deref() != Some(BOT)).count()
        };
        let before = others(&scene.hs);
        scene.hs.heal();
        ends_well(&scene, customer).await;
        let alias = format!("#switchboard_{id}:localhost");
        assert_ne!(scene.hs.aliased(&alias), Some(trap.clone()), "{what}: it lost the alias");
        assert_eq!(others(&scene.hs), before, "{what}: nothing happened in it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_the_rooms_of_a_lost_store_reaches_nobody() {
    let scene = Scene::with_anna_alone().await;
    let old = scene.chat("Carla", &scene.anna).await;
    old.customer.says("before the loss").await;
    scene.anna.sees_text(&old.room, "before the loss", DEADLINE).await;
    let Scene { mut bridge, hs, anna, ben } = scene;
    bridge.kill9().await;
    let config = bridge.config.clone();

    // Another store, the same homeserver.
    let bridge = switchboard_tests::bridge::Bridge::start(config).await;
    let scene = Scene { bridge, hs, anna, ben };
    scene.logs_on("anna").await;
    let new = scene.chat("Carla", &scene.anna).await;
    new.customer.says("after it").await;
    scene.room_has(&new.room, &["after it"]).await;
    scene.anna.says(&old.room, "is anybody here?");
    scene.anna.says(&new.room, "hello");
    new.customer.sees_text("hello").await;
    new.page_ends_with_only(&scene, &["hello"]).await;
    assert_eq!(scene.hs.customer_texts(&old.room), ["before the loss"]);
}
