//! A commit is all or nothing, and only one process makes them.

use super::*;
use crate::store::{EffectSeq, RecordKind, StoreError, StoredEffect};

properties!(
    the_identity_is_stable_and_its_own,
    a_commit_writes_everything,
    a_refused_commit_changes_nothing,
    an_old_epoch_is_fenced_off,
    epochs_grow_over_reopening,
    a_taken_number_is_a_conflict,
    a_gap_is_refused,
    streams_are_apart_and_in_pages,
    records_are_written_and_deleted,
    effects_wait_until_they_are_done,
    an_effect_is_never_overwritten,
    everything_is_there_after_reopening,
    large_commits_are_kept,
);

fn effect(seq: u64, body: &str) -> (EffectSeq, StoredEffect) {
    (EffectSeq(seq), StoredEffect { body: body.into() })
}

async fn the_identity_is_stable_and_its_own(backend: &impl Backend) {
    let store = backend.open();
    let first = store.identity().clone();
    assert_eq!(first.incarnation.len(), 16);
    assert!(first.incarnation.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    assert_ne!(first.secret, [0; 32]);
    assert!(!format!("{first:?}").contains("secret"));
    store.close().await.unwrap();
    drop(store);

    let again = backend.open().identity().clone();
    assert_eq!(again.incarnation, first.incarnation);
    assert_eq!(again.secret, first.secret);
}

#[tokio::test]
async fn two_stores_have_two_identities() {
    let (one, two) = (Sled::new().open(), Sled::new().open());
    assert_ne!(one.identity().incarnation, two.identity().incarnation);
    assert_ne!(one.identity().secret, two.identity().secret);
}

/// A commit of one of everything.
fn one_of_everything(epoch: Epoch, inbox_done: Vec<InboxSeq>) -> Changes {
    Changes {
        inbox_done,
        records: vec![(RecordKind::Chat, "c".to_owned(), Some(b"chat".to_vec()))],
        entries: vec![
            entry(Stream::Log, CHAT, 1, "log 1"),
            entry(Stream::Feed, CHAT, 1, "feed 1"),
            entry(Stream::Log, CHAT, 2, "log 2"),
        ],
        effects: vec![effect(7, "seven")],
        ..under(epoch)
    }
}

async fn assert_one_of_everything(store: &dyn Store) {
    assert_eq!(inbox(store).await, []);
    assert_eq!(store.record(RecordKind::Chat, "c").await.unwrap().unwrap(), b"chat");
    let log = [(1, b"log 1".to_vec()), (2, b"log 2".to_vec())];
    assert_eq!(entries(store, Stream::Log, CHAT).await, log);
    assert_eq!(entries(store, Stream::Feed, CHAT).await, [(1, b"feed 1".to_vec())]);
    assert_eq!(store.effects().await.unwrap(), [effect(7, "seven")]);
    assert_eq!(store.depth().await.unwrap().effects, 1);
}

async fn a_commit_writes_everything(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.append_inbox(vec![item("a", 1, "x")]).await.unwrap();
    let done = inbox(&*store).await[0].seq;
    store.commit(one_of_everything(epoch, vec![done])).await.unwrap();
    assert_one_of_everything(&*store).await;
}

async fn a_refused_commit_changes_nothing(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.append_inbox(vec![item("a", 1, "x")]).await.unwrap();
    let first = entry(Stream::Feed, OTHER_CHAT, 1, "taken");
    store.commit(Changes { entries: vec![first.clone()], ..under(epoch) }).await.unwrap();

    let done = inbox(&*store).await[0].seq;
    let good = one_of_everything(epoch, vec![done]);
    let mut conflict = good.clone();
    conflict.entries.push(first);
    let mut gap = good.clone();
    gap.entries.push(entry(Stream::Log, OTHER_CHAT, 2, "gap"));
    let mut fenced = good.clone();
    fenced.epoch -= 1;
    for bad in [conflict, gap, fenced] {
        store.commit(bad).await.unwrap_err();
    }

    assert_eq!(inbox_keys(&*store).await, ["a"]);
    assert_eq!(store.record(RecordKind::Chat, "c").await.unwrap(), None);
    assert_eq!(entries(&*store, Stream::Log, CHAT).await, []);
    assert_eq!(store.newest(Stream::Feed, CHAT).await.unwrap(), 0);
    assert_eq!(store.effects().await.unwrap(), []);
    assert_eq!(store.depth().await.unwrap().effects, 0);

    store.commit(good).await.unwrap();
    assert_one_of_everything(&*store).await;
}

async fn an_old_epoch_is_fenced_off(backend: &impl Backend) {
    let store = backend.open();
    let old = store.claim_epoch().await.unwrap();
    store.commit(under(old)).await.unwrap();
    let new = store.claim_epoch().await.unwrap();
    assert!(new > old);

    let error = store.commit(under(old)).await.unwrap_err();
    let StoreError::Fenced { held, current } = error else { panic!("{error}") };
    assert_eq!((held, current), (old.0, new.0));
    store.commit(under(new)).await.unwrap();

    let error = store.commit(under(Epoch(new.0 + 1))).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    // Appending needs no right.
    assert_eq!(store.append_inbox(vec![item("a", 1, "x")]).await.unwrap(), [true]);
}

async fn epochs_grow_over_reopening(backend: &impl Backend) {
    let mut last = Epoch(0);
    for _ in 0..3 {
        let store = backend.open();
        let epoch = store.claim_epoch().await.unwrap();
        assert!(epoch > last);
        if last > Epoch(0) {
            assert!(store.commit(under(last)).await.is_err());
        }
        last = epoch;
        store.close().await.unwrap();
    }
}

async fn a_taken_number_is_a_conflict(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let commit = |entries: Vec<StreamEntry>| {
        let changes = Changes { entries, ..under(epoch) };
        let store = Arc::clone(&store);
        async move { store.commit(changes).await }
    };
    let log = |seq| entry(Stream::Log, CHAT, seq, "x");
    commit(vec![log(1), log(2), log(3)]).await.unwrap();

    for (entries, taken) in [
        (vec![log(1)], 1),
        (vec![log(3)], 3),
        (vec![log(4), log(4)], 4),
        (vec![log(4), log(5), log(2)], 2),
        (vec![log(0)], 0),
    ] {
        let error = commit(entries).await.unwrap_err();
        let StoreError::Conflict { stream, chat, seq } = error else { panic!("{error}") };
        assert_eq!((stream, chat, seq), (Stream::Log, CHAT, taken));
    }
    assert_eq!(store.newest(Stream::Log, CHAT).await.unwrap(), 3);
    commit(vec![log(4), entry(Stream::Feed, CHAT, 1, "x")]).await.unwrap();
}

async fn a_gap_is_refused(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let feed = |seq| entry(Stream::Feed, CHAT, seq, "x");
    for entries in [vec![feed(2)], vec![feed(1), feed(3)], vec![feed(u64::MAX)]] {
        let error = store.commit(Changes { entries, ..under(epoch) }).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    }
    assert_eq!(store.newest(Stream::Feed, CHAT).await.unwrap(), 0);
}

async fn streams_are_apart_and_in_pages(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    // Enough that numbers have more than one byte, and chats that stand beside each other.
    let streams = [
        (Stream::Log, CHAT, 700),
        (Stream::Feed, CHAT, 300),
        (Stream::Log, OTHER_CHAT, 20),
        (Stream::Feed, ChatId(u128::MAX), 3),
        (Stream::Log, ChatId(0), 3),
    ];
    let body = |stream, chat: ChatId, seq| format!("{stream:?} {chat} {seq}");
    for (stream, chat, count) in streams {
        let entries = (1..=count).map(|seq| entry(stream, chat, seq, &body(stream, chat, seq)));
        let changes = Changes { entries: entries.collect(), ..under(epoch) };
        store.commit(changes).await.unwrap();
    }

    for (stream, chat, count) in streams {
        assert_eq!(store.newest(stream, chat).await.unwrap(), count);
        let mut seen = 0;
        loop {
            let page = store.stream(stream, chat, seen, 64).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 64);
            for (seq, text) in page {
                seen += 1;
                assert_eq!((seq, text), (seen, body(stream, chat, seen).into_bytes()));
            }
        }
        assert_eq!(seen, count);
        assert_eq!(store.stream(stream, chat, u64::MAX, 9).await.unwrap(), []);
    }
    assert_eq!(store.newest(Stream::Feed, OTHER_CHAT).await.unwrap(), 0);
    assert_eq!(entries(&*store, Stream::Feed, OTHER_CHAT).await, []);
}

