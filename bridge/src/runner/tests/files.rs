//! Files, and what is about them while their check takes its time.

use serde_json::{Value, json};

use super::{super::words, rooms::BOTH, *};
use crate::{
    gateway::input::CustomerChange,
    matrix::rich,
    media::{Kind, StoredFile, Unfit, file_key},
};

const MESSAGE: &str = "m.room.message";

fn photo(caption: &str) -> Value {
    json!({
        "msgtype": "m.image", "body": caption, "filename": "photo.png",
        "url": "mxc://localhost/original",
    })
}

fn text(text: &str) -> Value {
    json!({ "msgtype": "m.text", "body": text })
}

fn answering(to: &str, mut content: Value) -> Value {
    content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": to } });
    content
}

fn edit(of: &str, new: &Value) -> Value {
    json!({
        "msgtype": "m.text", "body": "* edit", "m.new_content": new,
        "m.relates_to": { "rel_type": "m.replace", "event_id": of },
    })
}

fn stored(id: &str, name: &str) -> StoredFile {
    let (id, name, uri) = (id.to_owned(), name.to_owned(), "mxc://localhost/copy".to_owned());
    StoredFile { id, name, kind: Kind::Png, size: 9, pixels: None, uri }
}

/// What an agent's entry says: its text, the names of its files, and what it answers.
fn agents(feed: &[FeedBody]) -> Vec<(String, Vec<&str>, Option<u64>)> {
    let told = feed.iter().filter_map(|body| match body {
        FeedBody::Agent { content, reply_to, files, .. } => {
            let mut text = String::new();
            rich::append_plain(content, &mut text);
            let names = files.iter().map(|file| file.name.as_str()).collect();
            Some((text, names, *reply_to))
        }
        _ => None,
    });
    told.collect()
}

impl Bench {
    async fn in_a_chat() -> Self {
        let mut bench = Self::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
        bench.talks().await;
        bench
    }

    /// The customer says something, which is in the room as `$own` and in the feed as the third entry.
    async fn customer_says(&mut self) {
        self.says("one").await;
        let (seq, effect) = self.next(|deed| matches!(deed, Deed::Say { .. })).await;
        self.ends_well(seq, effect, Done::Event(ruma::event_id!("$own").to_owned()));
        while self.store.record(RecordKind::Event, "$own").await.expect("read").is_none() {
            tokio::task::yield_now().await;
        }
    }

    /// The next file that is to be looked at.
    async fn fetch(&mut self) -> (EffectSeq, OutboxEffect, String) {
        let (seq, effect) = self.next(|deed| matches!(deed, Deed::FetchFile { .. })).await;
        let Deed::FetchFile { id, .. } = &effect.deed else { panic!("{effect:?}") };
        let id = id.clone();
        (seq, effect, id)
    }

    async fn is_kept(&self, id: &str) -> bool {
        let record = self.store.record(RecordKind::File, &file_key(CHAT, id)).await;
        record.expect("read").is_some()
    }

    async fn log(&self) -> Vec<LogEntry> {
        let entries = self.store.stream(Stream::Log, CHAT, 0, 100).await.expect("read");
        let entry = |body: &[u8]| serde_json::from_slice::<LogRecord>(body).expect("JSON").entry;
        entries.iter().map(|(_, body)| entry(body)).collect()
    }
}

#[tokio::test]
async fn what_is_about_a_file_waits_with_it() {
    let mut bench = Bench::in_a_chat().await;
    bench.customer_says().await;
    bench.event("$file", ANNA, MESSAGE, answering("$own", photo("look"))).await;
    bench.event("$word", ANNA, MESSAGE, answering("$file", text("that one"))).await;
    bench.event("$edit", ANNA, MESSAGE, edit("$file", &photo("look here"))).await;
    let relation = json!({ "rel_type": "m.annotation", "event_id": "$file", "key": "👍" });
    bench.event("$like", ANNA, "m.reaction", json!({ "m.relates_to": relation })).await;
    bench.handles_everything().await;
    assert_eq!(bench.feed(3).await.len(), 3, "nothing is shown before the file is checked");
    let (seq, effect, id) = bench.fetch().await;
    bench.ends_well(seq, effect, Done::File(stored(&id, "photo.png")));
    let feed = bench.feed(7).await;
    let expected =
        [("look".to_owned(), vec!["photo.png"], Some(3)), ("that one".to_owned(), vec![], Some(4))];
    assert_eq!(agents(&feed), expected);
    let mut changes: Vec<&FeedBody> =
        feed[4..].iter().filter(|body| !matches!(body, FeedBody::Agent { .. })).collect();
    let FeedBody::Edited { target: 4, content, .. } = changes.remove(0) else { panic!("{feed:?}") };
    assert_eq!(*content, rich::tree("look here", None));
    assert!(matches!(changes[..], [FeedBody::Reaction { target: 4, on: true, .. }]), "{feed:?}");
    // Whoever removes it later takes the file away with it.
    assert!(bench.is_kept(&id).await);
    bench.event("$x", ANNA, "m.room.redaction", json!({ "redacts": "$file" })).await;
    bench.feed(8).await;
    assert!(!bench.is_kept(&id).await);
    bench.stop.cancel();
}

