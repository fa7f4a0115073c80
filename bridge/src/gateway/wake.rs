//! Wakes the sockets of exactly the chat whose feed has grown.

use std::sync::Arc;

use dashmap::DashMap;
use switchboard_engine::ChatId;
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    watch,
};

use crate::store::Change;

/// Who waits for which feed.
#[derive(Clone, Default)]
pub(super) struct Wakes {
    chats: Arc<DashMap<ChatId, watch::Sender<()>>>,
}

/// Waits for a chat's feed.
pub(super) struct FeedWatch {
    wakes: Wakes,
    chat: ChatId,
    /// `None` only while it is dropped.
    changes: Option<watch::Receiver<()>>,
}

impl Wakes {
    /// Watches from now on: what is read afterwards and what wakes later have no gap between them.
    pub(super) fn watch(&self, chat: ChatId) -> FeedWatch {
        let changes = self.chats.entry(chat).or_default().subscribe();
        FeedWatch { wakes: self.clone(), chat, changes: Some(changes) }
    }

    /// Wakes until the store is gone.
    pub(super) async fn run(&self, mut changes: Receiver<Change>) {
        loop {
            match changes.recv().await {
                Ok(Change::Feed(chat)) => {
                    if let Some(sender) = self.chats.get(&chat) {
                        sender.send_replace(());
                    }
                }
                Ok(Change::Inbox | Change::Effects) => {}
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "woke every socket");
                    self.chats.iter().for_each(|sender| {
                        sender.send_replace(());
                    });
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

impl FeedWatch {
    /// Returns once the feed may have grown since the last return. May be dropped and called again.
    pub(super) async fn changed(&mut self) {
        let changed = match &mut self.changes {
            Some(changes) => changes.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            // Nobody will wake us any more; that is not a change.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for FeedWatch {
    fn drop(&mut self) {
        self.changes = None;
        self.wakes.chats.remove_if(&self.chat, |_, sender| sender.receiver_count() == 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::sync::broadcast;

    use super::*;

    #[tokio::test]
    async fn only_those_who_wait_for_the_chat_wake() {
        let wakes = Wakes::default();
        let (changes, receiver) = broadcast::channel(2);
        let mut one = wakes.watch(ChatId(1));
        let mut again = wakes.watch(ChatId(1));
        let mut two = wakes.watch(ChatId(2));
        changes.send(Change::Feed(ChatId(1))).unwrap();
        let runner = wakes.clone();
        let task = tokio::spawn(async move { runner.run(receiver).await });
        let soon = Duration::from_secs(5);
        tokio::time::timeout(soon, one.changed()).await.unwrap();
        tokio::time::timeout(soon, again.changed()).await.unwrap();
        assert!(two.changed().now_or_never().is_none());
        for _ in 0..5 {
            changes.send(Change::Inbox).unwrap();
        }
        tokio::time::timeout(soon, two.changed()).await.expect("woken after a lag");
        drop((one, again, two));
        assert!(wakes.chats.is_empty());
        drop(changes);
        task.await.unwrap();
    }
}
