//! The same over plain HTTP.

use super::{page::own_texts, *};
use crate::store::{Changes, RecordKind, Store};

impl World {
    async fn feed(&self, token: &str, query: &str) -> FeedPage {
        let request = self.get(&format!("/customer/v1/feed?{query}")).bearer_auth(token);
        let (status, page) = read(request).await;
        assert_eq!(status, StatusCode::OK);
        page
    }

    async fn send(&self, token: &str, key: &str, text: &str) -> reqwest::Response {
        let body = serde_json::json!({ "key": key, "text": text });
        self.post("/customer/v1/messages", &body).bearer_auth(token).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_conversation_without_a_socket() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let page = world.feed(&token, "after=0").await;
    assert_eq!((page.newest, page.entries.len(), page.number), (1, 1, 1));
    for (key, text) in [("first-key", "one"), ("first-key", "one"), ("other-key", "two")] {
        assert_eq!(world.send(&token, key, text).await.status(), StatusCode::ACCEPTED);
    }
    eventually("handled", async || world.feed(&token, "").await.newest == 3).await;
    let page = world.feed(&token, "after=1&wait=25").await;
    assert_eq!(own_texts(&page.entries), ["one", "two"]);

    for (path, body) in [
        ("typing", serde_json::json!({ "typing": true })),
        ("seen", serde_json::json!({ "seq": 2 })),
        ("seen", serde_json::json!({ "seq": 99 })),
        ("end", serde_json::json!({})),
        ("end", serde_json::json!({})),
    ] {
        let request = world.post(&format!("/customer/v1/{path}"), &body).bearer_auth(&token);
        assert_eq!(status(request).await, StatusCode::NO_CONTENT, "{path}");
    }
    let (of, change) = world.live.next_customer_change().await;
    assert_eq!((of, change.typing, change.seen), (chat, Some(true), Some(2)));
    let page = world.feed(&token, "after=3&wait=25").await;
    assert_eq!(page.entries[0].body, FeedBody::Ended { by: EndedBy::Customer });
    assert_eq!(page.live.phase, Phase::Ended);
    let refused = world.send(&token, "too-late-", "hello?").await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let error: ErrorBody = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(error.reason, Some(RefusalReason::Ended));
    // What was taken before the end stays taken, should the page have missed its answer.
    assert_eq!(world.send(&token, "first-key", "one").await.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_chat_that_is_long_over_takes_no_messages_whatever_came_last() {
    let world = world().await;
    for kind in [RecordKind::ArchivedConversation, RecordKind::Conversation] {
        let (token, chat) = world.chat().await;
        let key = "too-late-".to_owned();
        let ends = vec![
            FeedBody::Ended { by: EndedBy::Agent },
            FeedBody::Own {
                key: key.clone(),
                text: "one more thing".to_owned(),
                reply_to: None,
                files: Vec::new(),
            },
            FeedBody::Undelivered { key, reason: RefusalReason::Ended },
        ];
        super::runner::append(&world.store, chat, ends).await;
        let record = br#"{"number":1,"ended":17}"#.to_vec();
        let records = vec![(kind, chat.to_string(), Some(record))];
        world.store.commit(Changes { epoch: 1, records, ..Changes::default() }).await.unwrap();
        // The runner has put it away.
        world.live.forget(chat);
        let refused = world.send(&token, "another-", "hello?").await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let page = world.feed(&token, "after=4").await;
        assert_eq!((page.entries.len(), page.live.phase), (0, Phase::Ended), "{kind:?}");
        let mut page = world.page(&token, 0).await;
        page.send("over-key", "hello?").await;
        let answer = page.answer("over-key").await;
        assert!(matches!(answer, ServerFrame::Refused { reason: RefusalReason::Ended, .. }));
    }
}

#[tokio::test]
async fn a_poll_waits_for_news_and_shows_that_the_page_is_there() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let poll = async {
        let page = world.feed(&token, "after=1&wait=25").await;
        (page, Instant::now())
    };
    let news = async {
        eventually("there", async || world.live.connected(chat)).await;
        world.send(&token, "first-key", "hello").await;
        Instant::now()
    };
    let ((page, came), sent) = tokio::join!(poll, news);
    assert_eq!(own_texts(&page.entries), ["hello"]);
    assert!(came.duration_since(sent) < Duration::from_secs(1));
    assert!(!world.live.connected(chat));
}

#[tokio::test]
async fn a_poll_without_news_ends() {
    let times = Times { poll: Duration::from_millis(100), ..Times::default() };
    let world = World::with(Settings { times, ..Settings::default() }).await;
    let (token, _) = world.chat().await;
    let page = world.feed(&token, "after=1&wait=3600").await;
    assert_eq!((page.entries.len(), page.newest), (0, 1));
    let anew = world.feed(&token, "after=9&wait=3600").await;
    assert_eq!((anew.entries.len(), anew.newest), (1, 1), "more than there is");
}

#[tokio::test]
async fn a_change_between_two_polls_is_not_missed() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let first = world.feed(&token, "after=1").await;
    world.live.update(chat, |state| state.position = Some(2));
    let tag = first.tag.unwrap();
    let began = Instant::now();
    let second = world.feed(&token, &format!("after=1&wait=25&tag={tag}")).await;
    assert_eq!(second.live.position, Some(2));
    assert_ne!(second.tag, Some(tag));
    assert!(began.elapsed() < Duration::from_secs(10));
    // And one during a poll wakes it.
    let poll = world.feed(&token, "after=1&wait=25");
    let change = async {
        eventually("there", async || world.live.connected(chat)).await;
        world.live.update(chat, |state| state.position = Some(1));
    };
    let (third, ()) = tokio::join!(poll, change);
    assert_eq!(third.live.position, Some(1));
}

/// At most once a second, and only the newest: the place and the estimate change often.
#[tokio::test]
async fn a_poll_tells_the_place_and_the_estimate() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let tag = world.feed(&token, "after=1").await.tag.unwrap();
    let estimate = Estimate { at_least: 5, at_most: Some(10) };
    for position in (3..=9).rev() {
        world.live.update(chat, |state| {
            (state.position, state.estimate) = (Some(position), Some(estimate));
        });
    }
    let page = world.feed(&token, &format!("after=1&wait=25&tag={tag}")).await;
    assert_eq!((page.live.position, page.live.estimate), (Some(3), Some(estimate)));
}

