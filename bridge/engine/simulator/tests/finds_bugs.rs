//! The simulator is not blind: it finds every deliberate bug, tells it shortly, and finds nothing
//! where there is none.

use switchboard_simulator::{
    Bug, Coverage, Failed, Keep, Schedule, bugs, model::Model, real::Real, run, run_seed,
    shrink::shrink, system::System,
};

/// Within so many seeds every bug must be found.
const SEEDS: u64 = 100_000;
/// A replay can be read in one sitting.
const SHORT: usize = 40;
/// How many seeds the correct system passes here; `cargo xtask simulate` runs as many as one likes.
const CORRECT: u64 = 4_000;
/// The same with the bridge's own runner, which takes its time.
const CORRECT_REAL: u64 = 2_000;

/// The first seed that fails with this bug; it passes without.
fn find<S: System>(bug: Bug) -> (u64, Box<Failed>) {
    bugs::set(Some(bug));
    let found = (0..SEEDS).find_map(|seed| Some((seed, run_seed::<S>(seed).err()?)));
    let (seed, failed) = found.unwrap_or_else(|| panic!("{bug} is not found in {SEEDS} seeds"));
    bugs::set(None);
    assert!(run_seed::<S>(seed).is_ok(), "seed {seed} fails without {bug} as well");
    (seed, failed)
}

/// The same in a few steps and in words.
fn tell<S: System>(bug: Bug, seed: u64, failed: &Failed) {
    bugs::set(Some(bug));
    let small = shrink::<S>(&Schedule::new(seed), failed);
    let again = run::<S>(&small, Keep { hash: false, story: true }).expect_err("it still fails");
    bugs::set(None);
    assert_eq!(again.violation.oracle, failed.violation.oracle);
    assert!(small.acts.len() <= SHORT, "{bug}: {} steps", small.acts.len());
    assert!(!again.story.is_empty());
    println!("{bug}: seed {seed}, {} steps: {}", small.acts.len(), failed.violation.oracle);
}

#[test]
fn every_deliberate_bug_is_found_and_told_shortly() {
    assert!(Bug::all().count() >= 15);
    for bug in Bug::all().filter(|bug| bug.is_of_the_model()) {
        let (seed, failed) = find::<Model>(bug);
        tell::<Model>(bug, seed, &failed);
    }
}

#[test]
fn every_bug_of_the_bridges_own_runner_is_found_and_told_shortly() {
    let runners: Vec<Bug> = Bug::all().filter(|bug| matches!(bug, Bug::Runner(_))).collect();
    assert!(runners.len() >= 5);
    for bug in runners {
        let (seed, failed) = find::<Real>(bug);
        tell::<Real>(bug, seed, &failed);
    }
}

#[test]
fn every_bug_of_engine_and_world_shows_with_the_bridges_own_runner_too() {
    for bug in Bug::all().filter(|bug| !matches!(bug, Bug::Runner(_))) {
        let (seed, failed) = find::<Real>(bug);
        println!("{bug}: seed {seed}: {}", failed.violation.oracle);
    }
}

#[test]
fn the_rules_hold_and_everything_is_seen() {
    assert_eq!(correct::<Model>(CORRECT).missing(), Vec::<String>::new(), "never seen");
}

#[test]
fn the_rules_hold_with_the_bridges_own_runner() {
    assert_eq!(correct::<Real>(CORRECT_REAL).missing(), Vec::<String>::new(), "never seen");
}

fn correct<S: System>(seeds: u64) -> Coverage {
    let mut coverage = Coverage::default();
    for seed in 0..seeds {
        match run_seed::<S>(seed) {
            Ok(passed) => coverage.add(&passed.coverage),
            Err(failed) => panic!("seed {seed}: {}", failed.violation),
        }
    }
    coverage
}

#[test]
fn the_same_seed_gives_the_same_end_and_another_one_another() {
    the_same_end::<Model>();
    the_same_end::<Real>();
}

fn the_same_end<S: System>() {
    let keep = Keep { hash: true, story: false };
    let hash = move |seed| run::<S>(&Schedule::new(seed), keep).expect("passes").hash;
    let here: Vec<u64> = (0..50).map(hash).collect();
    let there = std::thread::spawn(move || (0..50).map(hash).collect::<Vec<u64>>());
    assert_eq!(here, there.join().expect("the other thread"));
    let mut different = here.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), here.len());
}
