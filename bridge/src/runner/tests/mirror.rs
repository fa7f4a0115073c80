//! Edits, reactions, redactions and replies of agents, in every order of arrival.

use serde_json::{Value, json};

use super::{
    super::{records::MessageRecord, words},
    rooms::BOTH,
    *,
};
use crate::{
    gateway::{input::CustomerChange, wire::RichText},
    matrix::rich,
};

const BEN: &str = "@ben:localhost";

/// An event: its id, its sender, its type, its content, and when it was sent.
type Event = (&'static str, &'static str, &'static str, Value, u64);

fn message(id: &'static str, text: &str) -> Event {
    (id, ANNA, "m.room.message", json!({ "msgtype": "m.text", "body": text }), 1)
}

fn edit(id: &'static str, of: &str, text: &str, sent: u64) -> Event {
    let content = json!({
        "msgtype": "m.text", "body": format!("* {text}"),
        "m.new_content": { "msgtype": "m.text", "body": text },
        "m.relates_to": { "rel_type": "m.replace", "event_id": of },
    });
    (id, ANNA, "m.room.message", content, sent)
}

/// What an agent says with a quotation, as clients write it that have a style of their own.
fn quoting(text: &str) -> Value {
    json!({
        "msgtype": "m.text", "body": format!("> a secret\n\n{text}"),
        "format": "org.matrix.custom.html",
        "formatted_body": format!("<blockquote>a secret</blockquote>{text}"),
    })
}

fn reaction(id: &'static str, to: &str, key: &str) -> Event {
    let relation = json!({ "rel_type": "m.annotation", "event_id": to, "key": key });
    (id, ANNA, "m.reaction", json!({ "m.relates_to": relation }), 1)
}

fn redaction(id: &'static str, of: &str) -> Event {
    (id, ANNA, "m.room.redaction", json!({ "redacts": of }), 9)
}

fn by(sender: &'static str, (id, _, kind, content, sent): Event) -> Event {
    (id, sender, kind, content, sent)
}

impl Bench {
    async fn arrives(&self, (id, sender, kind, content, sent): &Event) {
        let event = json!({
            "event_id": id, "room_id": rooms::ROOM, "sender": sender, "type": kind,
            "content": content, "origin_server_ts": sent,
        });
        self.push(id, &event).await;
    }

    /// What the page shows of agents' messages in the end, and whether anything was ever shown.
    async fn page(&self) -> (Vec<String>, usize) {
        self.handles_everything().await;
        let feed = self.feed(2).await;
        let shown = feed.iter().filter(|body| matches!(body, FeedBody::Agent { .. })).count();
        (fold(&feed), shown)
    }
}

fn plain(content: &[RichText]) -> String {
    let mut text = String::new();
    rich::append_plain(content, &mut text);
    text
}

/// The messages as a page shows them: `text`, or `text 👍Anna`.
fn fold(feed: &[FeedBody]) -> Vec<String> {
    let mut lines: BTreeMap<u64, (String, Vec<String>)> = BTreeMap::new();
    for (seq, body) in (1..).zip(feed) {
        match body {
            FeedBody::Agent { content, .. } => {
                lines.insert(seq, (plain(content), vec![]));
            }
            FeedBody::Own { text, .. } => {
                lines.insert(seq, (text.clone(), vec![]));
            }
            FeedBody::Edited { target, content, .. } => {
                lines.get_mut(target).expect("a message that is there").0 = plain(content);
            }
            FeedBody::Removed { target, .. } => {
                lines.remove(target).expect("a message that is there");
            }
            FeedBody::Reaction { target, emoji, by, on, .. } => {
                let shown = format!(" {emoji}{}", by.as_deref().unwrap_or("customer"));
                if let Some((_, reactions)) = lines.get_mut(target) {
                    reactions.retain(|other| *other != shown);
                    reactions.extend(on.then_some(shown));
                }
            }
            _ => {}
        }
    }
    lines.into_values().map(|(text, reactions)| text + &reactions.concat()).collect()
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let fewer = orders(count - 1);
    let with_last = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, count - 1);
        order
    };
    fewer.iter().flat_map(|order| (0..count).map(|at| with_last(order, at))).collect()
}

