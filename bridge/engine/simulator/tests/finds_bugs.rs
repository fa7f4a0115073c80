//! The simulator is not blind: it finds every deliberate bug, tells it shortly, and finds nothing
//! where there is none.

use switchboard_simulator::{
    Bug, Coverage, Keep, Schedule, bugs, model::Model, run, run_seed, shrink::shrink,
};

/// Within so many seeds every bug must be found.
const SEEDS: u64 = 100_000;
/// A replay can be read in one sitting.
const SHORT: usize = 40;
/// How many seeds the correct system passes here; `cargo xtask simulate` runs as many as one likes.
const CORRECT: u64 = 4_000;

#[test]
fn every_deliberate_bug_is_found_and_told_shortly() {
    assert!(Bug::all().count() >= 15);
    let mut missed = Vec::new();
    for bug in Bug::all() {
        bugs::set(Some(bug));
        let found = (0..SEEDS).find_map(|seed| Some((seed, run_seed::<Model>(seed).err()?)));
        let Some((seed, failed)) = found else {
            missed.push(bug.to_string());
            continue;
        };
        bugs::set(None);
        assert!(run_seed::<Model>(seed).is_ok(), "seed {seed} fails without {bug} as well");
        bugs::set(Some(bug));
        let schedule = Schedule::new(seed);
        let small = shrink::<Model>(&schedule, &failed);
        let again = run::<Model>(&small, Keep { hash: false, story: true })
            .expect_err("what is left still fails");
        assert_eq!(again.violation.oracle, failed.violation.oracle);
        assert!(small.acts.len() <= SHORT, "{bug}: {} steps", small.acts.len());
        assert!(!again.story.is_empty());
        println!("{bug}: seed {seed}, {} steps: {}", small.acts.len(), failed.violation.oracle);
    }
    bugs::set(None);
    assert_eq!(missed, Vec::<String>::new(), "not found within {SEEDS} seeds");
}

#[test]
fn the_rules_hold_and_everything_is_seen() {
    let mut coverage = Coverage::default();
    for seed in 0..CORRECT {
        match run_seed::<Model>(seed) {
            Ok(passed) => coverage.add(&passed.coverage),
            Err(failed) => panic!("seed {seed}: {}", failed.violation),
        }
    }
    assert_eq!(coverage.missing(), Vec::<String>::new(), "never seen");
}

#[test]
fn the_same_seed_gives_the_same_end_and_another_one_another() {
    let keep = Keep { hash: true, story: false };
    let hash = move |seed| run::<Model>(&Schedule::new(seed), keep).expect("passes").hash;
    let here: Vec<u64> = (0..50).map(hash).collect();
    let there = std::thread::spawn(move || (0..50).map(hash).collect::<Vec<u64>>());
    assert_eq!(here, there.join().expect("the other thread"));
    let mut different = here.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), here.len());
}
