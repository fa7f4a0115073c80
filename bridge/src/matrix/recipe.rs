//! What rooms are made of (spec: client-server API, `POST /createRoom`).

use ruma::{
    OwnedUserId, RoomVersionId, UserId,
    api::client::room::create_room::{self, v3::RoomPreset},
    events::AnyInitialStateEvent,
    serde::Raw,
};
use serde_json::{Value, json};
use switchboard_engine::ChatId;

use crate::variables::{self, Variable};

/// The type of the state event that says which chat a room is.
pub const CHAT_STATE: &str = "chat.switchboard.chat";
/// The type of the state event that says who the customer is.
pub const CUSTOMER_STATE: &str = "chat.switchboard.customer";

/// The version of chat rooms: the first in which nobody, whatever their power, stands above the
/// creator.
pub const ROOM_VERSION: RoomVersionId = RoomVersionId::V12;

/// A room that is made once, however often it is tried: its alias finds it again, and its create
/// event says that it is the right one.
pub trait Recipe {
    /// The localpart of the room's alias.
    fn alias(&self) -> &str;

    /// What marks the room in its create event: the key and its value.
    fn mark(&self) -> (&'static str, Value);

    /// The request that makes it.
    fn request(&self) -> create_room::v3::Request;

    /// Who can join it (spec: `m.room.join_rules`).
    fn join_rules(&self) -> Value {
        json!({ "join_rule": "invite" })
    }

    /// The state that it must have, to repair one that was half made, with empty state keys. Its
    /// alias and who can join it are seen to besides.
    fn state(&self) -> Vec<(&'static str, Value)>;
}

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
    /// What else is known of them.
    pub variables: &'a [Variable],
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

    /// The content of [`CHAT_STATE`].
    #[must_use]
    pub fn chat_state(&self, status: &str) -> Value {
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
            (CHAT_STATE, self.chat_state("waiting")),
            (CUSTOMER_STATE, variables::state(self.variables)),
            ("m.room.history_visibility", json!({ "history_visibility": "shared" })),
            ("m.room.guest_access", json!({ "guest_access": "forbidden" })),
        ]
    }
}

impl Recipe for ChatRoom<'_> {
    fn alias(&self) -> &str {
        &self.alias
    }

    fn mark(&self) -> (&'static str, Value) {
        (CHAT_STATE, json!({ "id": self.chat.to_string(), "incarnation": self.incarnation }))
    }

    /// With the ghost invited.
    fn request(&self) -> create_room::v3::Request {
        let mut request = request(self, &self.name(), &self.topic());
        request.invite = vec![OwnedUserId::from(self.ghost)];
        let (key, mark) = self.mark();
        let mut creation = json!({ key: mark });
        if !self.federate {
            creation["m.federate"] = false.into();
        }
        request.creation_content = raw(&creation);
        request.power_level_content_override = raw(&self.power_levels());
        request.initial_state = as_initial_state(&self.initial_state());
        request
    }

    fn state(&self) -> Vec<(&'static str, Value)> {
        let mut state = vec![
            ("m.room.power_levels", self.power_levels()),
            ("m.room.name", json!({ "name": self.name() })),
            ("m.room.topic", json!({ "topic": self.topic() })),
        ];
        state.extend(self.initial_state());
        state
    }
}

/// What is the same for all rooms.
pub(super) fn request(recipe: &impl Recipe, name: &str, topic: &str) -> create_room::v3::Request {
    let mut request = create_room::v3::Request::new();
    request.room_version = Some(ROOM_VERSION);
    request.preset = Some(RoomPreset::PrivateChat);
    request.room_alias_name = Some(recipe.alias().to_owned());
    request.name = Some(name.to_owned());
    request.topic = Some(topic.to_owned());
    request
}

pub(super) fn as_initial_state(state: &[(&'static str, Value)]) -> Vec<Raw<AnyInitialStateEvent>> {
    state
        .iter()
        .map(|(kind, content)| json!({ "type": kind, "state_key": "", "content": content }))
        .filter_map(|state| raw(&state))
        .collect()
}

/// A value as ruma's raw JSON of whatever type the request wants.
#[must_use]
pub fn raw<T>(value: &Value) -> Option<Raw<T>> {
    serde_json::value::to_raw_value(value).ok().map(Raw::from_json)
}
