//! What people write to the bot after `!`.
//!
//! [`parse`] turns a text into a [`Command`] or says what is wrong with it; [`Command::check`] says
//! whether this person may give it at this place; [`Command::change`] turns the commands that change
//! something into a [`Change`](crate::Change). Help is made from the same definitions.

mod access;
mod convert;
mod error;
mod grammar;
mod help;
#[cfg(test)]
mod tests;
mod words;

use clap::FromArgMatches as _;

pub use self::{
    access::{Place, Refused},
    convert::FreshKey,
    error::ParseError,
    grammar::{
        AgentCommand, Command, ConfigCommand, HoursCommand, KeyCommand, MessageCommand, Period,
        ProfileCommand, QueueCommand, RoleCommand, SiteCommand,
    },
    help::{help, help_for},
};
use self::{
    grammar::{Line, root},
    words::Word,
};
use crate::model::Roles;

/// Words of commands that are not there yet. They are known, so that nobody's `/private …` is taken
/// for a text to the customer.
const RESERVED: [&str; 5] = ["invite", "offer", "leave", "p", "log"];

/// Whether the word is a command's name, one that is reserved included: a text that begins with it
/// after a slash is never for the customer.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let word = word.to_lowercase();
    RESERVED.contains(&word.as_str())
        || root().get_subcommands().any(|command| command.get_name() == word)
}

/// Reads a command, with or without its `!`. Unambiguous beginnings of its words work; nothing at
/// all asks for help.
pub fn parse(text: &str) -> Result<Command, ParseError> {
    read(text, &|_| true)
}

/// The same for somebody with these roles at this place: of several commands that a beginning fits,
/// those count that they may give here. What is written out is read whoever writes it;
/// [`Command::check`] says whether it may be.
pub fn parse_for(text: &str, roles: Roles, place: Place) -> Result<Command, ParseError> {
    read(text, &|name| access::may(name, roles, place))
}

/// Whether a command counts where a beginning fits several.
type Counts<'a> = &'a dyn Fn(&str) -> bool;

fn read(text: &str, counts: Counts<'_>) -> Result<Command, ParseError> {
    let text = text.trim();
    let text = text.strip_prefix('!').unwrap_or(text);
    let (text, file) = with_file(text);
    let words = words::split(text).map_err(|error| ParseError::new(error.to_string()))?;
    if let Some(word) = words.first().filter(|word| RESERVED.contains(&&*word.text.to_lowercase()))
    {
        let told = format!("`!{}` is not there yet, so nothing was done", word.text.to_lowercase());
        return Err(ParseError::new(told));
    }
    let (path, words) = resolve(&words, counts)?;
    let asks_help = words.iter().any(|word| !word.quoted && word.text == "--help")
        || (words.len() == path.len() + 1 && is_group(&path) && words[path.len()].text == "help");
    if asks_help || path.is_empty() || (is_group(&path) && words.len() == path.len()) {
        return Ok(Command::Help { words: path });
    }
    let texts = words.iter().map(|word| &word.text);
    let line = root().clone().try_get_matches_from(texts);
    let line = line
        .and_then(|matches| Line::from_arg_matches(&matches))
        .map_err(|error| error::shorten(&error, &path))?;
    let mut command = line.command;
    if let Command::Config(ConfigCommand::Import { file: place, .. }) = &mut command {
        *place = file.map(str::to_owned);
    }
    command.complete().map_err(|told| ParseError::about(&path, told))?;
    Ok(command)
}

/// The command's own line, and the file that is pasted below it.
fn with_file(text: &str) -> (&str, Option<&str>) {
    let Some((line, file)) = text.split_once('\n') else { return (text, None) };
    let imports = words::split(line)
        .ok()
        .and_then(|words| resolve(&words, &|_| true).ok())
        .is_some_and(|(path, _)| path == ["config", "import"]);
    if !imports {
        return (text, None);
    }
    let file = file.trim();
    let file = file
        .strip_prefix("```")
        .and_then(|file| file.strip_suffix("```"))
        .map_or(file, |file| file.split_once('\n').map_or(file, |(_language, file)| file));
    (line, Some(file))
}

/// Finds the command that the first words name, by their beginnings. Returns its full name and all
/// words, with the names written out.
fn resolve(words: &[Word], counts: Counts<'_>) -> Result<(Vec<String>, Vec<Word>), ParseError> {
    let mut command = root();
    let mut path: Vec<String> = Vec::new();
    let mut full = words.to_vec();
    for word in &mut full {
        if !command.has_subcommands() || word.text == "--help" {
            break;
        }
        let lower = word.text.to_lowercase();
        let names = || command.get_subcommands().map(clap::Command::get_name);
        let mut found: Vec<_> = match names().find(|name| *name == lower) {
            Some(name) => vec![name],
            None => names().filter(|name| !lower.is_empty() && name.starts_with(&lower)).collect(),
        };
        if path.is_empty() && found.iter().filter(|name| counts(name)).count() == 1 {
            found.retain(|name| counts(name));
        }
        let name = match found.as_slice() {
            [name] => *name,
            [] if lower == "help" => break,
            // Nothing is suggested that may not be given here anyway.
            [] => {
                let fit = |name: &&str| !path.is_empty() || counts(name);
                return Err(ParseError::unknown(&path, &word.text, names().filter(fit).collect()));
            }
            _ => return Err(ParseError::ambiguous(&path, &word.text, &found)),
        };
        name.clone_into(&mut word.text);
        path.push(name.to_owned());
        let Some(next) = command.find_subcommand(name) else { break };
        command = next;
    }
    Ok((path, full))
}

/// Whether there are commands below this one.
fn is_group(path: &[String]) -> bool {
    let mut command = root();
    for name in path {
        match command.find_subcommand(name) {
            Some(next) => command = next,
            None => return false,
        }
    }
    command.has_subcommands()
}
