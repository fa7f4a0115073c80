//! Effects on the homeserver: in order where order matters, until they are done.
//!
//! Lanes are logical: the effects of one place and role are carried out one after the other, and
//! all lanes run side by side. Each effect stays in its lane until it is done or given up; its end
//! goes to the runner as an input. What waited for an effect that was given up is given up too.
//!
//! | module | what |
//! |---|---|
//! | [`effect`] | effects as they are stored, and their ends |
//! | [`deliver`] | carrying one out |
//! | `members` | who is asked into a room, and who is shown out |
//! | `room` | making rooms |
//! | `queue_users` | the users that stand for queues |
//! | `spaces` | what is in spaces, and their end |
//! | `companion` | the rooms for private messages |
//! | `bot_rooms` | rooms in which people talk with the bot |
//! | [`health`] | whether the homeserver answers |
//! | [`retry`] | trying again |
//! | [`live`] | typing and read receipts of customers: the way without a record |

mod bot_rooms;
mod companion;
pub mod deliver;
pub mod effect;
pub mod health;
pub mod live;
mod members;
mod mirror;
mod queue_users;
pub mod retry;
mod room;
mod spaces;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures_util::FutureExt as _;
pub use room::make_device;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{
    deliver::Deliverer,
    effect::{Done, Lane, OutboxEffect, Outcome},
    health::Health,
};
use crate::{clock::Clock, place::Place, store::EffectSeq};

/// The effects of one place that are carried out one after the other.
type LaneKey = (Place, Lane);

/// How many requests to the homeserver may be under way at once.
const CONCURRENCY: usize = 64;

/// What the runner tells the outbox.
#[derive(Debug)]
pub enum Instruction {
    /// Carry these out. They are committed.
    Add(Vec<(EffectSeq, OutboxEffect)>),
    /// This one is done: its event was seen in the room, or its room is committed. Stop trying.
    Settled(EffectSeq),
}

/// The outbox's task. See the module's documentation.
#[derive(Debug)]
pub struct Outbox {
    context: Arc<retry::Context>,
    outcomes: mpsc::UnboundedSender<Outcome>,
    lanes: HashMap<LaneKey, VecDeque<Job>>,
    /// Everything that is not done, for those that wait for it.
    open: BTreeSet<u64>,
    /// Lanes whose first effect waits for another effect.
    waiting: BTreeMap<u64, Vec<LaneKey>>,
    /// What was given up since the start: what waits for it, or is yet to come and wait for it, is
    /// given up too. Few: each has a record that a person looks at.
    given_up: BTreeSet<u64>,
    running: BTreeSet<u64>,
    tasks: JoinSet<Outcome>,
}

#[derive(Debug)]
struct Job {
    seq: EffectSeq,
    effect: OutboxEffect,
    in_doubt: bool,
}

