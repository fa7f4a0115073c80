//! Making the rooms for private messages.

use ruma::{OwnedRoomId, api::client::media::create_content};
use serde_json::json;

use super::{
    deliver::{DeliverError, Deliverer},
    room,
};
use crate::matrix::{
    client::{As, CallError},
    companion::{Companion, PICTURE},
};

impl Deliverer {
    /// Makes the room, or finds the one that an earlier try made, and gives it its picture. Nobody is
    /// invited yet: that waits until the room's id is committed.
    pub(super) async fn open_companion(
        &self,
        recipe: &Companion<'_>,
    ) -> Result<OwnedRoomId, DeliverError> {
        let (room, adopted) = room::make(self, recipe).await?;
        if adopted {
            room::repair(self, recipe, &room).await?;
        }
        match self.paint(&room).await {
            // A room without its colour still has its name.
            Err(DeliverError::Call(CallError::Refused { status, .. })) => {
                tracing::warn!(%room, status, "a companion room has no picture");
            }
            other => other?,
        }
        Ok(room)
    }

    /// Gives the room its picture. After a lost answer it is uploaded twice, which nobody sees.
    async fn paint(&self, room: &OwnedRoomId) -> Result<(), DeliverError> {
        let mut request = create_content::v3::Request::new(PICTURE.to_vec());
        request.filename = Some("private.png".to_owned());
        request.content_type = Some("image/png".to_owned());
        let uploaded = self.homeserver.call(As::user(self.names.bot()), request).await?;
        let picture = json!({ "url": uploaded.content_uri });
        self.set_state(self.names.bot(), room, "m.room.avatar", "", &picture).await
    }
}
