//! The homeserver's state and what can be done to it, whoever asks: a request or an agent.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dashmap::DashMap;
use serde_json::{Map, Value, json};

use super::{
    Settings,
    agent::Inbox,
    error::ApiError,
    event::{Event, check_content},
    faults::Faults,
    push::Pusher,
    room::{Draft, Room},
};

#[derive(Debug, Default)]
pub(crate) struct User {
    pub(crate) profile: Map<String, Value>,
    pub(crate) devices: HashSet<String>,
    pub(crate) joined: BTreeSet<String>,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) rooms: DashMap<String, Arc<Mutex<Room>>>,
    pub(crate) aliases: DashMap<String, String>,
    pub(crate) users: DashMap<String, User>,
    /// Replies remembered by path, in memory: forgotten by a restart.
    pub(crate) replies: DashMap<String, String>,
    /// Event ids remembered by user, device, room and transaction: kept over a restart, for half
    /// an hour at least.
    pub(crate) sent: DashMap<String, String>,
    /// Uploaded files by their addresses.
    pub(crate) files: DashMap<String, bytes::Bytes>,
    /// How many there were.
    pub(crate) file_ids: std::sync::atomic::AtomicU64,
    pub(crate) account_data: DashMap<(String, String, String), Value>,
    pub(crate) inboxes: DashMap<String, Arc<Inbox>>,
    pub(crate) faults: Faults,
    pub(crate) pusher: Pusher,
}

