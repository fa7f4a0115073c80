//! The engine's effects become entries of the streams and effects of the outbox. What happened to a
//! chat is told in `happened`.

use switchboard_engine::{AgentId, ChatId, ChatState, Effect, MessageRef, Span, effect::Refusal};

use super::{
    batch::Batch,
    bot_rooms::Message,
    records::{Attached, Author, EventPlace, LogEntry, MessageRecord, Question, Sending},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::wire::{FeedBody, RefusalReason},
    matrix::rich,
    outbox::effect::{Deed, Lane},
    store::EffectSeq,
};

/// How long an agent has to confirm the end of a chat.
const CONFIRM_WITHIN_MS: u64 = 2 * 60 * 1000;

impl State {
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
            Effect::Ring { chat, request, agent, waited, again, .. } => {
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
            changed @ Effect::AgentChanged { .. } => {
                self.status_changed(&changed, batch);
                Ok(())
            }
            // Whoever logs off has been asked before.
            Effect::ConfirmLogOff { .. } | Effect::Ignored { .. } => Ok(()),
        }
    }

    fn open_room(&mut self, chat: ChatId, batch: &mut Batch) {
        let Some(conversation) = self.conversations.get(&chat) else { return };
        let queue_name = self.queue_name(&conversation.queue);
        let (text, html) = self.card(conversation);
        let deed = Deed::OpenRoom {
            number: conversation.number,
            customer: conversation.customer.clone(),
            queue: conversation.queue.clone(),
            queue_name,
            variables: conversation.variables.clone(),
            federate: self.site(&conversation.site).is_none_or(|site| site.federate),
        };
        let seq = self.send(chat, Lane::Timeline, deed, batch);
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.opening = Some(seq.0);
            batch.chats.insert(chat);
        }
        self.send(chat, Lane::Timeline, Deed::Card { text, html, reactions: Vec::new() }, batch);
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
        let Some(LogEntry::Customer { key, text, feed, reply_to, files }) =
            self.log_entry(chat, message.0, batch).await?
        else {
            return Ok(());
        };
        // What the customer has changed while it waited for the room comes as it is now.
        let record = self.message(chat, feed, batch).await?;
        if record.as_ref().is_some_and(|record| record.removed) {
            return Ok(());
        }
        let edited = record.as_ref().and_then(|record| record.edits.iter().max());
        let text = match edited {
            Some(edit) => self.text_at(chat, edit.log, batch).await?.map_or(text, |(text, _)| text),
            None => text,
        };
        let reply_to = match reply_to {
            Some(to) => self.message(chat, to, batch).await?.and_then(|to| to.target()),
            None => None,
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
        let ids: Vec<String> = files.into_iter().map(|file| file.id).collect();
        let files = self.files_of(chat, &ids, batch).await?;
        let mut sent = Vec::new();
        let (mut mentions, mut reply_to) = (mentions, reply_to);
        if !text.is_empty() {
            let (mentions, reply_to) = (std::mem::take(&mut mentions), reply_to.take());
            let (key, more) = (key.clone(), !files.is_empty());
            let deed = Deed::Say { text, mentions, anchor: feed, key, received, reply_to, more };
            sent.push(self.send(chat, Lane::Timeline, deed, batch).0);
        }
        let of = (feed, key.as_str(), received);
        sent.extend(self.attach(chat, files, (mentions, reply_to), of, batch));
        if let Some(mut record) = record {
            let mut sent = sent.into_iter().map(|effect| Sending { effect, created: received });
            record.effect = sent.next();
            record.attached = sent.map(|effect| Attached { effect, event: None }).collect();
            Self::keep_message(chat, feed, &record, batch)?;
        }
        Ok(())
    }

    async fn show(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        message: MessageRef,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let said = self.log_entry(chat, message.0, batch).await?;
        let (text, html, event, reply_to, files) = match said {
            Some(LogEntry::Agent { text, html, event, reply_to, files, .. }) => {
                (text, html, event, reply_to, files)
            }
            Some(change) => return self.show_change(chat, (message.0, change), batch).await,
            None => return Ok(()),
        };
        let name = self.agent_name(agent);
        self.with.live.agent_stops_typing(chat, &name);
        let content = rich::tree(&text, html.as_deref());
        let seq = self.feed(chat, FeedBody::Agent { name, content, reply_to, files }, batch)?;
        let record = MessageRecord {
            agent: Some(agent.clone()),
            log: message.0,
            event: ruma::EventId::parse(event.as_str()).ok(),
            ..MessageRecord::default()
        };
        Self::keep_message(chat, seq, &record, batch)?;
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

    /// Says something as the bot, if the chat has a room or will have one.
    pub(super) fn notice(
        &mut self,
        chat: ChatId,
        text: String,
        html: Option<String>,
        reactions: &[&str],
        batch: &mut Batch,
    ) -> Option<EffectSeq> {
        let message = Message { text, html, ..Message::default() }.with(reactions);
        self.say(&chat.into(), message, batch)
    }

    pub(super) fn ask(
        &mut self,
        chat: ChatId,
        text: String,
        reactions: &[&str],
        question: Question,
        until: u64,
        batch: &mut Batch,
    ) {
        let message = Message { text, ..Message::default() }.with(reactions);
        self.ask_at(&chat.into(), message, question, until, batch);
    }

    /// Puts a deed into the outbox. All but the making of the room waits for the room.
    pub(super) fn send(
        &mut self,
        chat: ChatId,
        lane: Lane,
        deed: Deed,
        batch: &mut Batch,
    ) -> EffectSeq {
        self.send_to(&chat.into(), lane, deed, batch)
    }

    pub(super) fn queue_name(&self, queue: &str) -> String {
        self.centre.queue(queue).map_or_else(|| queue.to_owned(), |queue| queue.name.clone())
    }
}
