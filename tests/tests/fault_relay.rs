//! What agents say to the bot or to each other never reaches the customer, in whatever disguise.

use serde_json::{Value, json};
use switchboard::gateway::wire::{EndedBy, FeedBody, FeedEntry};
use switchboard_tests::{
    scene::{Chat, Scene},
    wait::{DEADLINE, eventually, until},
};

/// In every text below that must not arrive.
const SECRET: &str = "secret";

fn text(body: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body })
}

fn formatted(body: &str, html: &str) -> Value {
    json!({ "msgtype": "m.text", "body": body,
        "format": "org.matrix.custom.html", "formatted_body": html })
}

fn with(mut content: Value, key: &str, value: Value) -> Value {
    content[key] = value;
    content
}

fn reply_to(event: &str) -> Value {
    json!({ "m.in_reply_to": { "event_id": event } })
}

fn edit_of(event: &str, body: &str, new: &str) -> Value {
    let relation = json!({ "rel_type": "m.replace", "event_id": event });
    let edit = with(text(body), "m.relates_to", relation);
    with(edit, "m.new_content", text(new))
}

/// Sends each, then a last plain message; when that is on the page, all before it were judged.
async fn page_after(chat: &Chat, contents: impl IntoIterator<Item = Value>) -> Vec<String> {
    for content in contents {
        chat.agent.sends(&chat.room, "m.room.message", content);
    }
    chat.agent.says(&chat.room, "that was all");
    chat.customer.sees_text("that was all").await;
    let feed = serde_json::to_string(&chat.customer.feed()).expect("the feed is JSON");
    assert!(!feed.to_lowercase().contains(SECRET), "the customer saw a secret: {feed}");
    chat.customer.agent_texts()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_in_disguise_are_not_relayed() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let question = chat.customer.says("what is the price?").await;
    assert!(!question.is_empty());
    let asked = chat.agent.sees_text(&chat.room, "what is the price?", DEADLINE).await;
    let said = chat.agent.says(&chat.room, "one moment");
    let id = asked.event_id.as_str();
    let quoted = format!("> <{}> what is the price?\n\n", asked.sender);
    let html_quoted = "<mx-reply><blockquote>what is the price?</blockquote></mx-reply>";
    let disguises = [
        text("!secret"),
        text(" !secret"),
        text("\n\t\r !secret"),
        text("\u{a0}!secret"),
        text("\u{3000}\u{2003}!secret"),
        text("\u{200b}!secret"),
        text("\u{feff}!secret"),
        text("\u{2060}\u{200d}\u{200c}!secret"),
        text("\u{202e}!secret"),
        text("\u{2066}!secret\u{2069}"),
        text("\u{ad}!secret"),
        text("\u{180e}!secret"),
        text("\u{e0001}\u{e0020}!secret"),
        text("\0!secret"),
        text("\u{1b}!secret"),
        text("\u{2800}!secret"),
        text("\u{3164}!secret"),
        text("\u{ff01}secret"),
        text("! secret"),
        text("!\u{200b}secret"),
        with(text("!secret"), "msgtype", "m.emote".into()),
        with(text("!secret"), "msgtype", "m.notice".into()),
        with(text("secret"), "msgtype", "org.example.unknown".into()),
        formatted("!secret", "hello"),
        formatted("!secret", "!secret"),
        formatted("secret", "!secret"),
        formatted("secret", "<p>!secret</p>"),
        formatted("secret", "<p> <b></b>\u{200b}<i>!</i>secret</p>"),
        formatted("secret", "&#33;secret"),
        formatted("secret", "&excl;secret"),
        formatted("secret", "<!-- x -->!secret"),
        formatted("secret", "<br>!secret"),
        formatted("secret", "<span data-mx-spoiler>!secret</span>"),
        formatted("secret", "<unknown>!secret</unknown>"),
        formatted("secret", "&nbsp;&#8203;!secret"),
        with(text(&format!("{quoted}!secret")), "m.relates_to", reply_to(id)),
        with(text(&format!("{quoted}\u{200b} !secret")), "m.relates_to", reply_to(id)),
        with(
            formatted(&format!("{quoted}secret"), &format!("{html_quoted}!secret")),
            "m.relates_to",
            reply_to(id),
        ),
        edit_of(&said, "* !secret", "!secret"),
        edit_of(&said, "!secret", "!secret"),
        edit_of(&said, "* secret", "!secret"),
        with(
            edit_of(&said, "* secret", "secret"),
            "m.new_content",
            formatted("secret", "<p>!secret</p>"),
        ),
        with(text("!secret"), "m.relates_to", json!({ "rel_type": "m.replace", "event_id": said })),
        with(text("secret"), "chat.switchboard.private", true.into()),
        with(text("secret"), "chat.switchboard.private", false.into()),
        json!({ "msgtype": "m.image", "body": "!secret", "filename": "a.png", "url": "mxc://localhost/a" }),
        with(formatted("secret", "<p>!secret</p>"), "msgtype", "m.image".into()),
        json!({ "msgtype": "m.file", "body": "secret.pdf", "url": "mxc://localhost/a" }),
        json!({ "msgtype": "m.audio", "body": "secret", "url": "mxc://localhost/a" }),
        json!({ "msgtype": "m.location", "body": "secret", "geo_uri": "geo:1,2" }),
        text("/invite @secret:localhost"),
        text(" \u{200b}/invite secret"),
        text("/END secret"),
        text("\u{ff0f}invite secret"),
        formatted("/private secret", "/private secret"),
        formatted("secret", "<p><b>/</b>private secret</p>"),
    ];
    let page = page_after(&chat, disguises).await;
    assert_eq!(page, ["one moment", "that was all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_the_customer_arrives_as_it_was_meant() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    chat.customer.says("what is the price?").await;
    let asked = chat.agent.sees_text(&chat.room, "what is the price?", DEADLINE).await;
    let quoted = format!("> <{}> what is the price?\n\n", asked.sender);
    let table = [
        (text("Hello!"), "Hello!"),
        (text("!!important"), "!important"),
        (text("¡Hola!"), "¡Hola!"),
        (text("/home/anna is a path"), "/home/anna is a path"),
        (text("and/or"), "and/or"),
        (text("> not a reply"), "> not a reply"),
        (text("line one\nline two"), "line one\nline two"),
        (text("<b>not bold</b>"), "<b>not bold</b>"),
        (text("👩‍👩‍👧 naïve שלום"), "👩‍👩‍👧 naïve שלום"),
        (formatted("bold", "<b>bold</b>"), "bold"),
        (
            with(text(&format!("{quoted}ten euros")), "m.relates_to", reply_to(&asked.event_id)),
            "ten euros",
        ),
    ];
    let expected: Vec<_> =
        table.iter().map(|(_, expected)| *expected).chain(["that was all"]).collect();
    let contents = table.iter().map(|(content, _)| content.clone());
    assert_eq!(page_after(&chat, contents).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_the_bot_stay_with_the_bot() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.anna.says(&chat.room, "!help");
    let bots = |e: &switchboard_tests::fake::Event| {
        e.sender == "@switchboard:localhost"
            && e.kind == "m.room.message"
            && e.body().contains("!end")
    };
    let help = scene.anna.sees(&chat.room, bots, DEADLINE).await;
    let thread = json!({ "rel_type": "m.thread", "event_id": help.event_id, "is_falling_back": true,
        "m.in_reply_to": { "event_id": help.event_id } });
    let contents = [
        with(text("secret reply"), "m.relates_to", reply_to(&help.event_id)),
        with(
            text("> <@switchboard:localhost> x\n\nsecret"),
            "m.relates_to",
            reply_to(&help.event_id),
        ),
        with(text("secret in a thread"), "m.relates_to", thread),
        with(
            text("secret in a thread without a reply"),
            "m.relates_to",
            json!({ "rel_type": "m.thread", "event_id": help.event_id }),
        ),
    ];
    assert_eq!(page_after(&chat, contents).await, ["that was all"]);
}

/// Asks the bot to end the chat and waits for its question. Gives the question's event.
async fn asks_to_end(scene: &Scene, chat: &Chat) -> String {
    let asked = |e: &switchboard_tests::fake::Event| {
        e.sender == "@switchboard:localhost" && e.body().contains("End the chat?")
    };
    let before = scene.hs.events(&chat.room).iter().filter(|e| asked(e)).count();
    chat.agent.says(&chat.room, "!end");
    let question = || scene.hs.events(&chat.room).iter().filter(|e| asked(e)).nth(before).cloned();
    let found = eventually(DEADLINE, || std::future::ready(question())).await;
    found.event_id.clone()
}

/// The bot's notices with this text.
fn notices(scene: &Scene, chat: &Chat, part: &str) -> usize {
    let by_bot = |e: &&std::sync::Arc<switchboard_tests::fake::Event>| {
        e.sender == "@switchboard:localhost" && e.body().contains(part)
    };
    scene.hs.events(&chat.room).iter().filter(by_bot).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_asked_agent_answers_is_for_the_bot_alone() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let refusals = [
        text("no"),
        text("No."),
        text(" N! "),
        text("\u{200b}no"),
        text("\u{202e}n\u{2060}o\u{feff}"),
        formatted("no", "<p>no</p>"),
        formatted("rather not", "<p>\u{200b}<b>N</b>o.</p>"),
        formatted("no", "<p>rather not</p>"),
        with(text("no"), "msgtype", "m.emote".into()),
    ];
    for (n, refusal) in refusals.into_iter().enumerate() {
        asks_to_end(&scene, &chat).await;
        for number in ["2", "\u{200b}2", "17."] {
            chat.agent.says(&chat.room, number);
        }
        chat.agent.sends(&chat.room, "m.room.message", refusal.clone());
        until(DEADLINE, || notices(&scene, &chat, "The chat goes on.") == n + 1).await;
        assert_eq!(notices(&scene, &chat, "with yes or no"), 3 * (n + 1), "{refusal}");
    }
    let question = asks_to_end(&scene, &chat).await;
    let quoted = "> <@switchboard:localhost> The customer is still connected.\n> End it?\n\nNo.";
    let reply = with(text(quoted), "m.relates_to", reply_to(&question));
    chat.agent.sends(&chat.room, "m.room.message", reply);
    until(DEADLINE, || notices(&scene, &chat, "The chat goes on.") == 10).await;
    chat.page_has(&Vec::<String>::new()).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_the_question_ends_the_chat_and_is_not_relayed() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).capacity(10)).await;
    let formatted_yes = formatted("certainly", "<p>Yes!</p>");
    for yes in [text("yes"), text("OK."), text("\u{200b}yes"), formatted_yes] {
        let chat = scene.chat("Carla", &scene.anna).await;
        asks_to_end(&scene, &chat).await;
        chat.agent.sends(&chat.room, "m.room.message", yes);
        let ended = |e: &FeedEntry| matches!(e.body, FeedBody::Ended { by: EndedBy::Agent });
        chat.customer.wait_for("the end", ended).await;
        assert_eq!(chat.customer.agent_texts(), Vec::<String>::new());
    }
    // As a reply to the question, with and without the quotation of older clients.
    for body in ["yes", "> <@switchboard:localhost> End the chat?\n\nyes"] {
        let chat = scene.chat("Carla", &scene.anna).await;
        let question = asks_to_end(&scene, &chat).await;
        let reply = with(text(body), "m.relates_to", reply_to(&question));
        chat.agent.sends(&chat.room, "m.room.message", reply);
        let ended = |e: &FeedEntry| matches!(e.body, FeedBody::Ended { by: EndedBy::Agent });
        chat.customer.wait_for("the end", ended).await;
        assert_eq!(chat.customer.agent_texts(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_of_somebody_else_or_too_late_is_for_the_customer() {
    let mut scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    scene.anna.invites(&chat.room, &scene.ben.id);
    scene.ben.joins(&chat.room);
    chat.customer.sees_joined("Ben").await;
    asks_to_end(&scene, &chat).await;
    scene.ben.says(&chat.room, "yes");
    scene.ben.says(&chat.room, "2");
    chat.page_has(&["yes", "2"]).await;

    // Three minutes later the question is over.
    asks_to_end(&scene, &chat).await;
    let later = (3 * 60 * 1000).to_string();
    scene.bridge.config =
        scene.bridge.config.clone().environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &later);
    scene.bridge.restart().await;
    for answer in ["yes", "No.", "2"] {
        scene.anna.says(&chat.room, answer);
    }
    chat.page_has(&["yes", "2", "yes", "No.", "2"]).await;
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_no_messages_are_not_relayed() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    for kind in [
        "m.room.encrypted",
        "m.sticker",
        "m.call.invite",
        "org.matrix.msc3381.poll.start",
        "chat.switchboard.predefined",
        "org.example.anything",
    ] {
        let content = json!({ "msgtype": "m.text", "body": "secret", "ciphertext": "secret" });
        scene.anna.sends(&chat.room, kind, content);
    }
    assert_eq!(page_after(&chat, []).await, ["that was all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bots_notices_and_other_customers_reach_no_customer() {
    let scene = Scene::with_anna_alone().await;
    let (carla, dora) =
        (scene.chat("Carla", &scene.anna).await, scene.chat("Dora", &scene.anna).await);
    dora.customer.says("my secret").await;
    dora.agent.sees_text(&dora.room, "my secret", DEADLINE).await;
    scene.anna.says(&dora.room, "your secret is safe");
    dora.customer.sees_text("your secret is safe").await;
    assert_eq!(page_after(&carla, []).await, ["that was all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_write_is_never_obeyed() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Carla", &scene.anna).await;
    let lines = ["!end", "!help", "/end", "yes", "✅", "@room !end", "!private x", "<b>!end</b>"];
    for line in lines {
        chat.customer.says(line).await;
    }
    scene.room_has(&chat.room, &lines).await;
    let bots = scene.hs.events(&chat.room);
    let answered = bots.iter().filter(|e| {
        e.sender == "@switchboard:localhost"
            && e.kind == "m.room.message"
            && (e.body().contains("!end") || e.body().contains("no such command"))
    });
    assert_eq!(answered.count(), 0, "the bot answered a customer's command");
    let first = bots.iter().find(|e| e.body() == "<b>!end</b>").expect("it is in the room");
    assert!(first.content.get("formatted_body").is_none(), "customers write plain text");
    chat.works().await;
}
