//! Spaces: what is in them, and their end.

use ruma::{
    OwnedRoomId, RoomId, UserId,
    api::client::membership::{joined_members, leave_room},
};

use super::{
    deliver::{DeliverError, Deliverer},
    room,
};
use crate::matrix::{
    client::{As, CallError},
    space,
};

impl Deliverer {
    /// Makes a space, or finds the one that an earlier try made.
    pub(super) async fn open_space(
        &self,
        recipe: &space::Space<'_>,
    ) -> Result<OwnedRoomId, DeliverError> {
        let (room, adopted) = room::make(self, recipe).await?;
        if adopted {
            room::repair(self, recipe, &room).await?;
        }
        Ok(room)
    }

    /// Puts a room into a space, or takes it out.
    pub(super) async fn list(
        &self,
        space: &OwnedRoomId,
        room: &RoomId,
        listed: bool,
        suggested: bool,
    ) -> Result<(), DeliverError> {
        let child = space::child(self.names.server(), listed, suggested);
        self.set_state(self.names.bot(), space, space::CHILD, room.as_str(), &child).await
    }

    /// Brings a user of ours into a room.
    pub(super) async fn bring_in(
        &self,
        room: &OwnedRoomId,
        user: &UserId,
    ) -> Result<(), DeliverError> {
        Ok(room::join(&self.homeserver, self.names.bot(), user, room).await?)
    }

    /// Shows everybody out and leaves. Who is out already, the bot included, is fine.
    pub(super) async fn close_space(
        &self,
        space: &OwnedRoomId,
        reason: &str,
        id: &str,
    ) -> Result<(), DeliverError> {
        let bot = self.names.bot();
        let request = joined_members::v3::Request::new(space.clone());
        let members = match self.homeserver.call(As::user(bot), request).await {
            Ok(response) => response.joined,
            Err(CallError::Refused { status: 403 | 404, .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for user in members.keys().filter(|user| *user != bot) {
            self.remove(space, user.as_str(), reason, "closed", id).await?;
        }
        match self.homeserver.call(As::user(bot), leave_room::v3::Request::new(space.clone())).await
        {
            Ok(_) | Err(CallError::Refused { status: 403 | 404, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
