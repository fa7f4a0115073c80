//! Agents who come, go and change their minds while things go wrong.

use serde_json::json;
use switchboard::gateway::wire::FeedBody;
use switchboard_tests::{customer::Customer, fake::Event, scene::Scene, wait::DEADLINE};

/// A message that contains this.
fn says(part: &str) -> impl Fn(&Event) -> bool {
    move |event| event.kind == "m.room.message" && event.body().contains(part)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_off_the_list_keeps_their_chat() {
    let mut scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.bridge.config = scene.bridge.config.clone().agents(&["ben"]);
    scene.bridge.restart().await;
    chat.works().await;
    chat.agent.leaves(&chat.room);
    chat.customer.wait_for("her leaving", |e| matches!(e.body, FeedBody::Left { .. })).await;
    assert_eq!(scene.ben.next_request(DEADLINE).await, chat.room, "and the next one has it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_right_after_a_restart_is_asked_for() {
    let mut scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    // The customer's page cannot be back before this is handled.
    let status = scene.bridge.stop().await;
    assert!(status.success());
    chat.agent.says(&chat.room, "!end");
    scene.bridge.starts().await;
    chat.agent.sees(&chat.room, says("End the chat?"), DEADLINE).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_takes_back_or_cannot_send_is_told_in_the_room() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let room = &chat.room;
    let oops = chat.agent.says(room, "oops");
    chat.customer.sees_text("oops").await;
    chat.agent.redacts(room, &oops);
    chat.agent.sees(room, says("removed from the customer's page as well"), DEADLINE).await;
    let poll = json!({ "org.matrix.msc3381.poll.start": { "question": { "body": "Which?" } } });
    chat.agent.sends(room, "org.matrix.msc3381.poll.start", poll);
    chat.agent.sees(room, says("polls cannot be sent"), DEADLINE).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_named_once_and_never_heard() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"])).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    let guest = scene.hs.agent("guest");
    scene.anna.invites(&room, &guest.id);
    guest.joins(&room);
    guest.says(&room, "hello customer");
    guest.says(&room, "can you hear me?");
    scene.anna.says(&room, "she cannot");
    customer.sees_text("she cannot").await;
    assert_eq!(customer.agent_texts(), ["she cannot"]);
    scene.anna.sees(&room, says("is not an agent"), DEADLINE).await;
    let named = says("is not an agent");
    let count = scene.hs.events(&room).iter().filter(|event| named(event)).count();
    assert_eq!(count, 1);
}
