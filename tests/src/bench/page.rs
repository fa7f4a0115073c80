//! A customer's page that is always connected.

use std::time::{Duration, Instant};

use switchboard::gateway::wire::{ClientFrame, FeedBody, FeedEntry, ServerFrame};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use super::{
    BenchError,
    error::{PATIENCE, within},
};
use crate::customer::{Http, Socket, agent_text, random_key};

/// How often the page shows that it is there.
const PING: Duration = Duration::from_secs(10);

/// Opens a session's socket and says hello.
pub(super) async fn socket(http: &Http) -> Result<Socket, BenchError> {
    let opened = within("socket", PATIENCE, Socket::hello(http, 0)).await?;
    opened.map_err(|error| BenchError::Broken(format!("a socket cannot be opened: {error}")))
}

/// The next frame of a socket.
pub(super) async fn frame(socket: &mut Socket) -> Result<ServerFrame, BenchError> {
    match within("frame", PATIENCE, socket.next()).await? {
        Some(Ok(ServerFrame::Refused { reason, .. })) => {
            Err(BenchError::Broken(format!("a message was refused: {reason:?}")))
        }
        Some(Ok(ServerFrame::Error { message, .. })) => {
            Err(BenchError::Broken(format!("the bridge complains: {message}")))
        }
        Some(Ok(frame)) => Ok(frame),
        Some(Err(nonsense)) => Err(BenchError::Broken(nonsense)),
        None => Err(BenchError::Broken("a socket was closed".to_owned())),
    }
}

/// Says something on a socket.
pub(super) async fn say(socket: &mut Socket, text: String) -> Result<(), BenchError> {
    let frame = ClientFrame::Send {
        key: random_key(),
        text,
        email: None,
        reply_to: None,
        files: Vec::new(),
    };
    let sent = socket.send(&frame).await;
    sent.map_err(|error| BenchError::Broken(format!("a socket broke: {error}")))
}

/// A page with a task of its own. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Page {
    out: mpsc::UnboundedSender<String>,
    entries: mpsc::UnboundedReceiver<(Instant, FeedEntry)>,
    task: AbortHandle,
}

impl Page {
    /// Shows a session.
    pub(super) async fn opens(http: &Http) -> Result<Self, BenchError> {
        let socket = socket(http).await?;
        let (out, texts) = mpsc::unbounded_channel();
        let (sender, entries) = mpsc::unbounded_channel();
        let task: JoinHandle<Result<(), BenchError>> = tokio::spawn(show(socket, texts, sender));
        Ok(Self { out, entries, task: task.abort_handle() })
    }

    /// Writes a message.
    pub(super) fn says(&self, text: &str) {
        // Should the socket be gone, then what is waited for next does not come.
        drop(self.out.send(text.to_owned()));
    }

    /// When the agent's message with this text arrived. What came before it is forgotten.
    pub(super) async fn message(&mut self, text: &str) -> Result<Instant, BenchError> {
        self.entry("message", |entry| agent_text(entry).as_deref() == Some(text)).await
    }

    /// Waits for an agent.
    pub(super) async fn joined(&mut self) -> Result<(), BenchError> {
        let joined = |entry: &FeedEntry| matches!(entry.body, FeedBody::Joined { .. });
        self.entry("agent", joined).await.map(drop)
    }

    async fn entry(
        &mut self,
        what: &str,
        wanted: impl Fn(&FeedEntry) -> bool,
    ) -> Result<Instant, BenchError> {
        let wait = async {
            while let Some((at, entry)) = self.entries.recv().await {
                if wanted(&entry) {
                    return Ok(at);
                }
            }
            Err(BenchError::Broken("a customer's socket has failed".to_owned()))
        };
        within(what, PATIENCE, wait).await?
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn show(
    mut socket: Socket,
    mut texts: mpsc::UnboundedReceiver<String>,
    entries: mpsc::UnboundedSender<(Instant, FeedEntry)>,
) -> Result<(), BenchError> {
    let mut ping = tokio::time::interval(PING);
    loop {
        tokio::select! {
            Some(text) = texts.recv() => say(&mut socket, text).await?,
            frame = frame(&mut socket) => {
                if let ServerFrame::Entry(entry) = frame?
                    && entries.send((Instant::now(), entry)).is_err()
                {
                    return Ok(());
                }
            }
            _ = ping.tick() => {
                let sent = socket.send(&ClientFrame::Ping {}).await;
                sent.map_err(|error| BenchError::Broken(format!("a socket broke: {error}")))?;
            }
        }
    }
}
