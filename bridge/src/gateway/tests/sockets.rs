//! A socket's manners: hello, presence, live state, nonsense, silence, farewell.

use super::{
    runner::{append, forget},
    *,
};
use crate::gateway::input::CustomerInput;

#[tokio::test]
async fn the_first_frame_is_hello() {
    let world = world().await;
    let (token, _) = world.chat().await;
    for first in ["{\"type\":\"ping\"}", "nonsense", "{\"type\":\"hello\"}"] {
        let mut page = Page::connect(world.address, None).await;
        page.say_text(first).await;
        assert_eq!(page.dies().await, (ErrorCode::BadRequest, 1002), "{first}");
    }
    let strangers = [
        "A".repeat(43),
        String::new(),
        "A".repeat(42),
        "A".repeat(60_000),
        format!("{token}A"),
        token.to_lowercase(),
    ];
    for stranger in strangers {
        let mut page = Page::connect(world.address, None).await;
        page.say(&ClientFrame::Hello { token: stranger, after: 0 }).await;
        assert_eq!(page.dies().await, (ErrorCode::NotFound, 4404));
    }
}

#[tokio::test]
async fn silence_ends_a_socket() {
    let short = Duration::from_millis(200);
    let times = Times { hello: short, idle: short, ..Times::default() };
    let world = World::with(Settings { times, ..Settings::default() }).await;
    let (token, chat) = world.chat().await;
    let mut silent = Page::connect(world.address, None).await;
    assert_eq!(silent.dies().await, (ErrorCode::Idle, 4408));
    let mut page = world.page(&token, 1).await;
    for _ in 0..5 {
        tokio::time::sleep(short / 2).await;
        page.say(&ClientFrame::Ping {}).await;
        page.find(|frame| (frame == ServerFrame::Pong {}).then_some(())).await;
    }
    // Nobody reads now, so nobody answers the bridge's pings either.
    eventually("gone", async || !world.live.connected(chat)).await;
    assert_eq!(page.dies().await, (ErrorCode::Idle, 4408));
}

#[tokio::test]
async fn a_hidden_page_stays_as_long_as_its_browser_answers() {
    let times = Times { idle: Duration::from_millis(200), ..Times::default() };
    let world = World::with(Settings { times, ..Settings::default() }).await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    // Reading answers the bridge's pings; the page itself says nothing.
    let reading = page.find(|_| None::<()>);
    assert!(tokio::time::timeout(Duration::from_secs(1), reading).await.is_err());
    assert!(world.live.connected(chat));
}

#[tokio::test]
async fn nonsense_is_forgiven_twice() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    let again = serde_json::json!({ "type": "hello", "token": token, "after": 0 }).to_string();
    let bad_key = serde_json::json!({ "type": "send", "key": "k", "text": "x" }).to_string();
    for nonsense in ["{}", "{\"type\":\"dance\"}"] {
        page.say_text(nonsense).await;
    }
    page.say(&ClientFrame::Ping {}).await;
    page.find(|frame| (frame == ServerFrame::Pong {}).then_some(())).await;
    page.say_binary(b"binary").await;
    page.say_text(again).await;
    page.say_text(bad_key).await;
    assert_eq!(page.dies().await, (ErrorCode::BadRequest, 1002));
}

#[tokio::test]
async fn frames_have_a_bound() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let most = LIMITS.frame_bytes as usize;
    let frame = |size: usize| {
        let empty = serde_json::json!({ "type": "send", "key": "12345678", "text": "" });
        let text = "a".repeat(size - empty.to_string().len());
        serde_json::json!({ "type": "send", "key": "12345678", "text": text }).to_string()
    };
    let mut page = world.page(&token, 1).await;
    page.say_text(frame(most)).await;
    let answer = page.answer("12345678").await;
    assert!(matches!(answer, ServerFrame::Refused { reason: RefusalReason::TooLong, .. }));
    page.say_text(frame(most + 1)).await;
    assert_eq!(page.dies().await, (ErrorCode::TooLarge, 1009));
    let mut page = world.page(&token, 1).await;
    page.say_text(frame(4 * most)).await;
    assert_eq!(page.dies().await, (ErrorCode::TooLarge, 1009));
}

#[tokio::test]
async fn live_state_reaches_the_page() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    world.live.update(chat, |state| state.position = Some(3));
    let mut page = Page::connect(world.address, None).await;
    assert_eq!(page.hello(&token, 1).await.1.position, Some(3));
    for position in (1..=2).rev() {
        world.live.update(chat, |state| state.position = Some(position));
    }
    world.live.update(chat, |state| state.typing = vec!["Anna".to_owned()]);
    let ServerFrame::Live(state) = page.hear().await else { panic!("no live state") };
    assert_eq!((state.position, &state.typing[..]), (Some(1), &["Anna".to_owned()][..]));
}

