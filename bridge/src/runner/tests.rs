//! The runner with a store in memory and nobody at the other ends.

mod absence;
mod archive;
mod changes;
mod files;
mod invites;
mod mirror;
mod office;
mod private;
mod relay;
mod retention;
mod rooms;
mod stats;
mod stored;
mod trouble;
mod views;
mod visitors;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use switchboard_centre::{
    Centre,
    model::{self as centre, Queue, Site},
};
use switchboard_engine::{Agent, AgentId, ChatId, ProfileId, Span, Status, Time};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    LoadError, Runner, SpaceSettings, Surroundings, Whisper,
    records::{
        Conversation, Declined, Earlier, LogEntry, LogRecord, Prompt, Quarantined, Question,
    },
    trouble::TRIES,
};
use crate::{
    clock::Clock,
    directory::Directory,
    gateway::{
        input::{CustomerInput, Facts},
        session::SessionRecord,
        wire::{FeedBody, FeedEntry, Phase, TokenFault},
    },
    identity::Namespace,
    live::Live,
    metrics::Metrics,
    outbox::{
        Instruction,
        effect::{Deed, Done, Lane, OutboxEffect, Outcome, Target, effect_id},
        health::Health,
    },
    place::Place,
    store::{
        Changes, Depth, EffectSeq, NewInboxItem, RecordKind, Store, Stream, memory::MemoryStore,
    },
    variables::{Variable, Verified},
};

const CHAT: ChatId = ChatId(7);
const ANNA: &str = "@anna:localhost";
const DEADLINE: Duration = Duration::from_secs(10);

/// By the key of an inbox item: how often its handler still panics, and how often it was called.
static PANICS: Mutex<BTreeMap<String, (u32, u32)>> = Mutex::new(BTreeMap::new());

fn panics() -> std::sync::MutexGuard<'static, BTreeMap<String, (u32, u32)>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Called before an item is handled.
pub(super) fn strike(key: &str) {
    let strikes = match panics().get_mut(key) {
        Some((left, calls)) => {
            *calls += 1;
            let strikes = *left > 0;
            *left = left.saturating_sub(1);
            strikes
        }
        None => false,
    };
    assert!(!strikes, "on purpose");
}

/// A running runner, and both of its ends.
struct Bench {
    store: MemoryStore,
    live: Live,
    metrics: Metrics,
    instructions: mpsc::UnboundedReceiver<Instruction>,
    /// What the runner wants to be done, and nobody has asked for yet.
    effects: VecDeque<(EffectSeq, OutboxEffect)>,
    outcomes: mpsc::UnboundedSender<Outcome>,
    whispers: mpsc::Sender<Whisper>,
    health: Health,
    stop: CancellationToken,
    running: JoinHandle<Result<(), LoadError>>,
}

impl Bench {
    async fn new(store: MemoryStore) -> Self {
        Self::with(store, &[("@anna:localhost", "Anna")], Span::seconds(45)).await
    }

    /// With these agents, whose requests ring for so long.
    async fn with(store: MemoryStore, agents: &[(&str, &str)], ringing: Span) -> Self {
        Self::with_centre(store, agents, ringing, |_| {}).await
    }

    async fn with_centre(
        store: MemoryStore,
        agents: &[(&str, &str)],
        ringing: Span,
        change: impl FnOnce(&mut Centre),
    ) -> Self {
        Self::with_clock(store, agents, ringing, change, Clock::system()).await
    }

