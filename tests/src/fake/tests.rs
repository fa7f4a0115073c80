//! The fake is the ground that the fault scenarios stand on, so what they rely on is tested here.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::put};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Agent, Fault, Homeserver, Repeat, core::lock};
use crate::wait::{DEADLINE, until};

const BOT: &str = "@switchboard:localhost";
const GHOST: &str = "@switchboard_c_1:localhost";

/// A client of the appservice.
struct Bridge {
    hs: Homeserver,
    http: reqwest::Client,
}

impl Bridge {
    async fn with_users() -> Self {
        let bridge = Self { hs: Homeserver::start().await, http: reqwest::Client::new() };
        for name in ["switchboard", "switchboard_c_1"] {
            let body = json!({
                "type": "m.login.application_service", "username": name, "inhibit_login": true,
            });
            assert_eq!(bridge.ask("POST", "register", "", body).await.0, 200);
        }
        bridge
    }

    async fn ask(&self, method: &str, path: &str, query: &str, body: Value) -> (u16, Value) {
        self.try_ask(method, path, query, body).await.expect("a reply")
    }

    async fn try_ask(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: Value,
    ) -> Option<(u16, Value)> {
        let url = format!("{}/_matrix/client/v3/{path}?{query}", self.hs.url());
        let request = self
            .http
            .request(method.parse().expect("a method"), url)
            .bearer_auth(&self.hs.settings().as_token);
        let request = if method == "GET" { request } else { request.json(&body) };
        let reply = request.send().await.ok()?;
        let status = reply.status().as_u16();
        Some((status, reply.json().await.ok()?))
    }

    async fn room(&self) -> String {
        let body = json!({ "invite": [GHOST], "room_alias_name": "switchboard_1" });
        let (status, room) = self.ask("POST", "createRoom", &format!("user_id={BOT}"), body).await;
        assert_eq!(status, 200, "{room}");
        let room = room["room_id"].as_str().expect("an id").to_owned();
        let (path, ghost) = (format!("join/{room}"), format!("user_id={GHOST}"));
        assert_eq!(self.ask("POST", &path, &ghost, json!({})).await.0, 200);
        room
    }

    async fn invite(&self, room: &str, agent: &Agent) {
        let (path, ghost) = (format!("rooms/{room}/invite"), format!("user_id={GHOST}"));
        self.ask("POST", &path, &ghost, json!({ "user_id": agent.id })).await;
    }

    async fn say(&self, room: &str, txn: &str, query: &str) -> (u16, Value) {
        let body = json!({ "msgtype": "m.text", "body": txn });
        self.ask("PUT", &format!("rooms/{room}/send/m.room.message/{txn}"), query, body).await
    }
}

/// An appservice that fails the first pushes and then keeps what it gets.
async fn appservice(
    hs: &Homeserver,
    failures: usize,
) -> Arc<std::sync::Mutex<(usize, Vec<Value>)>> {
    type Seen = Arc<std::sync::Mutex<(usize, Vec<Value>)>>;
    async fn take(State(seen): State<Seen>, body: Bytes) -> (StatusCode, &'static str) {
        let mut seen = lock(&seen);
        if seen.0 > 0 {
            seen.0 -= 1;
            return (StatusCode::BAD_GATEWAY, "{}");
        }
        seen.1.push(serde_json::from_slice(&body).expect("JSON"));
        (StatusCode::OK, "{}")
    }
    let seen = Seen::new((failures, Vec::new()).into());
    let router = Router::new()
        .route("/_matrix/app/v1/transactions/{id}", put(take))
        .with_state(seen.clone());
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    hs.appservice_at(&format!("http://{}", socket.local_addr().expect("an address")));
    tokio::spawn(async move { axum::serve(socket, router).await });
    seen
}

