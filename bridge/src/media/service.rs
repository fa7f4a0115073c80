//! Receiving, checking, storing and fetching files. Memory stays bounded: files are on disk, and the
//! one that is being checked is in memory alone.

use std::{path::Path, sync::Arc};

use futures_util::StreamExt as _;
use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;
use tokio::sync::Mutex;
use tokio_util::io::ReaderStream;

use super::{
    Kind, Unfit, check,
    config::FilesConfig,
    scan::{Scanner, Verdict},
    spool::{ReceiveError, Spool, Spooled},
};
use crate::matrix::client::{As, CallError, Homeserver};

/// A file that was checked, cleaned and stored, as a record ([`RecordKind::File`]).
///
/// [`RecordKind::File`]: crate::store::RecordKind::File
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Names it within its chat.
    pub id: String,
    /// Its name, cleaned.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// Width and height in pixels, as stored, of an image whose size is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<(u32, u32)>,
    /// Where it is in the homeserver's media repository.
    pub uri: String,
}

/// The key of a file's record.
#[must_use]
pub fn file_key(chat: ChatId, id: &str) -> String {
    format!("{chat}/{id}")
}

/// A file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// For good: by what it is.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// For now, or for good: the homeserver.
    #[error(transparent)]
    Call(#[from] CallError),
    /// For now: our disk.
    #[error("a file cannot be kept for the moment: {0}")]
    Disk(#[from] std::io::Error),
    /// The sender stopped.
    #[error("the file did not come whole")]
    Sender,
}

/// The files of customers and agents. Shared by the gateway and the outbox.
pub struct Media {
    homeserver: Homeserver,
    bot: OwnedUserId,
    config: FilesConfig,
    scanner: Option<Scanner>,
    spool: Spool,
    /// The one file that is in memory. Always the same memory: what large pieces are given back to
    /// the allocator, by changing threads, does not come back to the system.
    checks: Arc<Mutex<Vec<u8>>>,
}

impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Media").field("spool", &self.spool).finish_non_exhaustive()
    }
}

impl Media {
    /// Files are on their way in `folder`, which is emptied.
    pub fn new(
        homeserver: Homeserver,
        bot: OwnedUserId,
        config: FilesConfig,
        folder: &Path,
    ) -> std::io::Result<Self> {
        let scanner = config.scanner.as_deref().and_then(|text| text.parse().ok());
        let spool = Spool::open(folder)?;
        Ok(Self { homeserver, bot, config, scanner, spool, checks: Arc::default() })
    }

    /// The largest file that is taken, in bytes.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.config.max_bytes
    }

    /// Takes a file in, checks it and stores it.
    pub async fn take<E>(
        &self,
        id: &str,
        name: &str,
        parts: impl futures_util::Stream<Item = Result<bytes::Bytes, E>> + Unpin,
    ) -> Result<StoredFile, MediaError> {
        let original = self.spool.receive(parts, self.largest()).await.map_err(|e| match e {
            ReceiveError::TooLarge => MediaError::Unfit(Unfit::TooLarge),
            ReceiveError::Sender(_) => MediaError::Sender,
            ReceiveError::Disk(error) => error.into(),
        })?;
        let (mut file, cleaned) = self.look(id, name, original).await?;
        self.scan(&cleaned).await?;
        let parts = tokio::fs::File::open(cleaned.path()).await?;
        let mime = file.kind.mime();
        let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(parts, 64 * 1024));
        let stored = self.homeserver.upload(As::user(&self.bot), mime, cleaned.size, body).await;
        file.uri = stored.map_err(|error| match error {
            CallError::Refused { status: 413, .. } => MediaError::Unfit(Unfit::TooLarge),
            other => other.into(),
        })?;
        Ok(file)
    }

    /// Fetches a file from the homeserver, checks it, and stores a copy without metadata.
    pub async fn fetch(&self, id: &str, name: &str, uri: &str) -> Result<StoredFile, MediaError> {
        let response = match self.homeserver.download(As::user(&self.bot), uri).await {
            Err(CallError::Refused { .. } | CallError::Nonsense(_)) => {
                return Err(Unfit::Missing.into());
            }
            other => other?,
        };
        if response.content_length().is_some_and(|length| length > self.largest()) {
            return Err(Unfit::TooLarge.into());
        }
        match self.take(id, name, response.bytes_stream().boxed()).await {
            Err(MediaError::Sender) => {
                Err(CallError::InDoubt("a file did not come whole".to_owned()).into())
            }
            other => other,
        }
    }

    /// A stored file, as it comes from the homeserver.
    pub async fn read(&self, file: &StoredFile) -> Result<reqwest::Response, CallError> {
        self.homeserver.download(As::user(&self.bot), &file.uri).await
    }

    /// What it is, and a copy without metadata.
    async fn look(
        &self,
        id: &str,
        name: &str,
        original: Spooled,
    ) -> Result<(StoredFile, Spooled), MediaError> {
        let mut memory = Arc::clone(&self.checks).lock_owned().await;
        let (id, name, mut copy) = (id.to_owned(), name.to_owned(), self.spool.place());
        let config = self.config.clone();
        let looked = tokio::task::spawn_blocking(move || {
            memory.resize(usize::try_from(original.size).unwrap_or_default(), 0);
            let mut from = std::fs::File::open(original.path())?;
            std::io::Read::read_exact(&mut from, &mut memory)?;
            let data = memory.as_slice();
            let checked = check(&name, data)?;
            if !config.takes(checked.kind) {
                return Err(MediaError::Unfit(Unfit::Kind));
            }
            let mut to = std::io::BufWriter::new(std::fs::File::create(copy.path())?);
            checked.write(data, &mut to)?;
            std::io::Write::flush(&mut to)?;
            copy.size = checked.size() as u64;
            let file = StoredFile {
                id,
                name: checked.name,
                kind: checked.kind,
                size: copy.size,
                pixels: checked.cleaned.pixels,
                uri: String::new(),
            };
            Ok((file, copy))
        });
        looked.await.map_err(|e| MediaError::Disk(std::io::Error::other(e)))?
    }

    async fn scan(&self, file: &Spooled) -> Result<(), MediaError> {
        let Some(scanner) = &self.scanner else { return Ok(()) };
        match scanner.scan(file.path()).await {
            Ok(Verdict::Clean) => Ok(()),
            Ok(Verdict::Infected) => Err(Unfit::Infected.into()),
            Err(why) => Err(CallError::Scanner(why).into()),
        }
    }
}
