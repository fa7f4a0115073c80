//! What a queue is set to.

use serde::{Deserialize, Serialize};

use crate::{ids::QueueId, time::Span};

/// A queue's settings. They come from the configuration at start and are not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// The queue.
    pub id: QueueId,
    /// How long a request rings before it counts as missed.
    pub request_timeout: Span,
    /// How long to wait before agents who all declined or missed a chat are asked once more.
    pub second_round_after: Span,
    /// How long a chat may wait before it ends with "no agent", counted from its start, and again
    /// from its return to the queue.
    pub max_wait: Option<Span>,
    /// How many chats may wait (ringing ones included); more are refused.
    pub max_length: u32,
    /// How long a chat whose last agent left stays open for their return.
    pub return_grace: Span,
    /// How long agents stay in the room of an ended chat.
    pub close_after: Span,
    /// How many messages a customer may write before the chat has a room.
    pub max_pending_messages: u32,
}
