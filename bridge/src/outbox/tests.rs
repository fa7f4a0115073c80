//! The outbox against a homeserver that notes what it is asked and answers as it is told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use switchboard_engine::{ChatId, WithdrawOutcome};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use url::Url;

use super::{
    effect::{Deed, effect_id},
    *,
};
use crate::{directory::Directory, directory::Entry, identity::Namespace, matrix::client};

const SOON: Duration = Duration::from_secs(20);
const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
const STORE: &str = "store";

/// An answer: its status and body.
type Answer = (u16, Value);

/// What the homeserver is told to answer, one after the other, to requests whose path contains the
/// text. Anything else succeeds.
type Script = BTreeMap<&'static str, Vec<Answer>>;

#[derive(Default)]
struct Stub {
    asked: Mutex<Vec<String>>,
    script: Mutex<Script>,
    /// Requests whose path contains this wait.
    held: watch::Sender<Option<&'static str>>,
}

impl Stub {
    /// What it was asked: `PUT send`, `GET messages`, `PUT state`, in order.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn answer(&self, path: &str) -> Answer {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let next = script.iter_mut().find(|(part, left)| path.contains(**part) && !left.is_empty());
        next.map_or_else(
            || {
                let room = "!new:localhost";
                let answer =
                    json!({ "event_id": "$sent", "room_id": room, "chunk": [], "start": "t0" });
                (200, answer)
            },
            |(_, left)| left.remove(0),
        )
    }

    async fn serve(State(stub): State<Arc<Self>>, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let what = path.split('/').nth(6).unwrap_or_default();
        let asked = format!("{} {what}", request.method());
        stub.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        let mut held = stub.held.subscribe();
        // The stub keeps the sender.
        let _ = held.wait_for(|held| held.is_none_or(|part| !path.contains(part))).await;
        let (status, body) = stub.answer(&path);
        let status = StatusCode::from_u16(status).expect("a status");
        (status, Json(body)).into_response()
    }
}

