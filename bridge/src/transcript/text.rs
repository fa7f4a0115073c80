//! A transcript as plain text.

use std::fmt::Write as _;

use super::{
    Transcript,
    fold::{Message, Reaction, What},
    words,
};
use crate::gateway::wire::{RichText, Style};

/// So much is quoted of a message that is answered, in characters.
pub(super) const QUOTED: usize = 80;

impl Transcript {
    /// As plain text, with line feeds.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{}\n{}\n", one_line(&self.title()), self.zone());
        for (n, line) in self.lines.iter().enumerate() {
            if let Some(day) = self.new_day(n) {
                let _ = write!(out, "\n{day}\n\n");
            }
            let time = self.time(line);
            match &line.what {
                What::Note(note) => {
                    let _ = writeln!(out, "{time}  — {}", indented(note));
                }
                What::Message(message) => {
                    let said = indented(&self.said(message));
                    let _ = writeln!(out, "{time}  {}: {said}", self.writer(message));
                }
            }
        }
        out
    }

    pub(super) fn writer(&self, message: &Message) -> String {
        message.by.as_ref().map_or_else(|| words::you(&self.facts), |name| one_line(name))
    }

    fn said(&self, message: &Message) -> String {
        let mut out = String::new();
        if let Some((writer, quoted)) = self.answered(message) {
            let _ = writeln!(out, "> {writer}: {quoted}");
        }
        match &message.content {
            None => out.push_str(words::REMOVED),
            Some(content) => out.push_str(&plain(content)),
        }
        for file in &message.files {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&one_line(&words::file(file)));
        }
        if message.edited && message.content.is_some() {
            let _ = write!(out, " ({})", words::EDITED);
        }
        if message.lost {
            let _ = write!(out, "\n({})", words::lost(&self.facts));
        }
        if !message.reactions.is_empty() {
            let _ = write!(out, "\n[{}]", self.reactions(&message.reactions));
        }
        out
    }

    /// Who wrote what is answered, and how it begins.
    pub(super) fn answered(&self, message: &Message) -> Option<(String, String)> {
        let What::Message(answered) = &self.lines.get(message.reply_to?)?.what else { return None };
        let text = match &answered.content {
            None => words::REMOVED.to_owned(),
            Some(content) => {
                let files = answered.files.iter().map(|file| format!(" 📎 {}", file.name));
                one_line(&(plain(content) + &files.collect::<String>()))
            }
        };
        let mut quoted: String = text.chars().take(QUOTED).collect();
        if text.chars().nth(QUOTED).is_some() {
            quoted.push('…');
        }
        Some((self.writer(answered), quoted))
    }

    pub(super) fn reactions(&self, reactions: &[Reaction]) -> String {
        let told = reactions.iter().map(|reaction| {
            let by = reaction.by.as_deref().map_or_else(|| words::you(&self.facts), one_line);
            format!("{} {by}", reaction.emoji)
        });
        told.collect::<Vec<_>>().join(", ")
    }
}

/// Further lines stand below the first one's text.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n       ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text with structure as plain text.
pub(super) fn plain(tree: &[RichText]) -> String {
    let mut out = String::new();
    append(tree, &mut out);
    out.trim().to_owned()
}

fn append(tree: &[RichText], out: &mut String) {
    let mut number = 0;
    for node in tree {
        match node {
            RichText::Text { text } => out.push_str(text),
            RichText::Break {} => out.push('\n'),
            RichText::Link { href, children } => {
                let label = plain(children);
                out.push_str(&label);
                if label != *href {
                    let _ = write!(out, " <{href}>");
                }
            }
            RichText::Span { style, children } => match style {
                Style::Strong | Style::Emphasis | Style::Deleted | Style::Code => {
                    append(children, out);
                }
                Style::Paragraph | Style::Preformatted | Style::Heading | Style::ListItem => {
                    block(&plain(children), out);
                }
                Style::Quote => block(&format!("> {}", plain(children).replace('\n', "\n> ")), out),
                Style::BulletList | Style::NumberedList => {
                    for item in children {
                        number += 1;
                        let mark = match style {
                            Style::NumberedList => format!("{number}. "),
                            _ => "• ".to_owned(),
                        };
                        let text = plain(std::slice::from_ref(item));
                        if !text.is_empty() {
                            block(&format!("{mark}{}", text.replace('\n', "\n  ")), out);
                        }
                    }
                }
            },
        }
    }
}

/// A text on lines of its own.
fn block(text: &str, out: &mut String) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(text);
    out.push('\n');
}
