//! What the runner does when something of its own fails.

use serde_json::Value;

use super::{rooms::BOTH, *};
use crate::store::{Changes, StoreError};

/// Whether a commit writes a record of this kind.
fn writes(changes: &Changes, kind: RecordKind) -> bool {
    changes.records.iter().any(|(of, _, value)| *of == kind && value.is_some())
}

/// Whether a commit writes a log entry that says this happened.
fn tells(changes: &Changes, what: &str) -> bool {
    changes.entries.iter().any(|entry| {
        let entry: Value = serde_json::from_slice(&entry.body).expect("JSON");
        entry["what"]["event"] == what
    })
}

#[tokio::test]
async fn a_broken_store_ends_the_process() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    bench.feed(1).await;
    bench.store.break_at_next_commit();
    bench.says("unlucky").await;
    let ended = tokio::time::timeout(DEADLINE, bench.running).await.expect("in time");
    let error = ended.expect("no panic").expect_err("it cannot go on");
    assert!(matches!(error, LoadError::Store(StoreError::Closed)), "{error}");
}

#[tokio::test]
async fn an_end_of_an_effect_that_cannot_be_handled_is_put_aside() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.rings().await;
    bench.says("one").await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Say { .. })).await;
    bench.store.guard_commits(|changes| {
        assert!(!writes(changes, RecordKind::Event), "a fault of ours");
        Ok(())
    });
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$one").to_owned()));
    let parked = async {
        loop {
            let parked = bench.store.records(RecordKind::Parked).await.expect("read");
            if !parked.is_empty() {
                return parked;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let parked = tokio::time::timeout(DEADLINE, parked).await.expect("in time");
    assert_eq!(parked[0].0, effect_id(&bench.store.identity().incarnation, seq));
    bench.says("two").await;
    assert_eq!(bench.feed(3).await, [FeedBody::Queued {}, own("one"), own("two")]);
    bench.stop.cancel();
}

#[tokio::test]
async fn an_item_that_the_store_does_not_take_is_put_aside() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    bench.feed(1).await;
    bench.store.guard_commits(|changes| {
        let bad = changes
            .entries
            .iter()
            .any(|entry| String::from_utf8_lossy(&entry.body).contains("text of poison"));
        if bad { Err(StoreError::Invalid("poison".to_owned())) } else { Ok(()) }
    });
    for key in ["one", "poison", "two"] {
        bench.says(key).await;
    }
    assert_eq!(bench.feed(3).await, [FeedBody::Queued {}, own("one"), own("two")]);
    let quarantined = bench.store.records(RecordKind::Quarantine).await.expect("read");
    assert_eq!(quarantined.len(), 1);
    assert!(quarantined[0].0.ends_with(":poison"));
    bench.stop.cancel();
}

#[tokio::test]
async fn timers_that_fail_do_not_keep_the_rest_from_going_on() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span(1)).await;
    bench.whispers.send(Whisper::CaughtUp).await.expect("the runner runs");
    bench.store.guard_commits(|changes| {
        assert!(!tells(changes, "missed"), "a fault of ours");
        Ok(())
    });
    bench.rings().await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Ring { .. })).await;
    bench.ends_well(seq, effect, Done::Rung);
    for key in ["one", "two", "three"] {
        bench.says(key).await;
    }
    let expected = [FeedBody::Queued {}, own("one"), own("two"), own("three")];
    assert_eq!(bench.feed(4).await, expected);
    assert!(!bench.running.is_finished());
    bench.store.guard_commits(|_| Ok(()));
    // Once the fault is gone, the request is missed, and the next agent is asked.
    let (_, second) = bench.next(|deed| matches!(deed, Deed::Ring { .. })).await;
    assert!(matches!(second.deed, Deed::Ring { request: 2, .. }), "{second:?}");
    bench.stop.cancel();
}

