//! The client API, as far as an appservice uses it.

mod media;
mod rooms;
mod sync;
mod users;

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Query, Request, State},
    http::{Method, StatusCode, header::AUTHORIZATION, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use bytes::Bytes;
use serde_json::Value;

use super::{core::Core, error::ApiError, faults::Outcome};

/// Marks a reply that must not reach the client.
#[derive(Clone, Copy)]
pub(crate) struct Dropped;

/// Tells `createRoom` to stop half way.
#[derive(Clone)]
pub(crate) struct HalfWay(pub(crate) usize, pub(crate) ApiError);

type Reply = Result<Json<Value>, ApiError>;

pub(crate) fn router(core: Arc<Core>) -> Router {
    let v3 = Router::new().merge(users::routes()).merge(rooms::routes());
    Router::new()
        .route("/_matrix/client/versions", get(users::versions))
        .route("/_matrix/client/v1/appservice/{id}/ping", post(users::ping))
        .route("/_matrix/media/v3/upload", post(media::upload))
        .route("/_matrix/client/v1/media/download/{server}/{id}", get(media::download))
        .route("/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", post(sync::sliding))
        .nest("/_matrix/client/v3", v3.clone())
        .nest("/_matrix/client/r0", v3)
        .fallback(async || ApiError::new(404, "M_UNRECOGNIZED", "Unrecognized request"))
        .method_not_allowed_fallback(async || {
            ApiError::new(405, "M_UNRECOGNIZED", "Unrecognized request")
        })
        .layer(DefaultBodyLimit::max(60 << 20))
        .layer(middleware::from_fn_with_state(core.clone(), faults))
        .with_state(core)
}

async fn faults(State(core): State<Arc<Core>>, mut request: Request, next: Next) -> Response {
    let method: &'static str = match *request.method() {
        Method::GET => "GET",
        Method::PUT => "PUT",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    };
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    core.faults.count(method, route);
    let query = request.uri().query().unwrap_or_default();
    let user = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "user_id")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    match core.faults.decide(method, request.uri().path(), &user) {
        None => next.run(request).await,
        Some(Outcome::Reply(error)) => error.into_response(),
        Some(Outcome::Plain(status, body)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, body).into_response()
        }
        Some(Outcome::Delay(by)) => {
            tokio::time::sleep(by).await;
            next.run(request).await
        }
        Some(Outcome::Hold(gate)) => {
            // The rule and the test keep the sender.
            let _ = gate.subscribe().wait_for(|open| *open).await;
            next.run(request).await
        }
        Some(Outcome::Half(events, error)) => {
            request.extensions_mut().insert(HalfWay(events, error));
            next.run(request).await
        }
        Some(Outcome::DropReply) => {
            let mut reply = next.run(request).await;
            reply.extensions_mut().insert(Dropped);
            reply
        }
    }
}

/// Who asks: a user of the appservice, perhaps with a device.
pub(crate) struct Caller {
    pub(crate) user: String,
    pub(crate) device: Option<String>,
    pub(crate) query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Core>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, core: &Arc<Core>) -> Result<Self, ApiError> {
        let token = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = token
            .and_then(|v| v.strip_prefix("Bearer "))
            .ok_or_else(|| ApiError::new(401, "M_MISSING_TOKEN", "Missing access token"))?;
        if token != core.settings.as_token {
            return Err(ApiError::new(401, "M_UNKNOWN_TOKEN", "Invalid access token"));
        }
        let Query(mut query) = Query::<HashMap<String, String>>::try_from_uri(&parts.uri)
            .map_err(|e| ApiError::invalid(e.to_string()))?;
        let user = query.remove("user_id").unwrap_or_else(|| core.settings.sender());
        if !core.is_ours(&user) && user != core.settings.sender() {
            return Err(ApiError::forbidden("Application service cannot masquerade as this user."));
        }
        let device =
            query.remove("device_id").or_else(|| query.remove("org.matrix.msc3202.device_id"));
        Ok(Self { user, device, query })
    }
}

impl Caller {
    /// The user must be registered, and the device known.
    pub(crate) fn check(&self, core: &Core) -> Result<(), ApiError> {
        let Some(user) = core.users.get(&self.user) else {
            return Err(ApiError::forbidden("Application service has not registered this user"));
        };
        match &self.device {
            Some(device) if !user.devices.contains(device) => {
                let message = format!(
                    "Application service trying to use a device that doesn't exist ('{device}' for {})",
                    self.user
                );
                Err(ApiError::new(400, "M_UNKNOWN_DEVICE", message))
            }
            _ => Ok(()),
        }
    }
}

/// A body as Synapse reads it: an object, or nothing where nothing is needed.
pub(crate) fn object(bytes: &Bytes) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(Value::Object(serde_json::Map::default()));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|_| ApiError::new(400, "M_NOT_JSON", "Content not JSON."))?;
    if value.is_object() { Ok(value) } else { Err(ApiError::bad_json("Content must be an object")) }
}

pub(crate) fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str, ApiError> {
    body[key]
        .as_str()
        .ok_or_else(|| ApiError::new(400, "M_MISSING_PARAM", format!("Missing params: ['{key}']")))
}
