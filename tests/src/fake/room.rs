//! One room: its timeline, its state, and what is permitted in it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    error::ApiError,
    event::{Event, MAX_EVENT_BYTES, now_ms, opaque_id},
};

/// The power of a room version 12 creator, whom nothing outranks.
const CREATOR: i64 = i64::MAX;

#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) creators: Vec<String>,
    pub(crate) timeline: Vec<Arc<Event>>,
    index: HashMap<String, usize>,
    state: HashMap<String, BTreeMap<String, Arc<Event>>>,
    levels: Value,
    annotations: HashSet<(String, String, String)>,
    /// How many of the appservice's users are joined.
    pub(crate) ours: usize,
    /// The newest receipt of each user.
    pub(crate) receipts: BTreeMap<String, String>,
    /// Who is typing.
    pub(crate) typing: Vec<String>,
    /// The length of the timeline, for those who wait for something to happen.
    pub(crate) version: watch::Sender<usize>,
}

/// An event that is about to be appended.
pub(crate) struct Draft<'a> {
    pub(crate) sender: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) state_key: Option<&'a str>,
    pub(crate) content: Value,
    pub(crate) ts: Option<u64>,
}

impl Room {
    pub(crate) fn new(id: String, creators: Vec<String>) -> Self {
        Self {
            id,
            creators,
            timeline: Vec::with_capacity(64),
            index: HashMap::with_capacity(64),
            state: HashMap::with_capacity(16),
            levels: Value::Null,
            annotations: HashSet::new(),
            ours: 0,
            receipts: BTreeMap::new(),
            typing: Vec::new(),
            version: watch::Sender::new(0),
        }
    }

    pub(crate) fn event(&self, id: &str) -> Option<&Arc<Event>> {
        self.index.get(id).map(|&i| &self.timeline[i])
    }

    pub(crate) fn state(&self, kind: &str, key: &str) -> Option<&Arc<Event>> {
        self.state.get(kind)?.get(key)
    }

    pub(crate) fn all_state(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.state.values().flat_map(BTreeMap::values)
    }

    pub(crate) fn membership(&self, user: &str) -> &str {
        self.state("m.room.member", user).and_then(|e| e.membership()).unwrap_or("leave")
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.state.get("m.room.member").into_iter().flat_map(BTreeMap::values)
    }

    pub(crate) fn is_joined(&self, user: &str) -> bool {
        self.membership(user) == "join"
    }

    fn power(&self, user: &str) -> i64 {
        if self.creators.iter().any(|c| c == user) {
            return CREATOR;
        }
        let default = self.levels["users_default"].as_i64().unwrap_or(0);
        self.levels["users"][user].as_i64().unwrap_or(default)
    }

    fn needed(&self, action: &str, default: i64) -> i64 {
        self.levels[action].as_i64().unwrap_or(default)
    }

    fn needed_to_send(&self, kind: &str, is_state: bool) -> i64 {
        let fallback = if is_state {
            self.needed("state_default", 50)
        } else {
            self.needed("events_default", 0)
        };
        self.levels["events"][kind].as_i64().unwrap_or(fallback)
    }

    /// Whether this user may send an event of this type.
    pub(crate) fn may_send(&self, user: &str, kind: &str, is_state: bool) -> Result<(), ApiError> {
        if !self.is_joined(user) {
            return Err(ApiError::forbidden(format!("User {user} not in room {}", self.id)));
        }
        let needed = self.needed_to_send(kind, is_state);
        if self.power(user) < needed {
            return Err(ApiError::forbidden(format!(
                "You don't have permission to post that to the room. user_level ({}) < send_level ({needed})",
                self.power(user)
            )));
        }
        Ok(())
    }

    pub(crate) fn may_redact(&self, user: &str, target: &Event) -> Result<(), ApiError> {
        self.may_send(user, "m.room.redaction", false)?;
        if target.sender != user && self.power(user) < self.needed("redact", 50) {
            return Err(ApiError::forbidden("You don't have permission to redact events"));
        }
        Ok(())
    }

