//! A failing schedule with everything left out that it does not need to fail in the same way.

use std::fmt::Write as _;

use crate::{
    Failed, Keep, run,
    schedule::{Fault, Schedule},
    system::System,
};

/// Leaves out steps, and faults of steps, as long as the same oracle objects.
#[must_use]
pub fn shrink<S: System>(schedule: &Schedule, failed: &Failed) -> Schedule {
    let oracle = failed.violation.oracle;
    let fails = |schedule: &Schedule| {
        run::<S>(schedule, Keep::default()).is_err_and(|failed| failed.violation.oracle == oracle)
    };
    let mut smallest = schedule.clone();
    smallest.acts.truncate(failed.at + 1);
    let mut chunk = smallest.acts.len().div_ceil(2);
    loop {
        let mut from = 0;
        let mut progress = false;
        while from < smallest.acts.len() {
            let mut candidate = smallest.clone();
            candidate.acts.drain(from..(from + chunk).min(smallest.acts.len()));
            if fails(&candidate) {
                smallest = candidate;
                progress = true;
            } else {
                from += chunk;
            }
        }
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !progress {
            break;
        }
    }
    drop_pairs(&mut smallest, &fails);
    for at in 0..smallest.acts.len() {
        if smallest.acts[at].fault != Fault::None {
            let mut candidate = smallest.clone();
            candidate.acts[at].fault = Fault::None;
            if fails(&candidate) {
                smallest = candidate;
            }
        }
    }
    smallest
}

/// Steps that need each other, such as a pause and the return from it, can only go together.
fn drop_pairs(smallest: &mut Schedule, fails: &impl Fn(&Schedule) -> bool) {
    let mut first = 0;
    while first < smallest.acts.len() {
        let shorter = (first + 1..smallest.acts.len()).find_map(|second| {
            let mut candidate = smallest.clone();
            candidate.acts.remove(second);
            candidate.acts.remove(first);
            fails(&candidate).then_some(candidate)
        });
        match shorter {
            // What stood before may be able to go now.
            Some(candidate) => (*smallest, first) = (candidate, 0),
            None => first += 1,
        }
    }
}

/// A failing seed in words: shrunk, and told step by step.
#[must_use]
pub fn replay<S: System>(schedule: &Schedule, failed: &Failed) -> String {
    let small = shrink::<S>(schedule, failed);
    let mut text = format!(
        "seed {} fails: {}\n\nShrunk to {} of {} steps: {:?}\n",
        schedule.seed,
        failed.violation,
        small.acts.len(),
        schedule.acts.len(),
        small.acts
    );
    if let Err(again) = run::<S>(&small, Keep { hash: false, story: true }) {
        let _ = write!(text, "\nSetup: {:?}\n\n", small.setups[0]);
        for line in &again.story {
            text.push_str(line);
            text.push('\n');
        }
        let _ = writeln!(text, "\n{}", again.violation);
    }
    text
}
