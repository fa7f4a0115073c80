//! Chats that are long over.

use super::*;
use crate::store::Changes;

const OTHER: ChatId = ChatId(8);

impl Bench {
    /// A day and more passes while the bridge is away. Before, all that was to be done on the
    /// homeserver is done, or nothing.
    pub(super) async fn returns_much_later(self, all_done: bool) -> Self {
        self.stop.cancel();
        self.running.await.expect("no panic").expect("a clean end");
        let (store, key) = (self.store, CHAT.to_string());
        let record = store.record(RecordKind::Conversation, &key).await.expect("read");
        let mut conversation: Conversation =
            serde_json::from_slice(&record.expect("it is there")).expect("a record");
        assert!(conversation.ended.is_some());
        conversation.ended = Some(1);
        // Another one shows when housekeeping has been.
        let other = Conversation { room: None, ..conversation.clone() };
        let records = [(key, conversation), (OTHER.to_string(), other)]
            .map(|(key, conversation)| {
                let body = serde_json::to_vec(&conversation).expect("JSON");
                (RecordKind::Conversation, key, Some(body))
            })
            .to_vec();
        let epoch = store.claim_epoch().await.expect("claimed").0;
        let effects = if all_done { store.effects().await.expect("read") } else { Vec::new() };
        let effects_done = effects.into_iter().map(|(seq, _)| seq).collect();
        let changes = Changes { epoch, records, effects_done, ..Changes::default() };
        store.commit(changes).await.expect("stored");
        let bench = Self::new(store).await;
        let archived = async {
            while !bench.has(RecordKind::ArchivedConversation, OTHER).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, archived).await.expect("in time");
        bench
    }

    async fn has(&self, kind: RecordKind, chat: ChatId) -> bool {
        self.store.record(kind, &chat.to_string()).await.expect("read").is_some()
    }

    pub(super) async fn ends(&self) {
        self.customer(CustomerInput::End { chat: CHAT }).await;
    }

    /// The bridge comes back without its only agent.
    pub(super) async fn without_anna(self) -> Self {
        self.stop.cancel();
        self.running.await.expect("no panic").expect("a clean end");
        let records = vec![(RecordKind::Agent, ANNA.to_owned(), None)];
        let epoch = self.store.claim_epoch().await.expect("claimed").0;
        let gone = Changes { epoch, records, ..Changes::default() };
        self.store.commit(gone).await.expect("stored");
        Self::new(self.store).await
    }
}

/// A chat whose only agent was to be asked, and is an agent no more.
async fn closed() -> Bench {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    bench.ends().await;
    bench.feed(2).await;
    bench.without_anna().await
}

#[tokio::test]
async fn what_is_long_over_is_put_away_and_can_still_be_read() {
    let bench = closed().await.returns_much_later(true).await;
    assert!(bench.has(RecordKind::ArchivedConversation, CHAT).await);
    assert!(!bench.has(RecordKind::Conversation, CHAT).await);
    assert!(!bench.has(RecordKind::Chat, CHAT).await);
    assert_eq!(bench.feed(2).await.len(), 2, "the customer may still read");
    // The commit comes first.
    let forgotten = async {
        while bench.live.knows(CHAT) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, forgotten).await.expect("in time");
    bench.stop.cancel();
}

#[tokio::test]
async fn a_chat_with_anything_undone_is_kept() {
    let bench = closed().await.returns_much_later(false).await;
    bench.says("late").await;
    assert_eq!(bench.feed(4).await[2], own("late"), "it is known");
    assert!(!bench.has(RecordKind::ArchivedConversation, CHAT).await);
    bench.stop.cancel();
}

#[tokio::test]
async fn a_chat_that_somebody_is_still_in_is_kept() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    bench.ends().await;
    bench.feed(3).await;
    let mut bench = bench.returns_much_later(true).await;
    bench.writes("$after", ANNA, "hello?").await;
    let told = bench.notice().await;
    assert!(told.contains("the chat is over"), "{told}");
    assert!(!bench.has(RecordKind::ArchivedConversation, CHAT).await);
    bench.stop.cancel();
}
