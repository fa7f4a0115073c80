//! The simulator: random schedules of customers, agents, supervisors, timers and faults drive the
//! engine and the runner around it, and oracles watch every step.
//!
//! A seed is a schedule. The same seed gives the same schedule and the same end, on every machine.
//!
//! | module | what |
//! |---|---|
//! | [`schedule`] | what happens, decided by the seed |
//! | [`setups`] | random configurations |
//! | [`system`] | the system under test, as a trait |
//! | [`model`] | the model of the runner that implements it |
//! | [`real`] | the bridge's own runner, which implements it too |
//! | [`store`], [`outbox`], [`homeserver`] | the surroundings |
//! | `world` | all of it together, and the way of a step |
//! | `turns` | the runner's turns, and what arrives for it |
//! | `people` | what customers, agents and supervisors do |
//! | `settle` | the end, when nothing goes wrong any more |
//! | [`oracles`] | what must hold, one sentence each |
//! | [`bugs`] | deliberate bugs, which must be found |
//! | [`shrink`] | a failing schedule with everything left out that it does not need |
//! | [`coverage`] | what has been seen |

pub mod bugs;
pub mod coverage;
pub mod homeserver;
pub mod model;
pub mod oracles;
pub mod outbox;
mod people;
pub mod real;
pub mod schedule;
mod settle;
pub mod setups;
pub mod shrink;
pub mod store;
pub mod system;
mod turns;
mod world;

pub use bugs::Bug;
pub use coverage::Coverage;
pub use oracles::Violation;
pub use schedule::Schedule;
use system::System;
use world::World;

/// Every so many seeds, one runs twice.
pub const TWICE_EVERY: u64 = 1000;

/// A schedule that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Of everything that came of it; 0 unless it was asked for.
    pub hash: u64,
    /// What was seen.
    pub coverage: Coverage,
}

/// A schedule that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Why.
    pub violation: Violation,
    /// The number of the step that it came to.
    pub at: usize,
    /// What happened, if it was asked for.
    pub story: Vec<String>,
}

/// What to keep of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// A hash of everything.
    pub hash: bool,
    /// Every step in words.
    pub story: bool,
}

/// Runs a schedule.
pub fn run<S: System>(schedule: &Schedule, keep: Keep) -> Result<Passed, Box<Failed>> {
    let mut world: World<S> = World::new(schedule, keep.hash, keep.story);
    let mut at = 0;
    let mut end = Ok(());
    for act in &schedule.acts {
        end = world.act(*act);
        if end.is_err() {
            break;
        }
        at += 1;
    }
    match end.and_then(|()| world.settle()) {
        Ok(()) => Ok(Passed {
            hash: world.hash(),
            coverage: std::mem::take(&mut world.oracles().coverage),
        }),
        Err(violation) => {
            Err(Box::new(Failed { violation, at, story: world.story.unwrap_or_default() }))
        }
    }
}

/// Runs a seed; every thousandth twice, with the same end.
pub fn run_seed<S: System>(seed: u64) -> Result<Passed, Box<Failed>> {
    let schedule = Schedule::new(seed);
    let twice = seed.is_multiple_of(TWICE_EVERY);
    let keep = Keep { hash: twice, story: false };
    let first = run::<S>(&schedule, keep)?;
    if twice {
        let second = run::<S>(&schedule, keep)?;
        if first.hash != second.hash {
            let what = format!("{:x} and {:x}", first.hash, second.hash);
            let violation = Violation { oracle: "the_same_seed_gives_the_same_end", what };
            let at = schedule.acts.len();
            return Err(Box::new(Failed { violation, at, story: Vec::new() }));
        }
    }
    Ok(first)
}
