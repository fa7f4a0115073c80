//! Inbox items become inputs: events that the homeserver pushed.

use ruma::EventId;
use switchboard_engine::{AgentId, ChatId, Input, Removal};

use super::{
    batch::Batch,
    commands::Said,
    records::{Author, EventPlace},
    state::{HandleError, State},
    words,
};
use crate::{
    matrix::{
        classify::{self, Message, RelatesTo, Why},
        content::PRIVATE_KEY,
        event::{self, RoomEvent},
    },
    outbox::{
        deliver::REMOVAL_KEY,
        effect::{Asked, Deed, Done, parse_effect_id},
    },
    place::Place,
    store::InboxItem,
};

/// What people mean as a message: most of these cannot be relayed, and their sender is told.
const MESSAGES: &[&str] = &[
    "m.room.message",
    "m.room.encrypted",
    "m.sticker",
    "m.poll.start",
    "org.matrix.msc3381.poll.start",
    "m.call.invite",
    "m.message",
    "m.image",
    "m.video",
    "m.audio",
    "m.voice",
    "m.file",
    "m.emote",
    "m.location",
];

impl State {
    /// Handles an event.
    pub(super) async fn take_event(
        &mut self,
        item: &InboxItem,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let event = event::read(&item.body).map_err(|e| HandleError::Unusable(e.to_string()))?;
        match self.with.directory.place_of(&event.room_id) {
            Some(Place::Chat(chat)) => {
                self.take_room_event(chat, &event, batch).await?;
                self.file_rest(chat, &event, batch)?;
                self.known_now(chat, &event.event_id, batch).await
            }
            Some(Place::Companion(chat)) => self.take_companion_event(chat, &event, batch),
            Some(place) => self.take_bot_room_event(&place, &event, batch).await,
            None => {
                self.take_unknown_room(&event, batch);
                Ok(())
            }
        }
    }

    async fn take_room_event(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if self.with.names.is_ours(&event.sender) {
            return self.take_own(chat, event, batch).await;
        }
        if event.kind == "m.room.redaction" {
            return self.redacted(chat, event, batch).await;
        }
        if !self.is_agent(chat, &event.sender) && event.kind != "m.room.member" {
            tracing::debug!(%chat, "an event of somebody who is no agent");
            self.tell_of_guest(chat, &event.sender, batch);
            return Ok(());
        }
        match event.kind.as_str() {
            "m.room.member" => self.member_changed(chat, event, batch).await,
            "m.reaction" => {
                self.reacted(&Place::Chat(chat), event, batch).await?;
                self.agent_reacted(chat, event, batch).await
            }
            kind if MESSAGES.contains(&kind) && event.state_key.is_none() => {
                self.agent_wrote(chat, event, batch).await
            }
            _ => Ok(()),
        }
    }

    /// An event that we sent: it tells that an effect is done, should the answer have been lost.
    async fn take_own(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let seq = event
            .effect_id()
            .and_then(|id| parse_effect_id(&self.store.identity().incarnation, id));
        if let (Some(seq), Ok(event_id)) = (seq, EventId::parse(&event.event_id)) {
            match self.open_effects.get(&seq.0).map(|effect| &effect.deed) {
                Some(
                    Deed::Say { .. }
                    | Deed::Attach { .. }
                    | Deed::Amend { .. }
                    | Deed::React { .. },
                ) => {
                    batch.settled.push(seq);
                    self.finish_effect(seq, Ok(Done::Event(event_id)), batch).await?;
                }
                // Not done yet: reactions follow, or it is pinned. But it can be replied to.
                Some(Deed::Notice { anchor, .. }) => {
                    let place = EventPlace { chat, by: Author::Bot, anchor: *anchor };
                    batch.file_event(&event.event_id, &place)?;
                    self.prompt_is_asked(&Place::Chat(chat), seq, event_id, batch);
                }
                Some(Deed::Card { .. }) => {
                    let place = EventPlace { chat, by: Author::Bot, anchor: 0 };
                    batch.file_event(&event.event_id, &place)?;
                }
                _ => {}
            }
        }
        if event.kind == "m.room.member" {
            return self.member_changed(chat, event, batch).await;
        }
        Ok(())
    }

