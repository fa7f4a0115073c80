//! What the runner has committed, read from the bytes, in the world's words.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde::{Deserialize, de::DeserializeOwned};
use switchboard::{
    gateway::wire::{FeedBody, FeedEntry as BridgeFeedEntry, Phase},
    matrix::rich,
    outbox::effect::{self as bridge, Lane},
    runner::records::{LogEntry as BridgeLogEntry, LogRecord},
    store::{self, EffectSeq, RecordKind, Stream, StreamEntry},
};
use switchboard_engine::{Agent, AgentId, Chat, ChatId, ChatState, WithdrawOutcome};

use super::arrivals::{self, Words};
use crate::system::{Changes, Deed, Done, FeedEntry, LogEntry, OutboxEffect, Outcome, Refused};

/// How the bot begins when it tells agents of a message that did not reach the customer.
const NOT_SENT: &str = "Not sent to the customer";

/// A sentence that does not hold, and how.
type Scandal = (&'static str, String);

/// A question of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asks {
    /// Whether the chat shall end.
    ConfirmEnd,
    /// Whether the agent leaves the room of an ended chat.
    Close,
}

/// What matters here of a [`Conversation`](switchboard::runner::records::Conversation).
#[derive(Deserialize)]
struct Page {
    phase: Phase,
    #[serde(default)]
    guests: BTreeSet<String>,
}

/// What is known of all commits.
#[derive(Debug, Default)]
pub(super) struct Committed {
    effects: BTreeMap<u64, bridge::OutboxEffect>,
    /// Inbox items with words of agents that are not handled.
    words: BTreeMap<u64, Words>,
    /// People in rooms who are no agents, and that the room knows.
    guests: BTreeMap<ChatId, BTreeSet<String>>,
    /// What customers' pages show.
    phases: BTreeMap<ChatId, Phase>,
}

impl Committed {
    /// There is a message of an agent at this place in the inbox.
    pub(super) fn will_handle(&mut self, seq: u64, words: Words) {
        self.words.insert(seq, words);
    }

    /// The question that an effect asks.
    pub(super) fn question(&self, seq: u64) -> Option<Asks> {
        let bridge::Deed::Notice { reactions, .. } = &self.effects.get(&seq)?.deed else {
            return None;
        };
        match reactions.len() {
            0 => None,
            1 => Some(Asks::Close),
            _ => Some(Asks::ConfirmEnd),
        }
    }

    /// The end of an effect as the bridge's outbox tells it; `None` for one that is not known.
    pub(super) fn outcome(&self, outcome: &Outcome) -> Option<bridge::Outcome> {
        let effect = self.effects.get(&outcome.seq)?.clone();
        let chat = effect.place.chat()?;
        let result = match outcome.result {
            Err(Refused) => Err("refused for good".to_owned()),
            Ok(done) => Ok(match (&effect.deed, done) {
                (bridge::Deed::OpenRoom { .. }, _) => bridge::Done::Room(arrivals::room(chat)?),
                (bridge::Deed::Ring { .. }, _) => bridge::Done::Rung,
                (bridge::Deed::Withdraw { .. }, Done::Withdrawn(outcome)) => {
                    bridge::Done::Withdrawn(outcome)
                }
                (bridge::Deed::Withdraw { .. }, _) => {
                    bridge::Done::Withdrawn(WithdrawOutcome::Done)
                }
                (
                    bridge::Deed::Say { .. }
                    | bridge::Deed::Notice { .. }
                    | bridge::Deed::Card { .. },
                    Done::Event(index),
                ) => bridge::Done::Event(arrivals::event(chat, index)?),
                _ => bridge::Done::Plain,
            }),
        };
        Some(bridge::Outcome { seq: EffectSeq(outcome.seq), effect, result, found: false })
    }

    /// The ends of effects outside of chats' rooms. The world has none of these places: what is to be
    /// done there is done at once and does not fail.
    pub(super) fn ends_elsewhere(&self) -> impl Iterator<Item = bridge::Outcome> {
        let elsewhere = self.effects.iter().filter(|(_, effect)| effect.place.chat().is_none());
        elsewhere.map(|(seq, effect)| bridge::Outcome {
            seq: EffectSeq(*seq),
            effect: effect.clone(),
            result: Ok(bridge::Done::Plain),
            found: false,
        })
    }

