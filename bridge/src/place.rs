//! The rooms that the bridge has to do with, by what they are for.

use std::fmt;

use ruma::OwnedRoomId;
use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;

/// A room, by what it is for. It may not be made yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A chat's room.
    Chat(ChatId),
    /// The direct chat that the bot opens for everybody who works here, by Matrix user id.
    Desk(String),
    /// The administrators' room.
    Control {},
    /// The user that stands for a queue, by the queue's id. It is no room, but what is done to it is
    /// done one after the other.
    QueueUser(String),
    /// The space for everybody who works here.
    Space {},
    /// A space with a queue's open chats.
    QueueSpace {
        /// The queue's id.
        queue: String,
        /// Spaces grow old: the queue's first, second and so on.
        number: u64,
    },
    /// The room in which a chat's agents write what the customer never sees.
    Companion(ChatId),
    /// A room that the bot was invited to.
    Visited(OwnedRoomId),
}

impl Place {
    /// The chat, if it is a chat's room.
    #[must_use]
    pub fn chat(&self) -> Option<ChatId> {
        match self {
            Self::Chat(chat) => Some(*chat),
            _ => None,
        }
    }

    /// The chat that it has to do with: of its own room and of its companion room. Nothing that finds
    /// a chat so may go to the customer.
    #[must_use]
    pub fn about(&self) -> Option<ChatId> {
        match self {
            Self::Chat(chat) | Self::Companion(chat) => Some(*chat),
            _ => None,
        }
    }

    /// Whether it is a space.
    #[must_use]
    pub fn is_space(&self) -> bool {
        matches!(self, Self::Space {} | Self::QueueSpace { .. })
    }

    /// What a stored record of it is called.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Chat(chat) => format!("chat/{chat}"),
            Self::Desk(user) => format!("desk/{user}"),
            Self::Control {} => "control".to_owned(),
            Self::QueueUser(queue) => format!("queue/{queue}"),
            Self::Space {} => "space".to_owned(),
            Self::QueueSpace { queue, number } => format!("space/{queue}/{number}"),
            Self::Companion(chat) => format!("companion/{chat}"),
            Self::Visited(room) => format!("visited/{room}"),
        }
    }
}

/// For logs: without people's names.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chat(chat) => write!(f, "chat {chat}"),
            Self::Desk(_) => f.write_str("a desk"),
            Self::Control {} => f.write_str("the administrators' room"),
            Self::QueueUser(queue) => write!(f, "the user of queue {queue}"),
            Self::Space {} => f.write_str("the space"),
            Self::QueueSpace { queue, number } => write!(f, "space {number} of queue {queue}"),
            Self::Companion(chat) => write!(f, "the companion room of chat {chat}"),
            Self::Visited(room) => write!(f, "room {room}"),
        }
    }
}

impl From<ChatId> for Place {
    fn from(chat: ChatId) -> Self {
        Self::Chat(chat)
    }
}
