//! The bridge was away for an hour. Nobody is punished for that.

use std::time::Duration;

use switchboard::gateway::wire::{FeedBody, FeedEntry, Phase};
use switchboard_tests::{
    customer::Customer,
    fake::{Event, Fault},
    scene::{Scene, numbered},
    wait::{DEADLINE, settle, stays, until},
};

const HOUR_MS: u64 = 3_600_000;

/// How often the bridge has said that its timers run.
fn resumed(scene: &Scene) -> usize {
    scene.bridge.log().matches("caught up; timers run").count()
}

/// As [`returns_after`], and waits until everything that happened meanwhile is handled and the
/// timers run: whatever deadline counts as past is met then.
async fn returns_and_resumes_after(scene: &mut Scene, ms: u64) {
    let before = resumed(scene);
    returns_after(scene, ms).await;
    until(DEADLINE, || resumed(scene) > before).await;
}

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
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
    customer.is_connected().await;
    let as_it_was = || {
        scene.anna.membership(&room) == "invite"
            && scene.ben.membership(&room) == "leave"
            && customer.live().phase == Phase::Waiting
    };
    stays(Duration::from_millis(500), "that Anna is asked", as_it_was).await;
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
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
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
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
    scene.room_has(&carla.room, &questions).await;
    carla.page_has(&answers).await;
    for chat in [&carla, &dora] {
        assert_eq!(scene.anna.membership(&chat.room), "join");
        assert_eq!(chat.customer.live().phase, Phase::Active);
        chat.works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_for_an_agents_return_does_not_run_out_in_an_outage() {
    const GRACE_MS: u64 = 4_000;
    let grace = u32::try_from(GRACE_MS / 1000).expect("short");
    let mut scene = Scene::begins_with(|mut config| {
        config.queue.return_grace_seconds = grace;
        config
    })
    .await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.anna.leaves(&chat.room);
    let left = |e: &FeedEntry| matches!(e.body, FeedBody::Left { .. });
    let left = chat.customer.wait_for("Anna to leave", left).await;
    scene.bridge.kill9().await;
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
    let requeued = |e: &FeedEntry| matches!(e.body, FeedBody::Requeued {});
    let requeued = chat.customer.wait_for("a place in the queue", requeued).await;
    // The outage does not count, and the whole grace does.
    assert!(requeued.at - left.at >= HOUR_MS + GRACE_MS, "after {} ms", requeued.at - left.at);
    until(DEADLINE, || scene.ben.membership(&chat.room) == "invite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_in_the_room_of_an_ended_chat_are_not_shown_out_by_an_outage() {
    let mut scene = Scene::begins_with(|mut config| {
        config.queue.close_after_seconds = 5;
        config
    })
    .await;
    let chat = scene.chat("Carla", &scene.anna).await;
    chat.customer.ends();
    let ended = |e: &FeedEntry| matches!(e.body, FeedBody::Ended { .. });
    chat.customer.wait_for("the end", ended).await;
    scene.bridge.kill9().await;
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
    stays(Duration::from_millis(500), "that Anna is in the room", || {
        scene.anna.membership(&chat.room) == "join"
    })
    .await;
    until(DEADLINE, || scene.anna.membership(&chat.room) == "leave").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_for_a_day_is_given_up_and_both_sides_are_told() {
    let mut scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let refused = scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").replies(502, "M_UNKNOWN"));
    let key = chat.customer.says("are you there?").await;
    until(DEADLINE, || refused.count() > 0).await;
    scene.bridge.kill9().await;
    returns_after(&mut scene, 23 * HOUR_MS).await;
    let before = refused.count();
    until(DEADLINE, || refused.count() > before + 1).await;
    let told = |e: &FeedEntry| matches!(&e.body, FeedBody::Undelivered { key: k, .. } if *k == key);
    assert!(!chat.customer.feed().iter().any(told), "given up before a day was over");
    scene.bridge.kill9().await;
    returns_after(&mut scene, 25 * HOUR_MS).await;
    chat.customer.wait_for("word that it was not delivered", told).await;
    let notice = |e: &Event| e.body().contains("could not be delivered");
    scene.anna.sees(&chat.room, notice, DEADLINE).await;
    scene.hs.heal();
    chat.works().await;
    assert_eq!(scene.hs.customer_texts(&chat.room).len(), 1, "it came all the same");
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
    returns_and_resumes_after(&mut scene, HOUR_MS).await;
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