    async fn with_clock(
        store: MemoryStore,
        agents: &[(&str, &str)],
        ringing: Span,
        change: impl FnOnce(&mut Centre),
        clock: Clock,
    ) -> Self {
        let mut queue = Queue::new("support", "Support");
        queue.request_timeout_seconds = ringing.0.div_ceil(1000);
        queue.max_wait_seconds = 0;
        queue.max_length = 10;
        queue.max_pending_messages = 10;
        let mut site = Site::new("shop", "Shop");
        site.queues = vec![queue.id.clone()];
        let mut centre = Centre {
            queues: vec![queue],
            agents: agents.iter().map(|(id, name)| centre::Agent::new(*id, *name)).collect(),
            sites: vec![site],
            ..Centre::default()
        };
        change(&mut centre);
        log_everybody_on(&store, &centre).await;
        let live = Live::new();
        let metrics = Metrics::new();
        let surroundings = Surroundings {
            clock,
            names: Namespace::new("localhost", "switchboard").expect("valid"),
            directory: Directory::default(),
            live: live.clone(),
            metrics: metrics.clone(),
            sites: watch::Sender::default(),
            spaces: SpaceSettings::default(),
        };
        let (instructions_tx, instructions) = mpsc::unbounded_channel();
        let (outcomes, outcomes_rx) = mpsc::unbounded_channel();
        let (whispers, whispers_rx) = mpsc::channel(8);
        let health = Health::default();
        let runner = Runner::load(
            Arc::new(store.clone()),
            centre,
            surroundings,
            instructions_tx,
            outcomes_rx,
            whispers_rx,
            health.clone(),
        )
        .await
        .expect("it loads");
        let stop = CancellationToken::new();
        let running = tokio::spawn(runner.run(stop.clone()));
        let effects = VecDeque::new();
        Self {
            store,
            live,
            metrics,
            instructions,
            effects,
            outcomes,
            whispers,
            health,
            stop,
            running,
        }
    }

    async fn customer(&self, input: CustomerInput) {
        let item = input.into_item(1).expect("JSON");
        self.store.append_inbox(vec![item]).await.expect("stored");
    }

    /// Anna's desk is made, she is invited to it, and the users of queues are there.
    async fn desk_is_made(&self) {
        for (seq, stored) in self.store.effects().await.expect("read") {
            let effect: OutboxEffect = serde_json::from_slice(&stored.body).expect("an effect");
            let done = match (&effect.place, &effect.deed) {
                (Place::Desk(_), Deed::OpenBotRoom { .. }) => {
                    Done::Room(ruma::room_id!("!desk:localhost").to_owned())
                }
                (Place::Desk(_), Deed::Card { .. }) => {
                    Done::Event(ruma::event_id!("$desk").to_owned())
                }
                (Place::Desk(_), _) => Done::Rung,
                (Place::QueueUser(_), _) => Done::Plain,
                _ => continue,
            };
            self.ends_well(seq, effect, done);
        }
    }

    async fn starts(&self) {
        let start = CustomerInput::Start {
            chat: CHAT,
            site: "shop".to_owned(),
            name: Some("Clara".to_owned()),
            session: "00".repeat(32),
            queue: None,
            facts: Facts::default(),
        };
        self.customer(start).await;
    }

    async fn says(&self, key: &str) {
        let (key, text) = (key.to_owned(), format!("text of {key}"));
        self.customer(CustomerInput::Send {
            chat: CHAT,
            key,
            text,
            email: None,
            reply_to: None,
            files: Vec::new(),
        })
        .await;
    }

    /// The first new effect that is of interest; the others stay.
    async fn next(&mut self, wanted: impl Fn(&Deed) -> bool) -> (EffectSeq, OutboxEffect) {
        let found = async {
            loop {
                if let Some(at) = self.effects.iter().position(|(_, e)| wanted(&e.deed)) {
                    return self.effects.remove(at).expect("it was found");
                }
                let instruction = self.instructions.recv().await.expect("the runner runs");
                if let Instruction::Add(effects) = instruction {
                    self.effects.extend(effects);
                }
            }
        };
        tokio::time::timeout(DEADLINE, found).await.expect("in time")
    }

    /// Waits until nothing is left in the inbox.
    async fn handles_everything(&self) {
        // Nobody is told of a commit that shows nothing and does nothing.
        let mut look_again = tokio::time::interval(Duration::from_millis(2));
        let handled = async {
            while self.store.depth().await.expect("read").inbox > 0 {
                look_again.tick().await;
            }
        };
        tokio::time::timeout(DEADLINE, handled).await.expect("in time");
    }

