//! A stand-in for `ClamAV`'s daemon: it speaks `INSTREAM` as clamd(8) says, and finds the word that it
//! is looking for.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// What the scanner finds.
pub const VIRUS: &str = "EVIL-TEST-WORD";

/// A scanner that listens until it is dropped.
#[derive(Debug)]
pub struct Scanner {
    path: PathBuf,
    task: JoinHandle<()>,
    asked: Arc<AtomicU64>,
}

impl Scanner {
    /// Starts one on a socket.
    ///
    /// # Panics
    /// If there is something at that path already.
    #[must_use]
    pub fn listens(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(answer(socket));
            }
        });
        Self { path: path.to_owned(), task, asked }
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(mut socket: UnixStream) -> io::Result<()> {
    let mut command = [0; 10];
    socket.read_exact(&mut command).await?;
    if &command != b"zINSTREAM\0" {
        return socket.write_all(b"UNKNOWN COMMAND\0").await;
    }
    let mut file = Vec::new();
    loop {
        let length = usize::try_from(socket.read_u32().await?).unwrap_or_default();
        if length == 0 {
            break;
        }
        let from = file.len();
        file.resize(from + length, 0);
        socket.read_exact(&mut file[from..]).await?;
    }
    let found = file.windows(VIRUS.len()).any(|part| part == VIRUS.as_bytes());
    let said: &[u8] = if found { b"stream: Test.Word FOUND\0" } else { b"stream: OK\0" };
    socket.write_all(said).await
}
