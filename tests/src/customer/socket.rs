//! The customer's socket.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use switchboard::gateway::wire::{ClientFrame, RefusalReason, ServerFrame};
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, http::HeaderValue},
};

use super::{Http, Shared, State, WINDOW};

/// An open socket, for talking by hand.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    closed: Option<(u16, String)>,
}

impl Socket {
    /// Opens it, without saying hello.
    pub async fn open(http: &Http) -> Result<Self, Box<tungstenite::Error>> {
        let address = http.base().replacen("http", "ws", 1);
        let mut request = format!("{address}/customer/v1/socket").into_client_request()?;
        if let Some(origin) = http.origin().and_then(|o| HeaderValue::from_str(o).ok()) {
            request.headers_mut().insert("origin", origin);
        }
        let (stream, _) = connect_async(request).await.map_err(Box::new)?;
        Ok(Self { stream, closed: None })
    }

    /// Opens it and says hello.
    pub async fn hello(http: &Http, after: u64) -> Result<Self, Box<tungstenite::Error>> {
        let mut socket = Self::open(http).await?;
        socket.send(&ClientFrame::Hello { token: http.token().into(), after }).await?;
        Ok(socket)
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), Box<tungstenite::Error>> {
        self.send_text(serde_json::to_string(frame).unwrap_or_default()).await
    }

    /// Sends any text as a frame.
    pub async fn send_text(&mut self, text: String) -> Result<(), Box<tungstenite::Error>> {
        self.stream.send(Message::text(text)).await.map_err(Box::new)
    }

    /// The code and the reason of the bridge's close, once [`next`](Self::next) has met it.
    #[must_use]
    pub fn closed(&self) -> Option<(u16, &str)> {
        self.closed.as_ref().map(|(code, reason)| (*code, reason.as_str()))
    }

    /// The next frame; `None` when the socket has closed.
    pub async fn next(&mut self) -> Option<Result<ServerFrame, String>> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Text(text) => {
                    let frame = serde_json::from_str(&text);
                    return Some(frame.map_err(|error| format!("{error}: {text}")));
                }
                Message::Close(frame) => {
                    self.closed = frame.map(|f| (f.code.into(), f.reason.to_string()));
                    return None;
                }
                _ => {}
            }
        }
    }
}

/// Connects again and again.
pub(super) async fn keep_connected(shared: Arc<Shared>) {
    loop {
        let after = shared.state().feed.len() as u64;
        if let Ok(mut socket) = Socket::hello(&shared.http, after).await {
            shared.state().connections += 1;
            converse(&shared, &mut socket).await;
        }
        {
            let mut state = shared.state();
            state.connected = false;
            state.outbox.iter_mut().for_each(|message| message.in_flight = false);
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Talks until the socket closes.
async fn converse(shared: &Shared, socket: &mut Socket) {
    let mut welcome = false;
    let mut acknowledged = 0;
    let mut ping = interval(Duration::from_secs(5));
    let mut ack = interval(Duration::from_millis(200));
    ack.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        loop {
            let frame = welcome.then(|| next_outgoing(&mut shared.state())).flatten();
            let Some(frame) = frame else { break };
            if socket.send(&frame).await.is_err() {
                return;
            }
        }
        tokio::select! {
            frame = socket.next() => {
                let Some(frame) = frame else { return };
                let mut pause = None;
                {
                    let mut state = shared.state();
                    match frame {
                        Ok(ServerFrame::Welcome { .. }) if welcome => {
                            state.broken.push("a second welcome".into());
                        }
                        Ok(frame) => {
                            welcome |= matches!(frame, ServerFrame::Welcome { .. });
                            pause = receive(&mut state, frame);
                        }
                        Err(error) => state.broken.push(error),
                    }
                }
                shared.changed.send_modify(|n| *n += 1);
                if let Some(pause) = pause {
                    sleep(pause).await;
                }
            }
            () = shared.wake.notified() => {}
            _ = ack.tick() => {
                let seq = shared.state().feed.last().map_or(0, |entry| entry.seq);
                if welcome && seq > acknowledged {
                    acknowledged = seq;
                    if socket.send(&ClientFrame::Ack { seq }).await.is_err() {
                        return;
                    }
                }
            }
            _ = ping.tick() => {
                if welcome && socket.send(&ClientFrame::Ping {}).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn next_outgoing(state: &mut State) -> Option<ClientFrame> {
    // Messages first: an "end" comes after what was written before it.
    let in_flight = state.outbox.iter().filter(|message| message.in_flight).count();
    if in_flight < WINDOW
        && let Some(message) = state.outbox.iter_mut().find(|message| !message.in_flight)
    {
        message.in_flight = true;
        return Some(ClientFrame::Send {
            key: message.key.clone(),
            text: message.text.clone(),
            email: None,
            reply_to: None,
            files: Vec::new(),
        });
    }
    if state.outbox.is_empty() || !matches!(state.control.front(), Some(ClientFrame::End {})) {
        return state.control.pop_front();
    }
    None
}

/// Takes a frame. Gives a pause if the bridge asks for one.
fn receive(state: &mut State, frame: ServerFrame) -> Option<Duration> {
    match frame {
        ServerFrame::Welcome { live, newest, .. } => {
            state.live = live;
            state.connected = true;
            if newest < state.feed.len() as u64 {
                let have = state.feed.len();
                state.broken.push(format!("the bridge's feed ends at {newest}, ours at {have}"));
            }
        }
        ServerFrame::Entry(entry) => {
            let expected = state.feed.len() as u64 + 1;
            if entry.seq == expected {
                state.feed.push(entry);
            } else {
                state.broken.push(format!("expected entry {expected}, got {entry:?}"));
            }
        }
        ServerFrame::Live(live) => state.live = live,
        ServerFrame::Accepted { key } => {
            let waiting = state.outbox.iter().position(|message| message.key == key);
            // Again for one that was sent again is harmless.
            if let Some(at) = waiting {
                state.outbox.remove(at);
                state.accepted.push(key);
            }
        }
        ServerFrame::Refused { key, reason, retry_after_ms } => {
            let again = matches!(reason, RefusalReason::TooFast | RefusalReason::Unavailable);
            if again {
                // Everything after it waits too, so that the order stays.
                state.outbox.iter_mut().for_each(|message| message.in_flight = false);
                return Some(Duration::from_millis(retry_after_ms.unwrap_or(100)));
            }
            state.outbox.retain(|message| message.key != key);
            state.refused.push((key, reason));
        }
        ServerFrame::Pong {} => {}
        ServerFrame::Error { code, .. } => state.errors.push(code),
    }
    None
}
