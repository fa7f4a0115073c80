//! What happens in the world, as inbox items: customers' deeds as the gateway writes them down, and
//! events in the JSON in which a homeserver pushes them.

use std::{collections::BTreeMap, fmt::Write as _};

use ruma::{OwnedEventId, OwnedRoomId};
use switchboard::{
    gateway::input::{CustomerInput, Facts},
    identity::Namespace,
    matrix::content::EFFECT_KEY,
    outbox::{deliver::REMOVAL_KEY, effect::effect_id},
    runner::driven,
    store::{EffectSeq, NewInboxItem},
};
use switchboard_engine::{AgentId, ChatId, Input, Removal};

use super::{
    SERVER,
    centre::{self, SITE},
    committed::Asks,
    disk::INCARNATION,
};
use crate::{
    store::Key,
    system::{Arrival, Event, Item},
};

/// Writes items.
#[derive(Debug)]
pub(super) struct Arrivals {
    names: Namespace,
    /// The homeserver does not say what was before an event.
    bare: bool,
    rooms: BTreeMap<ChatId, Room>,
    /// The questions that effects ask.
    questions: BTreeMap<u64, Asks>,
}

/// What has been read of a room.
#[derive(Debug, Default)]
struct Room {
    memberships: BTreeMap<AgentId, &'static str>,
    /// The newest question of each kind.
    asked: BTreeMap<Asks, usize>,
    /// What was read before, as it was pushed first.
    events: Vec<Vec<u8>>,
}

/// A message of an agent: its chat, its place in the room, and who wrote it.
pub(super) type Words = (ChatId, usize, AgentId);

/// What an agent wrote for the customer, if that is what arrives.
pub(super) fn words_of_an_agent(arrival: &Arrival<'_>) -> Option<Words> {
    match arrival.item {
        Item::Event { chat, index, event: Event::Wrote(agent) } => {
            Some((*chat, *index, agent.clone()))
        }
        _ => None,
    }
}

/// The id of the event at this place in a chat's room.
pub(super) fn event_id(chat: ChatId, index: usize) -> String {
    format!("$e{index}c{}", chat.0)
}

/// The same, as an id.
pub(super) fn event(chat: ChatId, index: usize) -> Option<OwnedEventId> {
    event_id(chat, index).try_into().ok()
}

fn room_id(chat: ChatId) -> String {
    format!("!c{}:{SERVER}", chat.0)
}

/// The room of a chat.
pub(super) fn room(chat: ChatId) -> Option<OwnedRoomId> {
    room_id(chat).try_into().ok()
}

/// What an agent writes, by its place in the room.
pub(super) fn agents_words(index: usize) -> String {
    format!("m{index}")
}

/// The key of a customer's message.
pub(super) fn message_key(key: u32) -> String {
    format!("k{key}")
}

impl Arrivals {
    pub(super) fn new(names: Namespace, bare: bool) -> Self {
        Self { names, bare, rooms: BTreeMap::new(), questions: BTreeMap::new() }
    }

    /// An effect that may ask something is under way.
    pub(super) fn will_send(&mut self, seq: u64, question: Option<Asks>) {
        if let Some(question) = question {
            self.questions.insert(seq, question);
        }
    }

    /// What arrives, as it lies in the inbox.
    pub(super) fn item(&mut self, arrival: &Arrival<'_>) -> NewInboxItem {
        let received = arrival.now.0;
        let customer = |input: CustomerInput| input.into_item(received);
        let item = match arrival.item {
            Item::Start { chat, queue } => customer(CustomerInput::Start {
                chat: *chat,
                site: SITE.to_owned(),
                name: None,
                session: format!("{:064x}", chat.0),
                queue: Some(queue.0.clone()),
                facts: Facts::default(),
            }),
            Item::Send { chat, key } => customer(CustomerInput::Send {
                chat: *chat,
                key: message_key(*key),
                text: format!("c{key}"),
                email: None,
                reply_to: None,
                files: Vec::new(),
            }),
            Item::End { chat } => customer(CustomerInput::End { chat: *chat }),
            Item::Away { chat } => {
                // The time tells one absence from another.
                let since = match arrival.key {
                    Key::Away(_, n) => u64::from(n),
                    _ => 0,
                };
                customer(CustomerInput::Away { chat: *chat, since })
            }
            Item::Event { chat, index, event } => Ok(NewInboxItem {
                key: format!("event:{}", event_id(*chat, *index)),
                received,
                body: self.event(*chat, *index, event),
            }),
            Item::Control(input) => {
                let centre = match input {
                    Input::Configured { setup } => Some(centre::of(setup)),
                    _ => None,
                };
                let key = match arrival.key {
                    Key::Control(n) => n,
                    _ => 0,
                };
                driven::desk_item(&key.to_string(), input.clone(), centre)
            }
        };
        #[expect(clippy::expect_used, reason = "a mistake of the simulator, not of the bridge")]
        let mut item = item.expect("all of it can be written as JSON");
        if arrival.again {
            item.key = format!("{}#{}", item.key, arrival.seq);
        }
        item
    }