#[tokio::test]
async fn what_cannot_be_handled_is_put_aside_and_the_rest_goes_on() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    let rubbish = [
        ("send:0:garbage", b"{not json".to_vec()),
        ("event:$nothing", b"{}".to_vec()),
        ("send:1:unknown", {
            let (key, text) = ("k".into(), "t".into());
            let send = CustomerInput::Send {
                chat: ChatId(1),
                key,
                text,
                email: None,
                reply_to: None,
                files: Vec::new(),
            };
            serde_json::to_vec(&send).expect("JSON")
        }),
    ];
    for (key, body) in rubbish {
        let item = NewInboxItem { key: key.to_owned(), received: 1, body };
        bench.store.append_inbox(vec![item]).await.expect("stored");
    }
    bench.says("after").await;
    assert_eq!(bench.feed(2).await, [FeedBody::Queued {}, own("after")]);
    let quarantined = bench.store.records(RecordKind::Quarantine).await.expect("read");
    let keys: Vec<&str> = quarantined.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["event:$nothing", "send:0:garbage", "send:1:unknown"]);
    let record: Quarantined = serde_json::from_slice(&quarantined[1].1).expect("a record");
    assert_eq!(record.body, "{not json");
    bench.stop.cancel();
}

/// A message whose handler panics `times` times, between two others. Gives how often it was called.
async fn panics_between_two_others(bench: &Bench, key: &str, times: u32) -> u32 {
    bench.starts().await;
    bench.feed(1).await;
    let message = |key: &str| {
        let (key, text) = (key.to_owned(), format!("text of {key}"));
        CustomerInput::Send {
            chat: CHAT,
            key,
            text,
            email: None,
            reply_to: None,
            files: Vec::new(),
        }
        .into_item(1)
        .expect("JSON")
    };
    let item = message(key);
    let item_key = item.key.clone();
    panics().insert(item_key.clone(), (times, 0));
    let items = vec![message("before"), item, message("after")];
    bench.store.append_inbox(items).await.expect("stored");
    let mut changes = bench.store.watch();
    let handled = async {
        while bench.store.depth().await.expect("read").inbox > 0 {
            let _ = changes.recv().await;
        }
    };
    tokio::time::timeout(DEADLINE, handled).await.expect("in time");
    panics().remove(&item_key).expect("it was put there").1
}

#[tokio::test]
async fn an_item_that_panics_each_time_is_put_aside_after_some_tries() {
    let bench = Bench::new(MemoryStore::new()).await;
    let calls = panics_between_two_others(&bench, "panics-for-ever", u32::MAX).await;
    assert_eq!(calls, TRIES);
    assert_eq!(bench.feed(3).await, [FeedBody::Queued {}, own("before"), own("after")]);
    let quarantined = bench.store.records(RecordKind::Quarantine).await.expect("read");
    assert_eq!(quarantined.len(), 1, "{quarantined:?}");
    let record: Quarantined = serde_json::from_slice(&quarantined[0].1).expect("a record");
    assert!(record.body.contains("panics-for-ever"), "its body is kept: {record:?}");
    let metrics = bench.metrics.render(&Depth::default(), 1);
    assert!(metrics.contains("switchboard_inbox_quarantined_total 1\n"), "{metrics}");
    bench.stop.cancel();
}

#[tokio::test]
async fn an_item_that_panics_less_often_is_handled() {
    for times in [1, TRIES - 1] {
        let bench = Bench::new(MemoryStore::new()).await;
        let key = format!("panics-{times}-times");
        let calls = panics_between_two_others(&bench, &key, times).await;
        assert_eq!(calls, times + 1);
        let expected = [FeedBody::Queued {}, own("before"), own(&key), own("after")];
        assert_eq!(bench.feed(4).await, expected);
        let quarantined = bench.store.records(RecordKind::Quarantine).await.expect("read");
        assert_eq!(quarantined, [], "{times}");
        let metrics = bench.metrics.render(&Depth::default(), 1);
        assert!(metrics.contains("switchboard_inbox_quarantined_total 0\n"), "{metrics}");
        bench.stop.cancel();
    }
}

#[tokio::test]
async fn a_failed_commit_loses_and_doubles_nothing() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    bench.feed(1).await;
    bench.store.fail_next_commits(3);
    for key in ["one", "two", "three"] {
        bench.says(key).await;
    }
    let expected = [FeedBody::Queued {}, own("one"), own("two"), own("three")];
    assert_eq!(bench.feed(4).await, expected);
    bench.stop.cancel();
}
