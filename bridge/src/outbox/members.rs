//! Who is asked into a room, and who is shown out.

use ruma::{
    OwnedRoomId, UserId, api::client::state::get_state_event_for_key, events::StateEventType,
};
use serde_json::{Value, json};
use switchboard_engine::WithdrawOutcome;

use super::{
    deliver::{DeliverError, Deliverer, REMOVAL_KEY},
    effect::{Done, parse_effect_id},
};
use crate::{
    matrix::{
        client::{As, CallError},
        content,
    },
    store::EffectSeq,
};

impl Deliverer {
    /// Invites, as a ghost or the bot. An invite that was accepted meanwhile is done too. In doubt,
    /// which is since the effect was decided, it may have been declined by now, and is not repeated.
    pub(super) async fn invite(
        &self,
        room: &OwnedRoomId,
        sender: &UserId,
        agent: &str,
        body: &Value,
        (id, doubt): (&str, Option<u64>),
    ) -> Result<Done, DeliverError> {
        if let Some(since) = doubt
            && (self.is_rung(room, agent, body).await?
                || self.find_own(room, sender, id, since).await?.is_some())
        {
            return Ok(Done::Rung);
        }
        match self.set_state(sender, room, "m.room.member", agent, body).await {
            Err(DeliverError::Call(CallError::Refused { status: 403, .. }))
                if self.is_rung(room, agent, body).await? =>
            {
                Ok(Done::Rung)
            }
            other => other.map(|()| Done::Rung),
        }
    }

    /// Whether the agent has this invite, or is in the room.
    pub(super) async fn is_rung(
        &self,
        room: &OwnedRoomId,
        agent: &str,
        body: &Value,
    ) -> Result<bool, DeliverError> {
        let Some(member) = self.member(room, agent).await? else { return Ok(false) };
        Ok(match member.get("membership").and_then(Value::as_str) {
            Some("join") => true,
            Some("invite") => member.get(content::EFFECT_KEY) == body.get(content::EFFECT_KEY),
            _ => false,
        })
    }

    /// Whether an earlier try has ended the membership. Who was removed may have been asked again
    /// and be in the room by now; to remove them once more would throw them out of a live chat.
    pub(super) async fn has_removed(
        &self,
        room: &OwnedRoomId,
        id: &str,
        since: u64,
    ) -> Result<bool, DeliverError> {
        Ok(self.find_own(room, self.names.bot(), id, since).await?.is_some())
    }

    pub(super) async fn withdraw(
        &self,
        room: &OwnedRoomId,
        agent: &str,
        reason: &str,
        (seq, id): (EffectSeq, &str),
    ) -> Result<WithdrawOutcome, DeliverError> {
        let member = self.member(room, agent).await?;
        let of = member.as_ref().and_then(|m| m.get(content::EFFECT_KEY)?.as_str());
        let of = of.and_then(|of| parse_effect_id(&self.incarnation, of));
        if of.is_some_and(|of| of > seq) {
            // Asked again since: the invite that was to be taken back is gone.
            return Ok(WithdrawOutcome::Done);
        }
        match member.as_ref().and_then(|m| m.get("membership")).and_then(Value::as_str) {
            Some("join") => Ok(WithdrawOutcome::HadJoined),
            Some("invite") => match self.remove(room, agent, reason, "withdrawn", id).await {
                Ok(()) => Ok(WithdrawOutcome::Done),
                Err(DeliverError::Call(error)) if !error.is_transient() => {
                    Ok(WithdrawOutcome::Failed)
                }
                Err(error) => Err(error),
            },
            _ => Ok(WithdrawOutcome::Done),
        }
    }

    /// Ends an agent's membership as the bot. It is written as a member event rather than by
    /// `/kick`, so that it carries our id and its meaning.
    pub(super) async fn remove(
        &self,
        room: &OwnedRoomId,
        agent: &str,
        reason: &str,
        why: &str,
        id: &str,
    ) -> Result<(), DeliverError> {
        let body = json!({
            "membership": "leave", "reason": reason, REMOVAL_KEY: why, content::EFFECT_KEY: id,
        });
        match self.set_state(self.names.bot(), room, "m.room.member", agent, &body).await {
            // Nobody to remove: the agent left by themselves.
            Err(DeliverError::Call(CallError::Refused { status: 403, .. })) => {
                let member = self.member(room, agent).await?;
                let membership = member.as_ref().and_then(|m| m.get("membership")?.as_str());
                match membership {
                    Some("join" | "invite") => Err(CallError::Refused {
                        status: 403,
                        kind: "M_FORBIDDEN".to_owned(),
                        message: "the bot may not remove the agent".to_owned(),
                    }
                    .into()),
                    _ => Ok(()),
                }
            }
            other => other,
        }
    }

    /// A user's member event in a room, if there is one.
    pub(super) async fn member(
        &self,
        room: &OwnedRoomId,
        user: &str,
    ) -> Result<Option<Value>, DeliverError> {
        let request = get_state_event_for_key::v3::Request::new(
            room.clone(),
            StateEventType::RoomMember,
            user.to_owned(),
        );
        match self.homeserver.call(As::user(self.names.bot()), request).await {
            Ok(response) => Ok(serde_json::from_str(response.into_content().json().get()).ok()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
