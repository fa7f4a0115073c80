//! Edits, removals, replies and reactions, as both sides see them.

use serde_json::{Value, json};
use switchboard::gateway::wire::{ClientFrame, FeedBody, FeedEntry};
use switchboard_tests::{
    customer::{Failure, plain, random_key},
    scene::Scene,
    wait::{DEADLINE, until},
};

fn edit_of(event: &str, text: &str) -> Value {
    json!({
        "msgtype": "m.text", "body": format!("* {text}"),
        "m.new_content": { "msgtype": "m.text", "body": text },
        "m.relates_to": { "rel_type": "m.replace", "event_id": event },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_change_changes_on_the_page() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    let said = chat.agent.says(&chat.room, "helo");
    let shown = chat.customer.sees_text("helo").await.seq;

    chat.agent.sends(&chat.room, "m.room.message", edit_of(&said, "hello"));
    chat.customer
        .wait_for("the edit", |entry| {
            matches!(&entry.body, FeedBody::Edited { target, content, .. }
                if *target == shown && plain(content) == "hello")
        })
        .await;
    let reaction = chat.agent.reacts(&chat.room, &said, "👍");
    let is_reaction = |entry: &FeedEntry, there: bool| {
        matches!(&entry.body, FeedBody::Reaction { target, emoji, by: Some(_), on, .. }
            if *target == shown && emoji == "👍" && *on == there)
    };
    chat.customer.wait_for("the reaction", |entry| is_reaction(entry, true)).await;
    chat.agent.redacts(&chat.room, &reaction);
    chat.customer.wait_for("its end", |entry| is_reaction(entry, false)).await;

    let mut answer = json!({ "msgtype": "m.text", "body": "as I said" });
    answer["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": said } });
    chat.agent.sends(&chat.room, "m.room.message", answer);
    let answer = chat.customer.sees_text("as I said").await;
    let FeedBody::Agent { reply_to, .. } = answer.body else { panic!("{answer:?}") };
    assert_eq!(reply_to, Some(shown));

    chat.agent.redacts(&chat.room, &said);
    chat.customer
        .wait_for(
            "the removal",
            |entry| matches!(entry.body, FeedBody::Removed { target, .. } if target == shown),
        )
        .await;
    let told = |e: &switchboard_tests::fake::Event| {
        e.body().contains("is removed from the customer's page")
    };
    chat.agent.sees(&chat.room, told, DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_change_changes_in_the_room() {
    let scene = Scene::begins().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    let said = chat.agent.says(&chat.room, "how are you?");
    let question = chat.customer.sees_text("how are you?").await.seq;
    let key = random_key();
    let text = "@room @anna:localhost hello".to_owned();
    chat.customer.sends_frame(ClientFrame::Send {
        key: key.clone(),
        text: text.clone(),
        email: None,
        reply_to: Some(question),
        files: Vec::new(),
    });
    let own = |entry: &FeedEntry| matches!(&entry.body, FeedBody::Own { key: k, .. } if *k == key);
    let own = chat.customer.wait_for("the message", own).await.seq;
    let event = chat.agent.sees_text(&chat.room, &text, DEADLINE).await;
    assert_eq!(event.content["m.relates_to"]["m.in_reply_to"]["event_id"], json!(said));
    // Whoever waits for a reply is mentioned, but nobody because of what the customer writes.
    assert_eq!(event.content["m.mentions"], json!({ "user_ids": [chat.agent.id] }));

    let target = own;
    let edit = |key: &str, text: &str| ClientFrame::Edit {
        key: key.to_owned(),
        target,
        text: text.to_owned(),
    };
    let first = random_key();
    // The same change twice is one.
    for _ in 0..2 {
        chat.customer.http.change(&edit(&first, "@room hello!")).await.expect("it is taken");
    }
    let is_edit = |e: &switchboard_tests::fake::Event| {
        e.content["m.relates_to"]["rel_type"] == json!("m.replace")
    };
    let edited = chat.agent.sees(&chat.room, is_edit, DEADLINE).await;
    assert_eq!(edited.sender, event.sender);
    assert_eq!(edited.content["m.relates_to"]["event_id"], json!(event.event_id));
    assert_eq!(edited.content["m.new_content"]["body"], json!("@room hello!"));
    assert_eq!(edited.content["m.mentions"], json!({}));
    assert_eq!(edited.content["m.new_content"]["m.mentions"], json!({}));

    // Over the socket as well.
    let react =
        |on| ClientFrame::React {
            key: random_key(), target: question, emoji: "👍".to_owned(), on
        };
    chat.customer.sends_frame(react(true));
    let reaction = chat.agent.sees(&chat.room, |e| e.kind == "m.reaction", DEADLINE).await;
    assert_eq!(reaction.content["m.relates_to"]["event_id"], json!(said));
    assert_eq!(reaction.content["m.relates_to"]["key"], json!("👍"));
    chat.customer.sends_frame(react(false));
    let redacts = |id: String| {
        move |e: &switchboard_tests::fake::Event| {
            e.kind == "m.room.redaction" && e.content["redacts"] == json!(id)
        }
    };
    chat.agent.sees(&chat.room, redacts(reaction.event_id.clone()), DEADLINE).await;
    chat.customer
        .http
        .change(&ClientFrame::Remove { key: random_key(), target })
        .await
        .expect("it is taken");
    chat.agent.sees(&chat.room, redacts(event.event_id.clone()), DEADLINE).await;
    scene.comes_to_rest().await;
    let edits = chat.agent.timeline(&chat.room).iter().filter(|e| is_edit(e)).count();
    assert_eq!(edits, 1);

    // An agent's message is not the customer's to change.
    for frame in [
        ClientFrame::Edit { key: random_key(), target: question, text: "mine".to_owned() },
        ClientFrame::Remove { key: random_key(), target: question },
        ClientFrame::Remove { key: random_key(), target: 1 },
        ClientFrame::Remove { key: random_key(), target: 0 },
        ClientFrame::React { key: random_key(), target: 999, emoji: "👍".to_owned(), on: true },
    ] {
        let refused = chat.customer.http.change(&frame).await;
        assert!(matches!(refused, Err(Failure::Status(409, _))), "{frame:?}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_what_is_still_under_way_arrive_once_and_in_order() {
    let mut scene = Scene::begins().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    // None of these events is known when the next is decided.
    let newest = chat.customer.feed().len() as u64;
    chat.customer.says("one").await;
    until(DEADLINE, || chat.customer.feed().len() as u64 > newest).await;
    let target = newest + 1;
    let edits = ["edit 0", "edit 1", "edit 2"];
    for text in edits {
        let frame = ClientFrame::Edit { key: random_key(), target, text: text.to_owned() };
        chat.customer.http.change(&frame).await.expect("it is taken");
    }
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    chat.customer.is_connected().await;
    chat.works().await;
    scene.comes_to_rest().await;
    let timeline = chat.agent.timeline(&chat.room);
    let texts: Vec<&str> = timeline
        .iter()
        .filter(|e| e.content["m.relates_to"]["rel_type"] == json!("m.replace"))
        .filter_map(|e| e.content["m.new_content"]["body"].as_str())
        .collect();
    assert_eq!(texts, edits);
    assert_eq!(timeline.iter().filter(|e| e.body() == "one").count(), 1);
}
