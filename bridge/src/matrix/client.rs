//! Requests to the homeserver, sent as the bot or as a ghost.

use std::{borrow::Cow, time::Duration};

use bytes::BytesMut;
use ruma::{
    OwnedDeviceId, UserId,
    api::{
        AppserviceUserIdentity, IncomingResponse, MatrixVersion, OutgoingRequest,
        OutgoingRequestAppserviceExt, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        error::{ErrorKind, FromHttpResponseError, RetryAfter},
        path_builder::PathBuilder,
    },
};
use url::Url;

use crate::identity;

/// What can go wrong with a request, told apart by what to do about it.
///
/// As text it never holds the homeserver's own words, which can name people and rooms: it may be
/// logged. [`CallError::in_full`] has them.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent: try again later, nothing can have happened.
    #[error("the homeserver cannot be reached: {0}")]
    Unreachable(String),
    /// It may have been done or not: look before trying again.
    #[error("the homeserver's answer did not come: {0}")]
    InDoubt(String),
    /// An answer that decides nothing: the homeserver failed, or a proxy answered in its place. It
    /// may have been done or not: look before trying again.
    #[error("the homeserver failed: status {status}{}", errcode(kind.as_ref()))]
    Failed {
        /// The HTTP status.
        status: u16,
        /// The Matrix error code, if it has one; otherwise it may come from anybody.
        kind: Option<String>,
        /// With `M_BAD_STATUS`: the HTTP status by which the appservice answered the ping.
        of_ping: Option<u16>,
        /// Its words, if they are Matrix's.
        message: String,
    },
    /// The homeserver is busy: try again after the given time.
    #[error("the homeserver asks to slow down")]
    Limited {
        /// What it asked for.
        retry_after: Option<Duration>,
    },
    /// The homeserver does not know the appservice's token: nothing works until it is mended.
    #[error(
        "the homeserver does not know as_token; write the registration again with `switchboard registration`, restart the homeserver, and run `switchboard check`"
    )]
    Unauthorised,
    /// The homeserver itself refuses this for good.
    #[error("the homeserver refuses: {status} {kind}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The Matrix error code.
        kind: String,
        /// Its words.
        message: String,
    },
    /// The virus scanner does not answer, so nothing was sent: try again later.
    #[error("the virus scanner does not answer: {0}")]
    Scanner(String),
    /// The request could not be written: a fault of ours.
    #[error("a request could not be written: {0}")]
    Nonsense(String),
}

/// An error code at the end of a sentence, if there is one.
fn errcode(kind: Option<&String>) -> String {
    kind.map(|kind| format!(" {kind}")).unwrap_or_default()
}

impl CallError {
    /// Whether the refusal has this Matrix error code.
    #[must_use]
    pub fn is(&self, errcode: &str) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == errcode)
    }

    /// Whether the homeserver says that something is not there. A plain 404 can be a proxy's.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is("M_NOT_FOUND")
    }

    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Nonsense(_))
    }

    /// Whether it may have been done all the same.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::InDoubt(_) | Self::Failed { .. })
    }

    /// Whether it looks as if there was no homeserver: nothing answers, or something else does.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::InDoubt(_) => true,
            Self::Failed { status, kind, .. } => kind.is_none() || (502..=504).contains(status),
            _ => false,
        }
    }

    /// Whether our homeserver says that another one does not answer: with an error code, or it would
    /// be a proxy that says it of ours.
    #[must_use]
    pub fn is_anothers_absence(&self) -> bool {
        matches!(self, Self::Failed { status: 502 | 504, kind: Some(_), .. })
    }

    /// All that is known, with the homeserver's words. Not for logs.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Failed { message, .. } | Self::Refused { message, .. } if !message.is_empty() => {
                format!("{self}: {message}")
            }
            _ => self.to_string(),
        }
    }
}

/// In whose name a request is made.
#[derive(Clone, Copy, Debug)]
pub struct As<'a> {
    user: &'a UserId,
    device: bool,
}

impl<'a> As<'a> {
    /// As a user of ours, without a device.
    #[must_use]
    pub fn user(user: &'a UserId) -> Self {
        Self { user, device: false }
    }

    /// As a user of ours with its device, so that transaction ids are remembered.
    #[must_use]
    pub fn device(user: &'a UserId) -> Self {
        Self { user, device: true }
    }
}