#[tokio::test]
async fn the_page_is_the_same_in_every_order_of_arrival() {
    let hello = || message("$m", "hello");
    let (mut reply, mut edited_reply) = (message("$m", ""), edit("$e1", "$m", "", 10));
    reply.3 = quoting("indeed");
    reply.3["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": "$private" } });
    edited_reply.3["m.new_content"] = quoting("indeed!");
    let cases: [(&str, Vec<Event>, &[&str]); 9] = [
        (
            "the edit of a reply to what the customer does not have, with the quotation",
            vec![reply, edited_reply],
            &["indeed!"],
        ),
        (
            "edits and a reaction that was taken back",
            vec![
                hello(),
                edit("$e1", "$m", "one", 10),
                edit("$e2", "$m", "two", 20),
                reaction("$r", "$m", "👍"),
                redaction("$x", "$r"),
            ],
            &["two"],
        ),
        ("a reaction", vec![hello(), reaction("$r", "$m", "👍")], &["hello 👍Anna"]),
        (
            "the same reaction twice",
            vec![hello(), reaction("$r", "$m", "❤"), reaction("$s", "$m", "❤")],
            &["hello ❤Anna"],
        ),
        (
            "an edit that was taken back",
            vec![
                hello(),
                edit("$e1", "$m", "one", 10),
                edit("$e2", "$m", "two", 20),
                redaction("$x", "$e2"),
            ],
            &["one"],
        ),
        (
            "a message that was taken back",
            vec![
                hello(),
                edit("$e1", "$m", "one", 10),
                reaction("$r", "$m", "👍"),
                redaction("$x", "$m"),
            ],
            &[],
        ),
        (
            "taken back by a moderator who is no agent",
            vec![hello(), by("@moderator:localhost", redaction("$x", "$m"))],
            &[],
        ),
        ("somebody else's edit", vec![hello(), by(BEN, edit("$e1", "$m", "one", 10))], &["hello"]),
        (
            "what is about the bot's or nobody's messages",
            vec![
                hello(),
                message("$c", "!help"),
                edit("$e1", "$c", "one", 10),
                reaction("$r", "$c", "👍"),
                redaction("$x", "$c"),
            ],
            &["hello"],
        ),
    ];
    for (name, events, expected) in cases {
        for order in orders(events.len()) {
            let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
            bench.talks().await;
            // In the chat as well: who edits another's message could write to the customer.
            bench.member("$ben", BEN, "join").await;
            for at in &order {
                bench.arrives(&events[*at]).await;
            }
            let (page, shown) = bench.page().await;
            assert_eq!(page, expected, "{name}, in the order {order:?}");
            let came_before = |first: &str, then: &str| {
                let at = |id: &str| order.iter().position(|n| events[*n].0 == id);
                matches!((at(first), at(then)), (Some(a), Some(b)) if a < b)
            };
            if expected.is_empty() && came_before("$x", "$m") {
                assert_eq!(shown, 0, "{name}, in the order {order:?}: it was shown for a moment");
            }
            bench.stop.cancel();
        }
    }
}

#[tokio::test]
async fn what_waits_for_its_message_survives_a_restart() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.arrives(&edit("$e", "$m", "better", 10)).await;
    bench.handles_everything().await;
    let bench = bench.restarts(BOTH).await;
    bench.arrives(&message("$m", "hello")).await;
    assert_eq!(bench.page().await.0, ["better"]);
    bench.stop.cancel();
}

#[tokio::test]
async fn agents_are_told_what_became_of_what_they_took_back() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    for (n, seen) in [(0, false), (1, true)] {
        let id = ["$first", "$second"][n];
        bench.arrives(&message(id, "hello")).await;
        let entries = bench.feed(3 + 2 * n).await.len() as u64;
        if seen {
            bench.live.customer_seen(CHAT, entries);
        }
        bench.arrives(&redaction(["$x", "$y"][n], id)).await;
        assert_eq!(bench.notice().await, words::taken_back(seen));
    }
    bench.arrives(&redaction("$z", "$third")).await;
    bench.arrives(&message("$third", "hello")).await;
    assert_eq!(bench.notice().await, words::NEVER_SHOWN);
    bench.arrives(&edit("$e", "$third", "!end", 10)).await;
    assert!(bench.notice().await.contains("changed into a command"));
    bench.stop.cancel();
}

#[tokio::test]
async fn that_the_customer_has_seen_a_message_survives_a_restart() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.arrives(&message("$m", "hello")).await;
    bench.feed(3).await;
    bench.live.customer_seen(CHAT, 3);
    // Stored with whatever comes next.
    bench.arrives(&message("$n", "another")).await;
    bench.feed(4).await;
    let mut bench = bench.restarts(BOTH).await;
    bench.arrives(&redaction("$x", "$m")).await;
    assert_eq!(bench.notice().await, words::taken_back(true));
    bench.stop.cancel();
}

