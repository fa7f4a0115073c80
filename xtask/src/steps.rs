//! Progress, step by step, with the seconds that each took.

use std::{
    io::{self, Write},
    time::Instant,
};

use crate::error::Error;

/// Prints steps as they happen.
pub(crate) struct Steps {
    to_stderr: bool,
    begun: Instant,
}

impl Steps {
    /// `to_stderr` when something else reads standard output.
    pub(crate) fn new(to_stderr: bool) -> Self {
        Self { to_stderr, begun: Instant::now() }
    }

    /// Does a step. It may return a remark, such as "up to date".
    pub(crate) fn step<S: AsRef<str>>(
        &mut self,
        name: S,
        work: impl FnOnce() -> Result<Option<String>, Error>,
    ) -> Result<(), Error> {
        let name = name.as_ref();
        self.line(&format!("==> {name}"));
        let begun = Instant::now();
        let result = work();
        let seconds = begun.elapsed().as_secs_f32();
        match &result {
            Ok(Some(remark)) => self.line(&format!("    {remark}, {seconds:.1} s")),
            Ok(None) => self.line(&format!("    done, {seconds:.1} s")),
            Err(error) => self.line(&format!("    FAILED after {seconds:.1} s: {error}")),
        }
        result.map(|_| ())
    }

    /// Says how long everything took.
    pub(crate) fn total(&self) {
        self.line(&format!("    ready after {:.1} s", self.begun.elapsed().as_secs_f32()));
    }

    fn line(&self, text: &str) {
        // Whoever reads may have gone away.
        let _ = if self.to_stderr {
            writeln!(io::stderr(), "{text}")
        } else {
            writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush())
        };
    }
}
