//! Many callers at once.

use super::*;
use crate::store::{EffectSeq, RecordKind, StoreError, StoredEffect};

properties!(
    many_appenders_and_committers_lose_nothing,
    a_refused_commit_does_not_harm_its_neighbours,
    one_of_two_claimants_wins,
);

async fn many_appenders_and_committers_lose_nothing(backend: &impl Backend) {
    const CALLERS: u64 = 64;
    const ROUNDS: u64 = 20;
    let store = backend.open();
    let epoch = store.claim_epoch().await.unwrap();
    let callers = (0..CALLERS).map(|caller| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let chat = ChatId(caller.into());
            for round in 1..=ROUNDS {
                let key = format!("{caller} {round}");
                let items = vec![item(&key, round, key.as_str()), item("common", 1, "x")];
                assert!(store.append_inbox(items).await.unwrap()[0]);
                let changes = Changes {
                    records: vec![(RecordKind::Event, key.clone(), Some(key.clone().into()))],
                    entries: vec![
                        entry(Stream::Log, chat, round, &key),
                        entry(Stream::Feed, chat, round, &key),
                    ],
                    effects: vec![(
                        EffectSeq(caller * ROUNDS + round),
                        StoredEffect { body: key.into() },
                    )],
                    ..under(epoch)
                };
                store.commit(changes).await.unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }

    for reopened in [false, true] {
        let store = if reopened { backend.open() } else { Arc::clone(&store) };
        let keys = inbox_keys(&*store).await;
        assert_eq!(keys.len() as u64, CALLERS * ROUNDS + 1);
        for caller in 0..CALLERS {
            let own = (1..=ROUNDS).map(|round| format!("{caller} {round}"));
            let prefix = format!("{caller} ");
            assert!(own.clone().eq(keys.iter().filter(|key| key.starts_with(&prefix)).cloned()));
            let log = entries(&*store, Stream::Log, ChatId(caller.into())).await;
            assert!((1..).zip(own.map(String::into_bytes)).eq(log));
        }
        let depth = store.depth().await.unwrap();
        assert_eq!((depth.inbox, depth.effects), (CALLERS * ROUNDS + 1, CALLERS * ROUNDS));
        assert_eq!(store.effects().await.unwrap().len() as u64, CALLERS * ROUNDS);
        assert_eq!(store.records(RecordKind::Event).await.unwrap().len() as u64, CALLERS * ROUNDS);
        if !reopened {
            store.close().await.unwrap();
        }
    }
}

async fn a_refused_commit_does_not_harm_its_neighbours(backend: &impl Backend) {
    let store = backend.open();
    let old = store.claim_epoch().await.unwrap();
    let epoch = store.claim_epoch().await.unwrap();
    // All want number 1 of one chat and of a chat of their own; a third is fenced off.
    let commits = (1..=60).map(|caller| {
        let store = Arc::clone(&store);
        let right = if caller % 3 == 0 { old } else { epoch };
        tokio::spawn(async move {
            let own = ChatId(caller);
            let entries = vec![entry(Stream::Log, own, 1, "x"), entry(Stream::Log, CHAT, 1, "x")];
            (own, store.commit(Changes { entries, ..under(right) }).await)
        })
    });
    let mut won = 0;
    for commit in commits.collect::<Vec<_>>() {
        let (own, result) = commit.await.unwrap();
        let written = store.newest(Stream::Log, own).await.unwrap();
        match result {
            Ok(()) => won += 1,
            Err(StoreError::Fenced { .. }) => assert_eq!(own.0 % 3, 0),
            Err(StoreError::Conflict { chat, seq, .. }) => assert_eq!((chat, seq), (CHAT, 1)),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(written, u64::from(result.is_ok()));
    }
    assert_eq!(won, 1);
}

async fn one_of_two_claimants_wins(backend: &impl Backend) {
    let store = backend.open();
    let claims = (0..16).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.claim_epoch().await.unwrap() })
    });
    let mut epochs = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        epochs.push(claim.await.unwrap());
    }
    epochs.sort();
    assert!(epochs.is_sorted_by(|a, b| a < b), "an epoch was granted twice: {epochs:?}");
    let last = epochs.pop().unwrap();
    for epoch in epochs {
        assert!(store.commit(under(epoch)).await.is_err());
    }
    store.commit(under(last)).await.unwrap();
}
