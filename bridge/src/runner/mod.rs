//! The one owner of the engine: takes what arrived, asks the engine, commits, and wakes the rest.
//!
//! | module | what |
//! |---|---|
//! | [`records`] | what is stored besides the engine's own records |
//! | `stored_centre` | the centre as it is stored, and when the configuration file is taken |
//! | `centre`, `audit` | administrators change it, and what they did is kept |
//! | `state` | the engine and everything it needs, as loaded from the store |
//! | `batch` | the changes of a batch, until they are committed |
//! | `housekeeping` | what is long over is put away or deleted |
//! | `positions` | when places in the queues are told |
//! | `publish` | the rest of the bridge is told what is committed |
//! | `hours`, `sites` | queues open and close, and what customers' pages are told |
//! | `estimate` | how long a waiting customer will probably wait |
//! | `arrivals` | inbox items become inputs: customers |
//! | `room_events` | inbox items become inputs: events of the homeserver |
//! | `bot_rooms` | desks, the administrators' room: making them, and saying something there |
//! | `bot_events` | what happens there, and invites to the bot |
//! | `companion` | the rooms for private messages, and what is said there |
//! | `queue_users` | the users that stand for queues |
//! | `spaces` | spaces with the queues and their chats |
//! | `commands` | what people tell the bot, and what it answers |
//! | `answers` | what people answer to the bot's questions |
//! | `places` | where events stand: receipts, and what is taken back |
//! | `people` | who in a room is an agent, and who is not |
//! | `outcomes` | ends of effects become inputs |
//! | `trouble` | failures: pauses, and whose fault they are |
//! | `archive` | chats that are long over are put away |
//! | `retention`, `traces` | chats are deleted when their time is over, with all that goes with them |
//! | `stats` | what is counted per queue and day |
//! | `pauses` | why agents pause |
//! | `views` | what supervisors and agents are shown |
//! | `perform`, `happened` | the engine's effects become entries and outbox effects |
//! | `words` | what people are told |
//! | `bugs` | rules that can be broken, for the simulator |
//! | `driven` | the runner turn by turn, for the simulator (feature `simulation`) |

