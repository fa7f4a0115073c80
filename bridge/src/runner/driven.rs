//! The runner turn by turn, for those who simulate what is around it.
//!
//! [`Driven`] owns a [`Runner`] as its task would, but nothing runs by itself: there is a turn when
//! one is asked for, and its inputs and its words to the outbox lie open. What a turn does – batch,
//! commit, what follows a failure – is the runner's own doing. Nothing here waits for anything but
//! the store, so with one in memory no reactor is needed; what looks at a clock looks at the one in
//! [`Surroundings`] or at tokio's.
//!
//! What agents and administrators do at their desks comes as [`desk_item`]s: inputs of the engine in
//! the inbox. What they write there is a matter of words, which is not simulated.

use std::{cell::RefCell, sync::Arc};

use serde::{Deserialize, Serialize};
use switchboard_centre::{Centre, hours::Hours};
use switchboard_engine::{Engine, Input, Step, Time};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    CentreFile, LoadError, Runner, Surroundings, Whisper,
    batch::Batch,
    state::{HandleError, State},
};
use crate::{
    json::fault,
    outbox::{Instruction, effect::Outcome, health::Health},
    store::{InboxItem, NewInboxItem, Store},
};

/// What the keys of desk items begin with.
pub(super) const DESK: &str = "desk:";
/// How many whispers may wait.
const WHISPERS: usize = 16;

/// A runner that moves when it is told to.
pub struct Driven {
    runner: Runner,
    instructions: mpsc::UnboundedReceiver<Instruction>,
    outcomes: mpsc::UnboundedSender<Outcome>,
    whispers: mpsc::Sender<Whisper>,
}

impl Driven {
    /// Starts as a process does: loads what is stored and takes the configuration over, which is a
    /// commit of its own.
    pub async fn load(
        store: Arc<dyn Store>,
        centre: Centre,
        surroundings: Surroundings,
    ) -> Result<Self, LoadError> {
        let (to_outbox, instructions) = mpsc::unbounded_channel();
        let (outcomes, from_outbox) = mpsc::unbounded_channel();
        let (whispers, heard) = mpsc::channel(WHISPERS);
        let runner = Runner::load(
            store,
            CentreFile { centre, take: true },
            surroundings,
            to_outbox,
            from_outbox,
            heard,
            Health::default(),
        )
        .await?;
        Ok(Self { runner, instructions, outcomes, whispers })
    }

    /// The engine, as it is in memory.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        self.runner.state.engine()
    }

    /// An effect has ended. The end is lost with the process unless a turn has committed it.
    pub fn ended(&self, outcome: Outcome) {
        // The other end is in the runner, which is ours.
        let _ = self.outcomes.send(outcome);
    }

    /// How many ends of effects are not handled yet.
    #[must_use]
    pub fn open_ends(&self) -> usize {
        self.runner.taken.len() + self.runner.outcomes.len()
    }

    /// The homeserver does not answer.
    pub fn falls_silent(&mut self) {
        self.runner.health.report_down();
        self.runner.suspend();
    }

    /// It answers, and all gaps are filled.
    pub fn caught_up(&mut self) {
        if !self.runner.health.is_up() {
            self.runner.health = Health::default();
        }
        // The runner hears it before its next turn; once is enough.
        let _ = self.whispers.try_send(Whisper::CaughtUp);
    }

    /// Hears whispers and takes a turn with at most so many inputs of a kind. After a failure the
    /// state is loaded again. Says whether it went well.
    pub async fn turn(&mut self, batch: usize) -> Result<bool, LoadError> {
        self.runner.batch = batch;
        while let Ok(whisper) = self.runner.whispers.try_recv() {
            self.runner.hear(whisper).await;
        }
        let well = self.runner.try_turn().await?.is_ok();
        if !well {
            self.runner.reload(&CancellationToken::new()).await?;
        }
        Ok(well)
    }

    /// What the outbox has been told since this was last asked, oldest first.
    pub fn instructions(&mut self) -> impl Iterator<Item = Instruction> + '_ {
        std::iter::from_fn(|| self.instructions.try_recv().ok())
    }
}

/// What somebody did at a desk, as it lies in the inbox.
#[derive(Serialize, Deserialize)]
struct AtDesk {
    input: Input,
    /// The new configuration, if that is what they changed.
    centre: Option<Centre>,
}

/// What agents, supervisors and administrators do, as an inbox item: an input of the engine, and if
/// it is a new configuration, all of it.
pub fn desk_item(
    key: &str,
    input: Input,
    centre: Option<Centre>,
) -> Result<NewInboxItem, serde_json::Error> {
    let body = serde_json::to_vec(&AtDesk { input, centre })?;
    Ok(NewInboxItem { key: format!("{DESK}{key}"), received: 0, body })
}

impl State {
    pub(super) async fn take_desk_item(
        &mut self,
        item: &InboxItem,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let AtDesk { input, centre } =
            serde_json::from_slice(&item.body).map_err(|e| HandleError::Unusable(fault(&e)))?;
        let mut new = centre.unwrap_or_else(|| self.centre.clone());
        if let Input::QueueHours { queue, open } = &input {
            for queue in new.queues.iter_mut().filter(|of| of.id == queue.0) {
                queue.hours = if *open { None } else { Some(closed()) };
            }
        }
        let old = std::mem::replace(&mut self.centre, new);
        self.input(input, batch).await?;
        if self.centre != old {
            self.keep_former(&old);
            self.write_centre(batch)?;
        }
        Ok(())
    }
}

/// The hours of a queue that is closed for the time of a simulation, which begins with 1970, on a
/// Thursday.
#[must_use]
pub fn closed() -> Hours {
    let far = "mon 00:00-00:01".parse();
    Hours { week: far.into_iter().collect(), ..Hours::default() }
}

thread_local! {
    static WATCH: RefCell<Option<Box<Watch>>> = const { RefCell::new(None) };
}

/// What is told of a step of the engine: when it was, the input, what came of it, and the engine
/// after it.
type Watch = dyn FnMut(Time, &Input, &Step, &Engine);

/// As long as this is kept, somebody watches the engines of this thread's runners.
#[derive(Debug)]
#[must_use]
pub struct Watching(());

/// Tells of every step of the engines of this thread's runners.
pub fn watch(told: impl FnMut(Time, &Input, &Step, &Engine) + 'static) -> Watching {
    WATCH.set(Some(Box::new(told)));
    Watching(())
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCH.set(None);
    }
}

pub(super) fn is_watched() -> bool {
    WATCH.with_borrow(Option::is_some)
}

pub(super) fn stepped(now: Time, input: &Input, step: &Step, engine: &Engine) {
    WATCH.with_borrow_mut(|watch| {
        if let Some(told) = watch {
            told(now, input, step, engine);
        }
    });
}
