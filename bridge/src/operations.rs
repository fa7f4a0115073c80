//! For monitoring: `/health` and `/metrics`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde_json::json;

use crate::{
    appservice::reach::Problem, clock::Clock, metrics::Metrics, outbox::health::Health,
    store::Store,
};

/// What the endpoints need.
#[derive(Clone)]
pub struct OperationsState {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What is measured.
    pub metrics: Metrics,
    /// Whether the homeserver answers.
    pub health: Health,
    /// What must be mended on the homeserver's side.
    pub problem: Problem,
    /// The time.
    pub clock: Clock,
}

/// The endpoints.
pub fn router(state: OperationsState) -> Router {
    Router::new().route("/health", get(health)).route("/metrics", get(metrics)).with_state(state)
}

/// 200 if customers can be served. A silent homeserver is told, but is no reason to restart the
/// bridge: messages are kept until it is back. `degraded` means that somebody must mend something, and
/// `problem` says what.
async fn health(State(state): State<OperationsState>) -> Response {
    let homeserver = if state.health.is_up() { "up" } else { "down" };
    match state.store.depth().await {
        Ok(depth) => {
            let problem = state.problem.told();
            let mut body = json!({
                "status": if problem.is_none() { "ok" } else { "degraded" },
                "homeserver": homeserver,
                "inbox": depth.inbox,
                "outbox": depth.effects,
            });
            if let Some(problem) = problem {
                body["problem"] = problem.into();
            }
            Json(body).into_response()
        }
        Err(error) => {
            let body = json!({ "status": "failed", "store": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(state): State<OperationsState>) -> Response {
    let depth = state.store.depth().await.unwrap_or_default();
    let text = state.metrics.render(&depth, state.clock.now().0);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
