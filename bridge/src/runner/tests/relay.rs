//! What is never relayed is not, and what should be is: agents, and others in their rooms, send
//! events of every kind, and only the words that are for the customer come to their page.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    private::{BEN, CLEO, COMPANION, Common, ROOM, Twin},
    *,
};
use crate::gateway::wire::RichText;

/// What is in every text that must not come to the page.
const HIDDEN: &str = "HIDDEN";
/// Shows nothing, or nothing but space.
const BLANKS: [&str; 12] = [
    " ", "\t", "\n", "\u{a0}", "\u{ad}", "\u{200b}", "\u{200e}", "\u{202e}", "\u{2060}",
    "\u{3000}", "\u{3164}", "\u{feff}",
];
/// Exclamation marks.
const MARKS: [&str; 6] = ["!", "\u{ff01}", "\u{fe57}", "\u{a71d}", "\u{a71e}", "\u{1c3}"];
/// What clients take for commands, and what the bot does.
const SLASHES: [&str; 5] = ["/end", "/private", "\u{ff0f}end", "\u{2044}ready", "/HELP"];
const WORDS: [&str; 6] = ["", "end of", "private", "offer", "nonsense", "p greet"];

/// How a text is put into an event.
#[derive(Clone, Copy, Debug)]
enum Form {
    Plain,
    Emote,
    /// Only the formatted text has it; the plain one has the words without the mark.
    Formatted,
    FormattedDeep,
    /// After the quotation that older clients write.
    AfterFallback,
    Edit,
    FormattedEdit,
    Caption(&'static str),
}

const FORMS: [Form; 11] = [
    Form::Plain,
    Form::Emote,
    Form::Formatted,
    Form::FormattedDeep,
    Form::AfterFallback,
    Form::Edit,
    Form::FormattedEdit,
    Form::Caption("m.image"),
    Form::Caption("m.file"),
    Form::Caption("m.audio"),
    Form::Caption("m.video"),
];

/// One event.
#[derive(Clone, Debug)]
enum Event {
    /// For the customer.
    Words(Form),
    /// For the customer, beginning with a mark that is doubled.
    Escaped(String),
    /// For the bot, in some disguise.
    Command { lead: String, mark: String, word: &'static str, form: Form },
    /// Replies to the bot, or in a thread under its message.
    ToBot { thread: bool, form: Form },
    /// Marked as private.
    Marked { value: Value, form: Form },
    /// A bare answer to the bot's question about the end.
    Answer { lead: String, word: &'static str },
    /// By somebody who is no agent of this chat, or not in it.
    Stranger { who: &'static str, form: Form },
    /// In the companion room.
    InCompanion(Form),
    /// Of a kind that is not carried.
    Kind { kind: &'static str, msgtype: &'static str },
    /// A reaction, a redaction and a state event with words in them.
    Around(&'static str),
}

fn lead() -> impl Strategy<Value = String> {
    vec(select(&BLANKS[..]), 0..4).prop_map(|blanks| blanks.concat())
}

fn form() -> impl Strategy<Value = Form> {
    select(&FORMS[..])
}

fn event() -> impl Strategy<Value = Event> {
    let mark = prop_oneof![
        3 => select(&MARKS[..]).prop_map(str::to_owned),
        1 => select(&SLASHES[..]).prop_map(|slash| format!("{slash} ")),
    ];
    let shown = [Form::Plain, Form::Emote, Form::AfterFallback, Form::Edit];
    let values = [json!(true), json!(false), json!({}), json!("no"), Value::Null];
    let kinds = [
        ("m.room.message", "m.notice"),
        ("m.room.message", "m.location"),
        ("m.room.message", "m.key.verification.request"),
        ("m.room.message", "org.example.secret"),
        ("m.room.encrypted", "m.text"),
        ("m.sticker", "m.text"),
        ("m.call.invite", "m.text"),
        ("org.example.event", "m.text"),
        ("m.room.topic", "m.text"),
    ];
    prop_oneof![
        6 => select(shown.to_vec()).prop_map(Event::Words),
        1 => select(&MARKS[..]).prop_map(|mark| Event::Escaped(mark.repeat(2))),
        6 => (lead(), mark, select(&WORDS[..]), form())
            .prop_map(|(lead, mark, word, form)| Event::Command { lead, mark, word, form }),
        2 => (any::<bool>(), form()).prop_map(|(thread, form)| Event::ToBot { thread, form }),
        2 => (select(values.to_vec()), form())
            .prop_map(|(value, form)| Event::Marked { value, form }),
        1 => (lead(), select(vec!["no", "NO.", "n", "7", "No!"]))
            .prop_map(|(lead, word)| Event::Answer { lead, word }),
        2 => (select(vec!["@mallory:localhost", CLEO, "@ben:elsewhere"]), form())
            .prop_map(|(who, form)| Event::Stranger { who, form }),
        2 => form().prop_map(Event::InCompanion),
        2 => select(kinds.to_vec()).prop_map(|(kind, msgtype)| Event::Kind { kind, msgtype }),
        1 => select(vec!["m.reaction", "m.room.redaction", "m.room.name"]).prop_map(Event::Around),
    ]
}

/// Anna and Ben talk with the customer; Cleo is an agent, and not in the chat.
struct Talk {
    twin: Twin,
    number: u64,
    /// What the page must show, by the event: the words, as they are now.
    shown: BTreeMap<u64, String>,
    /// The events of the messages that can be edited, and their numbers.
    said: Vec<(String, u64)>,
}

impl Talk {
    async fn begin() -> Self {
        let mut twin = Twin::new().await;
        twin.common(&Common::Says).await;
        for who in [ANNA, BEN] {
            twin.common(&Common::Member(who, "join")).await;
        }
        let mut talk = Self { twin, number: 0, shown: BTreeMap::new(), said: Vec::new() };
        talk.happens(Event::Words(Form::Plain)).await;
        talk
    }

    fn sender(&self) -> &'static str {
        if self.number.is_multiple_of(2) { ANNA } else { BEN }
    }

    /// The content of a message that says `text` in this form, where `words` are the same without
    /// their mark. For edits, the number of the message that is edited.
    fn content(&self, form: Form, text: &str, words: &str) -> (Value, Option<u64>) {
        let html = |text: &str| text.replace('<', "&lt;");
        let formatted = |formatted: String| {
            json!({
                "msgtype": "m.text", "body": words, "format": "org.matrix.custom.html",
                "formatted_body": formatted,
            })
        };
        let content = match form {
            Form::Plain => json!({ "msgtype": "m.text", "body": text }),
            Form::Emote => json!({ "msgtype": "m.emote", "body": text }),
            Form::Formatted => formatted(html(text)),
            Form::FormattedDeep => {
                formatted(format!("<p><span></span><b><i>{}</i></b></p>", html(text)))
            }
            Form::AfterFallback => json!({
                "msgtype": "m.text", "body": format!("> <@x:y> {HIDDEN} quoted\n\n{text}"),
                "m.relates_to": { "m.in_reply_to": { "event_id": self.said.last().map(|s| &s.0) } },
            }),
            Form::Edit | Form::FormattedEdit => {
                let form = if matches!(form, Form::Edit) { Form::Plain } else { Form::Formatted };
                let (event, number) = self.said.first().cloned().unwrap_or_default();
                let (new, _) = self.content(form, text, words);
                let content = json!({
                    "msgtype": "m.text", "body": format!("* {HIDDEN}"), "m.new_content": new,
                    "m.relates_to": { "rel_type": "m.replace", "event_id": event },
                });
                return (content, Some(number));
            }
            Form::Caption(msgtype) => json!({
                "msgtype": msgtype, "body": text, "filename": "picture.png",
                "url": "mxc://localhost/file", "info": { "mimetype": "image/png", "size": 100 },
            }),
        };
        (content, None)
    }

    async fn happens(&mut self, event: Event) {
        self.number += 1;
        let number = self.number;
        let id = format!("$r{number:04}");
        let words = format!("words {number}");
        let secret = format!("{HIDDEN} {number}");
        let (mut room, mut sender, mut kind) = (ROOM, self.sender(), "m.room.message");
        let content = match event {
            Event::Words(form) => {
                let (content, edited) = self.content(form, &words, &words);
                self.shown.insert(edited.unwrap_or(number), words);
                if edited.is_none() {
                    self.said.push((id.clone(), number));
                } else {
                    // Only its author changes a message.
                    sender = ANNA;
                    if !self.said.first().is_some_and(|(_, number)| number.is_multiple_of(2)) {
                        sender = BEN;
                    }
                }
                content
            }
            Event::Escaped(marks) => {
                let text = format!("{marks}{words}");
                self.shown.insert(number, text.chars().skip(1).collect());
                self.content(Form::Plain, &text, &text).0
            }
            Event::Command { lead, mark, word, form } => {
                self.content(form, &format!("{lead}{mark}{word} {secret}"), &secret).0
            }
            Event::ToBot { thread, form } => {
                let Some(bots) = self.twin.bots_last.clone() else { return };
                let (mut content, edited) = self.content(form, &secret, &secret);
                if edited.is_some() {
                    // What an edit relates to is what it edits.
                    return;
                }
                content["m.relates_to"] = if thread {
                    json!({ "rel_type": "m.thread", "event_id": bots })
                } else {
                    json!({ "m.in_reply_to": { "event_id": bots } })
                };
                content
            }
            Event::Marked { value, form } => {
                let (mut content, edited) = self.content(form, &secret, &secret);
                let key = "chat.switchboard.private";
                if edited.is_some() {
                    content["m.new_content"][key] = value;
                } else {
                    content[key] = value;
                }
                content
            }
            Event::Answer { lead, word } => {
                let ask = json!({ "msgtype": "m.text", "body": "!end" });
                self.twin.event(&format!("{id}q"), ROOM, sender, kind, ask).await;
                self.twin.settle().await;
                json!({ "msgtype": "m.text", "body": format!("{lead}{word}") })
            }
            Event::Stranger { who, form } => {
                sender = who;
                self.content(form, &secret, &secret).0
            }
            Event::InCompanion(form) => {
                room = COMPANION;
                self.content(form, &secret, &secret).0
            }
            Event::Kind { kind: of, msgtype } => {
                kind = of;
                json!({
                    "msgtype": msgtype, "body": secret, "topic": secret, "ciphertext": secret,
                    "geo_uri": secret, "url": "mxc://localhost/file",
                })
            }
            Event::Around(of) => {
                kind = of;
                let target = self.twin.bots_last.clone();
                json!({
                    "name": secret, "redacts": target, "reason": secret,
                    "m.relates_to": { "rel_type": "m.annotation", "event_id": target, "key": secret },
                })
            }
        };
        self.twin.event(&id, room, sender, kind, content).await;
        self.twin.settle().await;
    }

    /// The texts on the page, as they are after all edits.
    async fn page(&self) -> Vec<String> {
        let mut texts = BTreeMap::new();
        for entry in self.twin.seen().await.feed {
            assert!(!entry.contains(HIDDEN), "{entry}");
            let (_, body) = entry.split_once(' ').expect("a number");
            let entry: FeedEntry = serde_json::from_str(body).expect("an entry");
            match entry.body {
                FeedBody::Agent { content, .. } => {
                    texts.insert(entry.seq, plain(&content));
                }
                FeedBody::Edited { target, content, .. } => {
                    texts.insert(target, plain(&content));
                }
                _ => {}
            }
        }
        texts.into_values().collect()
    }
}

/// The text in a tree of formatted text.
fn plain(content: &[RichText]) -> String {
    fn collect(value: &Value, texts: &mut String) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if name == "text" => texts.push_str(text),
                        value => collect(value, texts),
                    }
                }
            }
            _ => {}
        }
    }
    let mut texts = String::new();
    collect(&json!(content), &mut texts);
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn only_what_is_for_the_customer_reaches_them(events in vec(event(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut talk = Talk::begin().await;
            for event in events {
                talk.happens(event).await;
            }
            let shown: Vec<String> = talk.shown.values().cloned().collect();
            assert_eq!(talk.page().await, shown);
        });
    }
}
