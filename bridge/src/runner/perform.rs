//! The engine's effects become entries of the streams and effects of the outbox.

use std::fmt::Write as _;

use switchboard_engine::{
    AgentId, ChatEvent, ChatId, ChatState, Effect, EndReason, MessageRef, Span, effect::Refusal,
};

use super::{
    batch::Batch,
    desk::{Desk, HandleError},
    records::{Author, EventPlace, LogEntry, Prompt, Question},
    words,
};
use crate::{
    gateway::wire::{EndedBy, FeedBody, FeedEntry, FormReason, Phase, RefusalReason},
    matrix::{content::escape, rich},
    outbox::effect::{Deed, Lane, OutboxEffect},
    store::{EffectSeq, Stream},
};

/// How long an agent has to confirm the end of a chat.
const CONFIRM_WITHIN_MS: u64 = 2 * 60 * 1000;
/// How many feed entries a recap shows.
const RECAP_ENTRIES: u64 = 10;
/// How much of an entry a recap shows, in characters: all of it must go into one event of 64 KiB,
/// as text and as HTML, in which a character has eight bytes together at most.
const RECAP_CHARS: usize = 500;

impl Desk {
    /// Performs one effect of the engine.
    pub(super) async fn perform(
        &mut self,
        effect: Effect,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match effect {
            Effect::OpenRoom { chat } => {
                self.open_room(chat, batch);
                Ok(())
            }
            Effect::Ring { chat, request, agent, waited, again } => {
                self.ring(chat, request, agent, waited, again, batch);
                Ok(())
            }
            Effect::Withdraw { chat, agent } => {
                let deed = Deed::Withdraw { agent: agent.0, reason: words::WITHDRAWN.to_owned() };
                self.send(chat, Lane::Members, deed, batch);
                Ok(())
            }
            Effect::Remove { chat, agent, why } => {
                let reason = words::removed(why).to_owned();
                self.send(chat, Lane::Members, Deed::Remove { agent: agent.0, reason }, batch);
                Ok(())
            }
            Effect::Relay { chat, message } => self.relay(chat, message, batch).await,
            Effect::Show { chat, agent, message } => self.show(chat, &agent, message, batch).await,
            Effect::Refuse { chat, message, why } => self.refuse(chat, message, why, batch).await,
            Effect::NotShown { chat, why, .. } => {
                self.notice(chat, words::not_shown(why).to_owned(), None, &[], batch);
                Ok(())
            }
            Effect::ConfirmEnd { chat, agent } => {
                let text = words::CONFIRM_END.to_owned();
                let question = Question::ConfirmEnd { agent };
                let until = self.batch_time().0 + CONFIRM_WITHIN_MS;
                self.ask(chat, text, &["✅", "❌"], question, until, batch);
                Ok(())
            }
            Effect::Happened { chat, event } => self.happened(chat, event, batch).await,
            // Nobody changes a status as long as agents cannot log on and off.
            Effect::AgentChanged { .. } | Effect::ConfirmLogOff { .. } | Effect::Ignored { .. } => {
                Ok(())
            }
        }
    }

