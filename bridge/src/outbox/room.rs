//! Making rooms: every step can be repeated, and a half-made room is repaired.

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
use serde_json::{Value, json};

use super::deliver::{DeliverError, Deliverer};
use crate::{
    identity,
    matrix::{
        client::{As, CallError, Homeserver},
        recipe::{CHAT_STATE, ChatRoom, Recipe},
    },
};

/// Makes a chat's room with the ghost in it, or finds the one that an earlier try made and repairs it.
pub(super) async fn open(
    deliverer: &Deliverer,
    recipe: &ChatRoom<'_>,
) -> Result<OwnedRoomId, DeliverError> {
    let homeserver = &deliverer.homeserver;
    let bot = deliverer.names.bot();
    make_ghost(homeserver, &deliverer.names.ghost_localpart(recipe.chat), recipe).await?;
    let (room, adopted) = make(deliverer, recipe).await?;
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

/// Makes a room with the bot in it, or finds the one that an earlier try made. Says whether it was
/// found: then it may have to be repaired.
pub(super) async fn make(
    deliverer: &Deliverer,
    recipe: &impl Recipe,
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
        let alias = deliverer.names.alias(recipe.alias());
        let room = match homeserver.call(bot, get_alias::v3::Request::new(alias.clone())).await {
            Ok(response) => response.room_id,
            Err(error) if error.is_not_found() => continue,
            Err(error) => return Err(error.into()),
        };
        if is_ours(deliverer, recipe, &room).await? {
            tracing::info!(%room, "took up the room of an earlier try");
            return Ok((room, true));
        }
        tracing::warn!(%room, "a foreign room has the alias of one of ours; making it anew");
        match homeserver.call(bot, delete_alias::v3::Request::new(alias)).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CallError::InDoubt("the room's alias is taken again and again".to_owned()).into())
}

/// Whether the bot is in the room, and the room's create event has the mark of this store.
async fn is_ours(
    deliverer: &Deliverer,
    recipe: &impl Recipe,
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
    let (key, mark) = recipe.mark();
    if create.get(key) != Some(&mark) {
        return Ok(false);
    }
    let member = deliverer.member(room, bot.as_str()).await?;
    Ok(member.is_some_and(|m| m.get("membership").and_then(Value::as_str) == Some("join")))
}

pub(super) async fn join(
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

/// Writes what a creation that stopped half way left out, or what is not as it should be.
pub(super) async fn repair(
    deliverer: &Deliverer,
    recipe: &impl Recipe,
    room: &OwnedRoomId,
) -> Result<(), DeliverError> {
    let bot = deliverer.names.bot();
    let alias = deliverer.names.alias(recipe.alias());
    let mut wanted = recipe.state();
    wanted.push(("m.room.join_rules", recipe.join_rules()));
    wanted.push(("m.room.canonical_alias", json!({ "alias": alias })));
    for (kind, content) in wanted {
        let request = get_state_event_for_key::v3::Request::new(
            room.clone(),
            StateEventType::from(kind),
            String::new(),
        );
        let found = match deliverer.homeserver.call(As::user(bot), request).await {
            Ok(response) => serde_json::from_str(response.into_content().json().get()).ok(),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(mended) = mended(kind, content, found.as_ref()) {
            tracing::info!(%room, kind, "repaired the state of a room");
            deliverer.set_state(bot, room, kind, "", &mended).await?;
        }
    }
    Ok(())
}

/// What a state event of a room that is taken up must be changed to, if it is not right. What is
/// found besides what is wanted is no mistake: homeservers add to what they are given.
fn mended(kind: &str, mut wanted: Value, found: Option<&Value>) -> Option<Value> {
    // A chat that is running or over must not look as if it waited.
    if kind == CHAT_STATE
        && let Some(status) = found.and_then(|found| found.get("status"))
        && matches!(status.as_str(), Some("waiting" | "active" | "ended"))
    {
        wanted["status"] = status.clone();
    }
    let is_right = wanted.as_object().is_some_and(|wanted| {
        wanted.iter().all(|(key, value)| found.and_then(|found| found.get(key)) == Some(value))
    });
    (!is_right).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wrong_is_written_again() {
        let name = json!({ "name": "Carla · Support" });
        let chat = |number: u64, status: &str| json!({ "number": number, "status": status });
        for (kind, wanted, found, mend) in [
            ("m.room.name", name.clone(), None, Some(name.clone())),
            ("m.room.name", name.clone(), Some(name.clone()), None),
            ("m.room.name", name.clone(), Some(json!({ "name": "x" })), Some(name.clone())),
            ("m.room.name", name.clone(), Some(json!([])), Some(name.clone())),
            // Synapse adds `m.topic` and `historical`.
            (
                "m.room.topic",
                json!({ "topic": "t" }),
                Some(json!({ "topic": "t", "m.topic": {} })),
                None,
            ),
            (CHAT_STATE, chat(1, "waiting"), None, Some(chat(1, "waiting"))),
            (CHAT_STATE, chat(1, "waiting"), Some(chat(1, "active")), None),
            (CHAT_STATE, chat(1, "waiting"), Some(chat(1, "ended")), None),
            (CHAT_STATE, chat(1, "waiting"), Some(chat(2, "active")), Some(chat(1, "active"))),
            (CHAT_STATE, chat(1, "waiting"), Some(chat(1, "odd")), Some(chat(1, "waiting"))),
        ] {
            assert_eq!(mended(kind, wanted, found.as_ref()), mend, "{kind}: {found:?}");
        }
    }
}
