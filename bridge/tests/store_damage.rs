//! A store that is damaged, rolled back or in use says so; it never goes on as if nothing were lost.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use switchboard::store::{
    Changes, InboxSeq, NewInboxItem, Store, StoreError,
    sled::{OpenOptions, SledStore},
};
use tempfile::TempDir;

const ACCEPT: OpenOptions = OpenOptions { accept_rollback: true };

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn mark(&self) -> PathBuf {
        self.0.path().join("store.high-water")
    }

    fn damaged(&self, number: u32) -> PathBuf {
        self.0.path().join(format!("store.damaged-{number}"))
    }

    fn try_open(&self, options: OpenOptions) -> Result<SledStore, StoreError> {
        SledStore::open(self.path(), options)
    }

    fn open(&self) -> SledStore {
        self.try_open(OpenOptions::default()).unwrap()
    }

    /// Why it does not open.
    fn refusal(&self) -> String {
        match self.try_open(OpenOptions::default()) {
            Ok(_) => panic!("it opens"),
            Err(error @ StoreError::Open { .. }) => error.to_string(),
            Err(error) => panic!("not the expected error: {error:?}"),
        }
    }

    /// Where it ends, and where it should.
    fn rollback(&self) -> (u64, u64) {
        match self.try_open(OpenOptions::default()) {
            Ok(_) => panic!("it opens"),
            Err(StoreError::RolledBack { found, expected, .. }) => (found, expected),
            Err(error) => panic!("not the expected error: {error:?}"),
        }
    }

    fn copy(&self, to: &Path) {
        copy(&self.path(), to);
    }

    fn replace_by(&self, other: &Path) {
        fs::remove_dir_all(self.path()).unwrap();
        copy(other, &self.path());
    }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

async fn append(store: &SledStore, keys: impl IntoIterator<Item = u64>) {
    for key in keys {
        let item = NewInboxItem { key: key.to_string(), received: key, body: vec![7; 300] };
        assert_eq!(store.append_inbox(vec![item]).await.unwrap(), [true]);
    }
}

async fn keys(store: &SledStore) -> Result<Vec<u64>, StoreError> {
    let items = store.inbox(InboxSeq(0), usize::MAX).await?;
    Ok(items.into_iter().map(|item| item.key.parse().unwrap()).collect())
}

