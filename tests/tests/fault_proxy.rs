//! What stands between homeserver and bridge speaks up itself, or the way between them is broken:
//! proxies, wrong tokens and addresses. Nothing is lost, and operators are told what to mend.

use std::{process::Output, time::Duration};

use serde_json::json;
use switchboard_tests::{
    bridge::{Bridge, BridgeConfig, binary},
    customer::Customer,
    fake::{Fault, Homeserver, Settings},
    scene::{Scene, numbered},
    wait::{DEADLINE, eventually, until},
};
use tokio::process::Command;

const BOT: &str = "@switchboard:localhost";
const NO_ROUTE: &str = "404 page not found\n";
const MAINTENANCE: &str = "<html><body>Back soon</body></html>";

/// Waits until `/health` says this.
async fn health_is(bridge: &Bridge, status: &str) -> serde_json::Value {
    eventually(DEADLINE, || async {
        let health = bridge.health().await;
        (health["status"] == status).then_some(health)
    })
    .await
}

/// Waits until the log has this.
async fn logged(bridge: &Bridge, words: &str) {
    until(DEADLINE, || bridge.log().contains(words)).await;
}

/// How often it has said that timers run.
fn times_caught_up(bridge: &Bridge) -> usize {
    bridge.log().matches("caught up; timers run").count()
}

