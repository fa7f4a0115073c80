//! What happens in the agents' rooms.

use serde_json::{Value, json};

use super::{super::words, *};
use crate::outbox::deliver::REMOVAL_KEY;

const BEN: &str = "@ben:localhost";
pub(super) const BOTH: &[(&str, &str)] = &[(ANNA, "Anna"), (BEN, "Ben")];
pub(super) const ROOM: &str = "!room:localhost";

impl Bench {
    /// Ends an effect well.
    pub(super) fn ends_well(&self, seq: EffectSeq, effect: OutboxEffect, done: Done) {
        let outcome = Outcome { seq, effect, result: Ok(done), found: false };
        self.outcomes.send(outcome).expect("the runner runs");
    }

    /// A chat with a room, which Anna is asked to take.
    pub(super) async fn rings(&mut self) {
        self.starts().await;
        let (seq, effect) = self.next(|deed| matches!(deed, Deed::OpenRoom { .. })).await;
        let room = ruma::RoomId::parse(ROOM).expect("valid");
        self.ends_well(seq, effect, Done::Room(room));
        // What waits for the room is told once it is committed.
        loop {
            match self.instructions.recv().await.expect("the runner runs") {
                Instruction::Settled(settled) if settled == seq => break,
                Instruction::Settled(_) => {}
                Instruction::Add(more) => self.effects.extend(more),
            }
        }
    }

    /// A chat that Anna has taken.
    pub(super) async fn talks(&mut self) {
        self.rings().await;
        self.member("$joined", ANNA, "join").await;
        self.feed(2).await;
    }

    /// An event that the homeserver pushes.
    pub(super) async fn event(&self, id: &str, sender: &str, kind: &str, content: Value) {
        let event = json!({
            "event_id": id, "room_id": ROOM, "sender": sender, "type": kind, "content": content,
        });
        self.push(id, &event).await;
    }

    pub(super) async fn member(&self, id: &str, user: &str, membership: &str) {
        let event = json!({
            "event_id": id, "room_id": ROOM, "sender": user, "type": "m.room.member",
            "state_key": user, "content": { "membership": membership },
        });
        self.push(id, &event).await;
    }

    pub(super) async fn push(&self, id: &str, event: &Value) {
        let body = event.to_string().into_bytes();
        let item = NewInboxItem { key: format!("event:{id}"), received: 1, body };
        self.store.append_inbox(vec![item]).await.expect("stored");
    }

    pub(super) async fn writes(&self, id: &str, sender: &str, text: &str) {
        let content = json!({ "msgtype": "m.text", "body": text });
        self.event(id, sender, "m.room.message", content).await;
    }

    /// The text of the next notice of the bot.
    pub(super) async fn notice(&mut self) -> String {
        let (_, effect) = self.next(|deed| matches!(deed, Deed::Notice { .. })).await;
        match effect.deed {
            Deed::Notice { text, .. } => text,
            other => panic!("{other:?}"),
        }
    }

    /// The process is gone, and another one begins with these agents.
    pub(super) async fn restarts(self, agents: &[(&str, &str)]) -> Self {
        self.stop.cancel();
        self.running.await.expect("no panic").expect("a clean end");
        Self::with(self.store, agents, Span::seconds(45)).await
    }
}

fn says(entry: &FeedBody) -> Option<String> {
    let FeedBody::Agent { content, .. } = entry else { return None };
    let mut text = String::new();
    crate::matrix::rich::append_plain(content, &mut text);
    Some(text.trim().to_owned())
}

#[tokio::test]
async fn who_is_no_agent_any_more_brings_their_chat_to_its_end() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    let bench = bench.restarts(&[(BEN, "Ben")]).await;
    bench.writes("$goes-on", ANNA, "I am still with you").await;
    let feed = bench.feed(3).await;
    assert_eq!(says(&feed[2]).as_deref(), Some("I am still with you"), "{feed:?}");
    bench.member("$gone", ANNA, "leave").await;
    assert!(matches!(bench.feed(4).await[3], FeedBody::Left { .. }));
    bench.stop.cancel();
}

