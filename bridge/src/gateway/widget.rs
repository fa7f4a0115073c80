//! The widget's files, and the headers that keep its page to itself.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

use super::{error::ApiError, sites::Site, state::GatewayState};

/// The built widget. A debug build reads it from the disk, so it may be built later.
#[derive(RustEmbed)]
#[folder = "../widget/customer/dist"]
#[allow_missing = true]
struct Built;

/// One of the widget's files.
#[derive(Clone, Debug)]
pub(super) struct WidgetFile {
    pub(super) content: Cow<'static, [u8]>,
    pub(super) media_type: String,
    pub(super) etag: String,
}

/// Finds the widget's files by their path.
#[derive(Clone)]
pub(super) struct WidgetFiles {
    find: Arc<Find>,
}

type Find = dyn Fn(&str) -> Option<WidgetFile> + Send + Sync;

impl WidgetFiles {
    /// Those that are built into the program.
    pub(super) fn embedded() -> Self {
        Self::new(|path| {
            let file = Built::get(path)?;
            Some(WidgetFile {
                media_type: file.metadata.mimetype().to_owned(),
                etag: format!("\"{}\"", super::session::hex(&file.metadata.sha256_hash()[..16])),
                content: file.data,
            })
        })
    }

    pub(super) fn new(find: impl Fn(&str) -> Option<WidgetFile> + Send + Sync + 'static) -> Self {
        Self { find: Arc::new(find) }
    }

    fn find(&self, path: &str) -> Result<WidgetFile, WidgetError> {
        match (self.find)(path) {
            Some(file) => Ok(file),
            None if (self.find)(PAGE).is_none() => Err(WidgetError::NotBuilt),
            None => Err(WidgetError::NotFound),
        }
    }
}

/// The page in the frame.
const PAGE: &str = "index.html";

#[derive(Debug, thiserror::Error)]
enum WidgetError {
    #[error(
        "The widget is not built. Run `npm ci && npm run build` in the folder `widget`, then build the bridge again.\n"
    )]
    NotBuilt,
    #[error("there is no such file")]
    NotFound,
}

impl IntoResponse for WidgetError {
    fn into_response(self) -> Response {
        match self {
            Self::NotBuilt => (StatusCode::SERVICE_UNAVAILABLE, self.to_string()).into_response(),
            Self::NotFound => ApiError::NotFound.into_response(),
        }
    }
}

/// The routes under `/widget`.
pub(super) fn routes() -> Router<GatewayState> {
    Router::new()
        .route("/loader.js", get(loader))
        .route("/assets/{*path}", get(asset))
        .route("/{site}", get(page))
}

/// The script that integrators put on their pages.
async fn loader(
    State(state): State<GatewayState>,
    headers: HeaderMap,
) -> Result<Response, WidgetError> {
    let file = state.widget.find("loader.js")?;
    let mut response = serve(file, &headers, "public, max-age=300");
    set(&mut response, CORP, "cross-origin");
    Ok(response)
}

/// A file with a hash in its name.
async fn asset(
    State(state): State<GatewayState>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WidgetError> {
    let file = state.widget.find(&format!("assets/{path}"))?;
    Ok(serve(file, &headers, "public, max-age=31536000, immutable"))
}

/// The page in the frame, which only the site's own pages may show.
async fn page(
    State(state): State<GatewayState>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let site = state.sites.borrow().get(&site).cloned();
    let site = site.ok_or_else(|| ApiError::NotFound.into_response())?;
    let file = state.widget.find(PAGE).map_err(IntoResponse::into_response)?;
    let policy = content_security_policy(&state, &site);
    let policy = HeaderValue::from_str(&policy).map_err(|error| {
        tracing::error!(%error, site = site.id, "the site's origins cannot stand in a header");
        ApiError::Unavailable.into_response()
    })?;
    let mut response = serve(file, &headers, "no-store");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    // With no referrer at all, some browsers name no origin either.
    set(&mut response, header::REFERRER_POLICY, "strict-origin");
    set(&mut response, CORP, "cross-origin");
    Ok(response)
}

const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

fn content_security_policy(state: &GatewayState, site: &Site) -> String {
    // `'self'` does not cover web sockets in every browser.
    let socket = state.config.public_origin().replacen("http", "ws", 1);
    let ancestors =
        if site.origins.is_empty() { "'none'".to_owned() } else { site.origins.join(" ") };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {socket}; \
         img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; frame-ancestors {ancestors}"
    )
}

fn serve(file: WidgetFile, headers: &HeaderMap, cache: &'static str) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| {
        known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag)
    });
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, with_charset(&file.media_type))], file.content).into_response()
    };
    set(&mut response, header::CACHE_CONTROL, cache);
    if let Ok(etag) = HeaderValue::from_str(&file.etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn with_charset(media_type: &str) -> String {
    let is_text = media_type.starts_with("text/") && !media_type.contains(';');
    if is_text { format!("{media_type}; charset=utf-8") } else { media_type.to_owned() }
}

fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}
