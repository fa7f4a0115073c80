//! Reads what the customer may see: the feed, and nothing else of the store's streams.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use switchboard_engine::ChatId;

use super::{
    error::ApiError,
    session::hex,
    state::GatewayState,
    wire::{FeedBody, FeedEntry, LiveState, Phase},
};
use crate::store::{RecordKind, Stream};

/// How many entries are read at once.
pub(super) const PAGE: usize = 100;

impl GatewayState {
    /// The entries after `after`, at most [`PAGE`].
    pub(super) async fn entries(
        &self,
        chat: ChatId,
        after: u64,
    ) -> Result<Vec<FeedEntry>, ApiError> {
        let stored = self.store.stream(Stream::Feed, chat, after, PAGE).await?;
        let entries = stored.iter().map(|(_, body)| serde_json::from_slice(body)).collect();
        let entries: Result<Vec<FeedEntry>, _> = entries;
        Ok(entries?)
    }

    /// The newest entry's number, and where to begin for a page that has everything up to `after`.
    ///
    /// A page can have more than there is only if the store was put back to an earlier state. Then
    /// its entries are not ours, and it gets all of ours from the beginning.
    pub(super) async fn resume(&self, chat: ChatId, after: u64) -> Result<(u64, u64), ApiError> {
        let newest = self.store.newest(Stream::Feed, chat).await?;
        Ok((newest, if after > newest { 0 } else { after }))
    }

    /// Whether nothing is left of a chat's feed.
    pub(super) async fn is_gone(&self, chat: ChatId) -> Result<bool, ApiError> {
        Ok(self.store.newest(Stream::Feed, chat).await? == 0)
    }

    /// Whether the chat is over, as the feed tells or is about to tell.
    pub(super) async fn has_ended(&self, chat: ChatId) -> Result<bool, ApiError> {
        if self.live.state(chat).phase == Phase::Ended {
            return Ok(true);
        }
        let newest = self.store.newest(Stream::Feed, chat).await?;
        let last = self.entries(chat, newest.saturating_sub(1)).await?;
        if last.iter().any(is_end) {
            return Ok(true);
        }
        // What is not over is known to the runner. What has been over for long is known to the
        // store only, and its last entry may tell of a message that came too late.
        if self.live.knows(chat) {
            return Ok(false);
        }
        let key = chat.to_string();
        if self.store.record(RecordKind::ArchivedConversation, &key).await?.is_some() {
            return Ok(true);
        }
        Ok(match self.store.record(RecordKind::Conversation, &key).await? {
            Some(record) => serde_json::from_slice::<Over>(&record)?.ended.is_some(),
            None => false,
        })
    }

    /// Whether a message or a change of an ended chat was taken before: then its page asks again because the
    /// answer was lost, and must not hear that it was too late.
    pub(super) async fn was_taken(&self, chat: ChatId, message: &str) -> Result<bool, ApiError> {
        let is_it = |entry: &FeedEntry| match &entry.body {
            FeedBody::Own { key, .. } => key == message,
            FeedBody::Edited { key, .. }
            | FeedBody::Removed { key, .. }
            | FeedBody::Reaction { key, .. } => key.as_deref() == Some(message),
            _ => false,
        };
        let mut after = 0;
        loop {
            let entries = self.entries(chat, after).await?;
            if entries.iter().any(is_it) {
                return Ok(true);
            }
            match entries.last() {
                Some(last) if entries.len() == PAGE => after = last.seq,
                _ => return Ok(false),
            }
        }
    }
}

/// The part of a conversation's record that matters here.
#[derive(Deserialize)]
struct Over {
    ended: Option<u64>,
}

/// Whether this entry tells of the end. Those after it are about messages that came too late.
pub(super) fn is_end(entry: &FeedEntry) -> bool {
    matches!(entry.body, FeedBody::Ended { .. })
}

/// Stands for a live state, so that a page can say which it has.
pub(super) fn tag(live: &LiveState) -> Result<String, serde_json::Error> {
    Ok(hex(&Sha256::digest(serde_json::to_vec(live)?)[..8]))
}
