//! The project's own tasks, as `cargo xtask …`.

mod bench;
mod build;
mod counts;
mod error;
mod run;
mod simulate;
mod steps;
mod test;
mod tools;

use std::{os::unix::process::CommandExt, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{error::Error, run::repository, steps::Steps, tools::Need};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Switchboard's own tasks", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start everything on this machine: a homeserver, the bridge and a shop page to chat from
    Demo(Demo),
    /// Run every check and every test; the last line counts them
    Test(Test),
    /// Measure how fast the bridge is and how much it takes; prints one table
    Bench(bench::Bench),
    /// Run random schedules of people, faults and time against the rules
    Simulate(simulate::Simulate),
    /// Install and build what the demo and the tests need, and nothing else
    Setup,
}

#[derive(Args)]
struct Demo {
    /// Play one whole conversation, print it, and exit with 0 if every step was seen
    #[arg(long)]
    smoke: bool,
    /// Forget the data of earlier runs
    #[arg(long)]
    fresh: bool,
    /// Print one line of JSON with the addresses and logins instead of text (for scripts)
    #[arg(long)]
    json: bool,
    /// Where the data is kept (target/demo; a smoke run uses a temporary directory)
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Test {
    /// Only what needs neither a real homeserver nor a browser
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo(arguments) => demo(&arguments),
        Task::Test(arguments) => test::test(&arguments),
        Task::Bench(arguments) => bench::bench(&arguments),
        Task::Simulate(arguments) => simulate::simulate(&arguments),
        Task::Setup => setup(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes everything and becomes the demo.
fn demo(arguments: &Demo) -> Result<(), Error> {
    let mut steps = Steps::new(arguments.json);
    tools::check(&[Need::Python, Need::Node])?;
    prepare(&mut steps)?;
    let mut command = run::Run::new(run::binary("switchboard-demo")).into_command();
    for (flag, name) in
        [(arguments.smoke, "--smoke"), (arguments.fresh, "--fresh"), (arguments.json, "--json")]
    {
        if flag {
            command.arg(name);
        }
    }
    if let Some(data) = &arguments.data {
        let data = std::path::absolute(data).map_err(Error::io("find the data directory"))?;
        command.arg("--data").arg(data);
    }
    steps.total();
    // The demo gets this process's place, so that Ctrl-C and signals reach it directly.
    Err(Error::io("start the demo")(command.exec()))
}

fn setup() -> Result<(), Error> {
    let mut steps = Steps::new(false);
    tools::check(&[Need::Python, Need::Node])?;
    prepare(&mut steps)?;
    steps.total();
    Ok(())
}

/// What has to be there before anything can start.
fn prepare(steps: &mut Steps) -> Result<(), Error> {
    steps.step("Synapse, in a virtual environment", build::synapse)?;
    steps.step("The widget's packages", build::widget_packages)?;
    steps.step("The widget", build::widget)?;
    steps.step("The bridge and the demo", || {
        run::Run::new("cargo")
            .args(["build", "--workspace", "--bins"])
            .directory(&repository())
            .stdout_to_stderr()
            .run()
            .map(|()| None)
    })
}
