//! `cargo xtask test`: every check and every test, and how many there were.

use std::path::{Path, PathBuf};

use crate::{
    Test, build,
    counts::Counts,
    error::Error,
    run::{Run, repository, target},
    steps::Steps,
    tools::{self, Need},
};

/// Runs the steps, goes on after a failure where that makes sense, and adds up.
struct Suite {
    steps: Steps,
    counts: Counts,
    failed: Vec<String>,
}

pub(crate) fn test(arguments: &Test) -> Result<(), Error> {
    let mut needs = vec![Need::Python, Need::Node, Need::Nextest];
    if !arguments.quick {
        needs.push(Need::Chromium);
    }
    tools::check(&needs)?;
    let mut suite =
        Suite { steps: Steps::new(false), counts: Counts::default(), failed: Vec::new() };
    let all = suite.run(arguments.quick);
    suite.steps.total();
    if let Err(error) = &all {
        println!("stopped early: {error}");
        suite.failed.push("a step that the rest needs".to_owned());
        suite.counts.add(Counts::one(false));
    }
    println!("\nTotal: {} passed, {} failed", suite.counts.passed, suite.counts.failed);
    if suite.failed.is_empty() { Ok(()) } else { Err(Error::Tests { steps: suite.failed }) }
}

impl Suite {
    fn run(&mut self, quick: bool) -> Result<(), Error> {
        let repository = repository();
        self.check("rustfmt", || cargo(["fmt", "--all", "--check"]).run().map(|()| None));
        // The widget first: the bridge has it inside.
        self.steps.step("The widget's packages", build::widget_packages)?;
        self.check("The widget, within its size budgets", build::widget);
        self.check("The widget's lint", || {
            Run::new("npm").args(["run", "lint"]).directory(&repository.join("widget")).run()?;
            Ok(None)
        });
        self.tests("The widget's unit tests", || {
            Run::new("npm").args(["run", "test"]).directory(&repository.join("widget"))
        });
        self.steps.step("All programs and tests, built", || {
            cargo(["build", "--workspace", "--all-targets"]).run().map(|()| None)
        })?;
        if quick {
            self.tests("Rust tests without a homeserver", || {
                cargo(["nextest", "run", "--workspace", "--no-fail-fast"])
                    .args(["--filterset", "not binary(/^system_/)"])
            });
        } else {
            self.steps.step("Synapse, in a virtual environment", build::synapse)?;
            self.tests("Rust tests", || cargo(["nextest", "run", "--workspace", "--no-fail-fast"]));
        }
        self.tests("Examples in the documentation", || cargo(["test", "--doc", "--workspace"]));
        self.check("Clippy", || {
            cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
                .run()
                .map(|()| None)
        });
        if quick {
            return Ok(());
        }
        self.scripts_and_images()?;
        self.browser()
    }

    fn scripts_and_images(&mut self) -> Result<(), Error> {
        self.steps.step("The linters for scripts and images", build::linters)?;
        let bin = target().join("lint/venv/bin");
        self.check("shellcheck", || {
            let scripts = scripts()?;
            Run::new(bin.join("shellcheck")).arg("--external-sources").args(scripts).run()?;
            Ok(None)
        });
        self.check("hadolint", || {
            let docker = repository().join("docker");
            Run::new(bin.join("hadolint"))
                .arg("--config")
                .arg(docker.join("hadolint.yaml"))
                .arg(docker.join("Dockerfile"))
                .run()?;
            Ok(None)
        });
        Ok(())
    }

    fn browser(&mut self) -> Result<(), Error> {
        let folder = repository().join("tests/browser");
        let npm = |script| Run::new("npm").args(["run", "--silent", script]).directory(&folder);
        self.steps.step("The browser tests' packages", || build::packages("tests/browser"))?;
        self.check("compose.yaml", || npm("compose").run().map(|()| None));
        self.check("The browser tests' types", || npm("types").run().map(|()| None));
        self.tests("Browser tests", || {
            npm("test").env("SWITCHBOARD_CHROMIUM", tools::chromium().unwrap_or_default())
        });
        Ok(())
    }

    /// A check: one that passes or fails as a whole.
    fn check(&mut self, name: &str, work: impl FnOnce() -> Result<Option<String>, Error>) {
        let passed = self.steps.step(name, work).is_ok();
        self.counts.add(Counts::one(passed));
        if !passed {
            self.failed.push(name.to_owned());
        }
    }

    /// Tests that count themselves.
    fn tests(&mut self, name: &str, command: impl FnOnce() -> Run) {
        let mut counts = Counts::default();
        let result = self.steps.step(name, || {
            let (output, result) = command().tee()?;
            counts = Counts::read(&output);
            result?;
            Ok(Some(format!("{} passed", counts.passed)))
        });
        if result.is_err() {
            self.failed.push(name.to_owned());
            // A runner that could not even count has failed once.
            counts.failed = counts.failed.max(1);
        }
        self.counts.add(counts);
    }
}

fn cargo<const N: usize>(args: [&str; N]) -> Run {
    Run::new("cargo").args(args).directory(&repository())
}

/// The shell scripts of the repository.
fn scripts() -> Result<Vec<PathBuf>, Error> {
    let docker = repository().join("docker");
    let reading = || Error::io(format!("read {}", docker.display()));
    let mut scripts = vec![repository().join(".ci/run")];
    for entry in std::fs::read_dir(&docker).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        if path.extension() == Some(Path::new("sh").as_os_str()) {
            scripts.push(path);
        }
    }
    scripts.sort();
    Ok(scripts)
}
