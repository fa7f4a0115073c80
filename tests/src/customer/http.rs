//! The customer's HTTP calls.

use std::time::Duration;

use reqwest::{Method, header};
use serde::{Serialize, de::DeserializeOwned};
use switchboard::gateway::wire::{
    Attachment, ChatStarted, ClientFrame, ErrorBody, FeedPage, FileLink, SendMessage, StartChat,
};

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The bridge said no.
    #[error("status {0}: {1:?}")]
    Status(u16, Option<ErrorBody>),
    /// There was no reply, or none that is understood.
    #[error(transparent)]
    Connection(#[from] reqwest::Error),
}

impl Failure {
    /// The status, if there was a reply.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            Self::Connection(_) => None,
        }
    }
}

/// The endpoints under `/customer/v1`.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    base: String,
    origin: Option<String>,
    token: String,
}

impl Http {
    /// Of this gateway, asked by its own page.
    ///
    /// # Panics
    /// If the system gives no client.
    #[must_use]
    pub fn new(gateway: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a plain client");
        let base = gateway.trim_end_matches('/').to_owned();
        Self { client, origin: Some(base.clone()), base, token: String::new() }
    }

    /// With this session's token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// Asked by a page of this origin; `None`: by no page.
    #[must_use]
    pub fn with_origin(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(Into::into);
        self
    }

    /// The gateway.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The session's token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The page's origin.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// `POST …/chats`
    pub async fn start(&self, site: &str, body: &StartChat) -> Result<ChatStarted, Failure> {
        self.call(Method::POST, &format!("sites/{site}/chats"), Some(body)).await
    }

    /// `GET …/feed`
    pub async fn feed(&self, after: u64, wait_seconds: u64) -> Result<FeedPage, Failure> {
        let path = format!("feed?after={after}&wait={wait_seconds}");
        self.call(Method::GET, &path, None::<&()>).await
    }

    /// `POST …/messages`
    pub async fn send(&self, key: &str, text: &str) -> Result<(), Failure> {
        let body = SendMessage {
            key: key.into(),
            text: text.into(),
            email: None,
            reply_to: None,
            files: Vec::new(),
        };
        self.status(Method::POST, "messages", Some(&body)).await
    }

    /// `POST …/files`
    pub async fn upload(
        &self,
        key: &str,
        name: &str,
        file: impl Into<reqwest::Body>,
    ) -> Result<Attachment, Failure> {
        let request = self
            .client
            .post(format!("{}/customer/v1/files", self.base))
            .query(&[("key", key), ("name", name)])
            .timeout(Duration::from_mins(2))
            .bearer_auth(&self.token)
            .body(file);
        let reply = request.send().await?;
        if reply.status().is_success() {
            return Ok(reply.json().await?);
        }
        Err(Failure::Status(reply.status().as_u16(), reply.json().await.ok()))
    }

    /// `GET …/files/{id}`
    pub async fn link(&self, id: &str) -> Result<FileLink, Failure> {
        self.call(Method::GET, &format!("files/{id}"), None::<&()>).await
    }

    /// Follows a link, as anybody can who has it.
    pub async fn follows(&self, link: &FileLink) -> Result<reqwest::Response, Failure> {
        let reply = self.client.get(format!("{}{}", self.base, link.url)).send().await?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        Err(Failure::Status(reply.status().as_u16(), reply.json().await.ok()))
    }

    /// `POST …/messages` with files.
    pub async fn send_files(&self, key: &str, text: &str, files: &[&str]) -> Result<(), Failure> {
        let files = files.iter().map(|&id| id.to_owned()).collect();
        let body =
            SendMessage { key: key.into(), text: text.into(), email: None, reply_to: None, files };
        self.status(Method::POST, "messages", Some(&body)).await
    }

    /// `POST …/changes`
    pub async fn change(&self, frame: &ClientFrame) -> Result<(), Failure> {
        self.status(Method::POST, "changes", Some(frame)).await
    }

    /// `POST …/end`
    pub async fn end(&self) -> Result<(), Failure> {
        self.status(Method::POST, "end", None::<&()>).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<reqwest::Response, Failure> {
        let mut request = self
            .client
            .request(method, format!("{}/customer/v1/{path}", self.base))
            .timeout(Duration::from_secs(40));
        if let Some(origin) = &self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await?;
        if reply.status().is_success() {
            return Ok(reply);
        }
        Err(Failure::Status(reply.status().as_u16(), reply.json().await.ok()))
    }

    /// Any call, whose reply is JSON.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Failure> {
        Ok(self.ask(method, path, body).await?.json().await?)
    }

    /// Any call, whose reply does not matter.
    pub async fn status(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(), Failure> {
        self.ask(method, path, body).await.map(drop)
    }
}
