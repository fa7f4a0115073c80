//! Who changed what is written down with the change itself, and never thrown away.

use serde::{Deserialize, Serialize};
use switchboard_centre::{Reply, audit::Entry};

use super::{
    batch::Batch,
    state::{HandleError, LoadError, State, parse},
};
use crate::store::RecordKind;

/// The single record of how many entries there are.
const AUDIT: &str = "audit";

#[derive(Serialize, Deserialize)]
struct Audited {
    /// The number of the newest entry; they are counted from 1.
    newest: u64,
}

/// Numbers in keys have as many digits as the largest, so that they are in order.
fn key(number: u64) -> String {
    format!("{number:020}")
}

impl State {
    pub(super) async fn load_audit(&mut self) -> Result<(), LoadError> {
        self.audited = match self.store.record(RecordKind::Meta, AUDIT).await? {
            Some(bytes) => parse::<Audited>(RecordKind::Meta, AUDIT, &bytes)?.newest,
            None => 0,
        };
        Ok(())
    }

    /// Adds an entry.
    pub(super) fn write_audit(
        &mut self,
        entry: &Entry,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        self.audited += 1;
        batch.record(RecordKind::Audit, key(self.audited), entry)?;
        Ok(batch.record(RecordKind::Meta, AUDIT.to_owned(), &Audited { newest: self.audited })?)
    }

    /// Shows the newest entries that are committed. Reads no more than these.
    pub(super) async fn audit(&self, count: u32) -> Result<Reply, HandleError> {
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        let mut entries: Vec<Entry> = Vec::new();
        for number in (1..=self.audited).rev() {
            if entries.len() == wanted {
                break;
            }
            // Those of this batch are not there yet.
            let Some(bytes) = self.store.record(RecordKind::Audit, &key(number)).await? else {
                continue;
            };
            if let Ok(entry) = serde_json::from_slice(&bytes) {
                entries.push(entry);
            } else {
                tracing::error!(number, "an entry of the audit cannot be read");
            }
        }
        Ok(self.centre.audit_reply(&entries))
    }
}
