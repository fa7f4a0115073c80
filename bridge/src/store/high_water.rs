//! A mark outside the database that shows a silent rollback.
//!
//! A damaged database, or an old copy put back, can open without complaint and without its newest
//! commits. The mark is a small file beside it that says how far it had got; a database that ends
//! before its mark has lost what somebody was promised.

use std::{
    fs::{self, File},
    io::{self, Seek, Write},
    path::Path,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

/// How long a mark may stay in the page cache. Only a power failure can lose it, and then an older
/// mark still shows most rollbacks.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of which database.
    pub incarnation: String,
    /// The last acknowledged commit.
    pub commits: u64,
}

impl Mark {
    /// One line of fixed length, so that each write covers the one before it.
    fn line(&self) -> String {
        let Self { incarnation, commits } = self;
        let text = format!("switchboard-high-water 1 {incarnation} {commits:020}");
        let checksum = checksum(&text);
        format!("{text} {checksum:016x}\n")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("switchboard-high-water 1 ")?.split_whitespace();
        let mark =
            Self { incarnation: words.next()?.to_owned(), commits: words.next()?.parse().ok()? };
        (mark.line() == line).then_some(mark)
    }
}

fn checksum(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// What stands in a mark's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There is no file.
    Missing,
    /// The file makes no sense: torn by a power failure, or not a mark.
    Damaged,
    /// A mark.
    Mark(Mark),
}

/// Reads the mark in a file.
pub fn read(path: &Path) -> io::Result<Reading> {
    match fs::read(path) {
        Ok(bytes) => {
            let mark = std::str::from_utf8(&bytes).ok().and_then(Mark::parse);
            Ok(mark.map_or(Reading::Damaged, Reading::Mark))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Reading::Missing),
        Err(error) => Err(error),
    }
}

/// The mark of an open database.
#[derive(Debug)]
pub struct HighWater {
    file: File,
    mark: Mark,
    synced: Instant,
    dirty: bool,
}

impl HighWater {
    /// Sets the mark in a file, whatever stood there, and makes it durable.
    pub fn set(path: &Path, mark: Mark) -> io::Result<Self> {
        let mut file = File::options().write(true).create(true).truncate(false).open(path)?;
        let line = mark.line();
        file.write_all(line.as_bytes())?;
        file.set_len(line.len() as u64)?;
        file.sync_all()?;
        Ok(Self { file, mark, synced: Instant::now(), dirty: false })
    }

    /// Raises the mark. It survives the process at once, and a power failure after
    /// [`sync`](Self::sync).
    pub fn raise(&mut self, commits: u64) -> io::Result<()> {
        self.mark.commits = commits;
        self.file.rewind()?;
        self.file.write_all(self.mark.line().as_bytes())?;
        self.dirty = true;
        Ok(())
    }

    /// In how long the mark wants to be synced; `None` if it is.
    #[must_use]
    pub fn due_in(&self) -> Option<Duration> {
        self.dirty.then(|| SYNC_EVERY.saturating_sub(self.synced.elapsed()))
    }

    /// Makes the mark durable.
    pub fn sync(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(commits: u64) -> Mark {
        Mark { incarnation: "00112233aabbccdd".to_owned(), commits }
    }

    #[test]
    fn a_mark_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        assert_eq!(read(&path).unwrap(), Reading::Missing);

        let mut high_water = HighWater::set(&path, mark(9)).unwrap();
        assert_eq!(read(&path).unwrap(), Reading::Mark(mark(9)));
        assert_eq!(high_water.due_in(), None);

        high_water.raise(u64::MAX).unwrap();
        assert_eq!(read(&path).unwrap(), Reading::Mark(mark(u64::MAX)));
        assert!(high_water.due_in().is_some());

        high_water.sync().unwrap();
        assert_eq!(high_water.due_in(), None);

        drop(HighWater::set(&path, mark(3)).unwrap());
        assert_eq!(read(&path).unwrap(), Reading::Mark(mark(3)));
    }

    #[test]
    fn a_torn_or_changed_mark_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mark");
        let line = mark(41).line();

        for length in 0..line.len() {
            fs::write(&path, &line[..length]).unwrap();
            assert_eq!(read(&path).unwrap(), Reading::Damaged, "{length} bytes");
        }
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), Reading::Damaged, "byte {at}");
        }
        fs::write(&path, [0xff; 200]).unwrap();
        assert_eq!(read(&path).unwrap(), Reading::Damaged);
    }
}
