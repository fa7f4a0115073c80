//! Chats that are long over.

use super::*;
use crate::store::Changes;

impl Bench {
    /// A day and more passes while the bridge is away.
    async fn returns_much_later(self) -> Self {
        self.stop.cancel();
        self.running.await.expect("no panic").expect("a clean end");
        let (store, key) = (self.store, CHAT.to_string());
        let record = store.record(RecordKind::Conversation, &key).await.expect("read");
        let mut conversation: Conversation =
            serde_json::from_slice(&record.expect("it is there")).expect("a record");
        assert!(conversation.ended.is_some());
        conversation.ended = Some(1);
        let body = serde_json::to_vec(&conversation).expect("JSON");
        let epoch = store.claim_epoch().await.expect("claimed").0;
        let records = vec![(RecordKind::Conversation, key, Some(body))];
        let changes = Changes { epoch, records, ..Changes::default() };
        store.commit(changes).await.expect("stored");
        Self::new(store).await
    }

    async fn count(&self, kind: RecordKind) -> usize {
        self.store.records(kind).await.expect("read").len()
    }

    async fn ends(&self) {
        self.customer(CustomerInput::End { chat: CHAT }).await;
    }
}

#[tokio::test]
async fn what_is_long_over_is_put_away_and_can_still_be_read() {
    let bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    bench.ends().await;
    bench.feed(2).await;
    let open: Vec<_> = bench.store.effects().await.expect("read");
    let changes = Changes {
        epoch: 1,
        effects_done: open.iter().map(|e| e.0).collect(),
        ..Changes::default()
    };
    // All that was to be done on the homeserver is done, and Anna's withdrawal with it.
    bench.stop.cancel();
    let Bench { store, running, .. } = bench;
    running.await.expect("no panic").expect("a clean end");
    store.commit(changes).await.expect("stored");
    let agents = vec![(RecordKind::Agent, ANNA.to_owned(), None)];
    let gone = Changes { epoch: 1, records: agents, ..Changes::default() };
    store.commit(gone).await.expect("stored");

    let bench = Bench::new(store).await.returns_much_later().await;
    let archived = async {
        while bench.count(RecordKind::ArchivedConversation).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, archived).await.expect("in time");
    assert_eq!(bench.count(RecordKind::Conversation).await, 0);
    assert_eq!(bench.count(RecordKind::Chat).await, 0);
    assert_eq!(bench.feed(2).await.len(), 2, "the customer may still read");
    assert!(!bench.live.knows(CHAT));
    bench.stop.cancel();
}

#[tokio::test]
async fn a_chat_that_somebody_is_still_in_is_kept() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.talks().await;
    bench.ends().await;
    bench.feed(3).await;
    let mut bench = bench.returns_much_later().await;
    bench.writes("$after", ANNA, "hello?").await;
    let told = bench.notice().await;
    assert!(told.contains("the chat is over"), "{told}");
    assert_eq!(bench.count(RecordKind::ArchivedConversation).await, 0);
    bench.stop.cancel();
}
