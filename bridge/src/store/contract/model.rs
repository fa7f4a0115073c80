//! Random operations leave every implementation as they leave a model that is too simple to be
//! wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::store::{EffectSeq, RecordKind, StoredEffect};

#[derive(Clone, Debug)]
enum Op {
    /// Keys and sizes of bodies.
    Append(Vec<(u8, u16)>),
    Commit(Commit),
    Claim,
    /// A commit under an epoch that is not in force.
    Fenced,
    /// A commit of an entry this far from the end of a log.
    Misnumbered(u8, u8),
    Forget(u64),
    /// A commit that forgets these chats.
    ForgetChats(Vec<u8>),
    Reopen,
}

#[derive(Clone, Debug)]
struct Commit {
    /// Which of the waiting items are done.
    done: Vec<u8>,
    records: Vec<(u8, Option<u16>)>,
    /// In which chat, and in the feed as well as the log?
    entries: Vec<(u8, bool, u16)>,
    effects: u8,
    effects_done: Vec<u8>,
}

fn size() -> impl Strategy<Value = u16> {
    prop_oneof![20 => 0..40_u16, 1 => Just(u16::MAX)]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let list = 0..5_usize;
    let commit = (
        prop::collection::vec(any::<u8>(), list.clone()),
        prop::collection::vec((0..12_u8, prop::option::of(size())), list.clone()),
        prop::collection::vec((0..4_u8, any::<bool>(), size()), list.clone()),
        0..4_u8,
        prop::collection::vec(any::<u8>(), list),
    );
    let commit = commit.prop_map(|(done, records, entries, effects, effects_done)| {
        Op::Commit(Commit { done, records, entries, effects, effects_done })
    });
    let op = prop_oneof![
        6 => prop::collection::vec((any::<u8>(), size()), 0..5).prop_map(Op::Append),
        6 => commit,
        1 => Just(Op::Claim),
        1 => Just(Op::Fenced),
        1 => (0..4_u8, any::<u8>()).prop_map(|(chat, off)| Op::Misnumbered(chat, off)),
        1 => (0..60_u64).prop_map(Op::Forget),
        1 => prop::collection::vec(0..4_u8, 1..3).prop_map(Op::ForgetChats),
        1 => Just(Op::Reopen),
    ];
    prop::collection::vec(op, 1..40)
}

#[derive(Default)]
struct Model {
    clock: u64,
    epoch: Option<Epoch>,
    /// Key, time, body.
    inbox: Vec<(String, u64, Vec<u8>)>,
    handled: Vec<(String, u64)>,
    records: BTreeMap<String, Vec<u8>>,
    logs: [Vec<Vec<u8>>; 4],
    feeds: [Vec<Vec<u8>>; 4],
    next_effect: u64,
    effects: Vec<(EffectSeq, StoredEffect)>,
}

fn chat(n: u8) -> ChatId {
    ChatId(u128::from(n) << 64)
}

fn body(n: u64, size: u16) -> Vec<u8> {
    let mut body = vec![0; size.into()];
    body.extend(n.to_be_bytes());
    body
}

impl Model {
    fn changes(&self) -> Changes {
        under(self.epoch.unwrap_or(Epoch(0)))
    }

    async fn run(&mut self, op: Op, store: &dyn Store) {
        self.clock += 1;
        match op {
            Op::Append(items) => self.append(items, store).await,
            Op::Commit(commit) => self.commit(commit, store).await,
            Op::Claim => {
                let epoch = store.claim_epoch().await.unwrap();
                assert!(Some(epoch) > self.epoch);
                self.epoch = Some(epoch);
            }
            Op::Fenced => {
                let mut changes = self.changes();
                changes.epoch = changes.epoch.checked_sub(1).unwrap_or(u64::MAX);
                changes.records.push((RecordKind::Chat, "fenced".to_owned(), Some(Vec::new())));
                store.commit(changes).await.unwrap_err();
            }
            Op::Misnumbered(n, off) => {
                let end = self.logs[usize::from(n)].len() as u64;
                let seq = end.saturating_sub(3) + u64::from(off % 7);
                let entry = entry(Stream::Log, chat(n), seq, "misnumbered");
                let result = store.commit(Changes { entries: vec![entry], ..self.changes() }).await;
                assert_eq!(result.is_ok(), seq == end + 1);
                if result.is_ok() {
                    self.logs[usize::from(n)].push("misnumbered".into());
                }
            }
            Op::Forget(ago) => {
                let before = self.clock.saturating_sub(ago);
                let count = self.handled.len();
                self.handled.retain(|(_, received)| *received >= before);
                let forgotten = store.forget_keys(before).await.unwrap();
                assert_eq!(forgotten, count - self.handled.len());
            }
            Op::ForgetChats(chats) => {
                let forgotten = chats.iter().copied().map(chat).collect();
                store.commit(Changes { forgotten, ..self.changes() }).await.unwrap();
                for n in chats {
                    self.logs[usize::from(n)].clear();
                    self.feeds[usize::from(n)].clear();
                }
            }
            Op::Reopen => unreachable!("the caller does that"),
        }
    }

