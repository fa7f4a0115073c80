//! An agent's HTML as the small tree that the customer's page can render with text nodes only.
//!
//! Everything that the tree has no word for loses its markup and keeps its text; what is never
//! shown (scripts, styles, reply fallbacks) is left out.

use ruma::html::{Html, NodeData, NodeRef};
use url::Url;

use super::links::link_up;
use crate::gateway::wire::{RichText, Style};

/// Elements below this depth lose their markup.
const MAX_DEPTH: usize = 24;
/// HTML with more tags than this is not parsed; its plain text is used instead.
const MAX_TAGS: usize = 1_000;

/// A message as a tree: the formatted text if it can be used, otherwise the plain one.
#[must_use]
pub fn tree(text: &str, html: Option<&str>) -> Vec<RichText> {
    let formatted = html.filter(|html| usable(html)).map(|html| {
        let parsed = Html::parse(html);
        trim(nodes(&parsed, safe_link))
    });
    let tree = match formatted {
        Some(tree) if !tree.is_empty() => tree,
        _ => vec![RichText::Text { text: clean(text) }],
    };
    link_up(tree, safe_link)
}

/// The text that a reader of the HTML sees.
#[must_use]
pub fn plain_text(html: &str) -> String {
    if !usable(html) {
        return String::new();
    }
    let mut out = String::new();
    append_plain(&nodes(&Html::parse(html), safe_link), &mut out);
    out
}

/// A tree's text.
pub fn append_plain(tree: &[RichText], out: &mut String) {
    for node in tree {
        match node {
            RichText::Text { text } => out.push_str(text),
            RichText::Break {} => out.push('\n'),
            RichText::Span { children, .. } | RichText::Link { children, .. } => {
                append_plain(children, out);
            }
        }
    }
}

/// The text that a reader sees, but with everybody who is mentioned named by their Matrix id, and each
/// paragraph on a line of its own. None if nobody is mentioned.
#[must_use]
pub fn text_with_user_ids(html: &str) -> Option<String> {
    if !usable(html) {
        return None;
    }
    let mut out = String::new();
    append_with_user_ids(&nodes(&Html::parse(html), mentioned_user), &mut out).then_some(out)
}

/// Says whether somebody was mentioned. The links lead to users.
fn append_with_user_ids(tree: &[RichText], out: &mut String) -> bool {
    let mut mentioned = false;
    for node in tree {
        match node {
            RichText::Text { text } => out.push_str(text),
            RichText::Break {} => out.push('\n'),
            RichText::Span { style, children } => {
                let block = !matches!(
                    style,
                    Style::Strong | Style::Emphasis | Style::Deleted | Style::Code
                );
                if block && !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                mentioned |= append_with_user_ids(children, out);
            }
            RichText::Link { href, .. } => {
                out.push_str(href);
                mentioned = true;
            }
        }
    }
    mentioned
}

/// The user that a link mentions (spec: matrix.to navigation, `matrix:` URIs).
fn mentioned_user(href: &str) -> Option<String> {
    let href = href.trim();
    let user = ruma::MatrixToUri::parse(href).ok().map(|uri| uri.id().clone());
    let user = user.or_else(|| ruma::MatrixUri::parse(href).ok().map(|uri| uri.id().clone()))?;
    match user {
        ruma::matrix_uri::MatrixId::User(user) => Some(user.to_string()),
        _ => None,
    }
}

/// Where a link leads, of those that are kept.
type Links = fn(&str) -> Option<String>;

fn nodes(html: &Html, links: Links) -> Vec<RichText> {
    let mut out = Vec::new();
    for node in html.children() {
        walk(&node, 0, false, links, &mut out);
    }
    out
}

fn usable(html: &str) -> bool {
    html.bytes().filter(|b| *b == b'<').count() <= MAX_TAGS
}

