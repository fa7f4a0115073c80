//! Making what the demo and the tests run: only what has changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::{
    error::Error,
    run::{Run, repository, target},
};

/// What a step says when it had nothing to do.
const UP_TO_DATE: &str = "up to date";

/// The homeserver.
pub(crate) fn synapse() -> Result<Option<String>, Error> {
    virtual_environment(&target().join("synapse/venv"), "tests/synapse-requirements.txt")
}

/// The linters that come from Python's registry.
pub(crate) fn linters() -> Result<Option<String>, Error> {
    virtual_environment(&target().join("lint/venv"), "tests/lint-requirements.txt")
}

/// A virtual environment with the packages of a file.
fn virtual_environment(place: &Path, requirements: &str) -> Result<Option<String>, Error> {
    let wanted = read(&repository().join(requirements))?;
    let stamp = place.join("requirements.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Some(UP_TO_DATE.to_owned()));
    }
    Run::new("python3").args(["-m", "venv", "--clear"]).arg(place).quiet()?;
    Run::new(place.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(repository().join(requirements))
        .quiet()?;
    write(&stamp, &wanted)?;
    Ok(None)
}

/// The widget's npm packages.
pub(crate) fn widget_packages() -> Result<Option<String>, Error> {
    packages("widget")
}

/// The npm packages of a folder, exactly as its lock file says.
pub(crate) fn packages(folder: &str) -> Result<Option<String>, Error> {
    let folder = repository().join(folder);
    let modified = |file: &str| fs::metadata(folder.join(file)).and_then(|meta| meta.modified());
    let lock = modified("package-lock.json")
        .map_err(Error::io(format!("read {}", folder.join("package-lock.json").display())))?;
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= lock) {
        return Ok(Some(UP_TO_DATE.to_owned()));
    }
    Run::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .directory(&folder)
        .stdout_to_stderr()
        .run()?;
    Ok(None)
}

/// The widget, as the bridge serves it.
pub(crate) fn widget() -> Result<Option<String>, Error> {
    let folder = repository().join("widget");
    let stamp = target().join("xtask/widget.built");
    let now = fingerprint(&folder)?;
    let built = folder.join("customer/dist").is_dir();
    if built && fs::read_to_string(&stamp).is_ok_and(|before| before == now) {
        return Ok(Some(UP_TO_DATE.to_owned()));
    }
    Run::new("npm").args(["run", "build"]).directory(&folder).stdout_to_stderr().run()?;
    write(&stamp, &now)?;
    Ok(None)
}

/// Changes when a source file of the folder changes.
fn fingerprint(folder: &Path) -> Result<String, Error> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        let content = fs::read(&file).map_err(Error::io(format!("read {}", file.display())))?;
        (file, content).hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let reading = || Error::io(format!("read {}", folder.display()));
    for entry in fs::read_dir(folder).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        if path.is_file() {
            files.push(path);
        } else if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("dist") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Error> {
    fs::read_to_string(file).map_err(Error::io(format!("read {}", file.display())))
}

fn write(file: &Path, text: &str) -> Result<(), Error> {
    let writing = || Error::io(format!("write {}", file.display()));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(writing())?;
    }
    fs::write(file, text).map_err(writing())
}