    async fn feed(&self, count: usize) -> Vec<FeedBody> {
        let mut changes = self.store.watch();
        let wait = async {
            loop {
                let entries = self.store.stream(Stream::Feed, CHAT, 0, 100).await.expect("read");
                if entries.len() >= count {
                    return entries
                        .iter()
                        .map(|(_, body)| {
                            serde_json::from_slice::<FeedEntry>(body).expect("entry").body
                        })
                        .collect();
                }
                let _ = changes.recv().await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.expect("in time")
    }
}

fn own(key: &str) -> FeedBody {
    FeedBody::Own {
        key: key.to_owned(),
        text: format!("text of {key}"),
        reply_to: None,
        files: Vec::new(),
    }
}

#[tokio::test]
async fn messages_wait_for_the_room_in_order_and_once() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    for key in ["one", "two", "one"] {
        bench.says(key).await;
    }
    assert_eq!(bench.feed(3).await, [FeedBody::Queued {}, own("one"), own("two")]);
    let room = ruma::room_id!("!room:localhost").to_owned();
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::OpenRoom { .. })).await;
    bench
        .outcomes
        .send(Outcome { seq, effect, result: Ok(Done::Room(room)), found: false })
        .expect("runs");
    let depth = bench.store.depth().await.expect("read");
    assert_eq!(depth.inbox, 0);
    // The outbox asks nobody into the room before it hears this.
    let settled = async {
        while !matches!(bench.instructions.recv().await, Some(Instruction::Settled(s)) if s == seq)
        {
        }
    };
    tokio::time::timeout(DEADLINE, settled).await.expect("in time");
    let records = bench.store.records(RecordKind::Conversation).await.expect("read");
    let stored: Conversation = serde_json::from_slice(&records[0].1).expect("a conversation");
    assert_eq!(stored.room.as_deref(), Some(ruma::room_id!("!room:localhost")));
    bench.stop.cancel();
}

#[tokio::test]
async fn the_end_of_what_is_done_already_does_not_stay() {
    let surroundings = Surroundings {
        clock: Clock::system(),
        names: Namespace::new("localhost", "switchboard").expect("valid"),
        directory: Directory::default(),
        live: Live::new(),
        metrics: Metrics::new(),
        sites: watch::Sender::default(),
        spaces: SpaceSettings::default(),
    };
    let (instructions, _outbox) = mpsc::unbounded_channel();
    let (outcomes, outcomes_rx) = mpsc::unbounded_channel();
    let (_whispers, whispers_rx) = mpsc::channel(1);
    let mut runner = Runner::load(
        Arc::new(MemoryStore::new()),
        Centre::default(),
        surroundings,
        instructions,
        outcomes_rx,
        whispers_rx,
        Health::default(),
    )
    .await
    .expect("it loads");
    runner.turn().await.expect("a first sign of life");
    let deed = Deed::Withdraw { agent: ANNA.to_owned(), reason: String::new() };
    let (place, lane) = (CHAT.into(), Lane::Members);
    let effect = OutboxEffect { place, lane, after: vec![], created: 1, deed };
    let outcome = Outcome { seq: EffectSeq(1), effect, result: Ok(Done::Plain), found: false };
    outcomes.send(outcome).expect("the runner is there");
    // There may be more behind it.
    assert!(runner.turn().await.expect("nothing fails"));
    assert!(runner.taken.is_empty(), "it would come again and again, and hold up others");
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let store = MemoryStore::new();
    let mut before = Bench::new(store.clone()).await;
    before.starts().await;
    before.says("before").await;
    let (first, _) = before.next(|deed| matches!(deed, Deed::OpenRoom { .. })).await;
    before.feed(2).await;
    before.stop.cancel();

    let after = Bench::new(store).await;
    after.says("after").await;
    assert_eq!(after.feed(3).await, [FeedBody::Queued {}, own("before"), own("after")]);
    assert_eq!(after.live.state(CHAT).phase, Phase::Waiting);
    let effects = after.store.effects().await.expect("read");
    let newest = effects.last().expect("the message").0;
    assert!(effects.iter().any(|(seq, _)| *seq == first), "the room is still to be made");
    assert!(newest.0 >> 20 > first.0 >> 20, "numbers go on from the new epoch: {newest:?}");
    after.stop.cancel();
}

