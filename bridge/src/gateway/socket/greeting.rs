//! The first frames of a socket: `hello` and `welcome`.

use std::sync::Arc;

use tokio::{sync::watch, time::timeout};

use super::{
    Goodbye,
    line::{Heard, Line},
};
use crate::{
    gateway::{
        open::ChatPlace,
        origin::RequestOrigin,
        session::SessionRecord,
        sites::Sites,
        state::GatewayState,
        wake::FeedWatch,
        wire::{ClientFrame, ErrorCode, LIMITS, LiveState, Phase, ServerFrame},
    },
    live::Presence,
};

/// What a socket has once it knows whose it is.
pub(super) struct Greeting {
    pub(super) session: SessionRecord,
    /// Whose page it is.
    pub(super) origin: RequestOrigin,
    /// The last entry that the page has.
    pub(super) cursor: u64,
    /// Whether there are entries after it.
    pub(super) behind: bool,
    /// Whether the chat is over.
    pub(super) ended: bool,
    /// What the page was told.
    pub(super) told: LiveState,
    pub(super) feed: FeedWatch,
    pub(super) states: watch::Receiver<LiveState>,
    pub(super) sites: watch::Receiver<Arc<Sites>>,
    pub(super) place: ChatPlace,
    /// While the socket is open, the customer is there.
    _presence: Presence,
}

/// Waits for the first frame and answers it.
pub(super) async fn greet(
    state: &GatewayState,
    line: &mut Line,
    origin: &RequestOrigin,
) -> Result<Greeting, Goodbye> {
    let first = tokio::select! {
        first = timeout(state.times.hello, hello(line)) => first,
        () = state.shutdown.cancelled() => return Err(Goodbye::stopping()),
    };
    let (token, after) =
        first.map_err(|_| Goodbye::error(ErrorCode::Idle, "the first frame took too long"))??;
    let sites = state.sites.clone();
    let session = state.authorise(Some(&token), origin).await?;
    let chat = session.chat;
    let place = state.open.of_chat(chat);
    let presence = state.live.connect(chat);
    // Watched before it is read, so that nothing falls in between.
    let feed = state.wakes.watch(chat);
    let mut states = state.live.subscribe(chat);
    let (newest, cursor) = state.resume(chat, after).await?;
    let mut told = states.borrow_and_update().clone();
    let ended = state.has_ended(chat).await?;
    if ended {
        told.phase = Phase::Ended;
    }
    let number = session.number;
    line.say(&ServerFrame::Welcome { number, newest, live: told.clone(), limits: LIMITS }).await?;
    let behind = cursor < newest;
    Ok(Greeting {
        session,
        origin: origin.clone(),
        cursor,
        behind,
        ended,
        told,
        feed,
        states,
        sites,
        place,
        _presence: presence,
    })
}

async fn hello(line: &mut Line) -> Result<(String, u64), Goodbye> {
    loop {
        match line.hear().await? {
            Heard::Frame(ClientFrame::Hello { token, after }) => return Ok((token, after)),
            Heard::Life => {}
            Heard::Frame(_) => {
                return Err(Goodbye::error(ErrorCode::BadRequest, "the first frame is hello"));
            }
            Heard::Nonsense(why) => return Err(Goodbye::error(ErrorCode::BadRequest, why)),
        }
    }
}
