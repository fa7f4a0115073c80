//! What customers' pages could send, and more.

use std::time::Duration;

use switchboard::gateway::wire::{
    ClientFrame, ErrorCode, FeedBody, RefusalReason, ServerFrame, StartChat,
};
use switchboard_tests::{
    customer::{Customer, Failure, Http, Socket, random_key},
    scene::{Chat, Scene},
    wait::{DEADLINE, settle},
};

const KIB: usize = 1024;

#[tokio::test(flavor = "multi_thread")]
async fn messages_up_to_the_limit_arrive_and_longer_ones_are_refused_with_a_reason() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let longest = "x".repeat(16 * KIB);
    let multibyte = "é".repeat(8 * KIB);
    chat.customer.says("x").await;
    chat.customer.says(&longest).await;
    chat.customer.says(&multibyte).await;
    for too_long in ["x".repeat(16 * KIB + 1), "é".repeat(8 * KIB + 1), "x".repeat(17 * KIB)] {
        assert_eq!(chat.customer.is_refused(&too_long).await, RefusalReason::TooLong);
    }
    for empty in ["", " ", "\n\n\t", "\u{200b}"] {
        assert_eq!(chat.customer.is_refused(empty).await, RefusalReason::Empty, "{empty:?}");
    }
    chat.customer.says("still here").await;
    let said = ["x", longest.as_str(), &multibyte, "still here"];
    scene.room_has(&chat.room, &said).await;
    assert_eq!(chat.customer.connections(), 1, "the socket stayed open");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_is_the_same_message_over_socket_and_http() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let key = chat.customer.says("once").await;
    for _ in 0..3 {
        chat.customer.http.send(&key, "once").await.expect("accepted again");
    }
    let by_http = random_key();
    for _ in 0..3 {
        chat.customer.http.send(&by_http, "by HTTP").await.expect("accepted");
    }
    scene.room_has(&chat.room, &["once", "by HTTP"]).await;
    assert_eq!(chat.customer.own_texts(), ["once", "by HTTP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_start_key_is_the_same_chat() {
    let scene = Scene::begins().await;
    let http = Http::new(&scene.bridge.gateway_url());
    let body = StartChat { start_key: random_key(), name: Some("Carla".into()) };
    let first = http.start("shop", &body).await.expect("a chat");
    let (second, third) = tokio::join!(http.start("shop", &body), http.start("shop", &body));
    assert_eq!(second.expect("the chat"), first);
    assert_eq!(third.expect("the chat"), first);
    let customer = Customer::resumes(&scene.bridge.gateway_url(), &first);
    customer.connects();
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    customer.sees_joined("Anna").await;
    settle().await;
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite(), "a second room");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    chat.customer.says("for Anna only").await;
    let gateway = scene.bridge.gateway_url();
    let mut guess = chat.customer.token().to_owned();
    let changed = if guess.starts_with('A') { "B" } else { "A" };
    guess.replace_range(0..1, changed);
    for token in ["x", "", guess.as_str(), &"A".repeat(43), &"x".repeat(10_000)] {
        let stranger = Http::new(&gateway).with_token(token);
        for failure in [
            stranger.feed(0, 0).await.err(),
            stranger.send(&random_key(), "hello").await.err(),
            stranger.end().await.err(),
        ] {
            let status = failure.and_then(|f| f.status());
            assert!(matches!(status, Some(401 | 404 | 431)), "{token:.20}: {status:?}");
        }
        assert_eq!(
            hello_is_answered_with(&stranger).await,
            Some(ErrorCode::NotFound),
            "{token:.20}"
        );
    }
    let start = StartChat { start_key: random_key(), name: None };
    let nowhere = Http::new(&gateway).start("no-such-site", &start).await.expect_err("no site");
    assert_eq!(nowhere.status(), Some(404));
    chat.works().await;
}

