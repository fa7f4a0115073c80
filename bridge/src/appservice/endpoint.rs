//! The specification's endpoints as axum handlers: path, method and types come from ruma.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{RawPathParams, State},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use bytes::BytesMut;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use ruma::api::{IncomingRequest, OutgoingResponse, path_builder::PathBuilder as _};
use serde_json::json;

use super::{AppserviceState, token};

/// What a transaction may be as a whole. A homeserver repeats a refused one for ever, so this is
/// more than it can send: 100 events of 64 KiB with their earlier contents.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A refused request, in the specification's form.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    errcode: &'static str,
    error: String,
}

impl Failure {
    pub(super) fn no_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "M_UNAUTHORIZED", "the homeserver's token is missing")
    }

    pub(super) fn wrong_token() -> Self {
        Self::new(StatusCode::FORBIDDEN, "M_FORBIDDEN", "the homeserver's token is wrong")
    }

    pub(super) fn not_found(error: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "M_NOT_FOUND", error)
    }

    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a transaction could not be stored; the homeserver will repeat it");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", "cannot be stored now")
    }

    fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "more than 64 MiB")
    }

    fn bad_request(error: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "M_BAD_JSON", error)
    }

    fn new(status: StatusCode, errcode: &'static str, error: impl std::fmt::Display) -> Self {
        Self { status, errcode, error: error.to_string() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "errcode": self.errcode, "error": self.error }).to_string();
        (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

/// What is not an endpoint of ours (spec: client-server API, common error codes).
pub(super) async fn unknown() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "M_UNRECOGNIZED", "no such endpoint")
}

/// A method that an endpoint does not have.
pub(super) async fn unknown_method() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "M_UNRECOGNIZED", "no such method here")
}

/// Adds endpoints of the specification to a router.
pub(super) trait RouterExt {
    /// Adds the endpoint of the handler's request type.
    fn ruma<R, H, F>(self, state: AppserviceState, handler: H) -> Self
    where
        R: IncomingRequest + Send + 'static,
        R::OutgoingResponse: Send,
        H: Fn(AppserviceState, R) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<R::OutgoingResponse, Failure>> + Send + 'static;
}

impl RouterExt for Router<AppserviceState> {
    fn ruma<R, H, F>(mut self, _: AppserviceState, handler: H) -> Self
    where
        R: IncomingRequest + Send + 'static,
        R::OutgoingResponse: Send,
        H: Fn(AppserviceState, R) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<R::OutgoingResponse, Failure>> + Send + 'static,
    {
        let Ok(method) = MethodFilter::try_from(R::METHOD) else {
            unreachable!("the specification uses standard methods only")
        };
        for path in R::PATH_BUILDER.all_paths() {
            let handler = handler.clone();
            let endpoint = move |State(state): State<AppserviceState>,
                                 params: RawPathParams,
                                 request: Request<Body>| async move {
                Ok::<_, Infallible>(match answer(state, &params, request, handler).await {
                    Ok(response) => response,
                    Err(failure) => failure.into_response(),
                })
            };
            self = self.route(path, on(method, endpoint));
        }
        self
    }
}

async fn answer<R, H, F>(
    state: AppserviceState,
    params: &RawPathParams,
    request: Request<Body>,
    handler: H,
) -> Result<Response, Failure>
where
    R: IncomingRequest,
    H: Fn(AppserviceState, R) -> F,
    F: Future<Output = Result<R::OutgoingResponse, Failure>>,
{
    // Before anything else is read.
    token::check(request.headers(), &state.hs_token)?;
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Failure::too_large());
    }
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            Failure::too_large()
        } else {
            Failure::bad_request("the body ended early")
        }
    })?;
    let values: Vec<&str> = params.iter().map(|(_, value)| value).collect();
    let request = R::try_from_http_request(Request::from_parts(parts, body.to_bytes()), &values)
        .map_err(Failure::bad_request)?;
    let response = handler(state, request)
        .await?
        .try_into_http_response::<BytesMut>()
        .map_err(Failure::unavailable)?;
    // axum sets the length of a whole body; without one homeservers count an answer as failed.
    Ok(response.map(|body| Body::from(body.freeze())).into_response())
}
