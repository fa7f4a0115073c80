//! A store keeps what it acknowledged when its process is killed, or when the disk is full.
//!
//! The test runs itself as a child process, which writes and says what was acknowledged. The child is
//! killed; then the store must hold all of that, in order and whole. `STORE_KILL_ROUNDS` and
//! `STORE_KILL_SEED` make it longer or other.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    env,
    fmt::Display,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};
use switchboard::store::{
    Changes, EffectSeq, InboxSeq, NewInboxItem, RecordKind, Store, StoreError, StoredEffect,
    Stream, StreamEntry,
    sled::{OpenOptions, SledStore},
};
use switchboard_engine::ChatId;

const CHAT: ChatId = ChatId(7);
/// The first of those chats that come and go: each commit writes one and forgets the one before.
const PASSING: u128 = 1 << 64;
const PASSING_LENGTH: u64 = 5;
const APPENDERS: u64 = 4;
/// How many effects are left undone.
const UNDONE: u64 = 10;

const CHILD_PATH: &str = "STORE_KILL_CHILD_PATH";
const CHILD_ROUND: &str = "STORE_KILL_CHILD_ROUND";

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if is_child("what_was_acknowledged_survives_a_kill") {
        return;
    }
    let rounds = number_from_env("STORE_KILL_ROUNDS").unwrap_or(60);
    let seed = number_from_env("STORE_KILL_SEED").unwrap_or(1);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut total = 0;
    let mut dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    for round in 1..=rounds {
        // A new store now and then, so that its making is interrupted too.
        if round % 20 == 0 {
            dir = tempfile::tempdir().unwrap();
            acknowledged = Acknowledged::default();
        }
        let path = dir.path().join("store");
        let mut child = spawn(&path, round, "what_was_acknowledged_survives_a_kill", None);
        let output = Output::of(&mut child);
        if round % 2 == 0 {
            output.wait_for("ready");
        }
        thread::sleep(Duration::from_micros(rng.random_range(5_000..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        total += acknowledged.add(round, &output.finish());
        eprintln!("seed {seed}, round {round}: {total} acknowledged");
        verify(&path, &acknowledged);
    }
    assert!(total > rounds, "next to nothing was acknowledged");
}

#[test]
fn what_was_acknowledged_survives_a_full_disk() {
    if is_child("what_was_acknowledged_survives_a_full_disk") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let mut acknowledged = Acknowledged::default();
    for round in 1..=3 {
        // In blocks of 512 or 1024 bytes.
        let limit = 4_000 * round;
        let mut child =
            spawn(&path, round, "what_was_acknowledged_survives_a_full_disk", Some(limit));
        let output = Output::of(&mut child);
        let status = child.wait().unwrap();
        let output = output.finish();
        assert!(status.success(), "{status}: {output}");
        assert!(output.contains("\nfailed"), "{output}");
        assert!(acknowledged.add(round, &output) > 0, "{output}");
        verify(&path, &acknowledged);
    }
}

fn number_from_env(name: &str) -> Option<u64> {
    Some(env::var(name).ok()?.parse().unwrap())
}

/// Runs this very test in a child process, which may be allowed small files only.
fn spawn(path: &Path, round: u64, test: &str, file_limit: Option<u64>) -> Child {
    let program = env::current_exe().unwrap();
    let mut command = if let Some(limit) = file_limit {
        let mut shell = Command::new("sh");
        // Writing beyond the limit is then an error, not a signal.
        let script = format!(r#"trap "" XFSZ; ulimit -f {limit}; exec "$0" "$@""#);
        shell.arg("-c").arg(script).arg(program);
        shell
    } else {
        Command::new(program)
    };
    command
        .args([test, "--exact", "--nocapture"])
        .env(CHILD_PATH, path)
        .env(CHILD_ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a child says.
struct Output {
    reader: thread::JoinHandle<()>,
    text: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Output {
    fn of(child: &mut Child) -> Self {
        let mut stdout = child.stdout.take().unwrap();
        let text = Arc::new(std::sync::Mutex::new(Vec::new()));
        let reader = thread::spawn({
            let text = Arc::clone(&text);
            move || {
                let mut buffer = [0; 4096];
                loop {
                    let length = stdout.read(&mut buffer).unwrap();
                    if length == 0 {
                        return;
                    }
                    text.lock().unwrap().extend(&buffer[..length]);
                }
            }
        });
        Self { reader, text }
    }

    fn wait_for(&self, line: &str) {
        let line = format!("\n{line}\n");
        while !String::from_utf8_lossy(&self.text.lock().unwrap()).contains(&line) {
            assert!(!self.reader.is_finished(), "the child never said {line}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn finish(self) -> String {
        self.reader.join().unwrap();
        String::from_utf8(std::mem::take(&mut *self.text.lock().unwrap())).unwrap()
    }
}

/// What children were told is durable.
#[derive(Default)]
struct Acknowledged {
    /// By round and appender.
    appends: BTreeMap<(u64, u64), u64>,
    log: u64,
}

impl Acknowledged {
    /// Adds what a child said. Returns how much it was.
    fn add(&mut self, round: u64, output: &str) -> u64 {
        let mut count = 0;
        // A line without an end may lack some digits.
        for line in output.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["append", appender, n] => {
                    let key = (round, appender.parse().unwrap());
                    self.appends.insert(key, n.parse().unwrap());
                    count += 1;
                }
                ["commit", newest] => {
                    self.log = newest.parse().unwrap();
                    count += 1;
                }
                _ => {}
            }
        }
        count
    }
}

/// An item that shows by itself whether it is whole.
fn body(key: &str) -> Vec<u8> {
    let hash = Sha256::digest(key);
    let length = match hash[0] {
        // More than sled keeps in its log.
        0..6 => 150_000,
        6..12 => 20_000,
        length => usize::from(length),
    };
    let mut body = format!("{key}\n").into_bytes();
    body.extend(hash.iter().cycle().take(length));
    body
}

/// The key of an item, if it is whole.
fn key_of(found: &[u8]) -> String {
    let end = found.iter().position(|byte| *byte == b'\n').unwrap();
    let key = String::from_utf8(found[..end].to_vec()).unwrap();
    assert!(found == body(&key), "the item {key} is torn");
    key
}

fn verify(path: &Path, acknowledged: &Acknowledged) {
    let store = SledStore::open(path, OpenOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let log = store.stream(Stream::Log, CHAT, 0, usize::MAX).await.unwrap();
        let feed = store.stream(Stream::Feed, CHAT, 0, usize::MAX).await.unwrap();
        let inbox = store.inbox(InboxSeq(0), usize::MAX).await.unwrap();
        let effects = store.effects().await.unwrap();
        let newest = log.len() as u64;
        assert!(newest >= acknowledged.log, "{newest} of {} commits", acknowledged.log);
        assert!(log.iter().map(|(seq, _)| *seq).eq(1..=newest));

        // What one commit wrote is there together or not at all.
        assert!(feed == log);
        let handled = store.record(RecordKind::Meta, "handled").await.unwrap();
        assert_eq!(handled.unwrap_or_default(), number(newest));
        let undone = newest.saturating_sub(UNDONE) + 1..=newest;
        assert!(effects.iter().map(|(seq, _)| seq.0).eq(undone));
        assert!(effects.iter().all(|(seq, effect)| effect.body == number(seq.0)));

        // Of the chats that come and go, the newest is there, whole, and those before are gone with
        // their records.
        let passing = store.records(RecordKind::Conversation).await.unwrap();
        let expected = (newest > 0).then(|| newest.to_string());
        assert!(passing.iter().map(|(key, _)| key).eq(&expected), "{passing:?}");
        for n in newest.saturating_sub(50)..=newest {
            for stream in [Stream::Log, Stream::Feed] {
                let found = store.stream(stream, passing_chat(n), 0, usize::MAX).await.unwrap();
                let expected = if n == newest && n > 0 { PASSING_LENGTH } else { 0 };
                assert_eq!(found.len() as u64, expected, "chat {n} of {newest}");
            }
        }

        // Each item is in the log or in the inbox, once and in its appender's order.
        let mut found: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let waiting = inbox.iter().map(|item| (&item.body, Some(&item.key)));
        for (body, key) in log.iter().map(|(_, body)| (body, None)).chain(waiting) {
            let name = key_of(body);
            assert!(key.is_none_or(|key| *key == name));
            let numbers: Vec<u64> = name.split(' ').map(|word| word.parse().unwrap()).collect();
            let last = found.entry((numbers[0], numbers[1])).or_default();
            *last += 1;
            assert_eq!(numbers[2], *last, "the item {name} is at the wrong place");
        }
        for (appender, n) in &acknowledged.appends {
            let found = found.get(appender).copied().unwrap_or_default();
            assert!(found >= *n, "{found} items of {n} are left of {appender:?}");
        }
        let depth = store.depth().await.unwrap();
        assert_eq!((depth.inbox, depth.effects), (inbox.len() as u64, effects.len() as u64));

        // The keys of all of them are known.
        let items = found.iter().map(|((round, appender), n)| NewInboxItem {
            key: format!("{round} {appender} {n}"),
            received: 0,
            body: Vec::new(),
        });
        let new = store.append_inbox(items.collect()).await.unwrap();
        assert!(new.iter().all(|new| !new));
        store.close().await.unwrap();
    });
}

fn passing_chat(n: u64) -> ChatId {
    ChatId(PASSING + u128::from(n))
}

/// Writes the chat of a commit, and forgets that of the commit before.
fn pass(before: u64, newest: u64, changes: &mut Changes) {
    if before == newest {
        return;
    }
    if before > 0 {
        changes.forgotten.push(passing_chat(before));
        changes.records.push((RecordKind::Conversation, before.to_string(), None));
    }
    changes.records.push((RecordKind::Conversation, newest.to_string(), Some(number(newest))));
    for seq in 1..=PASSING_LENGTH {
        for stream in [Stream::Log, Stream::Feed] {
            let chat = passing_chat(newest);
            changes.entries.push(StreamEntry { stream, chat, seq, body: number(newest) });
        }
    }
}

fn number(n: u64) -> Vec<u8> {
    if n == 0 { Vec::new() } else { n.to_string().into_bytes() }
}

/// In the child process, writes until it is killed or the store fails.
fn is_child(test: &str) -> bool {
    let Some(path) = env::var_os(CHILD_PATH) else { return false };
    let round = number_from_env(CHILD_ROUND).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(write(PathBuf::from(path), round));
    eprintln!("{test} ended");
    true
}

fn say(text: impl Display) {
    // Not by `println`, which the test harness may capture. In one write, so that lines stay whole.
    std::io::stdout().lock().write_all(format!("{text}\n").as_bytes()).unwrap();
}

async fn write(path: PathBuf, round: u64) {
    let store = Arc::new(SledStore::open(path, OpenOptions::default()).unwrap());
    say("\nready");
    let mut tasks = Vec::new();
    for appender in 0..APPENDERS {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            let mut n = 0;
            loop {
                n += 1;
                let key = format!("{round} {appender} {n}");
                let body = body(&key);
                let items = vec![NewInboxItem { key, received: n, body }];
                assert_eq!(store.append_inbox(items).await?, [true]);
                say(format_args!("append {appender} {n}"));
            }
        }));
    }
    tasks.push(tokio::spawn(commit(Arc::clone(&store))));
    for task in tasks {
        let result: Result<(), StoreError> = task.await.unwrap();
        let error = result.unwrap_err();
        say(format_args!("failed: {error}"));
    }
    // It has stopped for good.
    let items = vec![NewInboxItem { key: "late".to_owned(), received: 0, body: Vec::new() }];
    assert!(store.append_inbox(items).await.is_err());
    assert!(store.inbox(InboxSeq(0), 1).await.is_err());
    assert!(store.claim_epoch().await.is_err());
    assert!(store.close().await.is_err());
}

async fn commit(store: Arc<SledStore>) -> Result<(), StoreError> {
    let epoch = store.claim_epoch().await?.0;
    let mut newest = store.newest(Stream::Log, CHAT).await?;
    loop {
        let before = newest;
        let items = store.inbox(InboxSeq(0), 30).await?;
        let mut changes = Changes { epoch, ..Changes::default() };
        for item in items {
            newest += 1;
            changes.inbox_done.push(item.seq);
            for stream in [Stream::Log, Stream::Feed] {
                let body = item.body.clone();
                changes.entries.push(StreamEntry { stream, chat: CHAT, seq: newest, body });
            }
            changes.effects.push((EffectSeq(newest), StoredEffect { body: number(newest) }));
            if let Some(done) = newest.checked_sub(UNDONE) {
                changes.effects_done.push(EffectSeq(done));
            }
        }
        let record = (RecordKind::Meta, "handled".to_owned(), Some(number(newest)));
        changes.records.push(record);
        pass(before, newest, &mut changes);
        store.commit(changes).await?;
        say(format_args!("commit {newest}"));
    }
}