#[tokio::test]
async fn whom_our_withdrawal_hit_after_they_had_joined_is_asked_again() {
    // Not every homeserver says what the membership was before.
    for before in [json!({}), json!({ "prev_content": { "membership": "join" } })] {
        let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
        bench.talks().await;
        bench.next(|deed| matches!(deed, Deed::Ring { request: 1, .. })).await;
        let event = json!({
            "event_id": "$withdrawn", "room_id": ROOM, "sender": BOT, "type": "m.room.member",
            "state_key": ANNA, "unsigned": before,
            "content": { "membership": "leave", REMOVAL_KEY: "withdrawn" },
        });
        bench.push("$withdrawn", &event).await;
        let (_, effect) = bench.next(|deed| matches!(deed, Deed::Ring { .. })).await;
        assert!(matches!(effect.deed, Deed::Ring { request: 2, agent, .. } if agent == ANNA));
        // Nobody is there: that is what the customer must see.
        let feed = bench.feed(4).await;
        assert!(matches!(feed[2..], [FeedBody::Left { .. }, FeedBody::Requeued {}]), "{feed:?}");
        assert_eq!(bench.live.state(CHAT).phase, Phase::Waiting);
        bench.stop.cancel();
    }
}

#[tokio::test]
async fn a_guest_in_the_room_is_told_of_once() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    bench.member("$guest", "@guest:localhost", "join").await;
    let told = bench.notice().await;
    assert!(told.contains("@guest:localhost") && told.contains("not an agent"), "{told}");
    bench.writes("$unheard", "@guest:localhost", "hello customer").await;
    bench.writes("$command", ANNA, "!nonsense").await;
    let next = bench.notice().await;
    assert!(!next.contains("guest"), "told twice: {next}");
    assert_eq!(bench.feed(2).await.len(), 2, "nothing of it reached the customer");
    bench.stop.cancel();
}

const BOT: &str = "@switchboard:localhost";

fn effect_name(bench: &Bench, seq: EffectSeq) -> String {
    effect_id(&bench.store.identity().incarnation, seq)
}

fn reply(to: &str, text: &str) -> Value {
    json!({ "msgtype": "m.text", "body": text,
        "m.relates_to": { "m.in_reply_to": { "event_id": to } } })
}

#[tokio::test]
async fn a_reply_to_a_notice_that_is_not_done_yet_stays_in_the_room() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    let (card, _) = bench.next(|deed| matches!(deed, Deed::Card { .. })).await;
    bench.writes("$help", ANNA, "!help").await;
    let (notice, _) = bench.next(|deed| matches!(deed, Deed::Notice { .. })).await;
    for (event, seq) in [("$card", card), ("$notice", notice)] {
        let id = effect_name(&bench, seq);
        let content = json!({ "msgtype": "m.notice", "body": "x", "chat.switchboard.id": id });
        bench.event(event, BOT, "m.room.message", content).await;
        let answer = format!("{event}-answer");
        bench.event(&answer, ANNA, "m.room.message", reply(event, "thanks")).await;
        let told = bench.notice().await;
        assert!(told.contains("replies to a message of the bot"), "{event}: {told}");
    }
    assert_eq!(bench.feed(2).await.len(), 2);
    bench.stop.cancel();
}

#[tokio::test]
async fn a_receipt_for_any_event_tells_what_was_seen() {
    for receipt_first in [false, true] {
        let mut bench = Bench::new(MemoryStore::new()).await;
        bench.rings().await;
        bench.says("one").await;
        let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Say { .. })).await;
        bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$one").to_owned()));
        let read = || Whisper::Read { event: "$joined".to_owned() };
        let mut states = bench.live.subscribe(CHAT);
        let delivered = states.wait_for(|live| live.delivered == 2);
        drop(tokio::time::timeout(DEADLINE, delivered).await.expect("in time"));
        if receipt_first {
            bench.whispers.send(read()).await.expect("the runner runs");
            // The whisper is heard before what follows it is looked at.
            while bench.whispers.capacity() < bench.whispers.max_capacity() {
                tokio::task::yield_now().await;
            }
        }
        bench.member("$joined", ANNA, "join").await;
        if !receipt_first {
            bench.feed(3).await;
            bench.whispers.send(read()).await.expect("the runner runs");
        }
        let seen = states.wait_for(|live| live.seen == 2);
        drop(tokio::time::timeout(DEADLINE, seen).await.expect("in time").expect("it runs"));
        bench.stop.cancel();
    }
}

#[tokio::test]
async fn who_takes_a_message_back_is_told_what_the_customer_has() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    for (n, looks, expected) in
        [(3, false, "not known to have seen it"), (5, true, "They had seen it")]
    {
        let message = format!("$message{n}");
        bench.writes(&message, ANNA, "oops").await;
        bench.feed(n).await;
        if looks {
            bench.live.customer_seen(CHAT, n as u64);
        }
        let redacts = json!({ "redacts": message });
        bench.event(&format!("$back{n}"), ANNA, "m.room.redaction", redacts).await;
        let told = bench.notice().await;
        assert!(told.contains(expected), "{told}");
    }
    // What never was for the customer is nobody's business.
    bench.writes("$command", ANNA, "!nonsense").await;
    bench.notice().await;
    bench.event("$quiet", ANNA, "m.room.redaction", json!({ "redacts": "$command" })).await;
    bench.event("$poll", ANNA, "org.matrix.msc3381.poll.start", json!({})).await;
    let told = bench.notice().await;
    assert!(told.contains("polls cannot be sent"), "{told}");
    bench.stop.cancel();
}

