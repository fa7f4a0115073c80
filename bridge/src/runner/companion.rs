//! Companion rooms: where a chat's agents write what the customer never sees.
//!
//! Who belongs there is compared with who is there whenever the chat's record is written, as with
//! spaces, and at every start, so that no rule has to remember it. The record of the room is a
//! [`BotRoom`]; `people` are those who were asked in since they came into the chat.

use std::collections::{BTreeMap, BTreeSet};

use ruma::{EventId, OwnedRoomId, RoomId};
use switchboard_engine::{AgentId, ChatId};

use super::{
    batch::Batch,
    bot_rooms::Message,
    commands::Said,
    records::{Author, BotRoom, EventPlace, LogEntry, Presence},
    state::{HandleError, State},
    words,
};
use crate::{
    matrix::{
        classify::{self, Utterance},
        event::RoomEvent,
    },
    outbox::effect::{Asked, Deed, Lane, OutboxEffect, parse_effect_id},
    place::Place,
    private::{self, PrivateMessage, PrivateText},
};

/// So many agents have something to say to each other.
const COMPANY: usize = 2;

impl State {
    /// Compares all chats' companion rooms.
    pub(super) fn tend_companions(&mut self, batch: &mut Batch) {
        for chat in self.conversations.keys().copied().collect::<BTreeSet<_>>() {
            self.tend_companion(chat, batch);
        }
    }

    /// Makes the companion room if it is needed, asks in who has joined the chat, and shows out who is
    /// not in it any more. Who declines is not asked again until they join the chat anew.
    pub(super) fn tend_companion(&mut self, chat: ChatId, batch: &mut Batch) {
        let place = Place::Companion(chat);
        let agents = self.agents_in(chat);
        let goes_on = self.engine().chat(chat).is_some() && !self.is_over(chat);
        if !self.bot_rooms.contains_key(&place) && goes_on && agents.len() >= COMPANY {
            self.open_companion(chat, batch);
        }
        let Some(record) = self.bot_rooms.get(&place) else { return };
        if record.room.is_none() && record.opening.is_none() {
            return;
        }
        let there: BTreeSet<String> = record.people.keys().cloned().collect();
        let reason = self.conversations.get(&chat).map(|c| words::private_invite(c.number));
        for user in agents.difference(&there) {
            self.invite_to(&place, user, reason.as_deref().unwrap_or_default(), batch);
        }
        for user in there.difference(&agents) {
            let Some(record) = self.bot_rooms.get_mut(&place) else { return };
            let presence = record.people.remove(user);
            batch.places.insert(place.clone());
            if presence != Some(Presence::Gone) {
                self.show_out(&place, user, batch);
            }
        }
    }

    fn agents_in(&self, chat: ChatId) -> BTreeSet<String> {
        let agents = self.engine().chat(chat).map(words::agents).unwrap_or_default();
        agents.into_iter().map(|agent| agent.0).collect()
    }

    fn show_out(&mut self, place: &Place, user: &str, batch: &mut Batch) {
        let is_done = |effect: &OutboxEffect| {
            effect.place == *place
                && matches!(&effect.deed, Deed::Remove { agent, .. } if agent == user)
        };
        // One that was decided before they were asked in again does not count.
        let of_them = |effect: &OutboxEffect| {
            effect.place == *place
                && matches!(&effect.deed, Deed::Remove { agent: who, .. } | Deed::Invite { user: who, .. } if who == user)
        };
        if self.open_effects.values().rev().find(|effect| of_them(effect)).is_some_and(is_done) {
            return;
        }
        let deed = Deed::Remove { agent: user.to_owned(), reason: words::NOT_IN_CHAT.to_owned() };
        self.send_to(place, Lane::Members, deed, batch);
    }

    /// Makes the companion room unless it is there. Says whether it is or will be.
    fn open_companion(&mut self, chat: ChatId, batch: &mut Batch) -> bool {
        let place = Place::Companion(chat);
        let known = self.bot_rooms.get(&place);
        if known.is_some_and(|record| record.room.is_some() || record.opening.is_some()) {
            return true;
        }
        let Some(conversation) = self.conversations.get(&chat) else { return false };
        let Some(chat_room) = conversation.room.clone() else { return false };
        let customer = conversation.customer.clone();
        let deed = Deed::OpenCompanion { number: conversation.number, customer, chat_room };
        let opening = self.send_to(&place, Lane::Timeline, deed, batch);
        let record = BotRoom {
            place: place.clone(),
            room: None,
            opening: Some(opening.0),
            direct: false,
            people: BTreeMap::new(),
            prompts: Vec::new(),
            space: None,
        };
        self.bot_rooms.insert(place.clone(), record);
        batch.places.insert(place);
        batch.chats.insert(chat);
        true
    }

