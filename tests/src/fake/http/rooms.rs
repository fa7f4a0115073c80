//! Rooms: making, membership, sending, state and reading.

use std::sync::Arc;

use axum::{Extension, extract::Path};
use serde_json::{Value, json};

use super::{
    Bytes, Caller, Core, HalfWay, Json, Reply, Router, State, get, object, post, put, text,
};
use crate::fake::{core::lock, error::ApiError, event::Event};

type Shared = State<Arc<Core>>;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/createRoom", post(create_room))
        .route("/join/{room}", post(join))
        .route("/rooms/{room}/join", post(join))
        .route("/rooms/{room}/{action}", post(change_membership))
        .route("/rooms/{room}/send/{kind}/{txn}", put(send))
        .route("/rooms/{room}/redact/{event}/{txn}", put(redact))
        .route("/rooms/{room}/state", get(all_state))
        .route("/rooms/{room}/state/{kind}", put(set_plain_state).get(plain_state))
        .route("/rooms/{room}/state/{kind}/", put(set_plain_state).get(plain_state))
        .route("/rooms/{room}/state/{kind}/{key}", put(set_state).get(state))
        .route("/rooms/{room}/members", get(members))
        .route("/rooms/{room}/joined_members", get(joined_members))
        .route("/rooms/{room}/messages", get(messages))
        .route("/rooms/{room}/event/{event}", get(event))
        .route("/rooms/{room}/typing/{user}", put(typing))
        .route("/rooms/{room}/receipt/{kind}/{event}", post(receipt))
        .route("/rooms/{room}/read_markers", post(read_markers))
}

async fn create_room(
    State(core): Shared,
    half: Option<Extension<HalfWay>>,
    caller: Caller,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    let half = half.as_ref().map(|Extension(HalfWay(events, error))| (*events, error));
    let room = core.create_room(&caller.user, &object(&body)?, half)?;
    Ok(Json(json!({ "room_id": room })))
}

async fn join(State(core): Shared, caller: Caller, Path(room): Path<String>, body: Bytes) -> Reply {
    caller.check(&core)?;
    let body = object(&body)?;
    let id = match core.aliases.get(&room) {
        Some(id) => id.clone(),
        None if room.starts_with('#') => {
            return Err(ApiError::not_found(format!("Room alias {room} not found")));
        }
        None => room,
    };
    let content = with_reason("join", &body);
    core.set_membership(&id, &caller.user, &caller.user, content)?;
    Ok(Json(json!({ "room_id": id })))
}

fn with_reason(membership: &str, body: &Value) -> Value {
    let mut content = json!({ "membership": membership });
    if let Some(reason) = body["reason"].as_str() {
        content["reason"] = reason.into();
    }
    content
}

