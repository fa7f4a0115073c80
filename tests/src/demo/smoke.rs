//! One whole conversation, played by a scripted customer and two scripted agents.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use switchboard::gateway::wire::{EndedBy, FeedBody, Phase};

use super::{DemoError, stack::Addresses};
use crate::{agent::Agent, customer::Customer};

/// How long the conversation may take.
const DEADLINE: Duration = Duration::from_secs(90);

/// Plays it and prints it.
pub(super) async fn play(addresses: &Addresses) -> Result<(), DemoError> {
    // The scripted customer panics when it does not see what it must.
    let conversation = AssertUnwindSafe(converse(addresses)).catch_unwind();
    match tokio::time::timeout(DEADLINE, conversation).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(DemoError::Conversation("a step was not seen, see above".to_owned())),
        Err(_) => Err(DemoError::TooLong(DEADLINE)),
    }
}

async fn converse(addresses: &Addresses) -> Result<(), DemoError> {
    let mut transcript = Transcript::begin();
    let login = |nth: usize| {
        let login = &addresses.agents[nth];
        Agent::login(&addresses.homeserver, &login.user, &login.password)
    };
    let (anna, ben) = tokio::try_join!(login(0), login(1))?;
    for agent in [&anna, &ben] {
        agent.logs_on().await?;
        transcript.line(name(agent), "comes to the desk and logs on: !login");
    }

    let customer = Customer::starts(&addresses.gateway, &addresses.site, Some("Clara")).await;
    customer.connects();
    transcript.line("Clara", &format!("opens chat {} on the shop page", customer.number));
    customer.says("Hello, is the rubber plant safe for cats?").await;
    transcript.line("Clara", "says: Hello, is the rubber plant safe for cats?  ✓");
    customer.sees_live("a place in the queue", |live| live.position == Some(1)).await;
    transcript.line("Clara", "is first in the queue");

    // Either may be asked first; whoever it is declines.
    let (invite, first, second) = tokio::select! {
        invite = anna.next_request() => (invite?, &anna, &ben),
        invite = ben.next_request() => (invite?, &ben, &anna),
    };
    transcript.line(name(first), &format!("is asked: {}", invite.reason));
    first.leave(&invite.room).await?;
    transcript.line(name(first), "declines");

    let invite = second.next_request().await?;
    transcript.line(name(second), &format!("is asked: {}", invite.reason));
    second.accept(&invite.room).await?;
    let public_name = crate::synapse::capitalised(name(second));
    customer.sees_joined(&public_name).await;
    transcript.line(name(second), "accepts; Clara sees who it is");

    second.text(&invite.room, "Hello, is the rubber plant safe for cats?").await?;
    customer.sees_live("✓✓", |live| live.delivered > 0).await;
    transcript.line(name(second), "reads what Clara asked; Clara sees ✓✓");
    second.say(&invite.room, "Better not: it upsets their stomachs.").await?;
    customer.sees_text("Better not: it upsets their stomachs.").await;
    transcript.line(name(second), "says: Better not: it upsets their stomachs.");
    customer.says("And the fern?").await;
    second.text(&invite.room, "And the fern?").await?;
    transcript.line("Clara", "says: And the fern?  ✓");
    second.say(&invite.room, "The fern is fine 🌿").await?;
    customer.sees_text("The fern is fine 🌿").await;
    transcript.line(name(second), "says: The fern is fine 🌿");

    customer.ends();
    let ended = |by: &FeedBody| matches!(by, FeedBody::Ended { by: EndedBy::Customer });
    customer.wait_for("the end", |entry| ended(&entry.body)).await;
    customer.sees_live("the end", |live| live.phase == Phase::Ended).await;
    let bot = |sender: &str| sender.starts_with("@switchboard:");
    let notice = second
        .message(&invite.room, "the notice that the customer has ended the chat", |event| {
            event.is_notice() && bot(&event.sender) && event.body().to_lowercase().contains("ended")
        })
        .await?;
    transcript.line("Clara", "ends the chat");
    transcript.line(name(second), &format!("is told: {}", one_line(notice.body())));

    every_message_once(&customer, second, &invite.room).await?;
    transcript.line("all", "every message was there once and in order, on both sides");
    println!("\nThe conversation took {:.1} s.", transcript.begun.elapsed().as_secs_f32());
    Ok(())
}

async fn every_message_once(
    customer: &Customer,
    agent: &Agent,
    room: &matrix_sdk::ruma::RoomId,
) -> Result<(), DemoError> {
    let told = ["Hello, is the rubber plant safe for cats?", "And the fern?"];
    let answered = ["Better not: it upsets their stomachs.", "The fern is fine 🌿"];
    let history = agent.history(room).await?;
    let said = |own: bool| -> Vec<&str> {
        let messages = history.iter().filter(|e| e.kind == "m.room.message" && !e.is_notice());
        let mine = |sender: &str| sender == agent.user().as_str();
        let ghost = |sender: &str| sender.starts_with("@switchboard_c_");
        messages
            .filter(|e| if own { mine(&e.sender) } else { ghost(&e.sender) })
            .map(crate::agent::Event::body)
            .collect()
    };
    let same = said(false) == told
        && said(true) == answered
        && customer.own_texts() == told
        && customer.agent_texts() == answered;
    if same {
        return Ok(());
    }
    Err(DemoError::Conversation(format!(
        "the messages differ; in the room: {:?} and {:?}, at the customer: {:?} and {:?}",
        said(false),
        said(true),
        customer.own_texts(),
        customer.agent_texts()
    )))
}

fn name(agent: &Agent) -> &str {
    agent.user().localpart()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Prints what happens, and when.
struct Transcript {
    begun: Instant,
    last: Instant,
}

impl Transcript {
    fn begin() -> Self {
        println!("\n   at s     +ms  who     what");
        let now = Instant::now();
        Self { begun: now, last: now }
    }

    fn line(&mut self, who: &str, what: &str) {
        let now = Instant::now();
        let at = now.duration_since(self.begun).as_secs_f32();
        let step = now.duration_since(self.last).as_millis();
        println!("{at:>7.2} {step:>7}  {who:<7} {what}");
        self.last = now;
    }
}
