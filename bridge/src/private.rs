//! What agents write to each other, which the customer must never see.
//!
//! It is of types of its own, so that the compiler keeps it from customers: there is no way from a
//! [`PrivateText`] to a `String`, a `&str` or anything else that feed entries, a ghost's messages or
//! transcripts are made of. It does not implement `Display`, `Deref`, `AsRef` or `Into`, and must not:
//! all that can be done with it is to store it in the organisation's log and to post it into the
//! companion room.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::matrix::{
    content::{EFFECT_KEY, PRIVATE_KEY},
    event::RoomEvent,
};

/// The longest private text that the bot posts for somebody, in bytes: with everything around it, it
/// must go into an event (spec: 64 KiB).
pub const MAX_POSTED_BYTES: usize = 48 * 1024;

/// A private text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateText(String);

/// Not even in a log of ours.
impl fmt::Debug for PrivateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateText(…)")
    }
}

impl PrivateText {
    /// Makes a text private. There is no way back.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Whether the bot can post it for somebody.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.0.len() <= MAX_POSTED_BYTES
    }

    /// The content of the event with which the bot posts it under its author's name. It is marked, so
    /// that it is not relayed wherever somebody forwards it to.
    #[must_use]
    pub fn as_event(&self, name: &str, effect: &str) -> Value {
        json!({
            "msgtype": "m.text",
            "body": format!("👁 {name}: {}", self.0),
            "m.mentions": {},
            PRIVATE_KEY: true,
            EFFECT_KEY: effect,
        })
    }
}

/// A private file, by where the homeserver has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateFile {
    /// Its name.
    pub name: PrivateText,
    /// Where it is: an `mxc:` address.
    pub url: PrivateText,
    /// Its media type, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<PrivateText>,
    /// Its size in bytes, as its sender says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A private message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateMessage {
    /// What it says.
    pub text: PrivateText,
    /// The same as HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<PrivateText>,
    /// Whether it says what its author does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emote: bool,
    /// The file that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PrivateFile>,
}

impl PrivateMessage {
    /// A plain text.
    #[must_use]
    pub fn plain(text: PrivateText) -> Self {
        Self { text, html: None, emote: false, file: None }
    }

    /// What a message event, or the new content of an edit, says; `None` if that is nothing.
    #[must_use]
    pub fn of_event(event: &RoomEvent) -> Option<Self> {
        let new = event.content.get("m.new_content").filter(|_| edited(event).is_some());
        let content = new.and_then(Value::as_object).unwrap_or(&event.content);
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        let info = |key: &str| content.get("info").and_then(|info| info.get(key));
        let kind = text("msgtype")?;
        let file = text("url").map(|url| PrivateFile {
            name: PrivateText::new(text("filename").or(text("body")).unwrap_or_default()),
            url: PrivateText::new(url),
            mime: info("mimetype").and_then(Value::as_str).map(PrivateText::new),
            size: info("size").and_then(Value::as_u64),
        });
        Some(Self {
            text: PrivateText::new(text("body").unwrap_or_default()),
            html: text("formatted_body").map(PrivateText::new),
            emote: kind == "m.emote",
            file,
        })
    }
}

/// The event that an event edits.
#[must_use]
pub fn edited(event: &RoomEvent) -> Option<&str> {
    let edits = event.text(&["m.relates_to", "rel_type"]) == Some("m.replace");
    edits.then(|| event.text(&["m.relates_to", "event_id"])).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(content: &Value) -> RoomEvent {
        let event = json!({
            "event_id": "$a", "room_id": "!r", "sender": "@anna:localhost",
            "type": "m.room.message", "content": content,
        });
        crate::matrix::event::read(event.to_string().as_bytes()).expect("valid")
    }

    #[test]
    fn nothing_private_is_in_our_own_logs() {
        let message = PrivateMessage::plain(PrivateText::new("secret"));
        assert!(!format!("{message:?}").contains("secret"));
    }

    #[test]
    fn messages_files_and_edits_are_read() {
        let edit = json!({
            "msgtype": "m.text", "body": "* new",
            "m.new_content": { "msgtype": "m.text", "body": "new" },
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$old" },
        });
        let file = json!({
            "msgtype": "m.file", "body": "a.pdf", "url": "mxc://localhost/a",
            "info": { "mimetype": "application/pdf", "size": 12 },
        });
        for (content, expected) in [
            (json!({ "msgtype": "m.text", "body": "hm" }), Some(json!({ "text": "hm" }))),
            (
                json!({ "msgtype": "m.emote", "body": "nods" }),
                Some(json!({ "text": "nods", "emote": true })),
            ),
            (edit, Some(json!({ "text": "new" }))),
            (
                file,
                Some(json!({ "text": "a.pdf", "file": {
                    "name": "a.pdf", "url": "mxc://localhost/a", "mime": "application/pdf",
                    "size": 12,
                } })),
            ),
            (json!({}), None),
        ] {
            let read = PrivateMessage::of_event(&event(&content)).map(|message| json!(message));
            assert_eq!(read, expected, "{content}");
        }
    }
}