#[tokio::test]
async fn a_refused_message_is_told_to_the_customer_and_the_next_goes_on() {
    let mut bench = Bench::new(MemoryStore::new()).await;
    bench.starts().await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::OpenRoom { .. })).await;
    let room = ruma::room_id!("!room:localhost").to_owned();
    bench
        .outcomes
        .send(Outcome { seq, effect, result: Ok(Done::Room(room)), found: false })
        .expect("runs");
    bench.says("too-large").await;
    let (seq, effect) = bench.next(|deed| matches!(deed, Deed::Say { .. })).await;
    bench
        .outcomes
        .send(Outcome { seq, effect, result: Err("no".to_owned()), found: false })
        .expect("runs");
    let feed = bench.feed(3).await;
    assert!(
        matches!(&feed[2], FeedBody::Undelivered { key, .. } if key == "too-large"),
        "{feed:?}"
    );
    bench.says("next").await;
    bench.next(|deed| matches!(deed, Deed::Say { key, .. } if key == "next")).await;
    let parked = bench.store.records(RecordKind::Parked).await.expect("read");
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].0, effect_id(&bench.store.identity().incarnation, seq));
    bench.stop.cancel();
}

/// A name that a site vouches for.
fn clara() -> Variable {
    let issuer = "https://shop.example".to_owned();
    let verified = Some(Verified { issuer, key: "k1".to_owned(), at: 7 });
    Variable { verified, ..Variable::stated("name", "Clara") }
}

#[test]
fn stored_types_keep_their_form() {
    let conversation = Conversation {
        number: 42,
        site: "shop".to_owned(),
        queue: "support".to_owned(),
        customer: "Clara".to_owned(),
        email: None,
        variables: vec![clara(), Variable::stated("page", "https://shop.example/")],
        visitor: Some("11".repeat(32)),
        earlier: Some(Earlier { count: 3, last: 5 }),
        token_fault: Some(TokenFault::Expired),
        served: vec![AgentId(ANNA.to_owned())],
        outcome: Some(switchboard_engine::EndReason::Customer),
        room: Some(ruma::room_id!("!room:localhost").to_owned()),
        opening: None,
        log: 9,
        feed: 5,
        delivered: 3,
        seen: 2,
        phase: Phase::Active,
        taken: Some(6),
        declined: [(AgentId(ANNA.to_owned()), Declined { rejected: 0, missed: 1 })].into(),
        ended: None,
        reply_awaited: true,
        last_agent_message: Some((4, ruma::event_id!("$event").to_owned())),
        prompts: vec![Prompt {
            effect: 17,
            event: None,
            question: Question::ConfirmEnd { agent: AgentId(ANNA.to_owned()) },
            until: 120_000,
        }],
        recap_for: [AgentId(ANNA.to_owned())].into(),
        guests: ["@guest:localhost".to_owned()].into(),
        waiting: [].into(),
        late_files: Vec::new(),
        unused_files: [].into(),
        file_batches: [].into(),
        private_file_batches: [].into(),
        listed: None,
        customer_seen: 0,
        held: vec![],
    };
    insta::assert_json_snapshot!("conversation", conversation);
    let known = || Target::Event { event: ruma::event_id!("$event").to_owned() };
    let effects = [
        Deed::OpenRoom {
            number: 42,
            customer: "Clara".into(),
            queue: "support".into(),
            queue_name: "Support".into(),
            variables: vec![Variable::stated("name", "Clara")],
            federate: true,
        },
        Deed::Customer { variables: vec![Variable::stated("email", "clara@example.org")] },
        Deed::Card { text: "t".into(), html: "h".into(), reactions: vec![] },
        Deed::Ring { request: 1, agent: ANNA.into(), reason: "r".into(), html: "h".into() },
        Deed::Withdraw { agent: ANNA.into(), reason: "r".into() },
        Deed::Remove { agent: ANNA.into(), reason: "r".into() },
        Deed::Say {
            text: "t".into(),
            mentions: vec![ANNA.into()],
            anchor: 2,
            key: "k".into(),
            received: 1,
            reply_to: None,
            more: false,
        },
        Deed::Notice {
            text: "t".into(),
            html: None,
            reactions: vec!["✅".into()],
            anchor: 2,
            to: None,
        },
        Deed::Status { number: 42, queue: "support".into(), status: "active".into() },
        Deed::Say {
            text: "t".into(),
            mentions: vec![],
            anchor: 2,
            key: "k".into(),
            received: 1,
            reply_to: Some(Target::Effect { effect: 5, created: 1 }),
            more: true,
        },
        Deed::Amend { to: known(), text: "t".into(), feed: 2, key: "k".into() },
        Deed::React { to: known(), emoji: "👍".into(), feed: 2, key: "k".into() },
        Deed::TakeBack { of: known(), key: "k".into() },
    ]
    .map(|deed| OutboxEffect {
        place: CHAT.into(),
        lane: Lane::Timeline,
        after: vec![3],
        created: 1,
        deed,
    });
    insta::assert_json_snapshot!("outbox_effects", effects);
}

