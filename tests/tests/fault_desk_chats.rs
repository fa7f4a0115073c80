//! Commands and answers of agents who are in chats.

use serde_json::json;
use switchboard::gateway::wire::FeedBody;
use switchboard_tests::{
    customer::Customer,
    desk::{Desk, GIVE_BACK, LATER, NO, STAY, YES},
    scene::{Chat, Scene},
    wait::{DEADLINE, until},
};

/// Anna in a chat, at the desk, and Ben at his.
async fn in_a_chat() -> (Scene, Chat, Desk) {
    let scene = Scene::with_nobody_ready().await;
    let anna = Desk::ready(&scene.anna).await;
    let chat = scene.chat("Clara", &scene.anna).await;
    (scene, chat, anna)
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_that_are_left_go_to_other_agents() {
    let (scene, chat, anna) = in_a_chat().await;
    let ben = Desk::ready(&scene.ben).await;
    let question = anna.is_told("!logout", "You are in a chat. What shall become of it?").await;
    anna.is_told("!status", "ready").await;
    anna.is_told("yes", "answer the question above with one of its reactions").await;
    // Nobody else can answer it.
    let in_the_chat = anna.within(&chat.room);
    let same = in_the_chat.is_told("!logout", "What shall become of it?").await;
    scene.anna.invites(&chat.room, &scene.ben.id);
    scene.ben.joins(&chat.room);
    scene.comes_to_rest().await;
    scene.ben.reacts(&chat.room, &same.event_id, GIVE_BACK);
    scene.comes_to_rest().await;
    anna.is_told("!status", "ready").await;
    scene.ben.leaves(&chat.room);

    let told = anna.pressed(&question, GIVE_BACK).await;
    assert!(told.contains("Your chats have gone back to their queues"), "{told}");
    until(DEADLINE, || scene.anna.membership(&chat.room) == "leave").await;
    assert_eq!(scene.ben.next_request(DEADLINE).await, chat.room);
    scene.ben.joins(&chat.room);
    chat.customer.sees_joined("Ben").await;
    // Once is enough.
    let said = anna.notices().len();
    scene.anna.reacts(&anna.room, &question.event_id, STAY);
    scene.comes_to_rest().await;
    assert_eq!(anna.notices().len(), said);
    ben.is_told("!status", "Clara").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_off_can_stay_in_their_chats() {
    let (scene, chat, anna) = in_a_chat().await;
    let question = anna.asks("!logout").await;
    assert!(anna.pressed(&question, NO).await.contains("You stay logged on"));
    anna.is_told("!status", "ready").await;
    let question = anna.asks("!logout").await;
    assert!(anna.pressed(&question, STAY).await.contains("stay in those that you have"));
    chat.works().await;
    let _next = Customer::arrives(&scene.bridge, "Next").await;
    scene.comes_to_rest().await;
    assert!(!scene.anna.has_invite(), "who is logged off is not asked");
    // Leaving them can still be chosen.
    let question = anna.asks("!logout").await;
    assert!(!question.body().contains(STAY), "{}", question.body());
    chat.customer.ends();
    chat.customer.wait_for("the end", |e| matches!(e.body, FeedBody::Ended { .. })).await;
    scene.comes_to_rest().await;
    let told = anna.pressed(&question, GIVE_BACK).await;
    assert!(told.contains("not logged on"), "there are no chats any more: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_late_is_told_so() {
    let (mut scene, chat, anna) = in_a_chat().await;
    let question = anna.asks("!logout").await;
    scene.comes_to_rest().await;
    let ahead = LATER.as_millis().to_string();
    scene.bridge.config =
        scene.bridge.config.clone().environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &ahead);
    scene.bridge.restart().await;
    let told = anna.pressed(&question, GIVE_BACK).await;
    assert!(told.contains("too old"), "{told}");
    anna.is_told("!status", "Clara").await;
    assert_eq!(scene.anna.membership(&chat.room), "join");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_in_a_chat_are_answered_there_and_never_sent() {
    let (scene, chat, anna) = in_a_chat().await;
    let here = anna.within(&chat.room);
    here.is_told("!", "What you can write in a chat's room").await;
    here.is_told("!status", "Clara").await;
    here.is_told("!pause lunch", "paused (lunch)").await;
    here.is_told("!rea", "ready").await;
    here.is_told("!statsu", "did you mean `!status`?").await;
    let refused = here.told("!queue list").await;
    assert!(refused.starts_with("Not sent to the customer: ") && refused.contains("administrator"));
    here.is_told("!offer A or B?", "`!offer` is not there yet").await;
    // Nothing was asked, so these are for the customer.
    for text in ["yes", "1", "no"] {
        scene.anna.says(&chat.room, text);
    }
    chat.page_has(&["yes", "1", "no"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_word_that_answers_the_bot_does_not_reach_the_customer() {
    let two = "[[profiles]]\nid = \"one\"\nname = \"One\"\nqueues = [{ queue = \"support\" }]\n\
        [[profiles]]\nid = \"two\"\nname = \"Two\"\nqueues = [{ queue = \"support\" }]\n";
    let scene = Scene::begins_with(|config| config.nobody_is_ready().tables(two)).await;
    let anna = Desk::of(&scene.anna).await;
    anna.is_told("!login one", "logged on").await;
    let chat = scene.chat("Clara", &scene.anna).await;
    let here = anna.within(&chat.room);
    here.is_told("!login", "With which profile?").await;
    here.is_told("4", "Not sent to the customer: first answer the question above").await;
    here.is_told("2", "logged on as “Two”").await;
    // It was answered: the next number is for the customer.
    scene.anna.says(&chat.room, "2");
    chat.page_has(&["2"]).await;
    // So is everything that is more than a bare word.
    here.is_told("!logout", "What shall become of it?").await;
    scene.anna.says(&chat.room, "no problem");
    chat.page_has(&["2", "no problem"]).await;
    here.is_told("no", "You stay logged on").await;
    // A question at the desk is none in the chat.
    anna.is_told("!login", "With which profile?").await;
    scene.anna.says(&chat.room, "1");
    chat.page_has(&["2", "no problem", "1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_is_answered_in_the_thread() {
    let (scene, chat, anna) = in_a_chat().await;
    let here = anna.within(&chat.room);
    for desk in [&anna, &here] {
        let root = desk.asks("!status").await;
        let root = root.content["m.relates_to"]["m.in_reply_to"]["event_id"].clone();
        let content = json!({
            "msgtype": "m.text", "body": "!status",
            "m.relates_to": { "rel_type": "m.thread", "event_id": root,
                "is_falling_back": true, "m.in_reply_to": { "event_id": root } },
        });
        let question = scene.anna.sends(&desk.room, "m.room.message", content);
        let answer = scene.anna.answer_to(&desk.room, &question, DEADLINE).await;
        let relation = &answer.content["m.relates_to"];
        assert_eq!(relation["rel_type"], "m.thread", "{relation}");
        assert_eq!(relation["event_id"], root);
    }
    scene.comes_to_rest().await;
    assert!(chat.customer.agent_texts().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn help_shows_what_is_possible_here_for_this_person() {
    let (scene, chat, anna) = in_a_chat().await;
    let admin = Desk::administrators(&scene, "admin").await;
    let at_desk = anna.told("!").await;
    let in_chat = anna.within(&chat.room).told("!help").await;
    let managing = admin.told("!").await;
    for (command, agent, chat, administrator) in [
        ("`!login", true, true, false),
        ("`!pause-after`", true, true, false),
        ("`!end`", false, true, false),
        ("`!stats", false, false, true),
        ("`!queue …`", false, false, true),
        ("`!audit", false, false, true),
        ("`!help", true, true, true),
    ] {
        assert_eq!(at_desk.contains(command), agent, "{command}: {at_desk}");
        assert_eq!(in_chat.contains(command), chat, "{command}: {in_chat}");
        assert_eq!(managing.contains(command), administrator, "{command}: {managing}");
    }
    anna.is_told("!help pause", "Not be asked for chats for now").await;
    anna.is_told("!end", "`!end` does not work at your desk; write it in a chat's room").await;
    admin.is_told("!ready", "`!ready` is for agents").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_asked_about_in_the_chat_only() {
    let (scene, chat, anna) = in_a_chat().await;
    let here = anna.within(&chat.room);
    scene.anna.says(&chat.room, "!end");
    let question = here.sees("The customer is still connected").await;
    here.presses(&question, NO).await;
    here.sees("The chat goes on").await;
    chat.works().await;
    scene.anna.says(&chat.room, "!end");
    until(DEADLINE, || {
        here.notices().iter().filter(|n| n.contains("still connected")).count() == 2
    })
    .await;
    anna.is_told("yes", "I understand commands only").await;
    scene.anna.says(&chat.room, YES);
    scene.anna.says(&chat.room, "yes");
    here.sees("has ended the chat").await;
    chat.page_has(&["yes, I am", YES]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_agent_any_more_is_told_the_truth_in_their_chat() {
    let (scene, chat, anna) = in_a_chat().await;
    let admin = Desk::administrators(&scene, "admin").await;
    let question = anna.is_told("!logout", "What shall become of it?").await;
    admin.confirms("!agent remove anna").await;
    let here = anna.within(&chat.room);
    assert!(anna.pressed(&question, GIVE_BACK).await.contains("leave their rooms"));
    for command in ["!logout", "!ready", "!login", "!pause", "!pause-after", "!status"] {
        let told = here.told(command).await;
        let claims = ["logged on", "paused", "gone back"].iter().any(|claim| told.contains(claim));
        assert!(!claims || told.contains("not logged on"), "{command}: {told}");
    }
    assert_eq!(scene.anna.membership(&chat.room), "join");
    chat.works().await;
    scene.anna.says(&chat.room, "!end");
    let question = here.sees("The customer is still connected").await;
    here.presses(&question, YES).await;
    here.sees("Anna has ended the chat").await;
}
