//! The users that stand for queues, so that a queue can be picked in a client's own dialogs.

use std::collections::BTreeMap;

use switchboard_engine::ChatId;

use super::{batch::Batch, state::State};
use crate::{
    matrix::event::RoomEvent,
    outbox::effect::{Deed, Lane},
    place::Place,
};

/// Why a queue does not stay invited.
const NOT_YET: &str = "A queue cannot be invited into a chat yet.";

/// What the user of a queue is called.
fn name(queue: &str) -> String {
    format!("{queue} (queue)")
}

impl State {
    /// Makes the users of new queues, and names those anew whose queues have another name. After a
    /// start it is all of them: what somebody has changed on the homeserver is mended.
    pub(super) fn make_queue_users(&mut self, batch: &mut Batch) {
        let wanted: BTreeMap<String, String> =
            self.centre.queues.iter().map(|q| (q.id.clone(), name(&q.name))).collect();
        for (queue, name) in &wanted {
            if self.queue_users.get(queue) == Some(name) {
                continue;
            }
            let (place, name) = (Place::QueueUser(queue.clone()), name.clone());
            let deed = Deed::NameQueue { name };
            // The newest one counts: others before it may name it otherwise.
            let newest = self.open_effects.values().rev().find(|effect| effect.place == place);
            if newest.is_none_or(|effect| effect.deed != deed) {
                self.send_to(&place, Lane::Members, deed, batch);
            }
        }
        self.queue_users = wanted;
    }

    /// Somebody has invited one of our users into a chat's room. A queue's is taken out again, and the
    /// agents are told: it would stay invited for ever.
    pub(super) fn ours_is_invited(&mut self, chat: ChatId, event: &RoomEvent, batch: &mut Batch) {
        let Some(user) = event.state_key.as_deref() else { return };
        let by_person = !self.with.names.is_ours(&event.sender);
        if event.membership() != Some("invite") || !by_person || !self.with.names.is_queue(user) {
            return;
        }
        let deed = Deed::Remove { agent: user.to_owned(), reason: NOT_YET.to_owned() };
        self.send(chat, Lane::Members, deed, batch);
        self.notice(chat, format!("{NOT_YET} The invite was taken back."), None, &[], batch);
    }
}
