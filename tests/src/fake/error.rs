//! Errors as a homeserver words them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// A Matrix error reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The `errcode`.
    pub errcode: String,
    /// The `error`.
    pub message: String,
    /// `retry_after_ms`, which also becomes a `Retry-After` header.
    pub retry_after_ms: Option<u64>,
    /// `status`: how the appservice answered a ping.
    pub status_of_ping: Option<u16>,
}

impl ApiError {
    pub(crate) fn new(status: u16, errcode: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            errcode: errcode.into(),
            message: message.into(),
            retry_after_ms: None,
            status_of_ping: None,
        }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "M_FORBIDDEN", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "M_NOT_FOUND", message)
    }

    pub(crate) fn bad_json(message: impl Into<String>) -> Self {
        Self::new(400, "M_BAD_JSON", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "M_INVALID_PARAM", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({ "errcode": self.errcode, "error": self.message });
        if let Some(status) = self.status_of_ping {
            body["status"] = status.into();
        }
        if let Some(wait) = self.retry_after_ms {
            body["retry_after_ms"] = wait.into();
            let seconds = wait.div_ceil(1000).to_string();
            return (status, [("retry-after", seconds)], Json(body)).into_response();
        }
        (status, Json(body)).into_response()
    }
}
