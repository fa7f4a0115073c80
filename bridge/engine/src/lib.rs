//! The rules of Switchboard: who is asked to take a chat, who answers it, and when it ends.
//!
//! The engine is a plain state machine. [`Engine::handle`] takes the time and one [`Input`] and
//! returns a [`Step`]: the [`Effect`]s to carry out and the [`RecordKey`]s that changed. It does no
//! I/O, reads no clock and draws no random numbers, so every rule can be tested without a runtime
//! and replayed to the same result.
//!
//! | module | concept |
//! |---|---|
//! | [`ids`] | chats, agents, queues, messages by reference |
//! | [`time`] | points in time and spans, in milliseconds |
//! | [`chat`] | a chat and its life cycle: waiting → ringing → active → ended |
//! | [`agent`] | an agent's availability and load |
//! | [`offer`] | a question with options, and when an answer counts |
//! | [`queue`] | the settings of a queue |
//! | [`setup`] | queues, profiles and agents, as administrators want them |
//! | [`input`] | what can happen |
//! | [`effect`] | what is to be done about it |
//! | [`engine`] | the state and the way through it |
//! | [`bugs`] | rules that can be broken to test the tests |

pub mod agent;
pub mod bugs;
pub mod chat;
pub mod effect;
pub mod engine;
pub mod ids;
pub mod input;
pub mod offer;
pub mod queue;
pub mod setup;
pub mod time;

pub use agent::{Agent, Status};
pub use chat::{Chat, ChatState, EndReason, Invitation, Invitee, Request, Rings, Room};
pub use effect::{
    ChatEvent, Effect, Ignored, InvitationEnd, InvitationRefusal, RecordKey, Refusal, RemoveReason,
    StatusWhy, Step,
};
pub use engine::Engine;
pub use ids::{AgentId, ChatId, MessageRef, ProfileId, QueueId};
pub use input::{Input, Leaving, Removal, WithdrawOutcome};
pub use offer::{NoAnswer, Offer, OfferState};
pub use queue::{Overflow, OverflowTo, QueueSettings, Strategy};
pub use setup::{AgentSettings, Profile, Serves, Setup};
pub use time::{Span, Time};
