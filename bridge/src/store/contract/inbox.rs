//! What arrives is kept once and in order.

use super::*;
use crate::store::Depth;

properties!(
    append_is_idempotent_in_one_call,
    append_is_idempotent_over_calls,
    append_is_idempotent_after_handling,
    append_is_idempotent_over_reopening,
    concurrent_appends_of_one_key_keep_one,
    items_come_in_order_and_in_pages,
    positions_grow_over_reopening,
    bodies_come_back_as_they_were,
    depth_counts_what_waits,
    forgetting_keeps_what_is_unhandled_or_new,
    forgetting_works_on_many_keys,
    nothing_works_once_it_is_closed,
);

async fn append_is_idempotent_in_one_call(backend: &impl Backend) {
    let store = backend.open();
    let items = vec![item("a", 1, "first"), item("b", 2, "b"), item("a", 3, "second")];
    assert_eq!(store.append_inbox(items).await.unwrap(), [true, true, false]);

    let kept = inbox(&*store).await;
    assert_eq!(kept.len(), 2);
    assert_eq!((&*kept[0].key, kept[0].received, &*kept[0].body), ("a", 1, &b"first"[..]));
    assert_eq!(kept[1].key, "b");
}

async fn append_is_idempotent_over_calls(backend: &impl Backend) {
    let store = backend.open();
    assert_eq!(store.append_inbox(vec![item("a", 1, "x")]).await.unwrap(), [true]);
    let again = vec![item("a", 2, "y"), item("b", 2, "y")];
    assert_eq!(store.append_inbox(again).await.unwrap(), [false, true]);
    assert!(store.append_inbox(Vec::new()).await.unwrap().is_empty());
    assert_eq!(inbox_keys(&*store).await, ["a", "b"]);
}

async fn append_is_idempotent_after_handling(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.append_inbox(vec![item("a", 1, "x"), item("b", 1, "x")]).await.unwrap();
    handle_all(&*store, epoch).await;
    assert_eq!(inbox_keys(&*store).await, [""; 0]);

    let again = vec![item("b", 9, "x"), item("c", 9, "x"), item("a", 9, "x")];
    assert_eq!(store.append_inbox(again).await.unwrap(), [false, true, false]);
    assert_eq!(inbox_keys(&*store).await, ["c"]);
}

async fn append_is_idempotent_over_reopening(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.append_inbox(vec![item("handled", 1, "x")]).await.unwrap();
    handle_all(&*store, epoch).await;
    store.append_inbox(vec![item("waiting", 1, "x")]).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    let store = backend.open();
    let again = vec![item("handled", 2, "y"), item("waiting", 2, "y"), item("new", 2, "y")];
    assert_eq!(store.append_inbox(again).await.unwrap(), [false, false, true]);
    assert_eq!(inbox_keys(&*store).await, ["waiting", "new"]);
}

async fn concurrent_appends_of_one_key_keep_one(backend: &impl Backend) {
    let store = backend.open();
    for round in 0..20 {
        let key = format!("key {round}");
        let appends = (0..16).map(|_| {
            let (store, items) = (Arc::clone(&store), vec![item(&key, 1, "x")]);
            tokio::spawn(async move { store.append_inbox(items).await.unwrap()[0] })
        });
        let mut new = 0;
        for append in appends.collect::<Vec<_>>() {
            new += u32::from(append.await.unwrap());
        }
        assert_eq!(new, 1, "{key}");
    }
    assert_eq!(inbox(&*store).await.len(), 20);
}

async fn items_come_in_order_and_in_pages(backend: &impl Backend) {
    let store = backend.open();
    // Neither the keys' order nor the times' is the order of arrival.
    let keys: Vec<String> = (0..300_u32).map(|n| format!("{:x}", n.wrapping_mul(77))).collect();
    for (n, keys) in (0..).zip(keys.chunks(7)) {
        let items = keys.iter().map(|key| item(key, 1000 - n, key.as_str())).collect();
        store.append_inbox(items).await.unwrap();
    }
    assert_eq!(inbox_keys(&*store).await, keys);

    let (mut paged, mut after) = (Vec::new(), InboxSeq(0));
    loop {
        let page = store.inbox(after, 11).await.unwrap();
        assert!(page.len() <= 11);
        assert!(page.is_sorted_by(|a, b| a.seq < b.seq));
        let Some(last) = page.last() else { break };
        assert!(page[0].seq > after);
        after = last.seq;
        paged.extend(page.into_iter().map(|item| item.key));
    }
    assert_eq!(paged, keys);
    assert_eq!(store.inbox(InboxSeq(u64::MAX), 1).await.unwrap(), []);
    assert_eq!(store.inbox(InboxSeq(0), 0).await.unwrap(), []);
}

