//! Where events stand in their chats: what an agent who has read one has seen of the customer.

use switchboard_engine::ChatId;

use super::{
    batch::Batch,
    records::{Author, EventPlace},
    state::{HandleError, State},
};
use crate::{matrix::event::RoomEvent, store::RecordKind};

/// How many receipts are kept whose events are not known yet: a push tells of both at once.
const EARLY_RECEIPTS: usize = 64;

impl State {
    /// Files an event that nothing else has filed: a receipt can be for any.
    pub(super) fn file_rest(
        &self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let ours = self.with.names.is_ours(&event.sender);
        // What we say is filed with the end of its effect.
        let is_said = ours && event.kind == "m.room.message";
        if is_said || batch.find_record(RecordKind::Event, &event.event_id).is_some() {
            return Ok(());
        }
        let Some(conversation) = self.conversations.get(&chat) else { return Ok(()) };
        let by = if ours { Author::Bot } else { Author::Aside };
        // Messages that are not in the room yet cannot have been read there.
        let place = EventPlace { chat, by, anchor: conversation.delivered };
        Ok(batch.file_event(&event.event_id, &place)?)
    }

    /// An agent has read up to an event.
    pub(super) async fn agent_read(&mut self, event: &str) -> Result<(), HandleError> {
        if let Some(place) = self.place_of(event, &Batch::default()).await? {
            self.has_seen(&place);
        } else {
            if self.early_receipts.len() == EARLY_RECEIPTS {
                self.early_receipts.pop_front();
            }
            self.early_receipts.push_back(event.to_owned());
        }
        Ok(())
    }

    /// Looks whether receipts came before the events that a batch has filed.
    pub(super) fn look_at_early_receipts(&mut self, batch: &Batch) {
        let mut places = Vec::new();
        self.early_receipts.retain(|event| {
            let place = batch
                .find_record(RecordKind::Event, event)
                .and_then(|bytes| serde_json::from_slice::<EventPlace>(bytes).ok());
            let known = place.is_some();
            places.extend(place);
            !known
        });
        for place in places {
            self.has_seen(&place);
        }
    }

    fn has_seen(&mut self, place: &EventPlace) {
        if let Some(conversation) = self.conversations.get_mut(&place.chat)
            && conversation.seen < place.anchor
        {
            // Stored with the chat's next change.
            conversation.seen = place.anchor;
            self.publish_chat(place.chat);
        }
    }

    /// Whether the customer is known to have looked at an entry of their feed.
    pub(super) fn has_customer_seen(&self, chat: ChatId, feed: u64) -> bool {
        self.with.live.has_customer_seen(chat, feed)
            || self.conversations.get(&chat).is_some_and(|known| known.customer_seen >= feed)
    }

    /// Takes over what customers have looked at, to be stored with this batch.
    pub(super) fn note_seen(&mut self, batch: &mut Batch) {
        for (chat, seen) in self.with.live.take_seen() {
            if let Some(conversation) = self.conversations.get_mut(&chat)
                && conversation.customer_seen < seen
            {
                conversation.customer_seen = seen;
                batch.chats.insert(chat);
            }
        }
    }
}