    /// Reads a commit.
    pub(super) fn read(&mut self, stored: &store::Changes, hash: bool) -> Result<Changes, Scandal> {
        let mut changes = Changes::default();
        if hash {
            let mut hasher = DefaultHasher::new();
            format!("{stored:?}").hash(&mut hasher);
            changes.hash = hasher.finish();
        }
        changes.done = stored.inbox_done.iter().map(|seq| seq.0).collect();
        for (kind, key, body) in &stored.records {
            self.record(*kind, key, body.as_deref(), &mut changes)?;
        }
        for entry in &stored.entries {
            read_entry(entry, &mut changes)?;
        }
        let mut refusals: BTreeMap<ChatId, usize> = BTreeMap::new();
        for (seq, stored) in &stored.effects {
            let effect: bridge::OutboxEffect = read(&stored.body, "an effect")?;
            if matches!(&effect.deed, bridge::Deed::Notice { text, .. } if text.starts_with(NOT_SENT))
                && let Some(chat) = effect.place.chat()
            {
                *refusals.entry(chat).or_default() += 1;
            }
            changes.effects.extend(in_short(*seq, &effect));
            self.effects.insert(seq.0, effect);
        }
        self.agents_are_told(&mut changes, refusals);
        changes.effects_done = stored.effects_done.iter().map(|seq| seq.0).collect();
        for seq in &changes.effects_done {
            self.effects.remove(seq);
        }
        self.pages_are_right(&changes)?;
        Ok(changes)
    }

    fn record(
        &mut self,
        kind: RecordKind,
        key: &str,
        body: Option<&[u8]>,
        changes: &mut Changes,
    ) -> Result<(), Scandal> {
        match (kind, body) {
            (RecordKind::Chat, Some(body)) => changes.chats.push(read::<Chat>(body, key)?),
            (RecordKind::Agent, Some(body)) => {
                changes.agents.push((AgentId(key.to_owned()), Some(read::<Agent>(body, key)?)));
            }
            (RecordKind::Agent, None) => changes.agents.push((AgentId(key.to_owned()), None)),
            (RecordKind::Conversation, Some(body)) => {
                let conversation: Page = read(body, key)?;
                let chat: ChatId =
                    key.parse().map_err(|_| unreadable(&format!("the chat id {key}")))?;
                self.phases.insert(chat, conversation.phase);
                if !conversation.guests.is_empty() {
                    self.guests.insert(chat, conversation.guests);
                }
            }
            (RecordKind::Quarantine, _) => {
                let what = format!("{key}: {}", String::from_utf8_lossy(body.unwrap_or_default()));
                return Err(("nothing_good_is_put_aside", what));
            }
            (RecordKind::Chat | RecordKind::Conversation, None) => {
                return Err(("every_chat_is_in_one_place", format!("chat {key} is deleted")));
            }
            _ => {}
        }
        Ok(())
    }

    /// Finds out which messages are known not to have reached the customer: there is a notice about
    /// each that was taken for an agent's, or the room knows that its writer is none.
    fn agents_are_told(&mut self, changes: &mut Changes, mut notices: BTreeMap<ChatId, usize>) {
        for seq in &changes.done {
            let Some((chat, index, agent)) = self.words.remove(seq) else { continue };
            if changes.feed.contains(&(chat, FeedEntry::Shown(index))) {
                continue;
            }
            let told = if changes.log.contains(&(chat, LogEntry::Agent(index))) {
                let notices = notices.entry(chat).or_default();
                let any = *notices > 0;
                *notices = notices.saturating_sub(1);
                any
            } else {
                self.guests.get(&chat).is_some_and(|all| all.contains(&agent.0))
            };
            if told {
                changes.not_shown.push((chat, index));
            }
        }
    }

    /// Customers' pages show where their chats are.
    fn pages_are_right(&self, changes: &Changes) -> Result<(), Scandal> {
        for chat in &changes.chats {
            let due = match &chat.state {
                ChatState::Waiting | ChatState::Ringing { .. } if chat.message => Phase::Left,
                ChatState::Waiting | ChatState::Ringing { .. } => Phase::Waiting,
                ChatState::Form => Phase::Form,
                ChatState::Active { .. } => Phase::Active,
                ChatState::Ended { .. } => Phase::Ended,
            };
            let shown = self.phases.get(&chat.id);
            if shown != Some(&due) {
                let what = format!("chat {} is {:?} and shown as {shown:?}", chat.id.0, chat.state);
                return Err(("the_page_shows_where_the_chat_is", what));
            }
        }
        Ok(())
    }
}

