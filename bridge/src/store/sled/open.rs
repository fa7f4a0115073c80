//! Opening a database: repair, identity, and whether it still holds all that was acknowledged.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ::sled::{Config, Db};
use rand::Rng;

use super::{
    Open, OpenOptions,
    disk::{Disk, sync_directory},
    guarded,
    keys::{self, Head},
};
use crate::store::{
    Identity, StoreError,
    high_water::{self, HighWater, Mark, Reading},
};

/// How long a lock may outlive the one who held it: sled lets go of its files a little late.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
/// How much of the database sled keeps in memory.
const CACHE_BYTES: u64 = 128 << 20;
/// Stands in the directory until the identity is durable. Without it, a database that has no
/// identity is not a new one but a damaged one.
const UNFINISHED: &str = "unfinished";

/// What opening brings.
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) open: Open,
    pub(super) disk: Disk,
    pub(super) high_water: HighWater,
    pub(super) head: Head,
}

/// That a database cannot be opened.
pub(super) fn failed(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::Open { path: path.display().to_string(), reason: reason.into() }
}

pub(super) fn open(path: &Path, options: OpenOptions) -> Result<Opened, StoreError> {
    guarded(|| open_unguarded(path, options)).unwrap_or_else(|panicked| {
        Err(failed(path, format!("it is damaged; restore a backup ({panicked})")))
    })
}

fn open_unguarded(path: &Path, options: OpenOptions) -> Result<Opened, StoreError> {
    let io_failed = |error: io::Error| failed(path, error.to_string());
    let sled_failed = |error: ::sled::Error| failed(path, error.to_string());

    prepare(path)?;
    let db = open_or_repair(path)?;
    let mut disk = Disk::open(path).map_err(io_failed)?;

    let mark_path = beside(path, ".high-water");
    let mark = high_water::read(&mark_path)
        .map_err(|error| failed(path, format!("cannot read {}: {error}", mark_path.display())))?;

    let stored = load(path, &db)?;
    let is_new = stored.is_none();
    let found = stored.as_ref().map(|(identity, head)| Mark {
        incarnation: identity.incarnation.clone(),
        commits: head.commits,
    });
    let acknowledged = compare(path, &mark_path, mark, found.as_ref(), options)?;

    let (identity, mut head) = match stored {
        Some(stored) => stored,
        None => (new_identity(), Head::default()),
    };
    // Counting goes on behind the mark, so that no epoch is granted twice.
    let is_behind = head.commits < acknowledged;
    if is_new || is_behind {
        head.commits = head.commits.max(acknowledged) + 1;
        let mut batch = ::sled::Batch::default();
        batch.insert(keys::META_FORMAT, keys::FORMAT);
        batch.insert(keys::META_IDENTITY, encode_identity(&identity));
        batch.insert(keys::META_HEAD, head.encode());
        db.apply_batch(batch).map_err(sled_failed)?;
        db.flush().map_err(sled_failed)?;
        disk.sync().map_err(io_failed)?;
    }
    finish(path).map_err(io_failed)?;

    let mark = Mark { incarnation: identity.incarnation.clone(), commits: head.commits };
    let high_water = HighWater::set(&mark_path, mark)
        .map_err(|error| failed(path, format!("cannot write {}: {error}", mark_path.display())))?;
    if let Some(parent) = parent(path) {
        sync_directory(parent).map_err(io_failed)?;
    }

    let count =
        |family: u8| db.scan_prefix([family]).try_fold(0, |count, item| item.map(|_| count + 1));
    let inbox = count(keys::INBOX).map_err(sled_failed)?;
    let effects = count(keys::EFFECT).map_err(sled_failed)?;
    Ok(Opened { identity, open: Open { db, inbox, effects }, disk, high_water, head })
}