#[test]
fn log_records_keep_their_form() {
    let log = LogRecord {
        at: 1,
        entry: LogEntry::Customer {
            key: "k".into(),
            text: "t".into(),
            feed: 2,
            reply_to: None,
            files: Vec::new(),
        },
    };
    insta::assert_json_snapshot!("log_record", log);
}

#[test]
fn changes_keep_their_form_in_the_log() {
    let agent = Some(AgentId(ANNA.to_owned()));
    let event = Some("$event".to_owned());
    let changes = [
        LogEntry::Agent {
            agent: AgentId(ANNA.to_owned()),
            text: "t".into(),
            html: None,
            event: "$event".into(),
            reply_to: Some(2),
            unquoted: false,
            files: Vec::new(),
        },
        LogEntry::Edited {
            message: 1,
            feed: 2,
            agent: agent.clone(),
            text: "t".into(),
            html: Some("h".into()),
            event: event.clone(),
            sent: 7,
        },
        LogEntry::Removed { message: 1, feed: 2, by: None, only_in_room: false },
        LogEntry::Removed { message: 1, feed: 2, by: Some(ANNA.into()), only_in_room: true },
        LogEntry::EditRemoved { message: 1, edit: 3, by: ANNA.into() },
        LogEntry::Reacted { message: 1, feed: 2, agent, emoji: "👍".into(), on: true, event },
    ];
    insta::assert_json_snapshot!("log_changes", changes);
}

/// Agents who are not stored yet are stored as logged on and ready.
async fn log_everybody_on(store: &MemoryStore, centre: &Centre) {
    if !store.records(RecordKind::Agent).await.expect("agents").is_empty() {
        return;
    }
    let epoch = store.claim_epoch().await.expect("an epoch");
    let ready = |agent: &centre::Agent| {
        let mut ready = Agent::new(AgentId(agent.id.clone()), agent.capacity, Time(0));
        ready.status = Status::Ready;
        ready.profile = Some(ProfileId(centre::ALL.to_owned()));
        let body = serde_json::to_vec(&ready).expect("JSON");
        (RecordKind::Agent, agent.id.clone(), Some(body))
    };
    let records = centre.agents.iter().map(ready).collect();
    let changes = Changes { epoch: epoch.0, records, ..Changes::default() };
    store.commit(changes).await.expect("committed");
}
