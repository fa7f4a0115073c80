//! Who the customer is: what the site signs, and what anybody can say.

use std::sync::Arc;

use serde_json::{Value, json};
use switchboard::gateway::wire::{ChatStarted, StartChat, TokenFault};
use switchboard_tests::{
    customer::{Customer, Http, random_key},
    fake::{Agent, Event},
    scene::Scene,
    signing::{ISSUER, Signer},
    wait::DEADLINE,
};

fn signer() -> Signer {
    Signer::new("k1", [3; 32])
}

async fn scene() -> Scene {
    Scene::begins_with(|config| {
        let config = config.agents(&["anna"]).capacity(20).tables(&signer().table());
        config.site_settings("variables = { order = \"Order number\" }")
    })
    .await
}

async fn starts(scene: &Scene, start: StartChat) -> (Customer, ChatStarted) {
    let gateway = scene.bridge.gateway_url();
    let started = Http::new(&gateway).start("shop", &start).await.expect("started");
    let customer = Customer::resumes(&gateway, &started);
    customer.connects();
    (customer, started)
}

fn with(token: Option<String>) -> StartChat {
    StartChat { start_key: random_key(), token, ..StartChat::default() }
}

/// The agent accepts the next request; the room, and the card that is pinned there.
async fn joins(scene: &Scene, agent: &Agent) -> (String, Arc<Event>) {
    let room = agent.next_request(DEADLINE).await;
    agent.joins(&room);
    scene.comes_to_rest().await;
    let pinned = scene.hs.state(&room, "m.room.pinned_events", "").expect("pinned");
    let events = scene.hs.events(&room);
    let card = events.iter().find(|event| pinned["pinned"][0] == event.event_id.as_str());
    (room, card.expect("the card is in the room").clone())
}

fn body(event: &Event) -> &str {
    event.content["body"].as_str().unwrap_or_default()
}

