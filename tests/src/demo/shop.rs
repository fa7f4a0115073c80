//! A shop whose customers can chat.

use std::net::Ipv4Addr;

use axum::{
    Router,
    extract::Query,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;
use tokio::{net::TcpListener, task::AbortHandle};

use super::{DemoError, State, stack::SITE};
use crate::{signing::Signer, synapse::capitalised};

const PAGE: &str = include_str!("shop.html");

/// The shop at its own origin, and the same page at a foreign one.
#[derive(Debug)]
pub(super) struct Shop {
    servers: Vec<AbortHandle>,
}

impl Shop {
    pub(super) async fn open(state: &State) -> Result<Self, DemoError> {
        let State { ports, signer, .. } = state;
        let page = PAGE
            .replace("{gateway}", &format!("http://127.0.0.1:{}", ports.gateway))
            .replace("{site}", SITE);
        let mut servers = Vec::new();
        for port in [ports.shop, ports.foreign] {
            let page = page.clone();
            let router = Router::new()
                .route("/", get(|| async { Html(page) }))
                .route("/favicon.ico", get(no_icon));
            // Who is logged in there is nobody's business at the foreign origin.
            let router = if port == ports.shop { with_tokens(router, signer) } else { router };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .await
                .map_err(DemoError::io(format!("cannot listen on port {port}")))?;
            let server = tokio::spawn(async move { axum::serve(listener, router).await });
            servers.push(server.abort_handle());
        }
        Ok(Self { servers })
    }

    pub(super) fn close(&self) {
        self.servers.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.close();
    }
}

/// Who says that they are logged in is believed: it is a demo.
#[derive(Deserialize)]
struct LoggedIn {
    customer: String,
}

fn with_tokens(router: Router, signer: &Signer) -> Router {
    let signer = signer.clone();
    router.route(
        "/chat-token",
        get(async move |Query(LoggedIn { customer }): Query<LoggedIn>| {
            let claims = json!({
                "sub": customer,
                "name": format!("{} Fern", capitalised(&customer)),
                "email": format!("{customer}@example.org"),
                "order": 4711,
            });
            ([(header::CACHE_CONTROL, "no-store")], signer.token(SITE, &claims))
        }),
    )
}

async fn no_icon() -> Response {
    (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "max-age=86400")]).into_response()
}
