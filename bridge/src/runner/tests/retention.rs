//! Chats whose retention is over are deleted, with all that goes with them, and no others.

use serde_json::json;
use switchboard_centre::commands;
use switchboard_engine::{Input, Removal, Time};

use super::{
    office::{MONDAY, Office, id},
    *,
};
use crate::{
    runner::records::{Author, EventPlace},
    store::{Changes, InboxItem, InboxSeq},
};

const DAN: &str = "@dan:localhost";
const DAY: u64 = 24 * 60 * 60;
/// What the customer and Anna say in a chat, so that it can be looked for.
fn secret(chat: u128) -> String {
    format!("rosebud {chat}!")
}

const KINDS: [RecordKind; 13] = [
    RecordKind::Visitor,
    RecordKind::Chat,
    RecordKind::Agent,
    RecordKind::Conversation,
    RecordKind::ArchivedConversation,
    RecordKind::EndedChat,
    RecordKind::Trace,
    RecordKind::Event,
    RecordKind::Session,
    RecordKind::Quarantine,
    RecordKind::Parked,
    RecordKind::BotRoom,
    RecordKind::Meta,
];

impl Office {
    /// Anna is the only one who takes chats.
    async fn of_anna(now: Time) -> Self {
        let mut office = Self::new(MemoryStore::new(), now).await;
        office.logs_off("anna").await;
        office.logs_off("ben").await;
        office.logs_on("anna", "all-round").await;
        office
    }

    /// A chat from its beginning to its end, with something of every kind.
    async fn whole_chat(&mut self, chat: u128, queue: &str) {
        self.starts_signed(chat, queue).await;
        self.rings(chat).await;
        self.joins(chat, "anna").await;
        let (key, text) = (format!("key-of-{chat}"), secret(chat));
        self.customer(CustomerInput::Send {
            chat: ChatId(chat),
            key,
            text,
            email: None,
            reply_to: None,
            files: Vec::new(),
        })
        .await;
        self.anna_writes(chat).await;
        self.all_is_done(chat).await;
        self.customer(CustomerInput::End { chat: ChatId(chat) }).await;
        let (chat, agent) = (ChatId(chat), id("anna"));
        self.input(Input::AgentGone { chat, agent, how: Removal::Left }).await;
        self.all_is_done(chat.0).await;
    }

    async fn anna_writes(&mut self, chat: u128) {
        let event = json!({
            "event_id": format!("$of-anna-{chat}"), "room_id": format!("!{chat}:localhost"),
            "sender": "@anna:localhost", "type": "m.room.message",
            "content": { "msgtype": "m.text", "body": secret(chat) },
        });
        let body = event.to_string().into_bytes();
        let item = InboxItem { seq: InboxSeq(1), key: "event:x".to_owned(), received: 1, body };
        let done = self.does(async |state, batch| {
            state.take_item(&item, batch).await.expect("handled");
        });
        assert!(done.await);
    }

    /// All effects end well, but for the statuses, which are given up.
    async fn all_is_done(&mut self, chat: u128) {
        let open: Vec<_> = self.state.open_effects.clone().into_iter().collect();
        for (seq, effect) in open {
            let result = match effect.deed {
                Deed::Say { .. } | Deed::Notice { .. } => {
                    let event = format!("$by-us-{chat}-{seq}");
                    Ok(Done::Event(ruma::EventId::parse(event).expect("an event id")))
                }
                Deed::Status { .. } => Err("no".to_owned()),
                _ => Ok(Done::Plain),
            };
            let done = self.does(async |state, batch| {
                state.finish_effect(EffectSeq(seq), result, batch).await.expect("done");
            });
            assert!(done.await);
        }
    }

    async fn commands(&mut self, line: &str) {
        let command = commands::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let decision = command.change(|| unreachable!("no keys")).expect("a change").into();
        let done = self.does(async |state, batch| {
            let changed = state.change_centre(DAN, &decision, batch).await.expect("handled");
            changed.unwrap_or_else(|error| panic!("{line}: {error}"));
        });
        assert!(done.await);
    }

