//! Files on their way: in a folder, never in memory.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWriteExt as _;

/// A folder for files on their way. What a last run has left is removed when it is opened.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    next: AtomicU64,
}

/// A file on its way; gone when this is dropped.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
}

/// A file was not received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError<E> {
    /// It is larger than the limit.
    #[error("the file is larger than the limit")]
    TooLarge,
    /// The sender stopped.
    #[error("the file did not come whole")]
    Sender(E),
    /// The disk.
    #[error("the file cannot be kept for the moment: {0}")]
    Disk(#[from] io::Error),
}

impl Spool {
    /// Opens a folder of our own, and empties it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(folder)?,
        }
        Ok(Self { folder: folder.to_owned(), next: AtomicU64::new(0) })
    }

    /// A place for a new file.
    pub(super) fn place(&self) -> Spooled {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Spooled { path: self.folder.join(number.to_string()), size: 0 }
    }

    /// Writes down what comes, at most `limit` bytes.
    pub async fn receive<E>(
        &self,
        mut parts: impl Stream<Item = Result<Bytes, E>> + Unpin,
        limit: u64,
    ) -> Result<Spooled, ReceiveError<E>> {
        let mut spooled = self.place();
        let mut file = tokio::fs::File::create(&spooled.path).await?;
        while let Some(part) = parts.next().await {
            let part = part.map_err(ReceiveError::Sender)?;
            spooled.size += part.len() as u64;
            if spooled.size > limit {
                return Err(ReceiveError::TooLarge);
            }
            file.write_all(&part).await?;
        }
        file.flush().await?;
        Ok(spooled)
    }
}

impl Spooled {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // One that is left is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}
