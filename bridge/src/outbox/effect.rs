//! What the outbox carries out, as it is stored, and what becomes of it.

use ruma::{OwnedEventId, OwnedRoomId};
use serde::{Deserialize, Serialize};
use switchboard_engine::WithdrawOutcome;

use crate::{
    media::{StoredFile, Unfit},
    place::Place,
    private::PrivateText,
    store::EffectSeq,
    variables::Variable,
};

/// An effect on the homeserver, with all that is needed to carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEffect {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// In which order: effects of one place and lane are carried out one after the other.
    pub lane: Lane,
    /// Effects, of any lane, that must be done first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<u64>,
    /// When it was decided, in milliseconds since the Unix epoch.
    pub created: u64,
    /// What.
    pub deed: Deed,
}

/// The lanes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// What is said in the room, and the making of it.
    Timeline,
    /// Who is asked and who is removed.
    Members,
    /// Files of agents, which are fetched and checked.
    Files,
    /// The same of those whose check takes long.
    LateFiles,
}

/// One thing to do on the homeserver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Deed {
    /// Make the chat's room, with the customer's ghost in it.
    OpenRoom {
        /// The chat's display number.
        number: u64,
        /// What the customer calls themselves.
        customer: String,
        /// The queue's id.
        queue: String,
        /// The queue's name.
        queue_name: String,
        /// What is known of the customer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        variables: Vec<Variable>,
        /// Whether agents of other homeservers can be asked.
        #[serde(default = "yes")]
        federate: bool,
    },
    /// Post a card and pin it: the customer's details, or what can be done at a desk.
    Card {
        /// The card as text.
        text: String,
        /// The card as HTML.
        html: String,
        /// Reactions to place on it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reactions: Vec<String>,
    },
    /// Invite an agent, as the ghost.
    Ring {
        /// The request's number.
        request: u32,
        /// Whom.
        agent: String,
        /// The reason as text.
        reason: String,
        /// The reason as HTML.
        html: String,
    },
    /// Take an invite back unless the agent has joined.
    Withdraw {
        /// Whose.
        agent: String,
        /// What the agent is told.
        reason: String,
    },
    /// Remove an agent from the room.
    Remove {
        /// Whom.
        agent: String,
        /// What the agent is told.
        reason: String,
    },
    /// Say something as the customer.
    Say {
        /// The customer's words.
        text: String,
        /// The agents who owe a reply.
        mentions: Vec<String>,
        /// The message's entry in the customer's feed.
        anchor: u64,
        /// The message's key.
        key: String,
        /// When the customer's message arrived, in milliseconds since the Unix epoch.
        received: u64,
        /// What it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Target>,
        /// Files of the same message follow.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// Post a file of the customer, as the customer.
    Attach {
        /// The file.
        file: StoredFile,
        /// The agents who owe a reply.
        mentions: Vec<String>,
        /// The message's entry in the customer's feed.
        anchor: u64,
        /// The message's key.
        key: String,
        /// When the customer's message arrived, in milliseconds since the Unix epoch.
        received: u64,
        /// What it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Target>,
        /// Nothing of the message follows.
        last: bool,
    },
    /// Fetch a file of an agent, check it and store a copy without metadata.
    FetchFile {
        /// Names the copy within its chat.
        id: String,
        /// What the agent's client calls it.
        name: String,
        /// Where it is.
        uri: String,
        /// It may take as long as it takes: nothing waits for it.
        late: bool,
    },
    /// Say something as the bot.
    Notice {
        /// What.
        text: String,
        /// The same as HTML.
        html: Option<String>,
        /// Reactions to place on it.
        reactions: Vec<String>,
        /// The newest entry in the customer's feed when it was decided; 0 where there is none.
        anchor: u64,
        /// What it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Asked>,
    },
    /// Make a room in which people talk with the bot.
    OpenBotRoom {
        /// Its name.
        name: String,
        /// Its topic.
        topic: String,
    },
    /// Invite somebody as the bot, unless they are there.
    Invite {
        /// Whom.
        user: String,
        /// Why.
        reason: String,
        /// Whether it is a direct chat.
        direct: bool,
    },
    /// Accept an invite to the bot, and read what was said before.
    Join {},
    /// Decline an invite to the bot.
    Decline {
        /// Why.
        reason: String,
    },
    /// Make the user that stands for a queue, or name it anew.
    NameQueue {
        /// What it is called.
        name: String,
    },
    /// Make a space.
    OpenSpace {
        /// Its name.
        name: String,
        /// Its topic.
        topic: String,
    },
    /// Give a room another name.
    NameRoom {
        /// The name.
        name: String,
    },
    /// Put a room into a space, or take it out.
    ListRoom {
        /// Which room.
        room: OwnedRoomId,
        /// Whether it is to be in it.
        listed: bool,
    },
    /// Bring a user of ours into a room.
    BringIn {
        /// Whom.
        user: String,
    },
    /// Show everybody out of a space, and leave it.
    CloseSpace {
        /// What they are told.
        reason: String,
    },
    /// Post a text as a file, as the bot.
    File {
        /// The file's name.
        name: String,
        /// Its media type.
        mime: String,
        /// What is in it.
        text: String,
        /// What it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Asked>,
    },
    /// Take a message of the bot back.
    Redact {
        /// Which event.
        event: OwnedEventId,
        /// Why.
        reason: String,
    },
    /// Give a message of the customer another text, as the customer.
    Amend {
        /// Which message.
        to: Target,
        /// The customer's words.
        text: String,
        /// The message's entry in the customer's feed.
        feed: u64,
        /// The change's key.
        key: String,
    },
    /// React to a message as the customer.
    React {
        /// Which message.
        to: Target,
        /// With what.
        emoji: String,
        /// The message's entry in the customer's feed.
        feed: u64,
        /// The change's key.
        key: String,
    },
    /// Take a message or a reaction of the customer back, as the customer.
    TakeBack {
        /// Which event.
        of: Target,
        /// The change's key.
        key: String,
    },
    /// Make the room in which a chat's agents write what the customer never sees.
    OpenCompanion {
        /// The chat's display number.
        number: u64,
        /// What the customer calls themselves.
        customer: String,
        /// The chat's own room.
        chat_room: OwnedRoomId,
    },
    /// Write into the chat's room which is its companion room.
    LinkCompanion {
        /// The companion room.
        room: OwnedRoomId,
    },
    /// Post a private message into the companion room, as the bot.
    PostPrivate {
        /// Its author's public name.
        name: String,
        /// The message.
        message: PrivateText,
        /// The event of the command in the chat's room, which is removed afterwards.
        command: String,
    },
    /// Remove a command with a private text from the chat's room.
    HidePrivate {
        /// The command's event.
        event: String,
    },
    /// Write what is known of the customer into the room's state.
    Customer {
        /// All of it.
        variables: Vec<Variable>,
    },
    /// Write the chat's status into the room's state.
    Status {
        /// The chat's display number.
        number: u64,
        /// The queue's id.
        queue: String,
        /// `waiting`, `active` or `ended`.
        status: String,
    },
}