    /// What the runner does every ten minutes, to its end.
    async fn housekeeping(&mut self) {
        self.state.archive_old_chats().await.expect("archived");
        while self.state.forget_expired().await.expect("forgotten") {}
    }

    async fn days_later(&mut self, days: u64) {
        self.later(days * DAY);
        self.housekeeping().await;
    }

    /// The process ends and another one begins.
    async fn restarts(self) -> Self {
        let now = self.state.now();
        Self::new(self.store, now).await
    }

    /// What is left of a chat: its streams, if they are not empty, and records that tell of it.
    async fn left_of(&self, chat: u128) -> Vec<String> {
        let mut left = Vec::new();
        let told = [ChatId(chat).to_string(), format!("\"Customer of {chat}\""), secret(chat)];
        for kind in KINDS {
            for (key, body) in self.store.records(kind).await.expect("read") {
                let body = String::from_utf8(body).expect("text");
                if told.iter().any(|told| key.contains(told) || body.contains(told)) {
                    left.push(format!("{kind:?} {key}"));
                }
            }
        }
        for stream in [Stream::Log, Stream::Feed] {
            if self.store.newest(stream, ChatId(chat)).await.expect("read") > 0 {
                left.push(format!("{stream:?}"));
            }
        }
        left
    }

    async fn is_whole(&self, chat: u128) -> bool {
        let left = self.left_of(chat).await;
        left.iter().any(|key| key.starts_with("ArchivedConversation"))
            && left.iter().any(|key| key.starts_with("Session"))
            && left.iter().any(|key| key == "Log")
            && left.iter().any(|key| key == "Feed")
    }
}

#[tokio::test]
async fn a_chat_is_kept_until_its_day_and_then_nothing_of_it_is_left() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 7").await;
    // From here on nothing is old: all must leave its traces itself.
    office.housekeeping().await;
    office.whole_chat(1, "sales").await;
    office.whole_chat(2, "help").await;
    let before = office.left_of(1).await.join("\n");
    for kind in ["Event", "Session", "Parked", "Trace", "Conversation"] {
        assert!(before.contains(&format!("{kind} ")), "{kind}: {before}");
    }
    office.later(60);
    office.whole_chat(3, "sales").await;

    // Seven days after the end of the first, but for a second.
    office.later(7 * DAY - 61);
    office.housekeeping().await;
    assert!(office.is_whole(1).await && office.is_whole(2).await && office.is_whole(3).await);
    let mut office = office.restarts().await;
    office.housekeeping().await;
    assert!(office.is_whole(1).await);

    office.later(1);
    office.housekeeping().await;
    assert_eq!(office.left_of(1).await, [""; 0]);
    assert!(office.is_whole(2).await && office.is_whole(3).await);
    office.later(60);
    office.housekeeping().await;
    assert_eq!(office.left_of(3).await, [""; 0]);

    office.days_later(1000).await;
    assert!(office.is_whole(2).await, "it is kept for ever");
    // What was counted, and who did what, is where it was.
    let counts = office.store.records(RecordKind::DayCounts).await.expect("read");
    assert!(counts.iter().any(|(key, _)| key.ends_with("/sales")));
    let audit = office.store.records(RecordKind::Audit).await.expect("read");
    assert!(!audit.is_empty());
}

#[tokio::test]
async fn what_counts_is_the_queue_at_the_end() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 1").await;
    office.commands("!queue set help --retention-days 30").await;
    office.logs_off("anna").await;
    office.starts(1, "sales").await;
    office.moves(1, "help").await;
    office.customer(CustomerInput::End { chat: ChatId(1) }).await;
    office.all_is_done(1).await;
    office.days_later(29).await;
    assert!(office.is_whole(1).await);
    office.days_later(1).await;
    assert_eq!(office.left_of(1).await, [""; 0]);
}

