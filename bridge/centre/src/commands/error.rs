//! What is wrong with a command, short enough for a room.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::{closest, reply::Reply};

/// A text is no command, or not a complete one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{told}")]
pub struct ParseError {
    told: String,
}

impl ParseError {
    pub(super) fn new(told: impl Into<String>) -> Self {
        Self { told: told.into() }
    }

    /// Something about a known command; says where to read more.
    pub(super) fn about(path: &[String], told: impl AsRef<str>) -> Self {
        let told = told.as_ref();
        let end = if told.ends_with(['.', '?', '!']) { "" } else { "." };
        Self::new(format!("{told}{end} See `!help {}`", path.join(" ")))
    }

    pub(super) fn unknown(path: &[String], word: &str, names: Vec<&str>) -> Self {
        let before = before(path);
        let word = shown(word);
        let hint = match closest::closest(&word, names) {
            Some(name) => format!("did you mean `{before}{name}`?"),
            None if path.is_empty() => "`!help` shows what is possible here".to_owned(),
            None => format!("`!help {}` shows what there is", path.join(" ")),
        };
        Self::new(format!("there is no command `{before}{word}`; {hint}"))
    }

    pub(super) fn ambiguous(path: &[String], word: &str, found: &[&str]) -> Self {
        let before = before(path);
        let found: Vec<_> = found.iter().map(|name| format!("`{before}{name}`")).collect();
        Self::new(format!("`{before}{}` can be {}", shown(word), found.join(" or ")))
    }

    /// As an answer.
    #[must_use]
    pub fn reply(&self) -> Reply {
        Reply::say(&self.told)
    }
}

fn before(path: &[String]) -> String {
    path.iter().fold("!".to_owned(), |text, name| text + name + " ")
}

/// A word as it may be repeated in an answer: not too long, and without backticks.
fn shown(word: &str) -> String {
    let word = word.replace('`', "'");
    if word.chars().count() > 40 { word.chars().take(40).chain(['…']).collect() } else { word }
}

/// What the parser says, in our words.
pub(super) fn shorten(error: &clap::Error, path: &[String]) -> ParseError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => {
            Some(texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(" and "))
        }
        _ => None,
    };
    let arg = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).map(|value| shown(&value));
    let name = arg.split_whitespace().next().unwrap_or_default();
    let name = name.trim_matches(['<', '>', '[', ']', '.']);
    let name = if name.contains(':') { "QUEUE" } else { name };
    let negative = |arg: &str| {
        arg.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let told = match error.kind() {
        ErrorKind::UnknownArgument => {
            let meant = text(ContextKind::SuggestedArg)
                .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            if negative(&arg) {
                format!("`{}`: numbers and times cannot be negative", shown(&arg))
            } else if arg.starts_with('-') {
                format!("there is no option `{}`{meant}", shown(&arg))
            } else {
                format!("`{}` is too much (texts with spaces stand in quotes)", shown(&arg))
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let verb = if arg.contains(" and ") { "are" } else { "is" };
            format!("{} {verb} missing", arg.replace(['<', '>'], "").replace("...", ""))
        }
        ErrorKind::ArgumentConflict => format!("`{name}` is there twice"),
        ErrorKind::InvalidValue => match value.filter(|value| !value.is_empty()) {
            None => format!("`{name}` needs a value"),
            Some(value) => {
                let valid = text(ContextKind::ValidValue).map_or_else(String::new, |valid| {
                    format!(": write {}", valid.replace(" and ", " or "))
                });
                format!("“{value}” does not fit `{name}`{valid}")
            }
        },
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("`{name}`: {}", in_our_words(&why))
        }
        ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues | ErrorKind::NoEquals => {
            format!("`{name}` needs a value")
        }
        _ => "this is not how the command is written".to_owned(),
    };
    ParseError::about(path, told)
}

/// What the standard library and the parser say about numbers.
fn in_our_words(why: &str) -> String {
    if let Some((_, range)) = why.split_once(" is not in ")
        && let Some((least, most)) = range.split_once("..=")
        && most.len() < 6
    {
        return format!("it must be between {least} and {most}");
    }
    if why.contains("invalid digit") || why.contains("number too") || why.contains(" is not in ") {
        return "it must be a whole number, not negative and not too large".to_owned();
    }
    why.to_owned()
}