impl Outbox {
    /// An outbox that tells `outcomes` of every end.
    #[must_use]
    pub fn new(
        deliverer: Deliverer,
        health: Health,
        clock: Clock,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) -> Self {
        let context =
            retry::Context { deliverer, health, clock, permits: Semaphore::new(CONCURRENCY) };
        Self {
            context: Arc::new(context),
            outcomes,
            lanes: HashMap::new(),
            open: BTreeSet::new(),
            waiting: BTreeMap::new(),
            given_up: BTreeSet::new(),
            running: BTreeSet::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Carries out what it is given until it is told to stop. `left_over` was not done when the
    /// bridge last stopped, so each of it is in doubt. What is under way at the end is left to the
    /// next start, which looks before it sends.
    pub async fn run(
        mut self,
        left_over: Vec<(EffectSeq, OutboxEffect)>,
        mut instructions: mpsc::UnboundedReceiver<Instruction>,
        stop: CancellationToken,
    ) {
        self.add(left_over, true);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                instruction = instructions.recv() => match instruction {
                    Some(Instruction::Add(effects)) => self.add(effects, false),
                    Some(Instruction::Settled(seq)) => self.settled(seq),
                    None => break,
                },
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok(outcome) => self.ended(outcome),
                    Err(error) => tracing::error!(%error, "an effect's task failed"),
                },
            }
        }
    }

    fn add(&mut self, effects: Vec<(EffectSeq, OutboxEffect)>, in_doubt: bool) {
        let mut lanes = BTreeSet::new();
        for (seq, effect) in effects {
            let lane = (effect.place.clone(), effect.lane);
            self.open.insert(seq.0);
            self.lanes.entry(lane.clone()).or_default().push_back(Job { seq, effect, in_doubt });
            lanes.insert(lane);
        }
        for lane in lanes {
            self.advance(lane);
        }
    }

    /// Starts the first effect of a lane if nothing is in its way.
    fn advance(&mut self, lane: LaneKey) {
        let Some(job) = self.lanes.get(&lane).and_then(VecDeque::front) else {
            self.lanes.remove(&lane);
            return;
        };
        if self.running.contains(&job.seq.0) {
            return;
        }
        if let Some(failed) = job.effect.after.iter().find(|seq| self.given_up.contains(seq)) {
            let reason = format!("it waited for effect {failed}, which was given up");
            tracing::warn!(place = %job.effect.place, effect = job.seq.0, "{reason}");
            let result = Err(reason);
            let outcome =
                Outcome { seq: job.seq, effect: job.effect.clone(), result, found: false };
            self.running.insert(job.seq.0);
            self.tasks.spawn(std::future::ready(outcome));
            return;
        }
        if let Some(first) = job.effect.after.iter().find(|seq| self.open.contains(seq)) {
            self.waiting.entry(*first).or_default().push(lane);
            return;
        }
        let (context, seq, effect) = (Arc::clone(&self.context), job.seq, job.effect.clone());
        let in_doubt = job.in_doubt;
        self.running.insert(seq.0);
        self.tasks.spawn(async move {
            let tried = AssertUnwindSafe(context.persist(seq, effect.clone(), in_doubt));
            // A panic must not hold up the lane for ever: this one effect is given up, visibly.
            tried.catch_unwind().await.unwrap_or_else(|_| {
                let result = Err("a fault in the bridge; please report it".to_owned());
                Outcome { seq, effect, result, found: false }
            })
        });
    }

    fn ended(&mut self, outcome: Outcome) {
        let seq = outcome.seq;
        let lane = (outcome.effect.place.clone(), outcome.effect.lane);
        if !self.running.contains(&seq.0) {
            // Its event was seen in the room before.
            return;
        }
        if !outcome.found && matches!(outcome.result, Ok(Done::Event(_))) {
            // What comes after something that had not been sent has not been sent either.
            for job in self.lanes.get_mut(&lane).into_iter().flatten() {
                job.in_doubt = false;
            }
        }
        if outcome.result.is_err() {
            self.given_up.insert(seq.0);
        }
        let is_room = matches!(outcome.result, Ok(Done::Room(_)));
        // The runner goes first: who waits for this may start before it is committed, since the
        // next start would look before it repeats anything.
        if self.outcomes.send(outcome).is_err() {
            tracing::debug!("the runner is gone; the next start will look at this effect again");
        }
        // But nobody is asked into a room before it is committed: what agents do there would mean
        // nothing to the next start.
        if !is_room {
            self.running.remove(&seq.0);
            self.finish(seq, lane);
        }
    }

    fn settled(&mut self, seq: EffectSeq) {
        // Its task is left to itself: the answer is most likely on its way, and tearing a connection
        // down costs more than hearing it out. A further try would be the same transaction.
        self.running.remove(&seq.0);
        let lane = self
            .lanes
            .iter()
            .find(|(_, jobs)| jobs.front().is_some_and(|job| job.seq == seq))
            .map(|(lane, _)| lane.clone());
        if let Some(lane) = lane {
            self.finish(seq, lane);
        }
    }

    fn finish(&mut self, seq: EffectSeq, lane: LaneKey) {
        self.open.remove(&seq.0);
        if let Some(jobs) = self.lanes.get_mut(&lane) {
            jobs.retain(|job| job.seq != seq);
        }
        self.advance(lane);
        for lane in self.waiting.remove(&seq.0).unwrap_or_default() {
            self.advance(lane);
        }
    }
}
