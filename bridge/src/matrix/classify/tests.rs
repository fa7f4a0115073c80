//! What is for the customer, what is a command, and what is neither.

mod to_bot;

use serde_json::{Value, json};

use super::*;

fn event(content: &Value) -> RoomEvent {
    serde_json::from_value(json!({
        "event_id": "$e", "room_id": "!r", "sender": "@anna:localhost",
        "type": "m.room.message", "content": content,
    }))
    .expect("an event")
}

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

#[test]
fn commands_are_never_for_the_customer_in_any_disguise() {
    let command = |name: &str| Message::Command(name.to_owned());
    let formatted = |body: &str, html: &str| {
        json!({ "msgtype": "m.text", "body": body,
            "format": "org.matrix.custom.html", "formatted_body": html })
    };
    let reply = json!({ "m.in_reply_to": { "event_id": "$x" } });
    for (name, content, expected) in [
        ("plain", text("!end"), command("end")),
        ("spaces before", text("  \t\n !end"), command("end")),
        ("zero width", text("\u{200b}!end"), command("end")),
        ("byte order mark", text("\u{feff}\u{2060}!end"), command("end")),
        ("no-break space", text("\u{a0}!end"), command("end")),
        ("right-to-left mark", text("\u{200f}\u{202e}!end"), command("end")),
        ("NUL", text("\0!end"), command("end")),
        ("full width", text("\u{ff01}end"), command("end")),
        ("emote", json!({ "msgtype": "m.emote", "body": "!end" }), command("end")),
        ("formatted", formatted("end", "<p><b>!</b>end</p>"), command("end")),
        ("hidden body", formatted("!end", "<p>hello</p>"), command("end")),
        (
            "under a quotation",
            json!({ "msgtype": "m.text", "body": "> <@a:b> hello\n> there\n\n!end",
                "m.relates_to": reply }),
            command("end"),
        ),
        (
            "under a formatted quotation",
            json!({ "msgtype": "m.text", "body": "end", "format": "org.matrix.custom.html",
                "formatted_body": "<mx-reply><blockquote>x</blockquote></mx-reply>!end",
                "m.relates_to": reply }),
            command("end"),
        ),
        ("slash", text("/end"), Message::NotRelayed(Why::SlashCommand)),
        ("slash with words", text(" /END now"), Message::NotRelayed(Why::SlashCommand)),
        (
            "a caption",
            json!({ "msgtype": "m.image", "body": "!end", "filename": "a.png" }),
            Message::Silent,
        ),
        (
            "a formatted caption",
            json!({ "msgtype": "m.file", "body": "secret", "filename": "a.pdf",
                "format": "org.matrix.custom.html", "formatted_body": "<p>!secret</p>" }),
            Message::Silent,
        ),
        (
            "a formatted slash",
            formatted("end", "<p>\u{200b}/<i>end</i></p>"),
            Message::NotRelayed(Why::SlashCommand),
        ),
        ("a notice", json!({ "msgtype": "m.notice", "body": "!end" }), Message::Silent),
        (
            "marked private",
            json!({ "msgtype": "m.text", "body": "x", "chat.switchboard.private": true }),
            Message::Silent,
        ),
        ("redacted", json!({}), Message::Silent),
        ("only blanks", text(" \u{200b} "), Message::Silent),
    ] {
        assert_eq!(classify(&event(&content), RelatesTo::Nothing), expected, "{name}");
    }
}

#[test]
fn a_sticker_is_no_text_even_if_it_says_so() {
    let mut sticker = event(&text("hello"));
    sticker.kind = "m.sticker".into();
    let expected = Message::NotRelayed(Why::File);
    assert_eq!(classify(&sticker, RelatesTo::Nothing), expected);
}

#[test]
fn what_no_homeserver_would_take_is_not_relayed() {
    let half = "x".repeat(MAX_TEXT_BYTES / 2);
    let message = |kind: &str, html: &str| {
        event(&json!({ "msgtype": kind, "body": half, "formatted_body": html }))
    };
    let classify = |kind, html: &str| classify(&message(kind, html), RelatesTo::Nothing);
    let whole = Message::ForCustomer { text: half.clone(), html: None };
    assert_eq!(classify("m.text", &half), whole);
    let longer = format!("{half}x");
    for (kind, expected) in [
        ("m.text", Message::NotRelayed(Why::TooLong)),
        ("m.emote", Message::NotRelayed(Why::TooLong)),
        ("m.image", Message::NotRelayed(Why::TooLong)),
        ("m.notice", Message::Silent),
    ] {
        assert_eq!(classify(kind, &longer), expected, "{kind}");
    }
}

#[test]
fn the_rest_is_for_the_customer() {
    for (given, relayed) in [
        ("Hello!", "Hello!"),
        ("!!important", "!important"),
        (" !! three", "! three"),
        ("！！重要", "！重要"),
        ("\u{200b}！\u{200b}! four", "\u{200b}\u{200b}! four"),
        ("/ 2 = 4", "/ 2 = 4"),
        ("/home/anna is a path", "/home/anna is a path"),
        ("> not a reply", "> not a reply"),
        ("¡Hola!", "¡Hola!"),
    ] {
        let expected = Message::ForCustomer { text: relayed.to_owned(), html: None };
        assert_eq!(classify(&event(&text(given)), RelatesTo::Nothing), expected, "{given}");
    }
}

