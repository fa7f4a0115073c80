//! Spaces: one for everybody who works here, and one per queue with its open chats.

use ruma::{OwnedRoomId, api::client::room::create_room};
use serde_json::{Value, json};

use super::{
    bot_room::ROOM_MARK,
    recipe::{Recipe, as_initial_state, raw, request},
};

/// The type of the state event by which a room is in a space (spec: spaces); its key is the room.
pub const CHILD: &str = "m.space.child";

/// What is needed to make a space.
#[derive(Clone, Debug)]
pub struct Space<'a> {
    /// What it is for: a [`Place`](crate::place::Place)'s key.
    pub purpose: String,
    /// The store's incarnation.
    pub incarnation: &'a str,
    /// The localpart of its alias.
    pub alias: String,
    /// Its name.
    pub name: &'a str,
    /// Its topic.
    pub topic: &'a str,
    /// Whoever is in this room can join without an invite.
    pub open_to: Option<OwnedRoomId>,
}

impl Space<'_> {
    /// The levels: a space is for looking at. Only the bot says what is in it.
    #[must_use]
    pub fn power_levels(&self) -> Value {
        json!({
            "users": {},
            "users_default": 0,
            "state_default": 100,
            "events_default": 100,
            "events": {},
            "invite": 100,
            "kick": 100,
            "ban": 100,
            "redact": 100,
            "notifications": { "room": 100 },
        })
    }

    fn initial_state(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("m.room.join_rules", self.join_rules()),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": "forbidden" })),
        ]
    }
}

impl Recipe for Space<'_> {
    fn alias(&self) -> &str {
        &self.alias
    }

    fn mark(&self) -> (&'static str, Value) {
        (ROOM_MARK, json!({ "for": self.purpose, "incarnation": self.incarnation }))
    }

    fn join_rules(&self) -> Value {
        match &self.open_to {
            None => json!({ "join_rule": "invite" }),
            Some(room) => json!({
                "join_rule": "restricted",
                "allow": [{ "type": "m.room_membership", "room_id": room }],
            }),
        }
    }

    fn request(&self) -> create_room::v3::Request {
        let mut request = request(self, self.name, self.topic);
        let (key, mark) = self.mark();
        request.creation_content = raw(&json!({ "type": "m.space", key: mark }));
        request.power_level_content_override = raw(&self.power_levels());
        request.initial_state = as_initial_state(&self.initial_state());
        request
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        let mut state = vec![
            ("m.room.power_levels", self.power_levels()),
            ("m.room.name", json!({ "name": self.name })),
            ("m.room.topic", json!({ "topic": self.topic })),
        ];
        state.extend(self.initial_state());
        state
    }
}

/// The content of [`CHILD`] for a room that is in a space, or is taken out of it.
#[must_use]
pub fn child(server: &str, listed: bool, suggested: bool) -> Value {
    if listed { json!({ "via": [server], "suggested": suggested }) } else { json!({}) }
}
