//! What a chat room is made of (spec: client-server API, `POST /createRoom`).

use ruma::{
    OwnedUserId, RoomVersionId, UserId,
    api::client::room::create_room::{self, v3::RoomPreset},
    serde::Raw,
};
use serde_json::{Value, json};
use switchboard_engine::ChatId;

/// The type of the state event that says which chat a room is.
pub const CHAT_STATE: &str = "chat.switchboard.chat";
/// The type of the state event that says who the customer is.
pub const CUSTOMER_STATE: &str = "chat.switchboard.customer";

/// The version of chat rooms: the first in which nobody, whatever their power, stands above the
/// creator.
pub const ROOM_VERSION: RoomVersionId = RoomVersionId::V12;

/// What is needed to make a chat's room.
#[derive(Clone, Debug)]
pub struct ChatRoom<'a> {
    /// Which chat.
    pub chat: ChatId,
    /// Its display number.
    pub number: u64,
    /// The store's incarnation.
    pub incarnation: &'a str,
    /// What the customer calls themselves.
    pub customer: &'a str,
    /// The queue's id.
    pub queue: &'a str,
    /// The queue's name.
    pub queue_name: &'a str,
    /// Whether users of other homeservers can be in it. It cannot be changed later.
    pub federate: bool,
    /// The customer's ghost.
    pub ghost: &'a UserId,
    /// The localpart of the room's alias.
    pub alias: String,
}

impl ChatRoom<'_> {
    /// The room's name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} · {}", self.customer, self.queue_name)
    }

    /// The room's topic.
    #[must_use]
    pub fn topic(&self) -> String {
        format!("{} · chat {}", self.queue_name, self.number)
    }

    /// What marks the room as this chat's, in its create event.
    #[must_use]
    pub fn mark(&self) -> Value {
        json!({ "id": self.chat.to_string(), "incarnation": self.incarnation })
    }

    /// The content of [`CHAT_STATE`].
    #[must_use]
    pub fn state(&self, status: &str) -> Value {
        json!({
            "id": self.chat.to_string(),
            "number": self.number,
            "queue": self.queue,
            "status": status,
            "incarnation": self.incarnation,
        })
    }

    /// The levels: agents may talk and invite, only the bot changes what the room is, and only
    /// the customer answers polls. The bot, as creator, stands above all of it (room version 12).
    #[must_use]
    pub fn power_levels(&self) -> Value {
        let poll_answers = json!({
            "m.poll.response": 1,
            "org.matrix.msc3381.poll.response": 1,
        });
        json!({
            "users": { self.ghost.as_str(): 1 },
            "users_default": 0,
            "state_default": 100,
            "events_default": 0,
            "events": poll_answers,
            "invite": 0,
            "kick": 100,
            "ban": 100,
            "redact": 100,
            "notifications": { "room": 100 },
        })
    }

    /// The state that the room begins with, besides what the preset and the request's own fields
    /// give it.
    #[must_use]
    pub fn initial_state(&self) -> Vec<(&'static str, Value)> {
        vec![
            (CHAT_STATE, self.state("waiting")),
            (
                CUSTOMER_STATE,
                json!({
                    "variables": [{ "name": "name", "value": self.customer, "verified": false }],
                }),
            ),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": "forbidden" })),
        ]
    }

    /// The request that makes the room with the ghost invited.
    #[must_use]
    pub fn request(&self) -> create_room::v3::Request {
        let mut request = create_room::v3::Request::new();
        request.room_version = Some(ROOM_VERSION);
        request.preset = Some(RoomPreset::PrivateChat);
        request.room_alias_name = Some(self.alias.clone());
        request.name = Some(self.name());
        request.topic = Some(self.topic());
        request.invite = vec![OwnedUserId::from(self.ghost)];
        let mut creation = json!({ CHAT_STATE: self.mark() });
        if !self.federate {
            creation["m.federate"] = false.into();
        }
        request.creation_content = raw(&creation);
        request.power_level_content_override = raw(&self.power_levels());
        request.initial_state = self
            .initial_state()
            .iter()
            .map(|(kind, content)| json!({ "type": kind, "state_key": "", "content": content }))
            .filter_map(|state| raw(&state))
            .collect();
        request
    }
}

/// A value as ruma's raw JSON of whatever type the request wants.
#[must_use]
pub fn raw<T>(value: &Value) -> Option<Raw<T>> {
    serde_json::value::to_raw_value(value).ok().map(Raw::from_json)
}
