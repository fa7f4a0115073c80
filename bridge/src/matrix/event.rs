//! Events that the homeserver pushes, read leniently: whatever is wrong with one, the rest go on.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

/// The part of an event that is needed to file it.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    /// The event's id.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// The room that it is in.
    #[serde(borrow)]
    pub room_id: Cow<'a, str>,
    /// Who sent it; empty if that is missing.
    #[serde(borrow, default)]
    pub sender: Cow<'a, str>,
}

/// An event in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEvent {
    /// The event's id.
    pub event_id: String,
    /// The room that it is in.
    pub room_id: String,
    /// Who sent it.
    pub sender: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state key, if it is a state event.
    #[serde(default)]
    pub state_key: Option<String>,
    /// The redacted event, in rooms before version 11; later it is in the content.
    #[serde(default)]
    redacts: Option<String>,
    /// What the homeserver says about the time.
    #[serde(default)]
    pub origin_server_ts: u64,
    /// Its content.
    #[serde(default)]
    pub content: Map<String, Value>,
    /// What the homeserver adds.
    #[serde(default)]
    pub unsigned: Map<String, Value>,
}

impl RoomEvent {
    /// A text of the content, by path.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.content.get(*first)?, |value, key| value.get(key))?.as_str()
    }

    /// The membership that a member event gives.
    #[must_use]
    pub fn membership(&self) -> Option<&str> {
        self.text(&["membership"])
    }

    /// Whether it invites this user.
    #[must_use]
    pub fn invites(&self, user: &str) -> bool {
        self.kind == "m.room.member"
            && self.membership() == Some("invite")
            && self.state_key.as_deref() == Some(user)
    }

    /// The membership before a member event.
    #[must_use]
    pub fn previous_membership(&self) -> Option<&str> {
        let previous = self.unsigned.get("prev_content").or_else(|| {
            // Some homeservers put it here.
            self.unsigned.get("replaces_content")
        })?;
        previous.get("membership")?.as_str()
    }

    /// The event that this one redacts.
    #[must_use]
    pub fn redacted(&self) -> Option<&str> {
        self.text(&["redacts"]).or(self.redacts.as_deref())
    }

    /// Our own effect's id, if we sent this event.
    #[must_use]
    pub fn effect_id(&self) -> Option<&str> {
        self.text(&[super::content::EFFECT_KEY])
    }
}

/// Why an event cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("not a usable event: {}", crate::json::fault(.0))]
pub struct BadEvent(#[from] serde_json::Error);

/// Reads an event. Lone surrogates become U+FFFD.
pub fn read(raw: &[u8]) -> Result<RoomEvent, BadEvent> {
    match serde_json::from_slice(raw) {
        Ok(event) => Ok(event),
        // JSON may hold halves of surrogate pairs, Rust strings may not.
        Err(_) => Ok(serde_json::from_slice(&mend_surrogates(raw))?),
    }
}

/// The id, room and sender of an event, without looking at the rest.
pub fn envelope(raw: &RawValue) -> Result<Envelope<'_>, BadEvent> {
    Ok(serde_json::from_str(raw.get())?)
}

/// Replaces escapes of lone surrogates by the escape of U+FFFD (RFC 8259 section 8.2 leaves them
/// open).
fn mend_surrogates(raw: &[u8]) -> Vec<u8> {
    let code = |at: usize| -> Option<u16> {
        let escape = raw.get(at..at + 6)?;
        if !escape.starts_with(b"\\u") {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        match (raw[at], code(at)) {
            (b'\\', Some(0xD800..=0xDBFF)) if matches!(code(at + 6), Some(0xDC00..=0xDFFF)) => {
                out.extend_from_slice(&raw[at..at + 12]);
                at += 12;
            }
            (b'\\', Some(0xD800..=0xDFFF)) => {
                out.extend_from_slice(b"\\ufffd");
                at += 6;
            }
            (b'\\', _) => {
                // An escape of two characters: the second must not be read as a beginning.
                let end = (at + 2).min(raw.len());
                out.extend_from_slice(&raw[at..end]);
                at = end;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_are_kept() {
        for (given, expected) in [
            (r#"{"a":"\ud83d\ude00"}"#, "😀"),
            (r#"{"a":"x\ud83dy"}"#, "x\u{fffd}y"),
            (r#"{"a":"\ude00"}"#, "\u{fffd}"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (r#"{"a":"\\ud83d"}"#, r"\ud83d"),
        ] {
            let value: Value =
                serde_json::from_slice(&mend_surrogates(given.as_bytes())).expect("valid");
            assert_eq!(value["a"], expected, "{given}");
        }
    }

    #[test]
    fn events_without_fields_are_refused_one_by_one() {
        for raw in ["{}", "[]", "null", r#"{"event_id":1}"#, r#"{"event_id":"$a","room_id":"!r"}"#]
        {
            assert!(read(raw.as_bytes()).is_err(), "{raw}");
        }
        let least = r#"{"event_id":"$a","room_id":"!r","sender":"@a:b","type":"m.x"}"#;
        assert_eq!(read(least.as_bytes()).expect("enough").kind, "m.x");
    }
}