#[tokio::test]
async fn a_changed_setting_is_for_old_chats_too_and_outlives_its_queue() {
    let mut office = Office::of_anna(MONDAY).await;
    office.whole_chat(1, "sales").await;
    office.whole_chat(2, "help").await;
    office.days_later(100).await;
    assert!(office.is_whole(1).await);
    office.commands("!queue set help --retention-days 50").await;
    office.housekeeping().await;
    assert_eq!(office.left_of(2).await, [""; 0]);

    office.commands("!queue set sales --retention-days 120").await;
    office.commands("!queue delete sales --move-to help").await;
    let mut office = office.restarts().await;
    office.days_later(19).await;
    assert!(office.is_whole(1).await, "its queue is gone, but not what it said");
    office.days_later(1).await;
    assert_eq!(office.left_of(1).await, [""; 0]);
}

#[tokio::test]
async fn for_ever_can_be_chosen_again() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 7").await;
    office.whole_chat(1, "sales").await;
    office.commands("!queue set sales --retention-days 0").await;
    office.days_later(1000).await;
    assert!(office.is_whole(1).await);
}

#[tokio::test]
async fn a_setting_that_was_not_stored_does_not_count() {
    let mut office = Office::of_anna(MONDAY).await;
    office.whole_chat(1, "sales").await;
    office.store.fail_next_commits(1);
    let command = commands::parse("!queue set sales --retention-days 7").expect("a command");
    let decision = command.change(|| unreachable!("no keys")).expect("a change").into();
    let done = office.does(async |state, batch| {
        state.change_centre(DAN, &decision, batch).await.expect("handled").expect("allowed");
    });
    assert!(!done.await);
    office.days_later(100).await;
    assert!(office.is_whole(1).await);
}

#[tokio::test]
async fn a_failed_commit_deletes_nothing() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 7").await;
    office.whole_chat(1, "sales").await;
    office.days_later(2).await;
    office.later(5 * DAY);
    let before = office.left_of(1).await;
    office.store.fail_next_commits(1);
    office.state.forget_expired().await.expect_err("asked to fail");
    assert_eq!(office.left_of(1).await, before);
    let mut office = office.restarts().await;
    office.housekeeping().await;
    assert_eq!(office.left_of(1).await, [""; 0]);
}

#[tokio::test]
async fn one_with_very_many_records_goes_in_steps_and_its_streams_go_last() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 7").await;
    office.whole_chat(1, "sales").await;
    let place = EventPlace { chat: ChatId(1), by: Author::Aside, anchor: 1 };
    let many = office.does(async |_, batch| {
        for n in 0..2500 {
            batch.file_event(&format!("$many-{n}"), &place).expect("JSON");
        }
    });
    assert!(many.await);
    office.days_later(2).await;
    office.later(5 * DAY);
    let mut steps = Vec::new();
    while office.state.forget_expired().await.expect("forgotten") {
        let traces = office.store.records(RecordKind::Trace).await.expect("read").len();
        steps.push((traces > 0, office.is_whole(1).await));
        // Whoever dies in between goes on afterwards.
        office = office.restarts().await;
    }
    assert_eq!(steps.len(), 3, "{steps:?}");
    assert!(steps[0].0 && steps[1].0, "{steps:?}");
    assert_eq!(office.left_of(1).await, [""; 0]);
    assert_eq!(steps[2], (false, false));
}

