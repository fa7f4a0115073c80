//! Typing and read receipts of customers. Only the newest matters, so nothing is kept or repeated.

use std::time::Duration;

use ruma::api::client::{
    receipt::create_receipt::{self, v3::ReceiptType},
    typing::create_typing_event::{
        self,
        v3::{Typing, TypingInfo},
    },
};
use switchboard_engine::ChatId;
use tokio_util::sync::CancellationToken;

use super::{deliver::Deliverer, health::Health};
use crate::{
    live::{CustomerLive, Live},
    matrix::client::{As, CallError},
};

/// How long a customer counts as typing if nothing more is heard.
const TYPING_FOR: Duration = Duration::from_secs(10);
const AT_MOST: Duration = Duration::from_secs(5);

/// Passes customers' typing and receipts on until it is told to stop.
pub async fn run(live: Live, deliverer: Deliverer, health: Health, stop: CancellationToken) {
    loop {
        let (chat, change) = tokio::select! {
            () = stop.cancelled() => return,
            change = live.next_customer_change() => change,
        };
        if !health.is_up() {
            continue;
        }
        match tokio::time::timeout(AT_MOST, pass_on(&deliverer, chat, change)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%chat, %error, "typing or a receipt was lost"),
            Err(_) => tracing::debug!(%chat, "typing or a receipt was lost: no answer in time"),
        }
    }
}

async fn pass_on(
    deliverer: &Deliverer,
    chat: ChatId,
    change: CustomerLive,
) -> Result<(), CallError> {
    let Some(entry) = deliverer.directory.get(chat) else { return Ok(()) };
    let Some(room) = entry.room else { return Ok(()) };
    let ghost = As::user(&entry.ghost);
    if let Some(typing) = change.typing {
        let state = if typing { Typing::Yes(TypingInfo::new(TYPING_FOR)) } else { Typing::No };
        let request =
            create_typing_event::v3::Request::new(entry.ghost.clone(), room.clone(), state);
        deliverer.homeserver.call(ghost, request).await?;
    }
    if let Some((seq, event)) = entry.last_agent_message
        && change.seen.is_some_and(|seen| seen >= seq)
    {
        let request = create_receipt::v3::Request::new(room, ReceiptType::Read, event);
        deliverer.homeserver.call(ghost, request).await?;
    }
    Ok(())
}
