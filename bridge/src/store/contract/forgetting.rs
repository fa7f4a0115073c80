//! What is forgotten is gone, whole and for good; and records are found by ranges of their keys.

use super::*;
use crate::store::{RecordKind, StoreError};

properties!(
    a_forgotten_chat_is_gone_and_no_other,
    what_is_forgotten_goes_with_the_rest_of_the_commit,
    nothing_is_forgotten_and_continued_at_once,
    numbers_begin_again_after_forgetting,
    whoever_watches_hears_of_forgotten_chats,
    records_are_found_by_ranges_of_keys,
);

const STREAMS: [Stream; 2] = [Stream::Log, Stream::Feed];

/// Two entries in each stream of a chat, one of them large.
fn some(chat: ChatId) -> Vec<StreamEntry> {
    let large = "x".repeat(100_000);
    let both =
        STREAMS.map(|stream| [entry(stream, chat, 1, "one"), entry(stream, chat, 2, &large)]);
    both.concat()
}

async fn lengths(store: &dyn Store, chat: ChatId) -> [(usize, u64); 2] {
    let [log, feed] = STREAMS;
    let length = async |stream| {
        let read = entries(store, stream, chat).await.len();
        (read, store.newest(stream, chat).await.unwrap())
    };
    [length(log).await, length(feed).await]
}

async fn a_forgotten_chat_is_gone_and_no_other(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    // Neighbours of the chat in every order of keys.
    let others = [CHAT.0 - 1, CHAT.0 + 1, CHAT.0 + (1 << 64)].map(ChatId);
    let all = others.into_iter().chain([CHAT]).flat_map(some).collect();
    store.commit(Changes { entries: all, ..under(epoch) }).await.unwrap();
    // One that never was is no mistake, nor is one that is named twice.
    let forgotten = vec![CHAT, ChatId(5), CHAT];
    store.commit(Changes { forgotten, ..under(epoch) }).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    let store = backend.open();
    assert_eq!(lengths(&*store, CHAT).await, [(0, 0); 2]);
    for other in others {
        assert_eq!(lengths(&*store, other).await, [(2, 2); 2], "{other}");
    }
}

async fn what_is_forgotten_goes_with_the_rest_of_the_commit(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let record = |body: Option<&str>| (RecordKind::Chat, "c".to_owned(), body.map(Into::into));
    let records = vec![record(Some("chat"))];
    store.commit(Changes { records, entries: some(CHAT), ..under(epoch) }).await.unwrap();
    let gone = Changes { records: vec![record(None)], forgotten: vec![CHAT], ..under(epoch) };

    let gap = entry(Stream::Log, OTHER_CHAT, 2, "gap");
    let refused = Changes { entries: vec![gap], ..gone.clone() };
    store.commit(refused).await.unwrap_err();
    assert_eq!(lengths(&*store, CHAT).await, [(2, 2); 2]);
    assert!(store.record(RecordKind::Chat, "c").await.unwrap().is_some());

    store.commit(gone).await.unwrap();
    assert_eq!(lengths(&*store, CHAT).await, [(0, 0); 2]);
    assert_eq!(store.record(RecordKind::Chat, "c").await.unwrap(), None);
}

async fn nothing_is_forgotten_and_continued_at_once(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.commit(Changes { entries: some(CHAT), ..under(epoch) }).await.unwrap();
    for seq in [1, 3] {
        let entries = vec![entry(Stream::Feed, CHAT, seq, "more")];
        let both = Changes { entries, forgotten: vec![CHAT], ..under(epoch) };
        let error = store.commit(both).await.unwrap_err();
        let expected = if seq == 1 { "exists already" } else { "forgotten and continued" };
        assert!(error.to_string().contains(expected), "{error}");
        assert!(matches!(error, StoreError::Conflict { .. } | StoreError::Invalid(_)));
    }
    assert_eq!(lengths(&*store, CHAT).await, [(2, 2); 2]);
}

async fn numbers_begin_again_after_forgetting(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    // At once, and behind a large one, so that a store that gathers commits sees them together.
    let large = vec![entry(Stream::Log, OTHER_CHAT, 1, &"x".repeat(4_000_000))];
    let commits = [
        Changes { entries: large, ..under(epoch) },
        Changes { entries: some(CHAT), ..under(epoch) },
        Changes { forgotten: vec![CHAT], ..under(epoch) },
        Changes { entries: vec![entry(Stream::Log, CHAT, 1, "again")], ..under(epoch) },
    ];
    let commits = commits.map(|changes| store.commit(changes));
    for done in futures_util::future::join_all(commits).await {
        done.unwrap();
    }
    assert_eq!(entries(&*store, Stream::Log, CHAT).await, [(1, b"again".to_vec())]);
    assert_eq!(lengths(&*store, CHAT).await, [(1, 1), (0, 0)]);
    let more = vec![entry(Stream::Feed, CHAT, 3, "gap")];
    store.commit(Changes { entries: more, ..under(epoch) }).await.unwrap_err();
}

async fn whoever_watches_hears_of_forgotten_chats(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.commit(Changes { entries: some(CHAT), ..under(epoch) }).await.unwrap();
    let mut changes = store.watch();
    store.commit(Changes { forgotten: vec![CHAT], ..under(epoch) }).await.unwrap();
    assert_eq!(told(&mut changes), [Change::Feed(CHAT)]);
}

async fn records_are_found_by_ranges_of_keys(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let keys = ["a/1", "a/2", "a/20", "a0", "b/1", "ü"];
    let mut records: Vec<_> =
        keys.map(|key| (RecordKind::EndedChat, key.to_owned(), Some(key.into()))).into();
    // Of all others there is one in the middle of these keys.
    for kind in [RecordKind::Chat, RecordKind::Conversation, RecordKind::Event, RecordKind::Trace] {
        records.push((kind, "a/2".to_owned(), Some(b"other".to_vec())));
    }
    store.commit(Changes { records, ..under(epoch) }).await.unwrap();
    for (after, before, limit, expected) in [
        ("", None, 9, &keys[..]),
        ("", None, 2, &keys[..2]),
        ("", None, 0, &[]),
        ("a/", Some("a0"), 9, &["a/1", "a/2", "a/20"]),
        ("a/1", Some("a/20"), 9, &["a/2"]),
        ("a/10", Some("b"), 1, &["a/2"]),
        ("a0", None, 9, &["b/1", "ü"]),
        ("b", Some("a"), 9, &[]),
        ("a", Some("a"), 9, &[]),
        ("ü", None, 9, &[]),
    ] {
        let found =
            store.records_between(RecordKind::EndedChat, after, before, limit).await.unwrap();
        assert!(found.iter().all(|(key, body)| key.as_bytes() == body));
        let found: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(found, expected, "{after} to {before:?}");
    }
}
