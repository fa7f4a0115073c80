//! Making a chat's room goes wrong at every step. In the end there is one room, and it is whole.

use serde_json::json;
use switchboard::gateway::wire::{EndedBy, FeedBody, FeedEntry};
use switchboard_tests::{
    customer::Customer,
    fake::{Fault, Homeserver},
    scene::Scene,
    wait::{DEADLINE, eventually, settle, until},
};

const BOT: &str = "@switchboard:localhost";

/// Rooms that carry the mark of a chat.
fn chat_rooms(hs: &Homeserver) -> Vec<String> {
    let marked = |room: &String| hs.state(room, "chat.switchboard.chat", "").is_some();
    hs.rooms().into_iter().filter(marked).collect()
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
    settle().await;

    assert_eq!(chat_rooms(&scene.hs), std::slice::from_ref(&room), "one room");
    let state = |kind: &str| scene.hs.state(&room, kind, "").unwrap_or_default();
    assert_eq!(state("m.room.name")["name"], "Carla · Support");
    assert!(state("m.room.topic")["topic"].is_string(), "a topic");
    assert!(state("chat.switchboard.customer")["variables"].is_array(), "the customer's details");
    assert_eq!(state("m.room.power_levels")["state_default"], 100);
    assert_eq!(state("m.room.history_visibility")["history_visibility"], "shared");
    let alias = state("m.room.canonical_alias")["alias"].as_str().unwrap_or_default().to_owned();
    assert_eq!(scene.hs.aliased(&alias), Some(room.clone()));
    assert_eq!(scene.anna.membership(&room), "join");
    let cards = scene.hs.events(&room).iter().filter(|e| e.kind == "m.room.pinned_events").count();
    assert_eq!(cards, 1, "one pinned card");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_the_creation_is_lost() {
    let scene = Scene::with_anna_alone().await;
    let fault = scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
    ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
    assert_eq!(fault.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_creation_is_limited_half_way() {
    let scene = Scene::with_anna_alone().await;
    let fault = scene.hs.fault(Fault::on("POST", "/createRoom").times(1).stops_half_way());
    ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
    assert_eq!(fault.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_fails_once_in_every_way() {
    let scene = Scene::with_anna_alone().await;
    for route in
        ["/register", "/devices/", "/displayname", "/createRoom", "/join", "/state/", "/send/"]
    {
        for method in ["POST", "PUT"] {
            scene.hs.fault(Fault::on(method, route).times(1).drops_the_reply());
            scene.hs.fault(Fault::on(method, route).times(1).limits(10));
            scene.hs.fault(Fault::on(method, route).times(1).replies(502, "M_UNKNOWN"));
        }
    }
    ends_well(&scene, Customer::arrives(&scene.bridge, "Carla").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bridge_is_killed_while_the_room_is_made() {
    let mut scene = Scene::with_anna_alone().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
    // Nothing goes on after the creation until the bridge is killed.
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    eventually(DEADLINE, || async { chat_rooms(&scene.hs).pop() }).await;
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
    assert!(chat_rooms(&scene.hs).is_empty());
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite());
    // Nobody is held up by it.
    scene.hs.heal();
    scene.chat("Dora", &scene.anna).await.works().await;
}

/// Takes the alias of the chat that is about to be made. Gives the foreign room.
async fn somebody_takes_the_alias(scene: &Scene, creator: &str) -> String {
    let ghost = eventually(DEADLINE, || async {
        scene.hs.users().into_iter().find(|user| user.starts_with("@switchboard_c_"))
    })
    .await;
    let chat = ghost.trim_start_matches("@switchboard_c_").trim_end_matches(":localhost");
    let mut body = json!({ "name": "a trap" });
    if creator != BOT {
        body["invite"] = json!([BOT]);
    }
    scene.hs.foreign_room(creator, &format!("switchboard_{chat}"), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_has_taken_the_alias() {
    let scene = Scene::with_anna_alone().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let trap = somebody_takes_the_alias(&scene, "@mallory:localhost").await;
    scene.hs.heal();
    ends_well(&scene, customer).await;
    assert!(scene.hs.customer_texts(&trap).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_our_own_without_the_mark_has_taken_the_alias() {
    let scene = Scene::with_anna_alone().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let trap = somebody_takes_the_alias(&scene, BOT).await;
    scene.hs.heal();
    ends_well(&scene, customer).await;
    assert!(scene.hs.customer_texts(&trap).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_store_adopts_nothing_of_the_old_one() {
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
    let new = scene.chat("Carla", &scene.anna).await;
    assert_ne!(new.room, old.room, "the old room was adopted");
    new.customer.says("after it").await;
    scene.room_has(&new.room, &["after it"]).await;
    scene.anna.says(&old.room, "is anybody here?");
    scene.anna.says(&new.room, "hello");
    new.page_has(&["hello"]).await;
    assert_eq!(scene.hs.customer_texts(&old.room), ["before the loss"]);
}