    async fn append(&mut self, items: Vec<(u8, u16)>, store: &dyn Store) {
        let (mut new, mut expected) = (Vec::new(), Vec::new());
        for (key, size) in items {
            let (key, body) = (format!("key {key}"), body(self.clock, size));
            new.push(item(&key, self.clock, body.clone()));
            let is_known = self.inbox.iter().any(|(known, ..)| *known == key)
                || self.handled.iter().any(|(known, _)| *known == key);
            expected.push(!is_known);
            if !is_known {
                self.inbox.push((key, self.clock, body));
            }
        }
        assert_eq!(store.append_inbox(new).await.unwrap(), expected);
    }

    async fn commit(&mut self, commit: Commit, store: &dyn Store) {
        let mut changes = self.changes();
        let waiting = inbox(store).await;
        for n in commit.done {
            let Some(item) = waiting.get(usize::from(n) % waiting.len().max(1)) else { continue };
            changes.inbox_done.push(item.seq);
            self.inbox.retain(|(key, ..)| *key != item.key);
            if !self.handled.iter().any(|(key, _)| *key == item.key) {
                self.handled.push((item.key.clone(), item.received));
            }
        }
        for (key, size) in commit.records {
            let key = format!("record {key}");
            let body = size.map(|size| body(self.clock, size));
            match body.clone() {
                Some(body) => self.records.insert(key.clone(), body),
                None => self.records.remove(&key),
            };
            changes.records.push((RecordKind::Chat, key, body));
        }
        for (n, is_public, size) in commit.entries {
            let body = body(self.clock, size);
            let mut push = |stream, entries: &mut Vec<Vec<u8>>| {
                entries.push(body.clone());
                let (chat, seq) = (chat(n), entries.len() as u64);
                changes.entries.push(StreamEntry { stream, chat, seq, body: body.clone() });
            };
            push(Stream::Log, &mut self.logs[usize::from(n)]);
            if is_public {
                push(Stream::Feed, &mut self.feeds[usize::from(n)]);
            }
        }
        for _ in 0..commit.effects {
            self.next_effect += 1;
            let effect = StoredEffect { body: body(self.next_effect, 3) };
            let effect = (EffectSeq(self.next_effect), effect);
            self.effects.push(effect.clone());
            changes.effects.push(effect);
        }
        for n in commit.effects_done {
            let seq = EffectSeq(u64::from(n) % (self.next_effect + 2));
            self.effects.retain(|(known, _)| *known != seq);
            changes.effects_done.push(seq);
        }
        store.commit(changes).await.unwrap();
    }

    async fn compare(&self, store: &dyn Store) {
        let kept = inbox(store).await;
        assert!(kept.is_sorted_by(|a, b| a.seq < b.seq));
        let kept = kept.into_iter().map(|item| (item.key, item.received, item.body));
        assert!(kept.eq(self.inbox.clone()));
        let records = store.records(RecordKind::Chat).await.unwrap();
        assert!(records.into_iter().eq(self.records.clone()));
        for (stream, all) in [(Stream::Log, &self.logs), (Stream::Feed, &self.feeds)] {
            for (n, expected) in (0..).zip(all) {
                let kept = entries(store, stream, chat(n)).await;
                assert!(kept.into_iter().eq((1..).zip(expected.clone())));
                let newest = store.newest(stream, chat(n)).await.unwrap();
                assert_eq!(newest, expected.len() as u64);
            }
        }
        assert_eq!(store.effects().await.unwrap(), self.effects);
        let depth = store.depth().await.unwrap();
        assert_eq!(depth.inbox, self.inbox.len() as u64);
        assert_eq!(depth.inbox_oldest, self.inbox.first().map(|(_, received, _)| *received));
        assert_eq!(depth.effects, self.effects.len() as u64);
    }
}

fn check<B: Backend>(ops: Vec<Op>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let backend = B::new();
    let mut store = backend.open();
    let mut model = Model::default();
    runtime.block_on(async {
        for op in ops {
            if let Op::Reopen = op {
                drop(store);
                store = backend.open();
            } else {
                model.run(op, &*store).await;
            }
            model.compare(&*store).await;
        }
    });
}

proptest! {
    #[test]
    fn memory_is_like_the_model(ops in ops()) {
        check::<Memory>(ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sled_is_like_the_model(ops in ops()) {
        check::<Sled>(ops);
    }
}
