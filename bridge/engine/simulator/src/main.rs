//! `switchboard-simulator`: runs seeds on all cores and says what came of it.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use clap::{Parser, ValueEnum};
use switchboard_simulator::{
    Bug, Coverage, Failed, Passed, Schedule, bugs, model::Model, real::Real, run_seed,
    shrink::replay,
};

/// About a third of a schedule's time went to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "switchboard-simulator", about = "Random schedules, watched by oracles", version)]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Which runner: the quick model with every seed and the bridge's own with every tenth, or one
    /// of them with every seed (default: both; for a bug that only the bridge's own can have, that)
    #[arg(long, value_enum)]
    runner: Option<Runners>,
    /// With this deliberate bug (see `--bug help`); it then must be found
    #[arg(long)]
    bug: Option<Bug>,
    /// Go on after a failure, and tell in the end how often each oracle objected
    #[arg(long)]
    go_on: bool,
    /// How many at once (default: all cores)
    #[arg(long)]
    jobs: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Runners {
    Both,
    Model,
    Real,
}

/// Who runs the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Runner {
    Model,
    Real,
}

/// If both runners are wanted, the real one comes with every so many seeds.
const REAL_EVERY: u64 = 10;

impl Arguments {
    fn runners(&self) -> Runners {
        self.runner.unwrap_or(match self.bug {
            Some(bug) if !bug.is_of_the_model() => Runners::Real,
            _ => Runners::Both,
        })
    }

    /// Who runs, and how many seeds further the next one is.
    fn passes(&self) -> &'static [(Runner, u64)] {
        match self.runners() {
            Runners::Both => &[(Runner::Model, 1), (Runner::Real, REAL_EVERY)],
            Runners::Model => &[(Runner::Model, 1)],
            Runners::Real => &[(Runner::Real, 1)],
        }
    }
}

impl Runner {
    fn run(self, seed: u64) -> Result<Passed, Box<Failed>> {
        match self {
            Self::Model => run_seed::<Model>(seed),
            Self::Real => run_seed::<Real>(seed),
        }
    }

    fn replay(self, seed: u64, failed: &Failed) -> String {
        let schedule = Schedule::new(seed);
        match self {
            Self::Model => replay::<Model>(&schedule, failed),
            Self::Real => replay::<Real>(&schedule, failed),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Real => "real",
        }
    }
}

/// The first seed to which an oracle objected, and how many there were.
type Objections = BTreeMap<(Runner, &'static str), (u64, Box<Failed>, u64)>;

/// What one core found.
#[derive(Default)]
struct Share {
    coverage: Coverage,
    /// By runner, how many schedules passed.
    passed: BTreeMap<Runner, u64>,
    /// By runner, how long the core worked for it, in seconds; other programs share the machine.
    worked: BTreeMap<Runner, f64>,
    failed: Objections,
}

#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "how long it took; nothing that is simulated sees it"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or(cores).max(1);
    let start = std::time::Instant::now();
    let mut all = Share::default();
    for (runner, step) in arguments.passes() {
        if all.failed.is_empty() || arguments.go_on {
            for share in run_all(&arguments, *runner, *step, jobs) {
                all.add(share);
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    print_coverage(&all.coverage);
    println!("{seconds:.1} s in all; {} steps of the engine", all.coverage.steps);
    for (runner, passed) in &all.passed {
        println!("{}", pace(*runner, *passed, all.worked.get(runner).copied()));
    }
    for ((runner, oracle), (seed, _, count)) in &all.failed {
        println!("{count} × {oracle} ({} runner, seed {seed}, for instance)", runner.name());
    }
    let first = all.failed.iter().min_by_key(|(_, (seed, ..))| *seed);
    if let Some(((runner, _), (seed, failed, _))) = first {
        bugs::set(arguments.bug);
        println!("\n{}", runner.replay(*seed, failed));
        let name = runner.name();
        println!("Again: cargo xtask simulate --runner {name} --seeds 1 --from {seed}");
    }
    let found = first.is_some();
    if found == arguments.bug.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Share {
    fn add(&mut self, other: Self) {
        self.coverage.add(&other.coverage);
        for (runner, passed) in other.passed {
            *self.passed.entry(runner).or_default() += passed;
        }
        for (runner, worked) in other.worked {
            *self.worked.entry(runner).or_default() += worked;
        }
        for (what, (seed, failed, count)) in other.failed {
            let all = self.failed.entry(what).or_insert((seed, failed.clone(), 0));
            all.2 += count;
            if seed < all.0 {
                (all.0, all.1) = (seed, failed);
            }
        }
    }

    /// Runs a seed. Says whether it passed.
    fn run(&mut self, runner: Runner, seed: u64, tell: bool) -> bool {
        match runner.run(seed) {
            Ok(passed) => {
                *self.passed.entry(runner).or_default() += 1;
                self.coverage.add(&passed.coverage);
                true
            }
            Err(failed) => {
                if tell {
                    println!("seed {seed} fails ({}): {}", runner.name(), failed.violation);
                }
                let what = (runner, failed.violation.oracle);
                self.failed.entry(what).or_insert((seed, failed, 0)).2 += 1;
                false
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rates to look at")]
fn pace(runner: Runner, passed: u64, worked: Option<f64>) -> String {
    let name = runner.name();
    match worked {
        Some(worked) => format!(
            "{passed} schedules passed with the {name} runner in {worked:.1} s of work, {:.0} per \
             second and core",
            passed as f64 / worked
        ),
        None => format!("{passed} schedules passed with the {name} runner"),
    }
}

/// How long this thread has had a core, in seconds, where the system tells.
fn worked() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Every core takes the next seed until one fails.
fn run_all(arguments: &Arguments, runner: Runner, step: u64, jobs: usize) -> Vec<Share> {
    let next = AtomicU64::new(arguments.from.next_multiple_of(step));
    let end = arguments.from.saturating_add(arguments.seeds);
    let halt = AtomicBool::new(false);
    let work = || {
        bugs::set(arguments.bug);
        let mut share = Share::default();
        while !halt.load(Ordering::Relaxed) {
            let seed = next.fetch_add(step, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            if !share.run(runner, seed, arguments.go_on) {
                halt.store(!arguments.go_on, Ordering::Relaxed);
            }
        }
        share.worked.extend(worked().map(|worked| (runner, worked)));
        share
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

fn print_coverage(coverage: &Coverage) {
    let mut by_kind: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (what, name, count) in coverage.counts() {
        by_kind.entry(what).or_default().push(format!("{name} {count}"));
    }
    println!("Seen:");
    for (what, names) in by_kind {
        println!("  {what}: {}", names.join(", "));
    }
    let missing = coverage.missing();
    if !missing.is_empty() {
        println!("Never seen: {}", missing.join(", "));
    }
}