// --- What a proxy says is not the homeserver's word

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_answers_refuse_nothing() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let answers = [(404, NO_ROUTE), (200, MAINTENANCE), (302, ""), (403, "Forbidden"), (405, "{}")];
    for (status, body) in answers {
        scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).answers(status, body));
    }
    let texts = numbered("through the proxy", 3);
    for text in &texts {
        chat.customer.says(text).await;
    }
    scene.room_has(&chat.room, &texts).await;
    let metrics = scene.bridge.metrics().await;
    assert!(metrics.contains("switchboard_effects_parked_total 0"), "parked:\n{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_made_behind_a_proxy_that_answers_for_the_homeserver() {
    let scene = Scene::with_anna_alone().await;
    let routes = ["/register", "/devices/", "/displayname", "/createRoom", "/join", "/state/"];
    for (customer, answer) in [("Carla", (404, NO_ROUTE)), ("Dora", (200, MAINTENANCE))] {
        for route in routes {
            for method in ["POST", "PUT", "GET"] {
                scene.hs.fault(Fault::on(method, route).times(1).answers(answer.0, answer.1));
            }
        }
        scene.chat(customer, &scene.anna).await.works().await;
        scene.hs.heal();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxys_404_does_not_pass_for_a_missing_invite() {
    let scene = Scene::begins_with(|config| config.rings_for(3)).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = scene.anna.next_request(DEADLINE).await;
    let fault = Fault::on("GET", "/state/m.room.member/").times(2).answers(404, NO_ROUTE);
    let fault = scene.hs.fault(fault);
    // Anna does not answer.
    assert_eq!(scene.ben.next_request(DEADLINE).await, room);
    scene.ben.joins(&room);
    customer.sees_joined("Ben").await;
    until(DEADLINE, || scene.anna.membership(&room) == "leave").await;
    assert_eq!(fault.count(), 2);
}

// --- A homeserver that is gone behind its proxy is gone

async fn is_missed_and_searched(fault: Fault) {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.pushes_drained().await;
    scene.hs.holds_pushes(true);
    let lost = numbered("lost", 5);
    for text in &lost {
        scene.anna.says(&chat.room, text);
    }
    assert!(scene.hs.loses_waiting_pushes() >= 5);
    scene.hs.fault(fault);
    logged(&scene.bridge, "the homeserver does not answer").await;
    assert_eq!(scene.bridge.health().await["homeserver"], "down");
    scene.hs.heal();
    scene.hs.holds_pushes(false);
    logged(&scene.bridge, "the homeserver answers again").await;
    chat.page_has(&lost).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_without_a_homeserver_is_an_outage() {
    is_missed_and_searched(Fault::on("GET", "/versions").answers(502, "Bad Gateway")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maintenance_page_is_an_outage() {
    is_missed_and_searched(Fault::on("GET", "/versions").answers(200, MAINTENANCE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_hangs_is_an_outage() {
    let minute = Duration::from_mins(1);
    is_missed_and_searched(Fault::on("GET", "/versions").delays(minute)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_moment_is_no_outage() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let fault = scene.hs.fault(Fault::on("GET", "/versions").times(1).answers(503, "busy"));
    until(DEADLINE, || fault.count() == 1).await;
    let asked = scene.hs.requests_to("GET", "/versions");
    until(DEADLINE, || scene.hs.requests_to("GET", "/versions") > asked + 1).await;
    assert!(!scene.bridge.log().contains("does not answer"), "one failure is no outage");
    chat.works().await;
}

// --- One room does not hold up the others

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_read_holds_up_nobody() {
    let mut scene = Scene::with_anna_alone().await;
    let carla = scene.chat("Carla", &scene.anna).await;
    let dora = scene.chat("Dora", &scene.anna).await;
    scene.bridge.stop().await;
    scene.anna.says(&dora.room, "while you were away");
    scene.hs.loses_waiting_pushes();
    scene.hs.fault(Fault::on("GET", &format!("{}/messages", carla.room)));
    let before = times_caught_up(&scene.bridge);
    scene.bridge.starts().await;
    dora.page_has(&["while you were away"]).await;
    until(DEADLINE, || times_caught_up(&scene.bridge) > before).await;
    assert!(scene.bridge.log().contains("a room cannot be read"), "operators are told");
    let metrics = scene.bridge.metrics().await;
    assert!(metrics.contains("switchboard_rooms_unreadable 1"), "measured:\n{metrics}");
    dora.works().await;
    scene.hs.heal();
    carla.works().await;
}

// --- The way from the homeserver to the bridge

#[tokio::test(flavor = "multi_thread")]
async fn with_the_wrong_token_the_bridge_works_as_well_as_it_can_and_says_so() {
    let hs = Homeserver::start().await;
    let anna = hs.agent("anna");
    let mut config = BridgeConfig::for_fake(&hs).agents(&["anna"]);
    config.hs_token = "x".repeat(48);
    let mut bridge = Bridge::start(config).await;
    let health = health_is(&bridge, "degraded").await;
    assert!(health["problem"].as_str().unwrap_or_default().contains("hs_token"), "{health}");
    assert!(bridge.log().contains("hs_token"), "the log says what to mend");

    // Nothing is pushed, but rooms are looked at.
    anna.logs_on(DEADLINE * 2).await;
    let customer = Customer::arrives(&bridge, "Carla").await;
    let room = anna.next_request(DEADLINE).await;
    anna.joins(&room);
    customer.sees_joined("Anna").await;

    bridge.config.hs_token.clone_from(&hs.settings().hs_token);
    bridge.restart().await;
    health_is(&bridge, "ok").await;
    anna.says(&room, "now I hear you");
    customer.sees_text("now I hear you").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_told_until_it_is_mended() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);
    hs.appservice_at("http://127.0.0.1:9");
    let bridge = Bridge::start(config).await;
    let health = health_is(&bridge, "degraded").await;
    assert!(health["problem"].as_str().unwrap_or_default().contains("appservice.url"), "{health}");
    hs.appservice_at(&bridge.config.appservice_url());
    let health = health_is(&bridge, "ok").await;
    assert!(health["problem"].is_null(), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_of_another_bridge_is_told() {
    let hs = Homeserver::start().await;
    let (mut token, mut prefix) = (BridgeConfig::for_fake(&hs), BridgeConfig::for_fake(&hs));
    token.as_token = "x".repeat(48);
    "another".clone_into(&mut prefix.prefix);
    for (config, setting) in [(token, "as_token"), (prefix, "appservice.prefix")] {
        let bridge = Bridge::start(config).await;
        let health = health_is(&bridge, "degraded").await;
        assert!(health["problem"].as_str().unwrap_or_default().contains(setting), "{health}");
        assert!(bridge.log().contains(setting), "the log says it too");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_check_finds_what_is_wrong_between_homeserver_and_bridge() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);
    let mut wrong = config.clone();
    wrong.hs_token = "w".repeat(64);
    let (well, text) = check(&wrong).await;
    assert!(!well && text.contains("hs_token"), "the token of the homeserver: {text}");
    assert!(text.contains("switchboard registration"), "what to do: {text}");

    let mut other = config.clone();
    "another".clone_into(&mut other.id);
    let (well, text) = check(&other).await;
    assert!(!well && text.contains("appservice.id"), "the id: {text}");

    hs.appservice_at("http://127.0.0.1:9");
    let (well, text) = check(&config).await;
    assert!(!well && text.contains("appservice.url"), "the address: {text}");

    // Something else listens there.
    hs.appservice_at(&hs.url());
    let (well, text) = check(&config).await;
    assert!(!well && text.contains("status 404"), "another program: {text}");

    hs.appservice_at(&config.appservice_url());
    let mut running = config.clone();
    running.hs_token = "r".repeat(64);
    let bridge = Bridge::start(running).await;
    let (well, text) = check(&bridge.config).await;
    assert!(!well && text.contains("hs_token"), "the running bridge: {text}");
}

// --- Rooms

#[tokio::test(flavor = "multi_thread")]
async fn rooms_have_version_12_whatever_the_homeservers_default() {
    let versions = vec!["11".to_owned(), "12".to_owned()];
    let hs = Homeserver::start_with(Settings { room_versions: versions, ..Settings::default() });
    let hs = hs.await;
    let anna = hs.agent("anna");
    let bridge = Bridge::start(BridgeConfig::for_fake(&hs).agents(&["anna"])).await;
    anna.logs_on(DEADLINE).await;
    let _customer = Customer::arrives(&bridge, "Carla").await;
    let room = anna.next_request(DEADLINE).await;
    let create = hs.state(&room, "m.room.create", "").unwrap_or_default();
    assert_eq!(create["room_version"], "12");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_says_when_the_homeserver_is_too_old_for_the_rooms() {
    let versions = vec!["10".to_owned(), "11".to_owned()];
    let hs = Homeserver::start_with(Settings { room_versions: versions, ..Settings::default() });
    let (well, text) = check(&BridgeConfig::for_fake(&hs.await)).await;
    assert!(
        !well && text.contains("room version 12") && text.contains("pdate the homeserver"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_taken_up_is_repaired_item_by_item() {
    let scene = Scene::with_anna_alone().await;
    scene.hs.fault(Fault::on("POST", "/createRoom").times(1).drops_the_reply());
    scene.hs.fault(Fault::on("POST", "/createRoom").replies(500, "M_UNKNOWN"));
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let room = eventually(DEADLINE, || async {
        let marked = |room: &String| scene.hs.state(room, "chat.switchboard.chat", "").is_some();
        scene.hs.rooms().into_iter().find(marked)
    })
    .await;
    let whole = |kind: &str| scene.hs.state(&room, kind, "").unwrap_or_default();
    let mut chat = whole("chat.switchboard.chat");
    chat["status"] = "active".into();
    chat["number"] = 77.into();
    let spoiled = [
        ("m.room.name", json!({ "name": "spoiled" })),
        ("m.room.topic", json!({ "topic": "spoiled" })),
        ("m.room.join_rules", json!({ "join_rule": "public" })),
        ("m.room.history_visibility", json!({ "history_visibility": "world_readable" })),
        ("m.room.guest_access", json!({ "guest_access": "can_join" })),
        ("chat.switchboard.customer", json!({ "variables": [] })),
        ("chat.switchboard.chat", chat),
    ];
    scene.hs.sets_state(&room, BOT, "m.room.power_levels", json!({ "state_default": 0 }));
    let before: Vec<_> = spoiled.iter().map(|(kind, _)| whole(kind)).collect();
    for (kind, content) in &spoiled {
        scene.hs.sets_state(&room, BOT, kind, content.clone());
    }
    scene.hs.heal();
    assert_eq!(scene.anna.next_request(DEADLINE).await, room);
    for ((kind, _), before) in spoiled.iter().zip(before) {
        let mut after = whole(kind);
        if *kind == "chat.switchboard.chat" {
            assert_eq!(after["status"], "active", "a running chat stays one");
            after["status"] = before["status"].clone();
        }
        assert_eq!(after, before, "{kind}");
    }
    let levels = whole("m.room.power_levels");
    assert_eq!((&levels["state_default"], &levels["invite"]), (&json!(100), &json!(0)));
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
}

// --- What the log never holds

#[tokio::test(flavor = "multi_thread")]
async fn not_even_at_level_trace_does_the_log_hold_words_or_tokens() {
    let words = ["Clementine", "a-secret-question", "a-secret-answer", "4915112345678"];
    let scene = Scene::begins_with(|config| {
        let level = "trace,tungstenite::protocol=trace,hyper::proto::h1=trace";
        config.agents(&["anna"]).environment("SWITCHBOARD_LOG__LEVEL", level)
    })
    .await;
    let chat = scene.chat(words[0], &scene.anna).await;
    chat.customer.says(words[1]).await;
    chat.agent.sees_text(&chat.room, words[1], DEADLINE).await;
    chat.agent.says(&chat.room, words[2]);
    chat.page_has(&[words[2]]).await;
    // Values of the wrong type, which parsers like to quote.
    for unusable in [
        json!({ "event_id": "$a", "room_id": chat.room, "sender": "@anna:localhost",
            "type": "m.room.message", "content": words[2] }),
        json!({ "event_id": "$b", "room_id": chat.room, "sender": 4_915_112_345_678_u64 }),
    ] {
        scene.hs.push_events(&[unusable]).await;
    }
    let ephemeral = json!({ "type": "m.typing", "content": words[2] });
    scene.hs.push_raw(json!({ "events": [], "ephemeral": [ephemeral] }).to_string()).await;
    // What the homeserver says of a refusal.
    let refusal = json!({ "errcode": "M_FORBIDDEN", "error": "a-secret-answer" }).to_string();
    scene.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).answers(403, &refusal));
    chat.customer.says(words[1]).await;
    logged(&scene.bridge, "an effect was given up").await;
    chat.works().await;

    let log = scene.bridge.log();
    assert!(log.contains(" TRACE ") || log.contains(" DEBUG "), "it is talkative");
    assert!(log.contains("403 M_FORBIDDEN"), "what was refused is told");
    let settings = scene.hs.settings();
    let tokens = [settings.as_token.as_str(), settings.hs_token.as_str(), chat.customer.token()];
    for never in words.into_iter().chain(tokens) {
        let line = log.lines().find(|line| line.contains(never));
        assert!(line.is_none(), "the log has `{never}`: {}", line.unwrap_or_default());
    }
}

// --- A chat that is older than the memory of its events

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_open_for_months_gets_nothing_twice() {
    let mut scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.anna.says(&chat.room, "long ago");
    chat.page_has(&["long ago"]).await;
    scene.hs.pushes_drained().await;
    // The first start forgets the keys, the second would take the events for new.
    let months_ms: u64 = 100 * 24 * 3_600_000;
    let config = scene.bridge.config.clone();
    scene.bridge.stop().await;
    scene.bridge.config =
        config.environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &months_ms.to_string());
    scene.bridge.starts().await;
    logged(&scene.bridge, "old inbox keys are forgotten").await;
    scene.bridge.stop().await;
    let before = times_caught_up(&scene.bridge);
    scene.bridge.starts().await;
    until(DEADLINE, || times_caught_up(&scene.bridge) > before).await;
    chat.page_has(&["long ago"]).await;
    chat.customer.says("hello again").await;
    chat.agent.sees_text(&chat.room, "hello again", DEADLINE).await;
}
