//! What operations do to the database, before it is written.
//!
//! Operations of one batch are applied one after another: each sees what the ones before it did.

use std::collections::{BTreeMap, HashMap};

use ::sled::{IVec, Tree};

use super::keys::{self, Head, Seen, Waiting};
use crate::store::{Changes, Epoch, InboxSeq, NewInboxItem, StoreError, Stream, StreamEntry};

/// Why an operation did not go through.
#[derive(Debug)]
pub(super) enum Failure {
    /// This operation is at fault; it changed nothing, and the others go on.
    Refused(StoreError),
    /// The database is at fault; nothing goes on.
    Broken(String),
}

impl From<::sled::Error> for Failure {
    fn from(error: ::sled::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

fn damaged(what: &str) -> Failure {
    Failure::Broken(format!("{what} is damaged"))
}

fn invalid(why: String) -> Failure {
    Failure::Refused(StoreError::Invalid(why))
}

/// A batch in progress.
pub(super) struct Batch<'a> {
    tree: &'a Tree,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    head: Head,
    /// By how much the number of unhandled inbox items changes.
    pub(super) inbox: i64,
    /// By how much the number of effects that are not done changes.
    pub(super) effects: i64,
}

impl<'a> Batch<'a> {
    pub(super) fn new(tree: &'a Tree, head: Head) -> Self {
        let head = Head { commits: head.commits + 1, ..head };
        Self { tree, writes: BTreeMap::new(), head, inbox: 0, effects: 0 }
    }

    pub(super) fn claim(&mut self) -> Epoch {
        // Not simply the next: the commit counter goes on after an accepted rollback, so that an
        // epoch from the lost part is never granted again.
        self.head.epoch = (self.head.epoch + 1).max(self.head.commits);
        self.touch();
        Epoch(self.head.epoch)
    }

    pub(super) fn append(&mut self, items: Vec<NewInboxItem>) -> Result<Vec<bool>, Failure> {
        let mut new = Vec::with_capacity(items.len());
        for NewInboxItem { key, received, body } in items {
            let seen = keys::seen(&key);
            let is_new = !self.contains(&seen)?;
            if is_new {
                self.head.inbox_seq += 1;
                self.put(seen, Seen { received, handled: false }.encode());
                let waiting = Waiting { received, key: &key, body: &body }.encode();
                self.put(keys::inbox(self.head.inbox_seq), waiting);
                self.inbox += 1;
            }
            new.push(is_new);
        }
        Ok(new)
    }

    pub(super) fn commit(&mut self, changes: Changes) -> Result<(), Failure> {
        self.check(&changes)?;
        for seq in changes.inbox_done {
            self.handled(seq)?;
        }
        for (kind, key, body) in changes.records {
            let key = keys::record(kind, &key);
            match body {
                Some(body) => self.put(key, body),
                None => self.remove(key),
            }
        }
        for StreamEntry { stream, chat, seq, body } in changes.entries {
            self.put(keys::entry(stream, chat, seq), body);
        }
        for chat in changes.forgotten {
            for stream in [Stream::Log, Stream::Feed] {
                self.remove_all(&keys::entries_after(stream, chat, 0))?;
            }
        }
        for (seq, effect) in changes.effects {
            self.put(keys::effect(seq.0), effect.body);
            self.effects += 1;
        }
        for seq in changes.effects_done {
            let key = keys::effect(seq.0);
            if self.contains(&key)? {
                self.remove(key);
                self.effects -= 1;
            }
        }
        self.touch();
        Ok(())
    }

    /// Refuses a commit before it has changed anything.
    fn check(&self, changes: &Changes) -> Result<(), Failure> {
        let current = self.head.epoch;
        if changes.epoch < current {
            return Err(Failure::Refused(StoreError::Fenced { held: changes.epoch, current }));
        }
        if changes.epoch > current {
            return Err(invalid(format!("epoch {} was never granted", changes.epoch)));
        }

        let mut newest = HashMap::new();
        for StreamEntry { stream, chat, seq, .. } in &changes.entries {
            let (stream, chat, seq) = (*stream, *chat, *seq);
            let before = newest.insert((stream, chat), seq);
            // Streams have no gaps, so that one number tells of all before it.
            let taken = match before {
                Some(before) => seq <= before,
                None => seq == 0 || self.contains(&keys::entry(stream, chat, seq))?,
            };
            if taken {
                return Err(Failure::Refused(StoreError::Conflict { stream, chat, seq }));
            }
            let follows = match before {
                Some(before) => seq == before + 1,
                None => seq == 1 || self.contains(&keys::entry(stream, chat, seq - 1))?,
            };
            if !follows {
                return Err(invalid(format!(
                    "entry {seq} of the {stream:?} of chat {chat} leaves a gap"
                )));
            }
        }

        if let Some(both) = changes.both_forgotten_and_continued() {
            return Err(Failure::Refused(both));
        }

        let mut effects = std::collections::HashSet::new();
        for (seq, _) in &changes.effects {
            if !effects.insert(seq) || self.contains(&keys::effect(seq.0))? {
                return Err(invalid(format!("effect {} exists already", seq.0)));
            }
        }
        Ok(())
    }

    fn handled(&mut self, seq: InboxSeq) -> Result<(), Failure> {
        let item = keys::inbox(seq.0);
        let Some(value) = self.get(&item)? else { return Ok(()) };
        let Waiting { received, key, .. } =
            Waiting::decode(&value).ok_or_else(|| damaged("an inbox item"))?;
        self.put(keys::seen(key), Seen { received, handled: true }.encode());
        self.remove(item);
        self.inbox -= 1;
        Ok(())
    }

    /// Forgets those of the keys that are handled and older than `before`. Returns how many.
    pub(super) fn forget(&mut self, keys: Vec<Vec<u8>>, before: u64) -> Result<usize, Failure> {
        let mut forgotten = 0;
        for key in keys {
            let Some(value) = self.get(&key)? else { continue };
            let seen = Seen::decode(&value).ok_or_else(|| damaged("an inbox key"))?;
            if seen.handled && seen.received < before {
                self.remove(key);
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// What is to be written, and where the database then stands; `None` if nothing changed.
    pub(super) fn finish(mut self) -> Option<(::sled::Batch, Head)> {
        if self.writes.is_empty() {
            return None;
        }
        self.touch();
        let mut batch = ::sled::Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Some((batch, self.head))
    }

    /// Makes sure that the batch is written, even if it changes nothing else.
    fn touch(&mut self) {
        let head = self.head.encode();
        self.put(keys::META_HEAD.to_vec(), head);
    }

    fn get(&self, key: &[u8]) -> Result<Option<IVec>, Failure> {
        match self.writes.get(key) {
            Some(value) => Ok(value.as_deref().map(IVec::from)),
            None => Ok(self.tree.get(key)?),
        }
    }

    fn contains(&self, key: &[u8]) -> Result<bool, Failure> {
        match self.writes.get(key) {
            Some(value) => Ok(value.is_some()),
            None => Ok(self.tree.contains_key(key)?),
        }
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    /// Removes what is stored in a range, and what this batch has put there.
    fn remove_all(&mut self, range: &keys::Range) -> Result<(), Failure> {
        for (_, value) in self.writes.range_mut(range.clone()) {
            *value = None;
        }
        for key in self.tree.range(range.clone()).keys() {
            self.remove(key?.to_vec());
        }
        Ok(())
    }
}