/// An outbox at work for two chats whose rooms exist.
struct Workshop {
    stub: Arc<Stub>,
    health: Health,
    instructions: mpsc::UnboundedSender<Instruction>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Workshop {
    async fn opens(script: Script, left_over: Vec<(EffectSeq, OutboxEffect)>) -> Self {
        let stub = Arc::new(Stub { script: Mutex::new(script), ..Stub::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(Stub::serve).with_state(Arc::clone(&stub));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the stub runs until it is aborted");
        });
        let url = Url::parse(&format!("http://{address}")).expect("a URL");
        let names = Namespace::new("localhost", "switchboard").expect("valid names");
        let directory = Directory::default();
        for chat in [CHAT, OTHER] {
            let room = format!("!{chat}:localhost").parse().expect("a room");
            let ghost = names.ghost(chat);
            directory.put(chat, Entry { ghost, room: Some(room), last_agent_message: None });
        }
        let deliverer = Deliverer {
            homeserver: client::Homeserver::new(&url, "token").expect("a client"),
            names,
            directory,
            incarnation: STORE.to_owned(),
            media: None,
        };
        let (instructions, receiver) = mpsc::unbounded_channel();
        let (sender, outcomes) = mpsc::unbounded_channel();
        let health = Health::default();
        let outbox = Outbox::new(deliverer, health.clone(), Clock::default(), sender);
        let runs = tokio::spawn(outbox.run(left_over, receiver, CancellationToken::new()));
        Self { stub, health, instructions, outcomes, tasks: vec![server, runs] }
    }

    fn add(&self, effects: Vec<(EffectSeq, OutboxEffect)>) {
        self.instructions.send(Instruction::Add(effects)).expect("the outbox runs");
    }

    /// The next end of an effect: its number and what became of it.
    async fn next(&mut self) -> (u64, Result<Done, String>) {
        let outcome = timeout(SOON, self.outcomes.recv()).await.expect("soon");
        let outcome = outcome.expect("the outbox runs");
        (outcome.seq.0, outcome.result)
    }
}

const CHAT: ChatId = ChatId(1);
const OTHER: ChatId = ChatId(2);

/// A customer's words.
fn say(seq: u64, age_ms: u64) -> (EffectSeq, OutboxEffect) {
    let deed = Deed::Say {
        text: "hello".to_owned(),
        mentions: Vec::new(),
        anchor: 1,
        key: "key".to_owned(),
        received: 0,
        reply_to: None,
        more: false,
    };
    let created = Clock::default().now().0 - age_ms;
    (
        EffectSeq(seq),
        OutboxEffect { place: CHAT.into(), lane: Lane::Timeline, after: vec![], created, deed },
    )
}

/// A line in the room's state, in the other lane.
fn status(chat: ChatId, seq: u64, after: &[u64]) -> (EffectSeq, OutboxEffect) {
    let deed = Deed::Status { number: 1, queue: "support".to_owned(), status: "active".to_owned() };
    let created = Clock::default().now().0;
    (
        EffectSeq(seq),
        OutboxEffect {
            place: chat.into(),
            lane: Lane::Members,
            after: after.to_vec(),
            created,
            deed,
        },
    )
}

/// Asking an agent.
fn asks(agent: &str) -> Deed {
    let agent = agent.to_owned();
    Deed::Ring { request: 1, agent, reason: String::new(), html: String::new() }
}

/// The answers to invites that fail: before every further one it is looked who is in the room.
fn with_looks(answers: Vec<Answer>) -> Vec<Answer> {
    answers.into_iter().flat_map(|answer| [answer, refusal(404, "M_NOT_FOUND")]).collect()
}

fn refusal(status: u16, errcode: &str) -> Answer {
    (status, json!({ "errcode": errcode, "error": "on purpose" }))
}

fn slow_down() -> Answer {
    let body = json!({ "errcode": "M_LIMIT_EXCEEDED", "error": "slowly", "retry_after_ms": 1 });
    (429, body)
}

/// A page of the room's events with the one that effect `seq` makes.
fn page_with(seq: u64) -> Answer {
    let content =
        json!({ "body": "hello", "chat.switchboard.id": effect_id(STORE, EffectSeq(seq)) });
    let sender = Namespace::new("localhost", "switchboard").expect("valid names").ghost(CHAT);
    let event = json!({
        "type": "m.room.message", "event_id": "$found", "sender": sender, "content": content,
        "room_id": format!("!{CHAT}:localhost"), "origin_server_ts": Clock::default().now().0,
    });
    (200, json!({ "start": "t1", "chunk": [event] }))
}

#[tokio::test]
async fn an_effect_waits_for_another_lane_and_holds_up_no_other_chat() {
    let mut shop = Workshop::opens(Script::new(), vec![]).await;
    shop.stub.held.send_replace(Some("/send/"));
    shop.add(vec![say(1, 0), status(CHAT, 2, &[1]), status(OTHER, 3, &[])]);
    assert_eq!(shop.next().await, (3, Ok(Done::Plain)));
    let mut asked = shop.stub.asked();
    asked.sort();
    assert_eq!(asked, ["PUT send", "PUT state"], "what waits has begun");
    shop.stub.held.send_replace(None);
    assert!(matches!(shop.next().await, (1, Ok(Done::Event(_)))));
    assert_eq!(shop.next().await, (2, Ok(Done::Plain)));
}

#[tokio::test]
async fn nobody_is_asked_into_a_room_before_it_is_committed() {
    let mut shop = Workshop::opens(Script::new(), vec![]).await;
    let (seq, mut room) = say(1, 0);
    room.deed = Deed::OpenRoom {
        number: 1,
        customer: "Carla".to_owned(),
        queue: "support".to_owned(),
        queue_name: "Support".to_owned(),
        variables: Vec::new(),
        federate: true,
    };
    let (second, mut ring) = status(CHAT, 2, &[1]);
    ring.deed = asks("@anna:localhost");
    shop.add(vec![(seq, room), (second, ring), status(OTHER, 3, &[])]);
    let mut ended = vec![shop.next().await.0, shop.next().await.0];
    ended.sort_unstable();
    assert_eq!(ended, [1, 3]);
    // Whatever the outbox begins without being told to, it begins before this.
    shop.add(vec![status(OTHER, 4, &[])]);
    assert_eq!(shop.next().await.0, 4);
    let states = |shop: &Workshop| shop.stub.asked().iter().filter(|a| *a == "PUT state").count();
    assert_eq!(states(&shop), 2, "the agent was asked too early");
    shop.instructions.send(Instruction::Settled(EffectSeq(1))).expect("the outbox runs");
    assert_eq!(shop.next().await, (2, Ok(Done::Rung)));
    assert_eq!(states(&shop), 3);
}

#[tokio::test]
async fn what_waits_for_something_that_was_given_up_is_given_up_too() {
    let script = Script::from([("/send/", vec![refusal(413, "M_TOO_LARGE")])]);
    let mut shop = Workshop::opens(script, vec![]).await;
    let (seq, mut third) = say(3, 0);
    third.after = vec![2];
    shop.add(vec![say(1, 0), status(CHAT, 2, &[1]), (seq, third)]);
    for (seq, reason) in [
        (1, "the homeserver refuses: 413 M_TOO_LARGE: "),
        (2, "it waited for effect 1, which was given up"),
        (3, "it waited for effect 2, which was given up"),
    ] {
        let (ended, result) = shop.next().await;
        let told = result.expect_err("given up");
        assert!(ended == seq && told.starts_with(reason), "{ended}: {told}");
    }
    // The runner may not have heard of it when it decides something more that waits for it.
    shop.add(vec![status(CHAT, 4, &[1])]);
    let (ended, result) = shop.next().await;
    assert!(ended == 4 && result.is_err(), "{result:?}");
    assert_eq!(shop.stub.asked(), ["PUT send"], "something that waited was begun");
    // The lanes go on.
    shop.add(vec![say(5, 0)]);
    assert!(matches!(shop.next().await, (5, Ok(_))));
    shop.add(vec![status(CHAT, 6, &[5])]);
    assert_eq!(shop.next().await, (6, Ok(Done::Plain)));
}

#[tokio::test]
async fn doubt_looks_before_it_sends() {
    let lost = || (502, json!({}));
    let look: &[&str] = &["PUT send", "GET messages", "PUT send"];
    let repeat: &[&str] = &["PUT send", "PUT send"];
    for (story, minutes, answer, expected) in [
        ("not done, and the homeserver remembers", 0, slow_down(), repeat),
        ("not done, and it still remembers", 24, slow_down(), repeat),
        ("old enough to be forgotten", 26, slow_down(), look),
        ("the answer is lost", 0, lost(), look),
    ] {
        let script = Script::from([("/send/", vec![answer])]);
        let mut shop = Workshop::opens(script, vec![]).await;
        shop.add(vec![say(1, minutes * MINUTE_MS)]);
        assert!(matches!(shop.next().await, (1, Ok(Done::Event(_)))), "{story}");
        assert_eq!(shop.stub.asked(), expected, "{story}");
    }
}

#[tokio::test]
async fn what_is_found_is_not_sent_again() {
    for (story, minutes, answers, expected) in [
        ("left over from before a start", 0, vec![], &["GET messages"] as &[&str]),
        ("old", 26, vec![slow_down()], &["PUT send", "GET messages"]),
        ("the answer is lost", 0, vec![(502, json!({}))], &["PUT send", "GET messages"]),
    ] {
        let left_over = if answers.is_empty() { vec![say(1, 0)] } else { vec![] };
        let is_new = left_over.is_empty();
        let script = Script::from([("/send/", answers), ("/messages", vec![page_with(1)])]);
        let mut shop = Workshop::opens(script, left_over).await;
        if is_new {
            shop.add(vec![say(1, minutes * MINUTE_MS)]);
        }
        let found = Done::Event("$found".try_into().expect("an event id"));
        assert_eq!(shop.next().await, (1, Ok(found)), "{story}");
        assert_eq!(shop.stub.asked(), expected, "{story}");
    }
}

#[tokio::test]
async fn what_fails_is_tried_for_a_day_and_no_longer() {
    let lost = || (502, json!({}));
    let script = Script::from([("/send/", vec![lost(), lost()])]);
    let mut shop = Workshop::opens(script, vec![]).await;
    shop.add(vec![say(1, DAY_MS - 5 * MINUTE_MS)]);
    assert!(matches!(shop.next().await, (1, Ok(Done::Event(_)))), "not yet a day");

    let script = Script::from([("/send/", vec![lost(), lost()])]);
    let mut shop = Workshop::opens(script, vec![]).await;
    shop.add(vec![say(1, DAY_MS + MINUTE_MS)]);
    assert!(matches!(shop.next().await, (1, Err(_))));
    assert_eq!(shop.stub.asked(), ["PUT send"]);
}

#[tokio::test]
async fn an_agent_whose_own_homeserver_does_not_answer_keeps_nobody_waiting() {
    let away = || refusal(502, "M_UNKNOWN");
    let proxy = || (502, json!({}));
    let elsewhere = "@anna:elsewhere.org";
    for (story, agent, answers, is_rung) in [
        ("once can happen", elsewhere, vec![away()], true),
        ("again and again", elsewhere, vec![away(), away()], false),
        ("a gateway that waits in vain", elsewhere, vec![refusal(504, "M_UNKNOWN"), away()], false),
        ("our own homeserver fails", elsewhere, vec![refusal(500, "M_UNKNOWN"), away()], true),
        ("a proxy before our own homeserver", elsewhere, vec![proxy(), proxy()], true),
        ("an agent of our own homeserver", "@anna:localhost", vec![away(), away()], true),
    ] {
        let script = Script::from([("/state/m.room.member/", with_looks(answers))]);
        let mut shop = Workshop::opens(script, vec![]).await;
        let (seq, mut ring) = status(CHAT, 1, &[]);
        ring.deed = asks(agent);
        shop.add(vec![(seq, ring), status(CHAT, 2, &[])]);
        let (ended, result) = shop.next().await;
        assert_eq!((ended, result.is_ok()), (1, is_rung), "{story}: {result:?}");
        // The lane goes on.
        assert_eq!(shop.next().await, (2, Ok(Done::Plain)), "{story}");
    }
}

#[tokio::test]
async fn an_agent_for_whom_our_homeserver_waits_too_long_is_not_asked_again() {
    let mut shop = Workshop::opens(Script::new(), vec![]).await;
    shop.stub.held.send_replace(Some("/state/m.room.member/"));
    let (seq, mut ring) = status(CHAT, 1, &[]);
    ring.deed = asks("@anna:elsewhere.org");
    shop.add(vec![(seq, ring)]);
    let asked = async {
        while shop.stub.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, asked).await.expect("soon");
    // From here on, time flies while nothing happens.
    tokio::time::pause();
    let outcome = shop.outcomes.recv().await.expect("the outbox runs");
    assert!(outcome.result.is_err(), "{outcome:?}");
    assert_eq!(shop.stub.asked(), ["PUT state"], "each further try would wait for the first one");
}

#[tokio::test]
async fn a_homeserver_that_is_silent_for_a_day_keeps_nobody_waiting_for_longer() {
    let mut shop = Workshop::opens(Script::new(), vec![]).await;
    shop.health.report_down();
    shop.add(vec![say(1, DAY_MS - 200)]);
    let (seq, result) = shop.next().await;
    assert_eq!((seq, result.is_err()), (1, true), "{result:?}");
    assert_eq!(shop.stub.asked(), [""; 0]);
}

/// A member event's content, as the room's state has it.
fn member(membership: &str, of_effect: u64) -> Answer {
    let id = effect_id(STORE, EffectSeq(of_effect));
    (200, json!({ "membership": membership, "chat.switchboard.id": id }))
}

/// A page of the room's events with the removal that effect `seq` made.
fn page_with_removal(seq: u64) -> Answer {
    let id = effect_id(STORE, EffectSeq(seq));
    let event = json!({
        "type": "m.room.member", "event_id": "$removed", "sender": "@switchboard:localhost",
        "state_key": "@anna:localhost", "room_id": format!("!{CHAT}:localhost"),
        "content": { "membership": "leave", "chat.switchboard.id": id },
        "origin_server_ts": Clock::default().now().0,
    });
    (200, json!({ "start": "t1", "chunk": [event] }))
}

/// After a restart a removal may be long done, and the agent asked again and in the room since.
#[tokio::test]
async fn a_removal_that_was_made_is_not_made_again() {
    let (agent, reason) = ("@anna:localhost".to_owned(), String::new());
    let withdraw = Deed::Withdraw { agent: agent.clone(), reason: reason.clone() };
    let remove = Deed::Remove { agent, reason };
    let done = |outcome| Done::Withdrawn(outcome);
    for (what, deed, made_before, state, expected, removes) in [
        ("removed before", &remove, true, member("join", 9), Done::Plain, false),
        ("not removed yet", &remove, false, member("join", 3), Done::Plain, true),
        (
            "withdrawn before",
            &withdraw,
            true,
            member("invite", 9),
            done(WithdrawOutcome::Done),
            false,
        ),
        ("asked again", &withdraw, false, member("invite", 9), done(WithdrawOutcome::Done), false),
        ("still invited", &withdraw, false, member("invite", 3), done(WithdrawOutcome::Done), true),
        ("joined", &withdraw, false, member("join", 3), done(WithdrawOutcome::HadJoined), false),
    ] {
        let page = if made_before { page_with_removal(5) } else { (200, json!({ "chunk": [] })) };
        // A removal that is made does not look at the state; what it is answered matters little.
        let script =
            Script::from([("/messages", vec![page]), ("/state/m.room.member", vec![state])]);
        let (seq, mut effect) = status(CHAT, 5, &[]);
        effect.deed = deed.clone();
        let mut shop = Workshop::opens(script, vec![(seq, effect)]).await;
        assert_eq!(shop.next().await, (5, Ok(expected)), "{what}");
        let asked = shop.stub.asked();
        assert_eq!(asked.iter().any(|asked| asked == "PUT state"), removes, "{what}: {asked:?}");
    }
}

/// After a restart an invite may be long answered: who has declined it is not asked again.
#[tokio::test]
async fn an_invite_that_was_made_is_not_made_again() {
    let (user, reason) = ("@anna:localhost".to_owned(), String::new());
    let by_bot = Deed::Invite { user: user.clone(), reason: reason.clone(), direct: true };
    let by_ghost = Deed::Ring { request: 1, agent: user, reason: reason.clone(), html: reason };
    for (who, deed) in [("@switchboard", by_bot), ("@switchboard_c_", by_ghost)] {
        for (what, made_before, state, asks) in [
            ("declined", true, member("leave", 9), false),
            ("accepted", false, member("join", 9), false),
            ("not made yet", false, member("leave", 3), true),
        ] {
            let id = effect_id(STORE, EffectSeq(5));
            let sender = if who.ends_with('_') {
                format!("{who}{CHAT}:localhost")
            } else {
                format!("{who}:localhost")
            };
            let event = json!({
                "type": "m.room.member", "event_id": "$invite", "sender": sender,
                "state_key": "@anna:localhost", "room_id": format!("!{CHAT}:localhost"),
                "content": { "membership": "invite", "chat.switchboard.id": id },
                "origin_server_ts": Clock::default().now().0,
            });
            let chunk = if made_before { vec![event] } else { vec![] };
            let page = (200, json!({ "start": "t1", "chunk": chunk }));
            let script =
                Script::from([("/messages", vec![page]), ("/state/m.room.member", vec![state])]);
            let (seq, mut effect) = status(CHAT, 5, &[]);
            effect.deed = deed.clone();
            let mut shop = Workshop::opens(script, vec![(seq, effect)]).await;
            assert_eq!(shop.next().await, (5, Ok(Done::Rung)), "{who}: {what}");
            let asked = shop.stub.asked().iter().filter(|path| path.starts_with("PUT")).count();
            assert_eq!(asked, usize::from(asks), "{who}: {what}");
        }
    }
}
