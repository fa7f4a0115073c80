use proptest::prelude::*;

use super::*;
use crate::{
    gateway::wire::{Attachment, EndedBy, FeedBody, FormReason, RefusalReason, RichText, Style},
    media::Kind,
};

/// Wednesday 2026-11-25 14:00 in Berlin.
const BEGAN: u64 = 1_795_611_600_000;

fn facts() -> Facts {
    Facts {
        number: 42,
        title: "Example <Shop>".to_owned(),
        colour: "#0b6e4f".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        texts: BTreeMap::from([("joined".to_owned(), "{} is here now".to_owned())]),
    }
}

/// Entries of a feed, so many minutes after the beginning.
fn feed(bodies: impl IntoIterator<Item = (u64, FeedBody)>) -> Vec<FeedEntry> {
    let entry = |(n, (minutes, body)): (usize, _)| FeedEntry {
        seq: u64::try_from(n).unwrap() + 1,
        at: BEGAN + minutes * 60_000,
        body,
    };
    bodies.into_iter().enumerate().map(entry).collect()
}

fn text(text: &str) -> RichText {
    RichText::Text { text: text.to_owned() }
}

fn span(style: Style, children: Vec<RichText>) -> RichText {
    RichText::Span { style, children }
}

fn own(key: &str, text: &str, reply_to: Option<u64>) -> FeedBody {
    FeedBody::Own { key: key.to_owned(), text: text.to_owned(), reply_to, files: Vec::new() }
}

fn agent(content: Vec<RichText>) -> FeedBody {
    FeedBody::Agent { name: "Anna".to_owned(), content, reply_to: None, files: Vec::new() }
}

fn attachment(name: &str, kind: Kind, size: u64) -> Attachment {
    let (id, name) = ("12345678".to_owned(), name.to_owned());
    Attachment { id, name, kind, size, width: None, height: None }
}

fn conversation() -> Vec<FeedEntry> {
    let name = || "Anna".to_owned();
    let by = || Some(name());
    let list = ["one", "two"].map(|item| span(Style::ListItem, vec![text(item)])).to_vec();
    let link = RichText::Link {
        href: "https://shop.example/a?b=1&c=2".to_owned(),
        children: vec![text("the page")],
    };
    let rich = vec![
        span(Style::Paragraph, vec![text("Look at "), link, text(":")]),
        span(Style::NumberedList, list),
        span(Style::Quote, vec![text("as you\nsaid")]),
    ];
    feed([
        (0, FeedBody::Queued {}),
        (0, own("k1", "Hello!\nIs <b>anybody</b> there?", None)),
        (1, FeedBody::Joined { name: name() }),
        (2, agent(rich)),
        (3, own("k2", "Thanks & goodbye", Some(4))),
        (4, agent(vec![text("wrnog")])),
        (5, FeedBody::Edited { target: 6, content: vec![text("wrong")], key: None }),
        (6, agent(vec![text("for somebody else")])),
        (7, FeedBody::Removed { target: 8, key: None }),
        (
            8,
            FeedBody::Reaction {
                target: 5, emoji: "👍".to_owned(), by: by(), on: true, key: None
            },
        ),
        (
            8,
            FeedBody::Reaction {
                target: 4, emoji: "🎉".to_owned(), by: None, on: true, key: None
            },
        ),
        (
            8,
            FeedBody::Reaction {
                target: 4,
                emoji: "🎉".to_owned(),
                by: None,
                on: false,
                key: None,
            },
        ),
        (9, own("k3", "lost", None)),
        (9, FeedBody::Undelivered { key: "k3".to_owned(), reason: RefusalReason::Undeliverable }),
        (601, FeedBody::Left { name: name() }),
        (602, FeedBody::Requeued {}),
        (603, FeedBody::Form { why: FormReason::Closed, text: "Back at nine.".to_owned() }),
        (604, FeedBody::MessageLeft {}),
        (605, FeedBody::Ended { by: EndedBy::Agent }),
    ])
}

