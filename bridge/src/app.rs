//! Everything put together: started in order, stopped in reverse.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    appservice::{self, AppserviceState, gaps::Gaps, invites::Invites, reach::Problem},
    clock::Clock,
    config::{Config, StoreKind},
    directory::Directory,
    gateway::{self, GatewayState, sites::Sites},
    identity::{InvalidNamespace, Namespace},
    listen::{self, ListenOptions},
    live::Live,
    matrix::client::{CallError, Homeserver},
    media::Media,
    metrics::Metrics,
    operations::{self, OperationsState},
    outbox::{self, Outbox, deliver::Deliverer, health::Health},
    prepare::Preparation,
    runner::{CentreFile, LoadError, Runner, SpaceSettings, Surroundings, Whisper},
    store::{
        EffectSeq, Store, StoreError,
        memory::MemoryStore,
        sled::{OpenOptions, SledStore},
    },
};

/// How many whispers may wait for the runner.
const WHISPERS: usize = 1024;
/// How long requests under way may go on after the end.
const DRAIN: Duration = Duration::from_secs(3);
/// How long all tasks may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// The bridge could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address} ({what}): {source}; is another program using it?")]
    Listen {
        /// For what.
        what: &'static str,
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored state.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A stored effect.
    #[error("effect {seq} in the store cannot be read: {}", crate::json::fault(error))]
    Effect {
        /// Which.
        seq: u64,
        /// Why.
        error: serde_json::Error,
    },
    /// Our names on the homeserver.
    #[error(transparent)]
    Namespace(#[from] InvalidNamespace),
    /// The homeserver's client.
    #[error(transparent)]
    Homeserver(#[from] CallError),
    /// The folder for files on their way.
    #[error("the folder for files on their way, beside the store, cannot be made: {0}")]
    Files(std::io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals: {0}")]
    Signals(std::io::Error),
}

/// What is asked of a start, once.
#[derive(Clone, Copy, Debug, Default)]
pub struct StartOptions {
    /// Start although the database has lost acknowledged data.
    pub accept_rollback: bool,
    /// Take what administrators manage from the configuration file, whatever commands have changed.
    pub take_file: bool,
}

/// Runs the bridge until `stop`, or until it cannot go on.
pub async fn run(
    config: Config,
    options: StartOptions,
    stop: CancellationToken,
) -> Result<(), AppError> {
    // Addresses first: a mistake there must show before anything is touched.
    let listeners = Listeners::bind(&config).await?;
    let parts = Parts::new(&config, options.accept_rollback).await?;
    let (instructions, instructions_rx) = mpsc::unbounded_channel();
    let (outcomes, outcomes_rx) = mpsc::unbounded_channel();
    let (whispers, whispers_rx) = mpsc::channel(WHISPERS);
    let runner = Runner::load(
        Arc::clone(&parts.store),
        CentreFile { centre: config.centre(), take: options.take_file },
        parts.surroundings(),
        instructions,
        outcomes_rx,
        whispers_rx,
        parts.health.clone(),
    )
    .await?;
    // After the runner has loaded: taking the configuration over can make effects.
    let left_over = left_over(parts.store.as_ref()).await?;

    let tasks = TaskTracker::new();
    let runner = tasks.spawn(runner.run(stop.child_token()));
    let invites = parts.invites();
    let gaps = Gaps::new(
        parts.deliverer(),
        Arc::clone(&parts.store),
        parts.clock.clone(),
        parts.health.clone(),
    );
    parts.serve(&config, listeners, whispers.clone(), gaps.clone(), (&tasks, &stop));
    parts.clone().spawn_watchers(&tasks, &stop);
    let preparation = Preparation {
        homeserver: parts.homeserver.clone(),
        bot: parts.names.bot().to_owned(),
        appservice_id: config.appservice.id.clone(),
        health: parts.health.clone(),
        problem: parts.problem.clone(),
        stop: stop.clone(),
    };
    let (matrix, matrix_stop) = (parts.clone(), stop.clone());
    tasks.spawn(async move {
        // Everything on the homeserver is done by the bot and the ghosts: first the bot.
        if !preparation.make_bot().await {
            return;
        }
        let reached = preparation.first_pings().await;
        let outbox =
            Outbox::new(matrix.deliverer(), matrix.health.clone(), matrix.clock.clone(), outcomes);
        let pings = async {
            if !reached {
                preparation.further_pings().await;
            }
        };
        tokio::join!(
            outbox.run(left_over, instructions_rx, matrix_stop.clone()),
            gaps.run(whispers, matrix.metrics, matrix.problem.clone(), matrix_stop.clone()),
            invites.run(matrix.problem, matrix_stop),
            pings
        );
    });
    tracing::info!(
        gateway = %config.gateway.public_url,
        homeserver = %config.homeserver.url,
        "the bridge is ready"
    );

    let ended = tokio::select! {
        ended = runner => Some(ended),
        () = stop.cancelled() => None,
    };
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(STOP_WITHIN, tasks.wait()).await.is_err() {
        tracing::warn!("some tasks did not stop in time; nothing acknowledged is lost");
    }
    parts.store.close().await?;
    match ended {
        Some(Ok(Err(error))) => Err(error.into()),
        Some(Err(error)) => {
            tracing::error!(%error, "the runner failed");
            Err(StoreError::Closed.into())
        }
        _ => Ok(()),
    }
}

/// Where the bridge listens.
struct Listeners {
    appservice: TcpListener,
    gateway: TcpListener,
    operations: TcpListener,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, AppError> {
        Ok(Self {
            appservice: bind("the homeserver", config.appservice.listen).await?,
            gateway: bind("customers", config.gateway.listen).await?,
            operations: bind("monitoring", config.operations.listen).await?,
        })
    }
}

/// What the tasks share.
#[derive(Clone)]
struct Parts {
    clock: Clock,
    names: Namespace,
    homeserver: Homeserver,
    store: Arc<dyn Store>,
    directory: Directory,
    live: Live,
    metrics: Metrics,
    health: Health,
    problem: Problem,
    sites: watch::Sender<Arc<Sites>>,
    spaces: SpaceSettings,
    media: Arc<Media>,
}

impl Parts {
    async fn new(config: &Config, accept_rollback: bool) -> Result<Self, AppError> {
        let names = config.namespace()?;
        let homeserver =
            Homeserver::new(&config.homeserver.url, config.appservice.as_token.reveal())?;
        // First the store: whoever opens it may empty the folder.
        let store = open_store(&config.store, accept_rollback).await?;
        let media = Media::new(
            homeserver.clone(),
            names.bot().to_owned(),
            config.files.clone(),
            &config.store.files(),
        )
        .map_err(AppError::Files)?;
        Ok(Self {
            clock: Clock::system(),
            names,
            homeserver,
            store,
            media: Arc::new(media),
            directory: Directory::default(),
            live: Live::new(),
            metrics: Metrics::new(),
            health: Health::default(),
            problem: Problem::default(),
            // What is empty until the runner has loaded is shown to nobody: it loads first.
            sites: watch::Sender::default(),
            spaces: SpaceSettings::named(config.spaces.name()),
        })
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: self.clock.clone(),
            names: self.names.clone(),
            directory: self.directory.clone(),
            live: self.live.clone(),
            metrics: self.metrics.clone(),
            sites: self.sites.clone(),
            spaces: self.spaces.clone(),
        }
    }

    fn deliverer(&self) -> Deliverer {
        Deliverer {
            homeserver: self.homeserver.clone(),
            names: self.names.clone(),
            directory: self.directory.clone(),
            incarnation: self.store.identity().incarnation.clone(),
            media: Some(Arc::clone(&self.media)),
        }
    }

    fn invites(&self) -> Invites {
        Invites {
            homeserver: self.homeserver.clone(),
            names: self.names.clone(),
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            health: self.health.clone(),
        }
    }

    /// Opens the doors.
    fn serve(
        &self,
        config: &Config,
        listeners: Listeners,
        whispers: mpsc::Sender<Whisper>,
        gaps: Gaps,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) {
        let options = ListenOptions { drain: DRAIN, ..ListenOptions::default() };
        let operations = operations::router(OperationsState {
            store: Arc::clone(&self.store),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            problem: self.problem.clone(),
            clock: self.clock.clone(),
        });
        tasks.spawn(listen::serve(listeners.operations, operations, options, stop.clone()));

        let appservice = appservice::router(AppserviceState {
            store: Arc::clone(&self.store),
            hs_token: config.appservice.hs_token.clone(),
            names: self.names.clone(),
            gaps,
            directory: self.directory.clone(),
            live: self.live.clone(),
            whispers,
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
        });
        // The homeserver keeps its connection between transactions: closing it under its hands
        // would make it wait before the next try.
        let patient = ListenOptions { header_timeout: Duration::from_mins(10), ..options };
        tasks.spawn(listen::serve(listeners.appservice, appservice, patient, stop.clone()));

        let gateway = GatewayState::new(
            Arc::clone(&self.store),
            self.live.clone(),
            config.gateway.clone(),
            self.sites.subscribe(),
            stop.clone(),
            Some(Arc::clone(&self.media)),
        );
        let connections = config.gateway.limits.connections.try_into().unwrap_or(usize::MAX);
        let public = ListenOptions { max_connections: connections, ..options };
        tasks.spawn(gateway::run(gateway.clone()));
        tasks.spawn(listen::serve(
            listeners.gateway,
            gateway::router(gateway),
            public,
            stop.clone(),
        ));
    }

    fn spawn_watchers(self, tasks: &TaskTracker, stop: &CancellationToken) {
        let deliverer = self.deliverer();
        tasks.spawn(self.health.clone().probe(self.homeserver, stop.clone()));
        tasks.spawn(outbox::live::run(self.live, deliverer, self.health, stop.clone()));
    }
}

async fn bind(what: &'static str, address: std::net::SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).await.map_err(|source| AppError::Listen { what, address, source })
}

async fn open_store(
    config: &crate::config::StoreConfig,
    accept_rollback: bool,
) -> Result<Arc<dyn Store>, AppError> {
    if config.kind == StoreKind::Memory {
        tracing::warn!("the store is in memory: everything is gone when the bridge stops");
        return Ok(Arc::new(MemoryStore::new()));
    }
    let path: PathBuf = config.path.clone();
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|e| StoreError::Open {
            path: path.display().to_string(),
            reason: e.to_string(),
        })?;
    }
    // Opening repairs and may take a while.
    let opened =
        tokio::task::spawn_blocking(move || SledStore::open(path, OpenOptions { accept_rollback }))
            .await
            .map_err(|e| StoreError::Io(e.to_string()))??;
    Ok(Arc::new(opened))
}

async fn left_over(
    store: &dyn Store,
) -> Result<Vec<(EffectSeq, outbox::effect::OutboxEffect)>, AppError> {
    store
        .effects()
        .await?
        .into_iter()
        .map(|(seq, stored)| match serde_json::from_slice(&stored.body) {
            Ok(effect) => Ok((seq, effect)),
            Err(error) => Err(AppError::Effect { seq: seq.0, error }),
        })
        .collect()
}
