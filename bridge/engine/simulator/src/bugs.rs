//! Deliberate bugs that the simulator must find: the engine's, the runner's, and some of what is
//! around them.

use std::{cell::Cell, fmt, str::FromStr};

use switchboard::runner;
pub use switchboard::runner::bugs::Bug as RunnerBug;
pub use switchboard_engine::bugs::Bug as EngineBug;

/// A deliberate bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A rule of the engine.
    Engine(EngineBug),
    /// Something of the bridge's runner.
    Runner(RunnerBug),
    /// Something of store, outbox or homeserver.
    World(WorldBug),
}

/// What can be wrong around the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorldBug {
    /// In doubt, a message is sent again without looking for the first one.
    NoEchoCheck,
    /// An event that the homeserver pushes again is handled again.
    NoEventDedupe,
    /// A message that the customer's page sends again is handled again.
    NoKeyDedupe,
    /// A crash amid a commit leaves the records, but not the effects.
    CommitNotAtomic,
    /// The customer sees ✓ before the message is on disk.
    AckBeforeDurable,
    /// Effects of one lane overtake each other after a failure.
    LaneOvertakes,
    /// Pushes that the homeserver lost are not looked for.
    NoGapCheck,
    /// After a start, effects that were not done are forgotten.
    ForgetsEffects,
}

impl WorldBug {
    const ALL: [Self; 8] = [
        Self::NoEchoCheck,
        Self::NoEventDedupe,
        Self::NoKeyDedupe,
        Self::CommitNotAtomic,
        Self::AckBeforeDurable,
        Self::LaneOvertakes,
        Self::NoGapCheck,
        Self::ForgetsEffects,
    ];
}

impl Bug {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let engine = EngineBug::ALL.into_iter().map(Self::Engine);
        let runner = RunnerBug::ALL.into_iter().map(Self::Runner);
        engine.chain(runner).chain(WorldBug::ALL.into_iter().map(Self::World))
    }

    /// Whether the model of the runner can have it: else only the bridge's own does.
    #[must_use]
    pub fn is_of_the_model(self) -> bool {
        matches!(self, Self::Engine(_) | Self::World(_) | Self::Runner(RunnerBug::ForgetsRefusals))
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(bug) => write!(f, "{bug:?}"),
            Self::Runner(bug) => write!(f, "{bug:?}"),
            Self::World(bug) => write!(f, "{bug:?}"),
        }
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::all().find(|bug| bug.to_string() == text).ok_or_else(|| {
            let names: Vec<String> = Self::all().map(|bug| bug.to_string()).collect();
            format!("no such bug; there are {}", names.join(", "))
        })
    }
}

thread_local! {
    static WORLD: Cell<Option<WorldBug>> = const { Cell::new(None) };
}

/// Switches one bug on in this thread, or all off.
pub fn set(bug: Option<Bug>) {
    switchboard_engine::bugs::set(match bug {
        Some(Bug::Engine(bug)) => Some(bug),
        _ => None,
    });
    runner::bugs::set(match bug {
        Some(Bug::Runner(bug)) => Some(bug),
        _ => None,
    });
    WORLD.set(match bug {
        Some(Bug::World(bug)) => Some(bug),
        _ => None,
    });
}

pub(crate) fn world_has(bug: WorldBug) -> bool {
    WORLD.get() == Some(bug)
}