async fn positions_grow_over_reopening(backend: &impl Backend) {
    let mut last = InboxSeq(0);
    for round in 0..3 {
        let store = backend.open();
        let epoch = store.claim_epoch().await.unwrap();
        store.append_inbox(vec![item(&format!("key {round}"), 1, "x")]).await.unwrap();
        let [item] = &inbox(&*store).await[..] else { panic!("not one item") };
        assert!(item.seq > last, "{:?} is not above {last:?}", item.seq);
        last = item.seq;
        // Nothing is left that could tell how far it was.
        handle_all(&*store, epoch).await;
        store.close().await.unwrap();
    }
}

async fn bodies_come_back_as_they_were(backend: &impl Backend) {
    let large: Vec<u8> = (0..1_u32 << 20).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    let bodies = [Vec::new(), vec![0; 40], b"\0a\0\xff\r\n".to_vec(), large];
    let keys = ["", "a\0b", "k\u{10ffff}", "very long ".repeat(1000).leak()];

    let store = backend.open();
    for (key, body) in keys.iter().zip(&bodies) {
        assert_eq!(store.append_inbox(vec![item(key, 7, body.clone())]).await.unwrap(), [true]);
    }
    store.close().await.unwrap();
    drop(store);

    let store = backend.open();
    let kept = inbox(&*store).await;
    let kept_keys: Vec<&str> = kept.iter().map(|item| &*item.key).collect();
    assert_eq!(kept_keys, keys);
    assert!(kept.iter().map(|item| &item.body).eq(&bodies));

    let epoch = store.claim_epoch().await.unwrap();
    handle_all(&*store, epoch).await;
    for key in keys {
        assert_eq!(store.append_inbox(vec![item(key, 8, "")]).await.unwrap(), [false]);
    }
}

async fn depth_counts_what_waits(backend: &impl Backend) {
    let store = backend.open();
    assert_eq!(store.depth().await.unwrap(), Depth::default());
    let epoch = store.claim_epoch().await.unwrap();

    store.append_inbox(vec![item("a", 30, "x"), item("b", 20, "x")]).await.unwrap();
    store.append_inbox(vec![item("a", 40, "x"), item("c", 40, "x")]).await.unwrap();
    let depth = Depth { inbox: 3, inbox_oldest: Some(30), effects: 0 };
    assert_eq!(store.depth().await.unwrap(), depth);

    let first = inbox(&*store).await[0].seq;
    let done = || Changes { inbox_done: vec![first], ..under(epoch) };
    store.commit(done()).await.unwrap();
    store.commit(done()).await.unwrap();
    let depth = Depth { inbox: 2, inbox_oldest: Some(20), effects: 0 };
    assert_eq!(store.depth().await.unwrap(), depth);

    store.close().await.unwrap();
    drop(store);
    let store = backend.open();
    assert_eq!(store.depth().await.unwrap(), depth);

    let epoch = store.claim_epoch().await.unwrap();
    handle_all(&*store, epoch).await;
    assert_eq!(store.depth().await.unwrap(), Depth::default());
}

async fn forgetting_keeps_what_is_unhandled_or_new(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.append_inbox(vec![item("old", 10, "x"), item("newer", 20, "x")]).await.unwrap();
    handle_all(&*store, epoch).await;
    store.append_inbox(vec![item("old, unhandled", 10, "x")]).await.unwrap();

    assert_eq!(store.forget_keys(10).await.unwrap(), 0);
    assert_eq!(store.forget_keys(20).await.unwrap(), 1);
    assert_eq!(store.forget_keys(20).await.unwrap(), 0);

    assert_eq!(inbox_keys(&*store).await, ["old, unhandled"]);
    let again = ["old", "newer", "old, unhandled"].map(|key| item(key, 30, "x"));
    assert_eq!(store.append_inbox(again.to_vec()).await.unwrap(), [true, false, false]);
}

async fn forgetting_works_on_many_keys(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let items = (0..3500).map(|n| item(&format!("{n}"), n, "x")).collect();
    store.append_inbox(items).await.unwrap();
    handle_all(&*store, epoch).await;

    assert_eq!(store.forget_keys(3000).await.unwrap(), 3000);
    assert_eq!(store.forget_keys(3000).await.unwrap(), 0);
    assert_eq!(store.forget_keys(u64::MAX).await.unwrap(), 500);
}

async fn nothing_works_once_it_is_closed(backend: &impl Backend) {
    let store = backend.open();
    store.close().await.unwrap();
    assert!(store.append_inbox(vec![item("a", 1, "x")]).await.is_err());
    assert!(store.commit(Changes::default()).await.is_err());
    assert!(store.claim_epoch().await.is_err());
    assert!(store.inbox(InboxSeq(0), 1).await.is_err());
    assert!(store.depth().await.is_err());
}
