//! The bridge was away for an hour. Nobody is punished for that.

use switchboard::gateway::wire::{FeedBody, Phase};
use switchboard_tests::{
    customer::Customer,
    scene::{Scene, numbered},
    wait::{DEADLINE, settle},
};

const HOUR_MS: u64 = 3_600_000;

/// Starts the bridge with its clock moved by this much from the true time.
async fn returns_after(scene: &mut Scene, ms: u64) {
    let config = scene.bridge.config.clone();
    scene.bridge.config = config.environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &ms.to_string());
    scene.bridge.starts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_rang_when_the_bridge_went_down_still_rings_when_it_returns() {
    let mut scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.bridge.kill9().await;
    returns_after(&mut scene, HOUR_MS).await;
    customer.is_connected().await;
    settle().await;
    assert_eq!(scene.anna.membership(&room), "invite", "the request was withdrawn");
    assert_eq!(scene.ben.membership(&room), "leave", "somebody else was asked");
    assert_eq!(customer.live().phase, Phase::Waiting, "the customer was given up");
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_meanwhile_counts_before_any_deadline() {
    let mut scene = Scene::begins_with(|config| config.rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.bridge.kill9().await;
    scene.anna.joins(&room);
    scene.anna.says(&room, "where is everybody?");
    returns_after(&mut scene, HOUR_MS).await;
    customer.sees_joined("Anna").await;
    customer.sees_text("where is everybody?").await;
    settle().await;
    assert_eq!(scene.anna.membership(&room), "join");
    assert!(!scene.ben.has_invite());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_meanwhile_is_not_forgotten() {
    let mut scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.bridge.stop().await;
    scene.anna.declines(&room);
    returns_after(&mut scene, HOUR_MS).await;
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_go_on_and_nobody_is_removed() {
    let mut scene = Scene::with_anna_alone().await;
    let (carla, dora) =
        (scene.chat("Carla", &scene.anna).await, scene.chat("Dora", &scene.anna).await);
    scene.bridge.kill9().await;
    let (questions, answers) = (numbered("question", 5), numbered("answer", 5));
    for (question, answer) in questions.iter().zip(&answers) {
        carla.customer.writes(question);
        scene.anna.says(&carla.room, answer);
    }
    returns_after(&mut scene, HOUR_MS).await;
    scene.room_has(&carla.room, &questions).await;
    carla.page_has(&answers).await;
    for chat in [&carla, &dora] {
        assert_eq!(scene.anna.membership(&chat.room), "join");
        assert_eq!(chat.customer.live().phase, Phase::Active);
        chat.works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_customer_keeps_their_place() {
    let mut scene = Scene::begins_with(|config| config.agents(&["anna"]).capacity(1)).await;
    let busy = scene.chat("First", &scene.anna).await;
    let second = Customer::arrives(&scene.bridge, "Second").await;
    second.sees_live("a place", |live| live.position == Some(1)).await;
    let third = Customer::arrives(&scene.bridge, "Third").await;
    third.sees_live("a place", |live| live.position == Some(2)).await;
    scene.bridge.kill9().await;
    returns_after(&mut scene, HOUR_MS).await;
    second.is_connected().await;
    third.sees_live("the same place", |live| live.position == Some(2)).await;
    second.sees_live("the same place", |live| live.position == Some(1)).await;
    busy.customer.ends();
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    second.sees_joined("Anna").await;
    assert!(!third.feed().iter().any(|e| matches!(e.body, FeedBody::Ended { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_homeserver_was_down_too_and_comes_back_later() {
    let mut scene = Scene::begins_with(|config| config.rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.bridge.kill9().await;
    scene.anna.joins(&room);
    scene.hs.loses_waiting_pushes();
    scene.hs.goes_down().await;
    let config = scene.bridge.config.clone();
    scene.bridge.config =
        config.environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &HOUR_MS.to_string());
    scene.bridge.launches();
    customer.says("can I write already?").await;
    scene.hs.comes_back().await;
    customer.sees_joined("Anna").await;
    scene.room_has(&room, &["can I write already?"]).await;
    assert!(!scene.ben.has_invite(), "Anna had accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_an_hour_harms_nothing() {
    let mut scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.bridge.stop().await;
    returns_after(&mut scene, HOUR_MS).await;
    chat.works().await;
    scene.bridge.stop().await;
    returns_after(&mut scene, 0).await;
    chat.works().await;
    let customer = Customer::arrives(&scene.bridge, "Dora").await;
    let room = scene.anna.next_invite_that(DEADLINE, |_| true).await.room_id.clone();
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
}
