//! The bridge's own runner with its store in memory, as a system under test.
//!
//! Nothing of it is imitated: inbox items lie in the bridge's [`MemoryStore`] in the form in which
//! gateway and application service put them there, the runner takes its turns by itself, and what
//! the world and its oracles learn of is read from the bytes that it has committed. Only what is
//! around it – homeserver, outbox, people – is the same model as for [`Model`](crate::model::Model).
//!
//! | module | what |
//! |---|---|
//! | `disk` | the store: it notes what is committed, and refuses commits when it is told to |
//! | `centre` | a schedule's setup as an administrators' configuration |
//! | `arrivals` | what happens in the world, as inbox items |
//! | `committed` | what was committed, in the world's words |
//! | `clock` | the two clocks that the runner looks at |
//!
//! [`MemoryStore`]: switchboard::store::memory::MemoryStore

mod arrivals;
mod centre;
mod clock;
mod committed;
mod disk;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use switchboard::{
    directory::Directory,
    identity::Namespace,
    live::{Live, Presence},
    metrics::Metrics,
    outbox::Instruction,
    runner::{
        SpaceSettings, Surroundings,
        driven::{self, Driven},
    },
};
use switchboard_engine::{ChatId, Engine, Input, Setup, Time};
use tokio::sync::watch;

use self::{arrivals::Arrivals, clock::Clocks, committed::Committed, disk::DiskStore};
use crate::{
    schedule::Schedule,
    store::Store,
    system::{Arrival, System, Told, Turn, Turned, Watch},
};

/// The server of the bridge and its agents.
const SERVER: &str = "a";
/// What the bridge's users begin with.
const PREFIX: &str = "switchboard";

thread_local! {
    /// Nobody reads what it counts.
    static METRICS: Metrics = Metrics::new();
}

/// The bridge's runner. See the module's documentation.
pub struct Real {
    clocks: Clocks,
    disk: Arc<DiskStore>,
    names: Namespace,
    /// The process, unless it has died or could not start.
    process: Option<Process>,
    /// The engine as it is stored, for as long as there is no process.
    stored: Engine,
    arrivals: Arrivals,
    committed: Committed,
}

/// What dies with the process.
struct Process {
    runner: Driven,
    live: Live,
    /// The customers whose pages are connected.
    pages: BTreeMap<ChatId, Presence>,
}

impl System for Real {
    fn new(schedule: &Schedule) -> Self {
        #[expect(clippy::expect_used, reason = "both are constants, and valid")]
        let names = Namespace::new(SERVER, PREFIX).expect("valid names");
        Self {
            clocks: Clocks::default(),
            disk: Arc::default(),
            arrivals: Arrivals::new(names.clone(), schedule.bare_events),
            names,
            process: None,
            stored: Engine::default(),
            committed: Committed::default(),
        }
    }

    fn start(&mut self, store: &Store, setup: &Setup) {
        clock::within(|| self.process = None);
        self.stored = store.engine(setup);
    }

    fn arrived(&mut self, arrival: &Arrival<'_>) -> bool {
        let item = self.arrivals.item(arrival);
        if let Some(wrote) = arrivals::words_of_an_agent(arrival).filter(|_| arrival.is_new) {
            self.committed.will_handle(arrival.seq, wrote);
        }
        clock::run(self.disk.append(item))
    }

    fn falls_silent(&mut self, now: Time) {
        self.clocks.set(now);
        if let Some(process) = &mut self.process {
            clock::within(|| process.runner.falls_silent());
        }
    }

