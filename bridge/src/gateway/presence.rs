//! Notices customers who gave up waiting.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use switchboard_engine::ChatId;

use super::{input::CustomerInput, state::GatewayState, wire::Phase};
use crate::live::unix_ms;

/// Tells the inbox, until the shutdown, of each customer who waits or is asked to leave a message
/// and has been away for the abandon time. Who has left a message may be away.
pub(super) async fn run(state: GatewayState) {
    let abandon = Duration::from_secs(state.config.abandon_after_seconds);
    let every = (abandon / 8).clamp(Duration::from_millis(100), Duration::from_secs(5));
    let mut tick = tokio::time::interval(every);
    let mut told = HashMap::new();
    loop {
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            _ = tick.tick() => tell(&state, abandon, &mut told).await,
        }
    }
}

/// One round. `told` remembers which absences are in the inbox already.
async fn tell(state: &GatewayState, abandon: Duration, told: &mut HashMap<ChatId, u64>) {
    let absent = state.live.absent(abandon);
    let still: HashSet<(ChatId, u64)> = absent.iter().copied().collect();
    told.retain(|chat, since| still.contains(&(*chat, *since)));
    let fresh: Vec<(ChatId, u64)> = absent
        .into_iter()
        .filter(|(chat, _)| !told.contains_key(chat))
        .filter(|(chat, _)| matches!(state.live.state(*chat).phase, Phase::Waiting | Phase::Form))
        .collect();
    if fresh.is_empty() {
        return;
    }
    let received = unix_ms();
    let items: Result<Vec<_>, _> = fresh
        .iter()
        .map(|&(chat, since)| CustomerInput::Away { chat, since }.into_item(received))
        .collect();
    let items = match items {
        Ok(items) => items,
        Err(error) => return tracing::error!(%error, "cannot write an input"),
    };
    match state.store.append_inbox(items).await {
        Ok(_) => told.extend(fresh),
        Err(error) => tracing::error!(%error, "cannot store that customers are away"),
    }
}