    /// Whether `sender` may set `target`'s membership. `Ok(false)`: permitted, but nothing changes.
    pub(crate) fn may_change_membership(
        &self,
        sender: &str,
        target: &str,
        to: &str,
        joins_by_room: impl Fn(&str) -> bool,
    ) -> Result<bool, ApiError> {
        let now = self.membership(target);
        let deny = |why: String| Err(ApiError::forbidden(why));
        if to != "join" && sender != target && !self.is_joined(sender) {
            return deny(format!("{sender} not in room {}.", self.id));
        }
        match to {
            "invite" => {
                if matches!(now, "join") {
                    return deny(format!("{target} is already in the room."));
                }
                if now == "ban" {
                    return deny(format!("{target} is banned from the room"));
                }
                if self.power(sender) < self.needed("invite", 0) {
                    return deny(format!("{sender} cannot invite"));
                }
                Ok(true)
            }
            "join" => {
                if sender != target {
                    return deny("Cannot force another user to join.".into());
                }
                match now {
                    "join" => return Ok(false),
                    "ban" => return deny("You are banned from this room".into()),
                    "invite" => return Ok(true),
                    _ => {}
                }
                let rules = self.state("m.room.join_rules", "").map(|e| &e.content);
                let rule = rules.and_then(|r| r["join_rule"].as_str()).unwrap_or("invite");
                let allowed = rule == "public"
                    || rule == "restricted"
                        && rules.and_then(|r| r["allow"].as_array()).is_some_and(|allow| {
                            allow.iter().filter_map(|a| a["room_id"].as_str()).any(&joins_by_room)
                        });
                if allowed { Ok(true) } else { deny("You are not invited to this room.".into()) }
            }
            "leave" if sender == target => match now {
                "join" | "invite" | "knock" => Ok(true),
                "leave" if self.state("m.room.member", target).is_some() => Ok(false),
                _ => deny(format!("User {target} not in room {}", self.id)),
            },
            "leave" | "ban" => {
                let action = if to == "ban" || now == "ban" { "ban" } else { "kick" };
                if action == "kick" && !matches!(now, "join" | "invite" | "knock") {
                    return deny("The target user is not in the room".into());
                }
                let power = self.power(sender);
                if power < self.needed(action, 50) || power <= self.power(target) {
                    return deny(format!("You cannot {action} user {target}."));
                }
                Ok(true)
            }
            _ => Err(ApiError::invalid(format!("unknown membership {to}"))),
        }
    }

    /// Relations must be to known events, and reactions may not be repeated.
    pub(crate) fn check_relation(&self, sender: &str, content: &Value) -> Result<(), ApiError> {
        let relation = &content["m.relates_to"];
        let (Some(_), Some(target)) =
            (relation["rel_type"].as_str(), relation["event_id"].as_str())
        else {
            return Ok(());
        };
        if self.event(target).is_none() {
            return Err(ApiError::new(400, "M_UNKNOWN", "Can't send relation to unknown event"));
        }
        if self.annotations.contains(&annotation(sender, relation)) {
            let message = "Can't send same reaction twice";
            return Err(ApiError::new(400, "M_DUPLICATE_ANNOTATION", message));
        }
        Ok(())
    }

    /// Appends. Permissions were checked before.
    pub(crate) fn append(
        &mut self,
        draft: Draft<'_>,
        ours: impl Fn(&str) -> bool,
    ) -> Result<Arc<Event>, ApiError> {
        let mut unsigned = json!({});
        if let Some(key) = draft.state_key
            && let Some(before) = self.state(draft.kind, key)
        {
            unsigned["prev_content"] = before.content.clone();
            unsigned["prev_sender"] = before.sender.as_str().into();
            unsigned["replaces_state"] = before.event_id.as_str().into();
        }
        let redacts = (draft.kind == "m.room.redaction")
            .then(|| draft.content["redacts"].as_str().map(ToOwned::to_owned))
            .flatten();
        let event = Event {
            kind: draft.kind.into(),
            room_id: self.id.clone(),
            sender: draft.sender.into(),
            state_key: draft.state_key.map(Into::into),
            content: draft.content,
            event_id: format!("${}", opaque_id()),
            origin_server_ts: draft.ts.unwrap_or_else(now_ms),
            redacts,
            unsigned,
        };
        if serde_json::to_vec(&event.content).map_or(0, |c| c.len()) + 600 > MAX_EVENT_BYTES {
            return Err(ApiError::new(413, "M_TOO_LARGE", "event too large"));
        }
        let event = Arc::new(event);
        if let Some(key) = &event.state_key {
            if event.kind == "m.room.member" && ours(key) {
                let was = usize::from(self.is_joined(key));
                let is = usize::from(event.membership() == Some("join"));
                self.ours = self.ours + is - was;
            }
            if event.kind == "m.room.power_levels" {
                self.levels = event.content.clone();
            }
            self.state.entry(event.kind.clone()).or_default().insert(key.clone(), event.clone());
        }
        let relation = &event.content["m.relates_to"];
        if relation["rel_type"] == "m.annotation" {
            self.annotations.insert(annotation(&event.sender, relation));
        }
        if let Some(&target) = event.redacts.as_ref().and_then(|id| self.index.get(id)) {
            let mut pruned = Event::clone(&self.timeline[target]);
            self.annotations.remove(&annotation(&pruned.sender, &pruned.content["m.relates_to"]));
            pruned.content = json!({});
            pruned.unsigned["redacted_because"] = json!(*event);
            self.timeline[target] = Arc::new(pruned);
        }
        self.index.insert(event.event_id.clone(), self.timeline.len());
        self.timeline.push(event.clone());
        self.version.send_replace(self.timeline.len());
        Ok(event)
    }
}

fn annotation(sender: &str, relation: &Value) -> (String, String, String) {
    let part = |key: &str| relation[key].as_str().unwrap_or_default().to_owned();
    let key = if relation["rel_type"] == "m.annotation" { part("key") } else { String::new() };
    (sender.into(), part("event_id"), key)
}
