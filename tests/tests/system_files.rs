//! Files between a customer and a real Matrix client, by a real Synapse. The same with a real browser
//! is in `browser/tests/attachments.spec.ts`.
#![recursion_limit = "256"]

use matrix_sdk::ruma::OwnedRoomId;
use switchboard::gateway::wire::{Attachment, FeedBody, FeedEntry};
use switchboard_tests::{
    agent::{Agent, Event},
    customer::{Customer, plain, random_key},
    demo::stack::{Stack, StackOptions},
    wait::{DEADLINE, until},
};

const JPEG: &[u8] = include_bytes!("../../bridge/src/media/fixtures/photo.jpg");
const PNG: &[u8] = include_bytes!("../../bridge/src/media/fixtures/photo.png");
const PDF: &[u8] = include_bytes!("../../bridge/src/media/fixtures/paper.pdf");
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0";
/// The end of an archive, which is all that a program for archives looks for.
const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0";

async fn in_a_chat(stack: &Stack, anna: &Agent, name: &str) -> (Customer, OwnedRoomId) {
    let addresses = stack.addresses();
    let customer = Customer::starts(&addresses.gateway, &addresses.site, Some(name)).await;
    customer.connects();
    customer.says("hello").await;
    let room = anna.next_request().await.expect("a request").room;
    anna.accept(&room).await.expect("anna joins");
    anna.text(&room, "hello").await.expect("anna reads");
    (customer, room)
}

fn files(entry: &FeedEntry) -> &[Attachment] {
    match &entry.body {
        FeedBody::Agent { files, .. } => files,
        _ => &[],
    }
}

fn names(customer: &Customer) -> Vec<String> {
    customer.feed().iter().flat_map(files).map(|file| file.name.clone()).collect()
}

fn has_secret(file: &[u8]) -> bool {
    file.windows(6).any(|part| part == b"SECRET")
}

#[tokio::test]
async fn files_pass_both_ways_and_what_may_not_be_sent_does_not() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
    let stack = stack.await.expect("everything starts");
    let anna = stack.agent(0).await.expect("anna logs in");
    anna.logs_on().await.expect("anna logs on");
    let (customer, room) = in_a_chat(&stack, &anna, "Clara").await;

    // From the agent, with what stands under it, and its change.
    let sent = anna.sends_file(&room, "photo.jpg", "image/jpeg", Some("look"), JPEG).await.unwrap();
    let entry = customer.wait_for("the photo", |entry| !files(entry).is_empty()).await;
    assert!(matches!(&entry.body, FeedBody::Agent { content, .. } if plain(content) == "look"));
    let photo = files(&entry)[0].clone();
    assert_eq!((photo.name.as_str(), photo.width), ("photo.jpg", Some(16)));
    let link = customer.http.link(&photo.id).await.unwrap();
    let bytes = customer.http.follows(&link).await.unwrap().bytes().await.unwrap();
    assert!(has_secret(JPEG) && !has_secret(&bytes), "metadata does not reach customers");
    assert_eq!(bytes.len() as u64, photo.size);
    anna.edit(&room, &sent, "look here").await.unwrap();
    let edited = |entry: &FeedEntry| matches!(&entry.body, FeedBody::Edited { content, .. } if plain(content) == "look here");
    customer.wait_for("the other caption", edited).await;

    // What may not be sent: the agent hears why, and the customer nothing.
    let large = vec![b'a'; 20 * 1024 * 1024 + 1];
    for (name, mime, file, why) in [
        ("drawing.svg", "image/svg+xml", SVG, "HTML, SVG and XML"),
        ("invoice.pdf", "application/pdf", EXE, "programs and scripts"),
        ("two.pdf", "application/pdf", &[PDF, ZIP].concat(), "archives"),
        ("large.txt", "text/plain", &large, "too large"),
    ] {
        anna.sends_file(&room, name, mime, None, file).await.unwrap();
        let told = |event: &Event| {
            let body = event.body();
            body.starts_with("Not sent to the customer")
                && body.contains(name)
                && body.contains(why)
        };
        anna.message(&room, name, told).await.expect("anna hears why");
    }
    let sixth = anna.sends_file(&room, "sixth.png", "image/png", None, PNG).await.unwrap();
    let too_many = |event: &Event| event.body().contains("only five files");
    anna.message(&room, "the reason", too_many).await.expect("anna hears why");
    anna.redact(&room, &sixth).await.unwrap();
    assert_eq!(names(&customer), ["photo.jpg"]);

    // From the customer: once, though it is sent twice.
    let key = random_key();
    for _ in 0..2 {
        customer.http.upload(&key, "IMG 1.JPG", JPEG).await.unwrap();
    }
    customer.http.send_files(&random_key(), "here it is", &[&key]).await.unwrap();
    anna.text(&room, "here it is").await.expect("the text comes first");
    let image = anna.message(&room, "the image", |event| event.body() == "IMG 1.jpg").await;
    let image = image.expect("and then the image");
    assert_eq!(image.content["msgtype"], "m.image");
    let received = anna.download(image.content["url"].as_str().unwrap()).await.unwrap();
    assert!(!received.is_empty() && !has_secret(&received), "nor agents");
    customer.says("and a word").await;
    anna.text(&room, "and a word").await.unwrap();
    let history = anna.history(&room).await.unwrap();
    assert_eq!(history.iter().filter(|event| event.body() == "IMG 1.jpg").count(), 1);

    // Five at once pass, in order.
    let (other, second) = in_a_chat(&stack, &anna, "Dora").await;
    let several: Vec<String> = (1..=6).map(|n| format!("{n}.png")).collect();
    for name in &several {
        anna.sends_file(&second, name, "image/png", None, PNG).await.unwrap();
    }
    anna.message(&second, "the reason", too_many).await.expect("anna hears why");
    until(DEADLINE, || names(&other).len() == 5).await;
    assert_eq!(names(&other), several[..5]);

    // What is removed, nobody gets any more.
    anna.redact(&room, &sent).await.unwrap();
    let gone = |entry: &FeedEntry| matches!(entry.body, FeedBody::Removed { .. });
    customer.wait_for("the removal", gone).await;
    assert_eq!(customer.http.link(&photo.id).await.unwrap_err().status(), Some(404));
    assert_eq!(customer.http.follows(&link).await.unwrap_err().status(), Some(404));
    stack.stop().await.unwrap();
}
