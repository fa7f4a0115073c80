//! Files of customers and for customers: taking them in, and giving them out to their chat alone.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::StreamExt as _;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use sha2::Sha256;
use switchboard_engine::ChatId;
use tokio::time::{Instant, sleep};

use super::{
    error::ApiError,
    extract::Session,
    input::CustomerInput,
    limits::TooFast,
    message::BAD_KEY,
    session::is_message_key,
    state::GatewayState,
    wire::{Attachment, FileLink},
};
use crate::{
    live::unix_ms,
    matrix::client::CallError,
    media::{Media, MediaError, StoredFile, Unfit, file_key},
    store::RecordKind,
};

/// How long a link is good for.
const LINK_VALID: Duration = Duration::from_mins(10);
/// How much of a refused file's name is kept.
const NAME_CHARS: usize = 100;
/// Between two parts of a file.
const PART_WITHIN: Duration = Duration::from_secs(30);

/// What may stand in the address of an upload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Upload {
    /// Made by the page; the same key again is the same file.
    key: String,
    /// The file's name.
    #[serde(default)]
    name: String,
}

impl GatewayState {
    fn media(&self) -> Result<&Arc<Media>, ApiError> {
        self.media.as_ref().ok_or(ApiError::NotFound)
    }

    pub(super) async fn file(
        &self,
        chat: ChatId,
        id: &str,
    ) -> Result<Option<StoredFile>, ApiError> {
        let record = self.store.record(RecordKind::File, &file_key(chat, id)).await?;
        Ok(record.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
    }

    /// Whether a message's files are there.
    pub(super) async fn has_files(&self, chat: ChatId, ids: &[String]) -> Result<bool, ApiError> {
        for id in ids {
            if self.file(chat, id).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A file is not taken: that stands in the chat's log.
    async fn unfit(&self, chat: ChatId, Upload { key, name }: Upload, why: Unfit) -> ApiError {
        tracing::info!(%chat, ?why, "a customer's file is refused");
        let name = name.chars().take(NAME_CHARS).collect();
        let input = CustomerInput::Unfit { chat, key, name, why };
        let stored = match input.into_item(unix_ms()) {
            Ok(item) => self.store.append_inbox(vec![item]).await.map(drop).map_err(ApiError::from),
            Err(error) => Err(error.into()),
        };
        // The page hears why in any case.
        if let Err(error) = stored {
            tracing::warn!(%chat, ?error, "a refused file is not logged");
        }
        ApiError::Unfit(why)
    }
}

/// Takes a file in. It is stored when this is answered, and goes with the message that names it.
pub(super) async fn upload(
    State(state): State<GatewayState>,
    Session(session): Session,
    asked: Result<Query<Upload>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Attachment>), ApiError> {
    let Query(asked) = asked.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    if !is_message_key(&asked.key) {
        return Err(ApiError::BadRequest(BAD_KEY.to_owned()));
    }
    let media = state.media()?;
    let chat = session.chat;
    if let Some(file) = state.file(chat, &asked.key).await? {
        return Ok((StatusCode::OK, Json((&file).into())));
    }
    if state.has_ended(chat).await? {
        return Err(ApiError::Refused {
            reason: super::wire::RefusalReason::Ended,
            retry_after: None,
        });
    }
    state.limiters.file(chat)?;
    let length: Option<u64> =
        headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    match length {
        None => return Err(ApiError::BadRequest("Content-Length is missing".to_owned())),
        Some(length) if length > media.largest() => {
            if length <= 2 * media.largest() {
                drain(body).await;
            }
            return Err(state.unfit(chat, asked, Unfit::TooLarge).await);
        }
        Some(_) => {}
    }
    let _place = state.uploads.enter(chat).ok_or(TooFast { retry_after: RETRY_BUSY })?;
    // Who sends nothing for so long has gone.
    let parts = body.into_data_stream();
    let parts =
        futures_util::stream::unfold(parts, async |mut parts| {
            match tokio::time::timeout(PART_WITHIN, parts.next()).await {
                Ok(part) => part.map(|part| (part.map_err(|_| ()), parts)),
                Err(_) => Some((Err(()), parts)),
            }
        });
    let file = match media.take(&asked.key, &asked.name, Box::pin(parts)).await {
        Ok(file) => file,
        Err(MediaError::Unfit(why)) => return Err(state.unfit(chat, asked, why).await),
        Err(MediaError::Sender) => {
            return Err(ApiError::BadRequest("the file did not come whole".to_owned()));
        }
        Err(error @ MediaError::Call(_)) => {
            tracing::warn!(%error, "a customer's file cannot be stored");
            return Err(ApiError::Unavailable);
        }
        Err(error @ MediaError::Disk(_)) => {
            tracing::error!(%error, "a customer's file cannot be kept");
            return Err(ApiError::Unavailable);
        }
    };
    let attachment = Attachment::from(&file);
    let item = CustomerInput::Uploaded { chat, file }.into_item(unix_ms())?;
    state.store.append_inbox(vec![item]).await?;
    // Only a file that is committed can be named in a message. It wakes nobody: it is in no feed.
    let deadline = Instant::now() + state.times.start;
    while state.file(chat, &asked.key).await?.is_none() {
        if Instant::now() > deadline {
            return Err(ApiError::Unavailable);
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok((StatusCode::CREATED, Json(attachment)))
}

/// Reads a body that is not wanted to its end: while they send, browsers do not listen.
async fn drain(body: Body) {
    let mut parts = body.into_data_stream();
    let all = async { while let Some(Ok(_)) = parts.next().await {} };
    // Who is slower than that hears that the connection broke.
    let _ = tokio::time::timeout(PART_WITHIN, all).await;
}

const RETRY_BUSY: Duration = Duration::from_secs(2);

/// A link to a file of the session's chat.
pub(super) async fn link(
    State(state): State<GatewayState>,
    Session(session): Session,
    Path(id): Path<String>,
) -> Result<Json<FileLink>, ApiError> {
    state.media()?;
    state.file(session.chat, &id).await?.ok_or(ApiError::NotFound)?;
    let expires = unix_ms() + millis(LINK_VALID);
    let signature =
        URL_SAFE_NO_PAD.encode(mac(&state, session.chat, &id, expires)?.finalize().into_bytes());
    let url = format!("/customer/v1/content/{}/{id}/{expires}/{signature}", session.chat);
    Ok(Json(FileLink { url, valid_ms: millis(LINK_VALID) }))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn mac(
    state: &GatewayState,
    chat: ChatId,
    id: &str,
    expires: u64,
) -> Result<Hmac<Sha256>, ApiError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&state.store.identity().secret)
        .map_err(|_| ApiError::Unavailable)?;
    mac.update(format!("file link\n{chat}\n{id}\n{expires}").as_bytes());
    Ok(mac)
}

/// Gives a file out to whoever has a link that is still good.
pub(super) async fn content(
    State(state): State<GatewayState>,
    Path((chat, id, expires, signature)): Path<(String, String, u64, String)>,
) -> Result<Response, ApiError> {
    let media = state.media()?;
    let chat: ChatId = chat.parse().map_err(|_| ApiError::NotFound)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| ApiError::NotFound)?;
    // Compares in constant time.
    mac(&state, chat, &id, expires)?.verify_slice(&signature).map_err(|_| ApiError::NotFound)?;
    let left = expires.checked_sub(unix_ms()).ok_or(ApiError::NotFound)?;
    let file = state.file(chat, &id).await?.ok_or(ApiError::NotFound)?;
    let source = media.read(&file).await.map_err(|error| match error {
        CallError::Refused { .. } => ApiError::NotFound,
        error => {
            tracing::warn!(%error, "a file cannot be fetched");
            ApiError::Unavailable
        }
    })?;
    let length = source.content_length();
    let mut response = Body::from_stream(source.bytes_stream()).into_response();
    let headers = response.headers_mut();
    if length == Some(file.size) {
        headers.insert(header::CONTENT_LENGTH, file.size.into());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.mime()));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&file));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
    );
    let cache = format!("private, max-age={}", left / 1000);
    if let Ok(cache) = HeaderValue::from_str(&cache) {
        headers.insert(header::CACHE_CONTROL, cache);
    }
    headers
        .insert(HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen"));
    Ok(response)
}

/// How the browser is to take it (RFC 6266, with the name as in RFC 8187).
fn disposition(file: &StoredFile) -> HeaderValue {
    use std::fmt::Write as _;
    let way = if file.kind.is_image() { "inline" } else { "attachment" };
    let mut name = String::new();
    for byte in file.name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&format!("{way}; filename*=UTF-8''{name}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Kind;

    #[test]
    fn a_name_is_one_value_of_its_header() {
        let file = |name: &str, kind| StoredFile {
            id: "12345678".to_owned(),
            name: name.to_owned(),
            kind,
            size: 1,
            pixels: None,
            uri: "mxc://a/b".to_owned(),
        };
        for (name, kind, header) in [
            ("a.pdf", Kind::Pdf, "attachment; filename*=UTF-8''a.pdf"),
            ("a.png", Kind::Png, "inline; filename*=UTF-8''a.png"),
            ("ä \"b\";.txt", Kind::Text, "attachment; filename*=UTF-8''%C3%A4%20%22b%22%3B.txt"),
        ] {
            assert_eq!(disposition(&file(name, kind)), header);
        }
    }
}
