//! Accepting, declining, missing and withdrawing, in every unlucky order.

use std::time::Duration;

use serde_json::json;
use switchboard::gateway::wire::{EndedBy, FeedBody, FeedEntry};
use switchboard_tests::{
    bridge::BridgeConfig,
    customer::Customer,
    fake::{Event, Fault},
    scene::{Chat, Scene},
    wait::{DEADLINE, stays, until},
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
    scene.comes_to_rest().await;
    assert_eq!(scene.anna.membership(&room), "leave", "Anna was left in peace");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declined_a_request_whose_answer_was_lost_is_not_asked_for_it_again() {
    let scene = Scene::begins().await;
    let invites = Fault::on("PUT", "/state/m.room.member/").by("_c_");
    scene.hs.fault(invites.times(1).drops_the_reply());
    let look = Fault::on("GET", "/state/m.room.member/").by("@switchboard:");
    let look = scene.hs.fault(look.times(1).holds());
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    // She has it, and the bridge is about to look whether she has.
    until(DEADLINE, || look.count() == 1).await;
    scene.anna.declines(&room);
    look.release();
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite(), "asked twice");
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
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite(), "asked a third time");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_no_longer_asked_and_the_next_one_is() {
    // Long enough for Ben.
    let scene = Scene::begins_with(|config| config.rings_for(3)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    assert_eq!(scene.anna.membership(&room), "leave", "withdrawn before the next is asked");
    assert!(scene.anna.tries_to_join(&room).is_err());
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
}

/// Anna is asked and joins when the bridge has decided that she missed the request, and before it
/// looks whether she did.
async fn joins_before_the_look(scene: &Scene) -> String {
    let look = Fault::on("GET", "/state/m.room.member/").by("@switchboard:");
    let look = scene.hs.fault(look.times(1).holds());
    let room = scene.anna.next_request(DEADLINE).await;
    until(DEADLINE, || look.count() == 1).await;
    // Nor does it hear of her by a push or by reading the room.
    scene.hs.holds_pushes(true);
    scene.hs.fault(Fault::on("GET", "/messages").replies(500, "M_UNKNOWN"));
    scene.anna.joins(&room);
    scene.anna.says(&room, "just in time");
    look.release();
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_just_before_the_withdrawal_has_the_chat() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = joins_before_the_look(&scene).await;
    // What it looked at tells it.
    customer.sees_joined("Anna").await;
    scene.hs.heal();
    scene.hs.holds_pushes(false);
    customer.sees_text("just in time").await;
    scene.comes_to_rest().await;
    assert_eq!(scene.anna.membership(&room), "join");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_just_before_the_withdrawal_and_the_next_agent_do_not_both_have_the_chat() {
    let scene = Scene::begins_with(|config| config.rings_for(1)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = joins_before_the_look(&scene).await;
    scene.hs.heal();
    scene.hs.holds_pushes(false);
    // She was there first, whoever has been asked since.
    customer.sees_joined("Anna").await;
    until(DEADLINE, || scene.ben.membership(&room) != "invite").await;
    assert_eq!(scene.anna.membership(&room), "join");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_by_a_withdrawal_that_came_too_late_is_asked_again() {
    // Long enough for Anna to accept at the second time.
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).rings_for(3)).await;
    let withdrawal = Fault::on("PUT", "/state/m.room.member/").by("@switchboard:");
    let withdrawal = scene.hs.fault(withdrawal.times(1).holds());
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    // The bridge has looked, and its withdrawal is on its way.
    until(DEADLINE, || withdrawal.count() == 1).await;
    scene.anna.joins(&room);
    withdrawal.release();
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
async fn who_comes_back_is_told_what_was_said_however_long_it_was() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let begins = |n: usize| format!("\"{n}\" 'long'");
    for n in 0..6 {
        chat.customer.says(&begins(n).repeat(1400)).await;
    }
    scene.comes_to_rest().await;
    scene.anna.leaves(&chat.room);
    assert_eq!(scene.anna.next_request(DEADLINE).await, chat.room);
    scene.anna.joins(&chat.room);
    let recap = |e: &Event| e.body().starts_with("Earlier in this chat");
    let recap = scene.anna.sees(&chat.room, recap, DEADLINE).await;
    for n in 0..6 {
        let line = format!("\nCarla: {}", begins(n));
        assert!(recap.body().contains(&line), "{n} is missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_ends_while_it_rings_ends_the_ringing() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    customer.ends();
    customer.wait_for("the end", |e| matches!(e.body, FeedBody::Ended { .. })).await;
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    scene.comes_to_rest().await;
    assert!(!scene.ben.has_invite(), "nobody else is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_a_chat_that_has_just_ended_is_told_and_shown_out() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    let withdrawal = Fault::on("PUT", "/state/m.room.member/").by("@switchboard:");
    let withdrawal = scene.hs.fault(withdrawal.times(1).holds());
    customer.ends();
    until(DEADLINE, || withdrawal.count() == 1).await;
    scene.anna.joins(&room);
    withdrawal.release();
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    stays(Duration::from_millis(500), "nobody is asked for a chat that is over", || {
        scene.anna.membership(&room) == "leave" && !scene.ben.has_invite()
    })
    .await;
}

/// Who is asked next, Anna having gone from the room.
async fn the_chat_goes_to_the_next(scene: &Scene, chat: &Chat) {
    let both = [&scene.anna, &scene.ben];
    until(DEADLINE, || both.iter().any(|agent| agent.membership(&chat.room) == "invite")).await;
    let next = both.into_iter().find(|agent| agent.membership(&chat.room) == "invite");
    let next = next.expect("somebody is asked");
    next.joins(&chat.room);
    next.says(&chat.room, "I have taken over");
    chat.customer.sees_text("I have taken over").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_removed_by_an_administrator_loses_the_chat_to_the_next() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.expels(&chat.room, "@admin:localhost", &scene.anna.id);
    let left = |e: &FeedEntry| matches!(&e.body, FeedBody::Left { name } if name == "Anna");
    chat.customer.wait_for("Anna to go", left).await;
    the_chat_goes_to_the_next(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_agent_loses_the_chat_to_the_next() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    // The homeserver lets her leave everywhere.
    scene.anna.leaves(&chat.room);
    the_chat_goes_to_the_next(&scene, &chat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_taken_back_by_an_administrator_goes_to_the_next() {
    let scene = Scene::begins().await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.hs.expels(&room, "@admin:localhost", &scene.anna.id);
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_tells_why_as_text_and_formatted_for_element() {
    let scene = Scene::begins().await;
    let _customer = Customer::arrives(&scene.bridge, "Carla").await;
    let invite = scene.anna.next_invite_that(DEADLINE, |_| true).await;
    assert!(invite.sender.starts_with("@switchboard_c_"), "by {}", invite.sender);
    let text = |key: &str| invite.content[key].as_str().unwrap_or_default();
    let (reason, html) = (text("reason"), text("io.element.html_reason"));
    assert_eq!(reason, "Support: a customer has just come. Accept to answer.");
    assert_eq!(html, "<b>Support</b><br>A customer has <b>just come</b>. Accept to answer.");
    assert!(!invite.content.to_string().contains("Carla"), "no details before joining");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_customers_than_agents_have_room_for_wait_their_turn() {
    let scene = Scene::begins_with(|config: BridgeConfig| config.capacity(1)).await;
    let first = scene.chat("First", &scene.anna).await;
    let _second = scene.chat("Second", &scene.ben).await;
    let third = Customer::arrives(&scene.bridge, "Third").await;
    third.sees_live("a place in the queue", |live| live.position == Some(1)).await;
    third.says("is somebody there?").await;
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite());
    // Nor is there anything on the homeserver for somebody who may never be answered.
    let made = |scene: &Scene| {
        let ghosts = scene.hs.users().iter().filter(|u| u.starts_with("@switchboard_c_")).count();
        let marked = |r: &&String| scene.hs.state(r, "chat.switchboard.chat", "").is_some();
        let rooms = scene.hs.rooms().iter().filter(marked).count();
        // Those of chats are hexadecimal.
        let of_chat = |alias: &&String| {
            let id = alias.trim_start_matches("#switchboard_").split(':').next();
            id.is_some_and(|id| id.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        let aliases = scene.hs.aliases().keys().filter(of_chat).count();
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
