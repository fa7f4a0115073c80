//! Putting away chats that are long over, so that neither memory nor starts grow with every chat
//! that there ever was.

use std::collections::BTreeSet;

use switchboard_engine::ChatId;

use super::{
    batch::Batch,
    retention::ended_key,
    state::{HandleError, State},
};
use crate::{place::Place, store::RecordKind};

/// Chats are put away so long after their end, in milliseconds.
const ARCHIVE_AFTER_MS: u64 = 24 * 60 * 60 * 1000;
/// How many chats are put away in one commit.
const AT_ONCE: usize = 256;

impl State {
    /// Puts ended chats away a day after their end. Their streams stay where they are, and what is
    /// known of them becomes an archived record. A chat with anything left to do is kept.
    pub(super) async fn archive_old_chats(&mut self) -> Result<(), HandleError> {
        loop {
            let old = self.old_chats();
            if old.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::default();
            for chat in &old {
                let key = chat.to_string();
                if let Some(conversation) = self.conversations.get(chat) {
                    batch.record(RecordKind::ArchivedConversation, key.clone(), conversation)?;
                    if let Some(ended) = ended_key(*chat, conversation) {
                        batch.mark(RecordKind::EndedChat, ended);
                    }
                }
                batch.delete(RecordKind::Conversation, key.clone());
                batch.delete(RecordKind::Chat, key);
                batch.delete(RecordKind::BotRoom, Place::Companion(*chat).key());
            }
            self.store.commit(batch.changes(self.epoch())?).await?;
            for chat in &old {
                self.engine.forget(*chat);
                self.conversations.remove(chat);
                self.with.directory.forget(*chat);
                self.bot_rooms.remove(&Place::Companion(*chat));
                self.with.directory.forget_place(&Place::Companion(*chat));
                self.with.live.forget(*chat);
            }
            tracing::debug!(chats = old.len(), "chats that are long over were put away");
        }
    }

    fn old_chats(&self) -> Vec<ChatId> {
        let before = self.now().0.saturating_sub(ARCHIVE_AFTER_MS);
        let effects = self.open_effects.values();
        let busy: BTreeSet<ChatId> = effects.filter_map(|effect| effect.place.about()).collect();
        self.conversations
            .iter()
            .filter(|(chat, conversation)| {
                conversation.ended.is_some_and(|ended| ended < before)
                    && !busy.contains(chat)
                    && (self.engine.is_closed(**chat) || self.engine.chat(**chat).is_none())
            })
            .map(|(chat, _)| *chat)
            .take(AT_ONCE)
            .collect()
    }
}
