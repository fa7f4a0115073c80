//! Events become durable inbox items before the homeserver is answered.

use std::collections::{BTreeMap, BTreeSet};

use ruma::api::appservice::event::push_events;
use serde::Deserialize;

use super::{AppserviceState, endpoint::Failure};
use crate::{json, matrix::event, runner::Whisper, store::NewInboxItem};

/// Takes a transaction. Its own id means nothing here: homeservers repeat events under other ids
/// and reuse ids for other events.
pub(super) async fn push(
    state: AppserviceState,
    request: push_events::v1::Request,
) -> Result<push_events::v1::Response, Failure> {
    state.metrics.transaction();
    let received = state.clock.now().0;
    let items: Vec<NewInboxItem> =
        request.events.iter().filter_map(|raw| item(raw.json(), received)).collect();
    if state.gaps.is_wary() {
        // Our own events can come in any order.
        let rooms: BTreeSet<String> = request
            .events
            .iter()
            .filter_map(|raw| event::envelope(raw.json()).ok())
            .filter(|envelope| !state.names.is_ours(&envelope.sender))
            .map(|envelope| envelope.room_id.into_owned())
            .collect();
        state.gaps.catch_up(rooms).await;
    }
    if !items.is_empty() {
        state.store.append_inbox(items).await.map_err(Failure::unavailable)?;
    }
    for raw in &request.ephemeral {
        match serde_json::from_str::<Ephemeral>(raw.json().get()) {
            Ok(ephemeral) => take_ephemeral(&state, ephemeral),
            Err(error) => {
                let why = json::fault(&error);
                tracing::debug!(why, "ephemeral data of an unknown form");
            }
        }
    }
    Ok(push_events::v1::Response::new())
}

/// An event as an inbox item. Without an id and a room it cannot be filed, and nothing could ever
/// be done about it.
pub(super) fn item(raw: &serde_json::value::RawValue, received: u64) -> Option<NewInboxItem> {
    match event::envelope(raw) {
        Ok(envelope) => Some(NewInboxItem {
            key: format!("event:{}", envelope.event_id),
            received,
            body: raw.get().as_bytes().to_vec(),
        }),
        Err(error) => {
            tracing::warn!(%error, "the homeserver pushed an event without an id or a room");
            None
        }
    }
}

/// Ephemeral data that matters here.
#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Ephemeral {
    #[serde(rename = "m.typing")]
    Typing { room_id: String, content: Typing },
    #[serde(rename = "m.receipt")]
    Receipt { room_id: String, content: BTreeMap<String, Receipts> },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Typing {
    user_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Receipts {
    #[serde(rename = "m.read", default)]
    read: BTreeMap<String, serde_json::Value>,
}

fn take_ephemeral(state: &AppserviceState, ephemeral: Ephemeral) {
    match ephemeral {
        Ephemeral::Typing { room_id, content } => {
            let Some(chat) = state.directory.chat_of(&room_id) else { return };
            let names: Vec<String> = content
                .user_ids
                .iter()
                .filter_map(|user| state.directory.agent_name(user))
                .map(|name| name.as_ref().to_owned())
                .collect();
            state.live.agents_type(chat, names);
        }
        Ephemeral::Receipt { room_id, content } => {
            // What is read elsewhere, in a companion room above all, tells customers nothing.
            if state.directory.chat_of(&room_id).is_none() {
                return;
            }
            for (event, receipts) in content {
                let by_agent =
                    receipts.read.keys().any(|user| state.directory.agent_name(user).is_some());
                // A full channel loses a receipt; the next one says the same and more.
                if by_agent && state.whispers.try_send(Whisper::Read { event }).is_err() {
                    tracing::debug!("a read receipt was dropped");
                }
            }
        }
        Ephemeral::Other => {}
    }
}
