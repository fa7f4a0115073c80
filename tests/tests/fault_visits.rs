//! Rooms that people invite the bot into.

use serde_json::json;
use switchboard_tests::{
    desk::{Desk, bot},
    fake::{Agent, Fault},
    scene::Scene,
    wait::{DEADLINE, until},
};

async fn office() -> Scene {
    Scene::with_nobody_ready().await
}

/// Somebody in a room of their own.
fn within(agent: &Agent, room: &str) -> Desk {
    Desk { agent: agent.clone(), room: room.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_the_bot_came_is_answered() {
    let scene = office().await;
    let joins = scene.hs.fault(Fault::on("POST", "/join").holds());
    let room = scene.anna.starts_direct_chat();
    let first = scene.anna.says(&room, "!status");
    let second = scene.anna.says(&room, "hello?");
    joins.release();
    let answer = scene.anna.answer_to(&room, &first, DEADLINE).await;
    assert!(answer.body().contains("not logged on"), "{}", answer.body());
    let answer = scene.anna.answer_to(&room, &second, DEADLINE).await;
    assert!(answer.body().contains("I understand commands only"), "{}", answer.body());
    // It is as good as the desk.
    let here = within(&scene.anna, &room);
    here.is_told("!login", "logged on").await;
    let paused = here.asks("!pause").await;
    assert!(here.pressed(&paused, "✅").await.contains("ready"));
    scene.comes_to_rest().await;
    assert_eq!(
        here.answers_to(
            &scene.hs.events(&room).iter().find(|e| e.event_id == first).expect("there").clone()
        )
        .len(),
        1,
        "once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_from_before_the_invite_is_obeyed() {
    let mut scene = office().await;
    let admin = scene.hs.agent("admin");
    let room = admin.starts_room(&json!({ "preset": "private_chat" }));
    let old = admin.says(&room, "!queue add old");
    admin.invites(&room, &bot(&scene));
    let new = admin.says(&room, "!queue add new");
    let answer = admin.answer_to(&room, &new, DEADLINE).await;
    assert!(answer.body().contains("new"), "{}", answer.body());
    let here = within(&admin, &room);
    here.is_not_answered(&scene, &old).await;
    assert!(!here.export().await.contains("\"old\""));
    // Not after a restart either, when every room is read.
    scene.bridge.restart().await;
    here.is_told("!queue list", "new").await;
    here.is_not_answered(&scene, &old).await;
    assert!(!here.export().await.contains("\"old\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_chat_is_answered_with_the_way_to_the_desk() {
    let scene = office().await;
    let desk = Desk::of(&scene.anna).await;
    scene.anna.leaves(&desk.room);
    scene.comes_to_rest().await;
    let room = scene.anna.starts_direct_chat();
    scene.hs.sets_state(
        &room,
        &scene.anna.id,
        "m.room.encryption",
        json!({ "algorithm": "m.megolm.v1.aes-sha2" }),
    );
    let content = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" });
    let question = scene.anna.sends(&room, "m.room.encrypted", content);
    let answer = scene.anna.answer_to(&room, &question, DEADLINE).await;
    assert_eq!(answer.kind, "m.room.message", "in plain text");
    let link = format!("https://matrix.to/#/{}?via=localhost", desk.room);
    assert!(answer.body().contains(&link), "{}", answer.body());
    let html = answer.content["formatted_body"].as_str().unwrap_or_default();
    assert!(html.contains(&link), "{html}");
    // Who had left it can go there.
    assert_eq!(scene.anna.comes_to_desk(DEADLINE).await, desk.room);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_only_administrators_bring_groups() {
    let scene = office().await;
    let (stranger, admin) = (scene.hs.agent("stranger"), scene.hs.agent("admin"));
    let refusal = |room: &str| {
        let state = scene.hs.state(room, "m.room.member", &bot(&scene)).unwrap_or_default();
        (state["membership"] == "leave").then(|| state["reason"].as_str().map(str::to_owned))
    };
    let room = stranger.starts_direct_chat();
    stranger.says(&room, "!queue list");
    until(DEADLINE, || refusal(&room).is_some()).await;
    let why = refusal(&room).flatten();
    assert!(why.is_some_and(|why| why.contains("Only people who work")), "told why");

    let room = scene.anna.starts_room(&json!({ "invite": [bot(&scene)] }));
    until(DEADLINE, || refusal(&room).is_some()).await;
    assert!(refusal(&room).flatten().is_some_and(|why| why.contains("Only administrators")));

    let room = admin.starts_room(&json!({ "invite": [bot(&scene)] }));
    until(DEADLINE, || scene.hs.members(&room, "join").contains(&bot(&scene))).await;
    within(&admin, &room).is_told("!queue list", "Support").await;
    // Small talk among people is none of the bot's business there.
    let talk = admin.says(&room, "Good morning, all");
    within(&admin, &room).is_not_answered(&scene, &talk).await;
    assert_eq!(scene.hs.requests_to("POST", "/join"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_goes_when_nobody_is_left_and_can_come_again() {
    let scene = office().await;
    let is_there = |room: &str| scene.hs.members(room, "join").contains(&bot(&scene));
    let room = scene.anna.starts_direct_chat();
    until(DEADLINE, || is_there(&room)).await;
    scene.comes_to_rest().await;
    scene.anna.leaves(&room);
    until(DEADLINE, || !is_there(&room)).await;

    // A group stays as long as anybody is in it, whoever brought the bot.
    let (admin, boss) = (scene.hs.agent("admin"), scene.ben.clone());
    let room = admin.starts_room(&json!({ "preset": "private_chat", "invite": [boss.id] }));
    boss.joins(&room);
    admin.invites(&room, &bot(&scene));
    until(DEADLINE, || is_there(&room)).await;
    scene.comes_to_rest().await;
    admin.leaves(&room);
    scene.comes_to_rest().await;
    assert!(is_there(&room), "Ben is left");
    within(&boss, &room).is_told("!status", "not logged on").await;
    boss.leaves(&room);
    until(DEADLINE, || !is_there(&room)).await;

    // Shown out, it can be asked in again.
    let room = admin.starts_direct_chat();
    until(DEADLINE, || is_there(&room)).await;
    scene.comes_to_rest().await;
    scene.hs.expels(&room, &admin.id, &bot(&scene));
    scene.comes_to_rest().await;
    admin.invites(&room, &bot(&scene));
    until(DEADLINE, || is_there(&room)).await;
    within(&admin, &room).is_told("!queue list", "Support").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_survives_a_crash() {
    let mut scene = office().await;
    let joins = scene.hs.fault(Fault::on("POST", "/join").drops_the_reply());
    let room = scene.anna.starts_direct_chat();
    let first = scene.anna.says(&room, "!status");
    until(DEADLINE, || joins.count() > 0).await;
    scene.bridge.kill9().await;
    scene.hs.heal();
    scene.bridge.starts().await;
    scene.anna.answer_to(&room, &first, DEADLINE).await;
    scene.comes_to_rest().await;
    let answers = within(&scene.anna, &room).notices();
    assert_eq!(answers.len(), 1, "once: {answers:?}");
}
