//! Edits, removals, replies and reactions between a customer and a real Matrix client, by a real
//! Synapse. The same with a real browser is in `browser/tests/mirror.spec.ts`.
#![recursion_limit = "256"]

use serde_json::json;
use switchboard::gateway::wire::{ClientFrame, FeedBody, FeedEntry};
use switchboard_tests::{
    agent::Event,
    customer::{Customer, plain, random_key},
    demo::stack::{Stack, StackOptions},
};

fn from_ghost(event: &Event) -> bool {
    event.sender.starts_with("@switchboard_c_")
}

#[tokio::test]
async fn what_either_side_changes_changes_for_the_other() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
    let stack = stack.await.expect("everything starts");
    let anna = stack.agent(0).await.expect("anna logs in");
    anna.logs_on().await.expect("anna logs on");
    let addresses = stack.addresses();
    let customer = Customer::starts(&addresses.gateway, &addresses.site, Some("Clara")).await;
    customer.connects();
    customer.says("helo").await;
    let room = anna.next_request().await.expect("a request").room;
    anna.accept(&room).await.expect("anna joins");
    let question = anna.text(&room, "helo").await.expect("anna reads");
    let entry = |text: &'static str| move |e: &FeedEntry| matches!(&e.body, FeedBody::Own { text: t, .. } if t == text);
    let own = customer.wait_for("the own message", entry("helo")).await.seq;

    // The agent's changes on the page.
    let said = anna.say(&room, "godo morning").await.unwrap();
    let shown = customer.sees_text("godo morning").await.seq;
    anna.edit(&room, &said, "good morning").await.unwrap();
    customer
        .wait_for("the edit", |entry| {
            matches!(&entry.body, FeedBody::Edited { target, content, .. }
                if *target == shown && plain(content) == "good morning")
        })
        .await;
    let reaction = anna.react(&room, question.id.as_str(), "👍").await.unwrap();
    let reacted = |there: bool| {
        move |entry: &FeedEntry| {
            matches!(&entry.body, FeedBody::Reaction { target, by: Some(_), on, .. }
                if *target == own && *on == there)
        }
    };
    customer.wait_for("the reaction", reacted(true)).await;
    anna.redact(&room, &reaction).await.unwrap();
    customer.wait_for("its end", reacted(false)).await;
    anna.reply(&room, &question.id, "as you say").await.unwrap();
    let answer = customer.sees_text("as you say").await;
    assert!(
        matches!(answer.body, FeedBody::Agent { reply_to: Some(to), .. } if to == own),
        "{answer:?}"
    );
    let slip = anna.say(&room, "a slip").await.unwrap();
    let slipped = customer.sees_text("a slip").await.seq;
    anna.redact(&room, &slip).await.unwrap();
    customer
        .wait_for(
            "the removal",
            |entry| matches!(entry.body, FeedBody::Removed { target, .. } if target == slipped),
        )
        .await;

    // The customer's changes in the room.
    let edit = ClientFrame::Edit { key: random_key(), target: own, text: "@room hello".into() };
    customer.http.change(&edit).await.expect("it is taken");
    let relates = |event: &Event, kind: &str| {
        from_ghost(event) && event.content["m.relates_to"]["rel_type"] == json!(kind)
    };
    let edited = anna.event(&room, |event| relates(event, "m.replace")).await;
    assert_eq!(edited.content["m.relates_to"]["event_id"], json!(question.id));
    assert_eq!(edited.content["m.mentions"], json!({}));
    let react =
        |on| ClientFrame::React { key: random_key(), target: shown, emoji: "🎉".to_owned(), on };
    customer.http.change(&react(true)).await.expect("it is taken");
    let reaction = anna.event(&room, |event| relates(event, "m.annotation")).await;
    assert_eq!(reaction.content["m.relates_to"]["event_id"], json!(said));
    customer.http.change(&react(false)).await.expect("it is taken");
    let redacts = |event: &Event, what: &str| {
        from_ghost(event)
            && event.kind == "m.room.redaction"
            && event.content["redacts"] == json!(what)
    };
    anna.event(&room, |event| redacts(event, reaction.id.as_str())).await;
    let remove = ClientFrame::Remove { key: random_key(), target: own };
    customer.http.change(&remove).await.expect("it is taken");
    anna.event(&room, |event| redacts(event, question.id.as_str())).await;
    stack.stop().await.unwrap();
}
