//! Inbox items become inputs: what customers do.

use switchboard_engine::{ChatId, Input, MessageRef, QueueId};

use super::{
    batch::Batch,
    records::{Conversation, LogEntry, LogRecord, MessageRecord},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::{
        input::{CustomerInput, Facts},
        session::SessionRecord,
        wire::{Attachment, FeedBody, FeedEntry, Phase},
    },
    outbox::effect::{Deed, Lane},
    store::{RecordKind, Stream},
    variables::{self, Variable},
};

impl State {
    /// Handles what a customer did.
    pub(super) async fn take_customer(
        &mut self,
        input: CustomerInput,
        received: u64,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match input {
            CustomerInput::Start { chat, site, name, queue, session, facts } => {
                self.start(chat, (site, queue), (name, facts), session, batch).await
            }
            CustomerInput::Send { chat, key, text, email, reply_to, files } => {
                let more = (reply_to, files);
                self.customer_sent(chat, (key, text, email), more, received, batch).await
            }
            CustomerInput::Change { chat, key, target, change } => {
                self.customer_changed(chat, (key, target), change, batch).await
            }
            CustomerInput::Uploaded { chat, file } => {
                self.customer_uploaded(chat, &file, received, batch)
            }
            CustomerInput::Unfit { chat, name, why, .. } => {
                let entry = LogEntry::FileRefused { agent: None, name, why };
                self.log(chat, entry, batch).map(drop)
            }
            CustomerInput::End { chat } => self.input(Input::CustomerEnded { chat }, batch).await,
            CustomerInput::Away { chat, since } => {
                // Who came back before this was handled has not given up.
                let back = self.with.live.connected(chat)
                    && self.now().0.saturating_sub(since) < 24 * 60 * 60 * 1000;
                if back {
                    return Ok(());
                }
                self.input(Input::CustomerAway { chat }, batch).await
            }
        }
    }

    async fn start(
        &mut self,
        chat: ChatId,
        (site, queue): (String, Option<String>),
        (name, facts): (Option<String>, Facts),
        session: String,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        // A queue that was there when the customer chose it may be gone.
        let offered = self.centre.site(&site).map_or(&[][..], |site| &site.queues);
        let queue = offered.iter().find(|id| queue.as_ref() == Some(id)).or(offered.first());
        let Some(queue) = queue.cloned().map(QueueId) else {
            return Err(HandleError::Unusable("the site is not configured any more".to_owned()));
        };
        if self.conversations.contains_key(&chat) {
            return Ok(());
        }
        let number = self.next_number();
        let at = self.batch_time().0;
        let known = self.get_to_know(chat, name, facts, batch).await?;
        let (verified, fault) = (known.verified, known.fault);
        let record =
            SessionRecord { chat, number, site: site.clone(), created: at, verified, fault };
        batch.trace(chat, RecordKind::Session, &session);
        batch.record(RecordKind::Session, session, &record)?;
        let name = variables::find(&known.variables, "name");
        let customer = match name {
            Some(name) => self.called(&name.value),
            None => format!("Customer {number}"),
        };
        let conversation = Conversation {
            number,
            site: site.clone(),
            queue: queue.0.clone(),
            customer: customer.clone(),
            email: None,
            variables: known.variables.clone(),
            visitor: known.visitor,
            earlier: known.earlier,
            token_fault: fault,
            served: Vec::new(),
            outcome: None,
            room: None,
            opening: None,
            log: 0,
            feed: 0,
            delivered: 0,
            seen: 0,
            phase: Phase::Waiting,
            taken: None,
            declined: std::collections::BTreeMap::default(),
            ended: None,
            reply_awaited: false,
            last_agent_message: None,
            prompts: Vec::new(),
            recap_for: std::collections::BTreeSet::default(),
            guests: std::collections::BTreeSet::default(),
            waiting: std::collections::VecDeque::default(),
            late_files: Vec::new(),
            unused_files: std::collections::BTreeMap::default(),
            file_batches: std::collections::BTreeMap::default(),
            private_file_batches: std::collections::BTreeMap::default(),
            listed: None,
            customer_seen: 0,
            held: Vec::new(),
        };
        self.conversations.insert(chat, conversation);
        batch.chats.insert(chat);
        self.log(chat, LogEntry::Started { site, customer }, batch)?;
        if !known.variables.is_empty() || fault.is_some() {
            self.log(chat, LogEntry::Identified { variables: known.variables, fault }, batch)?;
        }
        self.input(Input::ChatStarted { chat, queue: QueueId(queue.0) }, batch).await
    }