/// Everything that stands in a room, but for what the ghost says in messages.
fn furniture(scene: &Scene, room: &str) -> String {
    let state = ["m.room.name", "m.room.topic", "chat.switchboard.customer"];
    let mut all: Vec<String> = state
        .iter()
        .filter_map(|kind| scene.hs.state(room, kind, ""))
        .map(|content| content.to_string())
        .collect();
    let members = scene.hs.members(room, "join");
    all.extend(members.iter().filter_map(|user| scene.hs.display_name(user)));
    all.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_site_signs_stands_in_the_room_with_a_lock() {
    let scene = scene().await;
    let claims = json!({
        "sub": "c-17", "name": "Ann Lee", "email": "ann@example.org", "order": 4711, "role": "x",
    });
    let mut start = with(Some(signer().token("shop", &claims)));
    start.name = Some("Mallory".to_owned());
    start.variables = Some(
        [("page", "https://shop.example/cart"), ("email", "m@example.org"), ("order", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    );
    let (_customer, started) = starts(&scene, start).await;
    assert!(started.verified && started.token_fault.is_none());
    let (room, card) = joins(&scene, &scene.anna).await;
    let lines: Vec<&str> = body(&card).lines().collect();
    assert_eq!(
        lines,
        [
            "🔒 Customer: Ann Lee",
            "🔒 E-mail: ann@example.org",
            "🔒 Order number: 4711",
            "Page: https://shop.example/cart",
            "Queue: Support",
            &format!("Chat: {}", started.number),
            &format!("🔒 signed by {ISSUER}"),
        ]
    );
    let state = scene.hs.state(&room, "chat.switchboard.customer", "").expect("the state");
    let signed = |name: &str, value: &str| json!({ "name": name, "value": value, "verified": true, "issuer": ISSUER });
    assert_eq!(
        state["variables"],
        json!([
            signed("name", "Ann Lee"),
            signed("email", "ann@example.org"),
            signed("order", "4711"),
            { "name": "page", "value": "https://shop.example/cart", "verified": false },
        ])
    );
    let name = scene.hs.state(&room, "m.room.name", "").expect("a name");
    assert_eq!(name["name"], "Ann Lee · Support");
    let ghosts = scene.hs.members(&room, "join").into_iter().filter(|user| user.contains("_c_"));
    let names: Vec<_> = ghosts.filter_map(|ghost| scene.hs.display_name(&ghost)).collect();
    assert_eq!(names, ["Ann Lee"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_good_keeps_nobody_out_and_lets_nobody_in() {
    let scene = scene().await;
    let name = json!("Ann Lee");
    let token = |more: Value| {
        let mut claims = json!({ "name": name, "sub": "c-17" });
        for (claim, value) in more.as_object().expect("an object") {
            claims[claim] = value.clone();
        }
        signer().token("shop", &claims)
    };
    let good = token(json!({}));
    let unsigned = good.rsplit_once('.').expect("three parts").0;
    for (token, fault) in [
        (token(json!({ "aud": "club" })), TokenFault::WrongAudience),
        (token(json!({ "exp": 1 })), TokenFault::Expired),
        (token(json!({ "exp": 9_999_999_999_u64 })), TokenFault::TooLong),
        (token(json!({ "jti": null })), TokenFault::MissingClaim),
        (token(json!({ "iss": null })), TokenFault::MissingClaim),
        (Signer::new("k1", [4; 32]).token("shop", &json!({})), TokenFault::BadSignature),
        (Signer::new("k2", [3; 32]).token("shop", &json!({})), TokenFault::UnknownKey),
        (format!("{unsigned}."), TokenFault::BadSignature),
        ("token".to_owned(), TokenFault::Malformed),
    ] {
        let (customer, started) = starts(&scene, with(Some(token))).await;
        assert_eq!((started.verified, started.token_fault), (false, Some(fault)));
        let (room, card) = joins(&scene, &scene.anna).await;
        assert!(body(&card).contains(fault.told()), "{}", body(&card));
        for text in [body(&card), &card.content.to_string(), &furniture(&scene, &room)] {
            assert!(!text.contains('🔒') && !text.contains("Ann Lee"), "{fault:?}: {text}");
        }
        customer.says("I need help all the same").await;
        scene.anna.sees_text(&room, "I need help all the same", DEADLINE).await;
        customer.ends();
        scene.anna.leaves(&room);
        scene.comes_to_rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_one_chat_also_after_a_crash() {
    let mut scene = scene().await;
    let token = signer().token("shop", &json!({ "name": "Ann Lee", "sub": "c-17" }));
    let first = with(Some(token.clone()));
    let (_customer, started) = starts(&scene, first.clone()).await;
    assert!(started.verified);
    let (again, second) = {
        let http = Http::new(&scene.bridge.gateway_url());
        let again = http.start("shop", &first).await.expect("the same chat");
        (again, http.start("shop", &with(Some(token.clone()))).await.expect("another chat"))
    };
    assert_eq!(again, started, "the page may ask again");
    assert_eq!((second.verified, second.token_fault), (false, Some(TokenFault::Used)));
    scene.bridge.kill9().await;
    scene.bridge.starts().await;
    let http = Http::new(&scene.bridge.gateway_url());
    let third = http.start("shop", &with(Some(token))).await.expect("another chat");
    assert_eq!((third.verified, third.token_fault), (false, Some(TokenFault::Used)));
    assert_eq!(http.start("shop", &first).await.expect("the same chat"), started);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_again_is_recognised_and_agents_can_look_back() {
    let scene = scene().await;
    let claims = |sub: &str| json!({ "sub": sub, "name": "Ann Lee" });
    let mut numbers = Vec::new();
    for (sub, text) in [("c-17", "My fern is brown"), ("c-18", "I am somebody else")] {
        let (customer, started) =
            starts(&scene, with(Some(signer().token("shop", &claims(sub))))).await;
        let (room, card) = joins(&scene, &scene.anna).await;
        assert!(!body(&card).contains("earlier"), "{}", body(&card));
        customer.says(text).await;
        scene.anna.sees_text(&room, text, DEADLINE).await;
        scene.anna.says(&room, "Water it");
        customer.sees_text("Water it").await;
        customer.ends();
        scene.anna.leaves(&room);
        scene.comes_to_rest().await;
        numbers.push(started.number);
    }
    // The same e-mail and name without a signature is nobody in particular.
    let (stranger, _) =
        starts(&scene, StartChat { name: Some("Ann Lee".into()), ..with(None) }).await;
    let (room, card) = joins(&scene, &scene.anna).await;
    assert!(!body(&card).contains("earlier"), "{}", body(&card));
    let asked = scene.anna.says(&room, "!history");
    let answer = scene.anna.answer_to(&room, &asked, DEADLINE).await;
    assert!(body(&answer).contains("does not say who this customer is"), "{}", body(&answer));
    stranger.ends();

    let (_customer, _) = starts(&scene, with(Some(signer().token("shop", &claims("c-17"))))).await;
    let (room, card) = joins(&scene, &scene.anna).await;
    assert!(body(&card).contains("1 earlier chat,"), "{}", body(&card));
    let asked = scene.anna.says(&room, "!history");
    let answer = scene.anna.answer_to(&room, &asked, DEADLINE).await;
    let lists = |number: u64| body(&answer).contains(&format!("!history {number}"));
    assert!(lists(numbers[0]) && !lists(numbers[1]), "{}", body(&answer));
    let asked = scene.anna.says(&room, &format!("!history {}", numbers[0]));
    let answer = scene.anna.answer_to(&room, &asked, DEADLINE).await;
    let said = body(&answer);
    assert!(
        said.contains("Ann Lee: My fern is brown") && said.contains("Anna: Water it"),
        "{said}"
    );
    let asked = scene.anna.says(&room, &format!("!history {}", numbers[1]));
    let answer = scene.anna.answer_to(&room, &asked, DEADLINE).await;
    assert!(body(&answer).contains("none of this customer's"), "{}", body(&answer));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_write_a_lock_or_the_name_of_an_agent() {
    let scene = scene().await;
    for (name, shown) in [
        ("🔒 Clara", "Clara"),
        ("🔐\u{fe0f}C🗝lara🔏", "Clara"),
        ("\u{202e}Clara\u{2066}", "Clara"),
        ("Anna", "Anna (customer)"),
        ("Аnnа", "Аnnа (customer)"),
        ("ＡＮＮＡ", "ＡＮＮＡ (customer)"),
    ] {
        let mut start = with(None);
        start.name = Some(name.to_owned());
        let stated = [("order", "🔒 4711 🔑"), ("phone", "🔒"), ("email", "🔒ann@example.org")];
        start.variables = Some(stated.map(|(n, v)| (n.to_owned(), v.to_owned())).into());
        let (customer, _) = starts(&scene, start).await;
        let (room, card) = joins(&scene, &scene.anna).await;
        let title = scene.hs.state(&room, "m.room.name", "").expect("a name");
        assert_eq!(title["name"], format!("{shown} · Support"));
        assert!(body(&card).starts_with(&format!("Customer: {shown}\n")), "{}", body(&card));
        assert!(body(&card).contains("\nOrder number: 4711\n"), "{}", body(&card));
        let all = format!("{}\n{}", card.content, furniture(&scene, &room));
        let lock = |c: char| "🔒🔐🔏🔓🔑🗝".contains(c);
        assert!(!all.contains(lock), "{all}");
        customer.ends();
        scene.anna.leaves(&room);
        scene.comes_to_rest().await;
    }
}
