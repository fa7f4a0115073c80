//! Everything as a file: given out, taken in, looked at before.

use switchboard_tests::{
    desk::{Desk, NO, YES},
    scene::Scene,
    wait::DEADLINE,
};

async fn office() -> (Scene, Desk) {
    let scene = Scene::with_nobody_ready().await;
    let admin = Desk::administrators(&scene, "admin").await;
    (scene, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_changed_and_imported() {
    let (scene, admin) = office().await;
    let file = admin.export().await;
    let import = |file: &str| format!("!config import\n```toml\n{file}\n```");
    admin.is_told(&import(&file), "nothing would change").await;
    let changed = file.replace("name = \"Support\"", "name = \"First aid\"");
    assert_ne!(file, changed);
    let dry = format!("!config import --dry-run\n{changed}");
    let told = admin.told(&dry).await;
    assert!(told.contains("First aid") && told.contains("dry run"), "{told}");
    assert_eq!(admin.export().await, file);

    let question = admin.is_told(&import(&changed), "Do it?").await;
    assert_eq!(admin.pressed(&question, NO).await, "Nothing was changed.");
    assert_eq!(admin.export().await, file);
    let told = admin.confirms(&import(&changed)).await;
    assert!(told.starts_with("Done") && told.contains("First aid"), "{told}");
    assert_eq!(admin.export().await, changed);
    admin.is_told("!audit 1", "First aid").await;

    // Something is changed between question and answer.
    let question = admin.is_told(&import(&file), "Do it?").await;
    admin.is_told("!config set --misses 4", "4").await;
    let told = admin.pressed(&question, YES).await;
    assert!(told.contains("Somebody else changed something"), "{told}");
    assert!(admin.export().await.contains("First aid"));

    // People of the file come, those who are not in it go.
    let with_cleo = admin.export().await.replace("@ben:localhost", "@cleo:localhost");
    let told = admin.confirms(&import(&with_cleo)).await;
    assert!(told.contains("@cleo:localhost"), "{told}");
    Desk::of(&scene.hs.agent("cleo")).await.card().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_mistakes_changes_nothing() {
    let (_scene, admin) = office().await;
    let file = admin.export().await;
    admin.is_told("!config import", "Paste the file below the command").await;
    admin.is_told("!config import --dry-run", "Paste the file below the command").await;
    for (wrong, part) in [
        (file.replace("id = \"support\"", "id = \"Support desk\""), "queues[0].id"),
        (file.replace("[[administrators]]\nid = \"@admin:localhost\"", ""), "administrator"),
        (file.replace("@anna:localhost", "anna"), "agents[0].id"),
        (file.replace("@anna:localhost", "@switchboard:localhost"), "agents[0].id"),
        ("queues = 7".to_owned(), "queues"),
        ("this is no file".to_owned(), "mistakes"),
        (format!("[[queues]]\nid = \"x\"\ncolour = \"blue\"\n{file}"), "colour"),
    ] {
        assert_ne!(wrong, file, "{part}");
        let told = admin.told(&format!("!config import\n{wrong}")).await;
        assert!(told.contains("mistakes") && told.contains(part), "{part}: {told}");
        assert_eq!(admin.export().await, file, "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_export_comes_as_a_file() {
    let scene = Scene::begins_with(|config| {
        let tables = (0..120).map(|n| {
            format!("[[messages]]\nid = \"m{n}\"\ntitle = \"Number {n}\"\ntext = \"Hello, \\\"you\\\", this is number {n}\"\n")
        });
        config.nobody_is_ready().tables(&tables.collect::<String>())
    })
    .await;
    let admin = Desk::administrators(&scene, "admin").await;
    let answer = admin.asks("!config export").await;
    assert_eq!(answer.content["msgtype"], "m.file");
    let uri = answer.content["url"].as_str().expect("an address");
    let file = scene.hs.file(uri).expect("it was uploaded");
    assert!(file.contains("number 119"), "{file}");
    // It is what can be imported.
    let told = admin.told(&format!("!config import\n{file}")).await;
    assert!(told.contains("nothing would change"), "{told}");
    // What people look at fits into an event, too.
    let list = admin.asks("!message list").await;
    assert!(list.body().contains("Number 0"));
    let question = admin.agent.says(&admin.room, "!audit 200");
    admin.agent.answer_to(&admin.room, &question, DEADLINE).await;
}
