//! Requests to the homeserver, sent as the bot or as a ghost.

use std::{borrow::Cow, time::Duration};

use bytes::BytesMut;
use ruma::{
    OwnedDeviceId, UserId,
    api::{
        AppserviceUserIdentity, IncomingResponse, MatrixVersion, OutgoingRequest,
        OutgoingRequestAppserviceExt, SupportedVersions,
        auth_scheme::{AuthScheme, SendAccessToken},
        client::appservice::request_ping,
        error::{ErrorKind, FromHttpResponseError, RetryAfter},
        path_builder::PathBuilder,
    },
};
use url::Url;

use super::ping::{self, PingError};
use crate::identity;

/// What can go wrong with a request, told apart by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent: try again later, nothing can have happened.
    #[error("the homeserver cannot be reached: {0}")]
    Unreachable(String),
    /// It may have been done or not: look before trying again.
    #[error("the homeserver's answer did not come: {0}")]
    InDoubt(String),
    /// The homeserver is busy: try again after the given time.
    #[error("the homeserver asks to slow down")]
    Limited {
        /// What it asked for.
        retry_after: Option<Duration>,
    },
    /// The homeserver does not know the appservice's token: nothing works until it is mended.
    #[error(
        "the homeserver does not accept the appservice's token ({0}); register the appservice with it, or run `switchboard check`"
    )]
    Unauthorised(String),
    /// The homeserver refuses this for good.
    #[error("the homeserver refuses: {status} {kind}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The Matrix error code.
        kind: String,
        /// Its words.
        message: String,
    },
    /// The request could not be written or the answer not be read: a fault of ours or theirs.
    #[error("the homeserver's answer was not understood: {0}")]
    Nonsense(String),
}

impl CallError {
    /// Whether the refusal has this Matrix error code.
    #[must_use]
    pub fn is(&self, errcode: &str) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == errcode)
    }

    /// Whether the refusal says that something is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether trying again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::Nonsense(_))
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

/// How long a request may take before its answer counts as lost.
const TIMEOUT: Duration = Duration::from_secs(30);

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
            return Err(CallError::InDoubt(format!("status {status}")));
        }
        serde_json::from_slice::<Versions>(&bytes)
            .map(|v| v.versions)
            .map_err(|e| CallError::Nonsense(e.to_string()))
    }

    /// Asks the homeserver to ping the appservice with this id, and gives how long that took.
    ///
    /// Apart from [`Self::call_plain`], because here the homeserver's own errors are the answer.
    pub async fn ping(&self, appservice_id: &str) -> Result<Duration, PingError> {
        let other = |error: CallError| PingError::Other(error.to_string());
        let request = request_ping::v1::Request::new(appservice_id.to_owned())
            .try_into_http_request::<BytesMut>(
                &self.base,
                SendAccessToken::Appservice(&self.token),
                Cow::Borrowed(&self.versions),
            )
            .map_err(|e| PingError::Other(e.to_string()))?;
        let request = reqwest::Request::try_from(request.map(BytesMut::freeze))
            .map_err(|e| PingError::Other(e.to_string()))?;
        let response = self.http.execute(request).await.map_err(|e| other(lost(e)))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|e| other(lost(e)))?;
        ping::answer(status, &body)
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
        if status.is_server_error() {
            return Err(CallError::InDoubt(format!("status {status}")));
        }
        let answer = answer.body(body).map_err(|e| CallError::Nonsense(e.to_string()))?;
        T::try_from_http_response(answer).map_err(|error| match error {
            FromHttpResponseError::Server(error) => refusal(status.as_u16(), &error.into()),
            FromHttpResponseError::Deserialization(error) => CallError::Nonsense(error.to_string()),
            other => CallError::Nonsense(other.to_string()),
        })
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

fn refusal(status: u16, error: &ruma::api::error::Error) -> CallError {
    let kind = error.error_kind();
    match kind {
        Some(ErrorKind::LimitExceeded(data)) => CallError::Limited {
            retry_after: data.retry_after.as_ref().map(|after| match after {
                RetryAfter::Delay(delay) => *delay,
                RetryAfter::DateTime(at) => {
                    at.duration_since(std::time::SystemTime::now()).unwrap_or_default()
                }
            }),
        },
        _ if status == 429 => CallError::Limited { retry_after: None },
        Some(ErrorKind::UnknownToken(_) | ErrorKind::MissingToken) => {
            CallError::Unauthorised(error.to_string())
        }
        Some(kind) => CallError::Refused {
            status,
            kind: kind.errcode().to_string(),
            message: error.to_string(),
        },
        None => CallError::Refused {
            status,
            kind: "M_UNKNOWN".to_owned(),
            message: "no Matrix error in the answer".to_owned(),
        },
    }
}