fn walk(node: &NodeRef, depth: usize, verbatim: bool, links: Links, out: &mut Vec<RichText>) {
    match node.data() {
        NodeData::Text(text) => {
            let text = clean(&text.borrow());
            let text = if verbatim { text } else { collapse(&text) };
            if !text.is_empty() {
                out.push(RichText::Text { text });
            }
        }
        NodeData::Element(element) => {
            let name: &str = element.name.local.as_ref();
            let style = match name {
                "script" | "style" | "template" | "mx-reply" | "head" | "title" | "noscript"
                | "iframe" | "object" | "svg" | "math" => return,
                "br" | "hr" => {
                    out.push(RichText::Break {});
                    return;
                }
                "img" => {
                    let alt = attribute(element, "alt").unwrap_or_default();
                    if !alt.is_empty() {
                        out.push(RichText::Text { text: clean(&alt) });
                    }
                    return;
                }
                "p" | "div" => Some(Style::Paragraph),
                "strong" | "b" => Some(Style::Strong),
                "em" | "i" => Some(Style::Emphasis),
                "del" | "s" | "strike" => Some(Style::Deleted),
                "code" => Some(Style::Code),
                "pre" => Some(Style::Preformatted),
                "blockquote" => Some(Style::Quote),
                "ul" => Some(Style::BulletList),
                "ol" => Some(Style::NumberedList),
                "li" => Some(Style::ListItem),
                "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Some(Style::Heading),
                _ => None,
            };
            let mut children = Vec::new();
            let verbatim = verbatim || name == "pre";
            if depth < MAX_DEPTH {
                for child in node.children() {
                    walk(&child, depth + 1, verbatim, links, &mut children);
                }
            } else {
                flatten(node, &mut children);
            }
            let link = (name == "a").then(|| attribute(element, "href")).flatten();
            match (style, link.as_deref().and_then(links)) {
                (_, Some(href)) => out.push(RichText::Link { href, children }),
                (Some(style), None) => out.push(RichText::Span { style, children }),
                (None, None) => out.extend(children),
            }
        }
        _ => {}
    }
}

/// The text below a node without recursion, for nesting that nobody means.
fn flatten(node: &NodeRef, out: &mut Vec<RichText>) {
    let mut stack: Vec<NodeRef> = node.children().collect();
    stack.reverse();
    let mut text = String::new();
    while let Some(node) = stack.pop() {
        if let Some(piece) = node.as_text() {
            text.push_str(&piece.borrow());
        }
        let mut children: Vec<NodeRef> = node.children().collect();
        children.reverse();
        stack.extend(children);
    }
    if !text.is_empty() {
        out.push(RichText::Text { text: clean(&text) });
    }
}

fn attribute(element: &ruma::html::ElementData, name: &str) -> Option<String> {
    element
        .attrs
        .borrow()
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| attribute.value.to_string())
}

/// An absolute web or mail address; links to Matrix users and rooms are no business of customers.
fn safe_link(href: &str) -> Option<String> {
    let url = Url::parse(href.trim()).ok()?;
    let web = matches!(url.scheme(), "https" | "http")
        && url.host_str().is_some_and(|host| host != "matrix.to")
        && url.username().is_empty()
        && url.password().is_none();
    (web || url.scheme() == "mailto").then(|| url.to_string())
}

/// Without control characters and characters that turn the direction of what follows.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| {
            (!c.is_control() || matches!(c, '\n' | '\t'))
                && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}