    /// The room is there: the chat's room leads to it.
    pub(super) fn companion_is_open(
        &mut self,
        place: &Place,
        room: OwnedRoomId,
        batch: &mut Batch,
    ) {
        let Some(record) = self.bot_rooms.get_mut(place) else { return };
        record.room = Some(room.clone());
        record.opening = None;
        batch.places.insert(place.clone());
        let Some(chat) = place.about() else { return };
        let message = words::companion_made(&self.link(&room));
        self.send(chat, Lane::Timeline, Deed::LinkCompanion { room }, batch);
        self.say(&chat.into(), message, batch);
    }

    /// Something about the room was given up. It is not tried for ever: the next `!private` makes the
    /// room anew, and who cannot be asked in is not asked again.
    pub(super) fn companion_failed(
        &mut self,
        chat: ChatId,
        effect: &OutboxEffect,
        batch: &mut Batch,
    ) {
        let place = &effect.place;
        match &effect.deed {
            Deed::OpenCompanion { .. } => {
                if let Some(record) = self.bot_rooms.get_mut(place) {
                    record.opening = None;
                    record.people.clear();
                    batch.places.insert(place.clone());
                }
                self.notice(chat, words::NO_COMPANION.to_owned(), None, &[], batch);
            }
            Deed::PostPrivate { .. } => {
                self.notice(chat, words::NOT_POSTED.to_owned(), None, &[], batch);
            }
            Deed::Invite { user, .. } => {
                let record = self.bot_rooms.get_mut(place);
                if let Some(presence) = record.and_then(|room| room.people.get_mut(user)) {
                    *presence = Presence::Gone;
                    batch.places.insert(place.clone());
                }
            }
            _ => {}
        }
    }

    /// The bot has posted somebody's private message: the chat's room leads to it, and the command can
    /// go. That was not decided before, since the chat's lanes must not wait for the companion room's.
    pub(super) fn private_is_posted(
        &mut self,
        place: &Place,
        name: &str,
        command: String,
        event: &EventId,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Place::Companion(chat) = *place else { return Ok(()) };
        batch.file_event(event.as_str(), &private_place(chat))?;
        self.send(chat, Lane::Timeline, Deed::HidePrivate { event: command }, batch);
        if let Some(room) = self.bot_rooms.get(place).and_then(|record| record.room.clone()) {
            let link = self.link_to(&room, event);
            self.say(&chat.into(), words::privately_noted(name, &link), batch);
        }
        Ok(())
    }

    fn link_to(&self, room: &RoomId, event: &EventId) -> String {
        format!("https://matrix.to/#/{room}/{event}?via={}", self.with.names.server())
    }

    /// `!private text` in a chat's room: the bot posts it in the companion room.
    pub(super) fn note_privately(
        &mut self,
        said: &Said,
        text: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(chat) = said.place.chat() else { return Ok(()) };
        let text = without_command(text);
        if text.is_empty() {
            self.reply(said, words::plain(words::HOW_PRIVATE), batch);
            return Ok(());
        }
        if !text.fits() {
            self.reply(said, words::plain(words::PRIVATE_TOO_LONG), batch);
            return Ok(());
        }
        if !self.open_companion(chat, batch) {
            self.notice(chat, words::NO_COMPANION.to_owned(), None, &[], batch);
            return Ok(());
        }
        let agent = AgentId(said.user.clone());
        let name = self.agent_name(&agent);
        let entry = LogEntry::Private {
            agent,
            message: PrivateMessage::plain(text.clone()),
            event: said.to.event.clone(),
            reply_to: None,
        };
        self.log(chat, entry, batch)?;
        batch.file_event(&said.to.event, &private_place(chat))?;
        let place = Place::Companion(chat);
        let command = said.to.event.clone();
        let deed = Deed::PostPrivate { name, message: text, command };
        self.send_to(&place, Lane::Timeline, deed, batch);
        Ok(())
    }