    async fn customer_sent(
        &mut self,
        chat: ChatId,
        (key, text, email): (String, String, Option<String>),
        (reply_to, files): (Option<u64>, Vec<String>),
        received: u64,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(conversation) = self.conversations.get(&chat) else {
            return Err(HandleError::Unusable("a message of an unknown chat".to_owned()));
        };
        let known = conversation.variable("email").map(|known| &known.value);
        if let Some(email) = email.filter(|email| known != Some(email)) {
            self.left_email(chat, &email, batch)?;
        }
        let reply_to = match reply_to {
            Some(to) => self.message(chat, to, batch).await?.map(|_| to),
            None => None,
        };
        let files = self.files_of(chat, &files, batch).await?;
        self.use_files(chat, &files, batch);
        let files: Vec<Attachment> = files.iter().map(Attachment::from).collect();
        let shown =
            FeedBody::Own { key: key.clone(), text: text.clone(), reply_to, files: files.clone() };
        let feed = self.feed(chat, shown, batch)?;
        let log = self.log(chat, LogEntry::Customer { key, text, feed, reply_to, files }, batch)?;
        let record = MessageRecord { log, ..MessageRecord::default() };
        Self::keep_message(chat, feed, &record, batch)?;
        self.with.metrics.customer_message(self.batch_time().0.saturating_sub(received));
        self.input(Input::CustomerSent { chat, message: MessageRef(log) }, batch).await
    }

    /// The customer says where they can be written to. The card of a room that is there already does
    /// not have it.
    fn left_email(
        &mut self,
        chat: ChatId,
        email: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let variable = Variable::stated("email", email);
        let entry = LogEntry::Identified { variables: vec![variable.clone()], fault: None };
        self.log(chat, entry, batch)?;
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        let new = variables::put(&mut conversation.variables, variable);
        let variables = conversation.variables.clone();
        let has_room = conversation.room.is_some() || conversation.opening.is_some();
        batch.chats.insert(chat);
        if new && has_room {
            self.send(chat, Lane::Timeline, Deed::Customer { variables }, batch);
        }
        self.notice(chat, words::email(email), None, &[], batch);
        Ok(())
    }

    /// Appends to a chat's log. Returns the entry's number.
    pub(super) fn log(
        &mut self,
        chat: ChatId,
        entry: LogEntry,
        batch: &mut Batch,
    ) -> Result<u64, HandleError> {
        let at = self.batch_time().0;
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(0) };
        conversation.log += 1;
        let seq = conversation.log;
        batch.chats.insert(chat);
        batch.entry(Stream::Log, chat, seq, &LogRecord { at, entry })?;
        Ok(seq)
    }

    /// Appends to a customer's feed. Returns the entry's number.
    pub(super) fn feed(
        &mut self,
        chat: ChatId,
        body: FeedBody,
        batch: &mut Batch,
    ) -> Result<u64, HandleError> {
        let at = self.batch_time().0;
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(0) };
        conversation.feed += 1;
        let seq = conversation.feed;
        batch.chats.insert(chat);
        batch.entry(Stream::Feed, chat, seq, &FeedEntry { seq, at, body })?;
        Ok(seq)
    }

    /// An entry of a chat's log, of this batch or from the store.
    pub(super) async fn log_entry(
        &self,
        chat: ChatId,
        seq: u64,
        batch: &Batch,
    ) -> Result<Option<LogEntry>, HandleError> {
        let bytes = if let Some(bytes) = batch.find_entry(Stream::Log, chat, seq) {
            Some(bytes.to_vec())
        } else {
            let found = self.store.stream(Stream::Log, chat, seq - 1, 1).await?;
            found.into_iter().find(|(found, _)| *found == seq).map(|(_, bytes)| bytes)
        };
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice::<LogRecord>(&bytes).ok())
            .map(|record| record.entry))
    }
}
