//! The requests of the customer's page that are not frames of a socket.

use std::time::Duration;

use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    middleware,
    routing::{get, post},
};
use http::StatusCode;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    address::Address,
    change::{Change, NO_CHANGE},
    clean,
    error::{ApiError, RETRY_UNAVAILABLE},
    extract::{self, Body, Session},
    files,
    input::{CustomerInput, Facts},
    message::{self, Invalid},
    origin::{self, RequestOrigin},
    poll,
    session::{self, SessionRecord},
    signed::{self, Against},
    socket,
    state::GatewayState,
    stated::{self, Stated},
    transcript,
    wake::FeedWatch,
    wire::{
        ChatStarted, ClientFrame, LIMITS, RefusalReason, SendMessage, SetSeen, SetTyping, SiteInfo,
        StartChat,
    },
};
use crate::{live::unix_ms, store::Stream};

/// The routes under `/customer/v1`.
pub(super) fn routes(state: &GatewayState) -> Router<GatewayState> {
    Router::new()
        .route("/sites/{site}", get(site))
        .route("/sites/{site}/chats", post(start))
        .route("/socket", get(socket::upgrade))
        .route("/feed", get(poll::feed))
        .route("/messages", post(send))
        .route("/changes", post(change))
        .route("/files", post(files::upload))
        .route("/files/{id}", get(files::link))
        .route("/content/{chat}/{id}/{expires}/{signature}", get(files::content))
        .route("/typing", post(typing))
        .route("/seen", post(seen))
        .route("/end", post(end))
        .route("/transcript", get(transcript::download))
        // Before the layers, for a preflight is of no method of ours.
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(LIMITS.frame_bytes as usize))
        .layer(middleware::from_fn_with_state(state.clone(), extract::limit))
        .layer(middleware::from_fn_with_state(state.clone(), origin::guard))
}

async fn site(
    State(state): State<GatewayState>,
    Extension(origin): Extension<RequestOrigin>,
    Path(site): Path<String>,
) -> Result<Json<SiteInfo>, ApiError> {
    Ok(Json(state.site(&site, &origin)?.info()))
}

async fn start(
    State(state): State<GatewayState>,
    Extension(address): Extension<Address>,
    Extension(origin): Extension<RequestOrigin>,
    Path(site): Path<String>,
    Body(asked): Body<StartChat>,
) -> Result<(StatusCode, Json<ChatStarted>), ApiError> {
    let site = state.site(&site, &origin)?;
    if !session::is_start_key(&asked.start_key) {
        let message = "start_key must have 22 to 64 characters of A–Z a–z 0–9 - _";
        return Err(ApiError::BadRequest(message.to_owned()));
    }
    let secret = &state.store.identity().secret;
    let session::Derived { chat, token } = session::derive(secret, &site.id, &asked.start_key);
    let hash = token.hash();
    let Stated { variables, ignored } =
        stated::sort(&site, &asked.variables.unwrap_or_default()).map_err(ApiError::BadRequest)?;
    let reply = |status, session: &SessionRecord| {
        let started = ChatStarted {
            token: token.reveal().to_owned(),
            number: session.number,
            verified: session.verified,
            token_fault: session.fault,
            ignored: ignored.clone(),
        };
        Ok((status, Json(started)))
    };
    if let Some(session) = session::look_up(state.store.as_ref(), &hash).await? {
        return reply(StatusCode::OK, &session);
    }
    if state.sites.borrow().is_closing(&site.id) {
        return Err(ApiError::NotFound);
    }
    if asked.queue.as_deref().is_some_and(|queue| !site.offers(queue)) {
        let message = "queue must be the id of one that the site offers";
        return Err(ApiError::BadRequest(message.to_owned()));
    }
    state.limiters.chat(chat, address, &site.id).inspect_err(|_| {
        tracing::info!(site = site.id, "too many new chats");
    })?;
    let now = unix_ms();
    let against = Against { site: &site.id, keys: &site.keys, declared: &site.variables, now };
    let signed = asked.token.map(|token| signed::verify(&token, against, secret)).transpose();
    let (signed, fault) = match signed {
        Ok(signed) => (signed, None),
        Err(fault) => {
            tracing::info!(site = site.id, ?fault, "a site's token was not taken");
            (None, Some(fault))
        }
    };
    let feed = state.wakes.watch(chat);
    let input = CustomerInput::Start {
        chat,
        site: site.id.clone(),
        name: asked.name.as_deref().and_then(clean::name),
        session: hash.clone(),
        queue: asked.queue,
        facts: Facts { stated: variables, signed, fault },
    };
    let new = append(&state, input).await?;
    let session = await_session(&state, &hash, feed).await?;
    reply(if new { StatusCode::CREATED } else { StatusCode::OK }, &session)
}

