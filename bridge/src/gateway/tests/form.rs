//! Leaving a message when nobody can come, from the form to the answer.

use super::{page::own_texts, runner::append, *};
use crate::gateway::input::CustomerInput;

const ADDRESS: &str = "ann@example.org";

/// The e-mail addresses that have reached the inbox.
fn emails(world: &World) -> Vec<Option<String>> {
    let handled = world.runner.handled();
    let sent = handled.into_iter().filter_map(|input| match input {
        CustomerInput::Send { email, .. } => Some(email),
        _ => None,
    });
    sent.collect()
}

async fn phase(page: &mut Page, wanted: Phase) {
    page.find(|frame| match frame {
        ServerFrame::Live(live) => (live.phase == wanted).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_message_is_left_and_the_answer_kept_for_the_next_visit() {
    let world = world().await;
    let (token, chat) = world.chat_in(CLOSED).await;
    eventually("asked", async || world.live.state(chat).phase == Phase::Form).await;
    let mut page = Page::connect(world.address, Some(SHOP)).await;
    assert_eq!(page.hello(&token, 0).await.1.phase, Phase::Form);
    let text = "Back at nine.".to_owned();
    assert_eq!(page.entry().await.body, FeedBody::Form { why: FormReason::Closed, text });

    page.send_with("the-message", "Where is my parcel?", Some(" ann@example.org\n")).await;
    page.accepted("the-message").await;
    phase(&mut page, Phase::Left).await;
    let mut again = world.page(&token, 1).await;
    let entries = again.entries(3).await;
    assert_eq!(own_texts(&entries), ["Where is my parcel?"]);
    assert_eq!(entries[1].body, FeedBody::MessageLeft {});
    // Something to add, to which the address is known already.
    again.send("addition", "It is a red one.").await;
    again.accepted("addition").await;
    eventually("handled", async || emails(&world).len() == 2).await;
    assert_eq!(emails(&world), [Some(ADDRESS.to_owned()), None]);

    // The page is closed, and while it is, an agent answers and ends the chat.
    again.close().await;
    page.close().await;
    eventually("gone", async || !world.live.connected(chat)).await;
    let name = "Anna".to_owned();
    let content = vec![RichText::Text { text: "It will come today.".to_owned() }];
    let bodies = vec![
        FeedBody::Joined { name: name.clone() },
        FeedBody::Agent { name, content, reply_to: None, files: Vec::new() },
        FeedBody::Ended { by: EndedBy::Agent },
    ];
    append(&world.store, chat, bodies.clone()).await;
    world.live.update(chat, |state| state.phase = Phase::Ended);
    world.live.forget(chat);

    let mut page = Page::connect(world.address, Some(SHOP)).await;
    let (newest, live) = page.hello(&token, 4).await;
    assert_eq!((newest, live.phase), (7, Phase::Ended));
    let answer: Vec<FeedBody> = page.entries(7).await.into_iter().map(|entry| entry.body).collect();
    assert_eq!(answer, bodies);
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let world = world().await;
    let (token, _) = world.chat_in(CLOSED).await;
    let mut page = world.page(&token, 1).await;
    let long = format!("{}@example.org", "a".repeat(243));
    for bad in ["ann", "ann@", "@example.org", "ann@localhost", "a b@example.org", &long] {
        page.send_with("the-message", "hello", Some(bad)).await;
        let refused = ServerFrame::Refused {
            key: "the-message".to_owned(),
            reason: RefusalReason::BadEmail,
            retry_after_ms: None,
        };
        assert_eq!(page.answer("the-message").await, refused, "{bad}");
        let body = serde_json::json!({ "key": "the-message", "text": "hello", "email": bad });
        let request = world.post("/customer/v1/messages", &body).bearer_auth(&token);
        let (status, error) = read::<ErrorBody>(request).await;
        let expected =
            (StatusCode::BAD_REQUEST, ErrorCode::BadRequest, Some(RefusalReason::BadEmail));
        assert_eq!((status, error.code, error.reason), expected, "{bad}");
    }
    assert_eq!(emails(&world), [], "nothing of it was kept");
    for (key, given) in
        [("no-field", None), ("left-empty", Some("")), ("the-most", Some(&long[1..]))]
    {
        page.send_with(key, "hello", given).await;
        page.accepted(key).await;
    }
    eventually("handled", async || emails(&world).len() == 3).await;
    assert_eq!(emails(&world), [None, None, Some(long[1..].to_owned())]);
}

/// Who walks away from the form has given up; who has left a message may be away for days.
#[tokio::test]
async fn only_who_has_left_a_message_may_be_away() {
    let settings = Settings { abandon_after_seconds: 1, ..Settings::default() };
    let world = World::with(settings).await;
    let (giving_up, first) = world.chat_in(CLOSED).await;
    let (leaving, second) = world.chat_in(CLOSED).await;
    for chat in [first, second] {
        eventually("asked", async || world.live.state(chat).phase == Phase::Form).await;
    }
    let mut page = world.page(&leaving, 1).await;
    page.send("the-message", "hello").await;
    eventually("left", async || world.live.state(second).phase == Phase::Left).await;
    page.close().await;
    // The other goes later, so when that is noticed, this one would have been as well.
    world.page(&giving_up, 1).await.close().await;
    let away = || -> Vec<ChatId> {
        let handled = world.runner.handled();
        let away = handled.into_iter().filter_map(|input| match input {
            CustomerInput::Away { chat, .. } => Some(chat),
            _ => None,
        });
        away.collect()
    };
    eventually("away", async || !away().is_empty()).await;
    assert_eq!(away(), [first]);
}
