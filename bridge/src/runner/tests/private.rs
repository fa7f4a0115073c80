//! Twin histories: whatever agents do in private, the customer's bytes are the same as if they had
//! not. Each seed makes a history of a chat; one twin has private things in it, and the other has not.
//!
//! `SWITCHBOARD_TWINS` says how many histories are tried.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use super::*;
use crate::{
    clock::ManualClock,
    gateway::wire::LiveState,
    media::{Kind, StoredFile, Unfit},
};

pub(super) const BEN: &str = "@ben:localhost";
pub(super) const CLEO: &str = "@cleo:localhost";
const AGENTS: [&str; 3] = [ANNA, BEN, CLEO];
pub(super) const ROOM: &str = "!room:localhost";
pub(super) const COMPANION: &str = "!companion:localhost";
/// What is in every private text, and must be nowhere else.
const SECRET: &str = "SECRET";
/// How many histories are tried if nothing else is said.
const TWINS: u64 = 2_000;

/// One thing that happens in both twins.
#[derive(Clone, Debug)]
pub(super) enum Common {
    Says,
    Member(&'static str, &'static str),
    Writes(&'static str),
    Replies(&'static str),
    SendsFile(&'static str),
    Edits(&'static str),
    TakesBack(&'static str),
    Reacts(&'static str),
    Reads,
    Types(&'static str),
    Ends(&'static str),
    CustomerEnds,
    Time(u64),
    Restart,
}

/// One thing that happens in one of them only.
#[derive(Clone, Copy, Debug)]
enum Private {
    Command(&'static str),
    Writes(&'static str),
    File(&'static str),
    Marked(&'static str),
    Edits(&'static str),
    TakesBack(&'static str),
    Reacts(&'static str),
    Encrypted(&'static str),
    Orders(&'static str),
    Nonsense(&'static str),
    Declines(&'static str),
    Joins(&'static str),
    Leaves(&'static str),
    Reads,
}

#[derive(Clone, Debug)]
enum Step {
    Common(Common),
    Private(Private),
}

fn history(seed: u64) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    let length = random.random_range(6..30);
    let mut steps = vec![Step::Common(Common::Says), Step::Common(Common::Member(ANNA, "join"))];
    for _ in 0..length {
        let who = *AGENTS.choose(&mut random).expect("agents");
        let step = if random.random_bool(0.5) {
            Step::Private(match random.random_range(0..14) {
                0 | 1 => Private::Command(who),
                2 | 3 => Private::Writes(who),
                4 => Private::File(who),
                5 => Private::Marked(who),
                6 => Private::Edits(who),
                7 => Private::TakesBack(who),
                8 => Private::Reacts(who),
                9 => Private::Encrypted(who),
                10 => Private::Orders(who),
                11 => Private::Nonsense(who),
                12 => [Private::Joins(who), Private::Declines(who), Private::Leaves(who)]
                    [random.random_range(0..3)],
                _ => Private::Reads,
            })
        } else {
            Step::Common(match random.random_range(0..30) {
                0..=5 => Common::Says,
                6..=10 => Common::Writes(who),
                11..=13 => Common::Member(who, "join"),
                14 | 15 => Common::Member(who, "leave"),
                16 | 17 => Common::Replies(who),
                18 => Common::Edits(who),
                19 => Common::TakesBack(who),
                20 => Common::Reacts(who),
                21 => Common::Reads,
                22 => Common::Types(who),
                23 => Common::Ends(who),
                24 => {
                    if random.random_bool(0.2) {
                        Common::CustomerEnds
                    } else {
                        Common::Says
                    }
                }
                25 | 26 => Common::SendsFile(who),
                27 | 28 => Common::Time(random.random_range(1..60_000)),
                _ => Common::Restart,
            })
        };
        steps.push(step);
    }
    steps
}

/// What the customer could see, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) feed: Vec<String>,
    live: String,
    /// What their ghost does: what only the ghost's lane has, without numbers of effects.
    ghost: Vec<String>,
}

pub(super) struct Twin {
    store: MemoryStore,
    clock: ManualClock,
    now: u64,
    live: Live,
    directory: Directory,
    runner: Runner,
    instructions: mpsc::UnboundedReceiver<Instruction>,
    outcomes: mpsc::UnboundedSender<Outcome>,
    ghost: Vec<String>,
    /// Events of the customer, of agents and of private texts, for what relates to them.
    agents_last: Option<String>,
    private_last: Option<String>,
    /// The newest message of the bot in the chat's room.
    pub(super) bots_last: Option<String>,
    number: u64,
    secrets: u64,
}

fn centre() -> Centre {
    let mut queue = Queue::new("support", "Support");
    queue.max_wait_seconds = 0;
    queue.max_length = 10;
    queue.max_pending_messages = 100;
    let mut site = Site::new("shop", "Shop");
    site.queues = vec![queue.id.clone()];
    let names = [(ANNA, "Anna"), (BEN, "Ben"), (CLEO, "Cleo")];
    Centre {
        queues: vec![queue],
        agents: names.iter().map(|(id, name)| centre::Agent::new(*id, *name)).collect(),
        sites: vec![site],
        ..Centre::default()
    }
}

type Ends = (mpsc::UnboundedReceiver<Instruction>, mpsc::UnboundedSender<Outcome>);

async fn begin(
    store: &MemoryStore,
    clock: &ManualClock,
    live: &Live,
    directory: &Directory,
) -> (Runner, Ends) {
    let surroundings = Surroundings {
        clock: clock.clock(),
        names: Namespace::new("localhost", "switchboard").expect("valid"),
        directory: directory.clone(),
        live: live.clone(),
        metrics: Metrics::new(),
        sites: watch::Sender::default(),
        spaces: SpaceSettings::default(),
    };
    let (instructions_tx, instructions) = mpsc::unbounded_channel();
    let (outcomes, outcomes_rx) = mpsc::unbounded_channel();
    let (_, whispers) = mpsc::channel(1);
    let store = Arc::new(store.clone());
    let runner = Runner::load(
        store,
        centre(),
        surroundings,
        instructions_tx,
        outcomes_rx,
        whispers,
        Health::default(),
    );
    (runner.await.expect("it loads"), (instructions, outcomes))
}

impl Twin {
    pub(super) async fn new() -> Self {
        let (store, clock) = (MemoryStore::new(), ManualClock::default());
        clock.set(Time(1_000_000));
        log_everybody_on(&store, &centre()).await;
        let (live, directory) = (Live::new(), Directory::default());
        let (runner, (instructions, outcomes)) = begin(&store, &clock, &live, &directory).await;
        let mut twin = Self {
            store,
            clock,
            now: 1_000_000,
            live,
            directory,
            runner,
            instructions,
            outcomes,
            ghost: Vec::new(),
            agents_last: None,
            private_last: None,
            bots_last: None,
            number: 0,
            secrets: 0,
        };
        let start = CustomerInput::Start {
            chat: CHAT,
            site: "shop".to_owned(),
            name: Some("Clara".to_owned()),
            session: "00".repeat(32),
            queue: None,
            facts: Facts::default(),
        };
        twin.customer(start).await;
        twin.settle().await;
        twin
    }

    async fn customer(&self, input: CustomerInput) {
        let item = input.into_item(1).expect("JSON");
        self.store.append_inbox(vec![item]).await.expect("stored");
    }

    async fn push(&self, event: Value) {
        let key = format!("event:{}", event["event_id"].as_str().expect("an id"));
        let body = event.to_string().into_bytes();
        let item = NewInboxItem { key, received: 1, body };
        self.store.append_inbox(vec![item]).await.expect("stored");
    }

    pub(super) async fn event(
        &self,
        id: &str,
        room: &str,
        sender: &str,
        kind: &str,
        content: Value,
    ) {
        self.push(json!({
            "event_id": id, "room_id": room, "sender": sender, "type": kind, "content": content,
        }))
        .await;
    }

    pub(super) async fn member(&self, id: &str, room: &str, user: &str, membership: &str) {
        self.push(json!({
            "event_id": id, "room_id": room, "sender": user, "type": "m.room.member",
            "state_key": user, "content": { "membership": membership },
        }))
        .await;
    }

    /// Handles all that there is, and does what is to be done.
    pub(super) async fn settle(&mut self) {
        for _ in 0..50 {
            while self.runner.turn().await.expect("nothing fails") {}
            let mut added = Vec::new();
            while let Ok(instruction) = self.instructions.try_recv() {
                if let Instruction::Add(effects) = instruction {
                    added.extend(effects);
                }
            }
            if added.is_empty() {
                return;
            }
            for (seq, effect) in added {
                self.carry_out(seq, effect);
            }
        }
        panic!("it does not come to rest");
    }

    fn carry_out(&mut self, seq: EffectSeq, effect: OutboxEffect) {
        let room = |id: &str| Done::Room(ruma::RoomId::parse(id).expect("valid"));
        let event = || Done::Event(ruma::EventId::parse(format!("$e{}", seq.0)).expect("valid"));
        if matches!(&effect.deed, Deed::Say { .. } | Deed::OpenRoom { .. } | Deed::Ring { .. }) {
            self.ghost.push(format!("{:?} {:?}", effect.place, effect.deed));
        } else if !matches!(effect.place, Place::Companion(_)) {
            // Nor is it told to anybody else, whatever the bot says.
            let told = format!("{:?}", effect.deed);
            assert!(!told.contains(SECRET), "{told}");
        }
        let done = match &effect.deed {
            Deed::OpenRoom { .. } => room(ROOM),
            Deed::OpenCompanion { .. } => room(COMPANION),
            Deed::OpenBotRoom { .. } => room(&format!("!bot{}:localhost", seq.0)),
            Deed::PostPrivate { .. } => {
                self.private_last = Some(format!("$e{}", seq.0));
                event()
            }
            Deed::Notice { .. } | Deed::Card { .. } if effect.place == Place::Chat(CHAT) => {
                self.bots_last = Some(format!("$e{}", seq.0));
                event()
            }
            Deed::Say { .. } | Deed::Notice { .. } | Deed::Card { .. } => event(),
            Deed::Ring { .. } | Deed::Invite { .. } => Done::Rung,
            // Some are not taken, in the companion room as well.
            Deed::FetchFile { late: false, .. } if self.number.is_multiple_of(4) => Done::Later,
            Deed::FetchFile { .. } if self.number.is_multiple_of(3) => Done::Unfit(Unfit::Markup),
            Deed::FetchFile { id, name, .. } => Done::File(StoredFile {
                id: id.clone(),
                name: name.clone(),
                kind: Kind::Png,
                size: 9,
                pixels: None,
                uri: "mxc://localhost/copy".to_owned(),
            }),
            _ => Done::Plain,
        };
        let outcome = Outcome { seq, effect, result: Ok(done), found: false };
        self.outcomes.send(outcome).expect("the runner is there");
    }

    /// A message that quotes: in the one twin what it replies to is private, in the other there is
    /// nothing.
    fn quoting(&self, mut content: Value, text: &str) -> Value {
        if let Some(target) = &self.private_last {
            // As the specification has it, or in a style of the client's own.
            let who = if self.number % 4 < 2 { "<@x:y> " } else { "" };
            content["body"] = json!(format!("> {who}{SECRET}\n> more\n\n{text}"));
            content["format"] = json!("org.matrix.custom.html");
            content["formatted_body"] = json!(format!("<blockquote>{SECRET}</blockquote>{text}"));
            content["m.relates_to"] = json!({ "m.in_reply_to": { "event_id": target } });
        }
        content
    }

    async fn says(&mut self, key: String, text: String) {
        let (email, reply_to, files) = (None, None, Vec::new());
        self.customer(CustomerInput::Send { chat: CHAT, key, text, email, reply_to, files }).await;
    }

    pub(super) async fn common(&mut self, step: &Common) {
        self.number += 1;
        let id = format!("$c{}", self.number);
        let text = format!("words {}", self.number);
        let message = |body: &str| json!({ "msgtype": "m.text", "body": body });
        match step {
            Common::Says => {
                self.says(format!("k{}", self.number), text).await;
            }
            Common::Member(who, what) => self.member(&id, ROOM, who, what).await,
            Common::Writes(who) => {
                self.event(&id, ROOM, who, "m.room.message", message(&text)).await;
                self.agents_last = Some(id);
            }
            Common::Replies(who) => {
                let content = self.quoting(message(&text), &text);
                self.event(&id, ROOM, who, "m.room.message", content).await;
            }
            Common::SendsFile(who) => {
                let url = "mxc://localhost/original";
                let mut content = json!({ "msgtype": "m.image", "body": text, "url": url });
                if self.number.is_multiple_of(2) {
                    content["filename"] = json!("photo.png");
                }
                let content = self.quoting(content, &text);
                self.event(&id, ROOM, who, "m.room.message", content).await;
                self.agents_last = Some(id);
            }
            Common::Edits(who) => {
                let Some(target) = self.agents_last.clone() else { return };
                let mut content = message(&format!("* {text}"));
                content["m.new_content"] = message(&text);
                content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": target });
                self.event(&id, ROOM, who, "m.room.message", content).await;
            }
            Common::TakesBack(who) => {
                let Some(target) = self.agents_last.clone() else { return };
                self.event(&id, ROOM, who, "m.room.redaction", json!({ "redacts": target })).await;
            }
            Common::Reacts(who) => {
                let Some(target) = self.agents_last.clone() else { return };
                let to = json!({ "rel_type": "m.annotation", "event_id": target, "key": "👍" });
                let content = json!({ "m.relates_to": to });
                self.event(&id, ROOM, who, "m.reaction", content).await;
            }
            Common::Reads => {
                if let Some(event) = self.agents_last.clone() {
                    self.runner.state.agent_read(&event).await.expect("read");
                }
            }
            Common::Types(who) => {
                let name = who[1..].split(':').next().unwrap_or_default().to_owned();
                self.live.agents_type(CHAT, vec![name]);
            }
            Common::Ends(who) => {
                self.event(&id, ROOM, who, "m.room.message", message("!end")).await;
            }
            Common::CustomerEnds => self.customer(CustomerInput::End { chat: CHAT }).await,
            Common::Time(ms) => {
                self.now += ms;
                self.clock.set(Time(self.now));
                self.settle().await;
                let mut batch = super::super::batch::Batch::default();
                self.runner.state.begin();
                let timer = switchboard_engine::Input::Timer;
                self.runner.state.input(timer, &mut batch).await.expect("fine");
                self.runner.state.seal(&mut batch).expect("fine");
                let changes = batch.changes(self.runner.state.epoch()).expect("JSON");
                self.store.commit(changes).await.expect("committed");
                self.runner.state.publish(&batch);
                for (seq, effect) in std::mem::take(&mut batch.effects) {
                    self.carry_out(seq, effect);
                }
            }
            Common::Restart => {
                // What was seen is stored along with the chat's next change, in both.
                self.says(format!("r{}", self.number), text).await;
                self.settle().await;
                let (runner, (instructions, outcomes)) =
                    begin(&self.store, &self.clock, &self.live, &self.directory).await;
                self.runner = runner;
                (self.instructions, self.outcomes) = (instructions, outcomes);
            }
        }
        self.settle().await;
    }

    async fn private(&mut self, step: &Private) {
        self.secrets += 1;
        let id = format!("$p{}", self.secrets);
        let text = format!("{SECRET} {}", self.secrets);
        let message = |body: &str| json!({ "msgtype": "m.text", "body": body });
        let kind = "m.room.message";
        match step {
            Private::Command(who) => {
                let content = message(&format!("!private {text}"));
                self.event(&id, ROOM, who, kind, content).await;
            }
            Private::Writes(who) => {
                self.event(&id, COMPANION, who, kind, message(&text)).await;
                self.private_last = Some(id);
            }
            Private::File(who) => {
                let content = json!({
                    "msgtype": "m.file", "body": text, "url": format!("mxc://localhost/{SECRET}"),
                });
                self.event(&id, COMPANION, who, kind, content).await;
                self.private_last = Some(id);
            }
            Private::Marked(who) => {
                let mut content = message(&text);
                content["chat.switchboard.private"] = json!(true);
                self.event(&id, ROOM, who, kind, content).await;
            }
            Private::Edits(who) => {
                let Some(target) = self.private_last.clone() else { return };
                let mut content = message(&format!("* {text}"));
                content["m.new_content"] = message(&text);
                content["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": target });
                self.event(&id, COMPANION, who, kind, content).await;
            }
            Private::TakesBack(who) => {
                let Some(target) = self.private_last.clone() else { return };
                let room = if self.secrets.is_multiple_of(2) { ROOM } else { COMPANION };
                let content = json!({ "redacts": target, "reason": text });
                self.event(&id, room, who, "m.room.redaction", content).await;
            }
            Private::Reacts(who) => {
                let Some(target) = self.private_last.clone() else { return };
                let room = if self.secrets.is_multiple_of(2) { ROOM } else { COMPANION };
                let to = json!({ "rel_type": "m.annotation", "event_id": target, "key": text });
                self.event(&id, room, who, "m.reaction", json!({ "m.relates_to": to })).await;
            }
            Private::Encrypted(who) => {
                let content = json!({ "ciphertext": text });
                self.event(&id, COMPANION, who, "m.room.encrypted", content).await;
            }
            Private::Orders(who) => {
                self.event(&id, COMPANION, who, kind, message(&format!("!end {text}"))).await;
            }
            Private::Nonsense(who) => {
                let event = json!({
                    "event_id": id, "room_id": COMPANION, "sender": who, "type": 7,
                    "content": text,
                });
                self.push(event).await;
            }
            Private::Declines(who) | Private::Leaves(who) => {
                self.member(&id, COMPANION, who, "leave").await;
            }
            Private::Joins(who) => self.member(&id, COMPANION, who, "join").await,
            Private::Reads => {
                if let Some(event) = self.private_last.clone() {
                    self.runner.state.agent_read(&event).await.expect("read");
                }
            }
        }
        self.settle().await;
    }

    pub(super) async fn seen(&self) -> Seen {
        let feed = self.store.stream(Stream::Feed, CHAT, 0, 1000).await.expect("read");
        let live: LiveState = self.live.state(CHAT);
        Seen {
            feed: feed
                .iter()
                .map(|(seq, body)| format!("{seq} {}", String::from_utf8_lossy(body)))
                .collect(),
            live: format!("{live:?}"),
            ghost: self.ghost.clone(),
        }
    }
}

async fn lives(steps: &[Step], privately: bool) -> Seen {
    let mut twin = Twin::new().await;
    for step in steps {
        match step {
            Step::Common(step) => twin.common(step).await,
            Step::Private(step) if privately => twin.private(step).await,
            Step::Private(_) => {}
        }
    }
    twin.seen().await
}

#[tokio::test]
async fn the_customers_bytes_do_not_tell_of_private_messages() {
    let told = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (from, twins) = (
        told("SWITCHBOARD_TWINS_FROM").unwrap_or_default(),
        told("SWITCHBOARD_TWINS").unwrap_or(TWINS),
    );
    let (mut shown, mut entries) = (0, 0);
    for seed in from..from + twins {
        let steps = history(seed);
        let with = lives(&steps, true).await;
        let without = lives(&steps, false).await;
        assert_eq!(with, without, "seed {seed}: {steps:#?}");
        assert!(!format!("{with:?}").contains(SECRET), "seed {seed}: {with:#?}");
        entries += with.feed.len();
        shown += with.feed.iter().filter(|entry| entry.contains("words")).count();
    }
    // There was something to compare.
    assert!(u64::try_from(entries).expect("few") > twins * 5, "{entries}");
    assert!(u64::try_from(shown).expect("few") > twins * 2, "{shown}");
}