async fn change_membership(
    State(core): Shared,
    caller: Caller,
    Path((room, action)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    let body = object(&body)?;
    let (membership, target) = match action.as_str() {
        "invite" => ("invite", text(&body, "user_id")?),
        "kick" | "unban" => ("leave", text(&body, "user_id")?),
        "ban" => ("ban", text(&body, "user_id")?),
        "leave" => ("leave", caller.user.as_str()),
        "forget" => return Ok(Json(json!({}))),
        _ => return Err(ApiError::new(404, "M_UNRECOGNIZED", "Unrecognized request")),
    };
    core.set_membership(&room, &caller.user, target, with_reason(membership, &body))?;
    Ok(Json(json!({})))
}

async fn send(
    State(core): Shared,
    caller: Caller,
    Path((room, kind, txn)): Path<(String, String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    once(&core, &caller, &room, &format!("send/{kind}/{txn}"), &txn, || {
        let ts = caller.query.get("ts").and_then(|ts| ts.parse().ok());
        core.send(&room, &caller.user, &kind, object(&body)?, ts)
    })
}

async fn redact(
    State(core): Shared,
    caller: Caller,
    Path((room, event, txn)): Path<(String, String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    once(&core, &caller, &room, &format!("redact/{event}/{txn}"), &txn, || {
        core.redact(&room, &caller.user, &event, object(&body)?["reason"].as_str())
    })
}

/// Does it once for a transaction id. As in Synapse, the memory knows the path and not the user,
/// and only what a device sent outlives a restart.
fn once(
    core: &Core,
    caller: &Caller,
    room: &str,
    path: &str,
    txn: &str,
    act: impl FnOnce() -> Result<Arc<Event>, ApiError>,
) -> Reply {
    let path = format!("{room}/{path}");
    if let Some(known) = core.replies.get(&path) {
        return Ok(Json(json!({ "event_id": *known })));
    }
    let durable =
        caller.device.as_ref().map(|device| format!("{}/{device}/{room}/{txn}", caller.user));
    if let Some(known) = durable.as_ref().and_then(|key| core.sent.get(key)) {
        return Ok(Json(json!({ "event_id": *known })));
    }
    let id = act()?.event_id.clone();
    if let Some(key) = durable {
        core.sent.insert(key, id.clone());
    }
    core.replies.insert(path, id.clone());
    Ok(Json(json!({ "event_id": id })))
}

async fn set_plain_state(
    state: Shared,
    caller: Caller,
    Path((room, kind)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    set_state(state, caller, Path((room, kind, String::new())), body).await
}

async fn set_state(
    State(core): Shared,
    caller: Caller,
    Path((room, kind, key)): Path<(String, String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    let event = core.set_state(&room, &caller.user, &kind, &key, object(&body)?)?;
    Ok(Json(json!({ "event_id": event.event_id })))
}

async fn plain_state(
    shared: Shared,
    caller: Caller,
    Path((room, kind)): Path<(String, String)>,
) -> Reply {
    state(shared, caller, Path((room, kind, String::new()))).await
}

async fn state(
    State(core): Shared,
    caller: Caller,
    Path((room, kind, key)): Path<(String, String, String)>,
) -> Reply {
    read(&core, &caller, &room, |room| {
        let event = room.state(&kind, &key);
        event.map(|e| e.content.clone()).ok_or_else(|| ApiError::not_found("Event not found."))
    })
}

async fn all_state(State(core): Shared, caller: Caller, Path(room): Path<String>) -> Reply {
    read(&core, &caller, &room, |room| {
        Ok(json!(room.all_state().map(|e| &**e).collect::<Vec<_>>()))
    })
}

async fn members(State(core): Shared, caller: Caller, Path(room): Path<String>) -> Reply {
    let only = caller.query.get("membership").map(String::as_str);
    let not = caller.query.get("not_membership").map(String::as_str);
    read(&core, &caller, &room, |room| {
        let wanted = |m: Option<&str>| (only.is_none() || only == m) && (not.is_none() || not != m);
        let chunk: Vec<_> =
            room.members().filter(|e| wanted(e.membership())).map(|e| &**e).collect();
        Ok(json!({ "chunk": chunk }))
    })
}

async fn joined_members(State(core): Shared, caller: Caller, Path(room): Path<String>) -> Reply {
    read(&core, &caller, &room, |room| {
        let mut joined = json!({});
        for member in room.members().filter(|e| e.membership() == Some("join")) {
            let name = member.content["displayname"].clone();
            let user = member.state_key.as_deref().unwrap_or_default();
            joined[user] = json!({ "display_name": name });
        }
        Ok(json!({ "joined": joined }))
    })
}

async fn messages(State(core): Shared, caller: Caller, Path(room): Path<String>) -> Reply {
    let query = &caller.query;
    let limit = query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(10).min(1000);
    let backwards = match query.get("dir").map(String::as_str) {
        Some("b") => true,
        Some("f") => false,
        _ => return Err(ApiError::new(400, "M_MISSING_PARAM", "Missing or bad 'dir'")),
    };
    let position = |key: &str| -> Result<Option<usize>, ApiError> {
        let Some(token) = query.get(key) else { return Ok(None) };
        let parsed = token.strip_prefix('t').and_then(|n| n.parse().ok());
        parsed.map(Some).ok_or_else(|| ApiError::invalid(format!("bad token in {key}")))
    };
    let (from, to) = (position("from")?, position("to")?);
    let filter: Value =
        query.get("filter").and_then(|f| serde_json::from_str(f).ok()).unwrap_or(Value::Null);
    let wanted = |event: &Event| match filter["types"].as_array() {
        Some(types) => types.iter().any(|t| t == event.kind.as_str()),
        None => true,
    };
    read(&core, &caller, &room, |room| {
        let all = &room.timeline;
        let (start, end, chunk): (usize, usize, Vec<&Event>) = if backwards {
            let start = from.unwrap_or(all.len()).min(all.len());
            let end = start.saturating_sub(limit).max(to.unwrap_or(0).min(start));
            (start, end, all[end..start].iter().rev().map(|e| &**e).collect())
        } else {
            let start = from.unwrap_or(0).min(all.len());
            let end = (start + limit).min(to.unwrap_or(all.len())).min(all.len()).max(start);
            (start, end, all[start..end].iter().map(|e| &**e).collect())
        };
        let more = if backwards { end > 0 } else { end < all.len() };
        let chunk: Vec<_> = chunk.into_iter().filter(|e| wanted(e)).collect();
        let mut reply = json!({ "start": format!("t{start}"), "chunk": chunk });
        if more {
            reply["end"] = format!("t{end}").into();
        }
        Ok(reply)
    })
}

async fn event(
    State(core): Shared,
    caller: Caller,
    Path((room, event)): Path<(String, String)>,
) -> Reply {
    read(&core, &caller, &room, |room| {
        let event = room.event(&event).ok_or_else(|| ApiError::not_found("Event not found."))?;
        Ok(json!(**event))
    })
}

/// Reads a room in which the caller is, or was (what they may then see is not told apart).
fn read(
    core: &Core,
    caller: &Caller,
    room: &str,
    look: impl FnOnce(&crate::fake::room::Room) -> Result<Value, ApiError>,
) -> Reply {
    caller.check(core)?;
    let room = core.room(room)?;
    let room = lock(&room);
    if !room.is_joined(&caller.user) {
        let message =
            format!("User {} not in room {}, and room previews are disabled", caller.user, room.id);
        return Err(ApiError::forbidden(message));
    }
    look(&room).map(Json)
}

async fn typing(
    State(core): Shared,
    caller: Caller,
    Path((room, user)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if caller.user != user {
        return Err(ApiError::forbidden("Cannot set another user's typing state"));
    }
    core.set_typing(&room, &user, object(&body)?["typing"] == true)?;
    Ok(Json(json!({})))
}

async fn receipt(
    State(core): Shared,
    caller: Caller,
    Path((room, _kind, event)): Path<(String, String, String)>,
) -> Reply {
    caller.check(&core)?;
    core.set_receipt(&room, &caller.user, &event)?;
    Ok(Json(json!({})))
}

async fn read_markers(
    State(core): Shared,
    caller: Caller,
    Path(room): Path<String>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if let Some(event) = object(&body)?["m.read"].as_str() {
        core.set_receipt(&room, &caller.user, event)?;
    }
    Ok(Json(json!({})))
}