/// A socket hears of an entry and of its receipt by different ways, and may hear of the receipt
/// first. Both are there when it does.
#[tokio::test]
async fn a_receipt_comes_after_the_entry_that_it_is_for() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    for n in 2..5 {
        let own = FeedBody::Own {
            key: format!("{n:08}"),
            text: "hello".to_owned(),
            reply_to: None,
            files: Vec::new(),
        };
        world.store.keep_next_commits_quiet(1);
        append(&world.store, chat, vec![own]).await;
        world.live.update(chat, |state| state.delivered = n);
        let ServerFrame::Entry(entry) = page.hear().await else {
            panic!("the receipt of entry {n} came before it")
        };
        assert_eq!(entry.seq, n);
        let ServerFrame::Live(state) = page.hear().await else { panic!("no receipt of entry {n}") };
        assert_eq!(state.delivered, n);
    }
}

#[tokio::test]
async fn typing_and_seen_reach_the_agents_side() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    page.entries(1).await;
    page.say(&ClientFrame::Seen { seq: 99 }).await;
    page.say(&ClientFrame::Seen { seq: 1 }).await;
    page.say(&ClientFrame::Ack { seq: 1 }).await;
    page.say(&ClientFrame::Typing { typing: true }).await;
    let (mut seen, mut typing) = (None, None);
    while seen.is_none() || typing.is_none() {
        let (of, change) =
            tokio::time::timeout(SOON, world.live.next_customer_change()).await.unwrap();
        assert_eq!(of, chat);
        seen = seen.or(change.seen);
        typing = typing.or(change.typing);
    }
    assert_eq!((seen, typing), (Some(1), Some(true)));
    drop(page);
    let (_, change) = tokio::time::timeout(SOON, world.live.next_customer_change()).await.unwrap();
    assert_eq!(change.typing, Some(false), "who leaves does not type");
}

#[tokio::test]
async fn a_customer_who_gives_up_waiting_is_noticed_once() {
    let settings = Settings { abandon_after_seconds: 1, ..Settings::default() };
    let world = World::with(settings).await;
    let (token, chat) = world.chat().await;
    let (staying, _) = world.chat().await;
    let _here = world.page(&staying, 0).await;
    let page = world.page(&token, 0).await;
    assert!(world.live.connected(chat));
    page.close().await;
    eventually("gone", async || !world.live.connected(chat)).await;
    let away = || {
        let mut chats = Vec::new();
        for input in world.runner.handled() {
            if let CustomerInput::Away { chat, .. } = input {
                chats.push(chat);
            }
        }
        chats
    };
    eventually("away", async || !away().is_empty()).await;
    // Back, and gone once more: that is another absence.
    world.page(&token, 1).await.close().await;
    eventually("away again", async || away().len() == 2).await;
    assert_eq!(away(), [chat, chat]);
}

#[tokio::test]
async fn a_bridge_that_stops_says_so() {
    let mut world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    let mut waiting = Page::connect(world.address, None).await;
    page.send("last-words", "hello").await;
    page.accepted("last-words").await;
    world.shutdown.cancel();
    assert_eq!(page.dies().await, (ErrorCode::Unavailable, 1012));
    assert_eq!(waiting.dies().await, (ErrorCode::Unavailable, 1012));
    drop((page, waiting));
    tokio::time::timeout(SOON, &mut world.background).await.expect("all said goodbye").unwrap();
}

#[tokio::test]
async fn a_page_hears_that_its_chat_is_deleted() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let (other, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    let mut neighbour = world.page(&other, 1).await;
    forget(&world.store, chat, &token).await;
    assert_eq!(page.dies().await, (ErrorCode::NotFound, 4404));
    let mut again = Page::connect(world.address, None).await;
    again.say(&ClientFrame::Hello { token: token.clone(), after: 1 }).await;
    assert_eq!(again.dies().await, (ErrorCode::NotFound, 4404));
    let feed = world.get("/customer/v1/feed?after=0").bearer_auth(&token);
    assert_eq!(status(feed).await, StatusCode::NOT_FOUND);
    neighbour.say(&ClientFrame::Ping {}).await;
    neighbour.find(|frame| (frame == ServerFrame::Pong {}).then_some(())).await;
}
