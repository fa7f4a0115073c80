//! Handles the inbox as simply as possible.

use std::sync::{Arc, Mutex};

use switchboard_engine::ChatId;
use tokio::{sync::watch, task::JoinHandle};

use super::{CLOSED, EndedBy, FeedBody, FeedEntry, FormReason, Phase, RichText};
use crate::{
    gateway::{
        input::{CustomerChange, CustomerInput},
        session::{SessionRecord, SessionToken},
    },
    live::{Live, unix_ms},
    store::{
        Changes, Epoch, InboxItem, InboxSeq, RecordKind, Store, Stream, StreamEntry,
        memory::MemoryStore,
    },
};

pub(super) struct Runner {
    task: JoinHandle<()>,
    handled: Arc<Mutex<Vec<CustomerInput>>>,
    paused: watch::Sender<bool>,
}

struct Work {
    store: MemoryStore,
    live: Live,
    epoch: Epoch,
    number: u64,
    handled: Arc<Mutex<Vec<CustomerInput>>>,
}

impl Runner {
    pub(super) fn start(store: MemoryStore, live: Live) -> Self {
        let handled = Arc::<Mutex<_>>::default();
        let (paused, mut orders) = watch::channel(false);
        let all = Arc::clone(&handled);
        let task = tokio::spawn(async move {
            let epoch = store.claim_epoch().await.unwrap();
            let mut changes = store.watch();
            let mut work = Work { store, live, epoch, number: 0, handled: all };
            loop {
                orders.wait_for(|paused| !paused).await.unwrap();
                for item in work.store.inbox(InboxSeq(0), 100).await.unwrap() {
                    work.handle(item).await;
                }
                tokio::select! {
                    _ = changes.recv() => {}
                    _ = orders.changed() => {}
                }
            }
        });
        Self { task, handled, paused }
    }

    pub(super) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
    }

    /// Everything that was handled.
    pub(super) fn handled(&self) -> Vec<CustomerInput> {
        self.handled.lock().unwrap().clone()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Work {
    async fn handle(&mut self, item: InboxItem) {
        let input: CustomerInput = serde_json::from_slice(&item.body).unwrap();
        assert_eq!(input.key(), item.key);
        self.handled.lock().unwrap().push(input.clone());
        let mut records = Vec::new();
        let mut phase = None;
        let (chat, bodies) = match input {
            CustomerInput::Start { chat, site, session, queue, facts, .. } => {
                self.number += 1;
                let number = self.number;
                let record = SessionRecord {
                    chat,
                    number,
                    site,
                    created: item.received,
                    verified: facts.signed.is_some(),
                    fault: facts.fault,
                };
                let record = serde_json::to_vec(&record).unwrap();
                records.push((RecordKind::Session, session, Some(record)));
                if queue.as_deref() == Some(CLOSED) {
                    phase = Some(Phase::Form);
                    let text = "Back at nine.".to_owned();
                    (chat, vec![FeedBody::Form { why: FormReason::Closed, text }])
                } else {
                    phase = Some(Phase::Waiting);
                    (chat, vec![FeedBody::Queued {}])
                }
            }
            CustomerInput::Uploaded { .. } | CustomerInput::Unfit { .. } => {
                unreachable!("this gateway takes no files")
            }
            CustomerInput::Send { chat, key, text, .. } => {
                let mut bodies =
                    vec![FeedBody::Own { key, text, reply_to: None, files: Vec::new() }];
                if self.live.state(chat).phase == Phase::Form {
                    phase = Some(Phase::Left);
                    bodies.push(FeedBody::MessageLeft {});
                }
                (chat, bodies)
            }
            CustomerInput::End { chat } => {
                phase = Some(Phase::Ended);
                (chat, vec![FeedBody::Ended { by: EndedBy::Customer }])
            }
            CustomerInput::Change { chat, key, target, change } => {
                let key = Some(key);
                let body = match change {
                    CustomerChange::Edit { text } => {
                        let content = vec![RichText::Text { text }];
                        FeedBody::Edited { target, content, key }
                    }
                    CustomerChange::Remove {} => FeedBody::Removed { target, key },
                    CustomerChange::React { emoji, on } => {
                        FeedBody::Reaction { target, emoji, by: None, on, key }
                    }
                };
                (chat, vec![body])
            }
            CustomerInput::Away { chat, .. } => (chat, Vec::new()),
        };
        let newest = self.store.newest(Stream::Feed, chat).await.unwrap();
        let numbered = (newest + 1..).zip(bodies);
        let entries = numbered.map(|(seq, body)| stored(chat, seq, body)).collect();
        let inbox_done = vec![item.seq];
        let epoch = self.epoch.0;
        self.store
            .commit(Changes { epoch, inbox_done, records, entries, ..Changes::default() })
            .await
            .unwrap();
        if let Some(phase) = phase {
            self.live.update(chat, |state| state.phase = phase);
        }
    }
}

/// An entry as it lies in the store.
pub(super) fn stored(chat: ChatId, seq: u64, body: FeedBody) -> StreamEntry {
    let entry = FeedEntry { seq, at: unix_ms(), body };
    StreamEntry { stream: Stream::Feed, chat, seq, body: serde_json::to_vec(&entry).unwrap() }
}

/// Puts entries into a feed, from outside, behind what is there.
pub(super) async fn append(store: &MemoryStore, chat: ChatId, bodies: Vec<FeedBody>) {
    let newest = store.newest(Stream::Feed, chat).await.unwrap();
    // The runner's right is the first of this store.
    let entries = (newest + 1..).zip(bodies).map(|(seq, body)| stored(chat, seq, body)).collect();
    store.commit(Changes { epoch: 1, entries, ..Changes::default() }).await.unwrap();
}

/// Deletes a chat and its session, as the runner does after its retention.
pub(super) async fn forget(store: &MemoryStore, chat: ChatId, token: &str) {
    let session = SessionToken::parse(token).unwrap().hash();
    let records = vec![(RecordKind::Session, session, None)];
    let changes = Changes { epoch: 1, records, forgotten: vec![chat], ..Changes::default() };
    store.commit(changes).await.unwrap();
}
