//! Messages and entries over sockets: durable, in order, once, and nothing skipped.

use super::{page::own_texts, runner::append, *};
use crate::store::Store as _;

#[tokio::test]
async fn a_message_is_accepted_and_comes_back() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    assert_eq!(page.entry().await.body, FeedBody::Queued {});
    page.send("first-key", "Hello\r\nthere\0").await;
    page.accepted("first-key").await;
    let entry = page.entry().await;
    assert_eq!(entry.seq, 2);
    let (key, text) = ("first-key".to_owned(), "Hello\nthere".to_owned());
    assert_eq!(entry.body, FeedBody::Own { key, text, reply_to: None, files: Vec::new() });
    assert!(world.live.connected(chat));
}

#[tokio::test]
async fn the_same_key_again_has_no_second_effect() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    page.send("the-same-key", "once").await;
    page.accepted("the-same-key").await;
    page.send("the-same-key", "once").await;
    page.accepted("the-same-key").await;
    page.send("another-key", "twice").await;
    page.accepted("another-key").await;
    let mut again = world.page(&token, 0).await;
    assert_eq!(own_texts(&again.entries(3).await), ["once", "twice"]);
    assert_eq!(world.runner.handled().len(), 3, "start and two messages");
}

#[tokio::test]
async fn what_is_said_in_one_breath_keeps_its_order() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    let texts: Vec<String> = (0..150).map(|n| format!("message {n}")).collect();
    for text in &texts {
        page.send(&text.replace(' ', "-"), text).await;
    }
    let entries = page.entries(151).await;
    assert_eq!(own_texts(&entries), texts);
}

#[tokio::test]
async fn a_page_that_comes_back_gets_what_it_missed() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    page.entries(1).await;
    page.close().await;
    let own = |n: u32| FeedBody::Own {
        key: format!("key-{n:04}"),
        text: n.to_string(),
        reply_to: None,
        files: Vec::new(),
    };
    append(&world.store, chat, (0..349).map(own).collect()).await;
    let mut page = Page::connect(world.address, None).await;
    assert_eq!(page.hello(&token, 1).await.0, 350);
    let seqs: Vec<u64> = page.entries(350).await.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (2..=350).collect::<Vec<_>>());
    append(&world.store, chat, vec![own(349)]).await;
    assert_eq!(page.entry().await.seq, 351, "and then what is new");
    let mut newest = world.page(&token, 351).await;
    append(&world.store, chat, vec![own(350)]).await;
    assert_eq!(newest.entry().await.seq, 352);
}

#[tokio::test]
async fn a_page_that_has_more_than_there_is_gets_everything_anew() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = Page::connect(world.address, None).await;
    assert_eq!(page.hello(&token, 7).await.0, 1, "fewer than the page has");
    assert_eq!(page.entry().await.seq, 1);
}

#[tokio::test]
async fn every_socket_of_a_session_sees_the_same() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let (mut one, mut two) = (world.page(&token, 0).await, world.page(&token, 0).await);
    for n in 0..5 {
        let page = if n % 2 == 0 { &mut one } else { &mut two };
        let key = format!("message-{n}");
        page.send(&key, &n.to_string()).await;
        page.accepted(&key).await;
    }
    // Those answers were read past entries, so both look again.
    let mut first = world.page(&token, 0).await;
    let mut second = world.page(&token, 0).await;
    let seen = first.entries(6).await;
    assert_eq!(seen, second.entries(6).await);
    assert_eq!(own_texts(&seen), ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn texts_have_bounds() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 0).await;
    let most = LIMITS.text_bytes as usize;
    for (key, text) in [("one-byte", "a".to_owned()), ("the-most", "ü".repeat(most / 2))] {
        page.send(key, &text).await;
        page.accepted(key).await;
    }
    for (key, text, reason) in [
        ("too-much", "a".repeat(most + 1), RefusalReason::TooLong),
        ("nothing-", String::new(), RefusalReason::Empty),
        ("invisible", " \u{200b}\n\0".to_owned(), RefusalReason::Empty),
    ] {
        page.send(key, &text).await;
        let refused = ServerFrame::Refused { key: key.to_owned(), reason, retry_after_ms: None };
        assert_eq!(page.answer(key).await, refused);
    }
}

#[tokio::test]
async fn nothing_more_is_taken_after_the_end() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    page.send("last-words", "bye").await;
    page.say(&ClientFrame::End {}).await;
    page.say(&ClientFrame::End {}).await;
    let entries = page.entries(3).await;
    assert_eq!(entries[1].body, FeedBody::Ended { by: EndedBy::Customer });
    eventually("ended", async || world.live.state(chat).phase == Phase::Ended).await;
    page.send("too-late", "hello?").await;
    let refused = ServerFrame::Refused {
        key: "too-late".to_owned(),
        reason: RefusalReason::Ended,
        retry_after_ms: None,
    };
    assert_eq!(page.answer("too-late").await, refused);

    // Not even a bridge that has forgotten everything but the store takes it.
    let world = World::over(world.store.clone(), Live::new(), Settings::default()).await;
    let mut page = Page::connect(world.address, None).await;
    assert_eq!(page.hello(&token, 3).await.1.phase, Phase::Ended);
    page.send("much-too-late", "hello?").await;
    let answer = page.answer("much-too-late").await;
    assert!(matches!(answer, ServerFrame::Refused { reason: RefusalReason::Ended, .. }));
    // What was taken before the end stays taken, should the page have missed its answer.
    page.send("last-words", "bye").await;
    page.accepted("last-words").await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_accepted() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    world.gateways_store.close().await.unwrap();
    page.send("first-key", "hello").await;
    let ServerFrame::Refused { reason, retry_after_ms, .. } = page.answer("first-key").await else {
        panic!("accepted by a store that is closed");
    };
    assert_eq!(reason, RefusalReason::Unavailable);
    assert!(retry_after_ms.is_some());
    page.say(&ClientFrame::End {}).await;
    let failed = page
        .find(|frame| match frame {
            ServerFrame::Error { code, fatal, .. } => Some((code, fatal)),
            _ => None,
        })
        .await;
    assert_eq!(failed, (ErrorCode::Unavailable, false));
}

#[tokio::test]
async fn what_was_written_just_before_leaving_counts() {
    let world = world().await;
    let (token, _) = world.chat().await;
    let mut page = world.page(&token, 1).await;
    page.send("last-words", "and bye").await;
    drop(page);
    let mut again = world.page(&token, 1).await;
    assert_eq!(own_texts(&again.entries(2).await), ["and bye"]);
}
