//! The rooms of desks are made once each, whatever happens while they are.

use std::collections::BTreeMap;

use serde_json::json;
use switchboard_tests::{
    bridge::{Bridge, BridgeConfig},
    desk::Desk,
    fake::{Fault, Homeserver},
    scene::Scene,
    wait::{DEADLINE, until},
};

/// A scene whose bridge is started by the test.
fn scene_of(hs: Homeserver, bridge: Bridge) -> Scene {
    let (anna, ben) = (hs.agent("anna"), hs.agent("ben"));
    Scene { bridge, hs, anna, ben }
}

/// The rooms that the bot has made and is in, by name, with what is in order about each.
fn rooms(scene: &Scene) -> BTreeMap<String, usize> {
    let mut rooms = BTreeMap::new();
    for room in scene.hs.rooms() {
        let name = scene.hs.state(&room, "m.room.name", "").unwrap_or_default();
        if !scene.hs.members(&room, "join").iter().any(|user| user.starts_with("@switchboard:")) {
            continue;
        }
        *rooms.entry(name["name"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    rooms
}

async fn is_in_order(scene: &Scene) {
    for agent in [&scene.anna, &scene.ben] {
        let desk = Desk::of(agent).await;
        let card = desk.card().await;
        scene.comes_to_rest().await;
        let cards = desk.notices().iter().filter(|n| n.contains("This is your desk")).count();
        assert_eq!(cards, 1, "one card for {}", agent.id);
        let state = |kind| scene.hs.state(&desk.room, kind, "").unwrap_or_default();
        assert_eq!(state("m.room.pinned_events")["pinned"], json!([card.event_id]));
        assert_eq!(state("m.room.power_levels")["state_default"], 100);
        assert_eq!(state("m.room.name")["name"], "Your desk");
        assert_eq!(state("m.room.encryption"), serde_json::Value::Null);
        assert_eq!(state("m.room.power_levels")["users"], json!({}), "nobody is above others");
        desk.is_told("!login", "logged on").await;
        assert!(!agent.has_invite(), "{} was invited once", agent.id);
    }
    Desk::administrators(scene, "admin").await.is_told("!queues", "Support").await;
    let expected =
        BTreeMap::from([("Your desk".to_owned(), 2), ("Switchboard administration".to_owned(), 1)]);
    assert_eq!(rooms(scene), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_or_a_crash_makes_no_second_desk() {
    for (name, fault) in [
        (
            "the answers of createRoom are lost",
            Fault::on("POST", "/createRoom").times(3).drops_the_reply(),
        ),
        ("createRoom stops half way", Fault::on("POST", "/createRoom").times(2).stops_half_way(3)),
        ("the cards are not answered", Fault::on("PUT", "/send/").times(4).drops_the_reply()),
        (
            "the invites are not answered",
            Fault::on("PUT", "/state/m.room.member").times(3).drops_the_reply(),
        ),
    ] {
        for crash in [false, true] {
            eprintln!("{name}, {}", if crash { "and the bridge is killed" } else { "no crash" });
            let hs = Homeserver::start().await;
            let config = BridgeConfig::for_fake(&hs).nobody_is_ready();
            let hits = hs.fault(fault.clone());
            let bridge = Bridge::start(config).await;
            let mut scene = scene_of(hs, bridge);
            until(DEADLINE, || hits.count() > 0).await;
            if crash {
                scene.bridge.kill9().await;
                scene.hs.forgets_all_transactions();
                scene.bridge.starts().await;
            }
            is_in_order(&scene).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_is_taken_by_others_is_freed() {
    let hs = Homeserver::start().await;
    let first = Bridge::start(BridgeConfig::for_fake(&hs).nobody_is_ready()).await;
    let mut scene = scene_of(hs, first);
    scene.comes_to_rest().await;
    let aliases = scene.hs.aliases();
    assert_eq!(aliases.len(), 3, "{aliases:?}");
    drop(scene.bridge);

    // Another homeserver, where somebody was faster with each of them.
    let hs = Homeserver::start().await;
    for alias in aliases.keys() {
        let name = alias.trim_start_matches('#').split(':').next().unwrap_or_default();
        hs.foreign_room("@mallory:localhost", name, json!({ "name": "Your desk" }));
    }
    let config = BridgeConfig::for_fake(&hs).nobody_is_ready();
    let bridge = Bridge::start(config).await;
    scene = scene_of(hs, bridge);
    is_in_order(&scene).await;
    for (alias, room) in scene.hs.aliases() {
        let members = scene.hs.members(&room, "join");
        assert!(!members.contains(&"@mallory:localhost".to_owned()), "{alias}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_of_the_file_come_and_go_with_a_restart() {
    let mut scene = Scene::with_nobody_ready().await;
    let anna = Desk::of(&scene.anna).await;
    anna.is_told("!login", "logged on").await;
    scene.bridge.config = scene.bridge.config.clone().agents(&["anna", "cleo"]);
    scene.bridge.restart().await;
    Desk::of(&scene.hs.agent("cleo")).await.card().await;
    anna.is_told("!status", "ready").await;
    let ben = Desk::of(&scene.ben).await;
    ben.is_told("!login", "You have no role here").await;
}