    fn turn(&mut self, turn: &Turn<'_>, watch: &Rc<RefCell<dyn Watch>>) -> Turned {
        self.clocks.set(turn.now);
        self.disk.begin(turn.disk);
        let resumed = Rc::new(Cell::new(false));
        let _watching = driven::watch({
            let (watch, resumed) = (Rc::clone(watch), Rc::clone(&resumed));
            move |at, input, step, engine| {
                resumed.set(resumed.get() || matches!(input, Input::Resumed { .. }));
                watch.borrow_mut().stepped(at, input, step, engine);
            }
        });
        let mut turned = Turned { failed: !self.is_started(turn), ..Turned::default() };
        // What taking the configuration over led to is found by the outbox when it loads.
        self.take_commits(&mut turned, turn.hash);
        let found = turned.commits.iter().flat_map(|changes| &changes.effects).cloned();
        turned.told = found.map(Told::Add).collect();
        if let Some(process) = self.process.as_mut().filter(|_| !turned.failed) {
            process.connect(turn.connected);
            for outcome in turn.outcomes {
                // Of what was never committed, nobody waits for the end.
                if let Some(outcome) = self.committed.outcome(outcome) {
                    process.runner.ended(outcome);
                }
            }
            turned.taken = turn.outcomes.len();
            self.committed.ends_elsewhere().for_each(|outcome| process.runner.ended(outcome));
            if turn.running || turn.caught_up.is_some() {
                process.runner.caught_up();
            }
            match clock::run(process.runner.turn(turn.limit.max(1))) {
                Ok(well) => turned.failed = !well,
                Err(error) => turned.scandal = Some(("the_runner_goes_on", error.to_string())),
            }
            self.take_commits(&mut turned, turn.hash);
            self.take_instructions(&mut turned);
        }
        turned.resumed = resumed.get() && !self.disk.has_refused();
        turned
    }

    fn recover(&mut self, store: &Store, setup: &Setup) {
        // A process that runs has done that by itself.
        if self.process.is_none() {
            self.stored = store.engine(setup);
        }
    }

    fn has_open_ends(&self) -> bool {
        self.process.as_ref().is_some_and(|process| process.runner.open_ends() > 0)
            || self.committed.ends_elsewhere().next().is_some()
    }

    fn engine(&self) -> &Engine {
        self.process.as_ref().map_or(&self.stored, |process| process.runner.engine())
    }
}

impl Real {
    /// Starts a process if there is none; says whether there is one now.
    fn is_started(&mut self, turn: &Turn<'_>) -> bool {
        if self.process.is_some() {
            return true;
        }
        let Some(setup) = turn.configure else { return false };
        let store = Arc::clone(&self.disk);
        let (names, wall) = (self.names.clone(), self.clocks.wall());
        let centre = centre::of(setup);
        self.process = clock::run(async move {
            let live = Live::new();
            let surroundings = Surroundings {
                clock: wall,
                names,
                directory: Directory::default(),
                live: live.clone(),
                metrics: METRICS.with(Clone::clone),
                sites: watch::Sender::default(),
                spaces: SpaceSettings::default(),
            };
            let runner = Driven::load(store, centre, surroundings).await.ok()?;
            Some(Process { runner, live, pages: BTreeMap::new() })
        });
        self.process.is_some()
    }

    fn take_commits(&mut self, turned: &mut Turned, hash: bool) {
        for changes in self.disk.committed() {
            match self.committed.read(&changes, hash) {
                Ok(changes) => turned.commits.push(changes),
                Err(scandal) => turned.scandal = Some(scandal),
            }
        }
        for effect in turned.commits.iter().flat_map(|changes| &changes.effects) {
            self.arrivals.will_send(effect.seq, self.committed.question(effect.seq));
        }
    }

    fn take_instructions(&mut self, turned: &mut Turned) {
        let Some(process) = &mut self.process else { return };
        for instruction in process.runner.instructions() {
            match instruction {
                Instruction::Add(effects) => {
                    for (seq, effect) in effects {
                        turned.told.extend(committed::in_short(seq, &effect).map(Told::Add));
                    }
                }
                Instruction::Settled(seq) => turned.told.push(Told::Settled(seq.0)),
            }
        }
    }
}

impl Process {
    /// Connects the pages of these customers, and no others.
    fn connect(&mut self, connected: &BTreeSet<ChatId>) {
        clock::within(|| {
            self.pages.retain(|chat, _| connected.contains(chat));
            for chat in connected {
                if !self.pages.contains_key(chat) {
                    self.pages.insert(*chat, self.live.connect(*chat));
                }
            }
        });
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        clock::within(|| self.process = None);
    }
}
