//! Bot commands: what an agent writes after `!`.

use std::fmt::Write as _;

/// A command that agents can give in a chat room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// End the chat.
    End,
    /// Say what is possible here.
    Help,
}

/// One row of the help.
struct Entry {
    name: &'static str,
    command: Option<Command>,
    help: &'static str,
}

/// Every command, also those that are only reserved: none of these words is ever relayed after a
/// slash, because an agent who writes them means the bot.
const COMMANDS: &[Entry] = &[
    Entry { name: "end", command: Some(Command::End), help: "end the chat" },
    Entry { name: "help", command: Some(Command::Help), help: "show what is possible here" },
    Entry { name: "private", command: None, help: "" },
    Entry { name: "invite", command: None, help: "" },
    Entry { name: "offer", command: None, help: "" },
    Entry { name: "leave", command: None, help: "" },
    Entry { name: "login", command: None, help: "" },
    Entry { name: "logout", command: None, help: "" },
    Entry { name: "ready", command: None, help: "" },
    Entry { name: "pause", command: None, help: "" },
    Entry { name: "status", command: None, help: "" },
];

/// Whether the word is a command's name.
#[must_use]
pub fn is_name(word: &str) -> bool {
    COMMANDS.iter().any(|entry| entry.name == word)
}

/// Reads the text after the `!`. Unambiguous beginnings work; `!` alone is help.
pub fn parse(text: &str) -> Result<Command, Unknown> {
    let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    if word.is_empty() {
        return Ok(Command::Help);
    }
    let mut found = COMMANDS
        .iter()
        .filter_map(|e| e.command.map(|c| (e, c)))
        .filter(|(e, _)| e.name.starts_with(&word));
    match (found.next(), found.next()) {
        (Some((_, command)), None) => Ok(command),
        _ => Err(Unknown),
    }
}

/// There is no such command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such command; !help shows what is possible here")]
pub struct Unknown;

/// The help, as plain text and as HTML.
#[must_use]
pub fn help() -> (String, String) {
    let mut text = String::from("In this chat you can write:");
    let mut html = String::from("<p>In this chat you can write:</p><ul>");
    for entry in COMMANDS.iter().filter(|entry| entry.command.is_some()) {
        let _ = write!(text, "\n!{} – {}", entry.name, entry.help);
        let _ = write!(html, "<li><code>!{}</code> – {}</li>", entry.name, entry.help);
    }
    text.push_str("\nTo send a text that begins with “!”, begin it with “!!”.");
    html.push_str("</ul><p>To send a text that begins with “!”, begin it with “!!”.</p>");
    (text, html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_name_and_by_beginning() {
        for (text, expected) in [
            ("", Ok(Command::Help)),
            ("end", Ok(Command::End)),
            ("END now", Ok(Command::End)),
            ("e", Ok(Command::End)),
            ("h", Ok(Command::Help)),
            ("ends", Err(Unknown)),
            ("private", Err(Unknown)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
