//! What agents change of what both sides see: edits, reactions, redactions and replies, in any order
//! of arrival. The same of customers is in `mirror_customer`.
//!
//! Only what is in the customer's feed counts. What is about an event that is not known yet is held,
//! stored with the chat, until that event comes.

use switchboard_engine::{AgentId, ChatId, Input, MessageRef};

use super::{
    batch::Batch,
    records::{Author, EditRecord, EventPlace, Held, LogEntry, MessageRecord, ReactionRecord},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::wire::FeedBody,
    matrix::{
        classify::{self, Why},
        emoji,
        event::RoomEvent,
        rich,
    },
    store::RecordKind,
};

/// How many changes of unknown messages are held for a chat, how large they are together in bytes of
/// their texts, and how long they are held, in milliseconds. Events come late by an outage between
/// homeservers at most.
const HELD_MOST: usize = 50;
const HELD_BYTES: usize = 128 * 1024;
const HELD_FOR_MS: u64 = 24 * 60 * 60 * 1000;
/// How many edits and reactions of one message are known. Of more edits the oldest are forgotten, and
/// more reactions are not shown.
pub(super) const EDITS_MOST: usize = 50;
pub(super) const REACTIONS_MOST: usize = 100;

/// The key of a message's record.
fn key(chat: ChatId, feed: u64) -> String {
    format!("{chat}/{feed:015}")
}

