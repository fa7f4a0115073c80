//! `cargo xtask bench`: how fast the bridge is and how much it takes, as a release build.

use std::{os::unix::process::CommandExt, process::Command};

use clap::Args;

use crate::{
    build,
    error::Error,
    run::{Run, repository, target},
    steps::Steps,
    tools::{self, Need},
};

#[derive(Args)]
pub(crate) struct Bench {
    /// Fewer samples: to see that it works, not to trust its numbers
    #[arg(long)]
    quick: bool,
    /// Only these parts: rules, latency, start, load, memory
    #[arg(long)]
    only: Vec<String>,
}

/// Makes everything and becomes the benchmark.
pub(crate) fn bench(arguments: &Bench) -> Result<(), Error> {
    let mut steps = Steps::new(false);
    let (rules, others): (Vec<_>, Vec<_>) =
        arguments.only.iter().partition(|part| *part == "rules");
    if !rules.is_empty() || others.is_empty() {
        steps.step("The rules alone", || engine(arguments.quick).map(|()| None))?;
    }
    if !rules.is_empty() && others.is_empty() {
        return Ok(());
    }
    tools::check(&[Need::Python, Need::Node])?;
    steps.step("Synapse, in a virtual environment", build::synapse)?;
    steps.step("The widget's packages", build::widget_packages)?;
    steps.step("The widget", build::widget)?;
    steps.step("The bridge and the benchmark", || {
        Run::new("cargo")
            .args(["build", "--release", "--bins"])
            .args(["--package", "switchboard", "--package", "switchboard-tests"])
            .directory(&repository())
            .run()
            .map(|()| None)
    })?;
    steps.total();
    let mut command = Command::new(target().join("release/switchboard-bench"));
    if arguments.quick {
        command.arg("--quick");
    }
    for part in others {
        command.args(["--only", part]);
    }
    // It gets this process's place, so that Ctrl-C reaches it directly.
    Err(Error::io("start the benchmark")(command.exec()))
}

/// The rules need nothing else than themselves.
fn engine(quick: bool) -> Result<(), Error> {
    Run::new("cargo")
        .args(["bench", "--package", "switchboard-engine", "--bench", "routing", "--"])
        .args(quick.then_some("--quick"))
        .directory(&repository())
        .run()
}
