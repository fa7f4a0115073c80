//! How keys and values are laid out.
//!
//! All families share one tree, because only a batch on one tree is atomic; the first byte of a key
//! is its family. Numbers are big-endian, so that ranges are in order.

use std::ops::Bound;

use switchboard_engine::ChatId;

use crate::store::{RecordKind, Stream};

/// A range of keys.
pub(super) type Range = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The layout's version. Raise it when an older program could no longer read the database.
pub(super) const FORMAT: &[u8] = b"1";

pub(super) const META_FORMAT: &[u8] = b"mformat";
pub(super) const META_IDENTITY: &[u8] = b"midentity";
pub(super) const META_HEAD: &[u8] = b"mhead";

pub(super) const INBOX: u8 = b'i';
pub(super) const SEEN: u8 = b'k';
const RECORD: u8 = b'r';
const STREAM: u8 = b's';
pub(super) const EFFECT: u8 = b'e';

/// An unhandled inbox item; its value is a [`Waiting`].
pub(super) fn inbox(seq: u64) -> Vec<u8> {
    numbered(INBOX, seq)
}

/// That an inbox key was appended; its value is a [`Seen`].
pub(super) fn seen(key: &str) -> Vec<u8> {
    [&[SEEN], key.as_bytes()].concat()
}

/// An effect that is not done; its value is the body.
pub(super) fn effect(seq: u64) -> Vec<u8> {
    numbered(EFFECT, seq)
}

/// All keys of a numbered family with numbers above `after`.
pub(super) fn numbered_after(family: u8, after: u64) -> Range {
    range_after(&[family], after)
}

/// What all records of a kind start with.
pub(super) fn records(kind: RecordKind) -> [u8; 2] {
    let kind = match kind {
        RecordKind::Chat => b'c',
        RecordKind::Agent => b'a',
        RecordKind::Conversation => b'v',
        RecordKind::ArchivedConversation => b'w',
        RecordKind::EndedChat => b'd',
        RecordKind::Trace => b't',
        RecordKind::Event => b'e',
        RecordKind::File => b'f',
        RecordKind::Session => b's',
        RecordKind::Visitor => b'h',
        RecordKind::UsedToken => b'k',
        RecordKind::Quarantine => b'q',
        RecordKind::Parked => b'p',
        RecordKind::Centre => b'n',
        RecordKind::Audit => b'u',
        RecordKind::DayCounts => b'y',
        RecordKind::PauseReason => b'z',
        RecordKind::BotRoom => b'b',
        RecordKind::Message => b'g',
        RecordKind::Meta => b'm',
    };
    [RECORD, kind]
}

/// A record; its value is the body.
pub(super) fn record(kind: RecordKind, key: &str) -> Vec<u8> {
    [&records(kind), key.as_bytes()].concat()
}

/// What a record is called, of its whole key.
pub(super) fn record_key(key: &[u8]) -> &[u8] {
    key.get(2..).unwrap_or_default()
}

/// The records of a kind with keys above `after`, and below `before` if that is said.
pub(super) fn records_between(kind: RecordKind, after: &str, before: Option<&str>) -> Range {
    let [family, letter] = records(kind);
    let end = before.map_or(vec![family, letter + 1], |before| record(kind, before));
    (Bound::Excluded(record(kind, after)), Bound::Excluded(end))
}

/// A stream's entry; its value is the body.
pub(super) fn entry(stream: Stream, chat: ChatId, seq: u64) -> Vec<u8> {
    let mut key = entries(stream, chat);
    key.extend(seq.to_be_bytes());
    key
}

/// All entries of a stream with numbers above `after`.
pub(super) fn entries_after(stream: Stream, chat: ChatId, after: u64) -> Range {
    range_after(&entries(stream, chat), after)
}

fn entries(stream: Stream, chat: ChatId) -> Vec<u8> {
    let stream = match stream {
        Stream::Log => b'l',
        Stream::Feed => b'f',
    };
    let mut key = vec![STREAM, stream];
    key.extend(chat.0.to_be_bytes());
    key
}

/// The number at the end of a key.
pub(super) fn number(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk()?))
}

fn numbered(family: u8, seq: u64) -> Vec<u8> {
    let mut key = vec![family];
    key.extend(seq.to_be_bytes());
    key
}

fn range_after(prefix: &[u8], after: u64) -> Range {
    let end = |seq: u64| [prefix, &seq.to_be_bytes()].concat();
    (Bound::Excluded(end(after)), Bound::Included(end(u64::MAX)))
}

/// The value of an unhandled inbox item.
pub(super) struct Waiting<'a> {
    pub(super) received: u64,
    pub(super) key: &'a str,
    pub(super) body: &'a [u8],
}

impl<'a> Waiting<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        [
            &self.received.to_be_bytes()[..],
            &(self.key.len() as u64).to_be_bytes(),
            self.key.as_bytes(),
            self.body,
        ]
        .concat()
    }

    pub(super) fn decode(value: &'a [u8]) -> Option<Self> {
        let (received, rest) = value.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (key, body) = rest.split_at_checked(length)?;
        let key = std::str::from_utf8(key).ok()?;
        Some(Self { received: u64::from_be_bytes(*received), key, body })
    }
}

/// The value of an inbox key.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) received: u64,
    pub(super) handled: bool,
}

impl Seen {
    pub(super) fn encode(self) -> Vec<u8> {
        [&self.received.to_be_bytes()[..], &[u8::from(self.handled)]].concat()
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (received, [handled]) = value.split_first_chunk()? else { return None };
        Some(Self { received: u64::from_be_bytes(*received), handled: *handled != 0 })
    }
}

/// Where the database stands. Written with every commit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// How many batches were written.
    pub(super) commits: u64,
    /// The last inbox position given out; its item may be gone.
    pub(super) inbox_seq: u64,
    /// The epoch in force.
    pub(super) epoch: u64,
}

impl Head {
    pub(super) fn encode(self) -> Vec<u8> {
        let Self { commits, inbox_seq, epoch } = self;
        [commits, inbox_seq, epoch].map(u64::to_be_bytes).concat()
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (commits, rest) = value.split_first_chunk()?;
        let (inbox_seq, rest) = rest.split_first_chunk()?;
        let epoch: &[u8; 8] = rest.try_into().ok()?;
        let [commits, inbox_seq, epoch] =
            [commits, inbox_seq, epoch].map(|bytes| u64::from_be_bytes(*bytes));
        Some(Self { commits, inbox_seq, epoch })
    }
}
