//! What the ghost changes of what is in the room: edits, reactions and redactions.

use ruma::{OwnedEventId, OwnedRoomId, UserId, api::client::redact::redact_event};
use serde_json::Value;

use super::{
    deliver::{DeliverError, Deliverer},
    effect::{Done, Target, effect_id},
    room,
};
use crate::{
    matrix::{client::As, content},
    store::EffectSeq,
};

impl Deliverer {
    /// The event that is meant. One that was not known when the effect was decided is looked for.
    pub(super) async fn resolve(
        &self,
        room: &OwnedRoomId,
        ghost: &UserId,
        target: &Target,
    ) -> Result<OwnedEventId, DeliverError> {
        match target {
            Target::Event { event } => Ok(event.clone()),
            Target::Effect { effect, created } => {
                let id = effect_id(&self.incarnation, EffectSeq(*effect));
                let found = self.find_own(room, ghost, &id, *created).await?;
                found.ok_or(DeliverError::NoTarget)
            }
        }
    }

    /// Lets a message answer another, if that is in the room: words and files are worth more than what
    /// they answer.
    pub(super) async fn refer(
        &self,
        room: &OwnedRoomId,
        ghost: &UserId,
        to: Option<&Target>,
        body: &mut Value,
    ) -> Result<(), DeliverError> {
        let Some(to) = to else { return Ok(()) };
        match self.resolve(room, ghost, to).await {
            Ok(event) => content::answer_to(body, event.as_str(), None),
            Err(DeliverError::NoTarget) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reacts as the ghost. In doubt an earlier try is looked for.
    pub(super) async fn react_as(
        &self,
        room: &OwnedRoomId,
        ghost: &UserId,
        (to, emoji): (&Target, &str),
        (id, created): (&str, u64),
        doubt: Option<u64>,
    ) -> Result<Done, DeliverError> {
        let event = self.resolve(room, ghost, to).await?;
        let body: Value = content::reaction(event.as_str(), emoji, id);
        match self.say(room, ghost, id, "m.reaction", &body, doubt).await {
            Ok(sent) => Ok(sent.done()),
            // The homeserver has it from an earlier try that it has forgotten.
            Err(DeliverError::Call(error)) if error.is("M_DUPLICATE_ANNOTATION") => {
                let found = self.find_own(room, ghost, id, created).await?;
                Ok(found.map_or(Done::Plain, Done::Found))
            }
            Err(error) => Err(error),
        }
    }

    /// Redacts an event of the ghost. Doing it twice does no harm.
    pub(super) async fn take_back(
        &self,
        room: &OwnedRoomId,
        ghost: &UserId,
        of: &Target,
        id: &str,
    ) -> Result<Done, DeliverError> {
        let event = self.resolve(room, ghost, of).await?;
        let request = redact_event::v3::Request::new(room.clone(), event, id.into());
        let done = match self.homeserver.call(As::device(ghost), request.clone()).await {
            Err(error) if error.is("M_UNKNOWN_DEVICE") => {
                room::make_device(&self.homeserver, ghost).await?;
                self.homeserver.call(As::device(ghost), request).await
            }
            other => other,
        };
        done?;
        Ok(Done::Plain)
    }
}
