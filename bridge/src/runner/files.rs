//! Files in messages: what a customer has uploaded goes into the room with the message that names it;
//! what an agent sends is fetched and checked before the customer has it.
//!
//! Agents' later messages wait for a file, so that the customer gets all in order. Should the check
//! take longer ([`Done::Later`], when the scanner is down), they wait no more, and the file
//! comes when its check is done.
//!
//! [`Done::Later`]: crate::outbox::effect::Done::Later

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use switchboard_engine::{AgentId, ChatId, Input, MessageRef};

use super::{
    batch::Batch,
    bot_rooms::Message,
    records::{Conversation, LogEntry, Waiting},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::wire::Attachment,
    matrix::{classify::AgentFile, event::RoomEvent},
    media::{StoredFile, Unfit, file_key},
    outbox::effect::{Deed, Lane, Target},
    place::Place,
    store::RecordKind,
};

/// How long a customer's file may wait for a message that names it, in milliseconds: less than the
/// day after which chats that are over are put away.
const KEEP_UNUSED_MS: u64 = 12 * 60 * 60 * 1000;
impl State {
    /// A customer's file is stored and waits for its message.
    pub(super) fn customer_uploaded(
        &mut self,
        chat: ChatId,
        file: &StoredFile,
        received: u64,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(conversation) = self.conversations.get_mut(&chat) else {
            return Err(HandleError::Unusable("a file of an unknown chat".to_owned()));
        };
        conversation.unused_files.insert(file.id.clone(), received);
        batch.chats.insert(chat);
        keep_file(chat, file, batch)
    }

    /// A message names these files.
    pub(super) fn use_files(&mut self, chat: ChatId, files: &[StoredFile], batch: &mut Batch) {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        for file in files {
            if conversation.unused_files.remove(&file.id).is_some() {
                batch.chats.insert(chat);
            }
        }
    }

    /// Deletes customers' files that no message has named for long.
    pub(super) async fn forget_unused_files(&mut self) -> Result<(), HandleError> {
        let before = self.now().0.saturating_sub(KEEP_UNUSED_MS);
        let mut batch = Batch::default();
        let mut tidied = Vec::new();
        for (chat, conversation) in &self.conversations {
            let (kept, old): (BTreeMap<_, _>, BTreeMap<_, _>) = conversation
                .unused_files
                .clone()
                .into_iter()
                .partition(|(_, received)| *received >= before);
            if old.is_empty() {
                continue;
            }
            for id in old.keys() {
                batch.delete(RecordKind::File, file_key(*chat, id));
            }
            let conversation = Conversation { unused_files: kept, ..conversation.clone() };
            batch.record(RecordKind::Conversation, chat.to_string(), &conversation)?;
            tidied.push((*chat, conversation));
        }
        if tidied.is_empty() {
            return Ok(());
        }
        self.store.commit(batch.changes(self.epoch())?).await?;
        self.conversations.extend(tidied);
        Ok(())
    }

