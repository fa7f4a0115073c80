//! `kill -9`, again and again, while everybody writes.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use switchboard_tests::{
    customer::Customer,
    fake::{Agent, Fault, Repeat},
    scene::{Chat, Scene},
    wait::{DEADLINE, pause, until},
};
use tokio::task::JoinHandle;

/// How many chats go on at the same time.
const CHATS: usize = 4;
/// Every so many rounds somebody new arrives while the bridge comes and goes.
const NEWCOMER_EVERY: usize = 10;

/// How often, and by which dice: `SWITCHBOARD_KILL_ROUNDS` and `SWITCHBOARD_KILL_SEED`.
fn rounds() -> usize {
    number("SWITCHBOARD_KILL_ROUNDS").unwrap_or(100)
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A chat, and what was written in it.
struct Talk {
    chat: Chat,
    by_customer: Vec<String>,
    by_agent: Vec<String>,
}

impl Talk {
    fn goes_on(&mut self, rng: &mut StdRng, round: usize) {
        for n in 0..rng.random_range(0..4) {
            let text = format!("customer, round {round}, {n}");
            self.chat.customer.writes(&text);
            self.by_customer.push(text);
        }
        for n in 0..rng.random_range(0..4) {
            let text = format!("agent, round {round}, {n}");
            self.chat.agent.says(&self.chat.room, &text);
            self.by_agent.push(text);
        }
    }
}

/// Somebody arrives and writes while the bridge comes and goes.
fn newcomer(gateway: String, round: usize) -> JoinHandle<Customer> {
    tokio::spawn(async move {
        let customer = Customer::starts(&gateway, "shop", Some(&format!("Newcomer {round}"))).await;
        customer.connects();
        customer.writes("is this the shop?");
        customer
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_the_bridge_loses_doubles_and_reorders_nothing() {
    let mut scene = Scene::with_anna_alone().await;
    let mut rng = StdRng::seed_from_u64(number("SWITCHBOARD_KILL_SEED").unwrap_or(20));
    let mut talks = Vec::new();
    for n in 0..CHATS {
        let chat = scene.chat(&format!("Customer {n}"), &scene.anna).await;
        talks.push(Talk { chat, by_customer: Vec::new(), by_agent: Vec::new() });
    }
    let mut newcomers = Vec::new();
    for round in 0..rounds() {
        for talk in &mut talks {
            talk.goes_on(&mut rng, round);
        }
        if round % NEWCOMER_EVERY == 0 {
            newcomers.push(newcomer(scene.bridge.gateway_url(), round));
        }
        pause(Duration::from_millis(rng.random_range(5..300))).await;
        scene.bridge.kill9().await;
        if rng.random_bool(0.7) {
            scene.bridge.starts().await;
        } else {
            // Killed next time while it starts.
            scene.bridge.launches();
        }
    }
    scene.bridge.is_healthy().await;

    for talk in &talks {
        until(DEADLINE, || talk.chat.customer.is_settled()).await;
        catches_up(&scene, talk).await;
        scene.room_has(&talk.chat.room, &talk.by_customer).await;
        talk.chat.page_has(&talk.by_agent).await;
        assert_eq!(talk.chat.customer.own_texts(), talk.by_customer, "the customer's own page");
        assert_eq!(scene.anna.membership(&talk.chat.room), "join");
    }
    for customer in newcomers {
        let customer = customer.await.expect("somebody new could come");
        until(DEADLINE, || customer.is_settled()).await;
        assert_eq!(customer.own_texts(), ["is this the shop?"]);
    }
    all_newcomers_are_served(&scene, rounds().div_ceil(NEWCOMER_EVERY)).await;
}

/// Gives the bridge time for what it is in doubt about: the more rounds, the more there is to look
/// through.
async fn catches_up(scene: &Scene, talk: &Talk) {
    let patience = DEADLINE + Duration::from_millis(300) * u32::try_from(rounds()).unwrap_or(1000);
    let wanted = talk.by_customer.len();
    until(patience, || scene.hs.customer_texts(&talk.chat.room).len() >= wanted).await;
}

/// Each newcomer has exactly one room with exactly one message.
async fn all_newcomers_are_served(scene: &Scene, expected: usize) {
    let anna: &Agent = &scene.anna;
    for _ in 0..expected {
        let room =
            anna.next_invite_that(DEADLINE, |e| anna.membership(&e.room_id) == "invite").await;
        anna.joins(&room.room_id);
        scene.room_has(&room.room_id, &["is this the shop?"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_homeserver_fails_too_it_still_loses_and_doubles_nothing() {
    let mut scene = Scene::with_anna_alone().await;
    let mut rng = StdRng::seed_from_u64(number("SWITCHBOARD_KILL_SEED").unwrap_or(22));
    let mut talks = Vec::new();
    for n in 0..CHATS {
        let chat = scene.chat(&format!("Customer {n}"), &scene.anna).await;
        talks.push(Talk { chat, by_customer: Vec::new(), by_agent: Vec::new() });
    }
    scene.hs.fault(Fault::on("PUT", "/send/").chance(0.15).drops_the_reply());
    scene.hs.fault(Fault::on("PUT", "/send/").chance(0.1).limits(20));
    scene.hs.fault(Fault::on("PUT", "/send/").chance(0.05).replies(500, "M_UNKNOWN"));
    scene.hs.fault(Fault::on("GET", "/messages").chance(0.1).replies(502, "M_UNKNOWN"));
    scene.hs.repeats_pushes(Repeat { same_id: 1, other_ids: 1 });
    for round in 0..rounds().div_ceil(4) {
        for talk in &mut talks {
            talk.goes_on(&mut rng, round);
        }
        if rng.random_bool(0.3) {
            scene.hs.restarts().await;
        }
        pause(Duration::from_millis(rng.random_range(5..600))).await;
        scene.bridge.kill9().await;
        scene.bridge.starts().await;
    }
    for talk in &talks {
        catches_up(&scene, talk).await;
        scene.room_has(&talk.chat.room, &talk.by_customer).await;
        talk.chat.page_has(&talk.by_agent).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_gently_it_ends_in_time_and_goes_on_where_it_was() {
    let mut scene = Scene::with_anna_alone().await;
    let mut talk = Talk {
        chat: scene.chat("Carla", &scene.anna).await,
        by_customer: Vec::new(),
        by_agent: Vec::new(),
    };
    let mut rng = StdRng::seed_from_u64(21);
    for round in 0..5 {
        talk.goes_on(&mut rng, round);
        scene.bridge.restart().await;
    }
    scene.room_has(&talk.chat.room, &talk.by_customer).await;
    talk.chat.page_has(&talk.by_agent).await;
}
