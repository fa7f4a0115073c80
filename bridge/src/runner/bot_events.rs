//! What happens in rooms in which people talk with the bot, and invites to it.

use ruma::{EventId, RoomId};

use super::{
    batch::Batch,
    commands::Said,
    records::Presence,
    state::{HandleError, State},
    words,
};
use crate::{
    matrix::{
        classify::{self, Utterance},
        event::RoomEvent,
        invite::Invite,
    },
    outbox::effect::{Asked, Deed, Lane, OutboxEffect, parse_effect_id},
    place::Place,
    store::{NewInboxItem, RecordKind},
};

impl State {
    /// An event of a desk, the administrators' room, or a room that the bot visits.
    pub(super) async fn take_bot_room_event(
        &mut self,
        place: &Place,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if event.kind == "m.room.member" {
            self.presence_changed(place, event, batch);
            return Ok(());
        }
        if self.with.names.is_ours(&event.sender) {
            self.bot_was_heard(place, event, batch);
            return Ok(());
        }
        if place.is_space() {
            return Ok(());
        }
        match event.kind.as_str() {
            "m.reaction" => self.reacted(place, event, batch).await,
            "m.room.message" => self.bot_is_told(place, event, batch).await,
            "m.room.encrypted" => {
                self.cannot_read(place, event, batch);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Our own message came back: it can be answered from now, even if its reactions are not there.
    fn bot_was_heard(&mut self, place: &Place, event: &RoomEvent, batch: &mut Batch) {
        let incarnation = &self.store.identity().incarnation;
        let seq = event.effect_id().and_then(|id| parse_effect_id(incarnation, id));
        if let (Some(seq), Ok(event)) = (seq, EventId::parse(&event.event_id)) {
            self.prompt_is_asked(place, seq, event, batch);
        }
    }

    fn presence_changed(&mut self, place: &Place, event: &RoomEvent, batch: &mut Batch) {
        let Some(user) = event.state_key.as_deref() else { return };
        let ours = self.with.names.is_ours(user);
        let presence = match event.membership() {
            Some("join") => Presence::Joined,
            Some("invite") => Presence::Invited,
            _ => Presence::Gone,
        };
        let Some(room) = self.bot_rooms.get_mut(place) else { return };
        // Who comes into a room that the bot visits is one for whom it stays.
        let visits = matches!(place, Place::Visited(_));
        let counts = room.people.contains_key(user) || (visits && presence == Presence::Joined);
        if !ours && counts {
            room.people.insert(user.to_owned(), presence);
            batch.places.insert(place.clone());
        }
        // Nobody is left whom the bot visits, or it was shown out.
        let is_bot = user == self.with.names.bot().as_str();
        let alone = room.people.values().all(|presence| *presence == Presence::Gone);
        if visits && presence == Presence::Gone && (is_bot || alone) {
            if !is_bot {
                let deed = Deed::Decline { reason: words::NOBODY_LEFT.to_owned() };
                self.send_to(place, Lane::Members, deed, batch);
            }
            self.bot_rooms.remove(place);
            batch.places.insert(place.clone());
        }
    }

    async fn bot_is_told(
        &mut self,
        place: &Place,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let said = Said {
            user: event.sender.clone(),
            place: place.clone(),
            to: Asked {
                event: event.event_id.clone(),
                thread: classify::thread(event).map(str::to_owned),
            },
        };
        match classify::to_bot(event) {
            Utterance::Command(text) => self.obey(&said, &text, batch).await,
            Utterance::Answer(answer) => {
                if !self.answers_in_words(&said, answer, batch).await? {
                    self.does_not_chat(&said, batch);
                }
                Ok(())
            }
            Utterance::EditedCommand => {
                self.reply(&said, words::plain(words::EDITED_COMMAND), batch);
                Ok(())
            }
            Utterance::Other => {
                self.does_not_chat(&said, batch);
                Ok(())
            }
            Utterance::Nothing => Ok(()),
        }
    }

    /// The bot understands commands; who talks to it alone is told so.
    fn does_not_chat(&mut self, said: &Said, batch: &mut Batch) {
        let direct = self.bot_rooms.get(&said.place).is_some_and(|room| room.direct);
        if direct {
            self.reply(said, words::only_commands(), batch);
        }
    }

    /// An encrypted message: it can only be answered with the way to the desk, which is not.
    fn cannot_read(&mut self, place: &Place, event: &RoomEvent, batch: &mut Batch) {
        let user = event.sender.clone();
        if self.centre.roles_of(&user).highest().is_none() {
            return;
        }
        let to = Asked { event: event.event_id.clone(), thread: None };
        let said = Said { user, place: place.clone(), to };
        let own = [Place::Desk(said.user.clone()), Place::Control {}];
        let other = own.iter().find_map(|own| {
            let room = self.bot_rooms.get(own)?;
            room.people.get(&said.user)?;
            Some((own.clone(), room.room.clone()?))
        });
        let link = other.as_ref().map(|(_, room)| self.link(room));
        if let Some((own, _)) = other {
            self.bring_back(&own, &said.user, batch);
        }
        self.reply(&said, words::encrypted(link.as_deref()), batch);
    }

    /// A link to a room that every client understands.
    pub(super) fn link(&self, room: &RoomId) -> String {
        let via = self.with.names.server();
        format!("https://matrix.to/#/{room}?via={via}")
    }

    /// An event of a room that is not known: an invite to the bot, or nothing.
    pub(super) fn take_unknown_room(&mut self, event: &RoomEvent, batch: &mut Batch) {
        match Invite::of_event(event, self.with.names.bot()) {
            // Of one batch, the events of a room all find it unknown.
            Some(invite) if self.bot_rooms.contains_key(&Place::Visited(invite.room.clone())) => {}
            Some(invite) => self.answer_invite(&invite, batch),
            None => tracing::debug!("an event of a room that is none of ours"),
        }
    }

    /// An invite that the bot has not answered, as the homeserver tells when it is asked. It may have
    /// been pushed, too, and its answer be under way. Whoever is invited is not in the room: where we
    /// think otherwise, the bot was shown out without hearing of it.
    pub(super) fn take_pending_invite(&mut self, invite: &Invite, batch: &mut Batch) {
        let place = Place::Visited(invite.room.clone());
        if self.bot_rooms.get(&place).is_none_or(|room| room.opening.is_none()) {
            self.answer_invite(invite, batch);
        }
    }

    fn answer_invite(&mut self, invite: &Invite, batch: &mut Batch) {
        let Invite { room, inviter, direct } = invite;
        let place = Place::Visited(room.clone());
        let is_answer = |effect: &OutboxEffect| effect.place == place;
        let answered = self.open_effects.values().any(is_answer);
        if answered && !self.bot_rooms.contains_key(&place) || self.with.names.is_ours(inviter) {
            return;
        }
        let roles = self.centre.roles_of(inviter);
        let refusal = match roles.highest() {
            None => Some(words::STRANGER),
            Some(_) if !direct && !roles.administrator => Some(words::NO_GROUPS),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            tracing::info!("an invite to the bot is declined");
            let deed = Deed::Decline { reason: refusal.to_owned() };
            self.send_to(&place, Lane::Members, deed, batch);
            return;
        }
        self.visit(room, inviter, *direct, batch);
    }

    /// The bot is in a room that it was invited to: what was said before is taken like any event.
    pub(super) async fn has_joined(
        &mut self,
        place: &Place,
        said: &[String],
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if let Some(room) = self.bot_rooms.get_mut(place) {
            room.opening = None;
            batch.places.insert(place.clone());
        }
        let received = self.batch_time().0;
        let item = |body: &String| {
            let event = crate::matrix::event::read(body.as_bytes()).ok()?;
            let key = format!("event:{}", event.event_id);
            let by_person = !self.with.names.is_ours(&event.sender);
            by_person.then(|| NewInboxItem { key, received, body: body.clone().into_bytes() })
        };
        let items: Vec<NewInboxItem> = said.iter().filter_map(item).collect();
        if !items.is_empty() {
            self.store.append_inbox(items).await?;
        }
        Ok(())
    }

    /// Writes the records of bot rooms that changed.
    pub(super) fn seal_places(&self, batch: &mut Batch) -> Result<(), HandleError> {
        for place in batch.places.clone() {
            match self.bot_rooms.get(&place) {
                Some(room) => batch.record(RecordKind::BotRoom, place.key(), room)?,
                None => batch.delete(RecordKind::BotRoom, place.key()),
            }
        }
        Ok(())
    }
}