const KINDS: [RecordKind; 17] = [
    RecordKind::Visitor,
    RecordKind::UsedToken,
    RecordKind::Message,
    RecordKind::BotRoom,
    RecordKind::ArchivedConversation,
    RecordKind::Chat,
    RecordKind::Agent,
    RecordKind::Conversation,
    RecordKind::Event,
    RecordKind::Session,
    RecordKind::Quarantine,
    RecordKind::Parked,
    RecordKind::Centre,
    RecordKind::Audit,
    RecordKind::DayCounts,
    RecordKind::PauseReason,
    RecordKind::Meta,
];

async fn records_are_written_and_deleted(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let commit = async |records: Vec<(RecordKind, &str, Option<&str>)>| {
        let records = records.into_iter();
        let records = records.map(|(kind, key, body)| (kind, key.to_owned(), body.map(Into::into)));
        let changes = Changes { records: records.collect(), ..under(epoch) };
        store.commit(changes).await.unwrap();
    };
    for (kind, name) in KINDS.map(|kind| (kind, format!("{kind:?}"))) {
        commit(vec![(kind, "b", Some(&name)), (kind, "", Some("")), (kind, "a\0", Some("a"))])
            .await;
    }
    for kind in KINDS {
        let name = format!("{kind:?}").into_bytes();
        assert_eq!(store.record(kind, "b").await.unwrap().as_ref(), Some(&name));
        assert_eq!(store.record(kind, "c").await.unwrap(), None);
        let all = [("", Vec::new()), ("a\0", b"a".to_vec()), ("b", name)];
        assert_eq!(store.records(kind).await.unwrap(), all.map(|(k, v)| (k.to_owned(), v)));
    }

    commit(vec![
        (RecordKind::Chat, "b", None),
        (RecordKind::Chat, "never was", None),
        (RecordKind::Chat, "", Some("new")),
        // The last word counts.
        (RecordKind::Agent, "b", None),
        (RecordKind::Agent, "b", Some("back")),
        (RecordKind::Agent, "d", Some("gone")),
        (RecordKind::Agent, "d", None),
    ])
    .await;
    assert_eq!(store.record(RecordKind::Chat, "b").await.unwrap(), None);
    assert_eq!(store.record(RecordKind::Chat, "").await.unwrap().unwrap(), b"new");
    assert_eq!(store.record(RecordKind::Agent, "b").await.unwrap().unwrap(), b"back");
    assert_eq!(store.record(RecordKind::Agent, "d").await.unwrap(), None);
    assert_eq!(store.records(RecordKind::Chat).await.unwrap().len(), 2);
}

