//! Files and a virus scanner, here one that is scripted and speaks the same protocol.

use switchboard::{gateway::wire::FeedBody, media::Unfit};
use switchboard_tests::{
    customer::{Failure, random_key},
    scanner::{Scanner, VIRUS},
    scene::{Chat, Scene},
    wait::{DEADLINE, settle, until},
};

async fn with_a_scanner() -> (Scene, Chat, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("clamd.ctl");
    let setting = format!("[files]\nscanner = \"unix:{}\"\n", socket.display());
    let scene = Scene::begins_with(|mut config| {
        config.more = setting;
        config.agents(&["anna"]).capacity(50)
    })
    .await;
    let chat = scene.chat("Clara", &scene.anna).await;
    (scene, chat, folder)
}

fn shown(chat: &Chat) -> usize {
    let feed = chat.customer.feed();
    feed.iter()
        .filter(|e| matches!(&e.body, FeedBody::Agent { files, .. } if !files.is_empty()))
        .count()
}

fn told(scene: &Scene, chat: &Chat, words: &str) -> bool {
    scene.hs.events(&chat.room).iter().any(|e| e.body().contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_scanner_finds_is_passed_on_to_nobody() {
    let (scene, chat, folder) = with_a_scanner().await;
    let scanner = Scanner::listens(&folder.path().join("clamd.ctl"));
    let http = &chat.customer.http;
    http.upload(&random_key(), "good.txt", "good").await.unwrap();
    let Failure::Status(415, Some(body)) =
        http.upload(&random_key(), "bad.txt", VIRUS).await.unwrap_err()
    else {
        panic!("not refused as it should be");
    };
    assert_eq!(body.unfit, Some(Unfit::Infected));
    scene.anna.sends_file(&chat.room, "m.file", "bad.txt", VIRUS);
    until(DEADLINE, || told(&scene, &chat, "the virus scanner found something")).await;
    scene.anna.sends_file(&chat.room, "m.file", "good.txt", "good");
    until(DEADLINE, || shown(&chat) == 1).await;
    assert_eq!(scanner.asked(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_wait_while_the_scanner_is_away_and_nothing_else_does() {
    let (scene, chat, folder) = with_a_scanner().await;
    let http = &chat.customer.http;
    let key = random_key();
    let refused = http.upload(&key, "a.txt", "good").await.unwrap_err();
    assert_eq!(refused.status(), Some(503));
    scene.anna.sends_file(&chat.room, "m.file", "a.txt", "good");
    scene.anna.says(&chat.room, "a word");
    // Others wait for it, but not for ever.
    until(DEADLINE * 3, || told(&scene, &chat, "has not been checked yet")).await;
    chat.customer.sees_text("a word").await;
    settle().await;
    assert_eq!(shown(&chat), 0);
    let _scanner = Scanner::listens(&folder.path().join("clamd.ctl"));
    until(DEADLINE * 3, || shown(&chat) == 1).await;
    http.upload(&key, "a.txt", "good").await.unwrap();
}
