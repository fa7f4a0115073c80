//! Desks: how agents log on and off, pause, and come back.

use serde_json::json;
use switchboard_tests::{
    customer::Customer,
    desk::{Desk, LOG_OFF, NO, ONE, PAUSE, TWO, YES},
    scene::Scene,
    wait::{DEADLINE, until},
};

/// Two profiles for two queues; Ben may use one of them.
const PROFILES: &str = "[[queues]]\nid = \"sales\"\nname = \"Sales\"\n\
    [[profiles]]\nid = \"sales\"\nname = \"Sales only\"\nqueues = [{ queue = \"sales\" }]\n\
    [[profiles]]\nid = \"all-round\"\nname = \"Everything\"\nqueues = [{ queue = \"support\" }, { queue = \"sales\" }]\n\
    [[agents]]\nid = \"@cleo:localhost\"\nname = \"Cleo\"\nprofiles = [\"sales\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_is_added_finds_a_desk_and_logs_on_with_one_tap() {
    let mut scene = Scene::begins_with(|config| config.agents(&["ben"]).nobody_is_ready()).await;
    let admin = Desk::administrators(&scene, "admin").await;
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    let added = admin.told("!agent add @anna:localhost --name \"Anna O'Neil\"").await;
    assert!(added.contains("Anna"), "{added}");
    let anna = Desk::of(&scene.anna).await;
    let card = anna.card().await;
    assert!(card.body().contains("Welcome, Anna O'Neil"), "{}", card.body());
    scene.comes_to_rest().await;
    let pinned = scene.hs.state(&anna.room, "m.room.pinned_events", "").expect("it is pinned");
    assert_eq!(pinned["pinned"], json!([card.event_id]));
    assert!(!scene.anna.has_invite(), "who is not logged on is not asked");

    let answer = anna.pressed(&card, ONE).await;
    assert!(answer.contains("logged on"), "{answer}");
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna O'Neil").await;

    // The state is kept, however the bridge ends.
    let status = anna.told("!status").await;
    assert!(status.to_lowercase().contains("ready"), "{status}");
    scene.bridge.restart().await;
    assert_eq!(anna.told("!status").await, status);
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    assert_eq!(anna.told("!status").await, status);
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite(), "there is one desk");
    assert_eq!(anna.notices().iter().filter(|n| n.contains("your desk")).count(), 1);
    // The buttons still work.
    assert!(anna.pressed(&card, PAUSE).await.contains("paused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_picked_by_reaction_number_or_name() {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().tables(PROFILES)).await;
    let anna = Desk::of(&scene.anna).await;
    let list = anna.asks("!login").await;
    assert!(list.body().contains("Sales only") && list.body().contains("Everything"));
    let answer = anna.pressed(&list, TWO).await;
    assert!(answer.contains("logged on as “Everything”"), "{answer}");
    anna.asks("!login").await;
    anna.is_told("7", "answer the question above with the number of a profile").await;
    anna.is_told("1", "logged on as “Sales only”").await;
    anna.is_told("!login every", "“Everything”").await;
    anna.is_told("!login Sales only", "“Sales only”").await;
    anna.is_told("!login sallse", "did you mean `sales`?").await;
    anna.is_told("!status", "Sales only").await;
    // A bare number is an answer only as long as there is a question.
    anna.is_told("1", "I understand commands only").await;

    let cleo = Desk::of(&scene.hs.agent("cleo")).await;
    cleo.is_told("!login all-round", "There is no profile `all-round` for you").await;
    assert!(!cleo.card().await.body().contains("Everything"));
    cleo.is_told("!ready", "logged on as “Sales only”").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pauses_is_not_asked_and_comes_back_with_one_tap() {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().agents(&["anna"])).await;
    let anna = Desk::of(&scene.anna).await;
    anna.is_told("!pause", "not logged on").await;
    anna.is_told("!pause-after", "not logged on").await;
    anna.is_told("!logout", "not logged on").await;
    anna.is_told("!status", "not logged on").await;
    anna.is_told("!ready", "logged on").await;
    let paused = anna.is_told("!pause lunch, don't call", "paused (lunch, don't call)").await;
    anna.is_told("!status", "lunch").await;
    let first = Customer::arrives(&scene.bridge, "Clara").await;
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite(), "who pauses is not asked");
    anna.is_told("no", "answer the question above with yes").await;
    assert!(anna.pressed(&paused, YES).await.contains("ready"));
    scene.anna.joins(&scene.anna.next_request(DEADLINE).await);

    // With a chat, a pause can wait for its end.
    scene.comes_to_rest().await;
    anna.is_told("!pause-after", "paused when your chat is over").await;
    anna.is_told("!status", "").await;
    let second = Customer::arrives(&scene.bridge, "Second").await;
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite());
    first.ends();
    let over = anna.sees("Your chats are over").await;
    assert!(anna.pressed(&over, YES).await.contains("ready"));
    scene.anna.joins(&scene.anna.next_request(DEADLINE).await);
    second.sees_joined("Anna").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_misses_requests_is_told_and_comes_back_with_one_tap() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).rings_for(1)).await;
    let anna = Desk { agent: scene.anna.clone(), room: desk_room(&scene) };
    // Who has left the desk is invited again to be told.
    scene.anna.leaves(&anna.room);
    scene.comes_to_rest().await;
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    let again = scene.anna.comes_to_desk(DEADLINE).await;
    assert_eq!(again, anna.room);
    let told = anna.sees("not responding").await;
    scene.comes_to_rest().await;
    anna.is_told("!status", "missed several").await;
    while scene.anna.has_invite() {
        scene.anna.next_request(DEADLINE).await;
    }
    assert!(anna.pressed(&told, YES).await.contains("ready"));
    // She has missed the first for good.
    customer.ends();
    scene.chat("Dora", &scene.anna).await.works().await;
}