    /// An event as the homeserver pushes it. What it pushes again is the same.
    fn event(&mut self, chat: ChatId, index: usize, event: &Event) -> Vec<u8> {
        let room = self.rooms.entry(chat).or_default();
        if let Some(body) = room.events.get(index).filter(|body| !body.is_empty()) {
            return body.clone();
        }
        if let (Event::Noted { seq }, questions) = (event, &self.questions)
            && let Some(question) = questions.get(seq)
        {
            room.asked.insert(*question, index);
        }
        let Written { sender, kind, member, mut content, ours } =
            room.written(chat, event, index, &self.names);
        if let Some(seq) = ours {
            let id = effect_id(INCARNATION, EffectSeq(seq));
            let _ = write!(content, r#","{EFFECT_KEY}":"{id}""#);
        }
        // All of it is ours, and nothing in it needs to be escaped.
        let (id, place) = (event_id(chat, index), room_id(chat));
        let mut all = format!(
            r#"{{"event_id":"{id}","room_id":"{place}","sender":"{sender}","type":"{kind}","content":{{{content}}},"origin_server_ts":0"#
        );
        if let Some((agent, membership)) = member {
            let _ = write!(all, r#","state_key":"{agent}""#);
            let before = room.memberships.insert(agent, membership);
            if let Some(before) = before.filter(|_| !self.bare) {
                let _ =
                    write!(all, r#","unsigned":{{"prev_content":{{"membership":"{before}"}}}}"#);
            }
        }
        all.push('}');
        let body = all.into_bytes();
        if room.events.len() <= index {
            room.events.resize(index + 1, Vec::new());
        }
        room.events[index].clone_from(&body);
        body
    }
}

/// An event in the making.
struct Written {
    sender: String,
    kind: &'static str,
    /// Whose membership becomes what.
    member: Option<(AgentId, &'static str)>,
    /// The fields of the content, as JSON.
    content: String,
    /// The effect that it comes of.
    ours: Option<u64>,
}

impl Room {
    fn written(&self, chat: ChatId, event: &Event, index: usize, names: &Namespace) -> Written {
        let ghost = || names.ghost(chat).to_string();
        let bot = || names.bot().to_string();
        let member = |sender: String, agent: &AgentId, membership, more: &str, ours| Written {
            sender,
            kind: "m.room.member",
            member: Some((agent.clone(), membership)),
            content: format!(r#""membership":"{membership}"{more}"#),
            ours,
        };
        let said = |sender: String, text: &str, kind: &str, ours| Written {
            sender,
            kind: "m.room.message",
            member: None,
            content: format!(r#""msgtype":"{kind}","body":"{text}""#),
            ours,
        };
        // Somebody who reacts to a question that they do not see reacts to something else.
        let pressed = |agent: &AgentId, asks: Asks| {
            let target = event_id(chat, self.asked.get(&asks).copied().unwrap_or(index));
            Written {
                sender: agent.0.clone(),
                kind: "m.reaction",
                member: None,
                content: format!(
                    r#""m.relates_to":{{"rel_type":"m.annotation","event_id":"{target}","key":"✅"}}"#
                ),
                ours: None,
            }
        };
        match event {
            Event::Invited { seq, agent } => member(ghost(), agent, "invite", "", Some(*seq)),
            Event::Joined(agent) => member(agent.0.clone(), agent, "join", "", None),
            Event::Gone { agent, how, seq } => {
                let sender = match (seq, how) {
                    (Some(_), _) => bot(),
                    (None, Removal::Removed) => format!("@admin:{SERVER}"),
                    (None, _) => agent.0.clone(),
                };
                let why = match how {
                    Removal::Withdrawn | Removal::WithdrawnAfterJoin => "withdrawn",
                    _ => "closed",
                };
                let why = seq.map(|_| format!(r#","{REMOVAL_KEY}":"{why}""#)).unwrap_or_default();
                member(sender, agent, "leave", &why, *seq)
            }
            Event::Wrote(agent) => said(agent.0.clone(), &agents_words(index), "m.text", None),
            Event::AsksEnd(agent) => said(agent.0.clone(), "!end", "m.text", None),
            Event::ConfirmsEnd(agent) => pressed(agent, Asks::ConfirmEnd),
            Event::Closes(agent) => pressed(agent, Asks::Close),
            Event::Said { seq, key, .. } => said(ghost(), &format!("c{key}"), "m.text", Some(*seq)),
            Event::Noted { seq } => said(bot(), "a notice", "m.notice", Some(*seq)),
        }
    }
}
