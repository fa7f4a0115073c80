//! Spaces for agents, which are never in a chat's way.

use serde_json::json;
use switchboard_tests::{
    bridge::BridgeConfig,
    customer::Customer,
    fake::{Agent, Event, Fault},
    scene::{Chat, Scene},
    wait::{DEADLINE, until},
};

const SPACES: &str = "[spaces]\nenabled = true";
const SALES: &str = "[[queues]]\nid = \"sales\"\nname = \"Sales\"";

fn with_spaces(config: BridgeConfig) -> BridgeConfig {
    config.agents(&["anna"]).capacity(50).tables(SPACES)
}

/// The rooms that are in a space.
fn children(scene: &Scene, space: &str) -> Vec<String> {
    let events = scene.hs.events(space);
    let children = events.iter().filter(|event| event.kind == "m.space.child");
    let rooms: std::collections::BTreeSet<String> =
        children.filter_map(|event| event.state_key.clone()).collect();
    let is_in = |room: &String| {
        let state = scene.hs.state(space, "m.space.child", room).unwrap_or_default();
        state["via"] == json!(["localhost"])
    };
    rooms.into_iter().filter(is_in).collect()
}

fn space(scene: &Scene, name: &str) -> Option<String> {
    scene.hs.aliased(&format!("#switchboard_space{name}:localhost"))
}

/// How many spaces there have ever been.
fn count(scene: &Scene) -> usize {
    let is_space = |room: &String| {
        let create = scene.hs.state(room, "m.room.create", "").unwrap_or_default();
        create["type"] == json!("m.space")
    };
    scene.hs.rooms().iter().filter(|room| is_space(room)).count()
}

/// Comes into the space for everybody.
async fn comes_in(scene: &Scene, agent: &Agent) -> String {
    until(DEADLINE, || space(scene, "").is_some()).await;
    let space = space(scene, "").expect("it is there");
    let invite = |event: &Event| event.room_id == space;
    agent.next_invite_that(DEADLINE, invite).await;
    agent.joins(&space);
    space
}

