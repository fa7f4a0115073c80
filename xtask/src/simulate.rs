//! `cargo xtask simulate`: random schedules of people, faults and time against engine and runner.

use std::{os::unix::process::CommandExt, process::Command};

use clap::Args;

use crate::{
    error::Error,
    run::{Run, repository, target},
};

#[derive(Args)]
pub(crate) struct Simulate {
    /// How many seeds
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Which runner: `model`, which is quick, the bridge's own (`real`), or `both`, the latter with
    /// every tenth seed
    #[arg(long)]
    runner: Option<String>,
    /// With this deliberate bug, which must then be found (an unknown name lists them)
    #[arg(long)]
    bug: Option<String>,
    /// Go on after a failure, and tell in the end how often each oracle objected
    #[arg(long)]
    go_on: bool,
    /// How many schedules at once (default: one per core)
    #[arg(long)]
    jobs: Option<usize>,
}

/// Builds the simulator and becomes it.
pub(crate) fn simulate(arguments: &Simulate) -> Result<(), Error> {
    Run::new("cargo")
        .args(["build", "--quiet", "--profile", "simulation", "--package", "switchboard-simulator"])
        .directory(&repository())
        .run()?;
    let mut command = Command::new(target().join("simulation/switchboard-simulator"));
    command.args(["--seeds", &arguments.seeds.to_string()]);
    command.args(["--from", &arguments.from.to_string()]);
    if let Some(runner) = &arguments.runner {
        command.args(["--runner", runner]);
    }
    if let Some(bug) = &arguments.bug {
        command.args(["--bug", bug]);
    }
    if arguments.go_on {
        command.arg("--go-on");
    }
    if let Some(jobs) = arguments.jobs {
        command.args(["--jobs", &jobs.to_string()]);
    }
    // It gets this process's place, so that Ctrl-C reaches it directly.
    Err(Error::io("start the simulator")(command.exec()))
}