/// White space as HTML shows it.
fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Without blank text at both ends.
fn trim(mut tree: Vec<RichText>) -> Vec<RichText> {
    let blank = |node: &RichText| match node {
        RichText::Text { text } => text.trim().is_empty(),
        RichText::Break {} => true,
        RichText::Span { children, .. } => children.is_empty(),
        RichText::Link { .. } => false,
    };
    while tree.last().is_some_and(blank) {
        tree.pop();
    }
    let start = tree.iter().position(|node| !blank(node)).unwrap_or(tree.len());
    tree.drain(..start);
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> RichText {
        RichText::Text { text: text.to_owned() }
    }

    fn span(style: Style, children: Vec<RichText>) -> RichText {
        RichText::Span { style, children }
    }

    #[test]
    fn what_agents_write_keeps_its_structure() {
        let got = tree("", Some("<p>Hello <strong>you</strong></p><ul>\n<li>one</li></ul>"));
        assert_eq!(
            got,
            [
                span(
                    Style::Paragraph,
                    vec![text("Hello "), span(Style::Strong, vec![text("you")])]
                ),
                span(Style::BulletList, vec![text(" "), span(Style::ListItem, vec![text("one")])]),
            ]
        );
    }

    #[test]
    fn nothing_dangerous_survives() {
        for html in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg><script>alert(1)</script></svg>",
            "<style>*{}</style>",
            "<a href=\"javascript:alert(1)\"></a>",
            "<iframe srcdoc=x></iframe>",
        ] {
            assert_eq!(tree("safe", Some(html)), [text("safe")], "{html}");
        }
        for (href, kept) in [
            ("https://example.org/a?b", true),
            ("mailto:a@example.org", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//example.org", false),
            ("https://matrix.to/#/@anna:localhost", false),
            ("https://user:pw@example.org", false),
            (" JaVaScRiPt:alert(1)", false),
        ] {
            let got = tree("", Some(&format!("<a href=\"{href}\">x</a>")));
            assert_eq!(matches!(got[0], RichText::Link { .. }), kept, "{href}");
        }
    }

    #[test]
    fn who_is_mentioned_is_named_by_their_id() {
        for (html, expected) in [
            (
                "!agent add <a href=\"https://matrix.to/#/@anna:example.org\">Anna</a> --name Anna",
                Some("!agent add @anna:example.org --name Anna"),
            ),
            (
                "<p>!assign 4 <a href=\"https://matrix.to/#/%40anna%3Aexample.org\"><b>An</b>na</a></p>",
                Some("!assign 4 @anna:example.org"),
            ),
            ("<a href=\"matrix:u/anna:example.org\">A</a>!", Some("@anna:example.org!")),
            ("<a href=\"matrix:u/anna:example.org?action=chat\">A</a>", Some("@anna:example.org")),
            (
                "<b>!x <a href=\"https://matrix.to/#/@a:b.c\">A</a>\n<i>and</i> <a href=\"https://matrix.to/#/@d:e.f\">D</a></b>",
                Some("!x @a:b.c and @d:e.f"),
            ),
            (
                "<p>one <a href=\"https://matrix.to/#/@a:b.c\">A</a></p><p>two<br>three</p>",
                Some("one @a:b.c\ntwo\nthree"),
            ),
            // Rooms, events and pages are no people.
            ("<a href=\"https://matrix.to/#/%23room:example.org\">room</a>", None),
            ("<a href=\"matrix:r/room:example.org\">room</a>", None),
            ("<a href=\"https://example.org/@anna:example.org\">Anna</a>", None),
            ("<a>@anna:example.org</a>", None),
            ("nobody", None),
            ("", None),
        ] {
            assert_eq!(text_with_user_ids(html).as_deref(), expected, "{html}");
        }
        // Customers see none of this.
        let html = "<a href=\"https://matrix.to/#/@anna:example.org\">Anna</a>";
        assert_eq!(tree("", Some(html)), [text("Anna")]);
    }

    #[test]
    fn absurd_nesting_is_cut_and_keeps_its_text() {
        let html = format!("{}deep{}", "<b>".repeat(400), "</b>".repeat(400));
        let mut shown = String::new();
        append_plain(&tree("", Some(&html)), &mut shown);
        assert_eq!(shown, "deep");
        let html = "<b>".repeat(20_000) + "x";
        assert_eq!(tree("plain", Some(&html)), [text("plain")]);
    }
}