/// The homeserver's client API with the appservice's token. Cheap to clone.
#[derive(Clone)]
pub struct Homeserver {
    http: reqwest::Client,
    base: String,
    token: String,
    device: OwnedDeviceId,
    versions: SupportedVersions,
}

impl std::fmt::Debug for Homeserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Homeserver").field("base", &self.base).finish_non_exhaustive()
    }
}

/// How long a file may take.
const FILE_TIMEOUT: Duration = Duration::from_mins(5);

/// How long a request may take before its answer counts as lost.
pub const TIMEOUT: Duration = Duration::from_secs(30);

impl Homeserver {
    /// A client for the homeserver at `base`.
    pub fn new(base: &Url, token: &str) -> Result<Self, CallError> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(64)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| CallError::Nonsense(e.to_string()))?;
        let versions = [MatrixVersion::V1_1, MatrixVersion::V1_7, MatrixVersion::V1_11];
        Ok(Self {
            http,
            base: base.as_str().trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            device: identity::device(),
            versions: SupportedVersions {
                versions: versions.into_iter().collect(),
                features: std::collections::BTreeSet::default(),
            },
        })
    }

    /// Sends a request in somebody's name.
    pub async fn call<R>(&self, who: As<'_>, request: R) -> Result<R::IncomingResponse, CallError>
    where
        R: OutgoingRequest,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
        for<'a> R::PathBuilder: PathBuilder<Input<'a> = Cow<'a, SupportedVersions>>,
        R::EndpointError: Into<ruma::api::error::Error>,
    {
        let mut identity = AppserviceUserIdentity::new(who.user);
        if who.device {
            identity.device_id = Some(&self.device);
        }
        let request = request
            .try_into_http_request_with_identity::<BytesMut>(
                &self.base,
                SendAccessToken::Appservice(&self.token),
                identity,
                Cow::Borrowed(&self.versions),
            )
            .map_err(|e| CallError::Nonsense(e.to_string()))?;
        self.exchange::<R::IncomingResponse>(request.map(BytesMut::freeze)).await
    }

    /// Sends a request in nobody's name.
    pub async fn call_plain<R>(&self, request: R) -> Result<R::IncomingResponse, CallError>
    where
        R: OutgoingRequest,
        for<'a> R::Authentication: AuthScheme<Input<'a> = SendAccessToken<'a>>,
        for<'a> R::PathBuilder: PathBuilder<Input<'a> = Cow<'a, SupportedVersions>>,
        R::EndpointError: Into<ruma::api::error::Error>,
    {
        let request = request
            .try_into_http_request::<BytesMut>(
                &self.base,
                SendAccessToken::Appservice(&self.token),
                Cow::Borrowed(&self.versions),
            )
            .map_err(|e| CallError::Nonsense(e.to_string()))?;
        self.exchange::<R::IncomingResponse>(request.map(BytesMut::freeze)).await
    }

    /// Registers a user of ours (spec: application service API, `m.login.application_service`).
    /// One that exists already is fine.
    pub async fn register(&self, localpart: &str) -> Result<(), CallError> {
        #[derive(serde::Serialize)]
        struct Body<'a> {
            r#type: &'static str,
            username: &'a str,
            inhibit_login: bool,
        }
        let body = Body {
            r#type: "m.login.application_service",
            username: localpart,
            inhibit_login: true,
        };
        let request = http::Request::post(format!("{}/_matrix/client/v3/register", self.base))
            .header(http::header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(bytes::Bytes::from(
                serde_json::to_vec(&body).map_err(|e| CallError::Nonsense(e.to_string()))?,
            ))
            .map_err(|e| CallError::Nonsense(e.to_string()))?;
        // Any response without a body of interest will do as the type.
        match self.exchange::<ruma::api::client::device::update_device::v3::Response>(request).await
        {
            Err(error) if error.is("M_USER_IN_USE") => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// What the homeserver says it can do (`GET /_matrix/client/versions`).
    pub async fn versions(&self) -> Result<Vec<String>, CallError> {
        #[derive(serde::Deserialize)]
        struct Versions {
            versions: Vec<String>,
        }
        let response = self
            .http
            .get(format!("{}/_matrix/client/versions", self.base))
            .timeout(Duration::from_secs(5))
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(lost)?;
        if !status.is_success() {
            return Err(not_done(status, &bytes));
        }
        serde_json::from_slice::<Versions>(&bytes)
            .map(|v| v.versions)
            .map_err(|_| not_done(status, &bytes))
    }

    /// Puts a file into the media repository; returns its address (spec: `POST /upload`).
    pub async fn upload(
        &self,
        who: As<'_>,
        mime: &str,
        size: u64,
        body: reqwest::Body,
    ) -> Result<String, CallError> {
        #[derive(serde::Deserialize)]
        struct Uploaded {
            content_uri: String,
        }
        let response = self
            .http
            .post(format!("{}/_matrix/media/v3/upload", self.base))
            .query(&[("user_id", who.user.as_str())])
            .bearer_auth(&self.token)
            .header(http::header::CONTENT_TYPE, mime)
            // Without it, the body goes in chunks, which Synapse refuses.
            .header(http::header::CONTENT_LENGTH, size)
            .timeout(FILE_TIMEOUT)
            .body(body)
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        let body = response.bytes().await.map_err(lost)?;
        if !status.is_success() {
            return Err(refused_file(status, &body));
        }
        serde_json::from_slice::<Uploaded>(&body)
            .map(|uploaded| uploaded.content_uri)
            .map_err(|_| not_done(status, &body))
    }

    /// A file of the media repository, to be read as it comes (spec: authenticated media).
    pub async fn download(&self, who: As<'_>, uri: &str) -> Result<reqwest::Response, CallError> {
        let place = uri
            .strip_prefix("mxc://")
            .filter(|place| {
                place.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:/[]".contains(&b))
            })
            .and_then(|place| place.split_once('/'))
            .filter(|(server, id)| !server.is_empty() && !id.is_empty() && !id.contains('/'));
        let Some((server, id)) = place else {
            return Err(CallError::Nonsense("no address of a file".to_owned()));
        };
        let response = self
            .http
            .get(format!("{}/_matrix/client/v1/media/download/{server}/{id}", self.base))
            .query(&[("user_id", who.user.as_str())])
            .bearer_auth(&self.token)
            .timeout(FILE_TIMEOUT)
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.bytes().await.map_err(lost)?;
        Err(refused_file(status, &body))
    }

    async fn exchange<T>(&self, request: http::Request<bytes::Bytes>) -> Result<T, CallError>
    where
        T: IncomingResponse,
        T::EndpointError: Into<ruma::api::error::Error>,
    {
        let request =
            reqwest::Request::try_from(request).map_err(|e| CallError::Nonsense(e.to_string()))?;
        let mut response = self.http.execute(request).await.map_err(lost)?;
        let status = response.status();
        let mut answer = http::Response::builder().status(status);
        if let Some(headers) = answer.headers_mut() {
            std::mem::swap(headers, response.headers_mut());
        }
        let body = response.bytes().await.map_err(lost)?;
        // A page of a proxy must not pass for an answer in which nothing is looked at.
        let answered = status.is_success() && (body.is_empty() || is_json(&body));
        if !answered && !status.is_client_error() {
            return Err(not_done(status, &body));
        }
        let answer = answer.body(body.clone()).map_err(|e| CallError::Nonsense(e.to_string()))?;
        T::try_from_http_response(answer).map_err(|error| match error {
            FromHttpResponseError::Server(error) => refusal(status, &error.into(), &body),
            _ => not_done(status, &body),
        })
    }
}

/// What an answer without a file says.
fn refused_file(status: http::StatusCode, body: &[u8]) -> CallError {
    match not_done(status, body) {
        CallError::Failed { kind: Some(kind), .. } if kind == "M_UNKNOWN_TOKEN" => {
            CallError::Unauthorised
        }
        CallError::Failed { kind: Some(_), .. }
            if status == http::StatusCode::TOO_MANY_REQUESTS =>
        {
            CallError::Limited { retry_after: None }
        }
        CallError::Failed { status: code, kind: Some(kind), message, .. }
            if status.is_client_error() =>
        {
            CallError::Refused { status: code, kind, message }
        }
        other => other,
    }
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// An answer that does not say what became of the request.
fn not_done(status: http::StatusCode, body: &[u8]) -> CallError {
    /// An error as Matrix words it, as far as it is of interest.
    #[derive(Default, serde::Deserialize)]
    struct Words {
        #[serde(default)]
        errcode: Option<String>,
        #[serde(default)]
        error: String,
        #[serde(default)]
        status: Option<u16>,
    }
    let words: Words = serde_json::from_slice(body).unwrap_or_default();
    CallError::Failed {
        status: status.as_u16(),
        of_ping: words.status.filter(|_| words.errcode.is_some()),
        message: if words.errcode.is_some() { words.error } else { String::new() },
        kind: words.errcode,
    }
}

/// A request that failed on its way.
fn lost(error: reqwest::Error) -> CallError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    // A failed connection is the one case in which nothing can have been done.
    if error.is_connect() { CallError::Unreachable(text) } else { CallError::InDoubt(text) }
}

fn refusal(status: http::StatusCode, error: &ruma::api::error::Error, body: &[u8]) -> CallError {
    match error.error_kind() {
        Some(ErrorKind::LimitExceeded(data)) => CallError::Limited {
            retry_after: data.retry_after.as_ref().map(|after| match after {
                RetryAfter::Delay(delay) => *delay,
                RetryAfter::DateTime(at) => {
                    at.duration_since(std::time::SystemTime::now()).unwrap_or_default()
                }
            }),
        },
        _ if status == http::StatusCode::TOO_MANY_REQUESTS => {
            CallError::Limited { retry_after: None }
        }
        Some(ErrorKind::UnknownToken(_) | ErrorKind::MissingToken) => CallError::Unauthorised,
        Some(kind) => CallError::Refused {
            status: status.as_u16(),
            kind: kind.errcode().to_string(),
            message: error.to_string(),
        },
        // Without an error code it is not the homeserver that refuses.
        None => not_done(status, body),
    }
}

#[cfg(test)]
mod tests {
    use ruma::api::client::alias::get_alias;

    use super::*;

    type Answer = get_alias::v3::Response;

    /// What becomes of an answer with this status and body.
    fn judged(status: u16, body: &str) -> CallError {
        let status = http::StatusCode::from_u16(status).expect("a status");
        let answer = http::Response::builder().status(status).body(body.to_owned());
        let read = Answer::try_from_http_response(answer.expect("an answer"));
        match read.expect_err("no good answer") {
            FromHttpResponseError::Server(error) => refusal(status, &error, body.as_bytes()),
            _ => not_done(status, body.as_bytes()),
        }
    }

    #[test]
    fn only_the_homeserver_itself_can_refuse() {
        let refused = judged(404, r#"{"errcode":"M_NOT_FOUND","error":"no @anna:example.org"}"#);
        assert!(refused.is_not_found() && !refused.is_transient());
        assert_eq!(refused.to_string(), "the homeserver refuses: 404 M_NOT_FOUND");
        assert!(refused.in_full().contains("@anna:example.org"));
        let unknown = judged(404, r#"{"errcode":"M_UNRECOGNIZED","error":"what?"}"#);
        assert!(!unknown.is_not_found() && !unknown.is_transient());
        for (status, body) in [
            (404, "404 page not found\n"),
            (404, "{}"),
            (403, "<html>Forbidden</html>"),
            (413, ""),
            (200, "<html>Back soon</html>"),
            (200, "{}"),
        ] {
            let error = judged(status, body);
            assert!(error.is_transient() && error.is_in_doubt(), "{status} {body}: {error}");
            assert!(!error.is_not_found(), "{status} {body}");
        }
    }

    #[test]
    fn failures_keep_their_code_and_words() {
        let body = br#"{"errcode":"M_BAD_STATUS","error":"HTTP 403 Forbidden","status":403}"#;
        let error = not_done(http::StatusCode::BAD_GATEWAY, body);
        assert!(matches!(&error, CallError::Failed { of_ping: Some(403), .. }));
        assert_eq!(error.to_string(), "the homeserver failed: status 502 M_BAD_STATUS");
        assert!(error.in_full().ends_with("HTTP 403 Forbidden"));
    }

    #[test]
    fn a_homeserver_that_answers_for_itself_is_there() {
        let failed = |status, body: &str| {
            not_done(http::StatusCode::from_u16(status).expect("a status"), body.as_bytes())
        };
        assert!(!failed(500, r#"{"errcode":"M_UNKNOWN","error":"oops"}"#).is_absence());
        for (status, body) in [(500, "oops"), (502, "{}"), (503, r#"{"errcode":"M_UNKNOWN"}"#)] {
            assert!(failed(status, body).is_absence(), "{status} {body}");
        }
    }
}