#[tokio::test]
async fn a_resend_with_a_device_survives_a_restart_and_one_without_does_not() {
    let bridge = Bridge::with_users().await;
    let room = bridge.room().await;
    let with_device = format!("user_id={GHOST}&device_id=D");
    let (status, error) = bridge.say(&room, "a", &with_device).await;
    assert_eq!((status, &error["errcode"]), (400, &json!("M_UNKNOWN_DEVICE")));
    bridge.ask("PUT", "devices/D", &format!("user_id={GHOST}"), json!({})).await;

    let durable = bridge.say(&room, "a", &with_device).await;
    let fleeting = bridge.say(&room, "b", &format!("user_id={GHOST}")).await;
    assert_eq!(bridge.say(&room, "a", &with_device).await, durable);
    assert_eq!(
        bridge.say(&room, "b", &format!("user_id={BOT}")).await,
        fleeting,
        "no user in the key"
    );
    bridge.hs.restarts().await;
    assert_eq!(bridge.say(&room, "a", &with_device).await, durable);
    assert_ne!(bridge.say(&room, "b", &format!("user_id={GHOST}")).await, fleeting);
    assert_eq!(bridge.hs.customer_texts(&room), ["a", "b", "b"]);
}

#[tokio::test]
async fn what_is_not_permitted_is_refused() {
    let bridge = Bridge::with_users().await;
    let room = bridge.room().await;
    let (ghost, bot) = (format!("user_id={GHOST}"), format!("user_id={BOT}"));
    let anna = bridge.hs.agent("anna");
    let target = json!({ "user_id": anna.id });
    let invite = format!("rooms/{room}/invite");
    let kick = format!("rooms/{room}/kick");

    assert_eq!(bridge.ask("POST", &kick, &bot, target.clone()).await.0, 403, "not there");
    assert!(anna.tries_to_join(&room).is_err(), "not invited");
    assert_eq!(bridge.ask("POST", &invite, &ghost, target.clone()).await.0, 200);
    assert_eq!(bridge.ask("POST", &invite, &ghost, target.clone()).await.0, 200, "again");
    assert_eq!(anna.next_request(DEADLINE).await, room);
    anna.joins(&room);
    assert_eq!(bridge.ask("POST", &invite, &ghost, target.clone()).await.0, 403, "joined");
    assert_eq!(bridge.ask("POST", &kick, &ghost, target.clone()).await.0, 403, "no power");
    assert_eq!(bridge.ask("POST", &kick, &bot, target.clone()).await.0, 200);
    assert!(anna.tries_to_send(&room, "m.room.message", json!({})).is_err(), "kicked");
    let again = json!({ "room_alias_name": "switchboard_1" });
    assert_eq!(bridge.ask("POST", "createRoom", &bot, again).await.1["errcode"], "M_ROOM_IN_USE");
    let huge = json!({ "body": "x".repeat(70_000) });
    let path = format!("rooms/{room}/send/m.room.message/huge");
    assert_eq!(bridge.ask("PUT", &path, &ghost, huge).await.0, 413);
    let float = json!({ "body": 0.5 });
    assert_eq!(bridge.ask("PUT", &format!("{path}2"), &ghost, float).await.0, 400);
}

#[tokio::test]
async fn pushes_are_in_order_and_tried_until_taken() {
    let bridge = Bridge::with_users().await;
    let seen = appservice(&bridge.hs, 3).await;
    let room = bridge.room().await;
    let anna = bridge.hs.agent("anna");
    bridge.invite(&room, &anna).await;
    anna.declines(&room);
    bridge.hs.pushes_drained().await;
    bridge.hs.repeats_pushes(Repeat { same_id: 1, other_ids: 1 });
    bridge.say(&room, "last", &format!("user_id={GHOST}")).await;
    bridge.hs.pushes_drained().await;

    let transactions = lock(&seen).1.clone();
    let pushed: Vec<_> = transactions
        .iter()
        .flat_map(|t| t["events"].as_array().cloned().unwrap_or_default())
        .collect();
    let all: Vec<_> = bridge.hs.events(&room).iter().map(|e| json!(e.event_id)).collect();
    let ids: Vec<_> = pushed.iter().map(|e| e["event_id"].clone()).collect();
    assert_eq!(ids[..all.len()], all);
    assert_eq!(ids[all.len()..], [all[all.len() - 1].clone(), all[all.len() - 1].clone()]);
    let declined = &pushed[all.len() - 2];
    assert_eq!(declined["unsigned"]["prev_content"]["membership"], "invite");
}