/// An event that something is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// One that is known.
    Event {
        /// Its id.
        event: OwnedEventId,
    },
    /// One of the customer that was on its way: by the effect that puts it into the room.
    Effect {
        /// The effect's number.
        effect: u64,
        /// When it was decided, in milliseconds since the Unix epoch: the event is no older.
        created: u64,
    },
}

impl Deed {
    /// What it is about, if it cannot be done without that.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match self {
            Self::Amend { to, .. } | Self::React { to, .. } => Some(to),
            Self::TakeBack { of, .. } => Some(of),
            _ => None,
        }
    }
}

/// A message that the bot answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its event.
    pub event: String,
    /// The first event of the thread that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

fn yes() -> bool {
    true
}

/// A good end of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The room is there.
    Room(OwnedRoomId),
    /// The event is in the room.
    Event(OwnedEventId),
    /// An earlier try has put the event into the room.
    Found(OwnedEventId),
    /// The invite is with the homeserver.
    Rung,
    /// The bot is in the room; what was said there before, newest last, as JSON.
    Joined(Vec<String>),
    /// The file is stored.
    File(StoredFile),
    /// The file is not taken.
    Unfit(Unfit),
    /// The file takes longer than others can wait.
    Later,
    /// What became of a withdrawal.
    Withdrawn(WithdrawOutcome),
    /// Nothing to tell.
    Plain,
}

/// The end of an effect: the runner takes it as an input.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which effect.
    pub seq: EffectSeq,
    /// The effect.
    pub effect: OutboxEffect,
    /// Done, or given up for good with a reason for administrators.
    pub result: Result<Done, String>,
    /// Whether an earlier try had done it already.
    pub found: bool,
}

/// The id of an effect: unique across stores, and the transaction id of its request.
#[must_use]
pub fn effect_id(incarnation: &str, seq: EffectSeq) -> String {
    format!("{incarnation}.{}", seq.0)
}

/// The effect that an id names, if it is of this store.
#[must_use]
pub fn parse_effect_id(incarnation: &str, id: &str) -> Option<EffectSeq> {
    id.strip_prefix(incarnation)?.strip_prefix('.')?.parse().ok().map(EffectSeq)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_engine::ChatId;

    use super::*;

    #[test]
    fn effects_are_read_as_they_were_written_wherever_they_are() {
        for (place, expected) in [
            (Place::Chat(ChatId(7)), json!({ "chat": ChatId(7) })),
            (Place::Desk("@anna:localhost".to_owned()), json!({ "desk": "@anna:localhost" })),
            (Place::Control {}, json!({ "control": {} })),
            (Place::QueueUser("sales".to_owned()), json!({ "queue_user": "sales" })),
            (Place::Space {}, json!({ "space": {} })),
            (
                Place::QueueSpace { queue: "sales".to_owned(), number: 2 },
                json!({ "queue_space": { "queue": "sales", "number": 2 } }),
            ),
        ] {
            let deed =
                Deed::ListRoom { room: ruma::room_id!("!room:localhost").to_owned(), listed: true };
            let (lane, after) = (Lane::Timeline, vec![1]);
            let effect = OutboxEffect { place, lane, after, created: 3, deed };
            let mut stored = json!(effect);
            assert_eq!(serde_json::from_value::<OutboxEffect>(stored.clone()).unwrap(), effect);
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(stored.as_object_mut().unwrap().remove(key).as_ref(), Some(value));
            }
            assert_eq!(
                stored,
                json!({
                    "lane": "timeline", "after": [1], "created": 3,
                    "deed": { "do": "list_room", "room": "!room:localhost", "listed": true },
                })
            );
        }
    }
}
