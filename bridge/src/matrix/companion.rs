//! The room in which a chat's agents write what the customer never sees.

use ruma::{RoomId, api::client::room::create_room};
use serde_json::{Value, json};
use switchboard_engine::ChatId;

use super::{
    bot_room::ROOM_MARK,
    recipe::{Recipe, as_initial_state, raw, request},
};
use crate::place::Place;

/// The type of the state event that leads from the chat's room to its companion room and back.
pub const STATE: &str = "chat.switchboard.companion";

/// The room's picture: an eye on violet, 64 × 64 pixels. No chat's room has one.
pub const PICTURE: &[u8] = include_bytes!("companion.png");

/// Why a command with a private text is removed.
pub const HIDDEN: &str = "Moved to the private room of this chat.";

/// What is needed to make a companion room.
#[derive(Clone, Debug)]
pub struct Companion<'a> {
    /// Which chat's.
    pub chat: ChatId,
    /// The chat's display number.
    pub number: u64,
    /// The store's incarnation.
    pub incarnation: &'a str,
    /// What the customer calls themselves.
    pub customer: &'a str,
    /// The chat's own room.
    pub chat_room: &'a RoomId,
    /// A link to the chat's own room.
    pub link: String,
    /// The localpart of its alias.
    pub alias: String,
}

impl Companion<'_> {
    /// The room's name: nobody may take it for the chat's.
    #[must_use]
    pub fn name(&self) -> String {
        format!("👁 PRIVATE · {}", self.customer)
    }

    /// The room's topic.
    #[must_use]
    pub fn topic(&self) -> String {
        format!(
            "Private notes for chat {}. The customer never sees this: {}",
            self.number, self.link
        )
    }

    /// The levels: agents may talk, edit and remove their own. Only the bot says who is in it, and
    /// nobody can switch encryption on, which would make the bot deaf.
    #[must_use]
    pub fn power_levels() -> Value {
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
            "notifications": { "room": 0 },
        })
    }

    fn initial_state(&self) -> Vec<(&'static str, Value)> {
        let chat = json!({
            "id": self.chat.to_string(), "number": self.number, "room_id": self.chat_room,
            "incarnation": self.incarnation,
        });
        vec![
            (STATE, chat),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": "forbidden" })),
        ]
    }
}

impl Recipe for Companion<'_> {
    fn alias(&self) -> &str {
        &self.alias
    }

    fn mark(&self) -> (&'static str, Value) {
        let purpose = Place::Companion(self.chat).key();
        (ROOM_MARK, json!({ "for": purpose, "incarnation": self.incarnation }))
    }

    fn request(&self) -> create_room::v3::Request {
        let mut request = request(self, &self.name(), &self.topic());
        let (key, mark) = self.mark();
        request.creation_content = raw(&json!({ key: mark }));
        request.power_level_content_override = raw(&Self::power_levels());
        request.initial_state = as_initial_state(&self.initial_state());
        request
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        let mut state = vec![
            ("m.room.power_levels", Self::power_levels()),
            ("m.room.name", json!({ "name": self.name() })),
            ("m.room.topic", json!({ "topic": self.topic() })),
        ];
        state.extend(self.initial_state());
        state
    }
}
