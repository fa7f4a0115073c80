//! The homeserver goes away, slows down, loses answers and forgets pushes. Nobody's words suffer.

use std::time::Duration;

use switchboard_tests::{
    customer::Customer,
    fake::{Event, Fault},
    scene::{Chat, Scene, numbered},
    wait::{DEADLINE, settle, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_write_while_the_homeserver_is_down_arrives_when_it_returns() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.goes_down().await;
    let texts = numbered("into the dark", 20);
    for text in &texts {
        chat.customer.says(text).await;
    }
    let newcomer = Customer::arrives(&scene.bridge, "Dora").await;
    newcomer.says("hello?").await;
    scene.hs.comes_back().await;

    scene.room_has(&chat.room, &texts).await;
    let last = chat.customer.feed().last().map_or(0, |e| e.seq);
    chat.customer.sees_live("✓✓", |live| live.delivered >= last).await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    newcomer.sees_joined("Anna").await;
    scene.room_has(&room, &["hello?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_answers_503_is_as_good_as_down() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.unavailable(true);
    let texts = numbered("into the dark", 10);
    for text in &texts {
        chat.customer.says(text).await;
    }
    scene.hs.unavailable(false);
    scene.room_has(&chat.room, &texts).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_of_the_requests_limited_or_failed_loses_and_doubles_nothing() {
    let scene = Scene::with_anna_alone().await;
    // The making of two rooms is too little for chance.
    let posts = ["/register", "/createRoom", "/join"]
        .map(|route| scene.hs.fault(Fault::on("POST", route).times(1).limits(20)));
    let limited = scene.hs.fault(Fault::on("PUT", "/send/").chance(0.15).limits(20));
    let failed = scene.hs.fault(Fault::on("PUT", "/send/").chance(0.15).replies(500, "M_UNKNOWN"));
    let states = scene.hs.fault(Fault::on("PUT", "/state/").times(2).replies(500, "M_UNKNOWN"));
    let (carla, dora) =
        (scene.chat("Carla", &scene.anna).await, scene.chat("Dora", &scene.anna).await);
    let (for_carla, for_dora) = (numbered("to Carla", 15), numbered("to Dora", 15));
    let (by_carla, by_dora) = (numbered("by Carla", 15), numbered("by Dora", 15));
    for n in 0..15 {
        carla.customer.writes(&by_carla[n]);
        dora.customer.writes(&by_dora[n]);
        carla.agent.says(&carla.room, &for_carla[n]);
        dora.agent.says(&dora.room, &for_dora[n]);
    }
    scene.room_has(&carla.room, &by_carla).await;
    scene.room_has(&dora.room, &by_dora).await;
    carla.page_has(&for_carla).await;
    dora.page_has(&for_dora).await;
    assert_eq!(posts.map(|hits| hits.count()), [1; 3]);
    assert_eq!(states.count(), 2);
    assert!(limited.count() > 1 && failed.count() > 1, "{limited:?}, {failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_kept_for_as_long_as_it_says() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    let before = scene.hs.requests_to("PUT", "/send/");
    let limited = scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).limits(2000));
    let begun = tokio::time::Instant::now();
    chat.customer.says("patience").await;
    chat.agent.sees_text(&chat.room, "patience", DEADLINE).await;
    // From before the limit was met, so it can only seem longer.
    assert!(begun.elapsed() >= Duration::from_secs(2), "tried again after {:?}", begun.elapsed());
    assert_eq!(limited.count(), 1);
    scene.comes_to_rest().await;
    assert_eq!(scene.hs.requests_to("PUT", "/send/") - before, 2, "one in vain, one in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_double_nothing() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let lost = scene.hs.fault(Fault::on("PUT", "/send/").chance(0.4).drops_the_reply());
    let texts = numbered("in doubt", 20);
    for text in &texts {
        chat.customer.writes(text);
    }
    scene.room_has(&chat.room, &texts).await;
    assert!(lost.count() > 3, "the fault struck {} times", lost.count());
    scene.hs.heal();
    chat.works().await;
}

/// The homeserver takes a message, its answer is lost, and then it forgets that it had it. Nor is
/// the message pushed back before that.
async fn takes_and_forgets(scene: &Scene, chat: &Chat, text: &str) {
    scene.hs.holds_pushes(true);
    let lost = scene.hs.fault(Fault::on("PUT", "/send/").times(1).drops_the_reply());
    // No further try gets through while it still remembers.
    let again = scene.hs.fault(Fault::on("PUT", "/send/").replies(502, "M_UNKNOWN"));
    chat.customer.says(text).await;
    until(DEADLINE, || lost.count() == 1).await;
    assert_eq!(again.count(), 0, "it was asked again before it was looked for");
    scene.hs.forgets_all_transactions();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_forgot_its_transactions_gets_nothing_twice() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let mut texts = Vec::new();
    for n in 0..6 {
        let batch = numbered(&format!("forgotten {n}"), 3);
        takes_and_forgets(&scene, &chat, &batch[0]).await;
        scene.hs.heal();
        for text in &batch[1..] {
            chat.customer.says(text).await;
        }
        if n % 2 == 0 {
            scene.hs.restarts().await;
        }
        texts.extend(batch);
        scene.room_has(&chat.room, &texts).await;
        scene.hs.holds_pushes(false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_doubt_at_a_kill_and_forgotten_by_the_homeserver_is_there_once() {
    let mut scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    takes_and_forgets(&scene, &chat, "was I heard?").await;
    scene.bridge.kill9().await;
    scene.hs.heal();
    scene.bridge.starts().await;
    // What is written next comes after it, so that it is settled by then.
    chat.customer.says("hello?").await;
    scene.room_has(&chat.room, &["was I heard?", "hello?"]).await;
    scene.hs.holds_pushes(false);
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_were_deleted_are_made_again_and_nothing_is_sent_twice() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let made = scene.hs.requests_to("PUT", "/devices/");
    scene.hs.forgets_devices();
    // The ghost speaks, and so does the bot.
    let texts = numbered("without a device", 3);
    for text in &texts {
        chat.customer.writes(text);
    }
    scene.room_has(&chat.room, &texts).await;
    scene.anna.says(&chat.room, "!nonsense");
    let told = |e: &Event| e.sender == "@switchboard:localhost" && e.body().contains("Not sent");
    scene.anna.sees(&chat.room, told, DEADLINE).await;
    settle().await;
    let notices = scene.anna.timeline(&chat.room).iter().filter(|e| told(e)).count();
    assert_eq!(notices, 1);
    assert_eq!(scene.hs.requests_to("PUT", "/devices/"), made + 2, "one for each");
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_homeserver_delays_only_its_own_part() {
    let scene = Scene::with_anna_alone().await;
    let (slow, quick) =
        (scene.chat("Carla", &scene.anna).await, scene.chat("Dora", &scene.anna).await);
    let delay = Duration::from_secs(3);
    scene.hs.fault(Fault::on("PUT", &slow.room).times(1).delays(delay));
    let begun = tokio::time::Instant::now();
    slow.customer.says("slowly").await;
    quick.works().await;
    assert!(begun.elapsed() < delay, "another chat waited for the slow one");
    scene.room_has(&slow.room, &["slowly"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_that_the_homeserver_lost_in_a_crash_are_found() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.pushes_drained().await;
    scene.hs.holds_pushes(true);
    let lost = numbered("lost", 5);
    for text in &lost {
        scene.anna.says(&chat.room, text);
    }
    assert!(scene.hs.loses_waiting_pushes() >= 5);
    scene.hs.goes_down().await;
    // The bridge notices the outage when it has something to say.
    chat.customer.says("are you there?").await;
    until(DEADLINE, || scene.bridge.log().contains("the homeserver does not answer")).await;
    scene.hs.restarts().await;
    chat.page_has(&lost).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_lost_while_the_bridge_was_away_are_found_at_its_start() {
    let mut scene = Scene::with_anna_alone().await;
    let waiting = Customer::arrives(&scene.bridge, "Dora").await;
    let chat_room = scene.anna.next_request(DEADLINE).await;
    scene.bridge.stop().await;
    scene.anna.joins(&chat_room);
    scene.anna.says(&chat_room, "I was quick");
    scene.anna.says(&chat_room, "was I not?");
    scene.hs.loses_waiting_pushes();
    scene.bridge.starts().await;
    waiting.sees_joined("Anna").await;
    waiting.sees_text("was I not?").await;
    assert_eq!(waiting.agent_texts(), ["I was quick", "was I not?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_the_homeserver_refuses_for_good_is_reported_and_the_rest_goes_on() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).replies(413, "M_TOO_LARGE"));
    let key = chat.customer.says("too large for it").await;
    chat.customer.says("small enough").await;
    chat.agent.sees_text(&chat.room, "small enough", DEADLINE).await;
    let told = |e: &switchboard::gateway::wire::FeedEntry| matches!(&e.body, switchboard::gateway::wire::FeedBody::Undelivered { key: k, .. } if *k == key);
    chat.customer.wait_for("word that it was not delivered", told).await;
}
