//! Frames in and out of a socket.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt as _;
use tokio::time::timeout;

use super::Goodbye;
use crate::gateway::wire::{ClientFrame, ErrorCode, LIMITS, ServerFrame};

/// A socket that speaks the protocol.
pub(super) struct Line {
    socket: WebSocket,
    /// How long the page may take to read a frame.
    patience: Duration,
}

/// What came.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame.
    Frame(ClientFrame),
    /// Something that is no frame of the protocol.
    Nonsense(String),
    /// A ping or pong of the web socket itself, which shows that the page is there.
    Life,
}

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

impl Line {
    pub(super) fn new(socket: WebSocket, patience: Duration) -> Self {
        Self { socket, patience }
    }

    /// The next frame. Nothing is lost if this is dropped before it returns.
    pub(super) async fn hear(&mut self) -> Result<Heard, Goodbye> {
        let text = match self.socket.recv().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => {
                return Ok(Heard::Nonsense("frames are text".to_owned()));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(Heard::Life),
            Some(Ok(Message::Close(_))) | None => return Err(Goodbye::Gone),
            // The library does not let us ask whether it was the size, except by its words.
            Some(Err(error)) if error.to_string().starts_with("Space limit exceeded") => {
                return Err(too_large());
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "a socket broke");
                return Err(Goodbye::Gone);
            }
        };
        if text.len() > LIMITS.frame_bytes as usize {
            return Err(too_large());
        }
        Ok(match serde_json::from_str(&text) {
            Ok(frame) => Heard::Frame(frame),
            Err(error) => Heard::Nonsense(format!("no frame of this protocol: {error}")),
        })
    }

    /// Sends a frame, with all that was queued before.
    pub(super) async fn say(&mut self, frame: &ServerFrame) -> Result<(), Goodbye> {
        self.queue(frame).await?;
        self.flush().await
    }

    /// Sends a frame as far as it goes without waiting; a [`flush`](Self::flush) must follow.
    pub(super) async fn queue(&mut self, frame: &ServerFrame) -> Result<(), Goodbye> {
        let message = encode(frame)?;
        taken(timeout(self.patience, self.socket.feed(message)).await)
    }

    /// Asks the other end for a sign of life (RFC 6455 section 5.5.2).
    pub(super) async fn nudge(&mut self) -> Result<(), Goodbye> {
        let ping = Message::Ping(Vec::new().into());
        taken(timeout(self.patience, self.socket.send(ping)).await)
    }

    /// Sends what is queued.
    pub(super) async fn flush(&mut self) -> Result<(), Goodbye> {
        taken(timeout(self.patience, self.socket.flush()).await)
    }

    /// Says why and closes. A page that does not read may never hear it.
    pub(super) async fn fail(&mut self, code: ErrorCode, message: String) {
        let close = CloseFrame { code: close_code(code), reason: reason(code).into() };
        let farewell = async {
            let error = ServerFrame::Error { code, message, fatal: true };
            if let Ok(error) = encode(&error) {
                self.socket.feed(error).await?;
            }
            self.socket.send(Message::Close(Some(close))).await?;
            // Closing with something unread would tear the connection down and our words with it.
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<_, axum::Error>(())
        };
        if let Ok(Err(error)) = timeout(FAREWELL, farewell).await {
            tracing::debug!(%error, "a socket broke while it was closed");
        }
    }
}

fn encode(frame: &ServerFrame) -> Result<Message, Goodbye> {
    match serde_json::to_string(frame) {
        Ok(text) => Ok(Message::Text(text.into())),
        Err(error) => {
            tracing::error!(%error, "a frame cannot be written");
            Err(Goodbye::error(ErrorCode::Unavailable, "the bridge cannot write a frame"))
        }
    }
}

fn taken(
    outcome: Result<Result<(), axum::Error>, tokio::time::error::Elapsed>,
) -> Result<(), Goodbye> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a socket broke");
            Err(Goodbye::Gone)
        }
        Err(_) => Err(Goodbye::error(
            ErrorCode::TooSlow,
            "the page reads too slowly; connect again with the last sequence number",
        )),
    }
}

fn too_large() -> Goodbye {
    Goodbye::error(ErrorCode::TooLarge, "a frame has at most 65536 bytes")
}

fn close_code(code: ErrorCode) -> u16 {
    match code {
        ErrorCode::BadRequest => 1002,
        ErrorCode::TooLarge => 1009,
        ErrorCode::Unavailable => 1012,
        ErrorCode::TooSlow => 1013,
        ErrorCode::ForbiddenOrigin => 4403,
        ErrorCode::NotFound => 4404,
        ErrorCode::Idle => 4408,
        ErrorCode::TooFast => 4429,
    }
}

/// The error's code once more, for those who only see how the socket closed.
fn reason(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadRequest => "bad_request",
        ErrorCode::TooLarge => "too_large",
        ErrorCode::Unavailable => "unavailable",
        ErrorCode::TooSlow => "too_slow",
        ErrorCode::ForbiddenOrigin => "forbidden_origin",
        ErrorCode::NotFound => "not_found",
        ErrorCode::Idle => "idle",
        ErrorCode::TooFast => "too_fast",
    }
}
