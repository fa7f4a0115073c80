//! Invites to the bot, however they are heard of.

use serde_json::json;

use super::*;
use crate::matrix::invite::Invite;

const ROOM: &str = "!direct:localhost";

/// The invite by somebody as a pushed event and as an answer to a question, in this order of keys.
fn heard_of(inviter: &str, keys: &[&str]) -> Vec<NewInboxItem> {
    let event = json!({
        "event_id": "$invite", "room_id": ROOM, "sender": inviter, "type": "m.room.member",
        "state_key": "@switchboard:localhost",
        "content": { "membership": "invite", "is_direct": true },
    });
    let room = ruma::RoomId::parse(ROOM).expect("valid");
    let pending = json!(Invite { room, inviter: inviter.to_owned(), direct: true });
    let body = |key: &str| if key.starts_with("event:") { &event } else { &pending };
    let item = |key: &&str| {
        let body = body(key).to_string().into_bytes();
        NewInboxItem { key: (*key).to_owned(), received: 1, body }
    };
    keys.iter().map(item).collect()
}

/// What the bot does about the room, as far as it is not done.
async fn deeds(bench: &Bench) -> Vec<Deed> {
    let effects = bench.store.effects().await.expect("read");
    let effects = effects.iter().map(|(_, stored)| {
        serde_json::from_slice::<OutboxEffect>(&stored.body).expect("an effect")
    });
    let there = effects.filter(|effect| matches!(&effect.place, Place::Visited(_)));
    there.map(|effect| effect.deed).collect()
}

#[tokio::test]
async fn an_invite_is_answered_once_however_it_is_heard_of() {
    let (pushed, asked) = ("event:$invite", "invite:!direct:localhost:7");
    for keys in [&[pushed, asked][..], &[asked, pushed], &[asked]] {
        for (inviter, joins) in [(ANNA, true), ("@stranger:localhost", false)] {
            let bench = Bench::new(MemoryStore::new()).await;
            for items in [heard_of(inviter, keys), heard_of(inviter, &[asked])] {
                bench.store.append_inbox(items).await.expect("stored");
                bench.handles_everything().await;
            }
            let done = deeds(&bench).await;
            let is_it = |deed: &Deed| match deed {
                Deed::Join {} => joins,
                Deed::Decline { .. } => !joins,
                _ => false,
            };
            assert_eq!(done.len(), 1, "{keys:?} {inviter}: {done:?}");
            assert!(done.iter().all(is_it), "{keys:?} {inviter}: {done:?}");
            bench.stop.cancel();
        }
    }
}
