//! What the customer takes along: their conversation as a file.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::{
    error::ApiError, extract::Session, feed::PAGE, session::SessionRecord, state::GatewayState,
};
use crate::transcript::{Facts, Transcript};

/// What may stand in the address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    format: Format,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Html,
    Text,
}

/// `GET /customer/v1/transcript`
pub(super) async fn download(
    State(state): State<GatewayState>,
    Session(session): Session,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Asked { format }) = asked.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    // It reads the whole feed: as dear as a message.
    state.limiters.message(session.chat)?;
    let transcript = read(&state, &session).await?;
    let (body, kind, dot) = match format {
        Format::Html => (transcript.html(), "text/html; charset=utf-8", "html"),
        Format::Text => (transcript.text(), "text/plain; charset=utf-8", "txt"),
    };
    let name = format!("attachment; filename=\"{}.{dot}\"", transcript.file_name());
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    // Should a browser show it all the same, it is nobody's page.
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    );
    headers
        .insert(HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen"));
    Ok(response)
}

/// The transcript of a session's chat, as far as it has come.
async fn read(state: &GatewayState, session: &SessionRecord) -> Result<Transcript, ApiError> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |last: &super::wire::FeedEntry| last.seq);
        let page = state.entries(session.chat, after).await?;
        let more = page.len() == PAGE;
        all.extend(page);
        if !more {
            break;
        }
    }
    let site = state.sites.borrow().get(&session.site).cloned();
    Ok(Transcript::of(all, Facts::new(session.number, site.as_deref())))
}
