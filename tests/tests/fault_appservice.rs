//! What a homeserver could push, and more: nothing of it may do harm or be done twice.

use serde_json::{Value, json};
use switchboard_tests::{
    fake::{Event, Repeat},
    scene::{Chat, Scene, numbered},
    wait::{DEADLINE, settle},
};

/// A message that the agent has written but the homeserver has not pushed.
async fn written_but_not_pushed(scene: &Scene, chat: &Chat, text: &str) -> Value {
    scene.hs.pushes_drained().await;
    scene.hs.loses_pushes(1);
    let id = chat.agent.says(&chat.room, text);
    let event = scene.hs.events(&chat.room).into_iter().find(|e| e.event_id == id);
    serde_json::to_value::<&Event>(&event.expect("it is in the room")).expect("events are JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_homeserver_may_push() {
    let scene = Scene::begins().await;
    let empty = r#"{"events":[]}"#;
    for (token, status, errcode) in [
        (None, 401, "M_UNAUTHORIZED"),
        (Some("wrong"), 403, "M_FORBIDDEN"),
        (Some(""), 401, "M_UNAUTHORIZED"),
        (Some("hs"), 403, "M_FORBIDDEN"),
    ] {
        let (answered, body) = scene.hs.push_as(token, "a", empty).await.expect("an answer");
        assert_eq!((answered, &body["errcode"]), (status, &json!(errcode)), "{token:?}");
    }
    assert_eq!(scene.hs.push_raw(empty).await, Some((200, json!({}))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_transaction_is_refused_and_forgotten() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}}",
        "\0\0\0",
        "{\"events\":",
        "{\"events\":{}}",
        "{\"events\":7}",
    ] {
        let (status, _) = scene.hs.push_raw(body).await.expect("an answer");
        assert!((400..500).contains(&status), "{body:?} was answered with {status}");
    }
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_events_do_not_keep_the_others_back() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let good = written_but_not_pushed(&scene, &chat, "the good one").await;
    let room = &chat.room;
    let (anna, bot) = (&scene.anna.id, "@switchboard:localhost");
    let event = |id: &str, extra: Value| {
        let mut event = json!({
            "type": "m.room.message", "event_id": id, "room_id": room, "sender": anna,
            "origin_server_ts": 1, "content": { "msgtype": "m.text", "body": id },
        });
        for (key, value) in extra.as_object().into_iter().flatten() {
            event[key.as_str()] = value.clone();
        }
        event
    };
    let strange = vec![
        json!({}),
        json!(null),
        json!("event"),
        json!([1, 2, 3]),
        json!({ "event_id": "$nothing-else" }),
        event("$no-room", json!({ "room_id": null })),
        event("$odd-room", json!({ "room_id": "not a room" })),
        event("$unknown-room", json!({ "room_id": "!nobody-knows-it" })),
        event("$no-sender", json!({ "sender": null })),
        event("$odd-sender", json!({ "sender": "anna" })),
        event("$stranger", json!({ "sender": "@stranger:elsewhere" })),
        event("$number-as-type", json!({ "type": 7 })),
        event("$unknown-type", json!({ "type": "org.example.nobody.knows" })),
        event("$no-content", json!({ "content": null })),
        event("$list-as-content", json!({ "content": [] })),
        event("$no-body", json!({ "content": { "msgtype": "m.text" } })),
        event("$number-as-body", json!({ "content": { "msgtype": "m.text", "body": 7 } })),
        event("$object-as-body", json!({ "content": { "msgtype": "m.text", "body": { "a": 1 } } })),
        event(
            "$relation-to-nothing",
            json!({ "content": {
            "msgtype": "m.text", "m.relates_to": "nothing" } }),
        ),
        event("$odd-time", json!({ "origin_server_ts": -1, "content": {} })),
        event("$odd-member", json!({ "type": "m.room.member", "state_key": anna, "content": {} })),
        event(
            "$number-as-membership",
            json!({ "type": "m.room.member", "state_key": anna,
            "content": { "membership": 7 } }),
        ),
        event(
            "$member-without-key",
            json!({ "type": "m.room.member",
            "content": { "membership": "leave" } }),
        ),
        event(
            "$empty-member",
            json!({ "type": "m.room.member", "state_key": "", "content": {
            "membership": "join" } }),
        ),
        event("$odd-redaction", json!({ "type": "m.room.redaction", "redacts": 7, "content": {} })),
        event("$odd-reaction", json!({ "type": "m.reaction", "content": { "m.relates_to": {} } })),
        event(
            "$reaction-of-the-bot",
            json!({ "type": "m.reaction", "sender": bot, "content": {} }),
        ),
        event("$encrypted", json!({ "type": "m.room.encrypted", "content": {} })),
    ];
    let mut events = strange.clone();
    events.push(good);
    events.extend(strange);
    assert_eq!(scene.hs.push_events(&events).await, Some((200, json!({}))));
    chat.page_has(&["the good one"]).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_some_stores_cannot_keep_harms_nothing() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let good = written_but_not_pushed(&scene, &chat, "the good one").await;
    let raw = |id: &str, body: &str| {
        format!(
            r#"{{"type":"m.room.message","event_id":"{id}","room_id":"{}","sender":"{}","origin_server_ts":1,"content":{{"msgtype":"m.text","body":"{body}"}}}}"#,
            chat.room, scene.anna.id
        )
    };
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let events = [
        raw("$nul", r"\u0000"),
        raw("$high-surrogate", r"\ud800"),
        raw("$low-surrogate", r"\udc00 x"),
        raw("$nul-in-id\\u0000", "\\u0000"),
        raw("$not-a-character", r"\ufffe\uffff"),
        raw("$line-ends", r"\r\n\u2028\u2029\u0085"),
        format!(r#"{{"type":"m.room.message","event_id":"$deep","content":{deep}}}"#),
        good.to_string(),
        raw("$again\\ud800", "x"),
    ];
    let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
    assert_eq!(scene.hs.push_raw(body).await, Some((200, json!({}))));
    chat.customer.sees_text("the good one").await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_answered() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let mut body = br#"{"events":[{"type":"m.room.message","content":{"body":""#.to_vec();
    body.extend([0xff, 0xfe, 0xc0, 0x80]);
    body.extend(br#""}}]}"#);
    assert!(scene.hs.push_raw(body).await.is_some(), "an answer");
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_event_is_taken_and_the_rest_is_handled() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let good = written_but_not_pushed(&scene, &chat, "the good one").await;
    let huge = |id: &str| {
        json!({ "type": "m.room.message", "event_id": id, "room_id": chat.room,
            "sender": "@stranger:elsewhere", "origin_server_ts": 1,
            "content": { "msgtype": "m.text", "body": "x".repeat(10 << 20) } })
    };
    let pushed = scene.hs.push_events(&[huge("$one"), good, huge("$two")]).await;
    assert_eq!(pushed, Some((200, json!({}))));
    chat.customer.sees_text("the good one").await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_counts_once_however_often_it_is_pushed() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.hs.repeats_pushes(Repeat { same_id: 4, other_ids: 5 });
    let texts = numbered("message", 20);
    for text in &texts {
        chat.agent.says(&chat.room, text);
    }
    scene.hs.pushes_drained().await;
    scene.hs.repeats_pushes(Repeat::default());
    chat.page_has(&texts).await;

    let history: Vec<_> = scene
        .hs
        .events(&chat.room)
        .iter()
        .map(|e| serde_json::to_value(&**e).expect("JSON"))
        .collect();
    let replay = json!({ "events": history }).to_string();
    let token = scene.hs.settings().hs_token.clone();
    for n in 0..10 {
        let id = if n % 2 == 0 { "replayed".into() } else { format!("replayed-{n}") };
        let answer = scene.hs.push_as(Some(&token), &id, replay.clone()).await;
        assert_eq!(answer, Some((200, json!({}))), "round {n}");
    }
    chat.page_has(&texts).await;
    let joined =
        chat.customer.feed().iter().filter(|e| format!("{e:?}").contains("Joined")).count();
    assert_eq!(joined, 1, "the history of the members was replayed, too");
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_id_that_comes_again_with_other_events_is_not_a_repetition() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let token = scene.hs.settings().hs_token.clone();
    let texts = numbered("after a restore", 3);
    for text in &texts {
        let event = written_but_not_pushed(&scene, &chat, text).await;
        let body = json!({ "events": [event] }).to_string();
        assert_eq!(scene.hs.push_as(Some(&token), "1", body).await, Some((200, json!({}))));
    }
    chat.page_has(&texts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_message_elsewhere_reaches_no_customer() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let private = scene.hs.foreign_room(&scene.anna.id, "lunch", json!({}));
    scene.anna.invites(&private, "@switchboard:localhost");
    scene.anna.says(&private, "where do we eat?");
    let forged = json!({
        "type": "m.room.message", "event_id": "$forged", "room_id": chat.room,
        "sender": "@mallory:localhost", "origin_server_ts": 1,
        "content": { "msgtype": "m.text", "body": "I was never in this room" },
    });
    scene.hs.push_events(&[forged]).await;
    scene.hs.pushes_drained().await;
    settle().await;
    assert_eq!(chat.customer.agent_texts(), Vec::<String>::new());
    scene.anna.says(&chat.room, "hello");
    chat.customer.sees_text("hello").await;
    assert_eq!(chat.customer.agent_texts(), ["hello"]);
    scene.anna.sees(&chat.room, |e| e.kind == "m.room.member", DEADLINE).await;
}
