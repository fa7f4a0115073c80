//! The customer's web socket.
//!
//! One task per socket. It keeps a cursor into the feed and reads entries from the store as the
//! page takes them, so there is no queue that could overflow: a page that reads too slowly is
//! closed and goes on from its cursor later.

use std::time::Duration;

use axum::{
    Extension,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};

mod greeting;
mod lane;
mod line;
mod push;
mod talk;

use super::{
    address::Address,
    error::ApiError,
    limits::TooFast,
    origin::RequestOrigin,
    state::GatewayState,
    wire::{ErrorCode, LIMITS},
};
use line::Line;

/// `GET /customer/v1/socket`.
pub(super) async fn upgrade(
    State(state): State<GatewayState>,
    Extension(address): Extension<Address>,
    Extension(origin): Extension<RequestOrigin>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    state.limiters.handshake(address)?;
    let place = state.open.of_address(address).ok_or_else(|| {
        tracing::info!("too many sockets of one address");
        TooFast { retry_after: Duration::from_secs(5) }
    })?;
    let tasks = state.tasks.clone();
    let upgraded = upgrade
        // A frame that is somewhat too large is read, so that it can be answered.
        .max_message_size(2 * LIMITS.frame_bytes as usize)
        .max_frame_size(2 * LIMITS.frame_bytes as usize)
        .read_buffer_size(4096)
        .write_buffer_size(4096)
        .on_upgrade(move |socket| {
            tasks.track_future(async move {
                let line = Line::new(socket, state.times.send);
                serve(state, line, origin).await;
                drop(place);
            })
        });
    Ok(upgraded)
}

/// A socket from its first frame to its last.
async fn serve(state: GatewayState, mut line: Line, origin: RequestOrigin) {
    let goodbye = match greeting::greet(&state, &mut line, &origin).await {
        Ok(greeting) => talk::talk(&state, &mut line, greeting).await,
        Err(goodbye) => goodbye,
    };
    if let Goodbye::Error { code, ref message } = goodbye {
        // Not the message: it may quote the page.
        tracing::debug!(?code, "a socket is closed");
        line.fail(code, message.clone()).await;
    }
}

/// Why a socket ends.
#[derive(Debug)]
enum Goodbye {
    /// The page has closed it, or it is broken.
    Gone,
    /// We close it.
    Error { code: ErrorCode, message: String },
}

impl Goodbye {
    fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    fn stopping() -> Self {
        Self::error(ErrorCode::Unavailable, "the bridge is stopping; connect again later")
    }
}

impl From<ApiError> for Goodbye {
    fn from(error: ApiError) -> Self {
        Self::error(error.code(), error.to_string())
    }
}
