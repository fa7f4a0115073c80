//! The users that stand for queues, while things go wrong.

use switchboard_tests::{
    bridge::BridgeConfig,
    fake::{Event, Fault},
    scene::Scene,
    wait::{DEADLINE, until},
};

const SUPPORT: &str = "@switchboard_q_support:localhost";

fn named(scene: &Scene, user: &str) -> Option<String> {
    scene.hs.display_name(user)
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_have_users_as_they_are_called_now() {
    let mut scene = Scene::begins().await;
    until(DEADLINE, || named(&scene, SUPPORT).as_deref() == Some("Support (queue)")).await;
    let more = "[[queues]]\nid = \"sales\"\nname = \"Sales\"";
    scene.bridge.config = scene.bridge.config.clone().tables(more);
    scene.bridge.restart().await;
    let sales = "@switchboard_q_sales:localhost";
    until(DEADLINE, || named(&scene, sales).as_deref() == Some("Sales (queue)")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_invited_into_a_chat_is_taken_out_and_the_chat_goes_on() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    chat.agent.invites(&chat.room, SUPPORT);
    let told = |e: &Event| e.body().contains("A queue cannot be invited");
    chat.agent.sees(&chat.room, told, DEADLINE).await;
    until(DEADLINE, || scene.hs.members(&chat.room, "leave").contains(&SUPPORT.to_owned())).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_without_a_user_works_all_the_same() {
    let mut scene = Scene::begins_with(BridgeConfig::nobody_is_ready).await;
    let refused =
        scene.hs.fault(Fault::on("PUT", "/profile/@switchboard_q_").replies(403, "M_FORBIDDEN"));
    let more = "[[queues]]\nid = \"sales\"\nname = \"Sales\"";
    scene.bridge.config = scene.bridge.config.clone().tables(more);
    scene.bridge.restart().await;
    until(DEADLINE, || refused.count() >= 2).await;
    scene.logs_on("anna").await;
    scene.chat("Carla", &scene.anna).await.works().await;
    assert_eq!(named(&scene, "@switchboard_q_sales:localhost"), None);
}
