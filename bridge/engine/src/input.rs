//! What can happen. Each input comes once; one that no longer fits the state is answered with an
//! [`Effect::Ignored`](crate::Effect::Ignored) and changes nothing.

use serde::{Deserialize, Serialize};

use crate::{
    chat::Invitee,
    ids::{AgentId, ChatId, MessageRef, ProfileId, QueueId},
    setup::Setup,
    time::Span,
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A customer opened a chat.
    ChatStarted {
        /// Its new id.
        chat: ChatId,
        /// Where it shall wait.
        queue: QueueId,
    },
    /// The customer wrote.
    CustomerSent {
        /// Where.
        chat: ChatId,
        /// What, in the log.
        message: MessageRef,
    },
    /// The customer pressed End.
    CustomerEnded {
        /// Which chat.
        chat: ChatId,
    },
    /// The customer's page has been away for the abandon time.
    CustomerAway {
        /// Which chat.
        chat: ChatId,
    },
    /// The room exists and can be talked in.
    RoomOpened {
        /// Which chat's.
        chat: ChatId,
    },
    /// The homeserver refuses the room for good.
    RoomFailed {
        /// Which chat's.
        chat: ChatId,
    },
    /// The invite is with the homeserver: it rings from now.
    RequestSent {
        /// Which chat.
        chat: ChatId,
        /// The request's number.
        request: u32,
    },
    /// The homeserver refuses the invite for good (unknown user, for instance).
    RequestFailed {
        /// Which chat.
        chat: ChatId,
        /// The request's number.
        request: u32,
    },
    /// The outcome of an [`Effect::Withdraw`](crate::Effect::Withdraw).
    RequestWithdrawn {
        /// Which chat.
        chat: ChatId,
        /// Whose request.
        agent: AgentId,
        /// What the homeserver said.
        outcome: WithdrawOutcome,
    },
    /// An agent joined the room.
    AgentJoined {
        /// Which chat's.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent's membership ended.
    AgentGone {
        /// Which chat's.
        chat: ChatId,
        /// Who.
        agent: AgentId,
        /// How.
        how: Removal,
    },
    /// The homeserver refuses an [`Effect::Remove`](crate::Effect::Remove) for good: the agent is
    /// still in the room.
    RemovalFailed {
        /// Which chat's.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent wrote something that is for the customer.
    AgentSent {
        /// Where.
        chat: ChatId,
        /// Who.
        agent: AgentId,
        /// What, in the log.
        message: MessageRef,
    },
    /// An agent asked to end the chat (`!end`).
    AgentAsksEnd {
        /// Which chat.
        chat: ChatId,
        /// Who.
        agent: AgentId,
        /// Whether the customer's page is connected; if so the agent is asked to confirm.
        customer_connected: bool,
    },
    /// An agent confirmed the end.
    AgentConfirmsEnd {
        /// Which chat.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent pressed ✅ Close on an ended chat.
    AgentCloses {
        /// Which chat.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent in the chat asks another one to come (`!invite`, or their client's own dialog).
    AgentInvites {
        /// Which chat.
        chat: ChatId,
        /// Who asks.
        by: AgentId,
        /// Whom.
        invitee: Invitee,
        /// Their client has invited that agent already: it rings, and is not sent again.
        sent: bool,
    },
    /// An agent in the chat takes its invitation back.
    AgentCancelsInvitation {
        /// Which chat.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent wants to be out of the chat (`!leave`).
    AgentLeaves {
        /// Which chat.
        chat: ChatId,
        /// Who.
        agent: AgentId,
    },
    /// An agent logs on with a profile, or changes to another one, and is ready.
    AgentLogsOn {
        /// Who.
        agent: AgentId,
        /// With which profile.
        profile: ProfileId,
    },
    /// An agent logs off.
    AgentLogsOff {
        /// Who.
        agent: AgentId,
        /// What becomes of the chats that they are in. Unless it is said, an agent with chats is
        /// asked.
        chats: Option<Leaving>,
    },
    /// A logged-on agent wants to be asked again.
    AgentReady {
        /// Who.
        agent: AgentId,
    },
    /// A logged-on agent does not want to be asked.
    AgentPauses {
        /// Who.
        agent: AgentId,
        /// Only when the chats that they are in are over; nobody asks them meanwhile, either.
        after_chats: bool,
    },
    /// A supervisor gives a waiting chat to an agent: a request like any other, but to this one.
    Assigned {
        /// Which chat.
        chat: ChatId,
        /// To whom; must be available.
        agent: AgentId,
    },
    /// A supervisor puts a chat into another queue. A chat that agents have stays with them and
    /// only returns there.
    Moved {
        /// Which chat.
        chat: ChatId,
        /// Where to.
        queue: QueueId,
    },
    /// The configuration is this from now on. Agents not named are no agents any more, their chats
    /// stay with them; who is logged on with a profile that is gone is logged off.
    Configured {
        /// All of it.
        setup: Setup,
    },
    /// A queue opens or closes by its hours. Chats that wait there go on waiting.
    QueueHours {
        /// Which queue.
        queue: QueueId,
        /// Whether it is open now.
        open: bool,
    },
    /// The bridge was away for this long and has caught up: every deadline moves by it.
    Resumed {
        /// How long.
        outage: Span,
    },
    /// Time has passed: deal with every deadline up to now.
    Timer,
}

/// What becomes of the chats of an agent who logs off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// The agent stays in them to the end.
    Keep,
    /// The agent leaves them; those without another agent return to their queues.
    Return,
}

/// How an agent's membership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// The agent declined the invite.
    Declined,
    /// The agent left after having joined, or was shown out by our own removal.
    Left,
    /// Our withdrawal, and the agent had not joined.
    Withdrawn,
    /// Our withdrawal, but the agent had just joined.
    WithdrawnAfterJoin,
    /// Somebody else (a server administrator, say) removed the agent.
    Removed,
}

/// What became of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawOutcome {
    /// The invite is gone.
    Done,
    /// The agent had joined, so nothing was withdrawn.
    HadJoined,
    /// The homeserver refused for good; the invite may still be there.
    Failed,
}
