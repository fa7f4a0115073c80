//! Rooms in which people talk with the bot: making them, going into them, and what is only done there.

use ruma::{
    EventId, OwnedMxcUri, OwnedRoomId,
    api::client::{
        media::create_content,
        membership::{get_member_events, join_room_by_id, leave_room},
        redact::redact_event,
    },
    events::room::member::MembershipState,
};

use super::{
    deliver::{DeliverError, Deliverer},
    room,
};
use crate::matrix::{
    bot_room::BotRoom,
    client::{As, CallError},
};

/// How far back the bot reads what was said before it joined, in pages of 100 events.
const PAGES_BEFORE: usize = 1;

impl Deliverer {
    /// Makes the room, or finds the one that an earlier try made. Nobody is invited yet: what people
    /// say in a room that is not committed would be lost.
    pub(super) async fn open_bot_room(
        &self,
        recipe: &BotRoom<'_>,
    ) -> Result<OwnedRoomId, DeliverError> {
        let (room, adopted) = room::make(self, recipe).await?;
        if adopted {
            room::repair(self, recipe, &room).await?;
        }
        Ok(room)
    }

    /// Joins, and returns who is there, as their member events, and what was said since the invite:
    /// nobody pushes that. What was said before it was not meant for the bot.
    pub(super) async fn accept_invite(
        &self,
        room: &OwnedRoomId,
    ) -> Result<Vec<String>, DeliverError> {
        let request = join_room_by_id::v3::Request::new(room.clone());
        self.homeserver.call(As::user(self.names.bot()), request).await?;
        let bot = self.names.bot().as_str();
        let mut members = get_member_events::v3::Request::new(room.clone());
        members.membership = Some(MembershipState::Join);
        let members = self.homeserver.call(As::user(self.names.bot()), members).await?;
        let mut invited = false;
        let said = self
            .events_since(room, PAGES_BEFORE, |event| {
                invited |= event.invites(bot);
                invited
            })
            .await?;
        let members = members.chunk.iter().map(|raw| raw.json().get().to_owned());
        let said = said.iter().map(|raw| raw.json().get().to_owned());
        Ok(if invited { members.chain(said).collect() } else { members.collect() })
    }

    /// Declines an invite; one that is gone is fine.
    pub(super) async fn decline_invite(
        &self,
        room: &OwnedRoomId,
        reason: &str,
    ) -> Result<(), DeliverError> {
        let mut request = leave_room::v3::Request::new(room.clone());
        request.reason = Some(reason.to_owned());
        match self.homeserver.call(As::user(self.names.bot()), request).await {
            Ok(_) | Err(CallError::Refused { status: 403 | 404, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Uploads a text. After a lost answer it is there twice, which nobody sees.
    pub(super) async fn upload(
        &self,
        name: &str,
        mime: &str,
        text: &str,
    ) -> Result<OwnedMxcUri, DeliverError> {
        let mut request = create_content::v3::Request::new(text.as_bytes().to_vec());
        request.filename = Some(name.to_owned());
        request.content_type = Some(mime.to_owned());
        let response = self.homeserver.call(As::user(self.names.bot()), request).await?;
        Ok(response.content_uri)
    }

    /// Takes a message of the bot back. One that is gone is fine.
    pub(super) async fn redact(
        &self,
        room: &OwnedRoomId,
        event: &EventId,
        reason: &str,
        id: &str,
    ) -> Result<(), DeliverError> {
        let mut request = redact_event::v3::Request::new(room.clone(), event.to_owned(), id.into());
        request.reason = Some(reason.to_owned());
        match self.homeserver.call(As::user(self.names.bot()), request).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
