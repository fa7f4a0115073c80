//! Too much of anything, and that it harms nobody else.

use super::{page::own_texts, runner::append, *};

#[tokio::test]
async fn a_flood_is_stopped_and_others_do_not_notice() {
    let world =
        World::with(Settings { limits: RateLimits::default(), ..Settings::default() }).await;
    let (token, _) = world.chat().await;
    let mut flood = world.page(&token, 1).await;
    let (token, _) = world.chat().await;
    let mut calm = world.page(&token, 1).await;
    let flooding = tokio::spawn(async move {
        for n in 0..2000 {
            flood.send(&format!("flood-{n:04}"), "x").await;
        }
        let mut accepted = 0;
        let mut refused = 0;
        let mut died = None;
        while died.is_none() {
            match flood.hear().await {
                ServerFrame::Accepted { .. } => accepted += 1,
                ServerFrame::Refused { reason, retry_after_ms, .. } => {
                    assert_eq!(reason, RefusalReason::TooFast);
                    assert!((1..=1000).contains(&retry_after_ms.unwrap()), "{retry_after_ms:?}");
                    refused += 1;
                }
                ServerFrame::Error { code, fatal: true, .. } => died = Some(code),
                _ => {}
            }
        }
        (accepted, refused, died)
    });
    for n in 0..5 {
        let key = format!("message-{n}");
        let began = Instant::now();
        calm.send(&key, "hello").await;
        calm.accepted(&key).await;
        assert!(began.elapsed() < Duration::from_secs(1), "held up by the flood");
    }
    let (accepted, refused, died) = flooding.await.unwrap();
    assert_eq!(died, Some(ErrorCode::TooFast));
    assert!((10..=15).contains(&accepted), "{accepted}");
    assert!(refused >= 300, "{refused}");
}

#[tokio::test]
async fn small_frames_beyond_the_limit_are_dropped() {
    let limits = RateLimits { frames_burst: 3, frames_per_second: 1, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    for _ in 0..20 {
        page.say(&ClientFrame::Ping {}).await;
    }
    page.send("after-all", "hello").await;
    let mut pongs = 0;
    page.find(|frame| match frame {
        ServerFrame::Pong {} => {
            pongs += 1;
            None
        }
        ServerFrame::Accepted { .. } => Some(()),
        _ => None,
    })
    .await;
    assert!((3..=5).contains(&pongs), "{pongs}");
}

#[tokio::test]
async fn a_page_that_does_not_read_is_closed_and_skips_nothing() {
    let times = Times { send: Duration::from_millis(300), ..Times::default() };
    let world = World::with(Settings { times, ..Settings::default() }).await;
    let (token, chat) = world.chat().await;
    let text = "x".repeat(LIMITS.text_bytes as usize);
    let own = |n: u64| FeedBody::Own {
        key: format!("key-{n:05}"),
        text: text.clone(),
        reply_to: None,
        files: Vec::new(),
    };
    let mut slow = world.page(&token, 0).await;
    // More than the kernel keeps for the two of them.
    let total = 2001;
    append(&world.store, chat, (2..=total).map(own).collect()).await;
    eventually("closed", async || !world.live.connected(chat)).await;
    let read = slow.drain().await;
    let last = read.last().map_or(0, |last| last.seq);
    assert!((1..total).contains(&last), "{last}");
    let mut page = world.page(&token, last).await;
    let rest = page.entries(total).await;
    let seqs: Vec<u64> = read.iter().chain(&rest).map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=total).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_oldest_of_too_many_sockets_gives_way() {
    let limits = RateLimits { sockets_per_session: 2, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let (token, _) = world.chat().await;
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(world.page(&token, 1).await);
    }
    assert_eq!(pages[0].dies().await, (ErrorCode::TooFast, 4429));
    pages[1].send("still-here", "hello").await;
    assert_eq!(own_texts(&pages[2].entries(2).await), ["hello"]);
}

#[tokio::test]
async fn an_address_has_so_many_sockets_and_handshakes() {
    let limits = RateLimits { sockets_per_address: 2, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let one = Page::connect(world.address, None).await;
    let _two = Page::connect(world.address, None).await;
    assert!(Page::try_connect(world.address, None).await.is_err());
    drop(one);
    eventually("room again", async || Page::try_connect(world.address, None).await.is_ok()).await;

    let limits = RateLimits { handshakes_per_minute_per_address: 2, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    for _ in 0..2 {
        Page::connect(world.address, None).await;
    }
    assert!(Page::try_connect(world.address, None).await.is_err());
}

#[tokio::test]
async fn new_chats_are_counted_by_address_and_site() {
    let limits = RateLimits {
        chats_burst_per_address: 2,
        chats_per_minute_per_site: 3,
        ..RateLimits::default()
    };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let start = async |client: &str, site: &str| {
        let body = serde_json::json!({ "start_key": format!("{:032x}", rand::random::<u128>()) });
        let path = format!("/customer/v1/sites/{site}/chats");
        // The tests' own address is a trusted proxy; what the client adds itself is not believed.
        let forwarded = format!("9.9.9.9, {client}");
        let request = world.post(&path, &body).header("x-forwarded-for", forwarded);
        let response = request.send().await.unwrap();
        let wait = response.headers().get("retry-after").cloned();
        (response.status(), wait.is_some())
    };
    let created = (StatusCode::CREATED, false);
    let refused = (StatusCode::TOO_MANY_REQUESTS, true);
    assert_eq!(start("192.0.2.1", "shop").await, created);
    assert_eq!(start("192.0.2.1", "shop").await, created);
    assert_eq!(start("192.0.2.1", "shop").await, refused, "the address has had its two");
    assert_eq!(start("2001:db8::1", "shop").await, created);
    assert_eq!(start("192.0.2.2", "shop").await, refused, "the site has had its three");
    assert_eq!(start("2001:db8::3", "other").await, created);
    assert_eq!(start("2001:db8::ffff", "other").await, refused, "a network is one address");
    assert_eq!(start("2001:db8:0:1::1", "other").await, created);
}

#[tokio::test]
async fn requests_are_counted_by_address() {
    let limits = RateLimits { requests_burst_per_address: 3, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let mut refused = 0;
    for _ in 0..20 {
        let request = world.get("/customer/v1/sites/shop").header("x-forwarded-for", "192.0.2.1");
        let response = request.send().await.unwrap();
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
        }
    }
    assert!(refused > 0);
    let other = world.get("/customer/v1/sites/shop").header("x-forwarded-for", "192.0.2.2");
    assert_eq!(status(other).await, StatusCode::OK);
}
