//! What the database leaves to the page cache.
//!
//! On Linux, sled's flush writes with `sync_file_range`, which neither syncs the file's length nor
//! empties the disk's own cache, and it never syncs the files in which it keeps large values. That
//! survives a killed process, but not a power failure; so they are synced here.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The files of an open database.
pub(super) struct Disk {
    log: File,
    large: PathBuf,
    /// Large values are files named by ascending numbers and never change. This is the highest
    /// number that is synced.
    synced: Option<u64>,
}

impl Disk {
    /// Syncs everything once.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let log = File::open(path.join("db"))?;
        let mut disk = Self { log, large: path.join("blobs"), synced: None };
        disk.sync()?;
        sync_directory(path)?;
        Ok(disk)
    }

    /// Makes everything durable that was flushed.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let mut newest = self.synced;
        for file in fs::read_dir(&self.large)? {
            let file = file?;
            let number = file.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if number <= self.synced {
                continue;
            }
            match File::open(file.path()) {
                Ok(file) => file.sync_data()?,
                // Overwritten meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            newest = newest.max(number);
        }
        if newest > self.synced {
            sync_directory(&self.large)?;
            self.synced = newest;
        }
        self.log.sync_data()
    }
}

/// Makes durable which files are in a directory.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