/// Anna's desk, where she has logged on already.
fn desk_room(scene: &Scene) -> String {
    let desk = |alias: &&String| alias.contains("desk") || alias.contains("anna");
    let aliases = scene.hs.aliases();
    let alias = aliases.keys().find(desk).expect("there is a desk");
    aliases[alias].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cards_buttons_do_what_they_say() {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().agents(&["anna"])).await;
    let anna = Desk::of(&scene.anna).await;
    let card = anna.card().await;
    assert!(anna.pressed(&card, PAUSE).await.contains("not logged on"));
    let redone = |key: &'static str| {
        let (anna, card) = (anna.clone(), card.clone());
        async move {
            let reactions = anna.agent.timeline(&anna.room);
            let mine = |e: &&std::sync::Arc<switchboard_tests::fake::Event>| {
                e.sender == anna.agent.id && e.content["m.relates_to"]["key"] == key
            };
            if let Some(reaction) = reactions.iter().find(mine) {
                anna.agent.redacts(&anna.room, &reaction.event_id);
            }
            anna.pressed(&card, key).await
        }
    };
    // ✅ logs on, too.
    assert!(redone(YES).await.contains("logged on"));
    assert!(redone(PAUSE).await.contains("paused"));
    assert!(redone(YES).await.contains("ready"));
    assert!(redone(LOG_OFF).await.contains("logged off"));
    assert!(redone(ONE).await.contains("logged on"));
    // Anything else means nothing.
    anna.agent.reacts(&anna.room, &card.event_id, "🎉");
    anna.agent.reacts(&anna.room, &card.event_id, NO);
    let before = anna.notices().len();
    scene.comes_to_rest().await;
    assert_eq!(anna.notices().len(), before);
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    scene.anna.joins(&scene.anna.next_request(DEADLINE).await);
    customer.sees_joined("Anna").await;
    until(DEADLINE, || customer.agent_texts().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_and_added_again_comes_back_to_their_desk() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"])).await;
    let admin = Desk::administrators(&scene, "admin").await;
    let anna = Desk { agent: scene.anna.clone(), room: desk_room(&scene) };
    let removed = admin.confirms("!agent remove anna").await;
    assert!(removed.contains("agent `@anna:localhost` removed"), "{removed}");
    anna.sees("not an agent any more").await;
    anna.is_told("!ready", "You have no role here").await;
    let card = anna.card().await;
    assert!(anna.pressed(&card, YES).await.contains("not an agent any more"));
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    scene.anna.leaves(&anna.room);
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite());
    admin.told("!agent add @anna:localhost --name Anna").await;
    assert_eq!(scene.anna.comes_to_desk(DEADLINE).await, anna.room);
    anna.is_told("!login", "logged on").await;
    scene.anna.joins(&scene.anna.next_request(DEADLINE).await);
    customer.sees_joined("Anna").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_use_their_profile_any_more_is_logged_off_and_told() {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().tables(PROFILES)).await;
    let admin = Desk::administrators(&scene, "admin").await;
    let anna = Desk::of(&scene.anna).await;
    let first = anna.card().await;
    anna.is_told("!login all-round", "logged on").await;
    admin.told("!agent set anna --profiles sales").await;
    anna.sees("not there any more, or not for you").await;
    anna.is_told("!status", "not logged on").await;
    // The card has the right buttons.
    let is_new = |e: &switchboard_tests::fake::Event| {
        e.body().contains("This is your desk") && e.event_id != first.event_id
    };
    let card = scene.anna.sees(&anna.room, is_new, DEADLINE).await;
    assert!(!card.body().contains("Everything"), "{}", card.body());
    assert!(anna.pressed(&card, ONE).await.contains("“Sales only”"));
}