    async fn member_changed(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(user) = event.state_key.as_deref() else { return Ok(()) };
        if self.with.names.is_ours(user) {
            self.ours_is_invited(chat, event, batch);
            return Ok(());
        }
        if !self.is_agent(chat, user) {
            if event.membership() == Some("join") {
                self.tell_of_guest(chat, user, batch);
            }
            return Ok(());
        }
        let agent = AgentId(user.to_owned());
        let previous = event.previous_membership();
        let input = match event.membership() {
            // A changed name or picture is a join after a join.
            Some("join") if previous != Some("join") => Input::AgentJoined { chat, agent },
            Some("leave" | "ban") => {
                let how = self.removal(chat, event, &agent, previous);
                Input::AgentGone { chat, agent, how }
            }
            _ => return Ok(()),
        };
        self.input(input, batch).await
    }

    fn removal(
        &self,
        chat: ChatId,
        event: &RoomEvent,
        agent: &AgentId,
        previous: Option<&str>,
    ) -> Removal {
        // Without the membership before, the chat itself knows whether the agent was in it.
        let had_joined = match previous {
            Some(previous) => previous == "join",
            None => self.engine().chat(chat).is_some_and(|c| words::agents(c).contains(agent)),
        };
        if event.sender == agent.0 {
            return if had_joined { Removal::Left } else { Removal::Declined };
        }
        if event.sender == self.with.names.bot().as_str() {
            return match event.text(&[REMOVAL_KEY]) {
                Some("withdrawn") if had_joined => Removal::WithdrawnAfterJoin,
                Some("withdrawn") => Removal::Withdrawn,
                _ => Removal::Left,
            };
        }
        Removal::Removed
    }

    async fn agent_wrote(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if event.content.contains_key(PRIVATE_KEY) {
            return self.wrote_privately(chat, event, batch);
        }
        let mut relates_to = RelatesTo::Nothing;
        for target in classify::relation(event) {
            let place = self.place_of(target, batch).await?;
            match place {
                Some(place) if place.by == Author::Bot => relates_to = RelatesTo::Bot,
                Some(place) if place.by != Author::Private && place.chat == chat => {}
                // What is not known to stand in this chat may be anything, private or another
                // customer's.
                _ if relates_to == RelatesTo::Nothing => relates_to = RelatesTo::Private,
                _ => {}
            }
        }
        let message = classify::classify(event, relates_to);
        let thread = classify::thread(event).map(str::to_owned);
        let to = Asked { event: event.event_id.clone(), thread };
        let said = Said { user: event.sender.clone(), place: Place::Chat(chat), to };
        let may_answer =
            matches!(message, Message::ForCustomer { .. } | Message::NotRelayed(Why::ReplyToBot));
        if may_answer
            && let Some(answer) = classify::answer(event)
            && self.answers_in_words(&said, answer, batch).await?
        {
            return Ok(());
        }
        let is_taken_back = self.is_taken_back(chat, &event.event_id);
        match message {
            Message::Silent => Ok(()),
            Message::Command(_) | Message::NotRelayed(_) if is_taken_back => Ok(()),
            Message::Edit { target, text, html } => {
                self.agent_edited(chat, event, &target, (text, html), batch).await
            }
            Message::NotRelayed(why) => {
                self.notice(chat, why.told().to_owned(), None, &[], batch);
                Ok(())
            }
            Message::Command(text) => self.obey(&said, &text, batch).await,
            Message::ForCustomer { text, html } => {
                let unquoted = relates_to == RelatesTo::Private;
                self.agent_said(chat, event, ((text, html), unquoted), batch).await
            }
            Message::File(file) => {
                let unquoted = relates_to == RelatesTo::Private;
                self.agent_sent_file(chat, event, (file, unquoted), batch).await
            }
        }
    }

    /// Whether a chat is over.
    pub(super) fn is_over(&self, chat: ChatId) -> bool {
        self.engine().chat(chat).is_some_and(switchboard_engine::Chat::is_ended)
    }
}
