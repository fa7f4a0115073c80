//! What people say to the bot where there is nobody else.

use super::*;

fn command(text: &str) -> Utterance {
    Utterance::Command(text.to_owned())
}

fn with_html(body: &str, html: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body,
        "format": "org.matrix.custom.html", "formatted_body": html })
}

fn reply(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body,
        "m.relates_to": { "m.in_reply_to": { "event_id": "$x" } } })
}

fn edit(new: &str) -> Value {
    json!({ "msgtype": "m.text", "body": format!("* {new}"),
        "m.new_content": { "msgtype": "m.text", "body": new },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } })
}

#[test]
fn only_a_persons_own_new_words_count() {
    for (name, content, expected) in [
        ("a command", text("!queue list"), command("queue list")),
        ("nothing more", text("!"), command("")),
        ("spaces about it", text(" \u{200b}! status \n"), command("status")),
        ("a full-width mark", text("\u{ff01}ready"), command("ready")),
        ("a client's slash", text("/ready"), command("ready")),
        ("a path", text("/etc/passwd"), Utterance::Other),
        ("an escaped mark", text("!!ready"), Utterance::Other),
        ("small talk", text("Good morning"), Utterance::Other),
        ("yes", text("Yes!"), Utterance::Answer(Answer::Yes)),
        ("a number", text("2."), Utterance::Answer(Answer::Number(2))),
        ("blanks", text(" \u{200b} "), Utterance::Nothing),
        ("nothing", text(""), Utterance::Nothing),
        ("a file", json!({ "msgtype": "m.file", "body": "!end" }), Utterance::Other),
        ("an emote", json!({ "msgtype": "m.emote", "body": "!end" }), Utterance::Other),
        ("a notice", json!({ "msgtype": "m.notice", "body": "!end" }), Utterance::Nothing),
        ("a redacted message", json!({}), Utterance::Nothing),
        ("an edit into a command", edit("!queue delete sales"), Utterance::EditedCommand),
        ("any other edit", edit("Good evening"), Utterance::Nothing),
        (
            "an edited notice",
            json!({ "msgtype": "m.notice", "body": "* !x",
                "m.new_content": { "msgtype": "m.notice", "body": "!x" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$x" } }),
            Utterance::Nothing,
        ),
        (
            "a quotation with an answer below",
            reply("> <@dan:localhost> !queue delete sales\n\nno"),
            Utterance::Answer(Answer::No),
        ),
        (
            "a quotation with small talk below",
            reply("> <@dan:localhost> !queue delete sales\n\nreally?"),
            Utterance::Other,
        ),
        ("nothing below a quotation", reply("> <@dan:localhost> !end"), Utterance::Nothing),
        ("a quotation by hand", text("> !queue delete sales"), Utterance::Other),
        ("a command below a quotation", reply("> <@a:b> hello\n\n!status"), command("status")),
    ] {
        assert_eq!(to_bot(&event(&content)), expected, "{name}");
    }
}

#[test]
fn who_is_mentioned_in_a_command_is_named_by_their_id() {
    let anna = "<a href=\"https://matrix.to/#/@anna:example.org\">Anna</a>";
    let encoded = "<a href=\"https://matrix.to/#/%40anna%3Aexample.org\">Anna</a>";
    let uri = "<a href=\"matrix:u/anna:example.org\">Anna</a>";
    for (name, body, html, expected) in [
        (
            "as Element sends it",
            "!agent add Anna",
            format!("!agent add {anna}"),
            "agent add @anna:example.org",
        ),
        (
            "percent-encoded",
            "!agent add Anna",
            format!("!agent add {encoded}"),
            "agent add @anna:example.org",
        ),
        (
            "a matrix URI",
            "!agent add Anna",
            format!("<p>!agent add {uri}</p>"),
            "agent add @anna:example.org",
        ),
        (
            "with options and quotes",
            "!agent add Anna --name \"Anna & co\" --capacity 4",
            format!("!agent add {anna} --name &quot;Anna &amp; co&quot; --capacity 4"),
            "agent add @anna:example.org --name \"Anna & co\" --capacity 4",
        ),
        (
            "several",
            "!x Anna Anna",
            format!("!x {anna} {uri}"),
            "x @anna:example.org @anna:example.org",
        ),
        (
            "below a quotation",
            "> <@dan:b> hello\n\n!agent add Anna",
            format!(
                "<mx-reply><blockquote><a href=\"https://matrix.to/#/@dan:b\">Dan</a></blockquote></mx-reply>!agent add {anna}"
            ),
            "agent add @anna:example.org",
        ),
        (
            "formatting without anybody",
            "!pause *now*",
            "!pause <em>now</em>".to_owned(),
            "pause *now*",
        ),
        (
            "a page",
            "!pause https://a.b",
            "!pause <a href=\"https://a.b\">x</a>".to_owned(),
            "pause https://a.b",
        ),
        ("other words in the formatted text", "!status", format!("Hello {anna}"), "status"),
    ] {
        let mut content = with_html(body, &html);
        if body.starts_with('>') {
            content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": "$x" } });
        }
        let event = event(&content);
        assert_eq!(to_bot(&event), command(expected), "{name}");
        let in_a_chat = classify(&event, RelatesTo::Nothing);
        assert_eq!(in_a_chat, Message::Command(expected.to_owned()), "{name}, in a chat");
    }
}
