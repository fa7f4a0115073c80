//! People who talk with the bot: at their desk, in the administrators' room, in a chat's room.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use crate::{
    fake::{Agent, Event, transcript},
    scene::Scene,
    wait::{DEADLINE, until},
};

/// The first keycap.
pub const ONE: &str = "1\u{fe0f}\u{20e3}";
/// The second.
pub const TWO: &str = "2\u{fe0f}\u{20e3}";
/// Yes.
pub const YES: &str = "✅";
/// No.
pub const NO: &str = "❌";
/// Pause.
pub const PAUSE: &str = "⏸\u{fe0f}";
/// Log off.
pub const LOG_OFF: &str = "👋";
/// Give chats back.
pub const GIVE_BACK: &str = "↩\u{fe0f}";
/// Stay in chats.
pub const STAY: &str = "💬";

/// Somebody in a room with the bot.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Who.
    pub agent: Agent,
    /// Where.
    pub room: String,
}

impl Desk {
    /// An agent comes to their desk.
    pub async fn of(agent: &Agent) -> Self {
        let room = agent.comes_to_desk(DEADLINE).await;
        Self { agent: agent.clone(), room }
    }

    /// An agent comes to their desk and logs on with the only profile.
    pub async fn ready(agent: &Agent) -> Self {
        let room = agent.logs_on(DEADLINE).await;
        Self { agent: agent.clone(), room }
    }

    /// An administrator comes into the administrators' room.
    pub async fn administrators(scene: &Scene, name: &str) -> Self {
        let agent = scene.hs.agent(name);
        let bot = bot(scene);
        let is_control = |e: &Event| e.sender == bot && e.content["is_direct"] != json!(true);
        let invite = agent.next_invite_that(DEADLINE, is_control).await;
        agent.joins(&invite.room_id);
        Self { agent, room: invite.room_id.clone() }
    }

    /// The same person in another room.
    #[must_use]
    pub fn within(&self, room: &str) -> Self {
        Self { agent: self.agent.clone(), room: room.to_owned() }
    }

    /// Writes something. Gives the bot's answer.
    pub async fn asks(&self, text: &str) -> Arc<Event> {
        let question = self.agent.says(&self.room, text);
        self.agent.answer_to(&self.room, &question, DEADLINE).await
    }

    /// Writes something. Gives the answer's text.
    pub async fn told(&self, text: &str) -> String {
        self.asks(text).await.body().to_owned()
    }

    /// Writes something whose answer must contain this.
    ///
    /// # Panics
    /// If it does not.
    pub async fn is_told(&self, text: &str, part: &str) -> Arc<Event> {
        let answer = self.asks(text).await;
        assert!(answer.body().contains(part), "{text:?}: no {part:?} in {:?}", answer.body());
        answer
    }

    /// Presses a reaction of the bot's message, once it is there, and waits for nothing.
    pub async fn presses(&self, message: &Event, key: &str) {
        let placed = |e: &Event| {
            let relation = &e.content["m.relates_to"];
            relation["event_id"] == message.event_id && relation["key"] == key
        };
        self.agent.sees(&self.room, placed, DEADLINE).await;
        self.agent.reacts(&self.room, &message.event_id, key);
    }

    /// Presses a reaction. Gives the text of what the bot answers to that.
    pub async fn pressed(&self, message: &Event, key: &str) -> String {
        let before = self.answers_to(message).len();
        self.presses(message, key).await;
        until(DEADLINE, || self.answers_to(message).len() > before).await;
        self.answers_to(message)[before].body().to_owned()
    }

    /// Asks for something dangerous and says yes. Gives what the bot says then.
    ///
    /// # Panics
    /// If the bot does not ask.
    pub async fn confirms(&self, text: &str) -> String {
        let question = self.asks(text).await;
        let what = question.body();
        assert!(what.contains("✅"), "{text:?} is not asked about: {what:?}");
        self.pressed(&question, YES).await
    }

    /// The bot's answers to an event.
    #[must_use]
    pub fn answers_to(&self, event: &Event) -> Vec<Arc<Event>> {
        let mut answers = self.agent.timeline(&self.room);
        answers
            .retain(|e| e.content["m.relates_to"]["m.in_reply_to"]["event_id"] == event.event_id);
        answers
    }

    /// A message with this in it, already there or to come.
    pub async fn sees(&self, part: &str) -> Arc<Event> {
        let says = |e: &Event| e.kind == "m.room.message" && e.body().contains(part);
        self.agent.sees(&self.room, says, DEADLINE).await
    }

    /// The card of the desk.
    pub async fn card(&self) -> Arc<Event> {
        self.sees("This is your desk").await
    }

    /// What the bot has said here.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let mut events = self.agent.timeline(&self.room);
        events.retain(|e| e.content["msgtype"] == "m.notice");
        events.iter().map(|e| e.body().to_owned()).collect()
    }

    /// Everything that administrators manage, as a file. At a desk or in their room.
    pub async fn export(&self) -> String {
        self.told("!config export").await
    }

    /// Nothing is answered to an event until the bridge is at rest.
    ///
    /// # Panics
    /// If something is.
    pub async fn is_not_answered(&self, scene: &Scene, event: &str) {
        scene.comes_to_rest().await;
        let answers =
            |e: &&Arc<Event>| e.content["m.relates_to"]["m.in_reply_to"]["event_id"] == event;
        let timeline = self.agent.timeline(&self.room);
        let answer = timeline.iter().find(answers);
        assert!(answer.is_none(), "it was answered:\n{}", transcript(&timeline));
    }
}

/// The bot's id.
#[must_use]
pub fn bot(scene: &Scene) -> String {
    let settings = scene.hs.settings();
    format!("@{}:{}", settings.prefix, settings.server_name)
}

/// By how much to move the bridge's clock so that questions have expired.
pub const LATER: Duration = Duration::from_mins(11);
