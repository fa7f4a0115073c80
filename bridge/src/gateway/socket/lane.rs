//! The way of a socket's inputs into the inbox, in the order of the socket.
//!
//! One append is under way at a time. What comes meanwhile is collected and appended together
//! next, so that the store's flush is shared and the order is kept.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{
    gateway::{input::CustomerInput, wire::ServerFrame},
    live::unix_ms,
    store::{NewInboxItem, Store},
};

/// How many inputs may wait or be under way; more are not read from the socket.
const DEPTH: usize = 32;

/// A socket's inputs that are not in the inbox yet.
pub(super) struct Lane {
    store: Arc<dyn Store>,
    waiting: VecDeque<(Answer, NewInboxItem)>,
    under_way: Option<BoxFuture<'static, Outcome>>,
    /// How many are in `under_way`.
    size: usize,
}

/// What to tell the page about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A message, by its key.
    Message(String),
    /// The end of the chat.
    End,
}

/// What became of some inputs.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Which.
    pub(super) answers: Vec<Answer>,
    /// Whether they are in the inbox.
    pub(super) stored: bool,
}

impl Lane {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, waiting: VecDeque::new(), under_way: None, size: 0 }
    }

    /// Whether another input may come.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() + self.size < DEPTH
    }

    /// Whether there is anything to wait for.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty()
    }

    /// Takes another input.
    pub(super) fn push(
        &mut self,
        answer: Answer,
        input: CustomerInput,
    ) -> Result<(), serde_json::Error> {
        self.waiting.push_back((answer, input.into_item(unix_ms())?));
        Ok(())
    }

    /// Appends what waits and returns what became of it. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Outcome {
        let (store, waiting, size) = (&self.store, &mut self.waiting, &mut self.size);
        let under_way = self.under_way.get_or_insert_with(|| {
            let (answers, items): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
            *size = items.len();
            append(Arc::clone(store), answers, items).boxed()
        });
        let outcome = under_way.await;
        self.under_way = None;
        self.size = 0;
        outcome
    }

    /// Appends everything that is left: the page wrote it and may be gone for good.
    pub(super) async fn finish(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        while self.is_busy() {
            outcomes.push(self.next().await);
        }
        outcomes
    }
}

async fn append(store: Arc<dyn Store>, answers: Vec<Answer>, items: Vec<NewInboxItem>) -> Outcome {
    let stored = store.append_inbox(items).await;
    if let Err(error) = &stored {
        tracing::error!(%error, "a customer's input cannot be stored");
    }
    Outcome { answers, stored: stored.is_ok() }
}

impl Answer {
    /// What the page hears.
    pub(super) fn frame(self, stored: bool) -> Option<ServerFrame> {
        use crate::gateway::{
            error::{RETRY_UNAVAILABLE, retry_ms},
            wire::{ErrorCode, RefusalReason},
        };
        match (self, stored) {
            (Self::Message(key), true) => Some(ServerFrame::Accepted { key }),
            (Self::Message(key), false) => Some(ServerFrame::Refused {
                key,
                reason: RefusalReason::Unavailable,
                retry_after_ms: Some(retry_ms(RETRY_UNAVAILABLE)),
            }),
            // The entry `ended` follows.
            (Self::End, true) => None,
            (Self::End, false) => Some(ServerFrame::Error {
                code: ErrorCode::Unavailable,
                message: "the chat cannot be ended now; try again later".to_owned(),
                fatal: false,
            }),
        }
    }
}
