//! What is to be done. Effects are data; the runner turns them into log and feed entries and
//! outbox effects, in this order, and commits them together with the changed records.

use serde::{Deserialize, Serialize};

use crate::{
    agent::Status,
    chat::{EndReason, Invitee},
    ids::{AgentId, ChatId, MessageRef, QueueId},
    time::Span,
};

/// The result of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What to do, in order.
    pub effects: Vec<Effect>,
    /// Which records to store, without repetition, in order.
    pub changed: Vec<RecordKey>,
}

/// A record of the engine's state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// [`Chat`](crate::Chat).
    Chat(ChatId),
    /// [`Agent`](crate::Agent); a removed agent's record is deleted.
    Agent(AgentId),
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Make the room and the customer's ghost. Answered by `RoomOpened` or `RoomFailed`.
    OpenRoom {
        /// For which chat.
        chat: ChatId,
    },
    /// Invite the agent. Answered by `RequestSent` or `RequestFailed`.
    Ring {
        /// Which chat.
        chat: ChatId,
        /// The request's number within the chat.
        request: u32,
        /// Whom.
        agent: AgentId,
        /// How long the customer has been waiting.
        waited: Span,
        /// The agent was in this chat or was invited before: post a recap (their client may not
        /// show the earlier messages).
        again: bool,
        /// Who has invited them, if it is not their queue that asks.
        #[serde(default)]
        by: Option<AgentId>,
    },
    /// Take the invite back unless the agent has joined. Answered by `RequestWithdrawn`.
    Withdraw {
        /// Which chat.
        chat: ChatId,
        /// Whose.
        agent: AgentId,
    },
    /// Remove an agent from the room: a chat that was closed, or one who came too late.
    Remove {
        /// Which chat.
        chat: ChatId,
        /// Whom.
        agent: AgentId,
        /// What they are told.
        why: RemoveReason,
    },
    /// Send the customer's message into the room.
    Relay {
        /// Which chat.
        chat: ChatId,
        /// Which message.
        message: MessageRef,
    },
    /// Put an agent's message into the customer's feed.
    Show {
        /// Which chat.
        chat: ChatId,
        /// Who wrote it.
        agent: AgentId,
        /// Which message.
        message: MessageRef,
    },
    /// Tell the customer that their message was not delivered.
    Refuse {
        /// Which chat.
        chat: ChatId,
        /// Which message.
        message: MessageRef,
        /// Why.
        why: Refusal,
    },
    /// Tell an agent, in the room, that their message did not reach the customer.
    NotShown {
        /// Which chat.
        chat: ChatId,
        /// Who wrote it.
        agent: AgentId,
        /// Which message.
        message: MessageRef,
        /// Why.
        why: Refusal,
    },
    /// Ask the agent to confirm the end, since the customer is connected.
    ConfirmEnd {
        /// Which chat.
        chat: ChatId,
        /// Whom.
        agent: AgentId,
    },
    /// Ask the agent what is to become of their chats, since they want to log off.
    ConfirmLogOff {
        /// Whom.
        agent: AgentId,
        /// How many chats.
        chats: usize,
    },
    /// An agent's status changed.
    AgentChanged {
        /// Whose.
        agent: AgentId,
        /// What it is now.
        status: Status,
        /// Why.
        why: StatusWhy,
    },
    /// Something happened to the chat: written to the log, and told to the customer and the agents
    /// in the room as far as it is their business.
    Happened {
        /// Which chat.
        chat: ChatId,
        /// What.
        event: ChatEvent,
    },
    /// The input did not fit; nothing changed.
    Ignored {
        /// Why, for the debug log.
        why: Ignored,
    },
}

/// Why an agent's status changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusWhy {
    /// The agent wanted it.
    Asked,
    /// They missed too many requests in a row.
    Missed,
    /// Their last chat is over, and they wanted to pause then.
    ChatsOver,
    /// The profile that they were logged on with is gone.
    ProfileGone,
}

/// Why an agent is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveReason {
    /// The chat is over.
    Closed,
    /// Another agent has the chat, or nobody asked this one (an apology).
    TooLate,
    /// The agent has logged off and left it behind.
    LoggedOff,
    /// The agent has told us to leave.
    Asked,
}

/// Why a message did not reach the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The chat is over.
    Ended,
    /// Too many messages wait for an agent.
    TooMany,
    /// The room could not be made.
    NoRoom,
    /// The writer is not one of the chat's agents.
    NotInChat,
}

