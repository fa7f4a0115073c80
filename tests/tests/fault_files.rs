//! Files, both ways.

use serde_json::json;
use switchboard::{
    gateway::wire::{Attachment, FeedBody, FeedEntry, RefusalReason},
    media::{Kind, Unfit},
};
use switchboard_tests::{
    customer::{Customer, Failure, random_key},
    fake::Fault,
    scene::{Chat, Scene},
    wait::{DEADLINE, settle, until},
};

const JPEG: &[u8] = include_bytes!("../../bridge/src/media/fixtures/photo.jpg");
const PNG: &[u8] = include_bytes!("../../bridge/src/media/fixtures/photo.png");
const PDF: &[u8] = include_bytes!("../../bridge/src/media/fixtures/paper.pdf");
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";

async fn in_a_chat() -> (Scene, Chat) {
    let scene = Scene::with_anna_alone().await;
    let chat = scene.chat("Clara", &scene.anna).await;
    (scene, chat)
}

fn has_secret(file: &[u8]) -> bool {
    file.windows(6).any(|part| part == b"SECRET")
}

/// The files of an agent's message, if the entry is one.
fn files(entry: &FeedEntry) -> Option<&[Attachment]> {
    match &entry.body {
        FeedBody::Agent { files, .. } if !files.is_empty() => Some(files),
        _ => None,
    }
}

fn shown(customer: &Customer) -> Vec<String> {
    let entries = customer.feed();
    entries.iter().filter_map(files).flatten().map(|file| file.name.clone()).collect()
}

/// Messages of the ghost in the room, in order: texts, and names of files.
fn said(scene: &Scene, room: &str) -> Vec<(String, String)> {
    let events = scene.hs.events(room);
    let ghost = |sender: &str| sender.starts_with("@switchboard_c_");
    events
        .iter()
        .filter(|e| e.kind == "m.room.message" && ghost(&e.sender))
        .map(|e| {
            let text = |key: &str| e.content[key].as_str().unwrap_or_default().to_owned();
            (text("msgtype"), text("body"))
        })
        .collect()
}

fn notices(scene: &Scene, room: &str) -> Vec<String> {
    let events = scene.hs.events(room);
    let notices = events.iter().filter(|e| e.content["msgtype"] == "m.notice");
    notices.map(|e| e.body().to_owned()).collect()
}