mod answers;
mod archive;
mod arrivals;
mod audit;
mod batch;
mod bot_events;
mod bot_rooms;
pub mod bugs;
mod card;
mod centre;
mod commands;
mod companion;
#[cfg(feature = "simulation")]
pub mod driven;
mod estimate;
mod files;
mod happened;
mod hours;
mod housekeeping;
mod mirror;
mod mirror_customer;
mod outcomes;
mod pauses;
mod people;
mod perform;
mod places;
mod positions;
mod publish;
mod queue_users;
pub mod records;
mod retention;
mod room_events;
mod sites;
mod spaces;
mod state;
mod stats;
mod stored_centre;
#[cfg(test)]
mod tests;
mod traces;
mod trouble;
mod views;
mod visitors;
mod words;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
pub(crate) use housekeeping::KEEP_KEYS_MS;
pub use spaces::SpaceSettings;
pub use state::{LoadError, Surroundings};
pub use stored_centre::CentreFile;
use switchboard_engine::{Input, Span};
use tokio::{
    sync::{broadcast, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use self::{
    batch::Batch,
    bugs::{Bug, has},
    positions::{POSITIONS_EVERY, Positions},
    records::Quarantined,
    state::{HandleError, State},
    trouble::{Trouble, TurnError},
};
use crate::{
    outbox::{Instruction, effect::Outcome, health::Health},
    store::{Change, InboxItem, InboxSeq, RecordKind, Store, StoreError},
};

/// How many inputs go into one commit.
const BATCH: usize = 256;
/// How often the runner says that it is alive, at least.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often what is long over is put away.
const HOUSEKEEPING: Duration = Duration::from_mins(10);
/// What the timers are called when they fail.
const TIMERS: &str = "timers";

/// What is told to the runner without the inbox: it is gone after a restart.
#[derive(Debug)]
pub enum Whisper {
    /// An agent has read up to this event.
    Read {
        /// The event's id.
        event: String,
    },
    /// The homeserver answers and all gaps are filled: timers may run.
    CaughtUp,
}

/// The runner's task. See the module's documentation.
pub struct Runner {
    store: Arc<dyn Store>,
    state: State,
    instructions: mpsc::UnboundedSender<Instruction>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    whispers: mpsc::Receiver<Whisper>,
    /// Outcomes that were taken but are not committed yet.
    taken: Vec<Outcome>,
    cursor: InboxSeq,
    /// How many inputs go into one commit.
    batch: usize,
    trouble: Trouble,
    health: Health,
    /// Timers do not run before everything that happened in an absence is handled.
    caught_up: bool,
    /// All gaps are filled: once what waits is handled, the absence is over.
    returning: bool,
    positions: Positions,
}

impl Runner {
    /// Loads the state and takes the right to commit.
    pub async fn load(
        store: Arc<dyn Store>,
        centre: impl Into<CentreFile>,
        surroundings: Surroundings,
        instructions: mpsc::UnboundedSender<Instruction>,
        outcomes: mpsc::UnboundedReceiver<Outcome>,
        whispers: mpsc::Receiver<Whisper>,
        health: Health,
    ) -> Result<Self, LoadError> {
        let epoch = store.claim_epoch().await?;
        let state = State::load(Arc::clone(&store), epoch, centre.into(), surroundings).await?;
        Ok(Self {
            store,
            state,
            instructions,
            outcomes,
            whispers,
            taken: Vec::new(),
            cursor: InboxSeq::default(),
            batch: BATCH,
            trouble: Trouble::default(),
            health,
            caught_up: false,
            returning: false,
            positions: Positions::default(),
        })
    }

    /// Runs until it is told to stop, until another process takes the store over, or until the
    /// store is of no use any more.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), LoadError> {
        let mut changes = self.store.watch();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        let mut health = self.health.subscribe();
        let mut deletion = None;
        loop {
            let worked = match self.try_turn().await? {
                Ok(worked) => worked,
                Err(Pause(pause)) => {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(pause) => self.reload(&stop).await?,
                    }
                    true
                }
            };
            if stop.is_cancelled() {
                return Ok(());
            }
            self.tell_positions();
            if worked {
                // Under load there is no quiet moment to listen in.
                if health.has_changed().unwrap_or(false) {
                    health.mark_unchanged();
                    self.suspend();
                }
                for _ in 0..BATCH {
                    let Ok(whisper) = self.whispers.try_recv() else { break };
                    self.hear(whisper).await;
                }
                continue;
            }
            let deadline = self.next_deadline();
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                change = changes.recv() => wait_for_inbox(change, &mut changes),
                Some(outcome) = self.outcomes.recv() => self.taken.push(outcome),
                Some(whisper) = self.whispers.recv() => self.hear(whisper).await,
                () = tokio::time::sleep_until(deadline) => {}
                _ = heartbeat.tick() => self.state.beat(),
                _ = housekeeping.tick() => {
                    self.keep_house().await;
                    deletion = self.delete_expired().await;
                }
                () = tokio::time::sleep_until(deletion.unwrap_or(deadline)), if deletion.is_some() => {
                    deletion = self.delete_expired().await;
                }
                _ = health.changed() => self.suspend(),
            }
        }
    }

    /// Takes a turn, and if it fails, says how long to pause before the state is loaded again.
    async fn try_turn(&mut self) -> Result<Result<bool, Pause>, StoreError> {
        // A panic must not end the process: the next start would meet the same.
        let turn = AssertUnwindSafe(self.turn()).catch_unwind().await;
        match turn.unwrap_or(Err(TurnError::Panic)) {
            Ok(worked) => {
                self.trouble.is_over(worked);
                Ok(Ok(worked))
            }
            Err(TurnError::Store(error @ (StoreError::Fenced { .. } | StoreError::Closed))) => {
                Err(error)
            }
            Err(error) => {
                tracing::error!(%error, "a batch failed; loading the state again");
                Ok(Err(Pause(self.trouble.happened(&error))))
            }
        }
    }

    /// Handles what is there. Says whether there was anything.
    async fn turn(&mut self) -> Result<bool, TurnError> {
        while self.taken.len() < self.batch
            && let Ok(outcome) = self.outcomes.try_recv()
        {
            self.taken.push(outcome);
        }
        let careful = self.trouble.is_careful();
        let limit = if careful { 1 } else { self.batch };
        let outcomes: Vec<Outcome> = self.taken.iter().take(limit).cloned().collect();
        let items = if careful && !outcomes.is_empty() {
            Vec::new()
        } else {
            self.store.inbox(self.cursor, limit).await?
        };
        let mut batch = Batch::default();
        self.state.begin();
        for outcome in &outcomes {
            self.ended(outcome, &mut batch).await?;
        }
        for item in &items {
            self.guarded(item, &mut batch).await?;
        }
        // Waiting inputs go before timers, so that nobody is missed for our absence.
        let idle =
            if careful { outcomes.is_empty() && items.is_empty() } else { items.len() < limit };
        let returns = self.returning && idle;
        if returns {
            self.state.comes_back(&mut batch).await?;
        }
        if (self.caught_up || returns) && idle && self.timers_are_due() {
            self.trouble.tries(TIMERS);
            self.state.input(Input::Timer, &mut batch).await?;
        }
        let hours = idle && self.state.keep_hours(&mut batch).await?;
        // What administrators have changed must be committed first.
        if hours && !batch.centre_changed {
            self.state.publish_sites();
        }
        self.trouble.all_handled();
        if batch.is_empty() && !returns && !self.state.wants_touch() {
            // Ends of effects that were done already: there is nothing to commit about them.
            self.taken.drain(..outcomes.len());
            return Ok(!outcomes.is_empty());
        }
        self.state.seal(&mut batch)?;
        if has(Bug::ActsBeforeCommit) {
            let _ = self.instructions.send(Instruction::Add(batch.effects.clone()));
        }
        if has(Bug::SkipsFailedBatch) {
            self.cursor = items.last().map_or(self.cursor, |item| item.seq);
        }
        self.store.commit(batch.changes(self.state.epoch()).map_err(HandleError::from)?).await?;
        let worked = !items.is_empty() || !outcomes.is_empty();
        if !has(Bug::TakesEndsTwice) {
            self.taken.drain(..outcomes.len());
        }
        if let Some(last) = items.last() {
            self.cursor = last.seq;
        }
        if returns {
            (self.caught_up, self.returning) = (true, false);
        }
        self.state.publish(&batch);
        self.positions.stale |= batch.touches_chats();
        for seq in std::mem::take(&mut batch.settled) {
            if has(Bug::SettlesNothing) {
                break;
            }
            let _ = self.instructions.send(Instruction::Settled(seq));
        }
        if !batch.effects.is_empty() && !has(Bug::ActsBeforeCommit) {
            let _ = self.instructions.send(Instruction::Add(batch.effects));
        }
        Ok(worked)
    }

    fn timers_are_due(&self) -> bool {
        let now = self.state.now();
        self.state.engine().next_deadline().is_some_and(|deadline| deadline <= now)
            && self.trouble.rest_of(TIMERS).is_zero()
    }

    /// Handles the end of an effect; one that fails again and again is put aside.
    async fn ended(&mut self, outcome: &Outcome, batch: &mut Batch) -> Result<(), TurnError> {
        let name = format!("effect:{}", outcome.seq.0);
        if self.trouble.is_hopeless(&name) {
            return Ok(self.state.put_end_aside(outcome, batch)?);
        }
        self.trouble.tries(&name);
        Ok(self.state.take_outcome(outcome.clone(), batch).await?)
    }

    /// Handles an item; one that fails again and again is put aside.
    async fn guarded(&mut self, item: &InboxItem, batch: &mut Batch) -> Result<(), TurnError> {
        if self.trouble.is_hopeless(&item.key) {
            return Ok(self.quarantine(item, "it failed again and again", batch)?);
        }
        self.trouble.tries(&item.key);
        if has(Bug::MarksUnhandledDone) && item.seq.0.is_multiple_of(7) {
            batch.inbox_done(item.seq);
            return Ok(());
        }
        match self.state.take_item(item, batch).await {
            Ok(()) => {
                batch.inbox_done(item.seq);
                Ok(())
            }
            Err(HandleError::Unusable(reason)) => Ok(self.quarantine(item, &reason, batch)?),
            Err(error) => Err(error.into()),
        }
    }

    fn quarantine(
        &mut self,
        item: &InboxItem,
        reason: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        tracing::warn!(key = %item.key, reason, "an inbox item is put aside");
        self.state.count_quarantined();
        let record = Quarantined {
            received: item.received,
            reason: reason.to_owned(),
            body: String::from_utf8_lossy(&item.body).into_owned(),
        };
        if let Some(chat) = self.state.chat_of_item(item) {
            batch.trace(chat, RecordKind::Quarantine, &item.key);
        }
        batch.record(RecordKind::Quarantine, item.key.clone(), &record)?;
        if item.key.starts_with("event:") {
            self.state.tell_of_nonsense(item, batch);
        }
        self.state.tell_administrators(words::put_aside(&item.key).into(), batch);
        batch.inbox_done(item.seq);
        Ok(())
    }

    /// Throws the state in memory away and loads it again, until that works. A store that is
    /// closed, or somebody else's, or has records of no known form, will not get better.
    async fn reload(&mut self, stop: &CancellationToken) -> Result<(), LoadError> {
        let mut pause = Duration::from_millis(100);
        while !stop.is_cancelled() && !has(Bug::KeepsStateAfterFailure) {
            match self.state.reload().await {
                Ok(()) => {
                    if !has(Bug::SkipsFailedBatch) {
                        self.cursor = InboxSeq::default();
                    }
                    return Ok(());
                }
                Err(error @ LoadError::Store(StoreError::Io(_))) => {
                    tracing::error!(%error, "the state cannot be loaded; trying again");
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(10));
        }
        Ok(())
    }

    async fn hear(&mut self, whisper: Whisper) {
        match whisper {
            Whisper::Read { event } => {
                if let Err(error) = self.state.agent_read(&event).await {
                    tracing::debug!(%error, "a read receipt was lost");
                }
            }
            Whisper::CaughtUp => self.returning = !self.caught_up,
        }
    }

    /// Stops the timers while the homeserver is silent: nobody can answer a request then.
    fn suspend(&mut self) {
        if !self.health.is_up() {
            (self.caught_up, self.returning) = (false, false);
            self.state.goes_away();
        }
    }

    fn next_deadline(&self) -> Instant {
        let mut far = Duration::from_hours(1);
        if self.positions.stale {
            far = POSITIONS_EVERY.saturating_sub(self.positions.told.elapsed());
        }
        let wait = match self.state.engine().next_deadline() {
            Some(deadline) if self.caught_up => {
                let Span(ms) = deadline - self.state.now();
                Duration::from_millis(ms).max(self.trouble.rest_of(TIMERS))
            }
            _ => far,
        };
        let hours = self.state.next_hours().map_or(far, |at| {
            let Span(ms) = at - self.state.now();
            Duration::from_millis(ms)
        });
        Instant::now() + wait.min(far).min(hours)
    }
}

/// How long to wait after a failure.
#[derive(Clone, Copy, Debug)]
struct Pause(Duration);

/// Drains what else the watch has to say: one look at the inbox answers all of it.
fn wait_for_inbox(
    change: Result<Change, broadcast::error::RecvError>,
    changes: &mut broadcast::Receiver<Change>,
) {
    drop(change);
    while changes.try_recv().is_ok() {}
}
