//! Invites to the bot that the homeserver never pushes.

use serde_json::{Value, json};
use switchboard_tests::{
    fake::Event,
    scene::Scene,
    wait::{DEADLINE, until},
};

const BOT: &str = "@switchboard:localhost";

/// Whether the bot has this membership in a room.
fn bot_is(scene: &Scene, room: &str, membership: &str) -> bool {
    scene.hs.members(room, membership).iter().any(|user| user == BOT)
}

/// How many answers there are to an event.
fn answers(scene: &Scene, room: &str, to: &str) -> usize {
    let relation = |e: &Event| e.content["m.relates_to"]["m.in_reply_to"]["event_id"].clone();
    scene.hs.events(room).iter().filter(|event| relation(event) == json!(to)).count()
}

/// How often the bot's membership in a room changed.
fn moves(scene: &Scene, room: &str) -> Vec<String> {
    let of_bot = |e: &Event| e.state_key.as_deref() == Some(BOT);
    let events = scene.hs.events(room);
    let members =
        events.iter().filter(|event| of_bot(event)).filter_map(|event| event.membership());
    members.map(str::to_owned).collect()
}

/// The homeserver pushes everything in a room after all.
async fn is_pushed_late(scene: &Scene, room: &str) {
    let events: Vec<Value> = scene.hs.events(room).iter().map(|event| json!(**event)).collect();
    scene.hs.push_events(&events).await.expect("taken");
    scene.comes_to_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_chat_begun_while_the_bridge_was_down_is_answered_once() {
    let mut scene = Scene::begins().await;
    scene.bridge.kill9().await;
    scene.hs.holds_pushes(true);
    let room = scene.anna.starts_chat_with(BOT);
    let question = scene.anna.says(&room, "!status");
    assert!(scene.hs.loses_waiting_pushes() > 0);
    scene.hs.holds_pushes(false);
    scene.bridge.starts().await;
    scene.anna.answer_to(&room, &question, DEADLINE).await;
    is_pushed_late(&scene, &room).await;
    let again = scene.anna.says(&room, "!status");
    scene.anna.answer_to(&room, &again, DEADLINE).await;
    scene.comes_to_rest().await;
    assert_eq!(answers(&scene, &room, &question), 1);
    assert_eq!(moves(&scene, &room), ["invite", "join"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_invite_that_was_not_pushed_is_declined_once() {
    let mut scene = Scene::begins().await;
    scene.bridge.kill9().await;
    scene.hs.holds_pushes(true);
    let stranger = scene.hs.agent("stranger");
    let room = stranger.starts_chat_with(BOT);
    assert!(scene.hs.loses_waiting_pushes() > 0);
    scene.hs.holds_pushes(false);
    scene.bridge.starts().await;
    until(DEADLINE, || bot_is(&scene, &room, "leave")).await;
    is_pushed_late(&scene, &room).await;
    assert_eq!(moves(&scene, &room), ["invite", "leave"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_that_a_crash_of_the_homeserver_has_lost_are_found_again_and_again() {
    let scene = Scene::begins().await;
    // Only administrators can bring the bot into a room that is no direct chat, or not any more.
    let admin = scene.hs.agent("admin");
    let room = admin.starts_chat_with(BOT);
    let question = admin.says(&room, "!status");
    admin.answer_to(&room, &question, DEADLINE).await;
    scene.comes_to_rest().await;
    // The bot is shown out and asked back, and the homeserver tells of neither.
    scene.hs.holds_pushes(true);
    scene.hs.expels(&room, &admin.id, BOT);
    admin.invites(&room, BOT);
    let question = admin.says(&room, "!status");
    assert!(scene.hs.loses_waiting_pushes() >= 2);
    scene.hs.restarts().await;
    admin.answer_to(&room, &question, DEADLINE).await;
    scene.comes_to_rest().await;
    assert_eq!(answers(&scene, &room, &question), 1);
    assert_eq!(moves(&scene, &room), ["invite", "join", "leave", "invite", "join"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_without_sliding_sync_loses_only_what_it_does_not_push() {
    let fault = switchboard_tests::fake::Fault::on("POST", "simplified_msc3575");
    let scene = Scene::begins().await;
    let unknown = scene.hs.fault(fault.replies(404, "M_UNRECOGNIZED"));
    scene.hs.restarts().await;
    until(DEADLINE, || unknown.count() > 1).await;
    let room = scene.anna.starts_chat_with(BOT);
    let question = scene.anna.says(&room, "!status");
    scene.anna.answer_to(&room, &question, DEADLINE).await;
    scene.chat("Carla", &scene.anna).await.works().await;
}
