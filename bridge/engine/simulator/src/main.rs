//! `switchboard-simulator`: runs seeds on all cores and says what came of it.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use clap::Parser;
use switchboard_simulator::{
    Bug, Coverage, Failed, Schedule, bugs, model::Model, real::Real, run_seed, shrink::replay,
};

#[derive(Parser)]
#[command(name = "switchboard-simulator", about = "Random schedules, watched by oracles", version)]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// With this deliberate bug (see `--bug help`); it then must be found
    #[arg(long)]
    bug: Option<Bug>,
    /// Go on after a failure, and tell in the end how often each oracle objected
    #[arg(long)]
    go_on: bool,
    /// With the bridge's own runner instead of the model
    #[arg(long)]
    real: bool,
    /// How many at once (default: all cores)
    #[arg(long)]
    jobs: Option<usize>,
}

/// What one core found.
struct Share {
    coverage: Coverage,
    passed: u64,
    /// How long the core worked for it, in seconds; other programs share the machine.
    worked: Option<f64>,
    /// The first seed to which an oracle objected, and how many there were.
    failed: BTreeMap<&'static str, (u64, Box<Failed>, u64)>,
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
    let shares = run_all(&arguments, jobs);
    let seconds = start.elapsed().as_secs_f64();
    let mut coverage = Coverage::default();
    let mut passed = 0;
    let worked: Option<f64> = shares.iter().map(|share| share.worked).sum();
    for share in &shares {
        coverage.add(&share.coverage);
        passed += share.passed;
    }
    print_coverage(&coverage);
    println!("{}", pace(passed, seconds, worked.unwrap_or(seconds), coverage.steps));
    let mut by_oracle: BTreeMap<&str, (u64, Box<Failed>, u64)> = BTreeMap::new();
    for (oracle, (seed, failed, count)) in shares.into_iter().flat_map(|share| share.failed) {
        let all = by_oracle.entry(oracle).or_insert((seed, failed.clone(), 0));
        all.2 += count;
        if seed < all.0 {
            (all.0, all.1) = (seed, failed);
        }
    }
    let failures: Vec<_> = by_oracle.into_values().collect();
    for (seed, failed, count) in &failures {
        println!("{count} × {} (seed {seed}, for instance)", failed.violation.oracle);
    }
    let first = failures.iter().min_by_key(|(seed, ..)| *seed);
    if let Some((seed, failed, _)) = first {
        bugs::set(arguments.bug);
        let schedule = Schedule::new(*seed);
        let (told, which) = if arguments.real {
            (replay::<Real>(&schedule, failed), "--real ")
        } else {
            (replay::<Model>(&schedule, failed), "")
        };
        println!("\n{told}");
        println!("Again: cargo xtask simulate {which}--seeds 1 --from {seed}");
    }
    let found = first.is_some();
    if found == arguments.bug.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::cast_precision_loss, reason = "rates to look at")]
fn pace(passed: u64, seconds: f64, worked: f64, steps: u64) -> String {
    format!(
        "{passed} schedules passed in {seconds:.1} s, {:.0} per second; {worked:.1} s of work, \
         {:.0} per second and core; {steps} steps of the engine",
        passed as f64 / seconds,
        passed as f64 / worked,
    )
}

/// How long this thread has had a core, in seconds, where the system tells.
fn worked() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = stat.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Every core takes the next seed until one fails.
fn run_all(arguments: &Arguments, jobs: usize) -> Vec<Share> {
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from.saturating_add(arguments.seeds);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs)
            .map(|_| {
                scope.spawn(|| {
                    bugs::set(arguments.bug);
                    let mut share = Share {
                        coverage: Coverage::default(),
                        passed: 0,
                        worked: None,
                        failed: BTreeMap::new(),
                    };
                    while !stop.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            break;
                        }
                        let outcome = if arguments.real {
                            run_seed::<Real>(seed)
                        } else {
                            run_seed::<Model>(seed)
                        };
                        match outcome {
                            Ok(passed) => {
                                share.passed += 1;
                                share.coverage.add(&passed.coverage);
                            }
                            Err(failed) => {
                                stop.store(!arguments.go_on, Ordering::Relaxed);
                                if arguments.go_on {
                                    println!("seed {seed} fails: {}", failed.violation);
                                }
                                let oracle = failed.violation.oracle;
                                share.failed.entry(oracle).or_insert((seed, failed, 0)).2 += 1;
                            }
                        }
                    }
                    share.worked = worked();
                    share
                })
            })
            .collect();
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
