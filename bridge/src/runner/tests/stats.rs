//! What is counted, and that it is counted once.

use switchboard_centre::{commands::Period, statistics::Counts};
use switchboard_engine::{Input, Removal, Time};

use super::{
    office::{MONDAY, Office, id},
    *,
};
use crate::store::Changes;

const CARLA: &str = "@carla:localhost";
const DAN: &str = "@dan:localhost";

/// What is stored.
async fn counts(store: &MemoryStore) -> BTreeMap<String, Counts> {
    let records = store.records(RecordKind::DayCounts).await.expect("read");
    let read = |bytes: &[u8]| serde_json::from_slice(bytes).expect("counts");
    records.into_iter().map(|(key, bytes)| (key, read(&bytes))).collect()
}

/// Nobody is logged on, so that everybody waits until somebody is.
async fn office(now: Time) -> Office {
    let mut office = Office::new(MemoryStore::new(), now).await;
    office.logs_off("anna").await;
    office.logs_off("ben").await;
    office
}

#[tokio::test]
async fn everything_counts_where_it_happens() {
    let mut office = office(MONDAY).await;
    // Three wait for sales, then it is full: the fourth goes to support.
    for chat in 1..=4 {
        office.starts(chat, "sales").await;
    }
    office.later(40);
    office.customer(CustomerInput::End { chat: ChatId(3) }).await;
    office.moves(2, "help").await;
    // Anna misses the first, then takes it nevertheless. Ben rejects the second.
    office.logs_on("anna", "all-round").await;
    office.rings(1).await;
    office.later(45);
    office.timer().await;
    office.later(15);
    office.joins(1, "anna").await;
    office.input(Input::AgentConfirmsEnd { chat: ChatId(1), agent: id("anna") }).await;
    office.logs_off("anna").await;
    office.logs_on("ben", "support-only").await;
    office.rings(2).await;
    let (chat, agent, how) = (ChatId(2), id("ben"), Removal::Declined);
    office.input(Input::AgentGone { chat, agent, how }).await;
    office.logs_off("ben").await;
    // The others are asked for a message an hour later; one of them leaves one, one leaves.
    office.later(3600);
    office.timer().await;
    let (key, text) = ("k".to_owned(), "call me".to_owned());
    office
        .customer(CustomerInput::Send {
            chat: ChatId(2),
            key,
            text,
            email: None,
            reply_to: None,
            files: Vec::new(),
        })
        .await;
    office.customer(CustomerInput::End { chat: ChatId(4) }).await;
    office.logs_on("ben", "support-only").await;
    office.rings(2).await;
    office.joins(2, "ben").await;
    // In the evening, sales is closed.
    office.later(8 * 3600);
    office.state.begin();
    let closed = office
        .does(async |state, batch| assert!(state.keep_hours(batch).await.expect("done")))
        .await;
    assert!(closed);
    office.starts(5, "sales").await;
    insta::assert_json_snapshot!("day_counts", counts(&office.store).await);
    // What is told is what is stored.
    let told = office.state.view_stats(DAN, Period::Today).await.expect("read").text;
    insta::assert_snapshot!("stats_of_a_day", told);
    let told = office.state.view_stats(CARLA, Period::Today).await.expect("read").text;
    assert!(told.contains("Sales") && !told.contains("Support"), "{told}");
}

#[tokio::test]
async fn a_chat_that_nobody_takes_counts_as_such() {
    let mut office = office(MONDAY).await;
    office.state.centre.queues[0].overflow = None;
    let setup = office.state.centre.setup(MONDAY);
    office.input(Input::Configured { setup }).await;
    office.starts(1, "sales").await;
    office.later(1800);
    office.timer().await;
    let counts = counts(&office.store).await;
    let expected = Counts { started: 1, no_agent: 1, ended: 1, ..Counts::default() };
    assert_eq!(counts, [("2026-11-23/sales".to_owned(), expected)].into());
}

#[tokio::test]
async fn a_chat_that_comes_back_is_not_taken_again() {
    let mut office = office(MONDAY).await;
    office.logs_on("anna", "all-round").await;
    office.starts(1, "sales").await;
    office.later(7);
    office.rings(1).await;
    office.joins(1, "anna").await;
    let (chat, agent, how) = (ChatId(1), id("anna"), Removal::Left);
    office.input(Input::AgentGone { chat, agent, how }).await;
    office.later(60);
    office.timer().await;
    office.joins(1, "anna").await;
    let counts = counts(&office.store).await;
    let sales = &counts["2026-11-23/sales"];
    assert_eq!((sales.started, sales.taken, sales.waits.count()), (1, 1, 1));
    assert_eq!(sales.waits.longest(), Some(Span::seconds(7)));
}

#[tokio::test]
async fn days_begin_at_midnight_of_the_time_zone() {
    /// Monday, ten seconds before midnight in Berlin.
    const LATE: Time = Time(MONDAY.0 + 14 * 3_600_000 - 10_000);
    for (zone, keys) in [
        ("Europe/Berlin", ["2026-11-23/help", "2026-11-24/help"].as_slice()),
        ("America/New_York", &["2026-11-23/help"]),
        ("Pacific/Auckland", &["2026-11-24/help"]),
    ] {
        let mut office = office(LATE).await;
        zone.clone_into(&mut office.state.centre.time_zone);
        office.logs_on("ben", "support-only").await;
        office.starts(1, "help").await;
        office.rings(1).await;
        office.later(20);
        office.joins(1, "ben").await;
        let counts = counts(&office.store).await;
        assert!(counts.keys().eq(keys), "{zone}: {counts:?}");
        let (first, last) = (&counts[keys[0]], &counts[keys[keys.len() - 1]]);
        assert_eq!((first.started, last.taken), (1, 1), "{zone}");
        assert_eq!(last.waits.longest(), Some(Span::seconds(20)), "{zone}");
    }
}