#[tokio::test]
async fn a_file_that_is_taken_back_while_it_waits_is_logged_and_never_shown() {
    let mut bench = Bench::in_a_chat().await;
    let mut unnamed = photo("photo.png");
    unnamed["filename"] = Value::Null;
    bench.event("$file", ANNA, MESSAGE, unnamed).await;
    bench.event("$edit", ANNA, MESSAGE, edit("$file", &photo("look"))).await;
    bench.event("$word", ANNA, MESSAGE, text("what waited")).await;
    let (seq, effect, id) = bench.fetch().await;
    bench.event("$x", ANNA, "m.room.redaction", json!({ "redacts": "$file" })).await;
    assert_eq!(bench.notice().await, words::NEVER_SHOWN);
    let feed = bench.feed(3).await;
    bench.ends_well(seq, effect, Done::File(stored(&id, "photo.png")));
    bench.writes("$end", ANNA, "and on").await;
    let feed_then = bench.feed(4).await;
    assert_eq!(feed, feed_then[..3]);
    let expected = [("what waited".to_owned(), vec![], None), ("and on".to_owned(), vec![], None)];
    assert_eq!(agents(&feed_then), expected);
    let log = bench.log().await;
    let place = log
        .iter()
        .position(|entry| matches!(entry, LogEntry::Agent { text, .. } if text == "photo.png"));
    let message = place.expect("the log tells of it") as u64 + 1;
    let by = Some(ANNA.to_owned());
    let removed = LogEntry::Removed { message, feed: 0, by, only_in_room: false };
    assert!(log.contains(&removed), "{log:?}");
    bench.stop.cancel();
}

#[tokio::test]
async fn a_file_whose_redaction_came_first_is_not_even_fetched() {
    let bench = Bench::in_a_chat().await;
    bench.event("$x", ANNA, "m.room.redaction", json!({ "redacts": "$file" })).await;
    bench.event("$file", ANNA, MESSAGE, photo("look")).await;
    bench.writes("$word", ANNA, "and on").await;
    assert_eq!(agents(&bench.feed(3).await), [("and on".to_owned(), vec![], None)]);
    let fetched = bench.store.effects().await.expect("read");
    assert!(fetched.iter().all(|(_, stored)| {
        let effect: OutboxEffect = serde_json::from_slice(&stored.body).expect("an effect");
        !matches!(effect.deed, Deed::FetchFile { .. })
    }));
    bench.stop.cancel();
}

#[tokio::test]
async fn an_edit_of_a_file_that_is_refused_tells_its_author() {
    let mut bench = Bench::in_a_chat().await;
    bench.event("$file", ANNA, MESSAGE, photo("look")).await;
    bench.event("$edit", ANNA, MESSAGE, edit("$file", &photo("look here"))).await;
    bench.handles_everything().await;
    let (seq, effect, _) = bench.fetch().await;
    bench.ends_well(seq, effect, Done::Unfit(Unfit::Markup));
    assert_eq!(bench.notice().await, words::file_refused("photo.png", Unfit::Markup));
    assert_eq!(bench.notice().await, crate::matrix::classify::Why::EditOfUnsent.told());
    let refused = LogEntry::FileRefused {
        agent: Some(AgentId(ANNA.to_owned())),
        name: "photo.png".to_owned(),
        why: Unfit::Markup,
    };
    assert!(bench.log().await.contains(&refused));
    bench.stop.cancel();
}