#[tokio::test]
async fn replies_refer_to_what_the_customer_has() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.arrives(&message("$m", "hello")).await;
    bench.feed(3).await;
    bench.arrives(&edit("$e", "$m", "hello!", 10)).await;
    let reply = |event: &str| json!({ "m.in_reply_to": { "event_id": event } });
    let thread = |root: &str, reply: &str, falls_back: bool| {
        json!({ "rel_type": "m.thread", "event_id": root, "is_falling_back": falls_back,
            "m.in_reply_to": { "event_id": reply } })
    };
    for (id, relation, expected) in [
        ("$1", reply("$m"), Some(3)),
        ("$2", reply("$e"), Some(3)),
        ("$3", reply("$nowhere"), None),
        ("$4", reply("$joined"), None),
        ("$5", thread("$m", "$4", true), Some(3)),
        ("$6", thread("$4", "$m", false), Some(3)),
    ] {
        let mut answer = message(id, id);
        answer.3["m.relates_to"] = relation;
        bench.arrives(&answer).await;
        bench.handles_everything().await;
        let feed = bench.feed(4).await;
        let Some(FeedBody::Agent { reply_to, .. }) = feed.last() else { panic!("{id}: {feed:?}") };
        assert_eq!(*reply_to, expected, "{id}");
    }
    bench.stop.cancel();
}

#[tokio::test]
async fn of_what_is_held_the_oldest_goes_first() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    for n in 0..60 {
        let id: &'static str = Box::leak(format!("$r{n}").into_boxed_str());
        bench.arrives(&reaction(id, &format!("$m{n}"), "👍")).await;
    }
    bench.handles_everything().await;
    let records = bench.store.records(RecordKind::Conversation).await.expect("read");
    let stored: Conversation = serde_json::from_slice(&records[0].1).expect("a conversation");
    assert_eq!(stored.held.len(), 50);
    assert_eq!(stored.held[0].target, "$m10");
    bench.stop.cancel();
}

#[test]
fn message_records_keep_their_form() {
    use super::super::records::{Attached, EditRecord, ReactionRecord, Sending};
    let record = MessageRecord {
        agent: Some(AgentId(ANNA.to_owned())),
        log: 4,
        event: Some(ruma::event_id!("$event").to_owned()),
        effect: Some(Sending { effect: 9, created: 1 }),
        attached: vec![Attached { effect: Sending { effect: 10, created: 1 }, event: None }],
        removed: true,
        edits: vec![EditRecord { sent: 7, event: Some("$edit".to_owned()), log: 5 }],
        reactions: vec![ReactionRecord {
            emoji: "👍".to_owned(),
            agent: None,
            event: None,
            effect: None,
        }],
    };
    insta::assert_json_snapshot!(record);
}

/// What the bridge does as the customer, in the order in which it was decided.
fn as_customer(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Say { .. } | Deed::Amend { .. } | Deed::React { .. } | Deed::TakeBack { .. }
    )
}

fn key(n: u32) -> String {
    format!("change-{n}")
}

impl Bench {
    async fn changes(&self, n: u32, target: u64, change: CustomerChange) {
        self.customer(CustomerInput::Change { chat: CHAT, key: key(n), target, change }).await;
    }

    async fn edits(&self, n: u32, target: u64, text: &str) {
        self.changes(n, target, CustomerChange::Edit { text: text.to_owned() }).await;
    }

    async fn reacts(&self, n: u32, target: u64, on: bool) {
        let emoji = "👍".to_owned();
        self.changes(n, target, CustomerChange::React { emoji, on }).await;
    }
}

