//! A transcript as a page of its own: no scripts, nothing that is fetched from elsewhere. It can be
//! printed, and shown by a mail program.

use std::fmt::Write as _;

use super::{
    Transcript,
    fold::{Line, Message, What},
    words,
};
use crate::gateway::wire::{RichText, Style};

/// The look. Mail programs that leave it out show the same in their own.
const STYLE: &str = include_str!("style.css");

impl Transcript {
    /// As HTML, complete.
    #[must_use]
    pub fn html(&self) -> String {
        let title = escape(&self.title());
        let colour = if is_colour(&self.facts.colour) { &self.facts.colour } else { "#0b5cad" };
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <meta name=\"referrer\" content=\"no-referrer\">\
             <title>{title}</title><style>\n{STYLE}</style></head>\
             <body><main style=\"border-top:6px solid {colour}\">\n<h1 dir=\"auto\">{title}</h1>\n\
             <p class=\"zone\">{}</p>\n",
            escape(&self.zone()),
        );
        for (n, line) in self.lines.iter().enumerate() {
            if let Some(day) = self.new_day(n) {
                let _ = writeln!(out, "<h2>{}</h2>", escape(&day));
            }
            self.line(line, &mut out);
        }
        out.push_str("</main></body></html>\n");
        out
    }

    fn line(&self, line: &Line, out: &mut String) {
        let time = self.time(line);
        match &line.what {
            What::Note(note) => {
                let note = lines(note);
                let _ =
                    writeln!(out, "<p class=\"note\"><time>{time}</time> <bdi>{note}</bdi></p>");
            }
            What::Message(message) => {
                let side = if message.by.is_some() { "agent" } else { "own" };
                let writer = escape(&self.writer(message));
                let _ = writeln!(
                    out,
                    "<div class=\"message {side}\"><p class=\"head\"><strong><bdi>{writer}</bdi></strong> \
                     <time>{time}</time></p>"
                );
                self.message(message, out);
                out.push_str("</div>\n");
            }
        }
    }

    fn message(&self, message: &Message, out: &mut String) {
        if let Some((writer, quoted)) = self.answered(message) {
            let (writer, quoted) = (escape(&writer), escape(&quoted));
            let _ = writeln!(out, "<blockquote dir=\"auto\">{writer}: {quoted}</blockquote>");
        }
        match &message.content {
            None => {
                let _ = writeln!(out, "<p class=\"note\">{}</p>", words::REMOVED);
            }
            Some(content) if content.is_empty() => {}
            Some(content) => {
                out.push_str("<div class=\"text\" dir=\"auto\">");
                append(content, out);
                out.push_str("</div>\n");
            }
        }
        for file in &message.files {
            let _ =
                writeln!(out, "<p class=\"text\"><bdi>{}</bdi></p>", escape(&words::file(file)));
        }
        if message.edited && message.content.is_some() {
            let _ = writeln!(out, "<p class=\"small\">{}</p>", words::EDITED);
        }
        if message.lost {
            let _ = writeln!(out, "<p class=\"small\">{}</p>", escape(&words::lost(&self.facts)));
        }
        if !message.reactions.is_empty() {
            let reactions = escape(&self.reactions(&message.reactions));
            let _ = writeln!(out, "<p class=\"small\">{reactions}</p>");
        }
    }
}

/// `#rrggbb`, and nothing that could end an attribute.
fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A text in which nothing can become a tag or end an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The same with line breaks.
#[must_use]
pub fn lines(text: &str) -> String {
    escape(text).replace('\n', "<br>")
}

fn append(tree: &[RichText], out: &mut String) {
    for node in tree {
        match node {
            RichText::Text { text } => out.push_str(&lines(text)),
            RichText::Break {} => out.push_str("<br>"),
            RichText::Span { style, children } => {
                let tag = match style {
                    Style::Paragraph => "p",
                    Style::Strong => "strong",
                    Style::Emphasis => "em",
                    Style::Deleted => "del",
                    Style::Code => "code",
                    Style::Preformatted => "pre",
                    Style::Quote => "blockquote",
                    Style::BulletList => "ul",
                    Style::NumberedList => "ol",
                    Style::ListItem => "li",
                    Style::Heading => "h3",
                };
                let _ = write!(out, "<{tag}>");
                append(children, out);
                let _ = write!(out, "</{tag}>");
            }
            RichText::Link { href, children } => {
                // What made the feed has looked already; a page that lies somewhere for years looks too.
                let safe =
                    ["https:", "http:", "mailto:"].iter().any(|scheme| href.starts_with(scheme));
                if safe {
                    let href = escape(href);
                    let _ = write!(out, "<a href=\"{href}\" rel=\"noopener noreferrer nofollow\">");
                }
                append(children, out);
                if safe {
                    out.push_str("</a>");
                }
            }
        }
    }
}