#[test]
fn a_conversation_as_text_and_as_a_page() {
    let transcript = Transcript::of(conversation(), facts());
    assert_eq!(transcript.file_name(), "chat-42");
    insta::assert_snapshot!("text", transcript.text());
    insta::assert_snapshot!("html", transcript.html());
}

#[test]
fn what_was_removed_is_nowhere_in_it() {
    let transcript = Transcript::of(conversation(), facts());
    for form in [transcript.text(), transcript.html()] {
        for gone in ["for somebody else", "wrnog", "🎉"] {
            assert!(!form.contains(gone), "{gone}");
        }
    }
    // Nor in what quotes it.
    let entries = feed([
        (0, own("k1", "a secret", None)),
        (1, own("k2", "about that", Some(1))),
        (2, FeedBody::Removed { target: 1, key: None }),
        (3, FeedBody::Edited { target: 1, content: vec![text("a secret again")], key: None }),
    ]);
    let transcript = Transcript::of(entries, facts());
    assert!(!transcript.text().contains("secret") && !transcript.html().contains("secret"));
}

#[test]
fn files_are_told_by_name_kind_and_size() {
    let with = |text: &str, files| FeedBody::Own {
        key: "k".to_owned(),
        text: text.to_owned(),
        reply_to: None,
        files,
    };
    let entries = feed([
        (0, with("look", vec![attachment("photo <1>.jpg", Kind::Jpeg, 1_300_000)])),
        (
            1,
            with(
                "",
                vec![attachment("a.pdf", Kind::Pdf, 2048), attachment("b.txt", Kind::Text, 9)],
            ),
        ),
        (2, own("k2", "those two", Some(2))),
        (3, with("", vec![attachment("secret.png", Kind::Png, 9)])),
        (4, FeedBody::Removed { target: 4, key: None }),
    ]);
    let transcript = Transcript::of(entries, facts());
    insta::assert_snapshot!("files_text", transcript.text());
    insta::assert_snapshot!("files_html", transcript.html());
}

#[test]
fn a_chat_of_which_nothing_is_there_has_a_transcript() {
    let facts = Facts::new(7, None);
    assert_eq!(Transcript::of([], facts).text(), "Chat – chat 7\nTimes: UTC\n");
}

const TAGS: [&str; 29] = [
    "!doctype",
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "h1",
    "h2",
    "h3",
    "p",
    "bdi",
    "time",
    "div",
    "strong",
    "em",
    "del",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "br",
    "a",
    "/main",
    "/body",
    "/html",
];

proptest! {
    /// Whatever is said, the only tags and addresses are ours.
    #[test]
    fn nothing_becomes_a_tag(
        said in "[<>&\"'a-z/!\u{0}\\n ]{0,40}",
        name in "[<>&\"' a-z]{0,12}",
        href in "(https://|http://|mailto:|javascript:|data:)[<>\"' a-z]{0,12}",
        colour in "(#0b6e4f|red;\"><b)",
    ) {
        let link = RichText::Link { href, children: vec![text(&said)] };
        let entries = feed([
            (0, own("k", &said, None)),
            (1, FeedBody::Agent { name: name.clone(), content: vec![link], reply_to: Some(1), files: vec![attachment(&said, Kind::Png, 9)] }),
            (2, FeedBody::Joined { name: name.clone() }),
            (3, FeedBody::Reaction { target: 1, emoji: said.clone(), by: Some(name), on: true, key: None }),
        ]);
        let facts = Facts { title: said, colour, ..facts() };
        let html = Transcript::of(entries, facts).html();
        for tag in html.split('<').skip(1) {
            let name: String = tag.chars().take_while(|c| !matches!(c, ' ' | '>')).collect();
            prop_assert!(TAGS.contains(&name.trim_start_matches('/')) || TAGS.contains(&name.as_str()), "{}", name);
            prop_assert!(!tag.contains("href=\"javascript") && !tag.contains("href=\"data"));
        }
        let controls = html.chars().any(|c| c == char::from(0));
        prop_assert!(!controls);
    }
}
