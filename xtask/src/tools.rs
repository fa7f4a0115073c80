//! Which tools are there, and how to get those that are not.

use crate::{error::Error, run::Run};

/// A tool that a task needs.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    /// Python with `venv` and `pip`, for Synapse.
    Python,
    /// Node.js with npm, for the widget.
    Node,
    /// cargo-nextest, for the tests.
    Nextest,
    /// A Chromium, for the browser tests.
    Chromium,
}

/// Checks that these tools are there.
pub(crate) fn check(needs: &[Need]) -> Result<(), Error> {
    let hints: Vec<String> = needs.iter().filter_map(|need| missing(*need)).collect();
    if hints.is_empty() { Ok(()) } else { Err(Error::Missing { hints }) }
}

/// Where Chromium is.
pub(crate) fn chromium() -> Option<String> {
    let named = std::env::var("SWITCHBOARD_CHROMIUM").ok();
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    named
        .into_iter()
        .chain(usual)
        .find_map(|name| Run::new("sh").args(["-c", "command -v -- \"$0\"", &name]).quiet().ok())
        .map(|path| path.trim().to_owned())
}

fn missing(need: Need) -> Option<String> {
    match need {
        Need::Python => python(),
        Need::Node => node(),
        Need::Nextest => answers("cargo", &["nextest", "--version"])
            .is_none()
            .then(|| "cargo-nextest: cargo install cargo-nextest --locked".to_owned()),
        Need::Chromium => chromium().is_none().then(|| {
            "Chromium: apt-get install chromium (or set SWITCHBOARD_CHROMIUM to its path)"
                .to_owned()
        }),
    }
}

fn python() -> Option<String> {
    let script = "import sys, venv, ensurepip; print(*sys.version_info[:2])";
    let install = "apt-get install python3 python3-venv (or your system's Python 3.10 or newer)";
    let Some(answer) = answers("python3", &["-c", script]) else {
        return Some(format!("Python with its venv module: {install}"));
    };
    (numbers(&answer) < vec![3, 10]).then(|| format!("Python {answer} is too old: {install}"))
}

fn node() -> Option<String> {
    let install = "Node.js 20.19 or newer with npm, from nodejs.org or your system's packages";
    let Some(answer) = answers("node", &["--version"]) else {
        return Some(format!("Node.js: {install}"));
    };
    if numbers(answer.trim_start_matches('v')) < vec![20, 19] {
        return Some(format!("Node.js {answer} is too old: {install}"));
    }
    answers("npm", &["--version"]).is_none().then(|| format!("npm: {install}"))
}

/// What a program prints, if it runs at all.
fn answers(program: &str, args: &[&str]) -> Option<String> {
    let output = Run::new(program).args(args).into_command().output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', ' ']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(numbers("20.9.1") < vec![20, 19]);
        assert!(numbers("20.19.0") >= vec![20, 19]);
        assert!(numbers("3 11") >= vec![3, 10]);
    }
}
