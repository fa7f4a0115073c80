//! Addresses in plain text become links: most clients send them without markup.

use crate::gateway::wire::{RichText, Style};

/// Where an address begins.
const BEGINNINGS: [&str; 2] = ["https://", "http://"];

/// The tree with the addresses in its texts as links, as far as `safe` lets them pass. What is a link or
/// code already stays as it is.
pub(super) fn link_up(tree: Vec<RichText>, safe: fn(&str) -> Option<String>) -> Vec<RichText> {
    let mut out = Vec::with_capacity(tree.len());
    for node in tree {
        match node {
            RichText::Text { text } => split(&text, safe, &mut out),
            RichText::Span { style, children }
                if !matches!(style, Style::Code | Style::Preformatted) =>
            {
                out.push(RichText::Span { style, children: link_up(children, safe) });
            }
            other => out.push(other),
        }
    }
    out
}

fn split(text: &str, safe: fn(&str) -> Option<String>, out: &mut Vec<RichText>) {
    let plain = |text: &str| RichText::Text { text: text.to_owned() };
    let (mut from, mut look) = (0, 0);
    while let Some(at) = next_beginning(text, look) {
        let address = address_at(&text[at..]);
        look = at + address.len().max(1);
        let joined = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let Some(href) = (!joined).then(|| safe(address)).flatten() else { continue };
        if from < at {
            out.push(plain(&text[from..at]));
        }
        out.push(RichText::Link { href, children: vec![plain(address)] });
        from = look;
    }
    if from < text.len() {
        out.push(plain(&text[from..]));
    }
}

fn next_beginning(text: &str, from: usize) -> Option<usize> {
    let rest = &text[from..];
    BEGINNINGS.iter().filter_map(|beginning| rest.find(beginning)).min().map(|at| from + at)
}

/// The address that a text begins with, without the punctuation of the sentence around it.
fn address_at(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`'))
        .unwrap_or(text.len());
    let mut address = &text[..end];
    while let Some(last) = address.chars().next_back() {
        let opens = |c| address.matches(c).count();
        let goes = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' => true,
            ')' => opens(')') > opens('('),
            ']' => opens(']') > opens('['),
            _ => false,
        };
        if !goes {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

#[cfg(test)]
mod tests {
    use crate::{gateway::wire::RichText, matrix::rich::tree};

    /// The tree with links in brackets.
    fn marked(tree: &[RichText]) -> String {
        tree.iter()
            .map(|node| match node {
                RichText::Text { text } => text.clone(),
                RichText::Break {} => "\n".to_owned(),
                RichText::Span { children, .. } => marked(children),
                RichText::Link { href, children } => format!("[{}→{href}]", marked(children)),
            })
            .collect()
    }

    #[test]
    fn addresses_in_plain_text_are_links() {
        for (text, shown) in [
            ("see https://a.example/b.", "see [https://a.example/b→https://a.example/b]."),
            ("(https://a.example/x_(y))", "([https://a.example/x_(y)→https://a.example/x_(y)])"),
            ("http://a.example, ok", "[http://a.example→http://a.example/], ok"),
            ("https://ä.example", "[https://ä.example→https://xn--4ca.example/]"),
            (
                "two https://a.b\nhttps://c.d",
                "two [https://a.b→https://a.b/]\n[https://c.d→https://c.d/]",
            ),
            ("xhttps://a.example", "xhttps://a.example"),
            ("https://", "https://"),
            ("https:// https://a.example", "https:// [https://a.example→https://a.example/]"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            // As in formatted text: nobody is to be led to a place that looks like another.
            ("https://shop.example@evil.example", "https://shop.example@evil.example"),
            ("https://matrix.to/#/@anna:a.b", "https://matrix.to/#/@anna:a.b"),
        ] {
            assert_eq!(marked(&tree(text, None)), shown, "{text}");
        }
        for (html, shown) in [
            ("<p>see https://a.example</p>", "see [https://a.example→https://a.example/]"),
            (
                "<a href=\"https://a.example\">https://a.example</a>",
                "[https://a.example→https://a.example/]",
            ),
            ("<code>https://a.example</code>", "https://a.example"),
        ] {
            assert_eq!(marked(&tree("", Some(html))), shown, "{html}");
        }
    }
}
