//! Users, devices, profiles, account data, aliases, and the appservice's ping.

use std::{sync::Arc, time::Instant};

use axum::extract::Path;
use serde_json::json;

use super::{Bytes, Caller, Core, Json, Reply, Router, State, get, object, post, put, text};
use crate::fake::{core::User, error::ApiError};

type Shared = State<Arc<Core>>;

pub(super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/register", post(register))
        .route("/account/whoami", get(whoami))
        .route("/capabilities", get(capabilities))
        .route("/profile/{user}", get(profile))
        .route("/profile/{user}/{field}", put(set_profile).get(profile_field))
        .route("/devices/{device}", put(put_device).get(device))
        .route("/joined_rooms", get(joined_rooms))
        .route("/user/{user}/account_data/{kind}", put(set_account_data).get(account_data))
        .route(
            "/user/{user}/rooms/{room}/account_data/{kind}",
            put(set_room_account_data).get(room_account_data),
        )
        .route("/directory/room/{alias}", get(resolve).put(set_alias).delete(delete_alias))
}

pub(super) async fn versions() -> Json<serde_json::Value> {
    let versions: Vec<_> = (1..=16).map(|n| format!("v1.{n}")).collect();
    Json(json!({
        "versions": versions,
        "unstable_features": { "fi.mau.msc2659.stable": true, "org.matrix.msc4190": true },
    }))
}

async fn capabilities(State(core): Shared, caller: Caller) -> Reply {
    caller.check(&core)?;
    let mut rooms = json!({ "default": core.settings.room_versions.first(), "available": {} });
    for version in &core.settings.room_versions {
        rooms["available"][version] = "stable".into();
    }
    Ok(Json(json!({ "capabilities": { "m.room_versions": rooms } })))
}

async fn register(State(core): Shared, _: Caller, body: Bytes) -> Reply {
    let body = object(&body)?;
    if body["type"] != "m.login.application_service" {
        return Err(ApiError::forbidden("Registration has been disabled"));
    }
    let id = format!("@{}:{}", text(&body, "username")?, core.settings.server_name);
    if !core.is_ours(&id) {
        let message = "Invalid user localpart for this application service.";
        return Err(ApiError::new(400, "M_EXCLUSIVE", message));
    }
    if body["inhibit_login"] != true {
        let message = "Appservices cannot log in: set inhibit_login";
        return Err(ApiError::new(400, "M_APPSERVICE_LOGIN_UNSUPPORTED", message));
    }
    let mut new = false;
    core.users.entry(id.clone()).or_insert_with(|| {
        new = true;
        User::default()
    });
    if !new {
        return Err(ApiError::new(400, "M_USER_IN_USE", "User ID already taken."));
    }
    Ok(Json(json!({ "user_id": id, "home_server": core.settings.server_name })))
}

async fn whoami(State(core): Shared, caller: Caller) -> Reply {
    caller.check(&core)?;
    let mut reply = json!({ "user_id": caller.user, "is_guest": false });
    if let Some(device) = caller.device {
        reply["device_id"] = device.into();
    }
    Ok(Json(reply))
}

async fn profile(State(core): Shared, Path(user): Path<String>) -> Reply {
    let user = core.users.get(&user).ok_or_else(|| ApiError::not_found("Profile was not found"))?;
    Ok(Json(user.profile.clone().into()))
}

async fn profile_field(State(core): Shared, Path((user, field)): Path<(String, String)>) -> Reply {
    let user = core.users.get(&user).ok_or_else(|| ApiError::not_found("Profile was not found"))?;
    Ok(Json(user.profile.get(&field).map_or_else(|| json!({}), |v| json!({ field: v }))))
}

