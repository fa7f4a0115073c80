//! One chat as the test knows it: what everybody did in it, and what must have come of that.

use std::collections::BTreeSet;

use rand::{Rng as _, rngs::StdRng};
use switchboard::gateway::wire::{FeedBody, FeedEntry};
use switchboard_tests::{
    customer::Customer,
    fake::{Agent, Homeserver, transcript},
    wait::{DEADLINE, until},
};

/// How the bot's question before the end begins.
const QUESTION: &str = "The customer is still connected.";
/// How the notice at the end ends.
const CLOSE: &str = "✅ leave this room";
/// How the bot begins when an agent's message was not shown.
const NOT_SENT: &str = "Not sent to the customer:";

/// What somebody did that is more than writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Joins,
    Declines,
    Leaves,
    CustomerEnds,
    AsksEnd,
    ConfirmsEnd,
    ThinksBetter,
    Closes,
}

/// Whether somebody wants the chat to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    No,
    ByCustomer,
    /// An agent wrote `!end` and may be asked to confirm it.
    Asked,
    Confirmed,
}

pub(crate) struct Talk {
    pub(crate) customer: Customer,
    /// By key.
    written: Vec<(String, String)>,
    /// What agents wrote, in the order of the room.
    said: Vec<String>,
    joins: usize,
    /// Joins after the customer had asked for the end: they may have come too late.
    late_joins: usize,
    ending: Ending,
    /// How often an agent wrote `!end`.
    asked: usize,
    /// Questions of the bot that an agent has answered.
    answered: BTreeSet<String>,
    /// Who asked to be let out of the ended chat.
    closes: Option<Agent>,
    room: Option<String>,
}

