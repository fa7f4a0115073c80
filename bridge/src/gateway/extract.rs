//! What handlers take from a request.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, State, rejection::BytesRejection},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{header, request::Parts};
use serde::de::DeserializeOwned;

use super::{
    address, error::ApiError, origin::RequestOrigin, session::SessionRecord, state::GatewayState,
};
use crate::listen::Peer;

/// Counts the request, and says whom it comes from in its extensions.
pub(super) async fn limit(
    State(state): State<GatewayState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map(|Peer(peer)| *peer);
    let address = address::client(peer, request.headers(), &state.config.trusted_proxies);
    if let Err(error) = state.limiters.request(address) {
        tracing::debug!("too many requests of one address");
        return ApiError::from(error).into_response();
    }
    request.extensions_mut().insert(address);
    next.run(request).await
}

/// The session whose token the request bears.
pub(super) struct Session(pub(super) SessionRecord);

impl FromRequestParts<GatewayState> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &GatewayState) -> Result<Self, ApiError> {
        let origin = parts.extensions.get::<RequestOrigin>().ok_or(ApiError::ForbiddenOrigin)?;
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token);
        Ok(Self(state.authorise(token, origin).await?))
    }
}

/// A body of this protocol, at most as large as a frame.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<GatewayState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &GatewayState) -> Result<Self, ApiError> {
        let body = Bytes::from_request(request, state);
        let body = tokio::time::timeout(state.times.body, body)
            .await
            .map_err(|_| ApiError::BadRequest("the body took too long".to_owned()))?
            .map_err(|error| match error {
                BytesRejection::FailedToBufferBody(error)
                    if error.status() == http::StatusCode::PAYLOAD_TOO_LARGE =>
                {
                    ApiError::TooLarge
                }
                _ => ApiError::BadRequest("the body could not be read".to_owned()),
            })?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| ApiError::BadRequest(format!("the body is wrong: {error}")))
    }
}