async fn ends(scene: &Scene, chat: &Chat) {
    chat.customer.ends();
    let ended = |e: &Event| e.body().contains("The customer has ended the chat");
    chat.agent.sees(&chat.room, ended, DEADLINE).await;
    scene.comes_to_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queues_space_holds_its_open_chats() {
    let scene = Scene::begins_with(with_spaces).await;
    let all = comes_in(&scene, &scene.anna).await;
    scene.comes_to_rest().await;
    let support = space(&scene, "_support_1").expect("it is there");
    assert_eq!(children(&scene, &all), std::slice::from_ref(&support));
    let name =
        |room: &str| scene.hs.state(room, "m.room.name", "").unwrap_or_default()["name"].clone();
    assert_eq!((name(&all), name(&support)), (json!("Switchboard"), json!("Support")));
    // Who is in the one can join the other, and nobody else.
    assert!(scene.hs.agent("stranger").tries_to_join(&support).is_err());
    scene.anna.joins(&support);
    let user = "@switchboard_q_support:localhost".to_owned();
    assert!(scene.hs.members(&all, "join").contains(&user));

    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    assert_eq!(children(&scene, &support), std::slice::from_ref(&chat.room));
    assert!(
        scene.anna.tries_to_send(&all, "m.room.message", json!({ "body": "!status" })).is_err()
    );
    ends(&scene, &chat).await;
    assert!(children(&scene, &support).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_makes_no_second_space_and_a_change_is_followed() {
    let mut scene =
        Scene::begins_with(|config| with_spaces(config).tables(&format!("{SPACES}\n{SALES}")))
            .await;
    let all = comes_in(&scene, &scene.anna).await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    let (support, sales) =
        (space(&scene, "_support_1").expect("made"), space(&scene, "_sales_1").expect("made"));
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    scene.comes_to_rest().await;
    assert_eq!(count(&scene), 3);
    assert_eq!(children(&scene, &support), std::slice::from_ref(&chat.room));

    // A queue is gone, and then there are to be no spaces at all.
    scene.anna.joins(&sales);
    scene.bridge.config = scene.bridge.config.clone().tables(SPACES);
    scene.bridge.restart().await;
    scene.comes_to_rest().await;
    assert_eq!(children(&scene, &all), std::slice::from_ref(&support));
    assert!(scene.hs.members(&sales, "join").is_empty());
    let stays_in: Vec<String> = vec![
        scene.anna.id.clone(),
        "@switchboard:localhost".to_owned(),
        "@switchboard_q_support:localhost".to_owned(),
    ];
    assert_eq!(scene.hs.members(&all, "join"), stays_in);
    scene.bridge.config = scene.bridge.config.clone().tables("");
    scene.bridge.restart().await;
    scene.comes_to_rest().await;
    for space in [&all, &support] {
        assert!(scene.hs.members(space, "join").is_empty(), "{space}");
    }
    chat.works().await;

    // And again there are.
    scene.bridge.config = scene.bridge.config.clone().tables(SPACES);
    scene.bridge.restart().await;
    scene.comes_to_rest().await;
    let again = space(&scene, "_support_1").expect("made");
    assert_ne!(again, support);
    assert_eq!(children(&scene, &again), std::slice::from_ref(&chat.room));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_goes_to_another_queue_goes_to_its_space() {
    let overflow = "[queues.overflow]\nafter_seconds = 2\nto = \"queue:sales\"";
    let scene = Scene::begins_with(|mut config| {
        config.queue.second_round_after_seconds = 30;
        with_spaces(config).queue_settings(overflow).tables(&format!("{SPACES}\n{SALES}"))
    })
    .await;
    comes_in(&scene, &scene.anna).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    let is_in = |queue: &str| {
        space(&scene, queue).is_some_and(|space| children(&scene, &space).contains(&room))
    };
    until(DEADLINE, || is_in("_support_1")).await;
    scene.anna.declines(&room);
    until(DEADLINE, || is_in("_sales_1") && !is_in("_support_1")).await;
    customer.ends();
    until(DEADLINE, || !is_in("_sales_1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_has_had_too_many_chats_is_followed_by_another() {
    let scene = Scene::begins_with(|config| {
        with_spaces(config).environment("SWITCHBOARD_TEST_SPACE_LIMIT", "2")
    })
    .await;
    let all = comes_in(&scene, &scene.anna).await;
    let mut chats = Vec::new();
    for name in ["Carla", "Dora", "Eva"] {
        chats.push(scene.chat(name, &scene.anna).await);
    }
    scene.comes_to_rest().await;
    let (first, second) =
        (space(&scene, "_support_1").expect("made"), space(&scene, "_support_2").expect("made"));
    assert_eq!(children(&scene, &first).len(), 2);
    assert_eq!(children(&scene, &second), std::slice::from_ref(&chats[2].room));
    assert_eq!(children(&scene, &all).len(), 2);
    // The old one is there as long as it is needed.
    ends(&scene, &chats[0]).await;
    assert_eq!(children(&scene, &first), std::slice::from_ref(&chats[1].room));
    ends(&scene, &chats[1]).await;
    assert_eq!(children(&scene, &all), std::slice::from_ref(&second));
    assert!(scene.hs.members(&first, "join").is_empty());
    chats[2].works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_that_cannot_be_made_holds_up_no_chat_and_is_made_at_the_next_start() {
    let mut scene = Scene::begins_with(|config| config.agents(&["anna"])).await;
    let control = scene.hs.aliased("#switchboard_control:localhost").expect("it is there");
    let before = scene.hs.events(&control).len();
    scene.bridge.stop().await;
    // Desks and the administrators' room are there: the first room to be made is a space.
    let refused =
        scene.hs.fault(Fault::on("POST", "/createRoom").times(1).replies(403, "M_FORBIDDEN"));
    scene.bridge.config = scene.bridge.config.clone().tables(SPACES);
    scene.bridge.starts().await;
    until(DEADLINE, || refused.count() == 1).await;
    let chat = scene.chat("Carla", &scene.anna).await;
    chat.works().await;
    scene.comes_to_rest().await;
    assert_eq!(count(&scene), 0);
    assert_eq!(scene.hs.events(&control).len(), before, "nobody is told");
    scene.bridge.restart().await;
    comes_in(&scene, &scene.anna).await;
    scene.comes_to_rest().await;
    let support = space(&scene, "_support_1").expect("made");
    assert_eq!(children(&scene, &support), std::slice::from_ref(&chat.room));
}

#[tokio::test(flavor = "multi_thread")]
async fn spaces_that_hang_hold_up_no_chat_and_catch_up() {
    let scene = Scene::begins_with(with_spaces).await;
    comes_in(&scene, &scene.anna).await;
    scene.comes_to_rest().await;
    let failing =
        scene.hs.fault(Fault::on("PUT", "/state/m.space.child").replies(500, "M_UNKNOWN"));
    let gone = scene.chat("Carla", &scene.anna).await;
    gone.works().await;
    until(DEADLINE, || failing.count() > 0).await;
    gone.customer.ends();
    let ended = |e: &Event| e.body().contains("The customer has ended the chat");
    gone.agent.sees(&gone.room, ended, DEADLINE).await;
    let chat = scene.chat("Dora", &scene.anna).await;
    chat.works().await;
    scene.hs.heal();
    let support = space(&scene, "_support_1").expect("made");
    until(DEADLINE, || children(&scene, &support) == std::slice::from_ref(&chat.room)).await;
}
