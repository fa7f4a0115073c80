//! The feed over HTTP, for pages whose sockets do not get through.

use std::time::Duration;

use axum::{
    Extension, Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    address::Address,
    error::ApiError,
    extract::Session,
    feed::{is_end, tag},
    limits::TooFast,
    origin::RequestOrigin,
    session::SessionRecord,
    state::GatewayState,
    wire::{FeedPage, LiveState, Phase},
};

/// What may stand in the address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The last entry that the page has.
    #[serde(default)]
    after: u64,
    /// How long to wait for something new, in seconds.
    #[serde(default)]
    wait: u64,
    /// The `tag` of the page's last reply.
    tag: Option<String>,
}

pub(super) async fn feed(
    State(state): State<GatewayState>,
    Extension(address): Extension<Address>,
    Extension(origin): Extension<RequestOrigin>,
    Session(session): Session,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<FeedPage>, ApiError> {
    let Query(asked) = asked.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let _place =
        state.open.of_address(address).ok_or(TooFast { retry_after: Duration::from_secs(5) })?;
    let chat = session.chat;
    let _presence = state.live.connect(chat);
    let mut feed = state.wakes.watch(chat);
    let mut states = state.live.subscribe(chat);
    let mut sites = state.sites.clone();

    let began = Instant::now();
    let deadline = began + Duration::from_secs(asked.wait).min(state.times.poll);
    // Entries are worth a reply at once; the rest only so often.
    let calm = began + state.times.position;
    let mut known = asked.tag;
    loop {
        states.mark_unchanged();
        let page = page(&state, &session, asked.after).await?;
        let known = known.get_or_insert_with(|| page.tag.clone().unwrap_or_default());
        let now = Instant::now();
        let restart = asked.after > page.newest;
        let changed = page.tag.as_ref() != Some(known);
        if restart
            || !page.entries.is_empty()
            || now >= deadline
            || (changed && now >= calm)
            || state.shutdown.is_cancelled()
        {
            return Ok(Json(page));
        }
        let until = if changed { calm.min(deadline) } else { deadline };
        tokio::select! {
            () = feed.changed() => {}
            Ok(()) = states.changed(), if !changed => {}
            Ok(()) = sites.changed() => state.still_permits(&session.site, &origin)?,
            () = tokio::time::sleep_until(until) => {}
            () = state.shutdown.cancelled() => {}
        }
    }
}

async fn page(
    state: &GatewayState,
    session: &SessionRecord,
    after: u64,
) -> Result<FeedPage, ApiError> {
    let chat = session.chat;
    let live = state.live.state(chat);
    let (newest, after) = state.resume(chat, after).await?;
    let entries = state.entries(chat, after).await?;
    // More may have come since `newest` was read.
    let newest = entries.last().map_or(newest, |last| last.seq.max(newest));
    let ended = entries.iter().any(is_end) || state.has_ended(chat).await?;
    let phase = if ended { Phase::Ended } else { live.phase };
    let live = LiveState { phase, ..live };
    let tag = Some(tag(&live)?);
    Ok(FeedPage { number: session.number, entries, newest, live, tag })
}