#[tokio::test]
async fn a_week_is_today_and_six_days_before() {
    let mut office = office(MONDAY).await;
    for (day, started) in
        [("2026-11-16", 1), ("2026-11-17", 10), ("2026-11-20", 100), ("2026-11-24", 1000)]
    {
        let counts = Counts { started, ..Counts::default() };
        let written = office.does(async |_, batch| {
            batch.record(RecordKind::DayCounts, format!("{day}/sales"), &counts).expect("JSON");
        });
        assert!(written.await);
    }
    office.starts(1, "sales").await;
    let told = office.state.view_stats(CARLA, Period::Week).await.expect("read").text;
    insta::assert_snapshot!("stats_of_a_week", told);
}

#[tokio::test]
async fn neither_a_failed_commit_nor_a_restart_changes_the_counts() {
    let mut office = office(MONDAY).await;
    office.starts(1, "sales").await;
    for chat in [2, 3] {
        office.store.fail_next_commits(1);
        let start = CustomerInput::Start {
            chat: ChatId(chat),
            site: "shop".to_owned(),
            name: None,
            session: format!("{chat:064x}"),
            queue: Some("sales".to_owned()),
            facts: Facts::default(),
        };
        let done = office.does(async |state, batch| {
            state.take_customer(start, 1, batch).await.expect("done");
            let told = state.view_stats(DAN, Period::Today).await.expect("read").text;
            assert!(told.contains("Sales      2"), "with what is not committed yet: {told}");
        });
        assert!(!done.await);
    }
    office.starts(4, "sales").await;
    let mut office = Office::new(office.store, MONDAY).await;
    office.starts(5, "sales").await;
    let counts = counts(&office.store).await;
    assert_eq!(counts["2026-11-23/sales"].started, 3, "{counts:?}");
}

/// The same with a whole runner, which handles again what was not committed.
#[tokio::test]
async fn what_is_handled_again_counts_once() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.store.fail_next_commits(3);
    bench.starts().await;
    bench.says("one").await;
    bench.feed(2).await;
    bench.store.fail_next_commits(2);
    bench.customer(CustomerInput::End { chat: CHAT }).await;
    bench.feed(3).await;
    let bench = bench.restarts(&[(ANNA, "Anna")]).await;
    bench.customer(CustomerInput::End { chat: CHAT }).await;
    let handled = async {
        while bench.store.depth().await.expect("read").inbox > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, handled).await.expect("in time");
    let mut sum = Counts::default();
    // It may be around midnight.
    for counts in counts(&bench.store).await.values() {
        sum.add(counts);
    }
    assert_eq!(sum, Counts { started: 1, abandoned: 1, ended: 1, ..Counts::default() });
    bench.stop.cancel();
}

#[tokio::test]
async fn old_counts_are_deleted() {
    let mut office = office(MONDAY).await;
    let keys = ["2025-10-18/sales", "2025-10-19/sales", "2026-11-22/sales", "not a day/x"];
    let written = office.does(async |_, batch| {
        for key in keys {
            batch.record(RecordKind::DayCounts, key.to_owned(), &Counts::default()).expect("JSON");
        }
    });
    assert!(written.await);
    office.store.fail_next_commits(1);
    office.state.tidy().await.expect_err("the store failed");
    office.state.tidy().await.expect("tidied");
    assert!(counts(&office.store).await.keys().eq(&keys[1..]));
    // A day later, the next is too old.
    office.later(86_400);
    office.state.tidy().await.expect("tidied");
    assert!(counts(&office.store).await.keys().eq(&keys[2..]));
}

/// The runner does that by itself.
#[tokio::test]
async fn housekeeping_deletes_old_counts() {
    let store = MemoryStore::new();
    let epoch = store.claim_epoch().await.expect("claimed").0;
    let records = vec![(RecordKind::DayCounts, "2020-01-01/x".to_owned(), Some(b"{}".to_vec()))];
    store.commit(Changes { epoch, records, ..Changes::default() }).await.expect("stored");
    let bench = Bench::new(store).await;
    let deleted = async {
        while !counts(&bench.store).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, deleted).await.expect("in time");
    bench.stop.cancel();
}

#[tokio::test]
async fn counts_that_cannot_be_read_are_put_aside() {
    let mut office = office(MONDAY).await;
    let key = "2026-11-23/sales".to_owned();
    let epoch = office.state.epoch().0;
    let records = vec![(RecordKind::DayCounts, key.clone(), Some(b"7".to_vec()))];
    let changes = Changes { epoch, records, ..Changes::default() };
    office.store.commit(changes).await.expect("stored");
    let told = office.state.view_stats(DAN, Period::Today).await.expect("read").text;
    assert!(told.contains("One record could not be read"), "{told}");
    office.starts(1, "sales").await;
    assert_eq!(counts(&office.store).await[&key].started, 1);
    let aside = office.store.records(RecordKind::Quarantine).await.expect("read");
    assert_eq!(aside.len(), 1);
    let record: Quarantined = serde_json::from_slice(&aside[0].1).expect("a record");
    assert_eq!((aside[0].0.as_str(), record.body.as_str()), ("counts:2026-11-23/sales", "7"));
}
