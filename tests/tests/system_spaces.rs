//! Spaces, the queues' users and lost invites on a real Synapse.
#![recursion_limit = "256"]

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use switchboard_tests::{
    agent::Agent,
    customer::Customer,
    demo::stack::{Stack, StackOptions},
    wait::eventually,
};
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(30);
const BOT: &str = "@switchboard:localhost";

/// What the homeserver tells an agent. `None`: it refuses.
async fn ask(stack: &Stack, agent: &Agent, path: &str) -> Option<Value> {
    let request = reqwest::Client::new()
        .get(format!("{}/_matrix/client/{path}", stack.synapse.url()))
        .bearer_auth(agent.access_token());
    let answer = request.send().await.expect("Synapse answers");
    if answer.status().is_success() { answer.json().await.ok() } else { None }
}

/// The rooms that a space shows to an agent, as clients ask for them.
async fn shown(stack: &Stack, agent: &Agent, space: &str) -> Vec<String> {
    let path = format!("v1/rooms/{space}/hierarchy?max_depth=1");
    let answer = ask(stack, agent, &path).await.unwrap_or_default();
    let rooms = answer["rooms"].as_array().cloned().unwrap_or_default();
    let ids = rooms.iter().filter_map(|room| room["room_id"].as_str().map(str::to_owned));
    ids.filter(|id| id != space).collect()
}

async fn stack() -> (tempfile::TempDir, Stack) {
    let data = tempfile::tempdir().expect("a temporary directory");
    let options = StackOptions { spaces: true, ..StackOptions::brisk(data.path()) };
    let stack = Stack::start(options, &|_| ()).await.expect("everything starts");
    (data, stack)
}

#[tokio::test]
async fn an_agent_finds_the_queues_in_a_space_and_the_chats_in_theirs() {
    let (_data, stack) = stack().await;
    let anna = stack.agent(0).await.expect("anna logs in");
    anna.logs_on().await.expect("anna logs on");
    let is_space = |seen: &switchboard_tests::agent::Seen| {
        let invite = seen.invites.iter().find(|invite| invite.name == "Switchboard");
        invite.map(|invite| invite.room.clone())
    };
    let space = anna.until("the space", is_space).await.unwrap();
    anna.accept(&space).await.unwrap();
    let support = eventually(SOON, || async { shown(&stack, &anna, space.as_str()).await.pop() });
    let support = matrix_sdk::ruma::RoomId::parse(support.await).expect("a room");
    // Nobody invites her.
    anna.accept(&support).await.unwrap();
    let name = ask(&stack, &anna, &format!("v3/rooms/{support}/state/m.room.name")).await;
    assert_eq!(name, Some(json!({ "name": "Support" })));

    let user = "@switchboard_q_support:localhost";
    let profile = ask(&stack, &anna, &format!("v3/profile/{user}")).await.expect("a profile");
    assert_eq!(profile["displayname"], "Support (queue)");
    let is_there = || async {
        let path = format!("v3/rooms/{space}/joined_members");
        let members = ask(&stack, &anna, &path).await?;
        members["joined"].get(user).map(drop)
    };
    eventually(SOON, is_there).await;

    let addresses = stack.addresses();
    let customer = Customer::starts(&addresses.gateway, &addresses.site, Some("Clara")).await;
    customer.connects();
    let chat = anna.next_request().await.unwrap().room;
    anna.accept(&chat).await.unwrap();
    let are_shown = |expected: Vec<String>| {
        let (stack, anna, support) = (&stack, &anna, support.as_str());
        eventually(SOON, move || {
            let expected = expected.clone();
            async move { (shown(stack, anna, support).await == expected).then_some(()) }
        })
    };
    are_shown(vec![chat.to_string()]).await;
    customer.ends();
    are_shown(Vec::new()).await;
}

#[tokio::test]
async fn an_invite_that_was_never_pushed_is_found() {
    let (data, mut stack) = stack().await;
    let anna = stack.agent(0).await.expect("anna logs in");
    anna.comes_to_desk().await.expect("the bot is at work");
    stack.bridge.stop().await.expect("a clean stop");
    let body = json!({
        "preset": "private_chat", "is_direct": true, "invite": [BOT], "room_version": "12",
    });
    let request = reqwest::Client::new()
        .post(format!("{}/_matrix/client/v3/createRoom", stack.synapse.url()))
        .bearer_auth(anna.access_token())
        .json(&body);
    let answer: Value = request.send().await.expect("Synapse answers").json().await.expect("JSON");
    let room = matrix_sdk::ruma::RoomId::parse(answer["room_id"].as_str().expect("a room"))
        .expect("a room id");
    anna.until("her room", |seen| seen.rooms.get(&room).map(drop)).await.unwrap();
    let question = anna.say(&room, "!status").await.unwrap();
    stack.synapse.kill9().await.unwrap();
    forgets_to_push(&data.path().join("synapse/homeserver.db")).await;
    stack.synapse.restart().await.unwrap();
    stack.bridge.start().await.expect("it starts");
    anna.answer(&room, &question, "the answer", |_| true).await.unwrap();
    let log = stack.bridge_log_tail();
    assert!(log.contains("invites that are not answered"), "it was pushed after all:\n{log}");
}

/// Makes a Synapse that does not run believe that it has pushed everything, which a crash at the wrong
/// moment can do.
async fn forgets_to_push(database: &Path) {
    const SCRIPT: &str = "import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute('DELETE FROM application_services_txns')
    db.execute('UPDATE appservice_stream_position SET stream_ordering = '
               '(SELECT max(stream_ordering) FROM events)')
";
    let python = switchboard_tests::synapse::python().expect("a Python");
    let status = Command::new(python).args(["-c", SCRIPT]).arg(database).status().await;
    assert!(status.expect("Python runs").success());
}