/// Waits until the start has been handled. If that takes too long, the page may ask again.
async fn await_session(
    state: &GatewayState,
    hash: &str,
    mut feed: FeedWatch,
) -> Result<SessionRecord, ApiError> {
    let deadline = Instant::now() + state.times.start;
    loop {
        if let Some(session) = session::look_up(state.store.as_ref(), hash).await? {
            return Ok(session);
        }
        let wait = async {
            tokio::select! {
                () = feed.changed() => {}
                () = sleep(Duration::from_millis(100)) => {}
            }
        };
        timeout_at(deadline, wait).await.map_err(|_| ApiError::Unavailable)?;
    }
}

async fn send(
    State(state): State<GatewayState>,
    Session(session): Session,
    Body(SendMessage { key, text, email, reply_to, files }): Body<SendMessage>,
) -> Result<StatusCode, ApiError> {
    let refused = |reason, retry_after| ApiError::Refused { reason, retry_after };
    let (email, named) = (email.as_deref(), files.clone());
    let checked = message::check(session.chat, key.clone(), &text, email, reply_to, named);
    let input = checked.map_err(|invalid| match invalid {
        Invalid::Key => ApiError::BadRequest(message::BAD_KEY.to_owned()),
        Invalid::Refused(reason) => refused(reason, None),
    })?;
    state
        .limiters
        .message(session.chat)
        .map_err(|error| refused(RefusalReason::TooFast, Some(error.retry_after)))?;
    if state.has_ended(session.chat).await? {
        return if state.was_taken(session.chat, &key).await? {
            Ok(StatusCode::ACCEPTED)
        } else {
            Err(refused(RefusalReason::Ended, None))
        };
    }
    if !state.has_files(session.chat, &files).await? {
        return Err(refused(RefusalReason::Files, None));
    }
    append(&state, input)
        .await
        .map_err(|_| refused(RefusalReason::Unavailable, Some(RETRY_UNAVAILABLE)))?;
    Ok(StatusCode::ACCEPTED)
}

/// The same frames as over a socket.
async fn change(
    State(state): State<GatewayState>,
    Session(session): Session,
    Body(frame): Body<ClientFrame>,
) -> Result<StatusCode, ApiError> {
    let chat = session.chat;
    let refused = |reason, retry_after| ApiError::Refused { reason, retry_after };
    let change = match Change::read(frame) {
        None => return Err(ApiError::BadRequest(NO_CHANGE.to_owned())),
        Some(Err((_, Invalid::Key))) => {
            return Err(ApiError::BadRequest(message::BAD_KEY.to_owned()));
        }
        Some(Err((_, Invalid::Refused(reason)))) => return Err(refused(reason, None)),
        Some(Ok(change)) => change,
    };
    state
        .limiters
        .message(chat)
        .map_err(|error| refused(RefusalReason::TooFast, Some(error.retry_after)))?;
    if state.has_ended(chat).await? {
        return if state.was_taken(chat, &change.key).await? {
            Ok(StatusCode::ACCEPTED)
        } else {
            Err(refused(RefusalReason::Ended, None))
        };
    }
    if !state.has_target(chat, &change).await? {
        return Err(refused(RefusalReason::NoTarget, None));
    }
    append(&state, change.into_input(chat))
        .await
        .map_err(|_| refused(RefusalReason::Unavailable, Some(RETRY_UNAVAILABLE)))?;
    Ok(StatusCode::ACCEPTED)
}

async fn typing(
    State(state): State<GatewayState>,
    Session(session): Session,
    Body(SetTyping { typing }): Body<SetTyping>,
) -> Result<StatusCode, ApiError> {
    state.limiters.frame(session.chat)?;
    state.live.customer_typing(session.chat, typing);
    Ok(StatusCode::NO_CONTENT)
}

async fn seen(
    State(state): State<GatewayState>,
    Session(session): Session,
    Body(SetSeen { seq }): Body<SetSeen>,
) -> Result<StatusCode, ApiError> {
    state.limiters.frame(session.chat)?;
    let newest = state.store.newest(Stream::Feed, session.chat).await?;
    if (1..=newest).contains(&seq) {
        state.live.customer_seen(session.chat, seq);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn end(
    State(state): State<GatewayState>,
    Session(session): Session,
) -> Result<StatusCode, ApiError> {
    state.limiters.frame(session.chat)?;
    append(&state, CustomerInput::End { chat: session.chat }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Appends one input; whether it was new.
async fn append(state: &GatewayState, input: CustomerInput) -> Result<bool, ApiError> {
    let item = input.into_item(unix_ms())?;
    Ok(state.store.append_inbox(vec![item]).await? == [true])
}
