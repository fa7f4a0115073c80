//! Forgetting chats when their queue's retention is over: everything that they hold is deleted.
//!
//! What counts is the queue in which a chat was at its end, and that queue's setting of today. Of a
//! queue that is gone, the last known setting stays.
//!
//! Chats are archived first (`archive`), under a key that begins with the queue and the time of the
//! end ([`RecordKind::EndedChat`]): what is due is the beginning of a range, and nothing else is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;

use super::{
    batch::{Batch, Unwritable},
    records::{Conversation, EventPlace, Parked, Quarantined},
    state::{HandleError, LoadError, State, parse},
    traces,
};
use crate::{
    gateway::session::SessionRecord,
    store::{RecordKind, Stream},
};

/// The record of what is known about retention.
const RETENTION: &str = "retention";
/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How many entries and records one step deletes or looks at: the runner does nothing else meanwhile.
const AT_ONCE: usize = 1000;
/// The kinds of records that may be older than traces.
const OLD: [RecordKind; 5] = [
    RecordKind::ArchivedConversation,
    RecordKind::Session,
    RecordKind::Quarantine,
    RecordKind::Parked,
    RecordKind::Event,
];

/// What is known about retention, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retention {
    /// How many days chats are kept after their end, by queue, also of queues that are gone. Those
    /// that keep for ever are not in it.
    days: BTreeMap<String, u32>,
    /// How far records were looked through that may be older than traces.
    #[serde(default)]
    old: Looked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Looked {
    /// How many of the kinds are done.
    kinds: usize,
    /// Up to which key of the next.
    after: String,
}

/// The key of an archived chat's end.
pub(super) fn ended_key(chat: ChatId, conversation: &Conversation) -> Option<String> {
    let ended = conversation.ended?;
    Some(format!("{}/{ended:015}/{chat}", conversation.queue))
}

/// The chat of such a key.
fn chat_of(key: &str) -> Option<ChatId> {
    key.rsplit_once('/')?.1.parse().ok()
}

impl State {
    pub(super) async fn load_retention(&mut self) -> Result<(), LoadError> {
        self.retention = match self.store.record(RecordKind::Meta, RETENTION).await? {
            Some(bytes) => parse(RecordKind::Meta, RETENTION, &bytes)?,
            None => Retention::default(),
        };
        Ok(())
    }

    /// Keeps the queues' settings in mind, for the time when a queue is gone.
    pub(super) fn remember_retention(&mut self, batch: &mut Batch) -> Result<(), Unwritable> {
        let mut days = self.retention.days.clone();
        for queue in &self.centre.queues {
            match queue.retention_days {
                0 => days.remove(&queue.id),
                some => days.insert(queue.id.clone(), some),
            };
        }
        if days == self.retention.days {
            return Ok(());
        }
        self.retention.days = days;
        batch.record(RecordKind::Meta, RETENTION.to_owned(), &self.retention)
    }

    /// Deletes some of what is due. Says whether there may be more.
    pub(super) async fn forget_expired(&mut self) -> Result<bool, HandleError> {
        if self.retention.days.is_empty() {
            return Ok(false);
        }
        if self.retention.old.kinds < OLD.len() {
            self.file_old().await?;
            return Ok(true);
        }
        let due = self.due().await?;
        if due.is_empty() {
            return Ok(false);
        }
        let mut batch = Batch::default();
        let mut weight = 0;
        for (chat, key) in due {
            let (after, before) = traces::bounds(chat);
            let found = self
                .store
                .records_between(RecordKind::Trace, &after, Some(&before), AT_ONCE)
                .await?;
            for (trace, _) in &found {
                if let Some((kind, key)) = traces::target(trace) {
                    batch.delete(kind, key.to_owned());
                }
                batch.delete(RecordKind::Trace, trace.clone());
            }
            if found.len() == AT_ONCE {
                // The next step goes on with it. Nobody sees a half: what leads to it goes last.
                break;
            }
            for stream in [Stream::Log, Stream::Feed] {
                weight += self.store.newest(stream, chat).await?;
            }
            batch.forgotten.push(chat);
            batch.delete(RecordKind::ArchivedConversation, chat.to_string());
            batch.delete(RecordKind::EndedChat, key);
            weight += found.len() as u64;
            if weight >= AT_ONCE as u64 {
                break;
            }
        }
        self.store.commit(batch.changes(self.epoch())?).await?;
        if !batch.forgotten.is_empty() {
            tracing::info!(
                chats = batch.forgotten.len(),
                "chats were deleted after their retention"
            );
        }
        Ok(true)
    }

