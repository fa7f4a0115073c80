//! Invites to the bot, whether they were pushed as events or are told of when it is asked.

use ruma::{OwnedRoomId, RoomId, UserId, events::AnyStrippedStateEvent, serde::Raw};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::RoomEvent;

/// What the keys of inbox items begin with that hold an [`Invite`].
pub const KEY: &str = "invite:";

/// An invite to the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Into which room.
    pub room: OwnedRoomId,
    /// By whom.
    pub inviter: String,
    /// Whether it is to be a direct chat.
    pub direct: bool,
}

/// A member event of a room that one is not in yet (spec: stripped state).
#[derive(Deserialize)]
struct Stripped {
    #[serde(rename = "type")]
    kind: String,
    sender: String,
    #[serde(default)]
    state_key: String,
    #[serde(default)]
    content: Value,
}

impl Invite {
    /// The invite that an event is, if it is one to the bot.
    #[must_use]
    pub fn of_event(event: &RoomEvent, bot: &UserId) -> Option<Self> {
        let invites_bot = event.kind == "m.room.member"
            && event.membership() == Some("invite")
            && event.state_key.as_deref() == Some(bot.as_str());
        let room = RoomId::parse(&event.room_id).ok().filter(|_| invites_bot)?;
        let direct = event.content.get("is_direct").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { room, inviter: event.sender.clone(), direct })
    }

    /// The invite that a room's stripped state tells of.
    #[must_use]
    pub fn of_state(
        room: &RoomId,
        state: &[Raw<AnyStrippedStateEvent>],
        bot: &UserId,
    ) -> Option<Self> {
        let events = state.iter().filter_map(|raw| {
            // The rest of the state is of no interest, whatever it looks like.
            serde_json::from_str::<Stripped>(raw.json().get()).ok()
        });
        let is_invite = |event: &Stripped| {
            event.kind == "m.room.member"
                && event.state_key == bot.as_str()
                && event.content["membership"] == "invite"
        };
        let event = events.into_iter().find(is_invite)?;
        let direct = event.content["is_direct"].as_bool().unwrap_or_default();
        Some(Self { room: room.to_owned(), inviter: event.sender, direct })
    }
}

#[cfg(test)]
mod tests {
    use ruma::{room_id, user_id};
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn the_state_of_a_room_tells_who_invites() {
        let bot = user_id!("@switchboard:localhost");
        let member = |key: &str, membership: &str, direct: Value| {
            json!({
                "type": "m.room.member", "sender": "@anna:localhost", "state_key": key,
                "content": { "membership": membership, "is_direct": direct },
            })
        };
        let name = json!({ "type": "m.room.name", "sender": "@anna:localhost", "state_key": "",
            "content": { "name": 7 } });
        for (state, expected) in [
            (vec![name.clone(), member(bot.as_str(), "invite", json!(true))], Some(true)),
            (vec![member(bot.as_str(), "invite", Value::Null), json!([])], Some(false)),
            (vec![member(bot.as_str(), "invite", json!("yes"))], Some(false)),
            (vec![member(bot.as_str(), "join", json!(true))], None),
            (vec![member("@ben:localhost", "invite", json!(true))], None),
            (vec![name], None),
        ] {
            let state: Vec<_> = state
                .iter()
                .map(|event| Raw::from_json(to_raw_value(event).expect("JSON")))
                .collect();
            let invite = Invite::of_state(room_id!("!room:localhost"), &state, bot);
            let expected = expected.map(|direct| Invite {
                room: room_id!("!room:localhost").to_owned(),
                inviter: "@anna:localhost".to_owned(),
                direct,
            });
            assert_eq!(invite, expected, "{state:?}");
        }
    }
}
