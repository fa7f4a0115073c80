//! Which pages may talk to the bridge.
//!
//! Browsers say on whose behalf they ask, and a page cannot forge it. A request without an origin
//! does not come from another origin's page. One with an origin must name the bridge's own or
//! exactly one of the site's.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{error::ApiError, sites::Site, state::GatewayState};

/// A request's origin, once it is known to be one of ours; in the request's extensions.
#[derive(Clone, Debug)]
pub(super) struct RequestOrigin(Option<String>);

impl RequestOrigin {
    /// The request's origin, if it is any that we know.
    fn of(headers: &HeaderMap, state: &GatewayState) -> Result<Self, ApiError> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let origin = value.to_str().map_err(|_| ApiError::ForbiddenOrigin)?;
        let known = origin == state.own_origin || state.sites.borrow().has_origin(origin);
        if !known || values.next().is_some() {
            return Err(ApiError::ForbiddenOrigin);
        }
        Ok(Self(Some(origin.to_owned())))
    }

    /// Whether a page of this origin may use this site; the bridge's `own` may use all.
    pub(super) fn permit(&self, own: &str, site: &Site) -> Result<(), ApiError> {
        match &self.0 {
            Some(origin) if origin != own && !site.origins.contains(origin) => {
                Err(ApiError::ForbiddenOrigin)
            }
            _ => Ok(()),
        }
    }
}

/// Turns away unknown origins, answers preflights, and lets known origins read the reply.
pub(super) async fn guard(
    State(state): State<GatewayState>,
    mut request: Request,
    next: Next,
) -> Response {
    let origin = match RequestOrigin::of(request.headers(), &state) {
        Ok(origin) => origin,
        Err(error) => return vary(error.into_response()),
    };
    let allowed = origin.0.as_deref().and_then(|origin| HeaderValue::from_str(origin).ok());
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight {
        preflight_reply()
    } else {
        request.extensions_mut().insert(origin);
        next.run(request).await
    };
    if let Some(allowed) = allowed
        && response.status() != StatusCode::FORBIDDEN
    {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    }
    vary(response)
}

fn preflight_reply() -> Response {
    (
        StatusCode::NO_CONTENT,
        [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ],
    )
        .into_response()
}

fn vary(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}
