//! What the homeserver pushes (spec: application service API).
//!
//! | module | what |
//! |---|---|
//! | [`registration`] | the file that makes the homeserver push |
//! | `token` | is it really the homeserver? |
//! | `endpoint` | the specification's endpoints as axum handlers, on ruma's types |
//! | `transactions` | events become durable inbox items before the answer |
//! | [`reach`] | does the homeserver reach us? |
//! | [`gaps`] | pushes can be lost: what happened in the rooms meanwhile? |
//! | [`invites`] | the same for invites to the bot |
//! | `cadence` | how often that is looked for |

mod cadence;
mod endpoint;
pub mod gaps;
pub mod invites;
pub mod reach;
pub mod registration;
mod token;
mod transactions;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use http::StatusCode;
use ruma::api::appservice::{ping::send_ping, query};
use serde_json::json;
use tokio::sync::mpsc;

use self::{
    endpoint::{Failure, RouterExt as _},
    gaps::Gaps,
};
use crate::{
    clock::Clock, config::Secret, directory::Directory, identity::Namespace, live::Live,
    metrics::Metrics, runner::Whisper, store::Store,
};

/// What the endpoints need.
#[derive(Clone)]
pub struct AppserviceState {
    /// Where events become durable.
    pub store: Arc<dyn Store>,
    /// The token that the homeserver shows.
    pub hs_token: Secret,
    /// Our names.
    pub names: Namespace,
    /// What was not pushed.
    pub gaps: Gaps,
    /// Which room is which chat.
    pub directory: Directory,
    /// Where agents' typing shows.
    pub live: Live,
    /// Where agents' read receipts go.
    pub whispers: mpsc::Sender<Whisper>,
    /// What is measured.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
}

/// The endpoints that the homeserver calls.
pub fn router(state: AppserviceState) -> Router {
    Router::new()
        .ruma(state.clone(), transactions::push)
        .ruma(state.clone(), |_: AppserviceState, _: send_ping::v1::Request| async {
            Ok(send_ping::v1::Response::new())
        })
        .ruma(state.clone(), query_user)
        .ruma(state.clone(), query_alias)
        // No third-party network is looked up through the homeserver (spec: third-party networks).
        .route("/_matrix/app/v1/thirdparty/{*rest}", get(no_third_party))
        .fallback(endpoint::unknown)
        .method_not_allowed_fallback(endpoint::unknown_method)
        .with_state(state)
}

/// Only the ping, for a check that stands in for a bridge that is not running. It takes nothing else
/// from the homeserver, which will try again.
pub fn stand_in(hs_token: Secret) -> Router {
    let ping = move |headers: http::HeaderMap| async move {
        token::check(&headers, &hs_token).map(|()| Json(json!({})))
    };
    Router::new()
        .route("/_matrix/app/v1/ping", post(ping))
        .fallback(|| async { StatusCode::SERVICE_UNAVAILABLE })
}

/// Whether an answer to a ping without a token is one of ours.
#[must_use]
pub fn asks_for_token(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::UNAUTHORIZED
        && serde_json::from_slice::<serde_json::Value>(body)
            .is_ok_and(|body| body["errcode"] == "M_UNAUTHORIZED")
}

/// Whether a user of our namespace exists. All that exist were registered ahead, so what the
/// homeserver asks for does not.
async fn query_user(
    state: AppserviceState,
    request: query::query_user_id::v1::Request,
) -> Result<query::query_user_id::v1::Response, Failure> {
    if request.user_id == state.names.bot() {
        return Ok(query::query_user_id::v1::Response::new());
    }
    Err(Failure::not_found("there is no such user"))
}

/// Whether a room of our namespace exists: never more than the homeserver knows itself.
async fn query_alias(
    _: AppserviceState,
    _: query::query_room_alias::v1::Request,
) -> Result<query::query_room_alias::v1::Response, Failure> {
    Err(Failure::not_found("there is no such room"))
}

async fn no_third_party(State(state): State<AppserviceState>, headers: http::HeaderMap) -> Failure {
    match token::check(&headers, &state.hs_token) {
        Ok(()) => Failure::not_found("there are no third-party networks here"),
        Err(failure) => failure,
    }
}