    /// Files of a chat. Those that are not there are left out.
    pub(super) async fn files_of(
        &self,
        chat: ChatId,
        ids: &[String],
        batch: &Batch,
    ) -> Result<Vec<StoredFile>, HandleError> {
        let mut files = Vec::new();
        for id in ids {
            let key = file_key(chat, id);
            let bytes = match batch.find_record(RecordKind::File, &key) {
                Some(bytes) => Some(bytes.to_vec()),
                None => self.store.record(RecordKind::File, &key).await?,
            };
            files.extend(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()));
        }
        Ok(files)
    }

    /// A message's files go into the room, after its text. Tells the numbers of the effects.
    pub(super) fn attach(
        &mut self,
        chat: ChatId,
        files: Vec<StoredFile>,
        (mut mentions, mut reply_to): (Vec<String>, Option<Target>),
        (anchor, key, received): (u64, &str, u64),
        batch: &mut Batch,
    ) -> Vec<u64> {
        let last = files.len();
        let mut sent = Vec::new();
        for (n, file) in files.into_iter().enumerate() {
            let deed = Deed::Attach {
                file,
                mentions: std::mem::take(&mut mentions),
                anchor,
                key: key.to_owned(),
                received,
                reply_to: reply_to.take(),
                last: n + 1 == last,
            };
            sent.push(self.send(chat, Lane::Timeline, deed, batch).0);
        }
        sent
    }

    /// An agent's message for the customer. It waits for those before it.
    pub(super) async fn agent_said(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        ((text, html), unquoted): ((String, Option<String>), bool),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let message = Waiting { unquoted, ..Waiting::new(event, text, html) };
        if self.is_taken_back(chat, &event.event_id) {
            let by = self.taken_back_by(chat, &event.event_id);
            return self.never_shown(chat, message, by, batch).await;
        }
        self.queue_up(chat, message, batch).await
    }

    /// An agent's file for the customer: refused if it is one too many, else it is looked at.
    pub(super) async fn agent_sent_file(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        (file, unquoted): (AgentFile, bool),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let caption = file.caption.unwrap_or_default();
        let message = Waiting { unquoted, ..Waiting::new(event, caption, None) };
        if self.is_taken_back(chat, &event.event_id) {
            let by = self.taken_back_by(chat, &event.event_id);
            let message = message.or_named(&file.name);
            return self.never_shown(chat, message, by, batch).await;
        }
        let agent = message.agent.clone();
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        let recent = conversation.file_batches.entry(agent.clone()).or_default();
        batch.chats.insert(chat);
        if recent.is_full_for(event.origin_server_ts) {
            return self.refuse_file(chat, &agent, &file.name, Unfit::TooMany, batch);
        }
        let id = file_id(&event.event_id);
        let deed = Deed::FetchFile { id: id.clone(), name: file.name, uri: file.uri, late: false };
        let waits_for = Some(self.send(chat, Lane::Files, deed, batch).0);
        self.queue_up(chat, Waiting { file: Some(id), waits_for, ..message }, batch).await
    }

    /// A file in the companion room: it is there already, and only looked at. Its sender is told there
    /// if it is nothing that may be sent, or one too many.
    pub(super) fn check_private_file(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        file: AgentFile,
        batch: &mut Batch,
    ) {
        let place = Place::Companion(chat);
        let id = file_id(&event.event_id);
        let deed = Deed::FetchFile { id, name: file.name.clone(), uri: file.uri, late: false };
        self.send_to(&place, Lane::Files, deed, batch);
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        let agent = AgentId(event.sender.clone());
        let recent = conversation.private_file_batches.entry(agent).or_default();
        batch.chats.insert(chat);
        if recent.is_full_for(event.origin_server_ts) {
            let text = words::private_file_too_many(&file.name);
            self.say(&place, Message { text, ..Message::default() }, batch);
        }
    }

    async fn queue_up(
        &mut self,
        chat: ChatId,
        message: Waiting,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        conversation.waiting.push_back(message);
        batch.chats.insert(chat);
        self.release(chat, batch).await
    }

    /// Lets through what waits for nothing any more.
    async fn release(&mut self, chat: ChatId, batch: &mut Batch) -> Result<(), HandleError> {
        loop {
            let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
            let Some(front) = conversation.waiting.front().filter(|it| it.waits_for.is_none())
            else {
                return Ok(());
            };
            let message = front.clone();
            conversation.waiting.pop_front();
            batch.chats.insert(chat);
            self.let_through(chat, message, batch).await?;
        }
    }

    async fn let_through(
        &mut self,
        chat: ChatId,
        message: Waiting,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let (sent, event) = (message.sent, message.event.clone());
        let agent = message.agent.clone();
        let log = self.log_waiting(chat, message, batch).await?;
        self.with.metrics.agent_message(sent, self.batch_time().0);
        self.input(Input::AgentSent { chat, agent, message: MessageRef(log) }, batch).await?;
        // What its author has changed meanwhile, and what others said to it.
        Box::pin(self.known_now(chat, &event, batch)).await
    }

    /// Logs an agent's message, which waits no more.
    async fn log_waiting(
        &mut self,
        chat: ChatId,
        message: Waiting,
        batch: &mut Batch,
    ) -> Result<u64, HandleError> {
        let files = self.files_of(chat, message.file.as_slice(), batch).await?;
        let reply_to = match &message.answers {
            Some(answered) => self.shown_message(chat, answered, batch).await?,
            None => None,
        };
        let entry = LogEntry::Agent {
            agent: message.agent,
            text: message.text,
            html: message.html,
            event: message.event,
            reply_to,
            unquoted: message.unquoted,
            files: files.iter().map(Attachment::from).collect(),
        };
        self.log(chat, entry, batch)
    }

    /// Whether a message waits, so that the customer does not have it yet.
    pub(super) fn is_waiting(&self, chat: ChatId, event: &str) -> bool {
        self.conversations.get(&chat).is_some_and(|known| {
            known.waiting.iter().chain(&known.late_files).any(|message| message.event == event)
        })
    }

    /// A file of an agent was fetched, checked and stored.
    pub(super) async fn file_is_here(
        &mut self,
        chat: ChatId,
        effect: u64,
        file: &StoredFile,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        keep_file(chat, file, batch)?;
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        if let Some(held) = conversation.waiting.iter_mut().find(|h| h.waits_for == Some(effect)) {
            held.waits_for = None;
            batch.chats.insert(chat);
            return self.release(chat, batch).await;
        }
        // It comes late: nothing waits for it.
        let late = conversation.late_files.iter().position(|held| held.waits_for == Some(effect));
        let Some(late) = late else { return Ok(()) };
        let held = conversation.late_files.remove(late);
        batch.chats.insert(chat);
        self.let_through(chat, held, batch).await
    }

    /// A file of an agent is not passed on.
    pub(super) async fn file_is_unfit(
        &mut self,
        chat: ChatId,
        effect: u64,
        name: &str,
        why: Unfit,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(message) = self.take_waiting(chat, effect, batch) else { return Ok(()) };
        self.refuse_file(chat, &message.agent, name, why, batch)?;
        Box::pin(self.known_now(chat, &message.event, batch)).await?;
        self.release(chat, batch).await
    }

    fn take_waiting(&mut self, chat: ChatId, effect: u64, batch: &mut Batch) -> Option<Waiting> {
        let conversation = self.conversations.get_mut(&chat)?;
        let waits = |it: &Waiting| it.waits_for == Some(effect);
        batch.chats.insert(chat);
        if let Some(at) = conversation.waiting.iter().position(waits) {
            return conversation.waiting.remove(at);
        }
        let at = conversation.late_files.iter().position(waits)?;
        Some(conversation.late_files.remove(at))
    }

    /// A file's check takes long: others go before it.
    pub(super) async fn file_comes_later(
        &mut self,
        chat: ChatId,
        effect: u64,
        (id, name, uri): (String, String, String),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(mut held) = self.take_waiting(chat, effect, batch) else { return Ok(()) };
        self.notice(chat, words::file_waits(&name), None, &[], batch);
        let deed = Deed::FetchFile { id, name, uri, late: true };
        held.waits_for = Some(self.send(chat, Lane::LateFiles, deed, batch).0);
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.late_files.push(held);
        }
        self.release(chat, batch).await
    }

    fn refuse_file(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        name: &str,
        why: Unfit,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let entry =
            LogEntry::FileRefused { agent: Some(agent.clone()), name: name.to_owned(), why };
        self.log(chat, entry, batch)?;
        self.notice(chat, words::file_refused(name, why), None, &[], batch);
        Ok(())
    }

    /// A message is taken back that the customer does not have yet: they never get it. Says whether
    /// it was one.
    pub(super) async fn forget_waiting(
        &mut self,
        chat: ChatId,
        event: &str,
        by: &str,
        batch: &mut Batch,
    ) -> Result<bool, HandleError> {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(false) };
        let is_it = |message: &Waiting| message.event == event;
        let (waiting, late) = (&mut conversation.waiting, &mut conversation.late_files);
        let found = if let Some(at) = waiting.iter().position(is_it) {
            waiting.remove(at)
        } else {
            late.iter().position(is_it).map(|at| late.remove(at))
        };
        let Some(message) = found else { return Ok(false) };
        batch.chats.insert(chat);
        let name = message.waits_for.and_then(|effect| {
            match self.open_effects.get(&effect).map(|effect| &effect.deed) {
                Some(Deed::FetchFile { name, .. }) => Some(name.clone()),
                _ => None,
            }
        });
        let message = message.or_named(name.as_deref().unwrap_or_default());
        let (file, by) = (message.file.clone(), Some(by.to_owned()));
        self.never_shown(chat, message, by, batch).await?;
        if let Some(id) = file {
            batch.delete(RecordKind::File, file_key(chat, &id));
        }
        // It may have been what the others waited for.
        self.release(chat, batch).await?;
        Ok(true)
    }

    /// A message that was taken back before the customer had it: they never see it.
    async fn never_shown(
        &mut self,
        chat: ChatId,
        message: Waiting,
        by: Option<String>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let message = self.log_waiting(chat, message, batch).await?;
        let entry = LogEntry::Removed { message, feed: 0, by, only_in_room: false };
        self.log(chat, entry, batch)?;
        self.notice(chat, words::NEVER_SHOWN.to_owned(), None, &[], batch);
        Ok(())
    }

    /// A message is removed: nobody gets its files any more.
    pub(super) fn drop_files(chat: ChatId, entry: Option<LogEntry>, batch: &mut Batch) {
        let Some(LogEntry::Agent { files, .. } | LogEntry::Customer { files, .. }) = entry else {
            return;
        };
        for file in files {
            batch.delete(RecordKind::File, file_key(chat, &file.id));
        }
    }
}

impl Waiting {
    /// With the file's name, if nothing else is said.
    fn or_named(self, name: &str) -> Self {
        let text = if self.text.is_empty() { name.to_owned() } else { self.text };
        Self { text, ..self }
    }
}

/// The id of an agent's file: of the form that keys have, and without the event's own.
fn file_id(event: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(event.as_bytes())[..16])
}

fn keep_file(chat: ChatId, file: &StoredFile, batch: &mut Batch) -> Result<(), HandleError> {
    let key = file_key(chat, &file.id);
    batch.trace(chat, RecordKind::File, &key);
    Ok(batch.record(RecordKind::File, key, file)?)
}