/// Makes the directory, and refuses one that holds something else.
fn prepare(path: &Path) -> Result<(), StoreError> {
    let io_failed = |error: io::Error| failed(path, error.to_string());
    fs::create_dir_all(path).map_err(io_failed)?;
    if path.join("db").exists() {
        return Ok(());
    }
    let mut others = Vec::new();
    for entry in fs::read_dir(path).map_err(io_failed)? {
        let name = entry.map_err(io_failed)?.file_name();
        // A first start that was killed leaves these.
        if ![UNFINISHED, "conf", "blobs", "lost+found"].iter().any(|known| name == *known) {
            others.push(name.display().to_string());
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        return Err(failed(path, format!("the directory is not a database; it holds {others}")));
    }
    fs::write(path.join(UNFINISHED), "").map_err(io_failed)?;
    sync_directory(path).map_err(io_failed)
}

/// Ends a first start.
fn finish(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(UNFINISHED)) {
        Ok(()) => sync_directory(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn open_or_repair(path: &Path) -> Result<Db, StoreError> {
    let error = match open_when_free(path)? {
        Ok(db) => return Ok(db),
        Err(error) => error,
    };
    let snapshots = snapshots(path).map_err(|error| failed(path, error.to_string()))?;
    if !matches!(error, ::sled::Error::Corruption { .. }) || snapshots.is_empty() {
        return Err(failed(path, error.to_string()));
    }

    // A snapshot only saves reading the whole log, and one that was torn stops sled from opening.
    let copy = set_aside(path).map_err(|error| {
        failed(path, format!("it is damaged, and cannot be copied before repair: {error}"))
    })?;
    tracing::warn!(
        path = %path.display(),
        copy = %copy.display(),
        "the database has a damaged snapshot; it is rebuilt from the log"
    );
    for snapshot in snapshots {
        fs::remove_file(snapshot).map_err(|error| failed(path, error.to_string()))?;
    }
    open_when_free(path)?.map_err(|error| {
        failed(path, format!("{error}; a copy from before repair is at {}", copy.display()))
    })
}

/// Opens with sled, and waits a little for the lock.
fn open_when_free(path: &Path) -> Result<Result<Db, ::sled::Error>, StoreError> {
    let patience = Instant::now() + LOCK_PATIENCE;
    loop {
        let config = Config::default().path(path).flush_every_ms(None).cache_capacity(CACHE_BYTES);
        match config.open() {
            Err(::sled::Error::Io(error)) if is_locked(&error) => {
                if Instant::now() > patience {
                    let reason = "another process has it open; stop that one first";
                    return Err(failed(path, reason));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => return Ok(opened),
        }
    }
}

/// sled wraps the error of its lock in another that only has a text.
fn is_locked(error: &io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

fn snapshots(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut snapshots = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b"snap.") {
            snapshots.push(entry.path());
        }
    }
    Ok(snapshots)
}

/// Copies a damaged database to where nothing touches it. Returns where.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let copy = beside(path, &format!(".damaged-{number}"));
        match fs::create_dir(&copy) {
            Ok(()) => {
                copy_directory(path, &copy)?;
                return Ok(copy);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_directory(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// A path with something appended to its last part.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    // By components, so that a slash at the end does not put it inside.
    let mut name = path.components().collect::<PathBuf>().into_os_string();
    name.push(OsString::from(suffix));
    PathBuf::from(name)
}

fn parent(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// Reads who the database is and where it stands; `None` if it is new.
fn load(path: &Path, db: &Db) -> Result<Option<(Identity, Head)>, StoreError> {
    let get = |key: &[u8]| db.get(key).map_err(|error| failed(path, error.to_string()));
    let damaged = || failed(path, "it is damaged, or not a database of this program");

    let Some(format) = get(keys::META_FORMAT)? else {
        let is_new = path.join(UNFINISHED).exists() && db.is_empty();
        return if is_new { Ok(None) } else { Err(damaged()) };
    };
    if &*format != keys::FORMAT {
        return Err(failed(path, "it was written by a newer version of this program"));
    }
    let identity = get(keys::META_IDENTITY)?.and_then(|value| decode_identity(&value));
    let head = get(keys::META_HEAD)?.and_then(|value| Head::decode(&value));
    identity.zip(head).map(Some).ok_or_else(damaged)
}

/// Compares a database with its mark. Returns up to where commits were acknowledged.
fn compare(
    path: &Path,
    mark_path: &Path,
    mark: Reading,
    found: Option<&Mark>,
    options: OpenOptions,
) -> Result<u64, StoreError> {
    let mark = match mark {
        Reading::Mark(mark) => mark,
        Reading::Missing | Reading::Damaged => {
            if found.is_some() || mark == Reading::Damaged {
                tracing::warn!(
                    mark = %mark_path.display(),
                    damaged = mark == Reading::Damaged,
                    "the database has no high-water mark, so lost data would not show; it gets a new one"
                );
            }
            return Ok(0);
        }
    };
    if let Some(found) = found
        && found.incarnation == mark.incarnation
        && found.commits >= mark.commits
    {
        return Ok(mark.commits);
    }
    let found = found.map_or(0, |found| found.commits);
    if !options.accept_rollback {
        return Err(StoreError::RolledBack {
            path: path.display().to_string(),
            found,
            expected: mark.commits,
        });
    }
    tracing::warn!(
        path = %path.display(),
        found,
        expected = mark.commits,
        "the database has lost acknowledged data; going on without it, as asked"
    );
    Ok(mark.commits)
}

fn new_identity() -> Identity {
    let mut rng = rand::rng();
    Identity { incarnation: format!("{:016x}", rng.random::<u64>()), secret: rng.random() }
}

fn encode_identity(identity: &Identity) -> Vec<u8> {
    [&identity.secret[..], identity.incarnation.as_bytes()].concat()
}

fn decode_identity(value: &[u8]) -> Option<Identity> {
    let (secret, incarnation) = value.split_first_chunk()?;
    let incarnation = String::from_utf8(incarnation.to_vec()).ok()?;
    Some(Identity { incarnation, secret: *secret })
}