#[tokio::test]
async fn refusals_over_http() {
    let limits = RateLimits { messages_burst_per_session: 1, ..RateLimits::default() };
    let world = World::with(Settings { limits, ..Settings::default() }).await;
    let (token, _) = world.chat().await;
    let long = "a".repeat(LIMITS.text_bytes as usize + 1);
    for (key, text, status, code, reason) in [
        ("k", "x", 400, ErrorCode::BadRequest, None),
        ("12345678", "", 400, ErrorCode::BadRequest, Some(RefusalReason::Empty)),
        ("12345678", &long, 413, ErrorCode::TooLarge, Some(RefusalReason::TooLong)),
    ] {
        let answer = world.send(&token, key, text).await;
        assert_eq!(answer.status().as_u16(), status);
        let error: ErrorBody = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!((error.code, error.reason), (code, reason));
    }
    assert_eq!(world.send(&token, "12345678", "x").await.status(), StatusCode::ACCEPTED);
    let answer = world.send(&token, "12345679", "x").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "1");
    let error: ErrorBody = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(error.reason, Some(RefusalReason::TooFast));
    for query in ["after=-1", "after=x", "more=1"] {
        let request = world.get(&format!("/customer/v1/feed?{query}")).bearer_auth(&token);
        assert_eq!(read::<ErrorBody>(request).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
    let method = world.http.delete(world.url("/customer/v1/feed"));
    assert_eq!(read::<ErrorBody>(method).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
