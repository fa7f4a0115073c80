//! Inbox items become inputs: events that the homeserver pushed.

use std::time::Duration;

use ruma::EventId;
use switchboard_engine::{AgentId, ChatId, Input, MessageRef, Removal};

use super::{
    batch::Batch,
    records::{Author, EventPlace, LogEntry, Question},
    state::{HandleError, State},
    words,
};
use crate::{
    commands::{self, Command},
    matrix::{
        classify::{self, Answer, Message, RelatesTo, Why},
        event::{self, RoomEvent},
    },
    outbox::{
        deliver::REMOVAL_KEY,
        effect::{Deed, Done, parse_effect_id},
    },
    store::{EffectSeq, InboxItem},
};

/// A customer who was there so short a time ago still counts as there: pages poll with pauses, and
/// lose their connections when the bridge restarts.
const LATELY: Duration = Duration::from_secs(30);

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
        let Some(chat) = self.with.directory.chat_of(&event.room_id) else {
            tracing::debug!("an event of a room that is no chat");
            return Ok(());
        };
        self.take_room_event(chat, &event, batch).await?;
        self.file_rest(chat, &event, batch)
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
        if !self.is_agent(chat, &event.sender) && event.kind != "m.room.member" {
            tracing::debug!(%chat, "an event of somebody who is no agent");
            self.tell_of_guest(chat, &event.sender, batch);
            return Ok(());
        }
        match event.kind.as_str() {
            "m.room.member" => self.member_changed(chat, event, batch).await,
            "m.reaction" => self.agent_reacted(chat, event, batch).await,
            "m.room.redaction" => self.agent_redacted(chat, event, batch).await,
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
                Some(Deed::Say { .. }) => {
                    batch.settled.push(seq);
                    self.finish_effect(seq, Ok(Done::Event(event_id)), batch).await?;
                }
                // Not done yet: reactions follow, or it is pinned. But it can be replied to.
                Some(Deed::Notice { anchor, .. }) => {
                    let place = EventPlace { chat, by: Author::Bot, anchor: *anchor };
                    batch.file_event(&event.event_id, &place)?;
                    self.prompt_is_asked(chat, seq, event_id, batch);
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
        if event.sender == agent.0 {
            // Without the membership before, the chat itself knows whether the agent was in it.
            let had_joined = match previous {
                Some(previous) => previous == "join",
                None => self.engine().chat(chat).is_some_and(|c| words::agents(c).contains(agent)),
            };
            return if had_joined { Removal::Left } else { Removal::Declined };
        }
        if event.sender == self.with.names.bot().as_str() {
            return match (event.text(&[REMOVAL_KEY]), previous) {
                (Some("withdrawn"), Some("join")) => Removal::WithdrawnAfterJoin,
                (Some("withdrawn"), _) => Removal::Withdrawn,
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
        let mut relates_to = RelatesTo::Nothing;
        for target in classify::relation(event) {
            let place = self.place_of(target, batch).await?;
            if place.is_some_and(|place| place.by == Author::Bot) {
                relates_to = RelatesTo::Bot;
            }
        }
        let agent = AgentId(event.sender.clone());
        let message = classify::classify(event, relates_to);
        let may_answer =
            matches!(message, Message::ForCustomer { .. } | Message::NotRelayed(Why::ReplyToBot));
        if may_answer
            && let Some(answer) = classify::answer(event)
            && self.answers_question(chat, &agent, answer, batch).await?
        {
            return Ok(());
        }
        match message {
            Message::Silent => Ok(()),
            Message::NotRelayed(why) => {
                self.notice(chat, why.told().to_owned(), None, &[], batch);
                Ok(())
            }
            Message::Command(text) => self.command(chat, agent, &text, batch).await,
            Message::ForCustomer { text, html } => {
                let entry = LogEntry::Agent {
                    agent: agent.clone(),
                    text,
                    html,
                    event: event.event_id.clone(),
                };
                let log = self.log(chat, entry, batch)?;
                self.with.metrics.agent_message(event.origin_server_ts, self.batch_time().0);
                self.input(Input::AgentSent { chat, agent, message: MessageRef(log) }, batch).await
            }
        }
    }

    async fn command(
        &mut self,
        chat: ChatId,
        agent: AgentId,
        text: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match commands::parse(text) {
            Ok(Command::End) if self.is_over(chat) => {
                self.notice(chat, words::OVER_ALREADY.to_owned(), None, &[], batch);
                Ok(())
            }
            Ok(Command::End) if !self.engine().chat(chat).is_some_and(|c| c.has(&agent)) => {
                self.notice(chat, words::NOT_YOURS_TO_END.to_owned(), None, &[], batch);
                Ok(())
            }
            Ok(Command::End) => {
                let customer_connected = self.with.live.here_lately(chat, LATELY);
                self.input(Input::AgentAsksEnd { chat, agent, customer_connected }, batch).await
            }
            Ok(Command::Help) => {
                let (text, html) = commands::help();
                self.notice(chat, text, Some(html), &[], batch);
                Ok(())
            }
            Err(unknown) => {
                let text = format!("Not sent to the customer: {unknown}.");
                self.notice(chat, text, None, &[], batch);
                Ok(())
            }
        }
    }

    /// Whether this answer is that of the asked agent to the bot's question: such a one never
    /// reaches the customer.
    async fn answers_question(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        answer: Answer,
        batch: &mut Batch,
    ) -> Result<bool, HandleError> {
        let asked = Question::ConfirmEnd { agent: agent.clone() };
        let now = self.batch_time().0;
        let is_asked = self
            .conversations
            .get(&chat)
            .is_some_and(|c| c.prompts.iter().any(|p| p.question == asked && p.until > now));
        if !is_asked {
            return Ok(false);
        }
        match answer {
            Answer::Yes => {
                self.answered(chat, &asked, batch);
                let input = Input::AgentConfirmsEnd { chat, agent: agent.clone() };
                self.input(input, batch).await?;
            }
            Answer::No => {
                self.answered(chat, &asked, batch);
                self.notice(chat, words::END_CANCELLED.to_owned(), None, &[], batch);
            }
            Answer::Number => {
                self.notice(chat, words::YES_OR_NO.to_owned(), None, &[], batch);
            }
        }
        Ok(true)
    }

    async fn agent_reacted(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = AgentId(event.sender.clone());
        let (Some(target), Some(key)) =
            (event.text(&["m.relates_to", "event_id"]), event.text(&["m.relates_to", "key"]))
        else {
            return Ok(());
        };
        let prompt = self.conversations.get(&chat).and_then(|conversation| {
            conversation
                .prompts
                .iter()
                .find(|p| p.event.as_ref().is_some_and(|e| e.as_str() == target))
        });
        let expired = prompt.is_some_and(|prompt| prompt.until <= self.batch_time().0);
        let question = prompt.map(|prompt| prompt.question.clone());
        // Emoji come with and without the variation selector.
        match (question, key.trim_end_matches('\u{fe0f}')) {
            (Some(Question::Close), "✅") => {
                self.input(Input::AgentCloses { chat, agent }, batch).await
            }
            (Some(asked @ Question::ConfirmEnd { .. }), key @ ("✅" | "❌")) => {
                // Only the asker's answer counts.
                if asked != (Question::ConfirmEnd { agent: agent.clone() }) {
                    return Ok(());
                }
                self.answered(chat, &asked, batch);
                if expired {
                    let over = self.is_over(chat);
                    let text = if over { words::OVER_ALREADY } else { words::EXPIRED };
                    self.notice(chat, text.to_owned(), None, &[], batch);
                    return Ok(());
                }
                if key == "✅" {
                    return self.input(Input::AgentConfirmsEnd { chat, agent }, batch).await;
                }
                self.notice(chat, words::END_CANCELLED.to_owned(), None, &[], batch);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_over(&self, chat: ChatId) -> bool {
        self.engine().chat(chat).is_some_and(switchboard_engine::Chat::is_ended)
    }

    /// A question counts once.
    fn answered(&mut self, chat: ChatId, question: &Question, batch: &mut Batch) {
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.prompts.retain(|prompt| prompt.question != *question);
            batch.chats.insert(chat);
        }
    }

    /// Notes the event of a question, so that a reaction to it is understood.
    pub(super) fn prompt_is_asked(
        &mut self,
        chat: ChatId,
        seq: EffectSeq,
        event: ruma::OwnedEventId,
        batch: &mut Batch,
    ) {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        if let Some(prompt) = conversation.prompts.iter_mut().find(|p| p.effect == seq.0) {
            prompt.event = Some(event);
            batch.chats.insert(chat);
        }
    }
}
