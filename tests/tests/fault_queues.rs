//! Queues that are closed, full of waiting customers, or not for everybody.

use std::time::Duration;

use serde_json::json;
use switchboard::gateway::wire::{
    Estimate, FeedBody, FormReason, Phase, SendMessage, SiteInfo, StartChat,
};
use switchboard_tests::{
    customer::{Customer, random_key},
    fake::Agent,
    scene::Scene,
    wait::{DEADLINE, eventually, until},
};

/// A queue's settings with which it is closed now, whatever happens at midnight.
fn closed() -> String {
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let dates = [today.yesterday(), Ok(today), today.tomorrow()].map(|date| {
        let date = date.expect("not at the end of time");
        format!("{{ date = \"{date}\", hours = \"closed\" }}")
    });
    format!(
        "closed_text = \"We are back on Monday.\"\n[queues.hours]\nweek = [\"mon-sun 00:00-24:00\"]\nexceptions = [{}]",
        dates.join(", ")
    )
}

/// A customer whom nobody can answer now.
async fn is_offered_the_form(customer: &Customer, expected: FormReason) -> String {
    let form = |e: &switchboard::gateway::wire::FeedEntry| matches!(e.body, FeedBody::Form { .. });
    let entry = customer.wait_for("the form", form).await;
    let FeedBody::Form { why, text } = entry.body else { unreachable!("it was looked for") };
    assert_eq!(why, expected);
    customer.sees_live("the form", |live| live.phase == Phase::Form).await;
    text
}

async fn leaves_a_message(customer: &Customer, text: &str, email: &str) {
    let key = random_key();
    let body = SendMessage {
        key,
        text: text.into(),
        email: Some(email.into()),
        reply_to: None,
        files: Vec::new(),
    };
    customer.http.status(http::Method::POST, "messages", Some(&body)).await.expect("taken");
    customer.sees_live("that it is kept", |live| live.phase == Phase::Left).await;
    assert!(customer.feed().iter().any(|e| e.body == FeedBody::MessageLeft {}));
}

/// Everything that was said in a room, by whomever.
fn said(scene: &Scene, room: &str) -> Vec<String> {
    let body = |e: &std::sync::Arc<switchboard_tests::fake::Event>| {
        e.content["body"].as_str().map(str::to_owned)
    };
    scene.hs.events(room).iter().filter_map(body).collect()
}

