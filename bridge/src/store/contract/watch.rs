//! Watchers are told, but never too early.

use super::*;
use crate::store::{EffectSeq, StoredEffect};

properties!(
    new_items_are_told_once_per_append,
    commits_tell_each_feed_once_and_effects_once,
    what_is_told_can_be_read,
    who_lags_is_told_so,
);

async fn new_items_are_told_once_per_append(backend: &impl Backend) {
    let store = backend.open();
    let mut changes = store.watch();
    store.append_inbox(vec![item("a", 1, "x"), item("b", 1, "x")]).await.unwrap();
    assert_eq!(told(&mut changes), [Change::Inbox]);
    store.append_inbox(vec![item("a", 1, "x"), item("c", 1, "x")]).await.unwrap();
    assert_eq!(told(&mut changes), [Change::Inbox]);
    store.append_inbox(vec![item("a", 1, "x"), item("b", 1, "x")]).await.unwrap();
    store.append_inbox(Vec::new()).await.unwrap();
    assert_eq!(told(&mut changes), []);
}

async fn commits_tell_each_feed_once_and_effects_once(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let mut changes = store.watch();
    let effect = |seq| (EffectSeq(seq), StoredEffect { body: Vec::new() });
    let all = Changes {
        entries: vec![
            entry(Stream::Feed, CHAT, 1, "x"),
            entry(Stream::Feed, OTHER_CHAT, 1, "x"),
            entry(Stream::Feed, CHAT, 2, "x"),
            entry(Stream::Log, ChatId(5), 1, "x"),
        ],
        effects: vec![effect(1), effect(2)],
        ..under(epoch)
    };
    store.commit(all.clone()).await.unwrap();
    let expected = [Change::Feed(CHAT), Change::Feed(OTHER_CHAT), Change::Effects];
    assert_eq!(told(&mut changes), expected);

    // Refused, and of no interest.
    store.commit(all).await.unwrap_err();
    let effects_done = vec![EffectSeq(1)];
    store.commit(Changes { effects_done, ..under(epoch) }).await.unwrap();
    assert_eq!(told(&mut changes), []);
}

async fn what_is_told_can_be_read(backend: &impl Backend) {
    const ROUNDS: u64 = 200;
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let mut changes = store.watch();
    let reader = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for seq in 1..=ROUNDS {
                assert_eq!(changes.recv().await.unwrap(), Change::Feed(CHAT));
                assert!(store.newest(Stream::Feed, CHAT).await.unwrap() >= seq);
            }
        }
    });
    for seq in 1..=ROUNDS {
        let entries = vec![entry(Stream::Feed, CHAT, seq, "x")];
        store.commit(Changes { entries, ..under(epoch) }).await.unwrap();
    }
    reader.await.unwrap();
}

async fn who_lags_is_told_so(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let mut changes = store.watch();
    let entries = (0..5000).map(|chat| entry(Stream::Feed, ChatId(chat), 1, "x")).collect();
    store.commit(Changes { entries, ..under(epoch) }).await.unwrap();
    let lagged = changes.try_recv().unwrap_err();
    assert!(matches!(lagged, TryRecvError::Lagged(_)), "{lagged}");
}
