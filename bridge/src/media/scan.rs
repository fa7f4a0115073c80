//! Asking a virus scanner: `ClamAV`'s daemon, by its `INSTREAM` command (clamd(8)).

use std::{path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// How long a scan may take.
const WITHIN: Duration = Duration::from_mins(2);
/// How much is handed over at once.
const PIECE: usize = 64 * 1024;

/// Where the scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// A socket in the file system.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String),
}

impl std::str::FromStr for Scanner {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Self::Unix(path.into()));
        }
        let address = text.strip_prefix("tcp:").ok_or("must begin with `unix:/` or `tcp:`")?;
        match address.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(address.to_owned()))
            }
            _ => Err("must be `tcp:host:port`"),
        }
    }
}

/// What the scanner says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It found nothing.
    Clean,
    /// It found something.
    Infected,
}

impl Scanner {
    /// Has a file looked at. An error is no verdict: ask again.
    pub async fn scan(&self, file: &std::path::Path) -> Result<Verdict, String> {
        let asked = async {
            let file = tokio::fs::File::open(file).await.map_err(|e| e.to_string())?;
            match self {
                Self::Unix(path) => {
                    let socket = UnixStream::connect(path).await.map_err(|e| e.to_string())?;
                    ask(socket, file).await
                }
                Self::Tcp(address) => {
                    let socket = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
                    ask(socket, file).await
                }
            }
        };
        timeout(WITHIN, asked).await.map_err(|_| "it took too long".to_owned())?
    }
}

async fn ask(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    mut file: tokio::fs::File,
) -> Result<Verdict, String> {
    let handing = async {
        socket.write_all(b"zINSTREAM\0").await?;
        let mut piece = vec![0; PIECE];
        loop {
            let length = file.read(&mut piece).await?;
            socket.write_all(&u32::try_from(length).unwrap_or_default().to_be_bytes()).await?;
            if length == 0 {
                return Ok::<_, std::io::Error>(());
            }
            socket.write_all(&piece[..length]).await?;
        }
    };
    // A scanner that has had enough says why and closes; its answer is still there to be read.
    let sent = handing.await;
    let mut answer = Vec::new();
    let read = (&mut socket).take(4096).read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let answer = answer.trim_end_matches(['\0', '\n']);
    match answer.strip_prefix("stream: ") {
        Some("OK") => Ok(Verdict::Clean),
        Some(found) if found.ends_with(" FOUND") => Ok(Verdict::Infected),
        _ => {
            let failure = sent.err().or(read.err()).map(|e| e.to_string()).unwrap_or_default();
            Err(format!("it answers “{answer}” {failure}"))
        }
    }
}
