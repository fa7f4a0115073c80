//! Starting chats.

use super::*;
use crate::gateway::input::CustomerInput;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_repeated_start_is_the_same_start() {
    let world = world().await;
    let (status, first) = world.start(KEY).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(first.token.len(), 43);
    let (status, second) = world.start(KEY).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(first, second);
    let (status, other) = world.start(&KEY.to_lowercase()).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_ne!(first.token, other.token);
    assert_ne!(first.number, other.number);
    assert_eq!(world.runner.handled().len(), 2);
}

#[tokio::test]
async fn five_tabs_that_start_at_once_start_one_chat() {
    let world = world().await;
    let starts = futures_util::future::join_all((0..5).map(|_| world.start(KEY))).await;
    assert!(starts.iter().all(|(_, started)| *started == starts[0].1));
    let created = starts.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    assert_eq!(created, 1);
    assert_eq!(world.runner.handled().len(), 1);
}

#[tokio::test]
async fn a_start_that_takes_too_long_can_be_asked_for_again() {
    let limits = RateLimits { chats_burst_per_address: 1, ..RateLimits::default() };
    let times = Times { start: Duration::from_millis(200), ..Times::default() };
    let world = World::with(Settings { limits, times, ..Settings::default() }).await;
    world.runner.pause(true);
    let body = serde_json::json!({ "start_key": KEY });
    for _ in 0..3 {
        let request = world.post("/customer/v1/sites/shop/chats", &body);
        let (status, error) = read::<ErrorBody>(request).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(error.retry_after_ms.is_some());
    }
    world.runner.pause(false);
    eventually("started", async || world.start_status(KEY).await == StatusCode::OK).await;
    assert_eq!(world.runner.handled().len(), 1);
}

impl World {
    async fn start_status(&self, start_key: &str) -> StatusCode {
        let body = serde_json::json!({ "start_key": start_key });
        status(self.post("/customer/v1/sites/shop/chats", &body)).await
    }
}

#[tokio::test]
async fn a_start_keeps_the_hash_and_the_cleaned_name() {
    let world = world().await;
    let body = serde_json::json!({ "start_key": KEY, "name": "🔒 \u{202e}Ann\0  Lee" });
    let (_, started) =
        read::<ChatStarted>(world.post("/customer/v1/sites/shop/chats", &body)).await;
    let [CustomerInput::Start { site, name, session, .. }] = &world.runner.handled()[..] else {
        panic!("not one start");
    };
    assert_eq!((site.as_str(), name.as_deref()), ("shop", Some("Ann Lee")));
    assert!(session.len() == 64 && !session.contains(&started.token));
}

#[tokio::test]
async fn a_start_can_choose_among_the_sites_queues() {
    let world = world().await;
    for (number, queue) in [None, Some(OPEN), Some(CLOSED)].into_iter().enumerate() {
        let mut body = serde_json::json!({ "start_key": KEY.replace('A', &number.to_string()) });
        if let Some(queue) = queue {
            body["queue"] = queue.into();
        }
        let request = world.post("/customer/v1/sites/shop/chats", &body);
        assert_eq!(status(request).await, StatusCode::CREATED, "{queue:?}");
        let handled = world.runner.handled();
        let Some(CustomerInput::Start { queue: chosen, .. }) = handled.last() else {
            panic!("no start");
        };
        assert_eq!(chosen.as_deref(), queue);
    }
    let other = serde_json::json!({ "start_key": "B".repeat(22), "queue": "sales" });
    let (_, error) = read::<ErrorBody>(world.post("/customer/v1/sites/shop/chats", &other)).await;
    assert_eq!(error.message, "queue must be the id of one that the site offers");
}

#[tokio::test]
async fn bad_starts() {
    let world = world().await;
    for body in [
        serde_json::json!({}),
        serde_json::json!({ "start_key": "short" }),
        serde_json::json!({ "start_key": "A".repeat(65) }),
        serde_json::json!({ "start_key": format!("{KEY}!") }),
        serde_json::json!({ "start_key": KEY, "name": 1 }),
        serde_json::json!({ "start_key": KEY, "admin": true }),
        serde_json::json!({ "start_key": KEY, "queue": ["support"] }),
        serde_json::json!({ "start_key": KEY, "queue": "" }),
        serde_json::json!({ "start_key": KEY, "queue": "Support" }),
        serde_json::json!({ "start_key": KEY, "queue": "somebody-elses" }),
        serde_json::json!([1]),
    ] {
        let request = world.post("/customer/v1/sites/shop/chats", &body);
        let (status, error) = read::<ErrorBody>(request).await;
        assert_eq!(
            (status, error.code),
            (StatusCode::BAD_REQUEST, ErrorCode::BadRequest),
            "{body}"
        );
    }
    let large = serde_json::json!({ "start_key": KEY, "name": "a".repeat(70_000) });
    let (status, error) =
        read::<ErrorBody>(world.post("/customer/v1/sites/shop/chats", &large)).await;
    assert_eq!((status, error.code), (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge));
    assert_eq!(world.runner.handled().len(), 0);
}

#[tokio::test]
async fn a_site_says_how_it_looks() {
    let world = world().await;
    let (status, info) = read::<SiteInfo>(world.get("/customer/v1/sites/shop")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((info.title.as_str(), info.ask_name, info.limits), ("Chat with us", true, LIMITS));
    assert_eq!(info.queues, [queue(OPEN, true), queue(CLOSED, false)]);
    assert_eq!(info.texts["start"], "Talk to us");
}
