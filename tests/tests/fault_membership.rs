//! Accepting, declining, missing and withdrawing, in every unlucky order.

use std::time::Duration;

use serde_json::json;
use switchboard::gateway::wire::{EndedBy, FeedBody, FeedEntry};
use switchboard_tests::{
    bridge::BridgeConfig,
    customer::Customer,
    fake::Fault,
    scene::Scene,
    wait::{DEADLINE, settle, stays, until},
};

fn ended_by(who: EndedBy) -> impl Fn(&FeedEntry) -> bool {
    move |entry| matches!(entry.body, FeedBody::Ended { by } if by == who)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_declines_and_the_second_accepts() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    assert_eq!(scene.ben.membership(&room), "leave", "one at a time");
    scene.anna.declines(&room);
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
    scene.ben.says(&room, "hello");
    customer.sees_text("hello").await;
    settle().await;
    assert_eq!(scene.anna.membership(&room), "leave", "Anna was left in peace");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_asked_twice_and_then_the_customer_is_told() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    for _ in 0..2 {
        for agent in [&scene.anna, &scene.ben] {
            let room = agent.next_request(DEADLINE).await;
            agent.declines(&room);
        }
    }
    customer.wait_for("word that no agent is free", ended_by(EndedBy::NoAgent)).await;
    settle().await;
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite(), "asked a third time");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_no_longer_asked_and_the_next_one_is() {
    let scene = Scene::begins_with(|config| config.rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    assert_eq!(scene.anna.membership(&room), "leave", "withdrawn before the next is asked");
    assert!(scene.anna.tries_to_join(&room).is_err());
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
}

/// Anna joins, but the bridge learns of it only after it has decided that she missed the request.
async fn joins_unnoticed(scene: &Scene) -> String {
    let room = scene.anna.next_request(DEADLINE).await;
    let before = scene.hs.requests_to("GET", "/state/{kind}/{key}");
    scene.hs.holds_pushes(true);
    // Nor does it find out by reading the room.
    let _blind = scene.hs.fault(Fault::on("GET", "/messages").replies(500, "M_UNKNOWN"));
    scene.anna.joins(&room);
    scene.anna.says(&room, "just in time");
    // The bridge looks before it withdraws.
    until(DEADLINE, || scene.hs.requests_to("GET", "/state/{kind}/{key}") > before).await;
    scene.hs.heal();
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_just_before_the_withdrawal_has_the_chat() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = joins_unnoticed(&scene).await;
    scene.hs.holds_pushes(false);
    customer.sees_joined("Anna").await;
    customer.sees_text("just in time").await;
    settle().await;
    assert_eq!(scene.anna.membership(&room), "join");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_just_before_the_withdrawal_and_the_next_agent_do_not_both_have_the_chat() {
    let scene = Scene::begins_with(|config| config.rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = joins_unnoticed(&scene).await;
    scene.hs.holds_pushes(false);
    // She was there first, whoever has been asked since.
    customer.sees_joined("Anna").await;
    until(DEADLINE, || scene.ben.membership(&room) != "invite").await;
    assert_eq!(scene.anna.membership(&room), "join");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_by_a_withdrawal_that_came_too_late_is_asked_again() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    // The bridge has looked, and its withdrawal is on its way.
    let slow = Fault::on("PUT", "/state/m.room.member/").by("@switchboard:");
    let late = scene.hs.fault(slow.times(1).delays(Duration::from_millis(600)));
    until(DEADLINE, || late.count() == 1).await;
    scene.anna.joins(&room);
    until(DEADLINE, || scene.anna.membership(&room) != "join").await;

    assert_eq!(scene.anna.next_request(DEADLINE).await, room);
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    scene.anna.says(&room, "here I am");
    customer.sees_text("here I am").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_at_once_leaves_the_chat_to_the_next() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    customer.says("hello?").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    scene.anna.leaves(&room);
    // Whoever is asked next, the chat is not lost.
    until(DEADLINE, || {
        [&scene.anna, &scene.ben].iter().any(|agent| agent.membership(&room) == "invite")
    })
    .await;
    let next = if scene.ben.membership(&room) == "invite" { &scene.ben } else { &scene.anna };
    next.joins(&room);
    next.says(&room, "I am staying");
    customer.sees_text("I am staying").await;
    scene.room_has(&room, &["hello?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_ends_while_it_rings_ends_the_ringing() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    customer.ends();
    customer.wait_for("the end", |e| matches!(e.body, FeedBody::Ended { .. })).await;
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    settle().await;
    assert!(!scene.ben.has_invite(), "nobody else is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_chat_that_has_just_ended_is_told_and_shown_out() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    let slow = Fault::on("PUT", "/state/m.room.member/").by("@switchboard:");
    let late = scene.hs.fault(slow.times(1).delays(Duration::from_millis(400)));
    customer.ends();
    until(DEADLINE, || late.count() == 1).await;
    scene.anna.joins(&room);
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    stays(Duration::from_millis(500), "nobody is asked for a chat that is over", || {
        scene.anna.membership(&room) == "leave" && !scene.ben.has_invite()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_removed_by_an_administrator_loses_the_chat_to_the_next() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    // An administrator deactivates Anna: the homeserver lets her leave everywhere.
    scene.anna.leaves(&chat.room);
    until(DEADLINE, || {
        [&scene.anna, &scene.ben].iter().any(|agent| agent.membership(&chat.room) == "invite")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_customers_than_agents_have_room_for_wait_their_turn() {
    let scene = Scene::begins_with(|config: BridgeConfig| config.capacity(1)).await;
    let first = scene.chat("First", &scene.anna).await;
    let _second = scene.chat("Second", &scene.ben).await;
    let third = Customer::arrives(&scene.bridge, "Third").await;
    third.sees_live("a place in the queue", |live| live.position == Some(1)).await;
    third.says("is somebody there?").await;
    settle().await;
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite());
    // Nor is there anything on the homeserver for somebody who may never be answered.
    let made = |scene: &Scene| {
        let of_chat =
            |name: &String, sigil: &str| name.starts_with(&format!("{sigil}switchboard_"));
        let ghosts =
            scene.hs.users().iter().filter(|u| of_chat(u, "@") && u.contains("_c_")).count();
        let marked = |r: &&String| scene.hs.state(r, "chat.switchboard.chat", "").is_some();
        let rooms = scene.hs.rooms().iter().filter(marked).count();
        let aliases = scene.hs.aliases().keys().filter(|a| of_chat(a, "#")).count();
        (rooms, ghosts, aliases)
    };
    assert_eq!(made(&scene), (2, 2, 2), "rooms, ghosts and aliases of chats");
    first.customer.ends();
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    third.sees_joined("Anna").await;
    scene.room_has(&room, &["is somebody there?"]).await;
    assert_eq!(made(&scene), (3, 3, 3), "they come with the first request");
    assert_eq!(
        scene.hs.state(&room, "m.room.name", ""),
        Some(json!({ "name": "Third · Support" }))
    );
}