async fn effects_wait_until_they_are_done(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let commit = async |effects, done: &[u64]| {
        let effects_done = done.iter().copied().map(EffectSeq).collect();
        store.commit(Changes { effects, effects_done, ..under(epoch) }).await.unwrap();
    };
    commit(vec![effect(300, "c"), effect(2, "b")], &[]).await;
    commit(vec![effect(1, "a")], &[]).await;
    let waiting = [effect(1, "a"), effect(2, "b"), effect(300, "c")];
    assert_eq!(store.effects().await.unwrap(), waiting);
    assert_eq!(store.depth().await.unwrap().effects, 3);

    // Done in another order, twice, unknown, and in the commit that brings it.
    commit(vec![effect(301, "d"), effect(302, "e")], &[2, 2, 999, 301]).await;
    commit(Vec::new(), &[2]).await;
    let waiting = [effect(1, "a"), effect(300, "c"), effect(302, "e")];
    assert_eq!(store.effects().await.unwrap(), waiting);
    assert_eq!(store.depth().await.unwrap().effects, 3);
}

async fn an_effect_is_never_overwritten(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let first = Changes { effects: vec![effect(1, "first")], ..under(epoch) };
    store.commit(first).await.unwrap();
    for effects in [vec![effect(1, "second")], vec![effect(2, "x"), effect(2, "y")]] {
        let error = store.commit(Changes { effects, ..under(epoch) }).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    }
    assert_eq!(store.effects().await.unwrap(), [effect(1, "first")]);
}

async fn everything_is_there_after_reopening(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    store.commit(one_of_everything(epoch, Vec::new())).await.unwrap();
    // Without closing, as when the process is killed.
    drop(store);

    let store = backend.open();
    assert_one_of_everything(&*store).await;
    let epoch = store.claim_epoch().await.unwrap();
    let next = entry(Stream::Log, CHAT, 3, "log 3");
    store.commit(Changes { entries: vec![next], ..under(epoch) }).await.unwrap();
    assert_eq!(store.newest(Stream::Log, CHAT).await.unwrap(), 3);
}

async fn large_commits_are_kept(backend: &impl Backend) {
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let large = |n: u8| vec![n; 1 << 20];
    for round in 0..3 {
        let feed = Stream::Feed;
        let entries = (1..=4).map(|n| StreamEntry {
            stream: feed,
            chat: CHAT,
            seq: u64::from(round * 4 + n),
            body: large(round * 4 + n),
        });
        let records = vec![(RecordKind::Conversation, round.to_string(), Some(large(round)))];
        let effects = vec![(EffectSeq(round.into()), StoredEffect { body: large(round) })];
        let changes = Changes { entries: entries.collect(), records, effects, ..under(epoch) };
        store.commit(changes).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);

    let store = backend.open();
    let feed = entries(&*store, Stream::Feed, CHAT).await;
    assert!(feed.into_iter().eq((1..=12).map(|n| (u64::from(n), large(n)))));
    for (round, (seq, effect)) in (0..).zip(store.effects().await.unwrap()) {
        assert_eq!(seq.0, u64::from(round));
        assert!(effect.body == large(round));
    }
    assert_eq!(store.records(RecordKind::Conversation).await.unwrap().len(), 3);
}
