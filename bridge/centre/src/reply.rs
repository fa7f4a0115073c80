//! What the bot answers: plain text that reads well on its own, and HTML with the tags that Matrix
//! allows (client-server API, `m.room.message` msgtypes, `org.matrix.custom.html`).
//!
//! Between backticks stands code, in both forms. Everything else is shown as it is written: nothing
//! in a text can become a tag, and characters that turn the direction of writing are left out.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

/// How far the rule under a table's head goes below its last column, in characters.
const LONGEST_RULE: usize = 60;

/// An answer in both forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The `body`.
    pub text: String,
    /// The `formatted_body`.
    pub html: String,
}

impl Reply {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer of one paragraph.
    #[must_use]
    pub fn say(text: impl AsRef<str>) -> Self {
        Self::new().paragraph(text)
    }

    /// Adds a heading.
    #[must_use]
    pub fn heading(mut self, text: impl AsRef<str>) -> Self {
        let text = one_line(text.as_ref());
        self.block(&text);
        let _ = write!(self.html, "<h4>{}</h4>", inline(&text));
        self
    }

    /// Adds a paragraph; line ends in it are kept.
    #[must_use]
    pub fn paragraph(mut self, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        self.block(&text);
        let _ = write!(self.html, "<p>{}</p>", inline(&text).replace('\n', "<br>"));
        self
    }

    /// Adds a list.
    #[must_use]
    pub fn list<T: AsRef<str>>(mut self, entries: impl IntoIterator<Item = T>) -> Self {
        let entries: Vec<_> = entries.into_iter().map(|entry| clean(entry.as_ref())).collect();
        if entries.is_empty() {
            return self;
        }
        let lines: Vec<_> =
            entries.iter().map(|entry| format!("• {}", entry.replace('\n', "\n  "))).collect();
        self.block(&lines.join("\n"));
        self.html.push_str("<ul>");
        for entry in entries {
            let _ = write!(self.html, "<li>{}</li>", inline(&entry).replace('\n', "<br>"));
        }
        self.html.push_str("</ul>");
        self
    }

    /// Adds a list in which each entry may end with a link. In plain text the whole address stands
    /// there; `label` is what is shown of it otherwise.
    #[must_use]
    pub fn links<T: AsRef<str>>(
        mut self,
        label: &str,
        entries: impl IntoIterator<Item = (T, Option<T>)>,
    ) -> Self {
        let label = inline(&one_line(label));
        let (mut lines, mut items) = (Vec::new(), String::new());
        for (words, address) in entries {
            let words = one_line(words.as_ref());
            let Some(address) = address.map(|address| one_line(address.as_ref())) else {
                let _ = write!(items, "<li>{}</li>", inline(&words));
                lines.push(format!("• {words}"));
                continue;
            };
            let (html, href) = (inline(&words), escape(&address));
            let _ = write!(items, "<li>{html}: <a href=\"{href}\">{label}</a></li>");
            lines.push(format!("• {words}: {address}"));
        }
        if lines.is_empty() {
            return self;
        }
        self.block(&lines.join("\n"));
        let _ = write!(self.html, "<ul>{items}</ul>");
        self
    }