/// The store of a version that had no traces, and recognised nobody: everything is found all the same.
#[tokio::test]
async fn what_was_stored_before_there_were_traces_is_found() {
    let mut office = Office::of_anna(MONDAY).await;
    office.whole_chat(1, "sales").await;
    office.whole_chat(2, "help").await;
    office.days_later(2).await;
    let mut records = Vec::new();
    for kind in [RecordKind::Trace, RecordKind::EndedChat, RecordKind::Visitor] {
        let all = office.store.records(kind).await.expect("read");
        records.extend(all.into_iter().map(|(key, _)| (kind, key, None)));
    }
    records.push((RecordKind::Meta, "retention".to_owned(), None));
    // One that was put aside, one of no known form, and one that goes with no chat.
    let aside =
        |reason: &str| Quarantined { received: 1, reason: reason.to_owned(), body: String::new() };
    for (key, body) in [
        (format!("send:{}:late", ChatId(1)), serde_json::to_vec(&aside("late")).expect("JSON")),
        (format!("send:{}:bad", ChatId(2)), b"none".to_vec()),
        ("counts:2026-11-23/sales".to_owned(), serde_json::to_vec(&aside("bad")).expect("JSON")),
    ] {
        records.push((RecordKind::Quarantine, key, Some(body)));
    }
    let epoch = office.state.epoch().0;
    office.store.commit(Changes { epoch, records, ..Changes::default() }).await.expect("stored");

    let mut office = office.restarts().await;
    assert!(!office.state.forget_expired().await.expect("nothing to do"), "and nothing to read");
    office.commands("!queue set sales --retention-days 7").await;
    office.store.fail_next_commits(1);
    office.state.forget_expired().await.expect_err("asked to fail");
    let mut office = office.restarts().await;
    office.days_later(5).await;
    assert_eq!(office.left_of(1).await, [""; 0]);
    assert!(office.is_whole(2).await);
    let aside = office.store.records(RecordKind::Quarantine).await.expect("read");
    assert_eq!(aside.len(), 2, "{aside:?}");
}

#[tokio::test]
async fn the_stored_form_of_what_leads_to_chats() {
    let mut office = Office::of_anna(MONDAY).await;
    office.commands("!queue set sales --retention-days 7").await;
    office.whole_chat(1, "sales").await;
    office.days_later(2).await;
    let mut stored = Vec::new();
    for kind in [RecordKind::EndedChat, RecordKind::Trace] {
        for (key, body) in office.store.records(kind).await.expect("read") {
            assert!(body.is_empty(), "{key}");
            // The numbers of effects are of no interest, and other ones with every new effect.
            let key = key.replace(&office.store.identity().incarnation, "(incarnation)");
            let is_of_effect = key.contains("/$by-us") || key.contains("/parked/");
            let end = key.trim_end_matches(|c: char| is_of_effect && c.is_ascii_digit());
            stored.push(end.to_owned());
        }
    }
    let meta = office.store.record(RecordKind::Meta, "retention").await.expect("read");
    stored.push(String::from_utf8(meta.expect("it is there")).expect("text"));
    insta::assert_snapshot!("stored_traces", stored.join("\n"));
}

/// The runner itself deletes, and what it could not handle goes with the chat.
#[tokio::test]
async fn the_runner_deletes_at_its_next_housekeeping() {
    let key = format!("send:{CHAT}:hopeless-in-retention");
    panics().insert(key.clone(), (u32::MAX, 0));
    let store = MemoryStore::new();
    // All that is old is filed.
    let filed = br#"{"days":{},"old":{"kinds":5,"after":""}}"#.to_vec();
    let records = vec![(RecordKind::Meta, "retention".to_owned(), Some(filed))];
    let epoch = store.claim_epoch().await.expect("claimed").0;
    store.commit(Changes { epoch, records, ..Changes::default() }).await.expect("stored");
    let bench = Bench::new(store).await;
    bench.starts().await;
    bench.says("hopeless-in-retention").await;
    let aside = async {
        while bench.store.record(RecordKind::Quarantine, &key).await.expect("read").is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, aside).await.expect("in time");
    bench.ends().await;
    bench.feed(2).await;
    let bench = bench.without_anna().await.returns_much_later(true).await;
    bench.stop.cancel();
    bench.running.await.expect("no panic").expect("a clean end");
    let agents = [("@anna:localhost", "Anna")];
    let week = |centre: &mut Centre| centre.queues[0].retention_days = 7;
    let bench = Bench::with_centre(bench.store, &agents, Span::seconds(45), week).await;
    let gone = async {
        while bench.store.newest(Stream::Log, CHAT).await.expect("read") > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("in time");
    for kind in [RecordKind::Quarantine, RecordKind::Session, RecordKind::ArchivedConversation] {
        assert_eq!(bench.store.records(kind).await.expect("read"), [], "{kind:?}");
    }
    bench.stop.cancel();
}