    /// Something happens in a companion room. Nothing of it becomes anything but the organisation's
    /// log: no input of the rules, no entry of the feed.
    pub(super) fn take_companion_event(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let place = Place::Companion(chat);
        if event.kind == "m.room.member" {
            self.companion_member(chat, event, batch);
            return Ok(());
        }
        if self.with.names.is_ours(&event.sender) {
            let incarnation = &self.store.identity().incarnation;
            let seq = event.effect_id().and_then(|id| parse_effect_id(incarnation, id));
            if seq.is_some() {
                batch.file_event(&event.event_id, &private_place(chat))?;
            }
            return Ok(());
        }
        // Whoever wrote it: nobody may quote it to the customer.
        batch.file_event(&event.event_id, &private_place(chat))?;
        let belongs = self.agents_in(chat).contains(&event.sender)
            || self.bot_rooms.get(&place).is_some_and(|r| r.people.contains_key(&event.sender));
        if !belongs {
            return Ok(());
        }
        match event.kind.as_str() {
            "m.room.message" | "m.sticker" => self.wrote_privately(chat, event, batch),
            "m.room.redaction" => {
                let Some(target) = event.redacted() else { return Ok(()) };
                let (agent, target) = (AgentId(event.sender.clone()), target.to_owned());
                self.log(chat, LogEntry::PrivateRemoved { agent, target }, batch)?;
                Ok(())
            }
            "m.room.encrypted" => {
                self.answer_privately(event, words::PRIVATE_ENCRYPTED, batch, chat);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A private message, from wherever it comes, goes into the log.
    pub(super) fn wrote_privately(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        batch.file_event(&event.event_id, &private_place(chat))?;
        if event.text(&["msgtype"]) == Some("m.notice") {
            return Ok(());
        }
        let Some(mut message) = PrivateMessage::of_event(event) else { return Ok(()) };
        let agent = AgentId(event.sender.clone());
        if let Some(target) = private::edited(event) {
            let target = target.to_owned();
            self.log(chat, LogEntry::PrivateEdited { agent, target, message }, batch)?;
            return Ok(());
        }
        let in_companion = self.with.directory.chat_of(&event.room_id).is_none();
        if in_companion && let Utterance::Command(text) = classify::to_bot(event) {
            if !is_private_command(&text) {
                self.answer_privately(event, words::COMMANDS_ELSEWHERE, batch, chat);
                return Ok(());
            }
            message = PrivateMessage::plain(without_command(&text));
        }
        if in_companion && let Some(file) = classify::agent_file(event) {
            self.check_private_file(chat, event, file, batch);
        }
        let reply_to = event.text(&["m.relates_to", "m.in_reply_to", "event_id"]);
        let (event, reply_to) = (event.event_id.clone(), reply_to.map(str::to_owned));
        self.log(chat, LogEntry::Private { agent, message, event, reply_to }, batch)?;
        Ok(())
    }

    fn answer_privately(&mut self, event: &RoomEvent, text: &str, batch: &mut Batch, chat: ChatId) {
        let thread = classify::thread(event).map(str::to_owned);
        let to = Asked { event: event.event_id.clone(), thread };
        let message = Message { text: text.to_owned(), ..Message::default() }.to(Some(&to));
        self.say(&Place::Companion(chat), message, batch);
    }

    /// Who comes and goes. The bot's own doing is known already; a stranger is shown out.
    fn companion_member(&mut self, chat: ChatId, event: &RoomEvent, batch: &mut Batch) {
        let place = Place::Companion(chat);
        let Some(user) = event.state_key.as_deref() else { return };
        let bot = self.with.names.bot().as_str();
        if user == bot {
            return;
        }
        let presence = match event.membership() {
            Some("join") => Presence::Joined,
            Some("leave" | "ban") if event.sender != bot => Presence::Gone,
            Some("invite") if event.sender != bot => Presence::Invited,
            _ => return,
        };
        let belongs = self.agents_in(chat).contains(user);
        if !belongs && presence != Presence::Gone {
            tracing::info!(%chat, "somebody is shown out of a companion room");
            self.show_out(&place, user, batch);
        }
        let record = self.bot_rooms.get_mut(&place);
        if let Some(known) = record.and_then(|room| room.people.get_mut(user))
            && *known != presence
        {
            *known = presence;
            batch.places.insert(place);
        }
    }
}

/// Where a private event stands: nowhere, as far as the customer is concerned.
fn private_place(chat: ChatId) -> EventPlace {
    EventPlace { chat, by: Author::Private, anchor: 0 }
}

/// Whether a command's text is `!private`, in whole or abbreviated as far as nobody can mean another.
pub(super) fn is_private_command(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    word.starts_with("priv") && "private".starts_with(&word)
}

/// What a command's text says after its first word, as it was written.
fn without_command(text: &str) -> PrivateText {
    let rest = text.trim_start().split_once(char::is_whitespace);
    PrivateText::new(rest.map_or("", |(_, rest)| rest).trim())
}