fn unfit(failure: &Failure) -> Option<Unfit> {
    match failure {
        Failure::Status(_, Some(body)) => body.unfit,
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_files_come_after_their_text_and_without_metadata() {
    let (scene, chat) = in_a_chat().await;
    let http = &chat.customer.http;
    let (one, two) = (random_key(), random_key());
    let photo = http.upload(&one, "IMG 1.JPG", JPEG).await.unwrap();
    assert_eq!((photo.name.as_str(), photo.kind), ("IMG 1.jpg", Kind::Jpeg));
    http.upload(&two, "paper.pdf", PDF).await.unwrap();
    // Once more, because the answer was lost.
    assert_eq!(http.upload(&one, "IMG 1.JPG", JPEG).await.unwrap(), photo);
    let message = random_key();
    http.send_files(&message, "here they are", &[&one, &two]).await.unwrap();
    http.send_files(&message, "here they are", &[&one, &two]).await.unwrap();
    scene.comes_to_rest().await;
    let expected = [("m.text", "here they are"), ("m.image", "IMG 1.jpg"), ("m.file", "paper.pdf")];
    let expected = expected.map(|(kind, body)| (kind.to_owned(), body.to_owned()));
    assert_eq!(said(&scene, &chat.room), expected);
    let events = scene.hs.events(&chat.room);
    let image = events.iter().find(|e| e.content["msgtype"] == "m.image").unwrap();
    let stored = scene.hs.file_bytes(image.content["url"].as_str().unwrap()).unwrap();
    assert!(has_secret(JPEG) && !has_secret(&stored), "metadata does not reach agents");
    let info = json!({ "mimetype": "image/jpeg", "size": stored.len(), "w": 16, "h": 8 });
    assert_eq!(image.content["info"], info);
    chat.customer
        .wait_for("✓✓", |e| matches!(&e.body, FeedBody::Own { files, .. } if files.len() == 2))
        .await;
    until(DEADLINE, || {
        let own = chat
            .customer
            .feed()
            .iter()
            .rfind(|e| matches!(e.body, FeedBody::Own { .. }))
            .map(|e| e.seq);
        Some(chat.customer.live().delivered) == own
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_can_be_sent_before_there_is_a_room() {
    let scene = Scene::with_nobody_ready().await;
    let customer = Customer::arrives(&scene.bridge, "Early").await;
    let key = random_key();
    customer.http.upload(&key, "a.png", PNG).await.unwrap();
    customer.http.send_files(&random_key(), "", &[&key]).await.unwrap();
    scene.logs_on("anna").await;
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    scene.comes_to_rest().await;
    assert_eq!(said(&scene, &room), [("m.image".to_owned(), "a.png".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_customer_may_not_send_is_refused_with_the_reason() {
    let (scene, chat) = in_a_chat().await;
    let http = &chat.customer.http;
    let most = 20 * 1024 * 1024;
    let text = |length: usize| vec![b'a'; length];
    http.upload(&random_key(), "most.txt", text(most)).await.unwrap();
    for (name, file, status, why) in [
        ("more.txt", text(most + 1), 413, Unfit::TooLarge),
        ("drawing.png", SVG.to_vec(), 415, Unfit::Markup),
        ("invoice.pdf", b"MZ\x90\0\x03\0\0\0".to_vec(), 415, Unfit::Program),
    ] {
        let refused = http.upload(&random_key(), name, file).await.unwrap_err();
        assert_eq!((refused.status(), unfit(&refused)), (Some(status), Some(why)), "{name}");
    }
    // Nor files that are not there, or another chat's.
    let other = Customer::arrives(&scene.bridge, "Other").await;
    let theirs = random_key();
    other.http.upload(&theirs, "a.png", PNG).await.unwrap();
    for key in [theirs.as_str(), &random_key()] {
        let refused = http.send_files(&random_key(), "look", &[key]).await.unwrap_err();
        let Failure::Status(400, Some(body)) = refused else { panic!("{refused:?}") };
        assert_eq!(body.reason, Some(RefusalReason::Files));
        assert_eq!(http.link(key).await.unwrap_err().status(), Some(404));
    }
    assert!(said(&scene, &chat.room).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_files_reach_the_customer_in_order_and_without_metadata() {
    let (scene, chat) = in_a_chat().await;
    let hold = scene.hs.fault(Fault::on("GET", "/media/download/").holds());
    scene.anna.sends_file(&chat.room, "m.image", "photo.jpg", JPEG);
    scene.anna.says(&chat.room, "that was the photo");
    scene.anna.sends_file(&chat.room, "m.file", "paper.pdf", PDF);
    scene.hs.pushes_drained().await;
    settle().await;
    assert_eq!(chat.customer.agent_texts(), [""; 0], "nothing goes before the file");
    hold.release();
    let of_paper = |e: &FeedEntry| files(e).is_some_and(|f| f[0].name == "paper.pdf");
    chat.customer.wait_for("the paper", of_paper).await;
    assert_eq!(shown(&chat.customer), ["photo.jpg", "paper.pdf"]);
    let feed = chat.customer.feed();
    let photo = feed.iter().find_map(files).unwrap()[0].clone();
    let place = |wanted: &dyn Fn(&FeedEntry) -> bool| feed.iter().position(wanted).unwrap();
    let text = place(&|e| matches!(&e.body, FeedBody::Agent { files, .. } if files.is_empty()));
    assert!(place(&|e| files(e).is_some()) < text && text < place(&of_paper));

    let link = chat.customer.http.link(&photo.id).await.unwrap();
    let reply = chat.customer.http.follows(&link).await.unwrap();
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    assert!(header("cache-control").starts_with("private"));
    assert!(header("content-disposition").starts_with("inline"));
    assert!(!has_secret(&reply.bytes().await.unwrap()));
    let paper = feed.iter().rev().find_map(files).unwrap()[0].clone();
    let link = chat.customer.http.link(&paper.id).await.unwrap();
    let reply = chat.customer.http.follows(&link).await.unwrap();
    assert!(reply.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(reply.bytes().await.unwrap(), PDF);
    // A link is good for its file alone, and only as it was given.
    let mut forged = link.clone();
    forged.url = forged.url.replace(&paper.id, &photo.id);
    assert_eq!(chat.customer.http.follows(&forged).await.unwrap_err().status(), Some(404));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_may_not_send_never_reaches_the_customer() {
    let (scene, chat) = in_a_chat().await;
    let large = vec![b'a'; 20 * 1024 * 1024 + 1];
    for (kind, name, file, why) in [
        ("m.image", "drawing.svg", SVG.to_vec(), "HTML, SVG and XML"),
        ("m.file", "page.html", b"<!doctype html><p>hello".to_vec(), "HTML, SVG and XML"),
        ("m.file", "invoice.pdf", b"MZ\x90\0\x03\0\0\0".to_vec(), "programs and scripts"),
        (
            "m.file",
            "two.pdf",
            [PDF, b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\0\0"].concat(),
            "archives",
        ),
        ("m.file", "large.txt", large, "too large"),
        ("m.audio", "voice.ogg", b"OggS".to_vec(), "voice messages cannot be sent"),
        ("m.video", "film.mp4", b"film".to_vec(), "videos cannot be sent"),
    ] {
        scene.anna.sends_file(&chat.room, kind, name, file);
        let told = || {
            let notices = notices(&scene, &chat.room);
            notices.iter().any(|n| n.starts_with("Not sent to the customer") && n.contains(why))
        };
        until(DEADLINE, told).await;
    }
    scene.comes_to_rest().await;
    assert_eq!(shown(&chat.customer), [""; 0]);
    chat.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_file_of_a_batch_is_refused() {
    let (scene, chat) = in_a_chat().await;
    let names: Vec<String> = (1..=6).map(|n| format!("{n}.png")).collect();
    for name in &names {
        scene.anna.sends_file(&chat.room, "m.image", name, PNG);
    }
    until(DEADLINE, || shown(&chat.customer).len() == 5).await;
    scene.comes_to_rest().await;
    assert_eq!(shown(&chat.customer), names[..5]);
    let notices = notices(&scene, &chat.room);
    assert!(notices.iter().any(|n| n.contains("“6.png”") && n.contains("only five files")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_survive_restarts_on_either_side_of_the_check() {
    let (mut scene, chat) = in_a_chat().await;
    let key = random_key();
    chat.customer.http.upload(&key, "a.png", PNG).await.unwrap();
    let hold = scene.hs.fault(Fault::on("GET", "/media/download/").holds());
    scene.anna.sends_file(&chat.room, "m.image", "photo.jpg", JPEG);
    scene.anna.says(&chat.room, "and a word");
    scene.hs.pushes_drained().await;
    scene.bridge.kill9().await;
    hold.release();
    scene.bridge.starts().await;
    chat.customer.sees_text("and a word").await;
    assert_eq!(shown(&chat.customer), ["photo.jpg"]);
    chat.customer.http.send_files(&random_key(), "", &[&key]).await.unwrap();
    scene.comes_to_rest().await;
    assert_eq!(said(&scene, &chat.room), [("m.image".to_owned(), "a.png".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_back_in_time_is_never_shown() {
    let (scene, chat) = in_a_chat().await;
    let hold = scene.hs.fault(Fault::on("GET", "/media/download/").holds());
    let (event, _) = scene.anna.sends_file(&chat.room, "m.image", "photo.jpg", JPEG);
    scene.anna.says(&chat.room, "what waited for it");
    scene.anna.redacts(&chat.room, &event);
    chat.customer.sees_text("what waited for it").await;
    hold.release();
    scene.comes_to_rest().await;
    chat.works().await;
    assert_eq!(shown(&chat.customer), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_homeserver_has_lost_is_refused() {
    let (scene, chat) = in_a_chat().await;
    scene.hs.fault(Fault::on("GET", "/media/download/").replies(404, "M_NOT_FOUND"));
    scene.anna.sends_file(&chat.room, "m.image", "photo.jpg", JPEG);
    until(DEADLINE, || {
        notices(&scene, &chat.room).iter().any(|n| n.contains("the homeserver does not have it"))
    })
    .await;
    chat.works().await;
}
