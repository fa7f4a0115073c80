//! The one thread that writes.
//!
//! It takes all operations that wait, writes them as one atomic batch, flushes once, and only then
//! answers: the more callers, the less each pays for the disk. After a failed write nothing is known
//! about the disk any more, so it stops for good and answers nobody as if all were well.

use std::sync::{
    Arc,
    mpsc::{Receiver, RecvTimeoutError},
};

use tokio::sync::oneshot;

use super::{
    Shared,
    batch::{Batch, Failure},
    disk::Disk,
    guarded,
    keys::Head,
};
use crate::store::{Change, Changes, Epoch, NewInboxItem, StoreError, high_water::HighWater};

/// How many operations make a batch at most.
const MAX_OPERATIONS: usize = 1024;
/// When a batch takes no more operations, in bytes of bodies.
const MAX_BYTES: usize = 8 << 20;

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the writer is asked to do.
pub(super) enum Operation {
    Claim(Reply<Epoch>),
    Append(Vec<NewInboxItem>, Reply<Vec<bool>>),
    Commit(Changes, Reply<()>),
    Forget { keys: Vec<Vec<u8>>, before: u64, reply: Reply<usize> },
    Close(Reply<()>),
}

impl Operation {
    fn bytes(&self) -> usize {
        match self {
            Self::Append(items, _) => items.iter().map(|item| item.body.len()).sum(),
            Self::Commit(changes, _) => {
                let records = changes.records.iter().filter_map(|(_, _, body)| body.as_ref());
                let entries = changes.entries.iter().map(|entry| &entry.body);
                let effects = changes.effects.iter().map(|(_, effect)| &effect.body);
                records.chain(entries).chain(effects).map(Vec::len).sum()
            }
            Self::Claim(_) | Self::Forget { .. } | Self::Close(_) => 0,
        }
    }
}

/// An answer that waits for the flush.
type Answer = Box<dyn FnOnce(Result<(), &str>)>;

fn answer<T: 'static>(reply: Reply<T>, result: Result<T, StoreError>) -> Answer {
    Box::new(move |written| {
        let result = match written {
            Ok(()) => result,
            Err(reason) => Err(StoreError::Io(reason.to_owned())),
        };
        // The caller may have gone; what it asked for is done all the same.
        drop(reply.send(result));
    })
}

/// Splits what ends the writer from what ends one operation only.
fn outcome<T>(result: Result<T, Failure>) -> Result<Result<T, StoreError>, String> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Refused(error)) => Ok(Err(error)),
        Err(Failure::Broken(reason)) => Err(reason),
    }
}

/// What a batch leaves to be done once it is durable.
#[derive(Default)]
struct After {
    answers: Vec<Answer>,
    changes: Vec<Change>,
    closing: Option<Reply<()>>,
}

pub(super) struct Writer {
    pub(super) operations: Receiver<Operation>,
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Disk,
    pub(super) high_water: HighWater,
    pub(super) head: Head,
}

impl Writer {
    /// Works until it is closed, dropped by its callers, or failed by the disk.
    pub(super) fn run(mut self) {
        let mut closing = None;
        while let Some(operations) = self.next() {
            let mut after = After::default();
            let written = guarded(|| self.write(operations, &mut after)).unwrap_or_else(Err);
            if let Err(reason) = written {
                tracing::error!(reason, "the database failed; nothing is written any more");
                self.shared.close();
                for answer in after.answers {
                    answer(Err(&reason));
                }
                return;
            }
            for change in after.changes {
                // Nobody may be watching.
                drop(self.shared.changes.send(change));
            }
            for answer in after.answers {
                answer(Ok(()));
            }
            closing = after.closing;
            if closing.is_some() {
                break;
            }
        }
        self.shared.close();
        let synced = self.high_water.sync().map_err(|error| StoreError::Io(error.to_string()));
        if let Some(reply) = closing {
            drop(reply.send(synced));
        }
    }

    /// Waits for operations; `None` when there will be no more.
    fn next(&mut self) -> Option<Vec<Operation>> {
        let first = loop {
            let Some(due) = self.high_water.due_in() else {
                break self.operations.recv().ok()?;
            };
            match self.operations.recv_timeout(due) {
                Ok(operation) => break operation,
                Err(RecvTimeoutError::Timeout) => {
                    // Tried again with the next write, which does fail.
                    if let Err(error) = self.high_water.sync() {
                        tracing::warn!(%error, "cannot sync the high-water mark");
                        break self.operations.recv().ok()?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        };
        let mut bytes = first.bytes();
        let mut operations = vec![first];
        while operations.len() < MAX_OPERATIONS && bytes < MAX_BYTES {
            let Ok(operation) = self.operations.try_recv() else { break };
            bytes += operation.bytes();
            operations.push(operation);
        }
        Some(operations)
    }

    /// Applies operations and makes them durable.
    fn write(&mut self, operations: Vec<Operation>, after: &mut After) -> Result<(), String> {
        // Held until all is durable: see the module on reads.
        let mut guard = self.shared.open.blocking_write();
        let open = guard.as_mut().ok_or("the database is closed")?;

        let mut batch = Batch::new(&open.db, self.head);
        for operation in operations {
            apply(&mut batch, operation, after)?;
        }
        let (inbox, effects) = (batch.inbox, batch.effects);
        let Some((batch, head)) = batch.finish() else { return Ok(()) };

        open.db.apply_batch(batch).map_err(|error| error.to_string())?;
        open.db.flush().map_err(|error| error.to_string())?;
        self.disk.sync().map_err(|error| error.to_string())?;
        self.high_water.raise(head.commits).map_err(|error| error.to_string())?;
        if self.high_water.due_in().is_some_and(|due| due.is_zero()) {
            self.high_water.sync().map_err(|error| error.to_string())?;
        }

        self.head = head;
        open.inbox = open.inbox.saturating_add_signed(inbox);
        open.effects = open.effects.saturating_add_signed(effects);
        Ok(())
    }
}

fn apply(batch: &mut Batch<'_>, operation: Operation, after: &mut After) -> Result<(), String> {
    match operation {
        Operation::Claim(reply) => {
            let epoch = batch.claim();
            after.answers.push(answer(reply, Ok(epoch)));
        }
        Operation::Append(items, reply) => {
            let new = outcome(batch.append(items))?;
            if new.as_ref().is_ok_and(|new| new.contains(&true)) {
                after.changes.push(Change::Inbox);
            }
            after.answers.push(answer(reply, new));
        }
        Operation::Commit(changes, reply) => {
            let told = changes.told();
            let committed = outcome(batch.commit(changes))?;
            if committed.is_ok() {
                after.changes.extend(told);
            }
            after.answers.push(answer(reply, committed));
        }
        Operation::Forget { keys, before, reply } => {
            let forgotten = outcome(batch.forget(keys, before))?;
            after.answers.push(answer(reply, forgotten));
        }
        // What comes after it in the channel is not answered: nothing may be called then.
        Operation::Close(reply) => after.closing = Some(reply),
    }
    Ok(())
}