/// The room that an agent is asked into, and why.
async fn is_asked(agent: &Agent) -> (String, String) {
    let invite = agent.next_invite_that(DEADLINE, |_| true).await;
    let reason = invite.content["reason"].as_str().unwrap_or_default();
    (invite.room_id.clone(), reason.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_left_is_answered_and_the_answer_is_kept() {
    let overflow = "[queues.overflow]\nafter_seconds = 1\nto = \"message\"";
    let scene =
        Scene::begins_with(|config| config.agents(&["anna"]).capacity(1).queue_settings(overflow))
            .await;
    let busy = scene.chat("First", &scene.anna).await;
    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    assert_eq!(is_offered_the_form(&customer, FormReason::Busy).await, "");
    leaves_a_message(&customer, "Where is my parcel?", "carla@example.org").await;
    // They may go now: that is not giving up.
    customer.goes_away();
    busy.customer.ends();

    let (room, reason) = is_asked(&scene.anna).await;
    assert!(reason.starts_with("Support: a customer left a message "), "{reason}");
    scene.anna.joins(&room);
    scene.anna.sees_text(&room, "Where is my parcel?", DEADLINE).await;
    until(DEADLINE, || said(&scene, &room).iter().any(|t| t.contains("not on the page now"))).await;
    assert!(said(&scene, &room).iter().any(|t| t.contains("E-mail: carla@example.org")));
    scene.anna.says(&room, "It comes tomorrow.");
    scene.comes_to_rest().await;
    scene.anna.says(&room, "!end");
    // They were there a moment ago, so the bot asks.
    until(DEADLINE, || said(&scene, &room).iter().any(|t| t.contains("still connected"))).await;
    scene.anna.says(&room, "yes");
    until(DEADLINE, || said(&scene, &room).iter().any(|t| t.contains("has ended the chat"))).await;

    // On their next visit everything is there.
    customer.connects();
    customer.sees_text("It comes tomorrow.").await;
    customer.sees_live("the end", |live| live.phase == Phase::Ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_queue_offers_the_form_and_says_so_before() {
    let scene = Scene::begins_with(|config| config.queue_settings(&closed())).await;
    let visitor = switchboard_tests::customer::Http::new(&scene.bridge.gateway_url());
    let info: SiteInfo =
        visitor.call(http::Method::GET, "sites/shop", None::<&()>).await.expect("the site");
    assert!(!info.queues[0].open);
    assert_eq!(info.queues[0].closed_text, "We are back on Monday.");

    let customer = Customer::arrives(&scene.bridge, "Carla").await;
    let text = is_offered_the_form(&customer, FormReason::Closed).await;
    assert_eq!(text, "We are back on Monday.");
    assert!(!scene.anna.has_invite() && !scene.ben.has_invite(), "nobody is asked yet");
    // An address that is none is refused, and the message can be sent again.
    let key = random_key();
    let body = SendMessage {
        key,
        text: "hello".into(),
        email: Some("nowhere".into()),
        reply_to: None,
        files: Vec::new(),
    };
    let refused = customer.http.status(http::Method::POST, "messages", Some(&body)).await;
    assert_eq!(refused.expect_err("refused").status(), Some(400));
    assert_eq!(customer.live().phase, Phase::Form);
    leaves_a_message(&customer, "Please call me.", "carla@example.org").await;
    // Agents who are ready answer messages, whatever the hours say.
    let room = scene.anna.next_request(DEADLINE).await;
    scene.anna.joins(&room);
    scene.anna.sees_text(&room, "Please call me.", DEADLINE).await;
    customer.sees_joined("Anna").await;
    assert!(!said(&scene, &room).iter().any(|t| t.contains("not on the page now")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_opens_by_the_clock() {
    // The bridge's clock stands just before the end of a closed day.
    const LEFT_MS: i64 = 12_000;
    let utc = jiff::tz::TimeZone::UTC;
    let now = jiff::Timestamp::now();
    let closed = utc.to_datetime(now).date().tomorrow().expect("not at the end of time");
    let opens = closed.tomorrow().expect("not at the end of time").at(0, 0, 0, 0);
    let opens = utc.to_timestamp(opens).expect("a time");
    let ahead = opens.as_millisecond() - now.as_millisecond() - LEFT_MS;
    let hours = format!(
        "[queues.hours]\nweek = [\"mon-sun 00:00-24:00\"]\nexceptions = [{{ date = \"{closed}\", hours = \"closed\" }}]"
    );
    let scene = Scene::begins_with(|config| {
        config
            .queue_settings(&hours)
            .environment("SWITCHBOARD_TEST_CLOCK_OFFSET_MS", &ahead.to_string())
    })
    .await;
    let visitor = switchboard_tests::customer::Http::new(&scene.bridge.gateway_url());
    let is_open = || async {
        let site = visitor.call::<SiteInfo>(http::Method::GET, "sites/shop", None::<&()>).await;
        site.expect("the site").queues[0].open
    };
    assert!(!is_open().await);
    let early = Customer::arrives(&scene.bridge, "Early").await;
    is_offered_the_form(&early, FormReason::Closed).await;
    eventually(DEADLINE, || async { is_open().await.then_some(()) }).await;
    // Who comes now is answered as usual.
    scene.chat("Punctual", &scene.anna).await.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_choose_among_the_queues_that_the_site_offers() {
    let tables = "[[queues]]\nid = \"sales\"\nname = \"Sales\"\n\
        [[queues]]\nid = \"board\"\nname = \"Board\"";
    let scene = Scene::begins_with(|config| {
        let config = config.agents(&["anna"]).tables(tables);
        config.site_settings("queues = [\"support\", \"sales\"]")
    })
    .await;
    let gateway = scene.bridge.gateway_url();
    let http = switchboard_tests::customer::Http::new(&gateway);
    let start = |queue: Option<&str>| StartChat {
        start_key: random_key(),
        name: Some("Carla".into()),
        queue: queue.map(Into::into),
        ..StartChat::default()
    };
    for (chosen, name) in
        [(Some("sales"), "Sales"), (None, "Support"), (Some("support"), "Support")]
    {
        let started = http.start("shop", &start(chosen)).await.expect("started");
        let customer = Customer::resumes(&gateway, &started);
        customer.connects();
        let agent = &scene.anna;
        let (room, reason) = is_asked(agent).await;
        assert!(reason.starts_with(&format!("{name}: ")), "{chosen:?}: {reason}");
        let state = scene.hs.state(&room, "m.room.name", "").expect("a name");
        assert_eq!(state["name"], format!("Carla · {name}"));
        agent.joins(&room);
        customer.sees_joined("Anna").await;
        customer.ends();
        until(DEADLINE, || agent.membership(&room) == "join").await;
        agent.leaves(&room);
        scene.comes_to_rest().await;
    }
    for queue in ["board", "nothing", ""] {
        let refused = http.start("shop", &start(Some(queue))).await;
        assert_eq!(refused.expect_err(queue).status(), Some(400), "{queue}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_can_keep_its_rooms_at_home() {
    for federate in [true, false] {
        let line = format!("federate = {federate}");
        let scene = Scene::begins_with(|config| config.site_settings(&line)).await;
        let chat = scene.chat("Carla", &scene.anna).await;
        let create = scene.hs.state(&chat.room, "m.room.create", "").expect("it was made");
        let expected = if federate { serde_json::Value::Null } else { json!(false) };
        assert_eq!(create["m.federate"], expected, "{create}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_moves_tells_how_long_it_takes() {
    let scene = Scene::begins_with(|config| config.agents(&["anna"]).capacity(6)).await;
    let mut talking = Vec::new();
    for n in 0..6 {
        let waiting = Customer::starts(&scene.bridge.gateway_url(), "shop", Some("Carla")).await;
        assert_eq!(waiting.live().estimate, None, "after {n} chats nothing is promised");
        waiting.connects();
        let room = scene.anna.next_request(DEADLINE).await;
        scene.anna.joins(&room);
        waiting.sees_joined("Anna").await;
        talking.push(waiting);
    }
    let customer = Customer::arrives(&scene.bridge, "Dora").await;
    let told = eventually(Duration::from_secs(10), || async {
        customer.live().estimate.map(|estimate| (customer.live().position, estimate))
    })
    .await;
    assert_eq!(told, (Some(1), Estimate { at_least: 0, at_most: Some(1) }));
}
