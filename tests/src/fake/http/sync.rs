//! Sliding sync (MSC4186), as far as a list of invites needs it.

use std::sync::Arc;

use serde_json::json;

use super::{Bytes, Caller, Core, Json, Reply, State, object};
use crate::fake::{core::lock, error::ApiError};

/// The rooms that the caller is invited to, with their stripped state. As in Synapse, nothing works
/// without a device, and an invite has no event id but a place in the stream.
pub(super) async fn sliding(State(core): State<Arc<Core>>, caller: Caller, body: Bytes) -> Reply {
    caller.check(&core)?;
    if caller.device.is_none() {
        return Err(ApiError::new(500, "M_UNKNOWN", "Internal server error"));
    }
    let body = object(&body)?;
    let lists = body["lists"].as_object().cloned().unwrap_or_default();
    if lists.values().any(|list| list["filters"]["is_invite"] != true) {
        return Err(ApiError::invalid("this fake only lists invites"));
    }
    if lists.values().any(|list| !list["required_state"].is_array()) {
        return Err(ApiError::new(400, "M_MISSING_PARAM", "Field required: required_state"));
    }
    let (mut rooms, mut counts) = (json!({}), json!({}));
    for room in core.rooms.iter().map(|entry| entry.value().clone()) {
        let room = lock(&room);
        let Some(at) = room.timeline.iter().rposition(|event| {
            event.membership().is_some() && event.state_key.as_deref() == Some(&*caller.user)
        }) else {
            continue;
        };
        let invite = &room.timeline[at];
        if invite.membership() != Some("invite") {
            continue;
        }
        let stripped = json!({
            "type": invite.kind, "sender": invite.sender, "state_key": invite.state_key,
            "content": invite.content,
        });
        rooms[&room.id] = json!({
            "initial": true, "bump_stamp": at + 1, "invite_state": [stripped],
            "notification_count": 0, "highlight_count": 0,
        });
    }
    let count = rooms.as_object().map_or(0, serde_json::Map::len);
    for name in lists.keys() {
        counts[name] = json!({ "count": count });
    }
    Ok(Json(json!({ "pos": "0", "lists": counts, "rooms": rooms, "extensions": {} })))
}
