//! The contents of the events that the bridge sends. Texts that people read are in here.

use serde_json::{Value, json};

use crate::media::StoredFile;

/// Where an event that we sent carries our effect's id.
pub const EFFECT_KEY: &str = "chat.switchboard.id";

/// Agents' events with this key are never relayed.
pub const PRIVATE_KEY: &str = "chat.switchboard.private";

/// A customer's message: plain text that mentions nobody but the agents who owe a reply.
#[must_use]
pub fn customer_text(text: &str, mentions: &[String], effect: &str) -> Value {
    let mentions = if mentions.is_empty() { json!({}) } else { json!({ "user_ids": mentions }) };
    json!({
        "msgtype": "m.text",
        "body": text,
        "m.mentions": mentions,
        EFFECT_KEY: effect,
    })
}

/// Another text for a customer's message: it mentions nobody (spec: event replacements).
#[must_use]
pub fn customer_edit(text: &str, event: &str, effect: &str) -> Value {
    json!({
        "msgtype": "m.text",
        "body": format!("* {text}"),
        "m.mentions": {},
        "m.new_content": { "msgtype": "m.text", "body": text, "m.mentions": {} },
        "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        EFFECT_KEY: effect,
    })
}

/// A customer's file.
#[must_use]
pub fn customer_file(file: &StoredFile, mentions: &[String], effect: &str) -> Value {
    let mut info = json!({ "mimetype": file.kind.mime(), "size": file.size });
    if let Some((width, height)) = file.pixels {
        info["w"] = json!(width);
        info["h"] = json!(height);
    }
    let mentions = if mentions.is_empty() { json!({}) } else { json!({ "user_ids": mentions }) };
    json!({
        "msgtype": if file.kind.is_image() { "m.image" } else { "m.file" },
        "body": file.name,
        "filename": file.name,
        "url": file.uri,
        "info": info,
        "m.mentions": mentions,
        EFFECT_KEY: effect,
    })
}

/// A notice of the bot. `html` is ours, with everything foreign escaped.
#[must_use]
pub fn notice(text: &str, html: Option<&str>, effect: &str) -> Value {
    let mut content = json!({
        "msgtype": "m.notice",
        "body": text,
        "m.mentions": {},
        EFFECT_KEY: effect,
    });
    if let Some(html) = html {
        content["format"] = json!("org.matrix.custom.html");
        content["formatted_body"] = json!(html);
    }
    content
}

/// Makes a message an answer (spec: rich replies, threading).
pub fn answer_to(content: &mut Value, event: &str, thread: Option<&str>) {
    let reply = json!({ "event_id": event });
    content["m.relates_to"] = match thread {
        Some(root) => json!({
            "rel_type": "m.thread", "event_id": root,
            "is_falling_back": false, "m.in_reply_to": reply,
        }),
        None => json!({ "m.in_reply_to": reply }),
    };
}

/// A file that the bot posts.
#[must_use]
pub fn file(name: &str, mime: &str, size: usize, uri: &str, effect: &str) -> Value {
    json!({
        "msgtype": "m.file",
        "body": name,
        "filename": name,
        "url": uri,
        "info": { "mimetype": mime, "size": size },
        "m.mentions": {},
        EFFECT_KEY: effect,
    })
}

/// A reaction of the bot, so that people see what they can press.
#[must_use]
pub fn reaction(event: &str, key: &str, effect: &str) -> Value {
    json!({
        "m.relates_to": { "rel_type": "m.annotation", "event_id": event, "key": key },
        EFFECT_KEY: effect,
    })
}

/// The member event of an invite. Element shows `io.element.html_reason` with its formatting.
#[must_use]
pub fn invite(reason: &str, html: &str, effect: &str) -> Value {
    json!({
        "membership": "invite",
        "reason": reason,
        "io.element.html_reason": html,
        EFFECT_KEY: effect,
    })
}

/// The member event of the bot's own invite.
#[must_use]
pub fn bot_invite(reason: &str, direct: bool, effect: &str) -> Value {
    json!({
        "membership": "invite",
        "reason": reason,
        "is_direct": direct,
        EFFECT_KEY: effect,
    })
}

/// Escapes text for HTML.
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
            '\n' => out.push_str("<br>"),
            _ => out.push(c),
        }
    }
    out
}

/// A span of time as people say it: "12 seconds", "3 minutes", "1 hour 5 minutes".
#[must_use]
pub fn spoken(span: switchboard_engine::Span) -> String {
    let unit = |n: u64, name: &str| format!("{n} {name}{}", if n == 1 { "" } else { "s" });
    let seconds = span.0 / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => unit(seconds, "second"),
        (0, m) => unit(m, "minute"),
        (h, 0) => unit(h, "hour"),
        (h, m) => format!("{} {}", unit(h, "hour"), unit(m, "minute")),
    }
}

#[cfg(test)]
mod tests {
    use switchboard_engine::Span;

    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        for (seconds, said) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (7_260, "2 hours 1 minute"),
        ] {
            assert_eq!(spoken(Span::seconds(seconds)), said);
        }
    }

    #[test]
    fn nothing_foreign_becomes_markup() {
        assert_eq!(escape("<b a=\"1\">'&\n"), "&lt;b a=&quot;1&quot;&gt;&#39;&amp;<br>");
    }
}
