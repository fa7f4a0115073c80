//! A customer's page, as far as its socket goes.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

use super::{ClientFrame, ErrorCode, FeedBody, FeedEntry, LiveState, SOON, ServerFrame};

pub(super) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Page {
    pub(super) async fn connect(address: SocketAddr, origin: Option<&str>) -> Self {
        Self::try_connect(address, origin).await.expect("an upgrade")
    }

    pub(super) async fn try_connect(
        address: SocketAddr,
        origin: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request =
            format!("ws://{address}/customer/v1/socket").into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (socket, _) = timeout(SOON, connect_async(request)).await.expect("in time")?;
        Ok(Self { socket })
    }

    pub(super) async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(serde_json::to_string(frame).unwrap()).await;
    }

    pub(super) async fn say_text(&mut self, text: impl Into<tungstenite::Utf8Bytes>) {
        // The bridge may have closed already; what it said is what the tests look at.
        let _ = timeout(SOON, self.socket.send(Message::Text(text.into()))).await.expect("in time");
    }

    pub(super) async fn say_binary(&mut self, bytes: &'static [u8]) {
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// Says hello; the welcome's newest entry and live state.
    pub(super) async fn hello(&mut self, token: &str, after: u64) -> (u64, LiveState) {
        self.say(&ClientFrame::Hello { token: token.to_owned(), after }).await;
        match self.hear().await {
            ServerFrame::Welcome { newest, live, .. } => (newest, live),
            frame => panic!("no welcome: {frame:?}"),
        }
    }

    pub(super) async fn send(&mut self, key: &str, text: &str) {
        self.send_with(key, text, None).await;
    }

    pub(super) async fn send_with(&mut self, key: &str, text: &str, email: Option<&str>) {
        let (key, text) = (key.to_owned(), text.to_owned());
        self.say(&ClientFrame::Send {
            key,
            text,
            email: email.map(str::to_owned),
            reply_to: None,
            files: Vec::new(),
        })
        .await;
    }

    /// The next frame.
    pub(super) async fn hear(&mut self) -> ServerFrame {
        loop {
            match timeout(SOON, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no frame: {other:?}"),
            }
        }
    }

    /// The next frame for which `pick` finds something; others are passed over.
    pub(super) async fn find<T>(&mut self, mut pick: impl FnMut(ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(self.hear().await) {
                return found;
            }
        }
    }

    /// The next entry.
    pub(super) async fn entry(&mut self) -> FeedEntry {
        self.find(|frame| match frame {
            ServerFrame::Entry(entry) => Some(entry),
            _ => None,
        })
        .await
    }

    /// The next entries, up to and with this number.
    pub(super) async fn entries(&mut self, up_to: u64) -> Vec<FeedEntry> {
        let mut entries = Vec::new();
        while entries.last().is_none_or(|last: &FeedEntry| last.seq < up_to) {
            entries.push(self.entry().await);
        }
        entries
    }

    /// What is said of a message.
    pub(super) async fn answer(&mut self, key: &str) -> ServerFrame {
        self.find(|frame| match &frame {
            ServerFrame::Accepted { key: said } | ServerFrame::Refused { key: said, .. }
                if said == key =>
            {
                Some(frame)
            }
            _ => None,
        })
        .await
    }

    pub(super) async fn accepted(&mut self, key: &str) {
        let answer = self.answer(key).await;
        assert_eq!(answer, ServerFrame::Accepted { key: key.to_owned() });
    }

    /// The fatal error that ends the socket, and the code with which it is closed.
    pub(super) async fn dies(&mut self) -> (ErrorCode, u16) {
        let code = self
            .find(|frame| match frame {
                ServerFrame::Error { code, fatal: true, .. } => Some(code),
                _ => None,
            })
            .await;
        match timeout(SOON, self.socket.next()).await.expect("closed in time") {
            Some(Ok(Message::Close(Some(close)))) => (code, close.code.into()),
            other => panic!("not closed but {other:?}"),
        }
    }

    /// Reads what there is until the connection ends.
    pub(super) async fn drain(&mut self) -> Vec<FeedEntry> {
        let mut entries = Vec::new();
        while let Some(Ok(message)) = timeout(SOON, self.socket.next()).await.expect("in time") {
            if let Message::Text(text) = message
                && let ServerFrame::Entry(entry) = serde_json::from_str(&text).unwrap()
            {
                entries.push(entry);
            }
        }
        entries
    }

    pub(super) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        self.drain().await;
    }
}

/// The texts of the customer's own messages.
pub(super) fn own_texts(entries: &[FeedEntry]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| match &entry.body {
            FeedBody::Own { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