    /// Some chats whose retention is over, and the keys of their ends.
    async fn due(&self) -> Result<Vec<(ChatId, String)>, HandleError> {
        let now = self.now().0;
        for (queue, days) in &self.retention.days {
            let Some(until) = now.checked_sub(u64::from(*days) * DAY_MS) else { continue };
            let (after, before) = (format!("{queue}/"), format!("{queue}/{:015}", until + 1));
            let found = self
                .store
                .records_between(RecordKind::EndedChat, &after, Some(&before), AT_ONCE)
                .await?;
            let chats = found.into_iter().filter_map(|(key, _)| Some((chat_of(&key)?, key)));
            // A page may have begun a chat with the same id since: it is not over.
            let over: Vec<_> =
                chats.filter(|(chat, _)| !self.conversations.contains_key(chat)).collect();
            if !over.is_empty() {
                return Ok(over);
            }
        }
        Ok(Vec::new())
    }

    /// Files some records that are older than what leads to them now. Before all are filed, nothing
    /// is deleted: something of a chat might stay.
    async fn file_old(&mut self) -> Result<(), HandleError> {
        let Looked { kinds, after } = self.retention.old.clone();
        let Some(kind) = OLD.get(kinds) else { return Ok(()) };
        let found = self.store.records_between(*kind, &after, None, AT_ONCE).await?;
        let mut batch = Batch::default();
        for (key, body) in &found {
            self.file(*kind, key, body, &mut batch);
        }
        let old = match found.last() {
            Some((key, _)) if found.len() == AT_ONCE => Looked { kinds, after: key.clone() },
            _ => Looked { kinds: kinds + 1, after: String::new() },
        };
        let retention = Retention { old, ..self.retention.clone() };
        batch.record(RecordKind::Meta, RETENTION.to_owned(), &retention)?;
        self.store.commit(batch.changes(self.epoch())?).await?;
        self.retention = retention;
        Ok(())
    }

    /// Files a record. One that cannot be read leads nowhere, and stays.
    fn file(&self, kind: RecordKind, key: &str, body: &[u8], batch: &mut Batch) {
        let chat = match kind {
            RecordKind::ArchivedConversation => {
                let conversation = serde_json::from_slice::<Conversation>(body).ok();
                let ended = key.parse().ok().zip(conversation);
                if let Some(key) = ended.and_then(|(chat, old)| ended_key(chat, &old)) {
                    batch.mark(RecordKind::EndedChat, key);
                }
                return;
            }
            RecordKind::Session => {
                serde_json::from_slice::<SessionRecord>(body).ok().map(|session| session.chat)
            }
            RecordKind::Quarantine => serde_json::from_slice::<Quarantined>(body)
                .ok()
                .and_then(|aside| self.chat_of_aside(key, aside.body.as_bytes())),
            RecordKind::Parked => serde_json::from_slice::<Parked>(body)
                .ok()
                .and_then(|parked| parked.effect.place.about()),
            RecordKind::Event => {
                serde_json::from_slice::<EventPlace>(body).ok().map(|place| place.chat)
            }
            _ => None,
        };
        if let Some(chat) = chat {
            batch.trace(chat, kind, key);
        }
    }
}