#[tokio::test]
async fn what_is_not_in_the_room_yet_is_named_by_its_effect() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.says("one").await;
    let (said, say) = bench.next(as_customer).await;
    bench.edits(1, 3, "better").await;
    let (_, effect) = bench.next(as_customer).await;
    let to = Target::Effect { effect: said.0, created: say.created };
    let deed = Deed::Amend { to, text: "better".into(), feed: 3, key: key(1) };
    assert_eq!((effect.deed, effect.after), (deed, vec![said.0]), "and it waits for that");
    // Once it is there, it is named by its event.
    let event = ruma::event_id!("$one").to_owned();
    bench.ends_well(said, say, Done::Event(event.clone()));
    let known = || Target::Event { event: event.clone() };
    loop {
        // When the end is handled, nobody is told.
        let stored = bench.store.records(RecordKind::Message).await.expect("read");
        if stored.iter().any(|(_, body)| String::from_utf8_lossy(body).contains("$one")) {
            break;
        }
        tokio::task::yield_now().await;
    }
    bench.reacts(2, 3, true).await;
    let (reacted, effect) = bench.next(as_customer).await;
    let created = effect.created;
    let deed = Deed::React { to: known(), emoji: "👍".into(), feed: 3, key: key(2) };
    assert_eq!(effect.deed, deed);
    bench.reacts(3, 3, false).await;
    let (_, effect) = bench.next(as_customer).await;
    let of = Target::Effect { effect: reacted.0, created };
    assert_eq!(effect.deed, Deed::TakeBack { of, key: key(3) });
    bench.changes(4, 3, CustomerChange::Remove {}).await;
    let (_, effect) = bench.next(as_customer).await;
    assert_eq!(effect.deed, Deed::TakeBack { of: known(), key: key(4) });
    // What is gone cannot be changed.
    bench.edits(5, 3, "again").await;
    bench.handles_everything().await;
    assert_eq!(fold(&bench.feed(4).await), Vec::<String>::new());
    bench.stop.cancel();
}

#[tokio::test]
async fn who_has_read_a_change_has_read_what_was_there_before_it() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    let mut states = bench.live.subscribe(CHAT);
    bench.says("one").await;
    let (seq, effect) = bench.next(as_customer).await;
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$one").to_owned()));
    bench.edits(1, 3, "better").await;
    let (seq, effect) = bench.next(as_customer).await;
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$edit").to_owned()));
    bench.whispers.send(Whisper::Read { event: "$edit".to_owned() }).await.expect("it runs");
    // The edit's own entry in the feed is no message that could be seen.
    let seen = states.wait_for(|live| live.seen == 3);
    drop(tokio::time::timeout(DEADLINE, seen).await.expect("in time").expect("it runs"));
    bench.stop.cancel();
}

#[tokio::test]
async fn what_waits_for_the_room_comes_as_it_is_then() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.starts().await;
    for name in ["one", "two", "three"] {
        bench.says(name).await;
    }
    bench.feed(4).await;
    bench.edits(1, 2, "better").await;
    bench.changes(2, 3, CustomerChange::Remove {}).await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::OpenRoom { .. })).await;
    let room = ruma::RoomId::parse(rooms::ROOM).expect("valid");
    bench.feed(6).await;
    let mut said = Vec::new();
    bench.ends_well(seq, effect, Done::Room(room));
    bench.says("four").await;
    loop {
        let (_, effect) = bench.next(as_customer).await;
        let Deed::Say { text, .. } = effect.deed else { continue };
        let last = text == "text of four";
        said.push(text);
        if last {
            break;
        }
    }
    let newest = said.iter().rev().take(2).rev().cloned().collect::<Vec<_>>();
    assert_eq!(newest, ["text of three", "text of four"], "{said:?}");
    bench.stop.cancel();
}

#[tokio::test]
async fn customers_change_only_what_is_theirs() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.arrives(&message("$m", "hello")).await;
    bench.feed(3).await;
    bench.edits(1, 3, "not my words").await;
    bench.changes(2, 3, CustomerChange::Remove {}).await;
    bench.edits(3, 99, "nothing there").await;
    bench.reacts(4, 3, true).await;
    bench.reacts(5, 3, true).await;
    let (page, _) = bench.page().await;
    assert_eq!(page, ["hello 👍customer"]);
    let (_, effect) = bench.next(as_customer).await;
    assert!(matches!(effect.deed, Deed::React { .. }), "{effect:?}");
    bench.customer(CustomerInput::End { chat: CHAT }).await;
    bench.reacts(6, 3, false).await;
    bench.handles_everything().await;
    let feed = bench.feed(7).await;
    let reason = crate::gateway::wire::RefusalReason::Ended;
    assert_eq!(feed.last(), Some(&FeedBody::Undelivered { key: key(6), reason }));
    // But what an agent takes back still goes.
    bench.arrives(&redaction("$x", "$m")).await;
    let (page, _) = bench.page().await;
    assert_eq!(page, Vec::<String>::new());
    bench.stop.cancel();
}