/// An effect as the world's outbox needs it, if it is one in a chat's room.
pub(super) fn in_short(seq: EffectSeq, effect: &bridge::OutboxEffect) -> Option<OutboxEffect> {
    let chat = effect.place.chat()?;
    let deed = match &effect.deed {
        bridge::Deed::OpenRoom { .. } => Deed::OpenRoom,
        bridge::Deed::Ring { request, agent, .. } => {
            Deed::Ring { request: *request, agent: AgentId(agent.clone()) }
        }
        bridge::Deed::Withdraw { agent, .. } => Deed::Withdraw(AgentId(agent.clone())),
        bridge::Deed::Remove { agent, .. } => Deed::Remove(AgentId(agent.clone())),
        bridge::Deed::Say { key, anchor, .. } => {
            Deed::Say { key: key_of(key).unwrap_or(u32::MAX), log: *anchor }
        }
        bridge::Deed::Card { .. }
        | bridge::Deed::Customer { .. }
        | bridge::Deed::Notice { .. }
        | bridge::Deed::File { .. }
        | bridge::Deed::Redact { .. }
        | bridge::Deed::Amend { .. }
        | bridge::Deed::React { .. }
        | bridge::Deed::TakeBack { .. }
        | bridge::Deed::HidePrivate { .. }
        | bridge::Deed::LinkCompanion { .. } => Deed::Note,
        // These are done elsewhere, or not at all: people there send no files.
        bridge::Deed::Attach { .. }
        | bridge::Deed::FetchFile { .. }
        | bridge::Deed::OpenBotRoom { .. }
        | bridge::Deed::Invite { .. }
        | bridge::Deed::Join {}
        | bridge::Deed::Decline { .. }
        | bridge::Deed::NameQueue { .. }
        | bridge::Deed::OpenSpace { .. }
        | bridge::Deed::NameRoom { .. }
        | bridge::Deed::ListRoom { .. }
        | bridge::Deed::BringIn { .. }
        | bridge::Deed::CloseSpace { .. }
        | bridge::Deed::OpenCompanion { .. }
        | bridge::Deed::PostPrivate { .. } => return None,
        bridge::Deed::Status { .. } => Deed::Status,
    };
    debug_assert_eq!(
        effect.lane == Lane::Members,
        matches!(deed, Deed::Ring { .. } | Deed::Withdraw(_) | Deed::Remove(_) | Deed::Status)
    );
    Some(OutboxEffect { seq: seq.0, chat, deed })
}

fn read_entry(entry: &StreamEntry, changes: &mut Changes) -> Result<(), Scandal> {
    match entry.stream {
        Stream::Log => {
            let record: LogRecord = read(&entry.body, "a log entry")?;
            let entry_ = match record.entry {
                BridgeLogEntry::Customer { key, .. } => {
                    LogEntry::Customer(key_of(&key).ok_or_else(|| unreadable(&key))?)
                }
                BridgeLogEntry::Agent { text, .. } => {
                    LogEntry::Agent(place_of(&text).ok_or_else(|| unreadable(&text))?)
                }
                _ => LogEntry::Other,
            };
            changes.log.push((entry.chat, entry_));
        }
        Stream::Feed => {
            let record: BridgeFeedEntry = read(&entry.body, "a feed entry")?;
            let told = match record.body {
                FeedBody::Own { key, .. } => {
                    FeedEntry::Own(key_of(&key).ok_or_else(|| unreadable(&key))?)
                }
                FeedBody::Agent { content, .. } => {
                    let mut text = String::new();
                    rich::append_plain(&content, &mut text);
                    FeedEntry::Shown(place_of(text.trim()).ok_or_else(|| unreadable(&text))?)
                }
                FeedBody::Undelivered { key, .. } => {
                    FeedEntry::Undelivered(key_of(&key).ok_or_else(|| unreadable(&key))?)
                }
                _ => return Ok(()),
            };
            changes.feed.push((entry.chat, told));
        }
    }
    Ok(())
}

fn key_of(key: &str) -> Option<u32> {
    key.strip_prefix('k')?.parse().ok()
}

fn place_of(text: &str) -> Option<usize> {
    text.strip_prefix('m')?.parse().ok()
}

fn unreadable(what: &str) -> Scandal {
    ("everything_stored_can_be_read", what.to_owned())
}

fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Scandal> {
    serde_json::from_slice(body).map_err(|error| unreadable(&format!("{what}: {error}")))
}
