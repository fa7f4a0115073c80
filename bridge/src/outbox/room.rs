//! Making a chat's room: every step can be repeated, and a half-made room is repaired.

use ruma::{
    OwnedRoomId, UserId,
    api::client::{
        alias::{delete_alias, get_alias},
        device::update_device,
        membership::{invite_user, join_room_by_id},
        profile::set_profile_field,
        state::get_state_event_for_key,
    },
    events::StateEventType,
    profile::ProfileFieldValue,
};
use serde_json::{Value, json, value::RawValue};

use super::deliver::{DeliverError, Deliverer};
use crate::{
    identity,
    matrix::{
        client::{As, CallError, Homeserver},
        recipe::{CHAT_STATE, ChatRoom},
    },
};

/// Makes the room with the ghost in it, or finds the one that an earlier try made and repairs it.
pub(super) async fn open(
    deliverer: &Deliverer,
    recipe: &ChatRoom<'_>,
) -> Result<OwnedRoomId, DeliverError> {
    let homeserver = &deliverer.homeserver;
    let bot = deliverer.names.bot();
    make_ghost(homeserver, &deliverer.names.ghost_localpart(recipe.chat), recipe).await?;
    let (room, adopted) = create_or_adopt(deliverer, recipe).await?;
    join(homeserver, bot, recipe.ghost, &room).await?;
    if adopted {
        repair(deliverer, recipe, &room).await?;
    }
    Ok(room)
}

async fn make_ghost(
    homeserver: &Homeserver,
    localpart: &str,
    recipe: &ChatRoom<'_>,
) -> Result<(), CallError> {
    homeserver.register(localpart).await?;
    make_device(homeserver, recipe.ghost).await?;
    let name = set_profile_field::v3::Request::new(
        recipe.ghost.to_owned(),
        ProfileFieldValue::DisplayName(recipe.customer.to_owned()),
    );
    homeserver.call(As::user(recipe.ghost), name).await?;
    Ok(())
}

/// Makes the device of the bot or a ghost (MSC4190). One that exists already is fine.
pub async fn make_device(homeserver: &Homeserver, user: &UserId) -> Result<(), CallError> {
    let mut request = update_device::v3::Request::new(identity::device());
    request.display_name = Some("Switchboard".to_owned());
    homeserver.call(As::user(user), request).await?;
    Ok(())
}

async fn create_or_adopt(
    deliverer: &Deliverer,
    recipe: &ChatRoom<'_>,
) -> Result<(OwnedRoomId, bool), DeliverError> {
    let homeserver = &deliverer.homeserver;
    let bot = As::user(deliverer.names.bot());
    // A second round is needed when a foreign or broken room had the alias.
    for _ in 0..2 {
        match homeserver.call(bot, recipe.request()).await {
            Ok(response) => return Ok((response.room_id, false)),
            Err(error) if error.is("M_ROOM_IN_USE") => {}
            Err(error) => return Err(error.into()),
        }
        let alias = deliverer.names.room_alias(recipe.chat);
        let room = match homeserver.call(bot, get_alias::v3::Request::new(alias.clone())).await {
            Ok(response) => response.room_id,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        if is_ours(deliverer, recipe, &room).await? {
            tracing::info!(chat = %recipe.chat, "took up the room of an earlier try");
            return Ok((room, true));
        }
        tracing::warn!(chat = %recipe.chat, "a foreign room has the chat's alias; making it anew");
        match homeserver.call(bot, delete_alias::v3::Request::new(alias)).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CallError::InDoubt("the chat's alias is taken again and again".to_owned()).into())
}

/// Whether the bot is in the room, and the room's create event names this chat of this store.
async fn is_ours(
    deliverer: &Deliverer,
    recipe: &ChatRoom<'_>,
    room: &OwnedRoomId,
) -> Result<bool, DeliverError> {
    let bot = deliverer.names.bot();
    let request = get_state_event_for_key::v3::Request::new(
        room.clone(),
        StateEventType::RoomCreate,
        String::new(),
    );
    let create: Value = match deliverer.homeserver.call(As::user(bot), request).await {
        Ok(response) => {
            serde_json::from_str(response.into_content().json().get()).unwrap_or_default()
        }
        // Not a member: it cannot be used, whoever made it.
        Err(CallError::Refused { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if create.get(CHAT_STATE) != Some(&recipe.mark()) {
        return Ok(false);
    }
    let member = deliverer.member(room, bot.as_str()).await?;
    Ok(member.is_some_and(|m| m.get("membership").and_then(Value::as_str) == Some("join")))
}

async fn join(
    homeserver: &Homeserver,
    bot: &UserId,
    ghost: &UserId,
    room: &OwnedRoomId,
) -> Result<(), CallError> {
    let request = join_room_by_id::v3::Request::new(room.clone());
    match homeserver.call(As::user(ghost), request.clone()).await {
        Err(CallError::Refused { status: 403, .. }) => {
            let recipient = invite_user::v3::InviteUserId::new(ghost.to_owned());
            let invite = invite_user::v3::Request::new(room.clone(), recipient.into());
            homeserver.call(As::user(bot), invite).await?;
            homeserver.call(As::user(ghost), request).await?;
        }
        other => {
            other?;
        }
    }
    Ok(())
}

/// Writes what a creation that stopped half way left out, or left as the preset has it.
async fn repair(
    deliverer: &Deliverer,
    recipe: &ChatRoom<'_>,
    room: &OwnedRoomId,
) -> Result<(), DeliverError> {
    let bot = deliverer.names.bot();
    let mut wanted = vec![
        ("m.room.power_levels", recipe.power_levels()),
        ("m.room.join_rules", json!({ "join_rule": "invite" })),
        ("m.room.name", json!({ "name": recipe.name() })),
        ("m.room.topic", json!({ "topic": recipe.topic() })),
    ];
    let alias = deliverer.names.room_alias(recipe.chat);
    wanted.push(("m.room.canonical_alias", json!({ "alias": alias })));
    wanted.extend(recipe.initial_state());
    for (kind, content) in wanted {
        let request = get_state_event_for_key::v3::Request::new(
            room.clone(),
            StateEventType::from(kind),
            String::new(),
        );
        let is_there = match deliverer.homeserver.call(As::user(bot), request).await {
            Ok(response) => holds(response.into_content().json(), &content),
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(error.into()),
        };
        if !is_there {
            deliverer.set_state(bot, room, kind, "", &content).await?;
        }
    }
    Ok(())
}

/// Whether a state event's content has everything that is wanted. Homeservers add to it.
fn holds(content: &RawValue, wanted: &Value) -> bool {
    let content: Value = serde_json::from_str(content.get()).unwrap_or_default();
    wanted.as_object().into_iter().flatten().all(|(key, value)| content.get(key) == Some(value))
}
