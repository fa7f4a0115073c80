//! Agents of another homeserver: two real Synapses that federate, and the bridge beside the first.
#![recursion_limit = "256"]

use std::time::{Duration, Instant};

use matrix_sdk::ruma::OwnedRoomId;
use serde_json::{Value, json};
use switchboard::gateway::wire::{FeedBody, FeedEntry, RichText, Style};
use switchboard_tests::{
    agent::{Agent, Event, Invite, Seen},
    bridge::{Bridge, BridgeConfig},
    customer::{Customer, random_key},
    ports,
    synapse::{Certificates, Federation, Synapse, SynapseOptions},
    wait::{DEADLINE, eventually},
};

/// How long an agent may take to be asked when another one's homeserver does not answer: ours tries
/// to reach it several times before it says so.
const TURNED_TO_THE_NEXT: Duration = Duration::from_mins(2);

/// The bridge's homeserver with Ben, and another one with Anna. Both have been idle as long, and then
/// the one whose id comes first is asked first: Anna.
struct Scene {
    bridge: Bridge,
    elsewhere: Synapse,
    ben: Agent,
    anna: Agent,
    here: Synapse,
    _data: tempfile::TempDir,
}

impl Scene {
    async fn opens(configure: impl FnOnce(BridgeConfig) -> BridgeConfig) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let certificates = Certificates::make(data.path()).expect("certificates");
        let [port, here, elsewhere] = ports::several().expect("three ports are free");
        let homeserver = |name: &str, port| {
            let certificates = certificates.clone();
            SynapseOptions::new(data.path().join(name))
                .federation(Federation { port, certificates })
        };
        let (mut here, elsewhere) = (homeserver("here", here), homeserver("elsewhere", elsewhere));
        here.port = Some(port);

        let url = format!("http://127.0.0.1:{port}");
        let (as_token, hs_token) = (random_key().repeat(3), random_key().repeat(3));
        let anna = format!("anna:{}", elsewhere.server_name());
        let config = BridgeConfig::new(&url, &here.server_name(), &as_token, &hs_token);
        let config = configure(config.agents(&[&anna, "ben"]));
        let mut bridge = Bridge::prepared(config);
        let here = here.registration(bridge.registration().await);

        let both = tokio::try_join!(Synapse::start(here), Synapse::start(elsewhere));
        let (here, elsewhere) = both.expect("two homeservers");
        here.register("ben", "password", false).await.expect("Ben exists");
        elsewhere.register("anna", "password", false).await.expect("Anna exists");
        bridge.starts().await;
        let ben = Agent::login(here.url(), "ben", "password").await.expect("Ben logs in");
        let anna = Agent::login(elsewhere.url(), "anna", "password").await.expect("Anna logs in");
        anna.logs_on().await.expect("Anna logs on");
        ben.logs_on().await.expect("Ben logs on");
        Self { bridge, elsewhere, ben, anna, here, _data: data }
    }

    /// Anna's next request, once she can answer it: her homeserver shows her a request a moment before
    /// ours takes note that she has it, and scripts are quicker than people.
    async fn asks_anna(&self) -> Invite {
        let invite = self.anna.next_request().await.expect("a request");
        let config = &self.bridge.config;
        let path = format!("rooms/{}/state/m.room.member/{}", invite.room, self.anna.user());
        let bot = format!("@switchboard:{}", config.server_name);
        let request = reqwest::Client::new()
            .get(format!("{}/_matrix/client/v3/{path}?user_id={bot}", self.here.url()))
            .bearer_auth(&config.as_token);
        eventually(DEADLINE, || async {
            let answer = request.try_clone()?.send().await.ok()?;
            (answer.json::<Value>().await.ok()?["membership"] == "invite").then_some(())
        })
        .await;
        invite
    }

    /// Everything about who is in a room, from its beginning, as the bridge was told it.
    async fn memberships(&self, room: &OwnedRoomId) -> Vec<Value> {
        let history = self.ben.history(room).await.expect("Ben can read the room");
        let mut raw = Vec::new();
        for event in history.iter().filter(|event| event.kind == "m.room.member") {
            let path = format!("_matrix/client/v3/rooms/{room}/event/{}", event.id);
            let request = reqwest::Client::new()
                .get(format!("{}/{path}", self.here.url()))
                .bearer_auth(self.ben.access_token());
            let answer = request.send().await.expect("Synapse answers");
            raw.push(answer.json().await.expect("an event"));
        }
        raw
    }

    /// Pushes events as the homeserver does, in a transaction that the bridge has not seen.
    async fn pushes(&self, events: &[Value]) {
        let config = &self.bridge.config;
        let path = format!("_matrix/app/v1/transactions/{}", random_key());
        let request = reqwest::Client::new()
            .put(format!("{}/{path}", config.appservice_url()))
            .bearer_auth(&config.hs_token)
            .json(&json!({ "events": events }));
        let answer = request.send().await.expect("the bridge answers");
        assert_eq!(answer.status(), 200, "a transaction is taken");
        self.comes_to_rest().await;
    }

    /// Waits until the bridge has nothing left to do.
    async fn comes_to_rest(&self) {
        let idle = || async { (self.bridge.waiting().await? == (0, 0)).then_some(()) };
        eventually(DEADLINE, idle).await;
    }

    async fn stops(mut self) {
        assert!(self.bridge.stop().await.success(), "a clean stop");
        self.here.stop().await.expect("the first stops");
        self.elsewhere.stop().await.expect("the second stops");
    }
}