impl Talk {
    pub(crate) fn new(customer: Customer) -> Self {
        Self {
            customer,
            written: Vec::new(),
            said: Vec::new(),
            joins: 0,
            late_joins: 0,
            ending: Ending::No,
            asked: 0,
            answered: BTreeSet::new(),
            closes: None,
            room: None,
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.count(|body| matches!(body, FeedBody::Ended { .. })) > 0
    }

    fn count(&self, wanted: impl Fn(&FeedBody) -> bool) -> usize {
        self.customer.feed().iter().filter(|entry| wanted(&entry.body)).count()
    }

    /// The chat's room, once there is one.
    fn find_room(&mut self, hs: &Homeserver) -> Option<String> {
        if self.room.is_none() {
            let mut rooms = rooms_of(hs, self.customer.number);
            assert!(rooms.len() <= 1, "chat {} has rooms {rooms:?}", self.customer.number);
            self.room = rooms.pop();
        }
        self.room.clone()
    }

    /// The customer writes some messages, or ends the chat.
    pub(crate) fn customer_acts(&mut self, rng: &mut StdRng, round: usize) -> Option<Deed> {
        if self.ending == Ending::ByCustomer || self.has_ended() {
            self.insists();
            return None;
        }
        for n in 0..rng.random_range(0..4) {
            self.customer_writes(format!("customer {}, {round}.{n}", self.customer.number));
        }
        if rng.random_bool(0.03) {
            self.ending = Ending::ByCustomer;
            self.customer.ends();
            return Some(Deed::CustomerEnds);
        }
        None
    }

    /// Says again that the chat is to end: that nothing came of it may be due to a kill.
    pub(crate) fn insists(&self) {
        if self.ending == Ending::ByCustomer && !self.has_ended() {
            self.customer.ends();
        }
    }

    fn customer_writes(&mut self, text: String) {
        self.written.push((self.customer.writes(&text), text));
    }

    /// The agents do what lies before them in the room.
    pub(crate) fn agents_act(
        &mut self,
        agents: [&Agent; 2],
        hs: &Homeserver,
        rng: &mut StdRng,
        round: usize,
    ) -> Vec<Deed> {
        let Some(room) = self.find_room(hs) else { return Vec::new() };
        let mut deeds = Vec::new();
        for agent in agents {
            match agent.membership(&room).as_str() {
                "invite" if rng.random_bool(0.5) => deeds.extend(self.accepts(agent, &room)),
                "invite" if rng.random_bool(0.3) => {
                    agent.leaves(&room);
                    deeds.push(Deed::Declines);
                }
                "join" => {
                    for n in 0..rng.random_range(0..4) {
                        self.agent_says(agent, &room, format!("{} {room}, {round}.{n}", agent.id));
                    }
                    deeds.extend(self.goes_on(agent, &room, hs, rng));
                }
                _ => {}
            }
        }
        deeds
    }

    fn accepts(&mut self, agent: &Agent, room: &str) -> Option<Deed> {
        let late = self.ending != Ending::No || self.has_ended();
        // The invite may have been taken back just now.
        agent.tries_to_join(room).ok()?;
        *(if late { &mut self.late_joins } else { &mut self.joins }) += 1;
        Some(Deed::Joins)
    }

    fn agent_says(&mut self, agent: &Agent, room: &str, text: String) {
        let content = serde_json::json!({ "msgtype": "m.text", "body": text });
        // Whoever was shown out just now cannot.
        if agent.tries_to_send(room, "m.room.message", content).is_ok() {
            self.said.push(text);
        }
    }

    /// An agent in the room leaves, wants to end the chat, answers the bot, or nothing of that.
    fn goes_on(
        &mut self,
        agent: &Agent,
        room: &str,
        hs: &Homeserver,
        rng: &mut StdRng,
    ) -> Option<Deed> {
        if self.has_ended() {
            let notice = newest_notice(hs, room, |body| body.ends_with(CLOSE))?;
            if self.closes.is_some() || !rng.random_bool(0.3) {
                return None;
            }
            react(agent, room, &notice, "✅").then(|| self.closes = Some(agent.clone()))?;
            return Some(Deed::Closes);
        }
        match self.ending {
            Ending::No if rng.random_bool(0.04) => {
                agent.leaves(room);
                Some(Deed::Leaves)
            }
            Ending::No if rng.random_bool(0.08) => {
                agent.says(room, "!end");
                self.ending = Ending::Asked;
                self.asked += 1;
                Some(Deed::AsksEnd)
            }
            Ending::Asked if rng.random_bool(0.6) => {
                self.answers(agent, room, hs, rng.random_bool(0.7))
            }
            _ => None,
        }
    }

    /// Answers the bot's question, if it has been asked.
    fn answers(&mut self, agent: &Agent, room: &str, hs: &Homeserver, yes: bool) -> Option<Deed> {
        let question = newest_notice(hs, room, |body| body.starts_with(QUESTION))?;
        if !self.answered.insert(question.clone()) {
            return None;
        }
        react(agent, room, &question, if yes { "✅" } else { "❌" });
        self.ending = if yes { Ending::Confirmed } else { Ending::No };
        Some(if yes { Deed::ConfirmsEnd } else { Deed::ThinksBetter })
    }

    /// No more kills: the agents accept what rings and confirm what they were asked. Says whether
    /// the chat has come to where it should.
    pub(crate) fn comes_to_rest(&mut self, agents: [&Agent; 2], hs: &Homeserver) -> bool {
        if self.has_ended() {
            return true;
        }
        let Some(room) = self.find_room(hs) else { return false };
        let mut inside = 0;
        for agent in agents {
            match agent.membership(&room).as_str() {
                "invite" => {
                    self.accepts(agent, &room);
                }
                "join" if self.ending == Ending::Asked => {
                    self.answers(agent, &room, hs, true);
                }
                "join" => inside += 1,
                _ => {}
            }
        }
        let joined = self.count(|body| matches!(body, FeedBody::Joined { .. }));
        self.ending == Ending::No && inside == 1 && joined == self.joins
    }

    /// Who is where, for panic messages.
    pub(crate) fn describe(&self, agents: [&Agent; 2], hs: &Homeserver) -> String {
        let room = self.room.as_deref().unwrap_or_default();
        let memberships = agents.map(|agent| agent.membership(room));
        let feed = self.customer.feed();
        let told: Vec<_> = feed
            .iter()
            .filter(|e| !matches!(e.body, FeedBody::Own { .. } | FeedBody::Agent { .. }))
            .map(|e| &e.body)
            .collect();
        format!(
            "chat {}: {:?}, {} joins, agents {memberships:?}, told {told:?}, the room {room}:\n{}\n",
            self.customer.number,
            self.ending,
            self.joins,
            transcript(&hs.events(room)),
        )
    }

    /// A last message each way, so that everything before it must have come.
    pub(crate) fn last_words(&mut self, agents: [&Agent; 2]) {
        if self.has_ended() {
            return;
        }
        self.customer_writes(format!("customer {}: last words", self.customer.number));
        let room = self.room.clone().expect("a chat that goes on has a room");
        for agent in agents {
            if agent.membership(&room) == "join" {
                self.agent_says(agent, &room, format!("{} {room}: last words", agent.id));
            }
        }
    }

    /// Everything that was done is there, once and in order, for both sides.
    pub(crate) async fn is_complete(&mut self, agents: [&Agent; 2], hs: &Homeserver) {
        let number = self.customer.number;
        until(DEADLINE, || self.customer.is_settled()).await;
        let room = self.find_room(hs).unwrap_or_default();
        let relayed = || hs.customer_texts(&room);
        let shown = || self.customer.agent_texts();
        let not_sent = || notices(hs, &room, |body| body.starts_with(NOT_SENT)).len();
        // A list that is too long is found below.
        let whole = || {
            relayed().len() >= self.for_the_room().len()
                && shown().len() + not_sent() >= self.said.len()
        };
        until(DEADLINE, whole).await;
        if let Some(agent) = &self.closes {
            until(DEADLINE, || agent.membership(&room) == "leave").await;
        }
        switchboard_tests::wait::settle().await;

        assert_eq!(relayed(), self.for_the_room(), "chat {number}: the agents' room");
        let refused = self.customer.refused();
        let accepted: Vec<_> = self
            .written
            .iter()
            .filter(|(key, _)| !refused.contains(key))
            .map(|(_, text)| text.clone())
            .collect();
        assert_eq!(self.customer.own_texts(), accepted, "chat {number}: the customer's own page");
        let shown = shown();
        let mut said = self.said.iter();
        let in_order = shown.iter().all(|text| said.any(|other| other == text));
        assert!(in_order, "chat {number}: {shown:?} was shown of {:?}", self.said);
        assert_eq!(shown.len() + not_sent(), self.said.len(), "chat {number}: shown or told");
        self.was_told_properly(agents, hs, &room);
    }

    fn was_told_properly(&self, agents: [&Agent; 2], hs: &Homeserver, room: &str) {
        let number = self.customer.number;
        let joined = self.count(|body| matches!(body, FeedBody::Joined { .. }));
        // The customer's end can overtake an agent who was just on their way in.
        let overtaken = usize::from(self.ending == Ending::ByCustomer && self.joins > 0);
        let all = self.joins - overtaken..=self.joins + self.late_joins;
        assert!(all.contains(&joined), "chat {number}: {joined} times joined, not {all:?}");
        let ended = self.count(|body| matches!(body, FeedBody::Ended { .. }));
        assert!(ended <= 1, "chat {number} ended {ended} times");
        let wanted = self.ending != Ending::No;
        assert!(ended == 1 || !wanted, "chat {number} should have ended");
        let questions = notices(hs, room, |body| body.starts_with(QUESTION)).len();
        assert!(questions <= self.asked, "chat {number}: asked {questions} times for one `!end`");
        let inside = agents.iter().filter(|agent| agent.membership(room) == "join").count();
        let came_too_late = self.joins + self.late_joins - joined;
        assert!(came_too_late == 0 || inside == 0, "chat {number}: not everybody was shown out");
        assert!(inside <= 1, "chat {number} has {inside} agents");
        assert!(ended == 1 || inside == 1, "chat {number} goes on with {inside} agents");
    }

    /// What the customer wrote and was not told to be undeliverable.
    fn for_the_room(&self) -> Vec<String> {
        let mut not: Vec<String> = self.customer.refused();
        not.extend(self.customer.feed().into_iter().filter_map(|FeedEntry { body, .. }| {
            if let FeedBody::Undelivered { key, .. } = body { Some(key) } else { None }
        }));
        let fits = |(key, _): &&(String, String)| !not.contains(key);
        self.written.iter().filter(fits).map(|(_, text)| text.clone()).collect()
    }
}

/// The rooms that carry a chat's mark.
fn rooms_of(hs: &Homeserver, number: u64) -> Vec<String> {
    let marked = |room: &String| {
        hs.state(room, "chat.switchboard.chat", "").is_some_and(|mark| mark["number"] == number)
    };
    hs.rooms().into_iter().filter(marked).collect()
}

/// The bot's notices that fit, oldest first.
fn notices(hs: &Homeserver, room: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    hs.events(room)
        .iter()
        .filter(|e| e.kind == "m.room.message" && e.content["msgtype"] == "m.notice")
        .filter(|e| wanted(e.body()))
        .map(|e| e.event_id.clone())
        .collect()
}

fn newest_notice(hs: &Homeserver, room: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    notices(hs, room, wanted).pop()
}

/// Reacts, unless the agent was shown out just now.
fn react(agent: &Agent, room: &str, event: &str, key: &str) -> bool {
    let relation = serde_json::json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
    let content = serde_json::json!({ "m.relates_to": relation });
    agent.tries_to_send(room, "m.reaction", content).is_ok()
}