async fn set_profile(
    State(core): Shared,
    caller: Caller,
    Path((user, field)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if caller.user != user {
        return Err(ApiError::forbidden("Cannot set another user's profile"));
    }
    let body = object(&body)?;
    let value = text(&body, &field)?.to_owned();
    if let Some(mut known) = core.users.get_mut(&user) {
        known.profile.insert(field, value.into());
    }
    Ok(Json(json!({})))
}

async fn put_device(
    State(core): Shared,
    caller: Caller,
    Path(device): Path<String>,
    body: Bytes,
) -> Reply {
    object(&body)?;
    match core.users.get_mut(&caller.user) {
        Some(mut user) => user.devices.insert(device),
        None => {
            return Err(ApiError::forbidden("Application service has not registered this user"));
        }
    };
    Ok(Json(json!({})))
}

async fn device(State(core): Shared, caller: Caller, Path(device): Path<String>) -> Reply {
    match core.users.get(&caller.user) {
        Some(user) if user.devices.contains(&device) => Ok(Json(json!({ "device_id": device }))),
        _ => Err(ApiError::not_found("No such device")),
    }
}

async fn joined_rooms(State(core): Shared, caller: Caller) -> Reply {
    caller.check(&core)?;
    let rooms = core.users.get(&caller.user).map(|u| u.joined.clone()).unwrap_or_default();
    Ok(Json(json!({ "joined_rooms": rooms })))
}

async fn set_account_data(
    state: Shared,
    caller: Caller,
    Path((user, kind)): Path<(String, String)>,
    body: Bytes,
) -> Reply {
    set_room_account_data(state, caller, Path((user, String::new(), kind)), body).await
}

async fn set_room_account_data(
    State(core): Shared,
    caller: Caller,
    Path((user, room, kind)): Path<(String, String, String)>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if caller.user != user {
        return Err(ApiError::forbidden("Cannot add account data for other users."));
    }
    core.account_data.insert((user, room, kind), object(&body)?);
    Ok(Json(json!({})))
}

async fn account_data(
    state: Shared,
    caller: Caller,
    Path((user, kind)): Path<(String, String)>,
) -> Reply {
    room_account_data(state, caller, Path((user, String::new(), kind))).await
}

async fn room_account_data(
    State(core): Shared,
    caller: Caller,
    Path(key): Path<(String, String, String)>,
) -> Reply {
    caller.check(&core)?;
    if caller.user != key.0 {
        return Err(ApiError::forbidden("Cannot get account data for other users."));
    }
    let found = core.account_data.get(&key).map(|v| v.clone());
    found.map(Json).ok_or_else(|| ApiError::not_found("Account data not found"))
}

async fn resolve(State(core): Shared, Path(alias): Path<String>) -> Reply {
    let room = core.aliases.get(&alias).map(|r| r.clone());
    let room = room.ok_or_else(|| ApiError::not_found(format!("Room alias {alias} not found")))?;
    Ok(Json(json!({ "room_id": room, "servers": [core.settings.server_name] })))
}

async fn set_alias(
    State(core): Shared,
    caller: Caller,
    Path(alias): Path<String>,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if !core.settings.is_our_alias(&alias) {
        return Err(ApiError::new(400, "M_EXCLUSIVE", "Alias is not in the namespace"));
    }
    let body = object(&body)?;
    let room = text(&body, "room_id")?;
    core.claim_alias(&alias, room).map_err(|_| {
        ApiError::new(409, "M_UNKNOWN", format!("Room alias {alias} already exists"))
    })?;
    Ok(Json(json!({})))
}

async fn delete_alias(State(core): Shared, caller: Caller, Path(alias): Path<String>) -> Reply {
    caller.check(&core)?;
    if !core.settings.is_our_alias(&alias) {
        return Err(ApiError::new(400, "M_EXCLUSIVE", "Alias is not in the namespace"));
    }
    match core.aliases.remove(&alias) {
        Some(_) => Ok(Json(json!({}))),
        None => Err(ApiError::not_found("Unknown room alias")),
    }
}

pub(super) async fn ping(
    State(core): Shared,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply {
    if id != core.settings.appservice_id {
        return Err(ApiError::forbidden("Mismatching appservice ID in path"));
    }
    drop(caller);
    let body = object(&body)?;
    let start = Instant::now();
    core.pusher.ping(body["transaction_id"].as_str()).await?;
    let duration = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(json!({ "duration_ms": duration })))
}
