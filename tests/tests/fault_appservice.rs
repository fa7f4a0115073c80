//! What a homeserver could push, and more: nothing of it may do harm or be done twice.

use serde_json::{Value, json};
use switchboard::matrix::classify::{MAX_TEXT_BYTES, Why};
use switchboard_tests::{
    fake::{Event, Fault, Repeat},
    scene::{Chat, Scene, numbered},
    wait::DEADLINE,
};

/// A message of the agent with this content, in a push and nowhere else: whatever becomes of the
/// push, reading the room does not bring it.
fn pushed_only(chat: &Chat, id: &str, content: &Value) -> Value {
    json!({
        "type": "m.room.message", "event_id": id, "room_id": chat.room, "sender": chat.agent.id,
        "origin_server_ts": 1, "content": content,
    })
}

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

/// What the bot has told the agents in the room about messages that were not sent.
fn told(scene: &Scene, chat: &Chat) -> Vec<String> {
    let events = scene.hs.events(&chat.room);
    let notices = events.iter().filter(|e| e.content["msgtype"] == "m.notice");
    let told = notices.map(|e| e.body().to_owned());
    told.filter(|text| text.starts_with("Not sent to the customer")).collect()
}

/// A message that the agent has written but the homeserver has not pushed: reading the room brings
/// it, too.
async fn written_but_not_pushed(scene: &Scene, chat: &Chat, text: &str) -> Value {
    scene.hs.pushes_drained().await;
    scene.hs.loses_pushes(1);
    let id = chat.agent.says(&chat.room, text);
    let event = scene.hs.events(&chat.room).into_iter().find(|e| e.event_id == id);
    serde_json::to_value::<&Event>(&event.expect("it is in the room")).expect("events are JSON")
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
        let (status, answer) = scene.hs.push_raw(body).await.expect("an answer");
        assert_eq!((status, &answer["errcode"]), (400, &json!("M_BAD_JSON")), "{body:?}");
    }
    // Nor is what is no text (RFC 8259 section 8.1: JSON is UTF-8).
    let mut body = br#"{"events":[{"type":"m.room.message","content":{"body":""#.to_vec();
    body.extend([0xff, 0xfe, 0xc0, 0x80]);
    body.extend(br#""}}]}"#);
    let (status, answer) = scene.hs.push_raw(body).await.expect("an answer");
    assert_eq!((status, &answer["errcode"]), (400, &json!("M_BAD_JSON")));
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_events_do_not_keep_the_others_back() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
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
    events.push(written_but_not_pushed(&scene, &chat, "in the room, too").await);
    events.push(pushed_only(&chat, "$good", &text("in the push alone")));
    events.extend(strange);
    assert_eq!(scene.hs.push_events(&events).await, Some((200, json!({}))));
    chat.page_has(&["in the room, too", "in the push alone"]).await;
    chat.works().await;
    let page = ["in the room, too", "in the push alone", "yes, I am"];
    chat.page_ends_with_only(&scene, &page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_some_stores_cannot_keep_is_shown_without_it() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let raw = |id: &str, content: &str| {
        format!(
            r#"{{"type":"m.room.message","event_id":"{id}","room_id":"{}","sender":"{}","origin_server_ts":1,"content":{content}}}"#,
            chat.room, scene.anna.id
        )
    };
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let mut events = Vec::new();
    let mut shown = Vec::new();
    for (id, body, page) in [
        ("$nul", r"\u0000", None),
        ("$nul-within", r"a\u0000b", Some("ab")),
        ("$high-surrogate", r"\ud800", None),
        ("$high-surrogate-within", r"a\ud800b", Some("a\u{fffd}b")),
        ("$low-surrogate", r"\udc00 x", Some("\u{fffd} x")),
        ("$pair", r"\ud83d\ude00", Some("😀")),
        (r"$nul-in-id\u0000", "nul in id", Some("nul in id")),
        ("$not-a-character", r"x\ufffe\uffff", Some("x\u{fffe}\u{ffff}")),
        ("$line-ends", r"\r\n\u2028\u2029\u0085", None),
        ("$good", "the good one", Some("the good one")),
        // No id that could be kept: there is no such event.
        (r"$again\ud800", "x", None),
    ] {
        events.push(raw(id, &format!(r#"{{"msgtype":"m.text","body":"{body}"}}"#)));
        shown.extend(page);
    }
    events.push(raw("$deep", &format!(r#"{{"msgtype":"m.text","body":"deep","x":{deep}}}"#)));
    events.push(raw("$last", r#"{"msgtype":"m.text","body":"the last one"}"#));
    shown.push("the last one");
    let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
    assert_eq!(scene.hs.push_raw(body).await, Some((200, json!({}))));
    chat.customer.sees_text("the last one").await;
    chat.page_ends_with_only(&scene, &shown).await;
    // The one whose nesting nobody reads is kept for an operator to look at.
    let metrics = scene.bridge.metrics().await;
    assert!(metrics.contains("switchboard_inbox_quarantined_total 1\n"), "{metrics}");
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_message_is_not_shown_and_its_agent_is_told() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let huge = "x".repeat(10 << 20);
    let formatted = json!({
        "msgtype": "m.text", "body": "short", "format": "org.matrix.custom.html",
        "formatted_body": huge,
    });
    let elsewhere = json!({ "msgtype": "m.text", "body": "huge elsewhere", "x": huge });
    let largest = "y".repeat(MAX_TEXT_BYTES);
    let events = [
        pushed_only(&chat, "$text", &text(&huge)),
        pushed_only(&chat, "$formatted", &formatted),
        pushed_only(&chat, "$elsewhere", &elsewhere),
        pushed_only(&chat, "$largest", &text(&largest)),
        pushed_only(&chat, "$too-large", &text(&format!("{largest}y"))),
        pushed_only(&chat, "$good", &text("the good one")),
    ];
    assert_eq!(scene.hs.push_events(&events).await, Some((200, json!({}))));
    chat.customer.sees_text("the good one").await;
    let page = ["huge elsewhere", largest.as_str(), "the good one"];
    chat.page_ends_with_only(&scene, &page).await;
    assert_eq!(told(&scene, &chat), [Why::TooLong.told(); 3]);
    for entry in chat.customer.feed() {
        let frame = serde_json::to_vec(&entry).expect("entries are JSON").len();
        assert!(frame < 2 * MAX_TEXT_BYTES, "a frame of {frame} bytes");
    }
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_with_200_needs_no_second_look() {
    let mut scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.comes_to_rest().await;
    // What is shown was in the store, and nowhere else.
    let _blind = scene.hs.fault(Fault::on("GET", "/messages").replies(500, "M_UNKNOWN"));
    let texts = numbered("before the kill", 30);
    for (n, body) in texts.iter().enumerate() {
        let event = pushed_only(&chat, &format!("$kill-{n}"), &text(body));
        assert_eq!(scene.hs.push_events(&[event]).await, Some((200, json!({}))));
        scene.bridge.kill9().await;
        scene.bridge.starts().await;
    }
    chat.page_has(&texts).await;
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
    chat.page_ends_with_only(&scene, &texts).await;
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
    for (n, body) in texts.iter().enumerate() {
        let event = pushed_only(&chat, &format!("$restored-{n}"), &text(body));
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
    chat.page_ends_with_only(&scene, &[""; 0]).await;
    scene.anna.says(&chat.room, "hello");
    chat.customer.sees_text("hello").await;
    chat.page_ends_with_only(&scene, &["hello"]).await;
    scene.anna.sees(&chat.room, |e| e.kind == "m.room.member", DEADLINE).await;
}