    /// Adds a table. In plain text the columns stand below each other; columns of numbers are set
    /// to the right.
    #[must_use]
    pub fn table<T: AsRef<str>>(
        mut self,
        head: &[&str],
        rows: impl IntoIterator<Item = Vec<T>>,
    ) -> Self {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| row.iter().map(|cell| one_line(cell.as_ref())).collect())
            .collect();
        let cell = |row: &[String], n: usize| row.get(n).cloned().unwrap_or_default();
        let numbers: Vec<bool> = (0..head.len())
            .map(|n| {
                let mut cells = rows.iter().map(|row| cell(row, n)).filter(|c| !c.is_empty());
                !rows.is_empty() && cells.all(|cell| cell.bytes().all(|b| b.is_ascii_digit()))
            })
            .collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|n| {
                rows.iter().map(|row| cell(row, n).width()).max().unwrap_or(0).max(head[n].width())
            })
            .collect();
        let line = |row: &[String]| {
            let cells: Vec<_> = (0..head.len())
                .map(|n| {
                    let text = cell(row, n);
                    let space = " ".repeat(widths[n].saturating_sub(text.width()));
                    if numbers[n] { space + &text } else { text + &space }
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        let titles: Vec<_> = head.iter().map(|title| (*title).to_owned()).collect();
        // Under the last column, which can be long, it need not go on for ever.
        let rule = |(n, width): (usize, &usize)| {
            "─".repeat(if n + 1 == widths.len() { (*width).min(LONGEST_RULE) } else { *width })
        };
        let rule = widths.iter().enumerate().map(rule).collect::<Vec<_>>().join("  ");
        let mut lines = vec![line(&titles), rule];
        lines.extend(rows.iter().map(|row| line(row)));
        self.block(&lines.join("\n"));
        self.html.push_str("<table><thead><tr>");
        for title in head {
            let _ = write!(self.html, "<th>{}</th>", inline(title));
        }
        self.html.push_str("</tr></thead><tbody>");
        for row in &rows {
            self.html.push_str("<tr>");
            for n in 0..head.len() {
                let _ = write!(self.html, "<td>{}</td>", inline(&cell(row, n)));
            }
            self.html.push_str("</tr>");
        }
        self.html.push_str("</tbody></table>");
        self
    }

    /// Adds lines that are shown exactly so, such as a file.
    #[must_use]
    pub fn code(mut self, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        self.block(&text);
        let _ = write!(self.html, "<pre><code>{}</code></pre>", escape(&text));
        self
    }

    fn block(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.text.push_str(text);
    }
}

/// Leaves out what could make text look like something else.
fn clean(text: &str) -> String {
    text.trim_end()
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .filter(|c| !turns_text(*c))
        .collect()
}

/// Whether a character turns the direction of writing.
pub(crate) fn turns_text(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Escapes a text and marks what stands between backticks.
fn inline(text: &str) -> String {
    let text = escape(text);
    let parts: Vec<&str> = text.split('`').collect();
    let whole = parts.len() % 2 == 1;
    parts
        .iter()
        .enumerate()
        .map(|(n, part)| match (n % 2, whole || n + 2 < parts.len()) {
            (1, true) => format!("<code>{part}</code>"),
            (1, false) => format!("`{part}"),
            _ => (*part).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms() {
        let reply = Reply::new()
            .heading("Queues")
            .paragraph("Two queues, see `!queue show`.\nBoth are open.")
            .table(
                &["Queue", "Waiting", "Longest"],
                [vec!["Sales <b>", "12", "1m"], vec!["名前", "3", ""], vec!["a\nb", "", "2h30m"]],
            )
            .list(["one & two", "three"])
            .links("open", [("Room <1>", Some("https://matrix.to/#/!a?via=b&c")), ("none", None)])
            .code("[[queues]]\nid = \"sales\"");
        insta::assert_snapshot!("reply_text", reply.text);
        insta::assert_snapshot!("reply_html", reply.html);
    }

    const OURS: [&str; 14] = [
        "h4", "p", "br", "code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre",
        "a",
    ];

    proptest! {
        /// Whatever is in the texts, the only tags are ours.
        #[test]
        fn nothing_becomes_a_tag(texts in proptest::collection::vec("[<>&`\"'a-z\\n\u{202e} ]{0,12}", 4)) {
            let reply = Reply::new()
                .heading(&texts[0])
                .paragraph(&texts[1])
                .list([&texts[2]])
                .table(&["x"], [vec![&texts[3]]])
                .links(&texts[3], [(&texts[0], Some(&texts[1])), (&texts[2], None)])
                .code(&texts[0]);
            for tag in reply.html.split('<').skip(1) {
                let name = tag.split('>').next().unwrap_or_default().trim_start_matches('/');
                // An address has no quotation marks, so it cannot end its attribute.
                let name = match name.strip_prefix("a href=\"").and_then(|a| a.strip_suffix('"')) {
                    Some(address) if !address.contains('"') => "a",
                    _ => name,
                };
                prop_assert!(OURS.contains(&name), "{}", reply.html);
            }
            let turned = |text: &str| text.contains('\u{202e}');
            prop_assert!(!turned(&reply.html) && !turned(&reply.text));
            let opened = reply.html.matches("<code>").count();
            prop_assert_eq!(opened, reply.html.matches("</code>").count());
        }
    }
}