impl State {
    /// What is known of the message at this place of a chat's feed.
    pub(super) async fn message(
        &self,
        chat: ChatId,
        feed: u64,
        batch: &Batch,
    ) -> Result<Option<MessageRecord>, HandleError> {
        let key = key(chat, feed);
        let bytes = match batch.find_record(RecordKind::Message, &key) {
            Some(bytes) => Some(bytes.to_vec()),
            None => self.store.record(RecordKind::Message, &key).await?,
        };
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Keeps what is known of a message.
    pub(super) fn keep_message(
        chat: ChatId,
        feed: u64,
        record: &MessageRecord,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let key = key(chat, feed);
        batch.trace(chat, RecordKind::Message, &key);
        Ok(batch.record(RecordKind::Message, key, record)?)
    }

    /// The message that an event is, or changes, if the customer has it.
    pub(super) async fn shown_message(
        &self,
        chat: ChatId,
        event: &str,
        batch: &Batch,
    ) -> Result<Option<u64>, HandleError> {
        let place = self.place_of(event, batch).await?.filter(|place| place.chat == chat);
        Ok(place.and_then(|place| match place.by {
            Author::Agent | Author::Customer => Some(place.anchor),
            Author::Change { of } => Some(of),
            Author::Aside | Author::Private | Author::Bot => None,
        }))
    }

    /// Where an event stands, unless it waits and will only get its place.
    async fn final_place(
        &self,
        chat: ChatId,
        event: &str,
        batch: &Batch,
    ) -> Result<Option<EventPlace>, HandleError> {
        if self.is_waiting(chat, event) {
            return Ok(None);
        }
        self.place_of(event, batch).await
    }

    /// An agent has changed a message.
    pub(super) async fn agent_edited(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        target: &str,
        (mut text, mut html): (String, Option<String>),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if self.is_taken_back(chat, &event.event_id) {
            return Ok(());
        }
        let Some(place) = self.final_place(chat, target, batch).await? else {
            self.hold(chat, target, event, batch);
            return Ok(());
        };
        let feed = match place.by {
            _ if place.chat != chat => return Ok(()),
            Author::Agent => place.anchor,
            Author::Change { of } => of,
            Author::Aside => {
                self.notice(chat, Why::EditOfUnsent.told().to_owned(), None, &[], batch);
                return Ok(());
            }
            Author::Customer | Author::Private | Author::Bot => return Ok(()),
        };
        let Some(message) = self.message(chat, feed, batch).await? else { return Ok(()) };
        let agent = AgentId(event.sender.clone());
        // An edit by somebody else is none (spec: validity of replacement events).
        if message.agent.as_ref() != Some(&agent) || message.removed {
            return Ok(());
        }
        let first = self.log_entry(chat, message.log, batch).await?;
        let Some(LogEntry::Agent { unquoted, files, .. }) = first else { return Ok(()) };
        // An edit does not say again what its message answers.
        if unquoted {
            text = classify::without_quotation(&text);
            html = None;
        }
        // Files can stand alone.
        if text.is_empty() && files.is_empty() {
            self.notice(chat, Why::Edit.told().to_owned(), None, &[], batch);
            return Ok(());
        }
        let entry = LogEntry::Edited {
            message: message.log,
            feed,
            agent: Some(agent.clone()),
            text,
            html,
            event: Some(event.event_id.clone()),
            sent: event.origin_server_ts,
        };
        self.file_change(chat, &event.event_id, feed, batch).await?;
        let log = self.log(chat, entry, batch)?;
        self.input(Input::AgentSent { chat, agent, message: MessageRef(log) }, batch).await
    }

    /// An agent has reacted to a message.
    pub(super) async fn agent_reacted(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let (Some(target), Some(emoji)) = (
            event.text(&["m.relates_to", "event_id"]),
            event.text(&["m.relates_to", "key"]).and_then(emoji::of_agent),
        ) else {
            return Ok(());
        };
        if self.is_taken_back(chat, &event.event_id) {
            return Ok(());
        }
        let Some(place) = self.final_place(chat, target, batch).await? else {
            self.hold(chat, target, event, batch);
            return Ok(());
        };
        let feed = match place.by {
            _ if place.chat != chat => return Ok(()),
            Author::Agent | Author::Customer => place.anchor,
            Author::Change { .. } | Author::Aside | Author::Private | Author::Bot => return Ok(()),
        };
        let Some(message) = self.message(chat, feed, batch).await? else { return Ok(()) };
        let agent = AgentId(event.sender.clone());
        let is_there = message.reactions.iter().any(|reaction| {
            reaction.agent.as_ref() == Some(&agent) && emoji::is_same(&reaction.emoji, &emoji)
        });
        if message.removed || is_there || message.reactions.len() >= REACTIONS_MOST {
            return Ok(());
        }
        let entry = LogEntry::Reacted {
            message: message.log,
            feed,
            agent: Some(agent.clone()),
            emoji,
            on: true,
            event: Some(event.event_id.clone()),
        };
        self.file_change(chat, &event.event_id, feed, batch).await?;
        let log = self.log(chat, entry, batch)?;
        self.input(Input::AgentSent { chat, agent, message: MessageRef(log) }, batch).await
    }

    /// Somebody has taken an event back. What the customer has of it goes, whoever it was: the
    /// homeserver has let them.
    pub(super) async fn redacted(
        &mut self,
        chat: ChatId,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(target) = event.redacted() else { return Ok(()) };
        // A change that waits for its message waits no more.
        self.hold_no_more(chat, |held| held.event.event_id == target, batch);
        if Box::pin(self.forget_waiting(chat, target, &event.sender, batch)).await? {
            return Ok(());
        }
        let Some(place) = self.place_of(target, batch).await? else {
            self.hold(chat, target, event, batch);
            return Ok(());
        };
        if place.chat != chat {
            return Ok(());
        }
        match place.by {
            Author::Agent => self.message_removed(chat, &place, &event.sender, batch).await,
            Author::Customer => {
                let Some(message) = self.message(chat, place.anchor, batch).await? else {
                    return Ok(());
                };
                if message.removed {
                    return Ok(());
                }
                let entry = LogEntry::Removed {
                    message: message.log,
                    feed: place.anchor,
                    by: Some(event.sender.clone()),
                    only_in_room: true,
                };
                self.log(chat, entry, batch)?;
                self.notice(chat, words::CUSTOMER_KEEPS.to_owned(), None, &[], batch);
                Ok(())
            }
            Author::Change { of } => {
                self.change_removed(chat, of, (target, &event.sender), batch).await
            }
            Author::Aside | Author::Private | Author::Bot => Ok(()),
        }
    }

    async fn message_removed(
        &mut self,
        chat: ChatId,
        place: &EventPlace,
        by: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let feed = place.anchor;
        // Of messages that are older than these records, no more is known than where they are.
        let message = self.message(chat, feed, batch).await?;
        if message.as_ref().is_some_and(|message| message.removed) {
            return Ok(());
        }
        let removed = MessageRecord { removed: true, ..message.unwrap_or_default() };
        Self::keep_message(chat, feed, &removed, batch)?;
        Self::drop_files(chat, self.log_entry(chat, removed.log, batch).await?, batch);
        let by = Some(by.to_owned());
        let entry = LogEntry::Removed { message: removed.log, feed, by, only_in_room: false };
        self.log(chat, entry, batch)?;
        self.feed(chat, FeedBody::Removed { target: feed, key: None }, batch)?;
        let seen = self.has_customer_seen(chat, feed);
        self.notice(chat, words::taken_back(seen).to_owned(), None, &[], batch);
        Ok(())
    }

    /// An edit or a reaction was taken back.
    async fn change_removed(
        &mut self,
        chat: ChatId,
        feed: u64,
        (event, by): (&str, &str),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(mut message) = self.message(chat, feed, batch).await? else { return Ok(()) };
        let is_it = |reaction: &ReactionRecord| {
            reaction.agent.is_some() && reaction.event.as_ref().is_some_and(|id| id == event)
        };
        if let Some(at) = message.reactions.iter().position(is_it) {
            let ReactionRecord { emoji, agent, .. } = message.reactions.remove(at);
            Self::keep_message(chat, feed, &message, batch)?;
            let name = agent.as_ref().map(|agent| self.agent_name(agent));
            let (target, on) = (feed, false);
            let shown = emoji.clone();
            let log = message.log;
            let event = Some(event.to_owned());
            self.log(
                chat,
                LogEntry::Reacted { message: log, feed, agent, emoji, on, event },
                batch,
            )?;
            let body = FeedBody::Reaction { target, emoji: shown, by: name, on, key: None };
            self.feed(chat, body, batch)?;
            return Ok(());
        }
        let shown = message.edits.iter().max().cloned();
        let is_it = |edit: &EditRecord| edit.event.as_deref() == Some(event);
        let Some(at) = message.edits.iter().position(is_it) else { return Ok(()) };
        let edit = message.edits.remove(at);
        Self::keep_message(chat, feed, &message, batch)?;
        let by = by.to_owned();
        let entry = LogEntry::EditRemoved { message: message.log, edit: edit.log, by };
        self.log(chat, entry, batch)?;
        if shown.as_ref() == Some(&edit) && !message.removed {
            let before = message.edits.iter().max().map_or(message.log, |edit| edit.log);
            if let Some((text, html)) = self.text_at(chat, before, batch).await? {
                let content = rich::tree(&text, html.as_deref());
                self.feed(chat, FeedBody::Edited { target: feed, content, key: None }, batch)?;
            }
        }
        Ok(())
    }

    /// Shows a change of an agent that the rules let pass.
    pub(super) async fn show_change(
        &mut self,
        chat: ChatId,
        (log, entry): (u64, LogEntry),
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match entry {
            LogEntry::Edited { feed, text, html, event, sent, .. } => {
                let Some(mut message) = self.message(chat, feed, batch).await? else {
                    return Ok(());
                };
                let edit = EditRecord { sent, event, log };
                let is_newest = message.edits.iter().all(|other| *other < edit);
                message.add(edit);
                Self::keep_message(chat, feed, &message, batch)?;
                if is_newest {
                    let content = rich::tree(&text, html.as_deref());
                    self.feed(chat, FeedBody::Edited { target: feed, content, key: None }, batch)?;
                }
            }
            LogEntry::Reacted { feed, agent: Some(agent), emoji, event, .. } => {
                let Some(mut message) = self.message(chat, feed, batch).await? else {
                    return Ok(());
                };
                let by = Some(self.agent_name(&agent));
                let event = event.and_then(|event| event.try_into().ok());
                let (agent, effect) = (Some(agent), None);
                let reaction = ReactionRecord { emoji: emoji.clone(), agent, event, effect };
                message.reactions.push(reaction);
                Self::keep_message(chat, feed, &message, batch)?;
                let body = FeedBody::Reaction { target: feed, emoji, by, on: true, key: None };
                self.feed(chat, body, batch)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The text of a message or an edit in the log.
    pub(super) async fn text_at(
        &self,
        chat: ChatId,
        log: u64,
        batch: &Batch,
    ) -> Result<Option<(String, Option<String>)>, HandleError> {
        Ok(match self.log_entry(chat, log, batch).await? {
            Some(LogEntry::Agent { text, html, .. } | LogEntry::Edited { text, html, .. }) => {
                Some((text, html))
            }
            Some(LogEntry::Customer { text, .. }) => Some((text, None)),
            _ => None,
        })
    }

    /// Files the event of a change. Who has read it has read what was in the room before it.
    pub(super) async fn file_change(
        &self,
        chat: ChatId,
        event: &str,
        of: u64,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let anchor = match self.place_of(event, batch).await? {
            // It was held.
            Some(place) => place.anchor,
            None => self.conversations.get(&chat).map_or(0, |known| known.delivered),
        };
        Ok(batch.file_event(event, &EventPlace { chat, by: Author::Change { of }, anchor })?)
    }

    /// Whether a redaction of this event has come before it.
    pub(super) fn is_taken_back(&self, chat: ChatId, event: &str) -> bool {
        self.conversations.get(&chat).is_some_and(|known| {
            known.held.iter().any(|held| held.target == event && held.is_redaction())
        })
    }

    /// Holds a change of an event that is not known yet.
    fn hold(&mut self, chat: ChatId, target: &str, event: &RoomEvent, batch: &mut Batch) {
        let now = self.batch_time().0;
        let Some(known) = self.conversations.get_mut(&chat) else { return };
        known.held.retain(|held| held.since.saturating_add(HELD_FOR_MS) > now);
        let (target, event) = (target.to_owned(), event.clone());
        known.held.push(Held { target, event, since: now });
        let bytes = |held: &[Held]| held.iter().map(Held::bytes).sum::<usize>();
        while known.held.len() > HELD_MOST || bytes(&known.held) > HELD_BYTES {
            known.held.remove(0);
        }
        batch.chats.insert(chat);
    }

    fn hold_no_more(&mut self, chat: ChatId, which: impl Fn(&Held) -> bool, batch: &mut Batch) {
        let Some(known) = self.conversations.get_mut(&chat) else { return };
        let before = known.held.len();
        known.held.retain(|held| !which(held));
        if known.held.len() < before {
            batch.chats.insert(chat);
        }
    }

    /// An event is known now: what was held for it is done, in the order in which it came.
    pub(super) async fn known_now(
        &mut self,
        chat: ChatId,
        event: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(known) = self.conversations.get(&chat) else { return Ok(()) };
        let due: Vec<Held> =
            known.held.iter().filter(|held| held.target == event).cloned().collect();
        if due.is_empty() {
            return Ok(());
        }
        self.hold_no_more(chat, |held| held.target == event, batch);
        for Held { event, .. } in due {
            match event.kind.as_str() {
                "m.room.redaction" => self.redacted(chat, &event, batch).await?,
                "m.reaction" => self.agent_reacted(chat, &event, batch).await?,
                _ => {
                    if let classify::Message::Edit { target, text, html } =
                        classify::classify(&event, classify::RelatesTo::Nothing)
                    {
                        self.agent_edited(chat, &event, &target, (text, html), batch).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Who has taken an event back before it came.
    pub(super) fn taken_back_by(&self, chat: ChatId, event: &str) -> Option<String> {
        let known = self.conversations.get(&chat)?;
        let redaction = known.held.iter().find(|h| h.target == event && h.is_redaction());
        redaction.map(|held| held.event.sender.clone())
    }
}

impl MessageRecord {
    /// Adds an edit. Of too many the oldest is forgotten.
    pub(super) fn add(&mut self, edit: EditRecord) {
        self.edits.push(edit);
        if self.edits.len() > EDITS_MOST
            && let Some(oldest) = self.edits.iter().min().cloned()
        {
            self.edits.retain(|edit| *edit != oldest);
        }
    }
}

impl Held {
    fn is_redaction(&self) -> bool {
        self.event.kind == "m.room.redaction"
    }

    /// About how large it is.
    fn bytes(&self) -> usize {
        let texts = [&["body"][..], &["formatted_body"], &["m.new_content", "body"]];
        let html = self.event.text(&["m.new_content", "formatted_body"]);
        texts.iter().filter_map(|path| self.event.text(path)).chain(html).map(str::len).sum()
    }
}
