//! What all requests and sockets share.

use std::{ops::Deref, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    config::GatewayConfig,
    error::ApiError,
    limits::Limiters,
    open::{OpenSockets, Uploads},
    origin::RequestOrigin,
    session::{self, SessionRecord, SessionToken},
    sites::{Site, Sites},
    wake::Wakes,
    widget::WidgetFiles,
    wire::LIMITS,
};
use crate::{live::Live, media::Media, store::Store};

/// The gateway. A clone is another handle to the same.
#[derive(Clone)]
pub struct GatewayState {
    shared: Arc<Shared>,
}

/// What is in it; only the gateway's own modules see that.
pub struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) live: Live,
    pub(super) config: GatewayConfig,
    /// The bridge's own origin.
    pub(super) own_origin: String,
    /// The newest sites.
    pub(super) sites: watch::Receiver<Arc<Sites>>,
    pub(super) limiters: Limiters,
    pub(super) wakes: Wakes,
    pub(super) open: OpenSockets,
    pub(super) widget: WidgetFiles,
    pub(super) times: Times,
    pub(super) shutdown: CancellationToken,
    /// The sockets' tasks.
    pub(super) tasks: TaskTracker,
    /// Files, unless there are none.
    pub(super) media: Option<Arc<Media>>,
    pub(super) uploads: Uploads,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// Until the first frame of a socket.
    pub(super) hello: Duration,
    /// Until the page takes a frame.
    pub(super) send: Duration,
    /// Between two frames of the page.
    pub(super) idle: Duration,
    /// Until a started chat exists.
    pub(super) start: Duration,
    /// For the body of a request.
    pub(super) body: Duration,
    /// The longest wait for the feed over HTTP.
    pub(super) poll: Duration,
    /// Between two pushes of the live state.
    pub(super) live: Duration,
    /// Between two pushes because of the place in the queue and the estimated wait alone.
    pub(super) position: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let ping = Duration::from_secs(u64::from(LIMITS.ping_seconds));
        Self {
            hello: Duration::from_secs(10),
            send: Duration::from_secs(10),
            idle: ping * 5 / 2,
            start: Duration::from_secs(10),
            body: Duration::from_secs(30),
            poll: Duration::from_secs(25),
            live: Duration::from_millis(100),
            position: Duration::from_secs(1),
        }
    }
}

impl GatewayState {
    /// A gateway in front of `store`, until `shutdown`. The configuration must be valid. What is
    /// sent to `sites` counts from then on, for what is open as well.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        live: Live,
        config: GatewayConfig,
        sites: watch::Receiver<Arc<Sites>>,
        shutdown: CancellationToken,
        media: Option<Arc<Media>>,
    ) -> Self {
        let files = WidgetFiles::embedded();
        Self::with(store, live, config, sites, shutdown, (files, media), Times::default())
    }

    pub(super) fn with(
        store: Arc<dyn Store>,
        live: Live,
        config: GatewayConfig,
        sites: watch::Receiver<Arc<Sites>>,
        shutdown: CancellationToken,
        (widget, media): (WidgetFiles, Option<Arc<Media>>),
        times: Times,
    ) -> Self {
        let shared = Shared {
            store,
            live,
            own_origin: config.public_origin(),
            sites,
            limiters: Limiters::new(&config.limits),
            wakes: Wakes::default(),
            open: OpenSockets::new(&config.limits),
            widget,
            times,
            shutdown,
            tasks: TaskTracker::new(),
            media,
            uploads: Uploads::default(),
            config,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A site, for a page of this origin.
    pub(super) fn site(&self, id: &str, origin: &RequestOrigin) -> Result<Arc<Site>, ApiError> {
        let site = self.sites.borrow().get(id).cloned().ok_or(ApiError::NotFound)?;
        origin.permit(&self.own_origin, &site)?;
        Ok(site)
    }

    /// Whether a page that was let in may stay. That its site is gone is no secret from it.
    pub(super) fn still_permits(&self, id: &str, origin: &RequestOrigin) -> Result<(), ApiError> {
        self.site(id, origin).map(drop).map_err(|_| ApiError::ForbiddenOrigin)
    }

    /// The one place where a token becomes the right to a chat. What is wrong with a token, or
    /// whether its chat or site is gone, is nobody's business.
    pub(super) async fn authorise(
        &self,
        token: Option<&str>,
        origin: &RequestOrigin,
    ) -> Result<SessionRecord, ApiError> {
        let token = token.and_then(SessionToken::parse).ok_or(ApiError::NotFound)?;
        let session = session::look_up(self.store.as_ref(), &token.hash()).await?;
        let session = session.ok_or(ApiError::NotFound)?;
        self.site(&session.site, origin)?;
        Ok(session)
    }
}

impl Deref for GatewayState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl std::fmt::Debug for GatewayState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayState").field("config", &self.config).finish_non_exhaustive()
    }
}