/// The error after which the socket closes.
async fn hello_is_answered_with(http: &Http) -> Option<ErrorCode> {
    let mut socket = Socket::hello(http, 0).await.ok()?;
    let mut code = None;
    while let Some(frame) = socket.next().await {
        match frame.expect("frames of the protocol") {
            ServerFrame::Error { code: c, fatal, .. } => {
                assert!(fatal, "a stranger may not stay");
                code = Some(c);
            }
            other => panic!("a stranger got {other:?}"),
        }
    }
    code
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_foreign_origins_are_turned_away() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let own = scene.bridge.gateway_url();
    let with_port = format!("{own}0");
    for foreign in [
        "null",
        "https://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example",
        with_port.as_str(),
        "https://127.0.0.1:9020",
        "http://127.0.0.1:9020.evil.example",
    ] {
        let http = chat.customer.http.clone().with_origin(Some(foreign));
        let start = StartChat { start_key: random_key(), name: None };
        let status = |failure: Option<Failure>| failure.and_then(|f| f.status());
        assert_eq!(status(http.start("shop", &start).await.err()), Some(403), "{foreign}");
        assert_eq!(status(http.feed(0, 0).await.err()), Some(403), "{foreign}");
        assert_eq!(status(http.send(&random_key(), "x").await.err()), Some(403), "{foreign}");
        let opened = Socket::hello(&http, 0).await;
        if let Ok(mut socket) = opened {
            let welcome = matches!(socket.next().await, Some(Ok(ServerFrame::Welcome { .. })));
            assert!(!welcome, "{foreign} got a socket");
        }
    }
    for known in [own.as_str(), "http://127.0.0.1:9020"] {
        let http = chat.customer.http.clone().with_origin(Some(known));
        http.feed(0, 0).await.expect("a known origin may read");
    }
    scene.room_has(&chat.room, &Vec::<String>::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_on_a_socket_harms_only_that_socket() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    for nonsense in [
        "",
        "{",
        "null",
        "[]",
        "7",
        r#"{"type":"no such type"}"#,
        r#"{"type":"send"}"#,
        r#"{"type":"send","key":7,"text":"x"}"#,
        r#"{"type":"send","key":"short","text":"x"}"#,
        r#"{"type":"send","key":"a key with spaces","text":"x"}"#,
        r#"{"type":"send","key":"aaaaaaaa","text":"x","more":1}"#,
        r#"{"type":"send","key":"aaaaaaaa","text":"\ud800"}"#,
        r#"{"type":"ack","seq":-1}"#,
        r#"{"type":"seen","seq":1e300}"#,
        r#"{"type":"hello","token":"again","after":0}"#,
    ] {
        let mut socket = Socket::hello(&chat.customer.http, 0).await.expect("a socket");
        assert!(matches!(socket.next().await, Some(Ok(ServerFrame::Welcome { .. }))));
        socket.send_text(nonsense.into()).await.expect("it can be sent");
        let error = loop {
            match socket.next().await {
                Some(Ok(ServerFrame::Error { code, .. })) => break Some(code),
                Some(Ok(ServerFrame::Refused { .. })) => break Some(ErrorCode::BadRequest),
                Some(Ok(ServerFrame::Accepted { .. })) => panic!("{nonsense} was accepted"),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
                None => break None,
            }
        };
        assert_eq!(error, Some(ErrorCode::BadRequest), "{nonsense}");
    }
    for seq in [u64::MAX, 1 << 53] {
        chat.customer.sends_frame(ClientFrame::Ack { seq });
        chat.customer.sends_frame(ClientFrame::Seen { seq });
    }
    let mut large = Socket::hello(&chat.customer.http, 0).await.expect("a socket");
    let frame = format!(r#"{{"type":"send","key":"aaaaaaaa","text":"{}"}}"#, "x".repeat(10 << 20));
    let _ = large.send_text(frame).await;
    chat.works().await;
    assert_eq!(scene.hs.customer_texts(&chat.room).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_socket_is_stopped_and_others_do_not_notice() {
    let scene = Scene::begins_with(|config| config.usual_limits().capacity(5)).await;
    let flooder = scene.chat("Mallory", &scene.anna).await;
    let other = scene.chat("Carla", &scene.anna).await;
    let http = flooder.customer.http.clone();
    flooder.customer.goes_away();
    let flood = tokio::spawn(async move {
        let mut cut = 0;
        let mut sent = 0_u32;
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            let Ok(mut socket) = Socket::hello(&http, 0).await else {
                cut += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            // A thousand a second.
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            while begun.elapsed() < Duration::from_secs(4) {
                beat.tick().await;
                let mut broken = false;
                for _ in 0..10 {
                    let frame = ClientFrame::Send { key: random_key(), text: "flood".into() };
                    broken |= socket.send(&frame).await.is_err();
                    sent += 1;
                }
                if broken {
                    cut += 1;
                    break;
                }
            }
        }
        (sent, cut)
    });
    let mut slowest = Duration::ZERO;
    for n in 0..4 {
        let text = format!("in peace {n}");
        let begun = tokio::time::Instant::now();
        other.customer.says(&text).await;
        other.agent.sees_text(&other.room, &text, DEADLINE).await;
        slowest = slowest.max(begun.elapsed());
        settle().await;
    }
    let (sent, cut) = flood.await.expect("the flood ends");
    assert!(sent > 500, "only {sent} frames were sent");
    assert!(cut > 0, "the flooding socket was never closed");
    assert!(slowest < Duration::from_secs(2), "another customer waited {slowest:?}");
    let through = scene.hs.customer_texts(&flooder.room).len();
    assert!(through <= 30, "{through} messages of the flood reached the agents");
    other.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tabs_show_one_chat_and_polling_shows_the_same() {
    let scene = Scene::begins().await;
    let Chat { customer, agent, room } = scene.chat("Carla", &scene.anna).await;
    let tabs: Vec<_> = (0..3).map(|_| customer.another_tab()).collect();
    customer.says("from the first tab").await;
    tabs[0].says("from the second").await;
    agent.says(&room, "to all of them");
    for tab in tabs.iter().chain([&customer]) {
        tab.sees_text("to all of them").await;
        assert_eq!(tab.own_texts(), ["from the first tab", "from the second"]);
    }
    tabs[1].goes_away();
    agent.says(&room, "while one was away");
    customer.sees_text("while one was away").await;
    tabs[1].connects();
    tabs[1].sees_text("while one was away").await;

    let page = customer.http.feed(0, 0).await.expect("the feed by HTTP");
    assert_eq!(page.entries, customer.feed());
    let newest = page.newest;
    let (polled, _) = tokio::join!(customer.http.feed(newest, 20), async {
        settle().await;
        agent.says(&room, "good bye")
    });
    let entries = polled.expect("the long poll ends").entries;
    assert!(matches!(entries.as_slice(), [e] if matches!(&e.body, FeedBody::Agent { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_pretend_or_break_lines_are_cleaned() {
    let scene = Scene::with_anna_alone().await;
    for name in
        ["🔒 Anna", "Anna\n!end", "\u{202e}annA", "x\0y", "@room", "<b>bold</b>", &"n".repeat(48)]
    {
        let customer = Customer::arrives(&scene.bridge, name).await;
        let room = scene.anna.next_request(DEADLINE).await;
        let shown = scene.hs.state(&room, "m.room.name", "").unwrap_or_default().to_string();
        for bad in ["🔒", "\\n", "\u{202e}", "\\u0000"] {
            assert!(!shown.contains(bad), "{name:?} became {shown}");
        }
        scene.anna.joins(&room);
        customer.says("hello").await;
        scene.room_has(&room, &["hello"]).await;
    }
}
