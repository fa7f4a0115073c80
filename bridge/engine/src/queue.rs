//! What a queue is set to.

use serde::{Deserialize, Serialize};

use crate::{ids::QueueId, time::Span};

/// A queue's settings. They come with the [`Setup`](crate::Setup) and are not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// The queue.
    pub id: QueueId,
    /// Whom of the available agents to ask.
    pub strategy: Strategy,
    /// How long a request rings before it counts as missed.
    pub request_timeout: Span,
    /// How long to wait before agents who all declined or missed a chat are asked once more.
    pub second_round_after: Span,
    /// How long a chat may wait before it ends with "no agent", counted from its start, and again
    /// from its return to the queue.
    pub max_wait: Option<Span>,
    /// How many chats may wait (ringing ones included, messages left not); more go where the
    /// overflow says, or are refused.
    pub max_length: u32,
    /// Where chats go that nobody takes here.
    pub overflow: Option<Overflow>,
    /// Whether its hours say that it is open now. Changed by
    /// [`Input::QueueHours`](crate::Input::QueueHours).
    pub open: bool,
    /// How long a chat whose last agent left stays open for their return.
    pub return_grace: Span,
    /// How long agents stay in the room of an ended chat.
    pub close_after: Span,
    /// How many messages a customer may write before the chat has a room.
    pub max_pending_messages: u32,
}

/// Whom of a queue's available agents to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Who has been without a chat for the longest time.
    #[default]
    LongestIdle,
    /// Who has the fewest chats, of these the longest idle.
    LeastBusy,
    /// Who was asked the longest time ago.
    RoundRobin,
    /// All of them: the first who accepts has the chat.
    RingAll,
}

/// When and where chats leave a queue that has nobody for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overflow {
    /// After waiting this long here.
    pub after: Option<Span>,
    /// As soon as no agent of the queue is ready (busy ones are).
    pub when_nobody_ready: bool,
    /// Where to.
    pub to: OverflowTo,
}

/// Where an overflowing chat goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverflowTo {
    /// Into another queue, at the place of its original waiting time.
    Queue(QueueId),
    /// The customer is asked to leave a message.
    Message,
}
