//! Rooms in which people talk with the bot: desks and the administrators' room.

use ruma::api::client::room::create_room;
use serde_json::{Value, json};

use super::recipe::{Recipe, as_initial_state, raw, request};

/// What marks such a room in its create event.
pub const ROOM_MARK: &str = "chat.switchboard.room";

/// What is needed to make a room for people and the bot.
#[derive(Clone, Debug)]
pub struct BotRoom<'a> {
    /// What it is for: a [`Place`](crate::place::Place)'s key.
    pub purpose: String,
    /// The store's incarnation.
    pub incarnation: &'a str,
    /// The localpart of the room's alias.
    pub alias: String,
    /// Its name.
    pub name: &'a str,
    /// Its topic.
    pub topic: &'a str,
}

impl BotRoom<'_> {
    /// The levels: people may talk and react, and nothing else. So nobody can switch encryption on,
    /// which could not be undone and would make the bot deaf.
    #[must_use]
    pub fn power_levels(&self) -> Value {
        json!({
            "users": {},
            "users_default": 0,
            "state_default": 100,
            "events_default": 0,
            "events": {},
            "invite": 100,
            "kick": 100,
            "ban": 100,
            "redact": 100,
            "notifications": { "room": 100 },
        })
    }

    fn initial_state() -> Vec<(&'static str, Value)> {
        vec![
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": "forbidden" })),
        ]
    }
}

impl Recipe for BotRoom<'_> {
    fn alias(&self) -> &str {
        &self.alias
    }

    fn mark(&self) -> (&'static str, Value) {
        (ROOM_MARK, json!({ "for": self.purpose, "incarnation": self.incarnation }))
    }

    fn request(&self) -> create_room::v3::Request {
        let mut request = request(self, self.name, self.topic);
        let (key, mark) = self.mark();
        request.creation_content = raw(&json!({ key: mark }));
        request.power_level_content_override = raw(&self.power_levels());
        request.initial_state = as_initial_state(&Self::initial_state());
        request
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        let mut state = vec![
            ("m.room.power_levels", self.power_levels()),
            ("m.room.name", json!({ "name": self.name })),
            ("m.room.topic", json!({ "topic": self.topic })),
        ];
        state.extend(Self::initial_state());
        state
    }
}