/// How often an agent has been asked so far.
async fn requests(agent: &Agent) -> usize {
    let count = |seen: &Seen| seen.invites.iter().filter(|i| i.is_request()).count();
    agent.until("what was seen", |seen| Some(count(seen))).await.expect("always there")
}

/// The next agent's request, with a patience of its own: the `nth` of all.
async fn asked_within(patience: Duration, agent: &Agent, nth: usize) -> OwnedRoomId {
    let look = |seen: &Seen| {
        let mut requests = seen.invites.iter().filter(|i| i.is_request());
        requests.nth(nth).map(|i| i.room.clone())
    };
    agent.until_for(patience, "a request", look).await.expect("a request")
}

/// A message each way arrives.
async fn works(customer: &Customer, agent: &Agent, room: &OwnedRoomId) {
    let (question, answer) = (random_key(), random_key());
    customer.says(&question).await;
    agent.text(room, &question).await.expect("the question");
    agent.say(room, &answer).await.expect("the answer is sent");
    customer.sees_text(&answer).await;
}

/// Prints how long something took, for those who want to know.
fn took(what: &str, since: Instant) {
    println!("{what}: {} ms", since.elapsed().as_millis());
}

fn left(name: &str) -> impl Fn(&FeedEntry) -> bool {
    move |entry| matches!(&entry.body, FeedBody::Left { name: n } if n == name)
}

