//! `kill -9`, again and again, while everybody does what people do.

mod talk;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use switchboard_tests::{
    customer::Customer,
    fake::{Fault, Repeat},
    scene::Scene,
    wait::{DEADLINE, pause, until},
};
use tokio::{task::JoinHandle, time::timeout};

use self::talk::{Deed, Talk};

/// How many chats there are at the beginning.
const CHATS: usize = 4;
/// Every so many rounds somebody new arrives while the bridge comes and goes.
const NEWCOMER_EVERY: usize = 4;

/// How often, and by which dice: `SWITCHBOARD_KILL_ROUNDS` and `SWITCHBOARD_KILL_SEED`.
fn rounds() -> usize {
    number("SWITCHBOARD_KILL_ROUNDS").unwrap_or(100)
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A homeserver, a bridge that dies, and everybody who has to do with them.
struct Story {
    scene: Scene,
    rng: StdRng,
    talks: Vec<Talk>,
    arriving: Vec<JoinHandle<Customer>>,
    deeds: BTreeMap<Deed, usize>,
    round: usize,
}

impl Story {
    /// The dice decide what people do; how far the bridge has come by then is up to the machine.
    async fn begins(seed: u64) -> Self {
        let seed = number("SWITCHBOARD_KILL_SEED").unwrap_or(seed);
        println!("SWITCHBOARD_KILL_SEED={seed} SWITCHBOARD_KILL_ROUNDS={}", rounds());
        // Nobody is missed while the bridge is away more often than there.
        let scene = Scene::begins_with(|config| config.capacity(100).rings_for(3600)).await;
        let mut story = Self {
            scene,
            rng: StdRng::seed_from_u64(seed),
            talks: Vec::new(),
            arriving: Vec::new(),
            deeds: BTreeMap::new(),
            round: 0,
        };
        for _ in 0..CHATS {
            story.somebody_arrives();
        }
        story
    }

    /// Somebody asks for a chat, again and again until the bridge is there.
    fn somebody_arrives(&mut self) {
        let gateway = self.scene.bridge.gateway_url();
        let name = format!("Customer {}", self.talks.len() + self.arriving.len());
        self.arriving.push(tokio::spawn(async move {
            let customer = Customer::starts(&gateway, "shop", Some(&name)).await;
            customer.connects();
            customer
        }));
    }

    async fn welcome_newcomers(&mut self, all: bool) {
        for arriving in std::mem::take(&mut self.arriving) {
            if all || arriving.is_finished() {
                self.talks.push(Talk::new(arriving.await.expect("somebody new could come")));
            } else {
                self.arriving.push(arriving);
            }
        }
    }

    /// Everybody does something.
    async fn everybody_acts(&mut self) {
        self.round += 1;
        if self.round.is_multiple_of(NEWCOMER_EVERY) {
            self.somebody_arrives();
        }
        self.welcome_newcomers(false).await;
        let Self { scene, rng, talks, deeds, round, .. } = self;
        for talk in talks {
            let mut done = talk.agents_act([&scene.anna, &scene.ben], &scene.hs, rng, *round);
            done.extend(talk.customer_acts(rng, *round));
            for deed in done {
                *deeds.entry(deed).or_default() += 1;
            }
        }
    }

    /// Lets the bridge work until it is killed: often so shortly that it is in the middle of it.
    async fn kill_comes(&mut self) {
        let longest = if self.rng.random_bool(0.4) { 60 } else { 400 };
        pause(Duration::from_millis(self.rng.random_range(0..longest))).await;
        self.scene.bridge.kill9().await;
    }

    /// The bridge stays. Everything comes to rest, and nothing is missing, doubled or misplaced.
    async fn ends_well(mut self) {
        self.scene.bridge.is_healthy().await;
        self.welcome_newcomers(true).await;
        println!("{} chats, {:?}", self.talks.len(), self.deeds);
        for talk in &self.talks {
            talk.customer.is_connected().await;
            talk.insists();
        }
        let Self { scene, talks, .. } = &mut self;
        let (agents, hs) = ([&scene.anna, &scene.ben], &scene.hs);
        // The more rounds, the more there is to look through for what is in doubt.
        let more = Duration::from_millis(300) * u32::try_from(rounds()).unwrap_or(1000);
        let rest = until(2 * (DEADLINE + more), || {
            // All of them: what one chat waits for may be that an agent answers another.
            let mut all = true;
            for talk in talks.iter_mut() {
                all &= talk.comes_to_rest(agents, hs);
            }
            all
        });
        if timeout(DEADLINE + more, rest).await.is_err() {
            let restless = talks.iter_mut().filter_map(|talk| {
                (!talk.comes_to_rest(agents, hs)).then(|| talk.describe(agents, hs))
            });
            panic!("not everything comes to rest:\n{}", restless.collect::<String>());
        }
        for talk in &mut *talks {
            talk.last_words(agents);
        }
        for talk in talks {
            talk.is_complete(agents, hs).await;
        }
        self.rooms_are_in_order();
    }

    /// Every room is a desk, or a chat's with a ghost of its own, and nobody is in it who was not
    /// asked by it.
    fn rooms_are_in_order(&self) {
        let hs = &self.scene.hs;
        let is_ghost = |user: &str| user.starts_with("@switchboard_c_");
        let (mut chats, mut ghosts) = (BTreeSet::new(), BTreeSet::new());
        let mut desks = BTreeSet::new();
        for room in hs.rooms() {
            let create = hs.state(&room, "m.room.create", "").unwrap_or_default();
            if let Some(desk) = create["chat.switchboard.room"]["for"].as_str() {
                assert!(desks.insert(desk.to_owned()), "{desk} has a second room");
                continue;
            }
            let mark = hs.state(&room, "chat.switchboard.chat", "").unwrap_or_default();
            let chat = mark["id"].as_str().expect("every room is a chat's").to_owned();
            let ghost = format!("@switchboard_c_{chat}:localhost");
            let events = hs.events(&room);
            for event in events.iter().filter(|e| e.membership() == Some("invite")) {
                assert!(event.state_key.as_deref().is_some_and(|user| user.starts_with('@')));
                let by_us = event.sender == ghost || event.sender == "@switchboard:localhost";
                assert!(by_us, "{} invited somebody to {room}", event.sender);
            }
            let joined = hs.members(&room, "join");
            let own: Vec<_> = joined.iter().filter(|user| is_ghost(user)).collect();
            assert_eq!(own, [&ghost], "the ghosts in {room}");
            assert!(chats.insert(chat), "{room} is a second room of its chat");
            ghosts.insert(ghost);
        }
        let registered: BTreeSet<_> = hs.users().into_iter().filter(|u| is_ghost(u)).collect();
        assert_eq!(registered, ghosts, "a ghost for each room, and no others");
        assert!(chats.len() <= self.talks.len(), "more rooms than chats");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_the_bridge_loses_doubles_and_reorders_nothing() {
    let mut story = Story::begins(20).await;
    // Some chats are old when it begins.
    for _ in 0..10 {
        story.everybody_acts().await;
        pause(Duration::from_millis(50)).await;
    }
    for _ in 0..rounds() {
        story.everybody_acts().await;
        story.kill_comes().await;
        if story.rng.random_bool(0.7) {
            story.scene.bridge.starts().await;
        } else {
            // Killed next time while it starts.
            story.scene.bridge.launches();
        }
    }
    if rounds() >= 100 {
        // The others are rarer.
        for deed in [Deed::Joins, Deed::Leaves, Deed::CustomerEnds, Deed::AsksEnd] {
            assert!(story.deeds.contains_key(&deed), "nobody did it: {deed:?}, {:?}", story.deeds);
        }
    }
    story.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_homeserver_fails_too_it_still_loses_and_doubles_nothing() {
    let mut story = Story::begins(22).await;
    let hs = &story.scene.hs;
    hs.fault(Fault::on("PUT", "/rooms/").chance(0.15).drops_the_reply());
    hs.fault(Fault::on("PUT", "/rooms/").chance(0.1).limits(20));
    hs.fault(Fault::on("PUT", "/rooms/").chance(0.05).replies(500, "M_UNKNOWN"));
    hs.fault(Fault::on("GET", "/messages").chance(0.1).replies(502, "M_UNKNOWN"));
    hs.repeats_pushes(Repeat { same_id: 1, other_ids: 1 });
    for _ in 0..rounds().div_ceil(4) {
        story.everybody_acts().await;
        if story.rng.random_bool(0.3) {
            story.scene.hs.restarts().await;
        }
        story.kill_comes().await;
        // The bridge is away for so long that only looking helps.
        story.scene.hs.forgets_all_transactions();
        story.scene.bridge.starts().await;
    }
    story.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_gently_it_ends_in_time_and_goes_on_where_it_was() {
    let mut story = Story::begins(21).await;
    for _ in 0..8 {
        story.everybody_acts().await;
        story.scene.bridge.restart().await;
    }
    story.ends_well().await;
}