/// What happened to a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum ChatEvent {
    /// It began to wait.
    Queued,
    /// The queue was full.
    QueueFull,
    /// The queue was closed.
    QueueClosed,
    /// An agent was asked.
    Requested {
        /// Whom.
        agent: AgentId,
        /// The request's number.
        request: u32,
    },
    /// An agent declined.
    Rejected {
        /// Who.
        agent: AgentId,
    },
    /// An agent did not answer in time.
    Missed {
        /// Who.
        agent: AgentId,
    },
    /// A request was withdrawn: the chat is over, taken, or for somebody else, or the agent is not
    /// to be asked now. It does not count against them.
    Withdrawn {
        /// From whom.
        agent: AgentId,
    },
    /// An invite could not be sent.
    RequestFailed {
        /// To whom.
        agent: AgentId,
    },
    /// An agent is in the chat.
    Joined {
        /// Who.
        agent: AgentId,
        /// Whether this is the one who accepted the request (not an addition).
        first: bool,
    },
    /// An agent left the chat.
    Left {
        /// Who.
        agent: AgentId,
        /// Whether they were the last one; the chat then waits for their return. (An agent whom
        /// our own withdrawal hit is asked again instead, and who hands the chat over is waited for
        /// by nobody: they are not "the last" in this sense.)
        last: bool,
    },
    /// Nobody came back: the chat waits again, with its original waiting time.
    Requeued,
    /// All agents of the queue have declined or missed it; they are asked once more after a pause.
    RoundOver,
    /// It went into another queue, since nobody took it in this one.
    Overflowed {
        /// Where it was.
        from: QueueId,
        /// Where it is.
        to: QueueId,
    },
    /// A supervisor put it into another queue.
    Moved {
        /// Where it was.
        from: QueueId,
        /// Where it is.
        to: QueueId,
    },
    /// The customer is asked to leave a message.
    FormOffered,
    /// The customer has left a message, which waits for an agent.
    MessageLeft,
    /// It is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// An agent has invited another one, or somebody of a queue.
    InvitationAsked {
        /// Who asks.
        by: AgentId,
        /// Whom.
        invitee: Invitee,
    },
    /// An agent is asked because of an invitation.
    InvitationRings {
        /// Whom.
        agent: AgentId,
        /// The request's number.
        request: u32,
        /// Their status, which may be a reason not to expect an answer.
        status: Status,
        /// They have as many chats as they can have.
        busy: bool,
    },
    /// Whom an invitation asked does not come. That of a queue goes on with the next one.
    InvitationRefused {
        /// Who.
        agent: AgentId,
        /// Why.
        why: InvitationRefusal,
    },
    /// An invitation is over.
    InvitationOver {
        /// How.
        how: InvitationEnd,
    },
}

/// Why an invited agent does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationRefusal {
    /// They declined.
    Rejected,
    /// They did not answer in time.
    Missed,
    /// The invite could not be sent.
    Failed,
    /// They are not to be asked any more: they have paused, logged off, or are no agent any more.
    Withdrawn,
}

/// How an invitation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEnd {
    /// An agent has joined.
    Accepted(AgentId),
    /// The one whom it asked does not come.
    Refused,
    /// Nobody of the queue can be asked any more.
    NobodyAvailable,
    /// An agent took it back.
    Cancelled(AgentId),
    /// The chat ended.
    ChatOver,
}

/// Why an input was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Ignored {
    /// No such chat.
    #[error("no such chat")]
    UnknownChat,
    /// No such queue.
    #[error("no such queue")]
    UnknownQueue,
    /// No such agent.
    #[error("not an agent of this queue")]
    UnknownAgent,
    /// The chat already exists.
    #[error("the chat already exists")]
    Duplicate,
    /// The chat is over.
    #[error("the chat is over")]
    Ended,
    /// It came too late, or not in this state.
    #[error("does not fit the chat's state")]
    Stale,
    /// No such profile.
    #[error("no such profile")]
    UnknownProfile,
    /// The agent has not logged on.
    #[error("not logged on")]
    LoggedOff,
    /// The agent is not ready, is being asked already, or has as many chats as they can have.
    #[error("the agent cannot be asked now")]
    Unavailable,
    /// Only an agent who is in the chat can do that.
    #[error("only an agent who is in the chat can do that")]
    NotInChat,
    /// One invitation at a time.
    #[error("an invitation rings already")]
    InvitationPending,
    /// There is no invitation to take back.
    #[error("no invitation rings")]
    NoInvitation,
    /// The agent is in the chat.
    #[error("the agent is in the chat already")]
    InChat,
    /// Nobody of the queue can be asked now.
    #[error("nobody of the queue can be asked now")]
    NobodyAvailable,
}
