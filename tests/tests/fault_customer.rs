//! What customers' pages could send, and more.

use std::time::Duration;

use switchboard::gateway::wire::{
    ClientFrame, ErrorBody, ErrorCode, FeedBody, RefusalReason, ServerFrame, StartChat,
};
use switchboard_tests::{
    customer::{Customer, Failure, Http, Socket, random_key},
    scene::{Chat, Scene},
    wait::{DEADLINE, settle},
};
use tokio::{sync::oneshot, time::timeout};
use tokio_tungstenite::tungstenite;

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
    let body = StartChat {
        start_key: random_key(),
        name: Some("Carla".into()),
        queue: None,
        ..StartChat::default()
    };
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

/// What a refused call was answered with, whole.
fn answer<T: std::fmt::Debug>(reply: Result<T, Failure>) -> (u16, ErrorBody) {
    match reply {
        Err(Failure::Status(status, Some(body))) => (status, body),
        other => panic!("no refusal of the bridge: {other:?}"),
    }
}

/// The answers to everything that a page can ask about a chat.
async fn answers(http: &Http) -> [(u16, ErrorBody); 3] {
    [
        answer(http.feed(0, 0).await),
        answer(http.send(&random_key(), "hello").await),
        answer(http.end().await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing_and_learn_nothing() {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let other = scene.chat("Dora", &scene.anna).await;
    chat.customer.says("for Anna only").await;
    chat.agent.sees_text(&chat.room, "for Anna only", DEADLINE).await;
    let gateway = scene.bridge.gateway_url();

    // Whatever does not exist, a site, a chat or a session, is answered with the same words.
    let unknown = (
        404,
        ErrorBody {
            code: ErrorCode::NotFound,
            message: "there is no such thing".to_owned(),
            retry_after_ms: None,
            reason: None,
            unfit: None,
        },
    );
    let mut guess = chat.customer.token().to_owned();
    let changed = if guess.starts_with('A') { "B" } else { "A" };
    guess.replace_range(0..1, changed);
    let padded = format!("{}=", chat.customer.token());
    for token in ["x", "", &guess, &padded, &"A".repeat(43), &"x".repeat(10_000)] {
        let stranger = Http::new(&gateway).with_token(token);
        let all = std::array::from_fn(|_| unknown.clone());
        assert_eq!(answers(&stranger).await, all, "{token:.20}");
        assert_eq!(
            hello_is_answered_with(&stranger).await,
            (Some(ErrorCode::NotFound), Some((4404, "not_found".to_owned()))),
            "{token:.20}"
        );
    }
    let start =
        StartChat { start_key: random_key(), name: None, queue: None, ..StartChat::default() };
    for site in ["no-such-site", "Shop", "shop%00", &"s".repeat(65)] {
        assert_eq!(answer(Http::new(&gateway).start(site, &start).await), unknown, "{site:.20}");
    }
    let nowhere = Http::new(&gateway).with_token(chat.customer.token());
    let path = "chats/1/feed?after=0&wait=0";
    let elsewhere = nowhere.status(reqwest::Method::GET, path, None::<&()>).await;
    assert_eq!(answer(elsewhere), unknown, "there are no addresses of chats");

    // Another customer's token opens that customer's chat and nothing else.
    let page = other.customer.http.feed(0, 0).await.expect("their own chat");
    let text = serde_json::to_string(&page).expect("JSON");
    assert!(!text.contains("for Anna only"), "{text}");
    other.customer.http.end().await.expect("they may end their own");
    chat.works().await;
}

/// The error after which the socket closes, and the close itself.
async fn hello_is_answered_with(http: &Http) -> (Option<ErrorCode>, Option<(u16, String)>) {
    let mut socket = Socket::hello(http, 0).await.expect("a socket");
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
    (code, socket.closed().map(|(code, reason)| (code, reason.to_owned())))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_foreign_origins_are_turned_away() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let own = scene.bridge.gateway_url();
    let forbidden = (
        403,
        ErrorBody {
            code: ErrorCode::ForbiddenOrigin,
            message: "pages of this origin may not do this".to_owned(),
            retry_after_ms: None,
            reason: None,
            unfit: None,
        },
    );
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
        // Whether a token opens something does not show.
        let stranger = Http::new(&own).with_token(&"A".repeat(43));
        for http in [&chat.customer.http, &stranger] {
            let http = http.clone().with_origin(Some(foreign));
            let all = std::array::from_fn(|_| forbidden.clone());
            assert_eq!(answers(&http).await, all, "{foreign}");
            let start = StartChat {
                start_key: random_key(),
                name: None,
                queue: None,
                ..StartChat::default()
            };
            assert_eq!(answer(http.start("shop", &start).await), forbidden, "{foreign}");
            let refused = Socket::hello(&http, 0).await.map(drop).expect_err(foreign);
            let tungstenite::Error::Http(reply) = *refused else { panic!("{foreign}: {refused}") };
            assert_eq!(reply.status(), 403, "{foreign}");
            let body = reply.body().as_deref().and_then(|body| serde_json::from_slice(body).ok());
            assert_eq!(body, Some(forbidden.1.clone()), "{foreign}");
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

/// How a flood ended.
struct Flood {
    /// Frames a second, from the first to the last.
    pace: f64,
    /// The error that the bridge named, and how it closed the socket.
    error: Option<(ErrorCode, bool)>,
    closed: Option<(u16, String)>,
}

/// Sends messages on one socket, more than a thousand a second, until the bridge closes it.
/// `begun` is told after the first frame.
async fn flood(http: Http, begun: oneshot::Sender<()>) -> Flood {
    let mut socket = Socket::hello(&http, 0).await.expect("a socket");
    assert!(matches!(socket.next().await, Some(Ok(ServerFrame::Welcome { .. }))));
    let mut begun = Some(begun);
    let start = tokio::time::Instant::now();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    let (mut sent, mut error) = (0_u32, None);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let due = start.elapsed().as_secs_f64() * 1200.0 + 1.0;
                while f64::from(sent) < due {
                    let frame = ClientFrame::Send {
                        key: random_key(),
                        text: "flood".into(),
                        email: None,
                        reply_to: None, files: Vec::new(),
                    };
                    if socket.send(&frame).await.is_err() {
                        break;
                    }
                    sent += 1;
                    if let Some(begun) = begun.take() {
                        let _ = begun.send(());
                    }
                }
            }
            frame = socket.next() => match frame {
                Some(Ok(ServerFrame::Error { code, fatal, .. })) => error = Some((code, fatal)),
                Some(_) => {}
                None => break,
            }
        }
    }
    let pace = f64::from(sent) / start.elapsed().as_secs_f64();
    let closed = socket.closed().map(|(code, reason)| (code, reason.to_owned()));
    Flood { pace, error, closed }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_socket_is_stopped_and_others_do_not_notice() {
    let scene = Scene::begins_with(|config| config.usual_limits().capacity(5)).await;
    let flooder = scene.chat("Mallory", &scene.anna).await;
    let other = scene.chat("Carla", &scene.anna).await;
    flooder.customer.goes_away();
    let (begun, has_begun) = oneshot::channel();
    let flood = tokio::spawn(flood(flooder.customer.http.clone(), begun));
    has_begun.await.expect("the first frame of the flood");
    let mut meanwhile = 0;
    while !flood.is_finished() && meanwhile < 5 {
        let text = format!("in peace {meanwhile}");
        other.customer.says(&text).await;
        other.agent.sees_text(&other.room, &text, DEADLINE).await;
        if !flood.is_finished() {
            meanwhile += 1;
        }
    }
    let Flood { pace, error, closed } = timeout(DEADLINE, flood)
        .await
        .expect("the flooding socket is closed")
        .expect("the flood is no panic");
    assert!(pace >= 1000.0, "only {pace} frames a second were sent");
    assert_eq!(error, Some((ErrorCode::TooFast, true)));
    assert_eq!(closed, Some((4429, "too_fast".to_owned())));
    assert!(meanwhile > 0, "nothing of another customer arrived before the flood was over");
    // Ten messages at once, and one a second after that.
    let through = scene.hs.customer_texts(&flooder.room).len();
    assert!((1..=12).contains(&through), "{through} messages of the flood reached the agents");
    other.works().await;
    flooder.customer.connects();
    flooder.customer.is_connected().await;
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