#[tokio::test]
async fn late_answers_and_ends_are_answered() {
    let mut bench = Bench::with(MemoryStore::new(), BOTH, Span::seconds(45)).await;
    bench.talks().await;
    bench.writes("$other", BEN, "!end").await;
    let told = bench.notice().await;
    assert!(told.contains("only the agents who are in it"), "{told}");
    bench.writes("$end", ANNA, "!end").await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Notice { .. })).await;
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$question").to_owned()));
    bench.customer(CustomerInput::End { chat: CHAT }).await;
    let over = bench.notice().await;
    assert!(over.contains("The customer has ended the chat"), "{over}");
    let relation = json!({ "rel_type": "m.annotation", "event_id": "$question", "key": "✅" });
    bench.event("$late", ANNA, "m.reaction", json!({ "m.relates_to": relation })).await;
    assert_eq!(bench.notice().await, words::OVER_ALREADY);
    bench.writes("$again", ANNA, "!end").await;
    assert_eq!(bench.notice().await, words::OVER_ALREADY);
    bench.stop.cancel();
}

#[tokio::test]
async fn who_cannot_be_removed_is_asked_to_leave() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    bench.customer(CustomerInput::End { chat: CHAT }).await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Notice { .. })).await;
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$over").to_owned()));
    let relation = json!({ "rel_type": "m.annotation", "event_id": "$over", "key": "✅" });
    bench.event("$leave", ANNA, "m.reaction", json!({ "m.relates_to": relation })).await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Remove { .. })).await;
    let outcome = Outcome { seq, effect, result: Err("no".to_owned()), found: false };
    bench.outcomes.send(outcome).expect("the runner runs");
    assert_eq!(bench.notice().await, words::not_removed("Anna"));
    let bytes = bench.store.record(RecordKind::Chat, &CHAT.to_string()).await.expect("read");
    let chat: switchboard_engine::Chat =
        serde_json::from_slice(&bytes.expect("it is there")).expect("a record");
    assert!(chat.removing.is_empty());
    bench.stop.cancel();
}

#[tokio::test]
async fn the_room_is_told_of_what_could_not_be_understood() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    for (id, sender) in [("$ours", BOT), ("$theirs", ANNA)] {
        // Without a type.
        bench.push(id, &json!({ "event_id": id, "room_id": ROOM, "sender": sender })).await;
    }
    assert_eq!(bench.notice().await, words::NOT_UNDERSTOOD);
    bench.writes("$next", ANNA, "!nonsense").await;
    let next = bench.notice().await;
    assert!(next.contains("there is no command"), "told of our own: {next}");
    bench.stop.cancel();
}

#[tokio::test]
async fn the_age_of_the_outbox_is_that_of_what_is_open() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.desk_is_made().await;
    bench.rings().await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Card { .. })).await;
    bench.ends_well(seq, effect, Done::Event(ruma::event_id!("$card").to_owned()));
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Ring { .. })).await;
    bench.ends_well(seq, effect, Done::Rung);
    bench.writes("$help", ANNA, "!help").await;
    let (_, help) = bench.next(|deed| matches!(deed, Deed::Notice { .. })).await;
    let depth = bench.store.depth().await.expect("read");
    let page = bench.metrics.render(&depth, help.created + 5000);
    assert_eq!(depth.effects, 1, "{page}");
    assert!(page.contains("outbox_oldest_seconds 5.0\n"), "{page}");
    bench.stop.cancel();
}

#[tokio::test]
async fn agents_are_mentioned_on_the_first_message_unless_that_is_switched_off() {
    for (silent, expected) in [(false, [vec![ANNA], vec![]]), (true, [vec![], vec![]])] {
        let change = |centre: &mut Centre| centre.queues[0].mention_waiting = !silent;
        let agents = &[(ANNA, "Anna")];
        let ringing = Span::seconds(45);
        let mut bench = Bench::with_centre(MemoryStore::new(), agents, ringing, change).await;
        bench.talks().await;
        for (key, mentioned) in ["one", "two"].into_iter().zip(expected) {
            bench.says(key).await;
            let (_, said) = bench.next(|deed| matches!(deed, Deed::Say { .. })).await;
            let Deed::Say { mentions, .. } = said.deed else { panic!("{said:?}") };
            assert_eq!(mentions, mentioned, "{key}, silent: {silent}");
        }
        bench.stop.cancel();
    }
}
