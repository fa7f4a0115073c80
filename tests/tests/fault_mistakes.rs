//! What goes wrong with commands: everything is refused with a reason or ignored, and nothing changes.

use serde_json::json;
use switchboard_tests::{
    customer::Customer,
    desk::Desk,
    scene::Scene,
    wait::{DEADLINE, until},
};

const TABLES: &str = "[[queues]]\nid = \"sales\"\nname = \"Sales\"\n\
    overflow = { to = \"queue:support\", after_seconds = 60 }\n\
    [[queues]]\nid = \"spare\"\nname = \"Spare\"\n\
    [[supervisors]]\nid = \"@carla:localhost\"\nqueues = [\"sales\"]\n";

/// What many would like, and an administrator may.
const WISH: &str = "!queue delete spare";

async fn office() -> (Scene, Desk) {
    let scene = Scene::begins_with(|config| config.nobody_is_ready().tables(TABLES)).await;
    let admin = Desk::administrators(&scene, "admin").await;
    (scene, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_and_changes_nothing() {
    let (_scene, admin) = office().await;
    let before = admin.export().await;
    let mut wrong: Vec<String> = Vec::new();
    for (command, told) in [
        // Names.
        ("!queue show salse", "there is no queue `salse`; did you mean `sales`?"),
        ("!queue set nothing --name X", "there is no queue `nothing`"),
        ("!queue add sales", "exists already"),
        ("!queue add Sales", "Nothing was changed"),
        ("!queue add \"two words\"", "Nothing was changed"),
        ("!queue add été", "Nothing was changed"),
        ("!queue add ''", "Nothing was changed"),
        ("!queue add", "`ID` is missing"),
        ("!queue set s --name X", "there is no queue `s`; there are: `support`, `sales`, `spare`"),
        ("!queue set sales --name \"\"", "Nothing was changed"),
        ("!queue set sales", "say what to set"),
        ("!queue set sales --name Sales", "nothing to change"),
        ("!queue set sales --name \"Sales", "has no end"),
        ("!queue set sales --colour blue", "there is no option `--colour`"),
        ("!queue set sales --nam X Y", "`Y` is too much"),
        // Numbers and times.
        ("!queue set sales --max-length -1", "cannot be negative"),
        ("!queue set sales --max-length 0", "Nothing was changed"),
        ("!queue set sales --max-length 99999999999999999999", "whole number"),
        ("!queue set sales --max-length many", "whole number"),
        ("!queue set sales --request-timeout -5s", "cannot be negative"),
        ("!queue set sales --request-timeout 1000000h", ""),
        ("!queue set sales --request-timeout 0s", "Nothing was changed"),
        ("!queue set sales --request-timeout soon", "`--request-timeout`"),
        ("!queue set sales --strategy random", "`--strategy`"),
        ("!agent add @cleo:localhost --name Cleo --capacity 0", "Nothing was changed"),
        ("!agent add @cleo:localhost --name Cleo --capacity 1e9", "whole number"),
        ("!agent add cleo --name Cleo", "Nothing was changed"),
        ("!agent add @switchboard:localhost --name Bot", "Nothing was changed"),
        ("!agent add @switchboard_c_1:localhost --name Ghost", "Nothing was changed"),
        ("!agent add @anna:localhost --name Again", "exists already"),
        ("!agent add @cleo:localhost --profiles none", "none"),
        ("!config set --misses -1", "cannot be negative"),
        ("!config set --misses 1.5", "whole number"),
        ("!audit 0", "between 1 and 200"),
        ("!audit 1000", "between 1 and 200"),
        ("!chat 4294967296000000000000", "no chat's number"),
        ("!chat -1", ""),
        ("!chat 77", "no chat 77"),
        ("!stats yesterday", "today"),
        // Hours and time zones.
        ("!config set --time-zone Europe/Atlantis", "Europe/Atlantis"),
        ("!queue hours set sales mon 09:00-17:00 --time-zone Mars/Olympus", "Mars/Olympus"),
        ("!queue hours set sales mon 09:00-12:00,11:00-15:00", "overlap"),
        ("!queue hours set sales mon-fri 09:00-17:00 fri 10:00-11:00", "Nothing was changed"),
        ("!queue hours set sales mon 17:00-09:00", ""),
        ("!queue hours set sales mon 09:00-25:00", "25:00"),
        ("!queue hours set sales someday 09:00-10:00", "someday"),
        ("!queue hours set sales", "say the hours"),
        ("!queue hours add-exception sales 2026-02-30 closed", "2026-02-30"),
        ("!queue hours remove-exception sales 2026-12-24", "has no exception on 2026-12-24"),
        // Circles, and what is in use.
        (
            "!queue set support --overflow sales --overflow-after 1m",
            "would go round: support → sales → support",
        ),
        ("!queue set sales --overflow sales --overflow-after 1m", "Nothing was changed"),
        ("!queue set sales --overflow nowhere", "nowhere"),
        ("!queue delete support", "is used by"),
        ("!queue delete sales --move-to sales", "cannot go to the queue that is deleted"),
        ("!queue delete sales --move-to nowhere", "there is no queue `nowhere`"),
        ("!site delete nothing", "there is no site `nothing`"),
        ("!site add help", "Nothing was changed"),
        ("!site set shop --origins shop.example", "Nothing was changed"),
        ("!site set shop --colour red", "Nothing was changed"),
        ("!site text shop \"two words\" hello", "Nothing was changed"),
        ("!site key remove shop k9", "k9"),
        ("!site key add shop --algorithm eddsa", "--public-key"),
        ("!site key add shop --algorithm eddsa --public-key xyz", "Nothing was changed"),
        // Profiles, roles and messages.
        ("!profile add empty", "QUEUE"),
        ("!profile add empty \"\"", ""),
        ("!profile add few sales,sales", "Nothing was changed"),
        ("!profile add few sales:0", ""),
        ("!profile add few sales:10", ""),
        ("!profile add few nowhere", "there is no queue `nowhere`"),
        ("!profile delete all", "there is no profile `all`"),
        ("!role remove admin administrator", "only administrator"),
        ("!role add @x:localhost emperor", "supervisor or administrator"),
        ("!role add @x:localhost agent", "!agent add"),
        ("!role add nobody supervisor", "Nothing was changed"),
        ("!message add hello", "say what it says"),
        ("!message add hello --text \"{{customer.nam}}\"", "customer.nam"),
        ("!message add hello --text \"{{oops\"", "Nothing was changed"),
        ("!message show nothing", "there is no"),
        // Commands.
        ("!qeue list", "did you mean `!queue`?"),
        ("!queue lsit", "did you mean `!queue list`?"),
        ("!xyzzy", "there is no command `!xyzzy`"),
        ("!queue", "!queue add"),
        ("!`; DROP TABLE queues; --", "there is no command"),
        ("!a", "can be"),
    ] {
        let answer = admin.told(command).await;
        let does = answer.starts_with("Done") || answer.contains("Do it?");
        if does || !answer.contains(told) {
            wrong.push(format!("{command}: no {told:?} in {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(admin.export().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_can_have_quotes_and_any_letters() {
    let (_scene, admin) = office().await;
    for (name, command) in [
        ("Ünïcode 名前 😀", "!queue set sales --name \"Ünïcode 名前 😀\""),
        ("O'Neil's “best”", "!queue set sales --name \"O'Neil's \\“best\\”\""),
        ("<b>&amp;</b> `code` **x**", "!queue set sales --name '<b>&amp;</b> `code` **x**'"),
        ("--name", "!queue set sales --name=\"--name\""),
    ] {
        let told = admin.asks(command).await;
        assert!(told.body().starts_with("Done"), "{command}: {}", told.body());
        let html = told.content["formatted_body"].as_str().unwrap_or_default();
        assert!(!html.contains("<b>&amp;</b>"), "{html}");
        let file = admin.export().await;
        let written = format!("name = {}", toml_string(name));
        assert!(
            file.contains(&written) || file.contains(&format!("name = '{name}'")),
            "{name}: {file}"
        );
        admin.is_told(&format!("!config import\n{file}"), "nothing would change").await;
    }
    // What turns the direction of writing cannot be smuggled in.
    admin.told("!queue set sales --name \"a\u{202e}b\"").await;
    assert!(!admin.told("!queue list").await.contains('\u{202e}'));
}

fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_chats_is_only_deleted_if_they_have_somewhere_to_go() {
    let (scene, admin) = office().await;
    let customer = Customer::arrives(&scene.bridge, "Clara").await;
    scene.comes_to_rest().await;
    let before = admin.export().await;
    admin.is_told("!queue delete support", "--move-to").await;
    assert_eq!(admin.export().await, before);
    let question = admin.is_told("!queue delete support --move-to spare", "Do it?").await;
    assert!(question.body().contains("The chats of queue `support` would go to `spare`"));
    let done = admin.pressed(&question, "✅").await;
    assert!(done.contains("The chats of queue `support` go to queue `spare`"), "{done}");
    admin.is_told("!waiting spare", "Clara").await;
    let anna = Desk::ready(&scene.anna).await;
    scene.anna.joins(&scene.anna.next_request(DEADLINE).await);
    customer.sees_joined("Anna").await;
    anna.is_told("!status", "Spare").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_refused_or_not_heard() {
    let (scene, admin) = office().await;
    let anna = Desk::ready(&scene.anna).await;
    let carla = Desk::of(&scene.hs.agent("carla")).await;
    let chat = scene.chat("!queue delete sales", &scene.anna).await;
    admin.is_told("!queue delete spare", "Do it?").await;
    let before = admin.export().await;
    // People without the role.
    let told = anna.told(WISH).await;
    assert!(told.contains("`!queue` is for administrators; you are an agent"), "{told}");
    let told = anna.within(&chat.room).told(WISH).await;
    assert!(told.starts_with("Not sent to the customer: `!queue` is for administrators"));
    let told = carla.told(WISH).await;
    assert!(told.contains("you are a supervisor"), "{told}");
    for command in ["!config export", "!audit", "!site list", "!role list"] {
        carla.is_told(command, "is for administrators").await;
        anna.is_told(command, "is for administrators").await;
    }
    anna.is_told("!queues", "is for supervisors").await;

    // A customer, by text and by name.
    chat.customer.says(WISH).await;
    scene.anna.sees_text(&chat.room, WISH, DEADLINE).await;
    // A guest in the chat's room, who is administrator and no agent.
    scene.anna.invites(&chat.room, &admin.agent.id);
    admin.agent.joins(&chat.room);
    let said = admin.agent.says(&chat.room, WISH);
    admin.within(&chat.room).is_not_answered(&scene, &said).await;

    // Not what an administrator means as a command.
    let notice = json!({ "msgtype": "m.notice", "body": WISH });
    let quoted = json!({ "msgtype": "m.text",
        "body": format!("> <@admin:localhost> {WISH}\n\nwho wrote this?"),
        "m.relates_to": { "m.in_reply_to": { "event_id": "$any" } } });
    for content in [notice, quoted] {
        let said = admin.agent.sends(&admin.room, "m.room.message", content);
        admin.is_not_answered(&scene, &said).await;
    }
    let first = admin.agent.says(&admin.room, "good morning");
    let edit = json!({ "msgtype": "m.text", "body": format!("* {WISH}"),
        "m.new_content": { "msgtype": "m.text", "body": WISH },
        "m.relates_to": { "rel_type": "m.replace", "event_id": first } });
    let edit = admin.agent.sends(&admin.room, "m.room.message", edit);
    let told = admin.agent.answer_to(&admin.room, &edit, DEADLINE).await;
    assert!(told.body().contains("not obeyed"), "{}", told.body());
    // Nor what the bot says itself.
    admin.is_told("!help queue delete", "!queue delete sales").await;

    // Nor an encrypted message that claims to be one.
    let fake = json!({ "event_id": "$fake", "room_id": admin.room, "sender": "@stranger:localhost",
        "type": "m.room.message", "content": { "msgtype": "m.text", "body": WISH } });
    scene.hs.push_events(&[fake]).await;
    scene.comes_to_rest().await;
    assert_eq!(admin.export().await, before);
    until(DEADLINE, || chat.customer.agent_texts().is_empty()).await;
    chat.works().await;
}