/// A panicking test must not hide its message behind a poisoned lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    /// Keeps a file in the media repository. Gives its address.
    pub(crate) fn keep_file(&self, file: bytes::Bytes) -> String {
        let number = self.file_ids.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let uri = format!("mxc://{}/{number}", self.settings.server_name);
        self.files.insert(uri.clone(), file);
        uri
    }

    pub(crate) fn new(settings: Settings) -> Self {
        let core = Self {
            rooms: DashMap::with_capacity(1024),
            aliases: DashMap::with_capacity(1024),
            users: DashMap::with_capacity(1024),
            replies: DashMap::with_capacity(16_384),
            sent: DashMap::with_capacity(16_384),
            files: DashMap::new(),
            file_ids: std::sync::atomic::AtomicU64::new(0),
            account_data: DashMap::new(),
            inboxes: DashMap::new(),
            faults: Faults::new(settings.seed),
            pusher: Pusher::new(&settings),
            settings,
        };
        core.users.insert(core.settings.sender(), User::default());
        core
    }

    /// Whether this id is in the appservice's namespace.
    pub(crate) fn is_ours(&self, user: &str) -> bool {
        self.settings.is_ours(user)
    }

    pub(crate) fn room(&self, id: &str) -> Result<Arc<Mutex<Room>>, ApiError> {
        self.rooms
            .get(id)
            .map(|r| r.clone())
            .ok_or_else(|| ApiError::forbidden(format!("Unknown room {id}")))
    }

    /// Appends to a room and tells everybody whom it concerns, in the room's order.
    fn append(&self, room: &mut Room, draft: Draft<'_>) -> Result<Arc<Event>, ApiError> {
        let was_ours = room.ours > 0;
        let event = room.append(draft, |user| self.is_ours(user))?;
        if let (Some(membership), Some(user)) = (event.membership(), event.state_key.as_deref()) {
            if let Some(mut known) = self.users.get_mut(user) {
                if membership == "join" {
                    known.joined.insert(room.id.clone());
                } else {
                    known.joined.remove(&room.id);
                }
            }
            // Whoever is invited may come to look later.
            if membership == "invite" && !self.is_ours(user) {
                self.inboxes.entry(user.to_owned()).or_default().deliver(event.clone());
            }
        }
        let concerned = was_ours
            || room.ours > 0
            || self.is_ours(&event.sender)
            || event.state_key.as_deref().is_some_and(|key| self.is_ours(key));
        if concerned {
            self.pusher.event(event.clone());
        }
        Ok(event)
    }

    pub(crate) fn send(
        &self,
        room: &str,
        sender: &str,
        kind: &str,
        content: Value,
        ts: Option<u64>,
    ) -> Result<Arc<Event>, ApiError> {
        check_content(&content)?;
        let room = self.room(room)?;
        let mut room = lock(&room);
        room.may_send(sender, kind, false)?;
        room.check_relation(sender, &content)?;
        self.append(&mut room, Draft { sender, kind, state_key: None, content, ts })
    }

    pub(crate) fn redact(
        &self,
        room: &str,
        sender: &str,
        target: &str,
        reason: Option<&str>,
    ) -> Result<Arc<Event>, ApiError> {
        let room = self.room(room)?;
        let mut room = lock(&room);
        let event = room.event(target).ok_or_else(|| ApiError::not_found("No such event"))?;
        room.may_redact(sender, event)?;
        let mut content = json!({ "redacts": target });
        if let Some(reason) = reason {
            content["reason"] = reason.into();
        }
        let kind = "m.room.redaction";
        self.append(&mut room, Draft { sender, kind, state_key: None, content, ts: None })
    }

    pub(crate) fn set_state(
        &self,
        room: &str,
        sender: &str,
        kind: &str,
        key: &str,
        content: Value,
    ) -> Result<Arc<Event>, ApiError> {
        check_content(&content)?;
        if kind == "m.room.member" {
            return self.set_membership(room, sender, key, content)?.ok_or_else(|| {
                ApiError::invalid("membership did not change") // never: see set_membership
            });
        }
        let room = self.room(room)?;
        let mut room = lock(&room);
        room.may_send(sender, kind, true)?;
        if key.starts_with('@') && key != sender {
            return Err(ApiError::forbidden("You are not allowed to set others state"));
        }
        if kind == "m.room.power_levels" {
            check_levels(&room.creators, &content)?;
        }
        if let Some(same) = room.state(kind, key).filter(|e| e.content == content) {
            return Ok(same.clone());
        }
        self.append(&mut room, Draft { sender, kind, state_key: Some(key), content, ts: None })
    }

    /// Sets a membership with this content. Gives the event that now stands.
    pub(crate) fn set_membership(
        &self,
        room: &str,
        sender: &str,
        target: &str,
        content: Value,
    ) -> Result<Option<Arc<Event>>, ApiError> {
        let room = self.room(room)?;
        let mut room = lock(&room);
        self.change_membership(&mut room, sender, target, content).map(Some)
    }

    fn change_membership(
        &self,
        room: &mut Room,
        sender: &str,
        target: &str,
        mut content: Value,
    ) -> Result<Arc<Event>, ApiError> {
        let to = content["membership"].as_str().unwrap_or_default().to_owned();
        let joined = |id: &str| self.users.get(target).is_some_and(|u| u.joined.contains(id));
        let changes = room.may_change_membership(sender, target, &to, joined)?;
        if matches!(to.as_str(), "invite" | "join")
            && let Some(user) = self.users.get(target)
        {
            for key in ["displayname", "avatar_url"] {
                if let (None, Some(value)) = (content.get(key), user.profile.get(key)) {
                    content[key] = value.clone();
                }
            }
        }
        if let Some(now) = room.state("m.room.member", target)
            && (!changes || now.content == content && now.sender == sender)
        {
            return Ok(now.clone());
        }
        let draft =
            Draft { sender, kind: "m.room.member", state_key: Some(target), content, ts: None };
        self.append(room, draft)
    }

    /// Ends a membership in somebody's name, whatever the room's levels say.
    pub(crate) fn expel(&self, room: &str, by: &str, target: &str) -> Result<(), ApiError> {
        let room = self.room(room)?;
        let mut room = lock(&room);
        let (kind, content) = ("m.room.member", json!({ "membership": "leave" }));
        let draft = Draft { sender: by, kind, state_key: Some(target), content, ts: None };
        self.append(&mut room, draft).map(drop)
    }

    /// Makes a room. With `half`, fails after the alias and so many events, as Synapse can do.
    pub(crate) fn create_room(
        &self,
        creator: &str,
        body: &Value,
        half: Option<(usize, &ApiError)>,
    ) -> Result<String, ApiError> {
        let id = format!("!{}", super::event::opaque_id());
        let default = self.settings.room_versions.first().map_or("12", String::as_str);
        let version = body["room_version"].as_str().unwrap_or(default);
        if !self.settings.room_versions.iter().any(|known| known == version) {
            let message = "Your homeserver does not support this room version";
            return Err(ApiError::new(400, "M_UNSUPPORTED_ROOM_VERSION", message));
        }
        let preset = body["preset"].as_str().unwrap_or("private_chat");
        let invites = strings(&body["invite"]);
        let mut creators = vec![creator.to_owned()];
        creators.extend(strings(&body["creation_content"]["additional_creators"]));
        if preset == "trusted_private_chat" {
            creators.extend(invites.iter().cloned());
        }
        let levels = levels(&body["power_level_content_override"]);
        check_levels(&creators, &levels)?;
        let alias = body["room_alias_name"]
            .as_str()
            .map(|name| format!("#{name}:{}", self.settings.server_name));
        if let Some(alias) = &alias {
            self.claim_alias(alias, &id)?;
        }
        let room = Arc::new(Mutex::new(Room::new(id.clone(), creators)));
        self.rooms.insert(id.clone(), room.clone());
        let mut room = lock(&room);
        let mut made = 0;
        let mut step = || match half {
            Some((events, error)) if made == events => Err(error.clone()),
            _ => {
                made += 1;
                Ok(())
            }
        };
        let mut put = |kind: &str, key: &str, content: Value| {
            step()?;
            let draft = Draft { sender: creator, kind, state_key: Some(key), content, ts: None };
            self.append(&mut room, draft)
        };
        let mut creation = body["creation_content"].clone();
        if !creation.is_object() {
            creation = json!({});
        }
        creation["room_version"] = version.into();
        put("m.room.create", "", creation)?;
        let profile = self.users.get(creator).map(|u| u.profile.clone()).unwrap_or_default();
        let mut member = Value::Object(profile);
        member["membership"] = "join".into();
        put("m.room.member", creator, member)?;
        put("m.room.power_levels", "", levels)?;
        if let Some(alias) = &alias {
            put("m.room.canonical_alias", "", json!({ "alias": alias }))?;
        }
        let rule = if preset == "public_chat" { "public" } else { "invite" };
        put("m.room.join_rules", "", json!({ "join_rule": rule }))?;
        put("m.room.history_visibility", "", json!({ "history_visibility": "shared" }))?;
        if preset != "public_chat" {
            put("m.room.guest_access", "", json!({ "guest_access": "can_join" }))?;
        }
        for state in body["initial_state"].as_array().into_iter().flatten() {
            let kind = state["type"].as_str().ok_or_else(|| ApiError::bad_json("no type"))?;
            check_content(&state["content"])?;
            put(kind, state["state_key"].as_str().unwrap_or(""), state["content"].clone())?;
        }
        if let Some(name) = body["name"].as_str() {
            put("m.room.name", "", json!({ "name": name }))?;
        }
        if let Some(topic) = body["topic"].as_str() {
            put("m.room.topic", "", json!({ "topic": topic }))?;
        }
        for target in invites {
            let mut content = json!({ "membership": "invite" });
            if body["is_direct"] == true {
                content["is_direct"] = true.into();
            }
            step()?;
            self.change_membership(&mut room, creator, &target, content)?;
        }
        Ok(id)
    }

    pub(crate) fn claim_alias(&self, alias: &str, room: &str) -> Result<(), ApiError> {
        use dashmap::mapref::entry::Entry;
        match self.aliases.entry(alias.to_owned()) {
            Entry::Occupied(_) => {
                Err(ApiError::new(400, "M_ROOM_IN_USE", "Room alias already taken"))
            }
            Entry::Vacant(free) => {
                free.insert(room.to_owned());
                Ok(())
            }
        }
    }

    /// What a restart forgets.
    pub(crate) fn forget_memory(&self) {
        self.replies.clear();
        for room in &self.rooms {
            lock(room.value()).typing.clear();
        }
    }

    /// What time takes away too: every transaction id.
    pub(crate) fn forget_transactions(&self) {
        self.replies.clear();
        self.sent.clear();
    }

    /// The devices of the appservice's users are deleted.
    pub(crate) fn forget_devices(&self) {
        for mut user in self.users.iter_mut().filter(|user| self.is_ours(user.key())) {
            user.devices.clear();
        }
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(Into::into)).collect()
}

fn check_levels(creators: &[String], levels: &Value) -> Result<(), ApiError> {
    match creators.iter().find(|c| levels["users"].get(c.as_str()).is_some()) {
        Some(creator) => Err(ApiError::bad_json(format!(
            "Creator user {creator} must not appear in content.users"
        ))),
        None => Ok(()),
    }
}

fn levels(overrides: &Value) -> Value {
    let mut levels = json!({
        "users": {}, "users_default": 0, "events_default": 0, "state_default": 50,
        "ban": 50, "kick": 50, "redact": 50, "invite": 0, "historical": 100,
        "events": {
            "m.room.name": 50, "m.room.power_levels": 100, "m.room.history_visibility": 100,
            "m.room.canonical_alias": 50, "m.room.avatar": 50, "m.room.tombstone": 150,
            "m.room.server_acl": 100, "m.room.encryption": 100,
        },
    });
    for (key, value) in overrides.as_object().into_iter().flatten() {
        levels[key.as_str()] = value.clone();
    }
    levels
}
