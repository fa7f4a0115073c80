//! Private messages: the real bridge, a real Synapse, and agents that are real Matrix clients.
#![recursion_limit = "256"]

use std::time::Duration;

use switchboard_tests::{
    agent::{Agent, Invite},
    customer::Customer,
    demo::stack::{Stack, StackOptions},
    wait::eventually,
};

const RECOVERY: Duration = Duration::from_mins(2);

async fn asked<'a>(anna: &'a Agent, ben: &'a Agent) -> (&'a Agent, &'a Agent, Invite) {
    tokio::select! {
        invite = anna.next_request() => (anna, ben, invite.expect("a request")),
        invite = ben.next_request() => (ben, anna, invite.expect("a request")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_talk_in_private_through_a_kill_and_the_customer_sees_nothing() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let stack = Stack::start(StackOptions::brisk(data.path()), &|_| ());
    let mut stack = stack.await.expect("everything starts");
    let anna = stack.agent(0).await.expect("anna logs in");
    let ben = stack.agent(1).await.expect("ben logs in");
    anna.logs_on().await.expect("anna logs on");
    ben.logs_on().await.expect("ben logs on");
    let addresses = stack.addresses();
    let customer = Customer::starts(&addresses.gateway, &addresses.site, Some("Clara")).await;
    customer.connects();
    customer.says("hello").await;
    let (first, second, request) = asked(&anna, &ben).await;
    first.accept(&request.room).await.expect("accepted");

    // Alone, by the bot.
    first.say(&request.room, "!private she's a tester").await.expect("said");
    let companion = first.next_invite().await.expect("the private room");
    assert_eq!(companion.name, "👁 PRIVATE · Clara");
    assert!(companion.reason.contains("not a new chat"), "{}", companion.reason);
    first.accept(&companion.room).await.expect("joined");

    // The second comes while the bridge is dead, and reads what was said before.
    stack.bridge.kill9().await.expect("killed");
    first.invite(&request.room, second).await.expect("invited");
    second.accept(&request.room).await.expect("joined");
    stack.bridge.start().await.expect("it starts");
    let invite = second.next_invite().await.expect("the private room");
    let invite = if invite.room == companion.room {
        invite
    } else {
        second.next_invite().await.expect("the private room")
    };
    assert_eq!(invite.room, companion.room);
    second.accept(&invite.room).await.expect("joined");
    let history = second.history(&invite.room).await.expect("read");
    assert!(history.iter().any(|event| event.body().contains("she's a tester")));
    second.say(&invite.room, "she's a secret").await.expect("said");
    first.text(&invite.room, "she's a secret").await.expect("read");

    // Nothing of it is left where the customer is, or on the page.
    let is_gone = || async {
        let history = first.history(&request.room).await.ok()?;
        history.iter().all(|event| !event.body().contains("she's")).then_some(())
    };
    eventually(RECOVERY, is_gone).await;
    first.say(&request.room, "that is all").await.expect("said");
    customer.sees_text("that is all").await;
    let page = format!("{:?} {:?}", customer.feed(), customer.live());
    for part in ["she's", "private", "PRIVATE", "👁"] {
        assert!(!page.contains(part), "{part} in {page}");
    }

    // Who leaves the chat while the bridge is dead leaves the private room with it.
    stack.bridge.kill9().await.expect("killed");
    second.leave(&request.room).await.expect("left");
    stack.bridge.start().await.expect("it starts");
    second.gone(&companion.room).await.expect("shown out");
}
