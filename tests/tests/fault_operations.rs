//! What operators see: metrics, health and logs.

use std::time::Duration;

use reqwest::Method;
use switchboard::gateway::wire::{ChatStarted, StartChat};
use switchboard_tests::{
    bridge::Bridge,
    customer::{Customer, random_key},
    fake::Fault,
    scene::{Chat, Scene, numbered},
    wait::{DEADLINE, eventually, pause},
};

/// Waits until the metrics have all of these lines.
async fn measured(bridge: &Bridge, lines: &[&str]) {
    eventually(DEADLINE, || async {
        let text = bridge.metrics().await;
        lines.iter().all(|line| text.lines().any(|had| had == *line)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_happens_is_measured() {
    let scene = Scene::with_anna_alone().await;
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    let room = scene.anna.next_request(DEADLINE).await;
    measured(
        &scene.bridge,
        &[
            "switchboard_chats{state=\"ringing\"} 1",
            "switchboard_requests_total{outcome=\"made\"} 1",
            "switchboard_requests_total{outcome=\"accepted\"} 0",
        ],
    )
    .await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    customer.says("hello").await;
    scene.anna.sees_text(&room, "hello", DEADLINE).await;
    measured(
        &scene.bridge,
        &[
            "switchboard_chats{state=\"active\"} 1",
            "switchboard_requests_total{outcome=\"accepted\"} 1",
            "switchboard_customer_message_delivered_seconds_count 1",
            "switchboard_inbox_depth 0",
            "switchboard_outbox_depth 0",
            "switchboard_inbox_quarantined_total 0",
            "switchboard_effects_parked_total 0",
        ],
    )
    .await;
    customer.ends();
    measured(&scene.bridge, &["switchboard_chats_ended_total{reason=\"customer\"} 1"]).await;
}

/// The value of a metric without labels.
async fn value(bridge: &Bridge, name: &str) -> f64 {
    let text = bridge.metrics().await;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[tokio::test]
async fn requests_are_counted_by_their_outcome() {
    let scene = Scene::begins_with(|config| config.rings_for(2)).await;
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    let (first, second, room) = tokio::select! {
        room = scene.anna.next_request(DEADLINE) => (&scene.anna, &scene.ben, room),
        room = scene.ben.next_request(DEADLINE) => (&scene.ben, &scene.anna, room),
    };
    first.declines(&room);
    assert_eq!(second.next_request(DEADLINE).await, room);
    let outcome =
        |name: &str, n: u32| format!("switchboard_requests_total{{outcome=\"{name}\"}} {n}");
    let lines = [outcome("made", 2), outcome("rejected", 1), outcome("missed", 1)];
    measured(&scene.bridge, &lines.each_ref().map(String::as_str)).await;
    // Everybody is asked once more; the customer gives up while it rings.
    tokio::select! {
        room = scene.anna.next_request(DEADLINE) => drop(room),
        room = scene.ben.next_request(DEADLINE) => drop(room),
    }
    customer.ends();
    let lines = [
        outcome("made", 3),
        outcome("rejected", 1),
        outcome("missed", 1),
        outcome("withdrawn", 1),
        outcome("accepted", 0),
        outcome("failed", 0),
    ];
    measured(&scene.bridge, &lines.each_ref().map(String::as_str)).await;
}

#[tokio::test]
async fn the_way_of_agents_messages_is_timed_by_the_homeservers_clock() {
    const HELD: Duration = Duration::from_secs(1);
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    scene.hs.pushes_drained().await;
    // Nor is it read from the room meanwhile.
    scene.hs.fault(Fault::on("GET", "/messages").replies(500, "M_UNKNOWN"));
    scene.hs.holds_pushes(true);
    chat.agent.says(&chat.room, "held back");
    pause(HELD).await;
    scene.hs.holds_pushes(false);
    chat.customer.sees_text("held back").await;
    measured(&scene.bridge, &["switchboard_agent_message_delivered_seconds_count 1"]).await;
    let sum = value(&scene.bridge, "switchboard_agent_message_delivered_seconds_sum").await;
    assert!((HELD.as_secs_f64()..DEADLINE.as_secs_f64()).contains(&sum), "{sum} s");
    let text = scene.bridge.metrics().await;
    let quick = "switchboard_agent_message_delivered_seconds_bucket{le=\"0.5\"} 0";
    assert!(text.lines().any(|line| line == quick), "{text}");
}

#[tokio::test]
async fn what_waits_for_the_homeserver_is_counted_and_ages() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    measured(
        &scene.bridge,
        &["switchboard_outbox_depth 0", "switchboard_outbox_oldest_seconds 0.0"],
    )
    .await;
    scene.hs.goes_down().await;
    for text in numbered("waiting", 5) {
        chat.customer.says(&text).await;
    }
    let waits = ["switchboard_outbox_depth 5", "switchboard_inbox_depth 0"];
    measured(&scene.bridge, &waits).await;
    let age = || value(&scene.bridge, "switchboard_outbox_oldest_seconds");
    let before =
        eventually(DEADLINE, || async { Some(age().await).filter(|age| *age > 0.0) }).await;
    // It grows although nothing happens.
    eventually(DEADLINE, || async { (age().await >= before + 1.0).then_some(()) }).await;
    measured(&scene.bridge, &waits).await;
    scene.hs.comes_back().await;
    scene.room_has(&chat.room, &numbered("waiting", 5)).await;
    measured(
        &scene.bridge,
        &["switchboard_outbox_depth 0", "switchboard_outbox_oldest_seconds 0.0"],
    )
    .await;
}

#[tokio::test]
async fn logs_hold_no_texts_names_addresses_or_tokens() {
    let words = ["Clementine", "a-secret-question", "a-secret-answer", "a-secret-note"];
    let mut scene = Scene::begins_with(|config| {
        let config = config.agents(&["anna"]);
        let config = config.environment("SWITCHBOARD_LOG__LEVEL", "info,switchboard=trace");
        let config = config.environment("SWITCHBOARD_LOG__FORMAT", "json");
        config.environment("SWITCHBOARD_GATEWAY__TRUSTED_PROXIES", "[\"127.0.0.1\"]")
    })
    .await;
    let [question, answer, note] = [words[1], words[2], words[3]];
    let start_key = random_key();
    let address = "203.0.113.77";
    let started = reqwest::Client::new()
        .post(format!("{}/customer/v1/sites/shop/chats", scene.bridge.gateway_url()))
        .header("x-forwarded-for", address)
        .json(&StartChat {
            start_key: start_key.clone(),
            name: Some(words[0].into()),
            queue: None,
            ..StartChat::default()
        })
        .send()
        .await
        .expect("an answer");
    let started = started.json::<ChatStarted>().await.expect("a chat");
    let customer = Customer::resumes(&scene.bridge.gateway_url(), &started);
    customer.connects();
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    let chat = Chat { customer, agent: scene.anna.clone(), room };
    chat.customer.says(question).await;
    chat.agent.sees_text(&chat.room, question, DEADLINE).await;
    chat.agent.says(&chat.room, answer);
    chat.page_has(&[answer]).await;

    // What goes wrong is logged with more words than what goes right.
    for command in ["!a-secret-note", "/private a-secret-note"] {
        chat.agent.says(&chat.room, command);
    }
    let unusable = format!(r#"{{"events":[{{"event_id":"$x","room_id":"!y","{note}":1}}]}}"#);
    scene.hs.push_raw(unusable).await;
    let mistyped = format!(
        r#"{{"events":[{{"event_id":"$z","room_id":"{}","sender":"@anna:localhost","type":["{note}"],"content":"{note}"}}]}}"#,
        chat.room
    );
    scene.hs.push_raw(mistyped).await;
    scene.hs.push_as(Some(note), "wrong-token", "{}").await;
    let too_large = format!("{question} {}", "x".repeat(80 * 1024));
    let refused = chat.customer.http.send(&random_key(), &too_large).await.expect_err("too large");
    assert_eq!(refused.status(), Some(413));
    let nonsense = serde_json::json!({ "key": random_key(), "text": [question] });
    let refused = chat.customer.http.status(Method::POST, "messages", Some(&nonsense)).await;
    assert_eq!(refused.expect_err("no text").status(), Some(400));

    // The homeserver fails for a while, then refuses a message for good; the bridge is killed.
    let failing =
        scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(2).replies(500, "M_UNKNOWN"));
    chat.customer.says("a-secret-question, repeated").await;
    chat.agent.sees_text(&chat.room, "a-secret-question, repeated", DEADLINE).await;
    assert_eq!(failing.count(), 2);
    scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).replies(413, "M_TOO_LARGE"));
    chat.customer.says("a-secret-question, parked").await;
    measured(&scene.bridge, &["switchboard_effects_parked_total 1"]).await;
    chat.customer.writes("a-secret-question, in doubt");
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    chat.agent.sees_text(&chat.room, "a-secret-question, in doubt", DEADLINE).await;
    chat.works().await;

    let log = scene.bridge.log();
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    assert_eq!(log.matches("the bridge is ready").count(), 2, "it logs both runs: {log}");
    assert!(log.contains("\"WARN\"") && log.contains("\"DEBUG\""), "also what went wrong: {log}");
    let settings = scene.hs.settings();
    let tokens = [&settings.as_token, &settings.hs_token, &started.token, &start_key];
    let people = ["Anna", "@anna", address];
    for never in words.into_iter().chain(tokens.map(String::as_str)).chain(people) {
        let line = log.lines().find(|line| line.contains(never));
        assert_eq!(line, None, "the log has `{never}`");
    }
}
