//! What goes wrong, as the customer's page hears it.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use super::{
    limits::TooFast,
    session::LookupError,
    wire::{ErrorBody, ErrorCode, RefusalReason},
};
use crate::{media::Unfit, store::StoreError};

/// Why a request is not answered as the page would like.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{0}")]
    BadRequest(String),
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    /// Deliberately the same for a site, a chat and a session.
    #[error("there is no such thing")]
    NotFound,
    #[error("there is no such method here")]
    MethodNotAllowed,
    #[error("pages of this origin may not do this")]
    ForbiddenOrigin,
    #[error(transparent)]
    TooFast(#[from] TooFast),
    #[error("the bridge cannot do this now; try again later")]
    Unavailable,
    #[error("the file was not taken: {0}")]
    Unfit(Unfit),
    #[error("the message was not taken")]
    Refused { reason: RefusalReason, retry_after: Option<Duration> },
}

/// How long a page waits before it tries again what the bridge cannot do now.
pub(super) const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);

/// In whole milliseconds, at least one.
pub(super) fn retry_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge | Self::Unfit(Unfit::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ForbiddenOrigin => StatusCode::FORBIDDEN,
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unfit(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Refused { reason, .. } => match reason {
                RefusalReason::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                RefusalReason::Empty
                | RefusalReason::BadEmail
                | RefusalReason::BadReaction
                | RefusalReason::Files => StatusCode::BAD_REQUEST,
                RefusalReason::TooFast | RefusalReason::TooMany => StatusCode::TOO_MANY_REQUESTS,
                RefusalReason::Ended | RefusalReason::NoTarget | RefusalReason::Undeliverable => {
                    StatusCode::CONFLICT
                }
                RefusalReason::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }

    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::TooLarge | Self::Unfit(Unfit::TooLarge) => ErrorCode::TooLarge,
            Self::BadRequest(_) | Self::MethodNotAllowed | Self::Unfit(_) => ErrorCode::BadRequest,
            Self::NotFound => ErrorCode::NotFound,
            Self::ForbiddenOrigin => ErrorCode::ForbiddenOrigin,
            Self::TooFast(_) => ErrorCode::TooFast,
            Self::Unavailable => ErrorCode::Unavailable,
            Self::Refused { reason, .. } => match reason {
                RefusalReason::TooLong => ErrorCode::TooLarge,
                RefusalReason::TooFast | RefusalReason::TooMany => ErrorCode::TooFast,
                RefusalReason::Unavailable => ErrorCode::Unavailable,
                RefusalReason::Empty
                | RefusalReason::BadEmail
                | RefusalReason::BadReaction
                | RefusalReason::NoTarget
                | RefusalReason::Files
                | RefusalReason::Ended
                | RefusalReason::Undeliverable => ErrorCode::BadRequest,
            },
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooFast(TooFast { retry_after }) => Some(*retry_after),
            Self::Unavailable => Some(RETRY_UNAVAILABLE),
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the gateway cannot use the store");
        Self::Unavailable
    }
}

impl From<LookupError> for ApiError {
    fn from(error: LookupError) -> Self {
        tracing::error!(%error, "the gateway cannot look a session up");
        Self::Unavailable
    }
}

/// Something of ours could not be read or written as JSON.
impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        let why = crate::json::fault(&error);
        tracing::error!(why, "the gateway cannot read or write a stored body");
        Self::Unavailable
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after();
        let reason = match self {
            Self::Refused { reason, .. } => Some(reason),
            _ => None,
        };
        let unfit = match self {
            Self::Unfit(unfit) => Some(unfit),
            _ => None,
        };
        let body = ErrorBody {
            code: self.code(),
            message: self.to_string(),
            retry_after_ms: retry_after.map(retry_ms),
            reason,
            unfit,
        };
        let mut response = (self.status(), Json(body)).into_response();
        if let Some(wait) = retry_after {
            let seconds = retry_ms(wait).div_ceil(1000);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
