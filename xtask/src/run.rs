//! Running other programs.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::Error;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// Where Cargo and these tasks put what they make.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository().join("target"), |dir| repository().join(dir))
}

/// One of the workspace's programs, as built by `cargo build`.
pub(crate) fn binary(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// A program to run.
pub(crate) struct Run {
    command: Command,
    shown: String,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let shown = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into();
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        Self { command, shown }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Keeps standard output clean for whoever reads it.
    pub(crate) fn stdout_to_stderr(mut self) -> Self {
        self.command.stdout(std::io::stderr());
        self
    }

    /// The plain command.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// Runs it; its output goes where ours goes.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let status = self.command.status().map_err(Error::io(format!("run {}", self.shown)))?;
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string())) }
    }

    /// Runs it quietly and returns what it printed; a failure shows all of it.
    pub(crate) fn quiet(mut self) -> Result<String, Error> {
        let output = self.command.output().map_err(Error::io(format!("run {}", self.shown)))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        eprint!("{text}{}", String::from_utf8_lossy(&output.stderr));
        Err(self.failed(&output.status.to_string()))
    }

    /// Runs it, passes its output on and returns it too, with whether it succeeded.
    pub(crate) fn tee(mut self) -> Result<(String, Result<(), Error>), Error> {
        let doing = || Error::io(format!("run {}", self.shown));
        let mut child =
            self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(doing())?;
        let out = child.stdout.take();
        let err = child.stderr.take();
        let text = std::thread::scope(|scope| {
            let err = scope.spawn(move || err.map(copy).unwrap_or_default());
            let out = out.map(copy).unwrap_or_default();
            out + &err.join().unwrap_or_default()
        });
        let status = child.wait().map_err(doing())?;
        let result = if status.success() { Ok(()) } else { Err(self.failed(&status.to_string())) };
        Ok((text, result))
    }

    fn failed(&self, status: &str) -> Error {
        Error::Failed { command: self.shown.clone(), status: status.to_owned() }
    }
}

/// Passes lines on to standard output as they come, and keeps them.
fn copy(from: impl Read) -> String {
    let mut from = BufReader::new(from);
    let mut all = String::new();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        let _ = write!(std::io::stdout(), "{text}");
        all.push_str(&text);
        line.clear();
    }
    all
}