#[test]
fn only_the_fallback_of_a_reply_is_taken_off() {
    let reply = |body: &str| {
        event(&json!({ "msgtype": "m.text", "body": body,
            "m.relates_to": { "m.in_reply_to": { "event_id": "$x" } } }))
    };
    for (given, relayed) in [
        ("> <@a:b> hello\n> there\n\nyes", "yes"),
        ("> * <@a:b> waves\n\nyes", "yes"),
        ("> what the manual says", "> what the manual says"),
        ("> quoted\n\nand more", "> quoted\n\nand more"),
    ] {
        let expected = Message::ForCustomer { text: relayed.to_owned(), html: None };
        assert_eq!(classify(&reply(given), RelatesTo::Nothing), expected, "{given}");
    }
}

#[test]
fn other_kinds_of_messages_say_so() {
    for (kind, why) in [
        ("m.poll.start", Why::Poll),
        ("org.matrix.msc3381.poll.start", Why::Poll),
        ("m.call.invite", Why::Call),
        ("m.location", Why::Kind),
    ] {
        let mut event = event(&text("hello"));
        event.kind = kind.into();
        assert_eq!(classify(&event, RelatesTo::Nothing), Message::NotRelayed(why), "{kind}");
    }
}

#[test]
fn what_replies_to_the_bot_stays_with_the_bot() {
    for relation_to_it in [
        json!({ "m.in_reply_to": { "event_id": "$bot" } }),
        json!({ "rel_type": "m.thread", "event_id": "$bot" }),
        json!({ "rel_type": "m.thread", "event_id": "$bot", "is_falling_back": true,
            "m.in_reply_to": { "event_id": "$last" } }),
    ] {
        let mut content = text("certainly");
        content["m.relates_to"] = relation_to_it;
        let event = event(&content);
        assert!(relation(&event).contains(&"$bot"), "{content}");
        let expected = Message::NotRelayed(Why::ReplyToBot);
        assert_eq!(classify(&event, RelatesTo::Bot), expected, "{content}");
    }
}

#[test]
fn a_bare_yes_no_or_number_is_an_answer_in_any_disguise() {
    let formatted = |body: &str, html: &str| {
        json!({ "msgtype": "m.text", "body": body,
            "format": "org.matrix.custom.html", "formatted_body": html })
    };
    let reply = json!({ "msgtype": "m.text", "body": "> <@bot:b> End?\n\nyes",
        "m.relates_to": { "m.in_reply_to": { "event_id": "$bot" } } });
    for (content, expected) in [
        (text("yes"), Some(Answer::Yes)),
        (text(" OK! \n"), Some(Answer::Yes)),
        (text("\u{200b}yes"), Some(Answer::Yes)),
        (text("y\u{2060}es\u{feff}.\u{a0}"), Some(Answer::Yes)),
        (formatted("really", "<p>\u{200b}<b>Y</b>es.</p>"), Some(Answer::Yes)),
        (reply, Some(Answer::Yes)),
        (text("No."), Some(Answer::No)),
        (text("\u{202e}n"), Some(Answer::No)),
        (text("2"), Some(Answer::Number(2))),
        (text("\u{ff11}\u{200d}2."), Some(Answer::Number(u32::MAX))),
        (text("yes, gladly"), None),
        (text("2 euros"), None),
        (text("n o"), None),
        (text("not"), None),
        (text("..."), None),
        (text(""), None),
    ] {
        assert_eq!(answer(&event(&content)), expected, "{content}");
    }
}

#[test]
fn edits_are_judged_by_what_the_message_says_then() {
    let edit = |text: &str, html: Option<&str>| Message::Edit {
        target: "$x".to_owned(),
        text: text.to_owned(),
        html: html.map(str::to_owned),
    };
    for (name, content, expected) in [
        (
            "an edit into a command",
            json!({ "msgtype": "m.text", "body": "* !end",
                "m.new_content": { "msgtype": "m.text", "body": "!end" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::NotRelayed(Why::EditedCommand),
        ),
        (
            "an edit into a formatted command",
            json!({ "msgtype": "m.text", "body": "* secret",
                "m.new_content": { "msgtype": "m.text", "body": "secret",
                    "format": "org.matrix.custom.html", "formatted_body": "<b>!</b>secret" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::NotRelayed(Why::EditedCommand),
        ),
        (
            "any other edit",
            json!({ "msgtype": "m.text", "body": "* hello",
                "m.new_content": { "msgtype": "m.text", "body": "!!hello" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            edit("!hello", None),
        ),
        (
            "a formatted edit",
            json!({ "msgtype": "m.text", "body": "* hello",
                "m.new_content": { "msgtype": "m.text", "body": "hello",
                    "format": "org.matrix.custom.html", "formatted_body": "<b>hello</b>" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            edit("hello", Some("<b>hello</b>")),
        ),
        (
            "an edit that brings its quotation along",
            json!({ "msgtype": "m.text", "body": "* hello",
                "m.new_content": { "msgtype": "m.text", "body": "> <@a:b> secret\n\nhello" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            edit("hello", None),
        ),
        (
            "an edit into a client's command",
            json!({ "msgtype": "m.text", "body": "* x",
                "m.new_content": { "msgtype": "m.text", "body": "/end" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::NotRelayed(Why::SlashCommand),
        ),
        (
            "an edit into a notice",
            json!({ "msgtype": "m.text", "body": "* x",
                "m.new_content": { "msgtype": "m.notice", "body": "x" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::Silent,
        ),
        (
            "an edit that is marked as private",
            json!({ "msgtype": "m.text", "body": "* x",
                "m.new_content": { "msgtype": "m.text", "body": "x",
                    "chat.switchboard.private": {} },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::Silent,
        ),
        (
            "an edit into nothing that can be read",
            json!({ "msgtype": "m.text", "body": "* x",
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Message::NotRelayed(Why::Edit),
        ),
    ] {
        assert_eq!(classify(&event(&content), RelatesTo::Nothing), expected, "{name}");
    }
}
