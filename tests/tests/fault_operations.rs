//! What operators see: metrics, health, logs, and `switchboard check`.

use std::process::Output;

use switchboard_tests::{
    bridge::{Bridge, BridgeConfig, binary},
    customer::Customer,
    fake::Homeserver,
    scene::Scene,
    wait::{DEADLINE, eventually},
};
use tokio::process::Command;

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

#[tokio::test]
async fn logs_hold_no_texts_names_or_tokens() {
    let words = ["Clementine", "a-secret-question", "a-secret-answer"];
    let scene = Scene::begins_with(|config| {
        let config = config.agents(&["anna"]);
        let config = config.environment("SWITCHBOARD_LOG__LEVEL", "info,switchboard=trace");
        config.environment("SWITCHBOARD_LOG__FORMAT", "json")
    })
    .await;
    let chat = scene.chat(words[0], &scene.anna).await;
    chat.customer.says(words[1]).await;
    chat.agent.sees_text(&chat.room, words[1], DEADLINE).await;
    chat.agent.says(&chat.room, words[2]);
    chat.page_has(&[words[2]]).await;
    // What goes wrong is logged with more words than what goes right.
    let unusable = r#"{"events":[{"event_id":"$x","room_id":"!y","a-secret-answer":1}]}"#;
    scene.hs.push_raw(unusable).await;
    chat.works().await;
    let log = scene.bridge.log();
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    assert!(log.contains("the bridge is ready"), "it logs: {log}");
    let settings = scene.hs.settings();
    for never in words.into_iter().chain([settings.as_token.as_str(), settings.hs_token.as_str()]) {
        assert!(!log.contains(never), "the log has `{never}`");
    }
}

/// `switchboard check` with this configuration.
async fn check(config: &BridgeConfig) -> (bool, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("switchboard.toml");
    std::fs::write(&file, config.to_toml(&directory.path().join("data"))).expect("written");
    let Output { status, stdout, stderr } = Command::new(binary())
        .arg("--config")
        .arg(&file)
        .arg("check")
        .output()
        .await
        .expect("the binary runs");
    let mut text = String::from_utf8_lossy(&stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&stderr));
    (status.success(), text)
}

#[tokio::test]
async fn the_check_says_what_to_mend() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);
    let (well, text) = check(&config).await;
    assert!(well && text.contains("the homeserver reaches this check"), "{text}");

    let mut wrong = config.clone();
    wrong.as_token = "w".repeat(64);
    let (well, text) = check(&wrong).await;
    assert!(!well && text.contains("does not know as_token"), "{text}");
    assert!(text.contains("switchboard registration"), "what to do: {text}");

    let mut away = config.clone();
    "http://127.0.0.1:9".clone_into(&mut away.homeserver_url);
    let (well, text) = check(&away).await;
    assert!(!well && text.contains("cannot be reached"), "{text}");

    let mut mistaken = config.clone();
    "bad name".clone_into(&mut mistaken.server_name);
    let (well, text) = check(&mistaken).await;
    assert!(!well && text.contains("homeserver.server_name"), "{text}");

    let _bridge = Bridge::start(config.clone()).await;
    let (well, text) = check(&config).await;
    assert!(well && text.contains("reaches the running bridge"), "{text}");
}
