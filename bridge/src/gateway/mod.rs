//! What the customer's browser says and hears.
//!
//! A customer's input goes into the inbox and is acknowledged when it is durable; what comes back
//! is read from the chat's feed, by number, and from [`Live`](crate::live::Live). The gateway knows
//! nothing of rooms, agents or queues.
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | the protocol's types |
//! | [`config`] | what can be configured |
//! | [`sites`] | the sites, as they are now |
//! | [`input`] | what a customer did, as it lies in the inbox |
//! | [`session`] | chat ids, tokens and their records |
//! | [`clean`] | cleaning of names and texts |
//! | `requests`, `extract`, `poll` | requests |
//! | `socket` | the web socket |
//! | `feed`, `wake` | reading the feed, and when |
//! | `files` | uploads, links, downloads |
//! | `message` | checking a message |
//! | `origin`, `address`, `limits`, `open` | who may do what, and how much of it |
//! | `transcript` | what the customer takes along |
//! | `presence` | customers who gave up waiting |
//! | `widget` | the widget's files |

use axum::{
    Router, middleware,
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;

mod address;
mod change;
pub mod clean;
pub mod config;
mod error;
mod extract;
mod feed;
mod files;
pub mod input;
mod limits;
pub mod lookalike;
mod message;
mod open;
mod origin;
mod poll;
mod presence;
mod requests;
pub mod session;
pub mod signed;
pub mod sites;
mod socket;
mod state;
mod stated;
mod transcript;
mod wake;
mod widget;
pub mod wire;

#[cfg(test)]
mod tests;

pub use state::GatewayState;

/// Everything that customers' browsers may ask for. [`run`] must run beside it.
pub fn router(state: GatewayState) -> Router {
    Router::new()
        .nest("/customer/v1", requests::routes(&state))
        .nest("/widget", widget::routes())
        .fallback(async || error::ApiError::NotFound)
        .method_not_allowed_fallback(async || error::ApiError::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response(default_headers))
        .with_state(state)
}

/// What goes on besides answering, until the shutdown: waking sockets, noticing who gave up, and
/// sweeping. Returns when every socket has said goodbye.
pub async fn run(state: GatewayState) {
    let sweep = async {
        let mut minute = tokio::time::interval(std::time::Duration::from_mins(1));
        loop {
            minute.tick().await;
            state.limiters.sweep();
        }
    };
    let changes = state.store.watch();
    tokio::select! {
        () = state.shutdown.cancelled() => {}
        ((), (), ()) = async {
            tokio::join!(state.wakes.run(changes), presence::run(state.clone()), sweep)
        } => {}
    }
    state.tasks.close();
    state.tasks.wait().await;
}

/// Headers of every answer that does not say otherwise.
async fn default_headers(mut response: Response) -> Response {
    let defaults = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request's handler panicked");
    error::ApiError::Unavailable.into_response()
}