#[tokio::test]
async fn a_customer_removes_a_message_with_all_its_files() {
    let mut bench = Bench::in_a_chat().await;
    for id in ["file-one", "file-two"] {
        bench.customer(CustomerInput::Uploaded { chat: CHAT, file: stored(id, id) }).await;
    }
    let (key, text) = ("k".to_owned(), "both".to_owned());
    let files = vec!["file-one".to_owned(), "file-two".to_owned()];
    let send = CustomerInput::Send { chat: CHAT, key, text, email: None, reply_to: None, files };
    bench.customer(send).await;
    let mut effects = Vec::new();
    for _ in 0..3 {
        let (seq, effect) =
            bench.next(|deed| matches!(deed, Deed::Say { .. } | Deed::Attach { .. })).await;
        effects.push(Target::Effect { effect: seq.0, created: effect.created });
    }
    let (target, key) = (3, "change-1".to_owned());
    bench
        .customer(CustomerInput::Change {
            chat: CHAT,
            key,
            target,
            change: CustomerChange::Remove {},
        })
        .await;
    let mut taken_back = Vec::new();
    for _ in 0..3 {
        let (_, effect) = bench.next(|deed| matches!(deed, Deed::TakeBack { .. })).await;
        let Deed::TakeBack { of, .. } = effect.deed else { continue };
        taken_back.push(of);
    }
    assert_eq!(taken_back, effects);
    assert!(!bench.is_kept("file-one").await && !bench.is_kept("file-two").await);
    bench.stop.cancel();
}

#[tokio::test]
async fn a_sixth_private_file_is_pointed_out_and_does_not_count_in_the_chat() {
    const COMPANION: &str = "!companion:localhost";
    let mut bench = Bench::in_a_chat().await;
    bench.writes("$open", ANNA, "!private hello").await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::OpenCompanion { .. })).await;
    bench.ends_well(seq, effect, Done::Room(ruma::RoomId::parse(COMPANION).expect("valid")));
    bench.next(|deed| matches!(deed, Deed::LinkCompanion { .. })).await;
    for n in 1..=6 {
        let id = format!("$private{n}");
        let event = json!({
            "event_id": id, "room_id": COMPANION, "sender": ANNA, "type": MESSAGE,
            "content": photo("photo.png"),
        });
        bench.push(&id, &event).await;
    }
    let told = words::private_file_too_many("photo.png");
    let is_told = |deed: &Deed| matches!(deed, Deed::Notice { text, .. } if *text == told);
    let (_, effect) = bench.next(is_told).await;
    assert_eq!(effect.place, Place::Companion(CHAT));
    // In the chat's room a batch of its own begins.
    bench.event("$file", ANNA, MESSAGE, photo("look")).await;
    bench.handles_everything().await;
    let effects = bench.store.effects().await.expect("read");
    let effects: Vec<OutboxEffect> = effects
        .iter()
        .map(|(_, stored)| serde_json::from_slice(&stored.body).expect("an effect"))
        .collect();
    let count = |place: Place| {
        let is_fetched = |effect: &&OutboxEffect| {
            effect.place == place && matches!(effect.deed, Deed::FetchFile { .. })
        };
        effects.iter().filter(is_fetched).count()
    };
    assert_eq!((count(Place::Companion(CHAT)), count(Place::Chat(CHAT))), (6, 1));
    bench.stop.cancel();
}

#[tokio::test]
async fn what_a_customer_tried_to_send_stands_in_the_log() {
    let bench = Bench::in_a_chat().await;
    let (key, name) = ("12345678".to_owned(), "a.svg".to_owned());
    bench.customer(CustomerInput::Unfit { chat: CHAT, key, name, why: Unfit::Markup }).await;
    bench.handles_everything().await;
    let (agent, name, why) = (None, "a.svg".to_owned(), Unfit::Markup);
    assert!(bench.log().await.contains(&LogEntry::FileRefused { agent, name, why }));
    bench.stop.cancel();
}

#[tokio::test]
async fn files_that_no_message_names_are_deleted_after_twelve_hours() {
    let mut office = office::Office::new(MemoryStore::new(), Time(1_000_000_000_000)).await;
    office.starts(7, "support").await;
    for id in ["file-one", "file-two"] {
        office.customer(CustomerInput::Uploaded { chat: CHAT, file: stored(id, id) }).await;
    }
    let (key, text, files) = ("k".to_owned(), String::new(), vec!["file-one".to_owned()]);
    let send = CustomerInput::Send { chat: CHAT, key, text, email: None, reply_to: None, files };
    office.customer(send).await;
    let kept = async |office: &mut office::Office| {
        office.state.forget_unused_files().await.expect("done");
        let kept = office.store.records(RecordKind::File).await.expect("read");
        let name = |(key, _): &(String, _)| key.rsplit('/').next().map(str::to_owned);
        kept.iter().filter_map(name).collect::<Vec<_>>()
    };
    office.later(12 * 60 * 60);
    assert_eq!(kept(&mut office).await, ["file-one", "file-two"]);
    office.later(1);
    assert_eq!(kept(&mut office).await, ["file-one"]);
    // What is stored says the same.
    office.state.reload().await.expect("it loads");
    assert!(office.state.conversations[&CHAT].unused_files.is_empty());
}
