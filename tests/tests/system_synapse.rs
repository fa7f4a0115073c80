//! The harness itself: a real Synapse and scripted agents, without the bridge.

use serde_json::json;
use switchboard_tests::{
    agent::{Agent, Event},
    synapse::{Synapse, SynapseOptions},
};

#[tokio::test]
async fn agents_talk_and_the_homeserver_survives_being_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut synapse = Synapse::start(SynapseOptions::new(directory.path())).await.unwrap();
    for user in ["anna", "ben"] {
        synapse.register(user, "password", false).await.unwrap();
        // A second time is fine.
        synapse.register(user, "password", false).await.unwrap();
    }
    let anna = Agent::login(synapse.url(), "anna", "password").await.unwrap();
    let ben = Agent::login(synapse.url(), "ben", "password").await.unwrap();

    let room = create_room(&synapse, &anna, &ben).await;
    let invite = ben.next_invite().await.unwrap();
    assert_eq!((invite.room.as_str(), invite.name.as_str()), (room.as_str(), "Test"));
    assert!(!invite.is_request());
    ben.accept(&invite.room).await.unwrap();

    ben.say(&invite.room, "before").await.unwrap();
    anna.text(&invite.room, "before").await.unwrap();

    synapse.kill9().await.unwrap();
    synapse.restart().await.unwrap();

    ben.say(&invite.room, "after").await.unwrap();
    anna.text(&invite.room, "after").await.unwrap();
    let history = anna.history(&invite.room).await.unwrap();
    let bodies: Vec<&str> =
        history.iter().filter(|e| e.kind == "m.room.message").map(Event::body).collect();
    assert_eq!(bodies, ["before", "after"]);

    ben.leave(&invite.room).await.unwrap();
    ben.gone(&invite.room).await.unwrap();
    synapse.stop().await.unwrap();
}

async fn create_room(synapse: &Synapse, by: &Agent, with: &Agent) -> String {
    let body = json!({ "name": "Test", "preset": "private_chat", "invite": [with.user()] });
    let request = reqwest::Client::new()
        .post(format!("{}/_matrix/client/v3/createRoom", synapse.url()))
        .bearer_auth(by.access_token())
        .json(&body);
    let answer = request.send().await.expect("Synapse answers");
    let answer: serde_json::Value = answer.json().await.expect("Synapse answers with JSON");
    answer["room_id"].as_str().expect("a new room").to_owned()
}
