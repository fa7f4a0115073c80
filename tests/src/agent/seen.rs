//! What an agent's client has shown so far.

use std::{collections::BTreeMap, fmt};

use matrix_sdk::{
    ruma::{OwnedEventId, OwnedRoomId, serde::Raw},
    sync::{RoomUpdates, State},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Everything that has come from the homeserver.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many rounds of sync there were.
    pub rounds: u64,
    /// All invites, in order, also those that were answered or withdrawn.
    pub invites: Vec<Invite>,
    /// The rooms, by id.
    pub rooms: BTreeMap<OwnedRoomId, RoomView>,
    /// The last failure of a sync.
    pub last_error: Option<String>,
}

/// An invite.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where to.
    pub room: OwnedRoomId,
    /// Who invited.
    pub inviter: String,
    /// The reason, as plain text.
    pub reason: String,
    /// The room's name.
    pub name: String,
    /// The content of the invite's member event.
    pub content: Value,
}

impl Invite {
    /// Whether it is one to the agent's desk: a direct chat with the bot.
    #[must_use]
    pub fn is_desk(&self) -> bool {
        self.content["is_direct"] == true
    }

    /// Whether it is a chat request: customers are ghosts with names of their own.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.inviter.split(':').next().is_some_and(|name| name.contains("_c_"))
    }
}

/// A room as one agent sees it.
#[derive(Clone, Debug, Default)]
pub struct RoomView {
    /// Whether the agent is in it.
    pub joined: bool,
    /// Whether the agent is invited to it.
    pub invited: bool,
    /// The timeline, in order.
    pub events: Vec<Event>,
    /// The newest state, by type and key.
    pub state: BTreeMap<(String, String), Value>,
    /// Who is typing.
    pub typing: Vec<String>,
    /// The last event that each user has read.
    pub read: BTreeMap<String, String>,
}

impl RoomView {
    /// The messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.kind == "m.room.message")
    }

    fn state_event(&mut self, event: &Event) {
        if let Some(key) = &event.state_key {
            self.state.insert((event.kind.clone(), key.clone()), event.content.clone());
        }
    }
}

/// An event of a timeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    #[serde(rename = "event_id")]
    pub id: OwnedEventId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who sent it.
    pub sender: String,
    /// The key of a state event.
    #[serde(default)]
    pub state_key: Option<String>,
    /// What it says.
    #[serde(default)]
    pub content: Value,
    /// When, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub origin_server_ts: u64,
}

impl Event {
    /// Reads an event, if it is one that has content.
    #[must_use]
    pub fn parse(raw: &serde_json::value::RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The plain text of a message.
    #[must_use]
    pub fn body(&self) -> &str {
        self.content["body"].as_str().unwrap_or_default()
    }

    /// Whether it is a notice, which is how the bot speaks.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        self.content["msgtype"] == "m.notice"
    }
}

impl Seen {
    /// Adds what a round of sync brought.
    pub(super) fn take_in(&mut self, updates: &RoomUpdates) {
        self.rounds += 1;
        self.last_error = None;
        for (id, update) in &updates.invited {
            let state: Vec<Value> = update.invite_state.events.iter().filter_map(loose).collect();
            let room = self.rooms.entry(id.clone()).or_default();
            (room.joined, room.invited) = (false, true);
            self.invites.push(invite(id, &state));
        }
        for (id, update) in &updates.joined {
            let room = self.rooms.entry(id.clone()).or_default();
            (room.joined, room.invited) = (true, false);
            let (State::Before(events) | State::After(events)) = &update.state;
            for event in events.iter().filter_map(loose::<Event, _>) {
                room.state_event(&event);
            }
            add_timeline(room, &update.timeline.events);
            for event in update.ephemeral.iter().filter_map(loose::<Value, _>) {
                ephemeral(room, &event);
            }
        }
        for (id, update) in &updates.left {
            let room = self.rooms.entry(id.clone()).or_default();
            (room.joined, room.invited) = (false, false);
            add_timeline(room, &update.timeline.events);
        }
    }
}

fn add_timeline(room: &mut RoomView, events: &[matrix_sdk::deserialized_responses::TimelineEvent]) {
    for event in events.iter().filter_map(|event| Event::parse(event.raw().json())) {
        room.state_event(&event);
        // A room that is joined again comes with its history once more.
        if !room.events.iter().any(|old| old.id == event.id) {
            room.events.push(event);
        }
    }
}

fn ephemeral(room: &mut RoomView, event: &Value) {
    let content = &event["content"];
    match event["type"].as_str() {
        Some("m.typing") => {
            let users = content["user_ids"].as_array().into_iter().flatten();
            room.typing = users.filter_map(|user| user.as_str().map(str::to_owned)).collect();
        }
        Some("m.receipt") => {
            for (event_id, receipts) in content.as_object().into_iter().flatten() {
                for user in receipts["m.read"].as_object().into_iter().flatten() {
                    room.read.insert(user.0.clone(), event_id.clone());
                }
            }
        }
        _ => {}
    }
}

fn invite(room: &OwnedRoomId, state: &[Value]) -> Invite {
    let member = state.iter().rev().find(|event| {
        event["type"] == "m.room.member" && event["content"]["membership"] == "invite"
    });
    let name = state.iter().find(|event| event["type"] == "m.room.name");
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    Invite {
        room: room.clone(),
        inviter: text(member.map(|event| &event["sender"])),
        reason: text(member.map(|event| &event["content"]["reason"])),
        name: text(name.map(|event| &event["content"]["name"])),
        content: member.map(|event| event["content"].clone()).unwrap_or_default(),
    }
}

fn loose<T: DeserializeOwned, E>(event: &Raw<E>) -> Option<T> {
    serde_json::from_str(event.json().get()).ok()
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for invite in &self.invites {
            writeln!(f, "  invite to {} by {}: {}", invite.room, invite.inviter, invite.reason)?;
        }
        for (id, room) in &self.rooms {
            let status = match (room.joined, room.invited) {
                (true, _) => "joined",
                (_, true) => "invited",
                _ => "left",
            };
            writeln!(f, "  {id} ({status})")?;
            for event in &room.events {
                writeln!(f, "    {} {}: {}", event.kind, event.sender, event.content)?;
            }
        }
        match &self.last_error {
            Some(error) => writeln!(f, "  the last sync failed: {error}"),
            None => Ok(()),
        }
    }
}