#[tokio::test]
async fn faults_strike_as_scripted() {
    let bridge = Bridge::with_users().await;
    let room = bridge.room().await;
    let ghost = format!("user_id={GHOST}");
    let limited = bridge.hs.fault(Fault::on("PUT", "/send/").by("_c_").times(1).limits(50));
    let (status, error) = bridge.say(&room, "a", &ghost).await;
    assert_eq!((status, &error["retry_after_ms"]), (429, &json!(50)));
    assert_eq!(limited.count(), 1);

    bridge.hs.fault(Fault::on("PUT", "/send/").times(1).drops_the_reply());
    let body = json!({ "msgtype": "m.text", "body": "in doubt" });
    let path = format!("rooms/{room}/send/m.room.message/b");
    assert!(bridge.try_ask("PUT", &path, &ghost, body).await.is_none());
    assert_eq!(bridge.hs.customer_texts(&room), ["in doubt"]);

    bridge.hs.fault(Fault::on("POST", "/createRoom").times(1).stops_half_way(4));
    let half = json!({ "room_alias_name": "switchboard_2", "invite": [GHOST] });
    assert_eq!(bridge.ask("POST", "createRoom", &format!("user_id={BOT}"), half).await.0, 429);
    let made = bridge.hs.aliased("#switchboard_2:localhost").expect("half made");
    assert!(bridge.hs.members(&made, "invite").is_empty());

    bridge.hs.goes_down().await;
    assert!(bridge.try_ask("GET", "joined_rooms", &ghost, json!({})).await.is_none());
    bridge.hs.comes_back().await;
    assert_eq!(bridge.ask("GET", "joined_rooms", &ghost, json!({})).await.0, 200);
}

#[tokio::test]
async fn history_is_read_page_by_page() {
    let bridge = Bridge::with_users().await;
    let room = bridge.room().await;
    let ghost = format!("user_id={GHOST}");
    for n in 0..25 {
        bridge.say(&room, &format!("m{n}"), &ghost).await;
    }
    let path = format!("rooms/{room}/messages");
    let (mut texts, mut from) = (Vec::new(), String::new());
    loop {
        let query = format!("{ghost}&dir=b&limit=10{from}");
        let (_, page) = bridge.ask("GET", &path, &query, json!({})).await;
        let chunk = page["chunk"].as_array().cloned().unwrap_or_default();
        texts.extend(chunk.iter().filter_map(|e| e["content"]["body"].as_str().map(String::from)));
        let Some(end) = page["end"].as_str() else { break };
        from = format!("&from={end}");
    }
    texts.reverse();
    assert_eq!(texts, bridge.hs.customer_texts(&room));
    assert_eq!(texts.len(), 25);
}

#[tokio::test]
async fn two_thousand_messages_a_second_are_no_burden() {
    let bridge = Bridge::with_users().await;
    let seen = appservice(&bridge.hs, 0).await;
    let room = bridge.room().await;
    let anna = bridge.hs.agent("anna");
    bridge.invite(&room, &anna).await;
    anna.joins(&room);
    for n in 0..2000 {
        anna.says(&room, &n.to_string());
    }
    tokio::time::timeout(Duration::from_secs(10), bridge.hs.pushes_drained()).await.expect("soon");
    until(DEADLINE, || {
        let pushed: usize =
            lock(&seen).1.iter().map(|t| t["events"].as_array().map_or(0, Vec::len)).sum();
        pushed == bridge.hs.events(&room).len()
    })
    .await;
}