#[tokio::test]
async fn an_agent_of_another_homeserver_declines_accepts_talks_and_leaves() {
    let scene = Scene::opens(|config| config).await;
    let (anna, ben) = (&scene.anna, &scene.ben);

    // Asked, alone, as everybody is; declines, and the next one is asked.
    let since = Instant::now();
    let clara = Customer::arrives(&scene.bridge, "Clara").await;
    let first = scene.asks_anna().await;
    took("a request reaches the other homeserver's agent", since);
    assert_eq!(first.reason, "Support: a customer has just come. Accept to answer.");
    let html = first.content["io.element.html_reason"].as_str().unwrap_or_default();
    assert!(html.starts_with("<b>Support</b><br>"), "the formatted reason: {}", first.content);
    assert_eq!(requests(ben).await, 0, "one at a time");
    let since = Instant::now();
    anna.leave(&first.room).await.unwrap();
    let next = ben.next_request().await.unwrap();
    took("the next agent is asked after a remote decline", since);
    assert_eq!(next.room, first.room);
    ben.accept(&next.room).await.unwrap();
    clara.sees_joined("Ben").await;

    // Asked for another chat, accepts, and can read what was written before.
    let dora = Customer::arrives(&scene.bridge, "Dora").await;
    for text in ["Hello?", "Is somebody there?"] {
        dora.says(text).await;
    }
    let room = scene.asks_anna().await.room;
    assert_ne!(room, first.room);
    scene.comes_to_rest().await;
    let since = Instant::now();
    anna.accept(&room).await.unwrap();
    took("a remote agent accepts", since);
    dora.sees_joined("Anna").await;
    took("and the customer's page shows it", since);
    let theirs = |event: &&Event| {
        event.kind == "m.room.message" && event.sender.starts_with("@switchboard_c_")
    };
    let earlier = anna.scrolls_up(&room).await.unwrap();
    let earlier: Vec<&str> = earlier.iter().filter(theirs).map(Event::body).collect();
    assert_eq!(earlier, ["Hello?", "Is somebody there?"]);

    they_talk(&dora, anna, &room).await;
    a_new_name_is_no_second_joining(&scene, &dora, &room).await;

    // Leaves: the customer is told, and the chat goes to somebody else.
    anna.leave(&room).await.unwrap();
    dora.wait_for("Anna to go", left("Anna")).await;
    assert_eq!(ben.next_request().await.unwrap().room, room);
    ben.accept(&room).await.unwrap();
    dora.sees_joined("Ben").await;

    // What was told before changes nothing when it is told again.
    let before = (clara.feed(), dora.feed(), requests(ben).await, requests(anna).await);
    for room in [&first.room, &room] {
        let told = scene.memberships(room).await;
        let of_anna = told.iter().filter(|event| event["state_key"] == anna.user().as_str());
        assert!(of_anna.count() >= 2, "Anna came and went: {told:#?}");
        scene.pushes(&told).await;
        scene.pushes(&told).await;
    }
    works(&clara, ben, &first.room).await;
    works(&dora, ben, &room).await;
    let only_texts = |now: &[FeedEntry], before: &[FeedEntry]| {
        let new = &now[before.len()..];
        now[..before.len()] == *before
            && new.iter().all(|e| matches!(e.body, FeedBody::Own { .. } | FeedBody::Agent { .. }))
    };
    assert!(only_texts(&clara.feed(), &before.0), "{:#?}", clara.feed());
    assert!(only_texts(&dora.feed(), &before.1), "{:#?}", dora.feed());
    assert_eq!((requests(ben).await, requests(anna).await), (before.2, before.3));
    scene.stops().await;
}

/// Both directions, typing, what was seen, and text with structure.
async fn they_talk(dora: &Customer, anna: &Agent, room: &OwnedRoomId) {
    let since = Instant::now();
    dora.says("I have a question").await;
    let question = anna.text(room, "I have a question").await.expect("the question");
    took("a customer's message reaches the other homeserver's agent", since);
    let since = Instant::now();
    anna.read(room, question.id).await.expect("a receipt");
    dora.sees_live("seen", |live| live.seen > 0).await;
    took("that it was read reaches the customer", since);
    let since = Instant::now();
    anna.typing(room, true).await.expect("typing");
    dora.sees_live("typing", |live| !live.typing.is_empty()).await;
    took("an agent's typing reaches the customer", since);

    let since = Instant::now();
    let rich = json!({
        "msgtype": "m.text", "body": "a **bold** answer",
        "format": "org.matrix.custom.html", "formatted_body": "a <strong>bold</strong> answer",
    });
    anna.send(room, "m.room.message", rich).await.expect("an answer");
    let answer = dora.sees_text("a bold answer").await;
    took("an agent's message reaches the customer", since);
    let FeedBody::Agent { content, .. } = answer.body else { panic!("not an agent's message") };
    let bold = |part: &RichText| matches!(part, RichText::Span { style: Style::Strong, .. });
    assert!(content.iter().any(bold), "{content:?}");

    dora.types(true);
    anna.until("the customer's typing", |seen| {
        let typing = &seen.rooms.get(room)?.typing;
        typing.iter().any(|user| user.starts_with("@switchboard_c_")).then_some(())
    })
    .await
    .expect("it comes");
}

/// A changed display name is another `join` after the `join`.
async fn a_new_name_is_no_second_joining(scene: &Scene, dora: &Customer, room: &OwnedRoomId) {
    scene.anna.is_called("Annabelle").await.expect("a new name");
    let key = ("m.room.member".to_owned(), scene.anna.user().to_string());
    let renamed = |event: &Value| event["displayname"] == "Annabelle";
    scene
        .anna
        .until("the new name", |seen| {
            seen.rooms.get(room)?.state.get(&key).filter(|event| renamed(event)).map(|_| ())
        })
        .await
        .expect("it comes");
    works(dora, &scene.anna, room).await;
    let joined = |entry: &&FeedEntry| matches!(entry.body, FeedBody::Joined { .. });
    assert_eq!(dora.feed().iter().filter(joined).count(), 1);
}

