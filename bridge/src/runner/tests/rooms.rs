//! What happens in the agents' rooms.

use serde_json::{Value, json};

use super::*;

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
        self.directory.put_room(CHAT, &room);
        self.ends_well(seq, effect, Done::Room(room));
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