#[tokio::test]
async fn an_old_copy_is_refused_unless_it_is_accepted() {
    let place = Place::new();
    let old = place.0.path().join("old");
    let store = place.open();
    let identity = store.identity().clone();
    append(&store, 1..=20).await;
    store.close().await.unwrap();
    place.copy(&old);

    let store = place.open();
    append(&store, 21..=40).await;
    let lost = store.claim_epoch().await.unwrap();
    store.close().await.unwrap();

    place.replace_by(&old);
    let (found, expected) = place.rollback();
    assert_eq!(expected - found, 21);
    // Asking again changes nothing.
    assert_eq!(place.rollback(), (found, expected));
    assert!(place.try_open(OpenOptions::default()).unwrap_err().to_string().contains("--accept"));

    let store = place.try_open(ACCEPT).unwrap();
    assert_eq!(store.identity().incarnation, identity.incarnation);
    assert_eq!(store.identity().secret, identity.secret);
    assert_eq!(keys(&store).await.unwrap(), (1..=20).collect::<Vec<_>>());
    // A process from before the rollback has no right to commit.
    let epoch = store.claim_epoch().await.unwrap();
    assert!(epoch > lost, "{epoch:?} was granted before");
    store.commit(Changes { epoch: lost.0, ..Changes::default() }).await.unwrap_err();
    append(&store, 41..=41).await;
    store.close().await.unwrap();
    drop(store);

    // Accepted once is accepted.
    assert_eq!(keys(&place.open()).await.unwrap().len(), 21);
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_rollback() {
    let place = Place::new();
    let store = place.open();
    let incarnation = store.identity().incarnation.clone();
    append(&store, 1..=5).await;
    drop(store);

    fs::remove_dir_all(place.path()).unwrap();
    assert_eq!(place.rollback(), (0, 6));
    assert_eq!(place.rollback(), (0, 6));
    let store = place.try_open(ACCEPT).unwrap();
    assert_ne!(store.identity().incarnation, incarnation);
    assert!(keys(&store).await.unwrap().is_empty());
    drop(store);
    place.open();
}

#[tokio::test]
async fn another_database_is_a_rollback() {
    let (place, other) = (Place::new(), Place::new());
    append(&place.open(), 1..=3).await;
    append(&other.open(), 1..=9).await;
    place.replace_by(&other.path());
    place.rollback();
    assert_eq!(keys(&place.try_open(ACCEPT).unwrap()).await.unwrap().len(), 9);
    place.open();
}

#[tokio::test]
async fn a_mark_that_is_lost_or_torn_is_made_again() {
    let place = Place::new();
    append(&place.open(), 1..=3).await;
    let mark = fs::read(place.mark()).unwrap();

    fs::remove_file(place.mark()).unwrap();
    place.open();
    assert_eq!(fs::read(place.mark()).unwrap(), mark);
    for garbage in [&b""[..], &mark[..20], &[0xff; 300]] {
        fs::write(place.mark(), garbage).unwrap();
        place.open();
        assert_eq!(fs::read(place.mark()).unwrap(), mark);
    }
}

#[tokio::test]
async fn a_mark_from_before_a_crash_is_fine() {
    let place = Place::new();
    append(&place.open(), 1..=3).await;
    let mark = fs::read(place.mark()).unwrap();
    append(&place.open(), 4..=6).await;
    // As if the power had failed before the mark was synced.
    fs::write(place.mark(), mark).unwrap();
    assert_eq!(keys(&place.open()).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_torn_snapshot_is_repaired_and_the_damage_kept() {
    let place = Place::new();
    for round in 0..3 {
        append(&place.open(), round * 50..(round + 1) * 50).await;
    }
    let snapshots = || {
        let files = fs::read_dir(place.path()).unwrap().map(|file| file.unwrap().path());
        let files = files.filter(|file| file.to_str().unwrap().contains("/snap."));
        files.collect::<Vec<_>>()
    };
    assert!(!snapshots().is_empty());

    for (number, length) in (1..).zip([0, 7, 40]) {
        for snapshot in snapshots() {
            fs::File::options().write(true).open(snapshot).unwrap().set_len(length).unwrap();
        }
        let torn = snapshots();
        assert!(!place.damaged(number).exists());
        assert_eq!(keys(&place.open()).await.unwrap(), (0..150).collect::<Vec<_>>());
        for file in torn {
            let kept = place.damaged(number).join(file.file_name().unwrap());
            assert_eq!(fs::metadata(kept).unwrap().len(), length);
        }
        assert!(place.damaged(number).join("db").exists());
    }

    // What a kill while it is written leaves.
    fs::write(place.path().join("snap.FFFFFFFFFFFFFFFF.generating"), "half").unwrap();
    assert_eq!(keys(&place.open()).await.unwrap(), (0..150).collect::<Vec<_>>());
}

#[test]
fn a_directory_of_other_things_is_refused_and_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("letter.txt"), "dear").unwrap();
    assert!(place.refusal().contains("letter.txt"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    assert!(!place.mark().exists());

    let place = Place::new();
    fs::write(place.path(), "a file").unwrap();
    place.refusal();
}

#[test]
fn garbage_in_the_database_is_refused() {
    let mut rng = StdRng::seed_from_u64(3);
    for length in [0, 1, 100, 70_000, 600_000] {
        let garbage: Vec<u8> = (0..length).map(|_| rng.random()).collect();

        let place = Place::new();
        fs::create_dir(place.path()).unwrap();
        fs::write(place.path().join("db"), &garbage).unwrap();
        place.refusal();

        let place = Place::new();
        drop(place.open());
        fs::write(place.path().join("db"), &garbage).unwrap();
        assert!(place.try_open(OpenOptions::default()).is_err());
        fs::remove_file(place.mark()).unwrap();
        place.refusal();

        let place = Place::new();
        drop(place.open());
        fs::write(place.path().join("conf"), &garbage).unwrap();
        let opened = place.try_open(OpenOptions::default());
        assert!(matches!(opened, Ok(_) | Err(StoreError::Open { .. })));
    }
}

#[tokio::test]
async fn a_flipped_bit_never_loses_anything_in_silence() {
    let original = Place::new();
    // Opened again, sled relies on a snapshot for what is older.
    for from in [1, 101, 201] {
        append(&original.open(), from..from + 100).await;
    }

    let mut rng = StdRng::seed_from_u64(5);
    let (mut fine, mut refused, mut rolled_back, mut unreadable) = (0, 0, 0, 0);
    for trial in 0..60 {
        let place = Place::new();
        original.copy(&place.path());
        fs::copy(original.mark(), place.mark()).unwrap();
        let mut bytes = fs::read(place.path().join("db")).unwrap();
        let used = bytes.iter().rposition(|byte| *byte == 7).unwrap();
        let at = rng.random_range(0..used);
        bytes[at] ^= 1 << rng.random_range(0..8);
        fs::write(place.path().join("db"), bytes).unwrap();

        match place.try_open(OpenOptions::default()) {
            Err(StoreError::Open { .. }) => refused += 1,
            Err(StoreError::RolledBack { .. }) => rolled_back += 1,
            Err(error) => panic!("{error}"),
            Ok(store) => match keys(&store).await {
                Err(_) => unreadable += 1,
                Ok(keys) => {
                    assert_eq!(
                        keys,
                        (1..=300).collect::<Vec<_>>(),
                        "trial {trial}: a bit of byte {at}"
                    );
                    fine += 1;
                }
            },
        }
    }
    eprintln!("{fine} fine, {refused} refused, {rolled_back} rolled back, {unreadable} unreadable");
    assert!(refused + rolled_back + unreadable > 0, "no bit did any damage");
}

#[test]
fn a_database_in_use_is_refused() {
    let place = Place::new();
    let store = place.open();
    assert!(place.refusal().contains("another process"));
    drop(store);
    place.open();
}

#[test]
fn a_path_may_end_in_a_slash() {
    let place = Place::new();
    let path = format!("{}/", place.path().display());
    drop(SledStore::open(path, OpenOptions::default()).unwrap());
    assert!(place.mark().exists());
    place.open();
}
