//! Events and ids.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::Value;

use super::error::ApiError;

/// The largest event, as serialised.
pub const MAX_EVENT_BYTES: usize = 65_536;

/// An event as clients and appservices see it.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where.
    pub room_id: String,
    /// By whom.
    pub sender: String,
    /// Present in state events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_key: Option<String>,
    /// What.
    pub content: Value,
    /// Its id.
    pub event_id: String,
    /// When, in milliseconds.
    pub origin_server_ts: u64,
    /// What a redaction redacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacts: Option<String>,
    /// `prev_content` of state events, and the like.
    pub unsigned: Value,
}

impl Event {
    /// The text of a message; empty if it has none.
    #[must_use]
    pub fn body(&self) -> &str {
        self.content["body"].as_str().unwrap_or_default()
    }

    /// Whether this is a message that a person is meant to see as one (not a notice).
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.kind == "m.room.message" && self.content["msgtype"] == "m.text"
    }

    /// The membership that a member event sets.
    #[must_use]
    pub fn membership(&self) -> Option<&str> {
        (self.kind == "m.room.member").then(|| self.content["membership"].as_str()).flatten()
    }
}

/// An id in the style of room version 12: 43 characters of base64url, unique in this process.
pub(crate) fn opaque_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    static SALT: LazyLock<u64> = LazyLock::new(rand::random);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0_u8; 32];
    for (turn, part) in (17..).step_by(17).zip(bytes.chunks_exact_mut(8)) {
        // Looks random, so that nobody comes to rely on an order of ids; a bijection of n, so unique.
        let salted = (n ^ *SALT).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(turn);
        part.copy_from_slice(&salted.to_be_bytes());
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// Content must be an object without floats, as canonical JSON wants it.
pub(crate) fn check_content(content: &Value) -> Result<(), ApiError> {
    fn has_float(value: &Value) -> bool {
        match value {
            Value::Number(n) => n.is_f64(),
            Value::Array(items) => items.iter().any(has_float),
            Value::Object(map) => map.values().any(has_float),
            _ => false,
        }
    }
    if !content.is_object() {
        return Err(ApiError::bad_json("Content must be an object"));
    }
    if has_float(content) {
        return Err(ApiError::bad_json("Bad JSON value: float"));
    }
    Ok(())
}