#[tokio::test]
async fn an_agent_whose_homeserver_goes_away_while_they_are_asked_has_missed_the_request() {
    let mut scene = Scene::opens(|config| config.rings_for(3)).await;
    let clara = Customer::arrives(&scene.bridge, "Clara").await;
    clara.says("Hello?").await;
    let room = scene.asks_anna().await.room;
    scene.elsewhere.kill9().await.unwrap();
    let since = Instant::now();
    assert_eq!(scene.ben.next_request().await.unwrap().room, room);
    took("the next agent is asked after the other homeserver went away", since);
    scene.ben.accept(&room).await.unwrap();
    clara.sees_joined("Ben").await;
    works(&clara, &scene.ben, &room).await;

    // Back again: it is too late to accept, and declining is nobody's news.
    let before = clara.feed();
    scene.elsewhere.restart().await.unwrap();
    scene.anna.accept(&room).await.expect_err("the request was withdrawn");
    scene.anna.leave(&room).await.unwrap();
    scene.anna.gone(&room).await.unwrap();
    works(&clara, &scene.ben, &room).await;
    assert_eq!(clara.feed().len(), before.len() + 2, "{:#?}", clara.feed());
    assert_eq!((requests(&scene.ben).await, requests(&scene.anna).await), (1, 1));

    // The next chat is hers again.
    let dora = Customer::arrives(&scene.bridge, "Dora").await;
    let room = scene.asks_anna().await.room;
    scene.anna.accept(&room).await.unwrap();
    dora.sees_joined("Anna").await;
    works(&dora, &scene.anna, &room).await;
    scene.stops().await;
}

#[tokio::test]
async fn an_agent_whose_homeserver_stands_still_is_passed_over() {
    let scene = Scene::opens(|config| config).await;
    scene.elsewhere.freezes().unwrap();
    let since = Instant::now();
    let clara = Customer::arrives(&scene.bridge, "Clara").await;
    let room = asked_within(TURNED_TO_THE_NEXT, &scene.ben, 0).await;
    took("the next agent is asked while the other homeserver stands still", since);
    scene.ben.accept(&room).await.unwrap();
    clara.sees_joined("Ben").await;
    works(&clara, &scene.ben, &room).await;
}

#[tokio::test]
async fn an_agent_whose_homeserver_does_not_answer_is_passed_over() {
    let mut scene = Scene::opens(|config| config).await;
    scene.elsewhere.kill9().await.unwrap();
    let since = Instant::now();
    let clara = Customer::arrives(&scene.bridge, "Clara").await;
    clara.says("Hello?").await;
    let room = asked_within(TURNED_TO_THE_NEXT, &scene.ben, 0).await;
    took("the next agent is asked while the other homeserver does not answer", since);
    scene.ben.accept(&room).await.unwrap();
    clara.sees_joined("Ben").await;
    works(&clara, &scene.ben, &room).await;

    // Back again, she is asked for the next chat.
    scene.elsewhere.restart().await.unwrap();
    let dora = Customer::arrives(&scene.bridge, "Dora").await;
    let room = scene.asks_anna().await.room;
    scene.anna.accept(&room).await.unwrap();
    dora.sees_joined("Anna").await;
    works(&dora, &scene.anna, &room).await;

    // It can go away in the middle of a chat, too: nothing is lost, and nothing comes twice.
    scene.elsewhere.kill9().await.unwrap();
    for text in ["Are you", "still there?"] {
        dora.says(text).await;
    }
    scene.comes_to_rest().await;
    scene.elsewhere.restart().await.unwrap();
    let since = Instant::now();
    scene.anna.say(&room, "I am back").await.unwrap();
    dora.sees_text("I am back").await;
    scene.anna.text(&room, "still there?").await.unwrap();
    took("what was said meanwhile reaches an agent who writes after the return", since);
    let room = scene.anna.scrolls_up(&room).await.unwrap();
    let said = room.iter().filter(|event| ["Are you", "still there?"].contains(&event.body()));
    assert_eq!(said.map(Event::body).collect::<Vec<_>>(), ["Are you", "still there?"]);
    assert_eq!((requests(&scene.ben).await, requests(&scene.anna).await), (1, 1));
    scene.stops().await;
}