    fn open_room(&mut self, chat: ChatId, batch: &mut Batch) {
        let Some(conversation) = self.conversations.get(&chat) else { return };
        let queue_name = self.queue_name(&conversation.queue);
        let number = conversation.number;
        let customer = conversation.customer.clone();
        let email = conversation.email.clone();
        let deed = Deed::OpenRoom {
            number,
            customer: customer.clone(),
            queue: conversation.queue.clone(),
            queue_name: queue_name.clone(),
            federate: self.centre.site(&conversation.site).is_none_or(|site| site.federate),
        };
        let seq = self.send(chat, Lane::Timeline, deed, batch);
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.opening = Some(seq.0);
            batch.chats.insert(chat);
        }
        let number = number.to_string();
        let mut rows =
            vec![("Customer", customer), ("Queue", queue_name.clone()), ("Chat", number)];
        rows.extend(email.map(|email| ("E-mail", email)));
        let text: Vec<String> =
            rows.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let html: Vec<String> =
            rows.iter().map(|(name, value)| format!("<b>{name}</b>: {}", escape(value))).collect();
        let (text, html) = (text.join("\n"), html.join("<br>"));
        self.send(chat, Lane::Timeline, Deed::Card { text, html }, batch);
    }

    fn ring(
        &mut self,
        chat: ChatId,
        request: u32,
        agent: AgentId,
        waited: Span,
        again: bool,
        batch: &mut Batch,
    ) {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        if again {
            conversation.recap_for.insert(agent.clone());
            batch.chats.insert(chat);
        }
        let queue = conversation.queue.clone();
        let name = self.queue_name(&queue);
        let (reason, html) = if self.engine().chat(chat).is_some_and(|chat| chat.message) {
            words::message_request(&name, waited)
        } else {
            words::request(&name, waited)
        };
        self.with.metrics.request_made();
        self.send(chat, Lane::Members, Deed::Ring { request, agent: agent.0, reason, html }, batch);
    }

    async fn relay(
        &mut self,
        chat: ChatId,
        message: MessageRef,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(LogEntry::Customer { key, text, feed }) =
            self.log_entry(chat, message.0, batch).await?
        else {
            return Ok(());
        };
        let agents: Vec<String> = match self.engine().chat(chat).map(|c| &c.state) {
            Some(ChatState::Active { agents, .. }) => agents.iter().map(|a| a.0.clone()).collect(),
            _ => Vec::new(),
        };
        let received = self.batch_time().0;
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        // Only the first message after an agent's last one calls them: red means "owes a reply".
        let silent = self.centre.queue(&conversation.queue).is_some_and(|q| !q.mention_waiting);
        let mentions = if silent || conversation.reply_awaited { Vec::new() } else { agents };
        conversation.reply_awaited |= !mentions.is_empty();
        batch.chats.insert(chat);
        let deed = Deed::Say { text, mentions, anchor: feed, key, received };
        self.send(chat, Lane::Timeline, deed, batch);
        Ok(())
    }

    async fn show(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        message: MessageRef,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(LogEntry::Agent { text, html, event, .. }) =
            self.log_entry(chat, message.0, batch).await?
        else {
            return Ok(());
        };
        let name = self.agent_name(agent);
        self.with.live.agent_stops_typing(chat, &name);
        let content = rich::tree(&text, html.as_deref());
        let seq = self.feed(chat, FeedBody::Agent { name, content }, batch)?;
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.reply_awaited = false;
            if let Ok(event) = ruma::EventId::parse(event.as_str()) {
                conversation.last_agent_message = Some((seq, event));
            }
        }
        let place = EventPlace { chat, by: Author::Agent, anchor: seq };
        Ok(batch.file_event(&event, &place)?)
    }

    async fn refuse(
        &mut self,
        chat: ChatId,
        message: MessageRef,
        why: Refusal,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(LogEntry::Customer { key, .. }) = self.log_entry(chat, message.0, batch).await?
        else {
            return Ok(());
        };
        let reason = match why {
            Refusal::Ended => RefusalReason::Ended,
            Refusal::TooMany => RefusalReason::TooMany,
            Refusal::NoRoom | Refusal::NotInChat => RefusalReason::Undeliverable,
        };
        self.log(
            chat,
            LogEntry::Undelivered { key: key.clone(), reason: format!("{why:?}") },
            batch,
        )?;
        self.feed(chat, FeedBody::Undelivered { key, reason }, batch)?;
        Ok(())
    }

    async fn happened(
        &mut self,
        chat: ChatId,
        event: ChatEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        self.log(chat, LogEntry::Happened { what: event.clone() }, batch)?;
        self.with.metrics.happened(&event);
        match event {
            ChatEvent::Queued => {
                self.feed(chat, FeedBody::Queued {}, batch)?;
                self.phase(chat, Phase::Waiting, batch);
            }
            ChatEvent::Requeued => {
                self.feed(chat, FeedBody::Requeued {}, batch)?;
                let message = self.engine().chat(chat).is_some_and(|chat| chat.message);
                self.phase(chat, if message { Phase::Left } else { Phase::Waiting }, batch);
                self.status(chat, "waiting", batch);
            }
            ChatEvent::Joined { agent, first } => {
                let name = self.agent_name(&agent);
                self.feed(chat, FeedBody::Joined { name }, batch)?;
                self.phase(chat, Phase::Active, batch);
                if first {
                    self.status(chat, "active", batch);
                    self.is_taken(chat);
                }
                self.recap(chat, &agent, batch).await?;
                let message = self.engine().chat(chat).is_some_and(|chat| chat.message);
                if first && message && !self.with.live.connected(chat) {
                    self.notice(chat, words::LEFT_MESSAGE.to_owned(), None, &[], batch);
                }
            }
            ChatEvent::Left { agent, .. } => {
                let name = self.agent_name(&agent);
                self.with.live.agent_stops_typing(chat, &name);
                self.feed(chat, FeedBody::Left { name }, batch)?;
            }
            ChatEvent::Overflowed { to, .. } | ChatEvent::Moved { to, .. } => {
                if let Some(conversation) = self.conversations.get_mut(&chat) {
                    conversation.queue = to.0;
                    batch.chats.insert(chat);
                }
            }
            ChatEvent::FormOffered => self.offer_form(chat, batch)?,
            ChatEvent::MessageLeft => {
                self.feed(chat, FeedBody::MessageLeft {}, batch)?;
                self.phase(chat, Phase::Left, batch);
            }
            ChatEvent::Ended { reason } => self.ended(chat, &reason, batch)?,
            ChatEvent::QueueFull
            | ChatEvent::QueueClosed
            | ChatEvent::RoundOver
            | ChatEvent::Requested { .. }
            | ChatEvent::Rejected { .. }
            | ChatEvent::Missed { .. }
            | ChatEvent::Withdrawn { .. }
            | ChatEvent::RequestFailed { .. } => {}
        }
        Ok(())
    }

    /// Asks the customer to leave a message.
    fn offer_form(&mut self, chat: ChatId, batch: &mut Batch) -> Result<(), HandleError> {
        let queue = self.engine().chat(chat).map(|chat| chat.queue.clone());
        let settings = queue.as_ref().and_then(|id| self.engine().queues().find(|q| q.id == *id));
        let (why, text) = match settings {
            Some(queue) if !queue.open => {
                let text = self.centre.queue(&queue.id.0).map(|queue| queue.closed_text.clone());
                (FormReason::Closed, text.unwrap_or_default())
            }
            Some(queue) if self.engine().ready(&queue.id).next().is_none() => {
                (FormReason::Nobody, String::new())
            }
            _ => (FormReason::Busy, String::new()),
        };
        self.feed(chat, FeedBody::Form { why, text }, batch)?;
        self.phase(chat, Phase::Form, batch);
        Ok(())
    }

    /// An agent has taken a chat out of its queue: that tells how fast it moves.
    fn is_taken(&mut self, chat: ChatId) {
        let now = self.batch_time();
        let queue = self.engine().chat(chat).map(|chat| chat.queue.clone());
        if let Some(queue) = queue {
            self.estimator.taken(&queue, now);
        }
    }

    fn ended(
        &mut self,
        chat: ChatId,
        reason: &EndReason,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let by = match reason {
            EndReason::Customer | EndReason::Abandoned => EndedBy::Customer,
            EndReason::Agent(_) => EndedBy::Agent,
            EndReason::NoAgent => EndedBy::NoAgent,
        };
        self.feed(chat, FeedBody::Ended { by }, batch)?;
        self.phase(chat, Phase::Ended, batch);
        let at = self.batch_time().0;
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.ended = Some(at);
            // A late answer is still told that it is one.
            for prompt in &mut conversation.prompts {
                prompt.until = 0;
            }
        }
        self.status(chat, "ended", batch);
        let somebody = self.engine().chat(chat).is_some_and(|c| !words::agents(c).is_empty());
        if somebody {
            let name = match reason {
                EndReason::Agent(agent) => Some(self.agent_name(agent)),
                _ => None,
            };
            let text = words::ended(reason, name.as_deref());
            self.ask(chat, text, &["✅"], Question::Close, u64::MAX, batch);
        }
        Ok(())
    }

    /// Posts the last messages for an agent whose client may not show them.
    async fn recap(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        if !conversation.recap_for.remove(agent) {
            return Ok(());
        }
        let customer = conversation.customer.clone();
        let after = conversation.feed.saturating_sub(RECAP_ENTRIES + 1);
        let entries = self
            .store
            .stream(Stream::Feed, chat, after, usize::try_from(RECAP_ENTRIES).unwrap_or(10))
            .await?;
        let (mut text, mut html) =
            (String::from("Earlier in this chat:"), String::from("<b>Earlier in this chat</b>"));
        let mut lines = 0;
        for (_, bytes) in entries {
            let Ok(entry) = serde_json::from_slice::<FeedEntry>(&bytes) else { continue };
            let (who, what) = match entry.body {
                FeedBody::Own { text, .. } => (customer.clone(), text),
                FeedBody::Agent { name, content } => {
                    let mut plain = String::new();
                    rich::append_plain(&content, &mut plain);
                    (name, plain)
                }
                _ => continue,
            };
            lines += 1;
            let what = words::beginning(&what, RECAP_CHARS);
            let _ = write!(text, "\n{who}: {what}");
            let _ = write!(html, "<br><b>{}</b>: {}", escape(&who), escape(&what));
        }
        if lines > 0 {
            self.notice(chat, text, Some(html), &[], batch);
        }
        Ok(())
    }

    fn phase(&mut self, chat: ChatId, phase: Phase, batch: &mut Batch) {
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.phase = phase;
            batch.chats.insert(chat);
        }
    }

    /// Writes the status into the room, if there is one or will be one.
    fn status(&mut self, chat: ChatId, status: &str, batch: &mut Batch) {
        let Some(conversation) = self.conversations.get(&chat) else { return };
        let deed = Deed::Status {
            number: conversation.number,
            queue: conversation.queue.clone(),
            status: status.to_owned(),
        };
        if conversation.room.is_some() || conversation.opening.is_some() {
            self.send(chat, Lane::Members, deed, batch);
        }
    }

    /// Says something as the bot, if the chat has a room or will have one.
    pub(super) fn notice(
        &mut self,
        chat: ChatId,
        text: String,
        html: Option<String>,
        reactions: &[&str],
        batch: &mut Batch,
    ) -> Option<EffectSeq> {
        let conversation = self.conversations.get(&chat)?;
        if conversation.room.is_none() && conversation.opening.is_none() {
            return None;
        }
        let reactions = reactions.iter().map(ToString::to_string).collect();
        let deed = Deed::Notice { text, html, reactions, anchor: conversation.feed };
        Some(self.send(chat, Lane::Timeline, deed, batch))
    }

    fn ask(
        &mut self,
        chat: ChatId,
        text: String,
        reactions: &[&str],
        question: Question,
        until: u64,
        batch: &mut Batch,
    ) {
        let Some(seq) = self.notice(chat, text, None, reactions, batch) else { return };
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.prompts.retain(|prompt| prompt.question != question);
            conversation.prompts.push(Prompt { effect: seq.0, event: None, question, until });
            batch.chats.insert(chat);
        }
    }

    /// Puts a deed into the outbox. All but the making of the room waits for the room.
    fn send(&mut self, chat: ChatId, lane: Lane, deed: Deed, batch: &mut Batch) -> EffectSeq {
        let after = self.conversations.get(&chat).and_then(|c| c.opening).into_iter().collect();
        let created = self.batch_time().0;
        self.add_effect(OutboxEffect { chat, lane, after, created, deed }, batch)
    }

    fn queue_name(&self, queue: &str) -> String {
        self.centre.queue(queue).map_or_else(|| queue.to_owned(), |queue| queue.name.clone())
    }

    fn agent_name(&self, agent: &AgentId) -> String {
        self.with.directory.agent_name(&agent.0).unwrap_or("An agent").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recap_leaves_room_in_its_event() {
        // Ten of the longest, as text and with every character escaped (spec: 64 KiB).
        for worst in ["\"", "\u{1f600}", "&"] {
            let text = worst.repeat(16 * 1024 / worst.len());
            let line = words::beginning(&text, RECAP_CHARS);
            assert!(10 * (line.len() + escape(&line).len()) < 48 * 1024, "{worst}");
        }
    }
}
