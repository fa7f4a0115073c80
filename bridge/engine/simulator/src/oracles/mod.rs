//! What must hold. Each module is named after the sentence that it checks.
//!
//! Some look at every step of the engine, some at every commit, some at what reaches the rooms.
//! What they remember of the engine is loaded anew when it is, for what was not committed never
//! happened.

mod capacity_and_one_request;
mod every_chat_is_in_one_place;
mod everything_settles;
mod exclusion_is_respected;
mod nobody_is_missed_for_our_absence;
mod nothing_acknowledged_is_lost;
mod once_per_side_in_order;
mod only_the_ready_are_asked;
mod the_strategy_chooses;
mod waiting_order_is_kept;
mod what_is_free_is_filled;
mod what_is_stored_is_all;

use std::{collections::BTreeMap, fmt};

use switchboard_engine::{
    AgentId, Chat, ChatId, ChatState, Engine, Input, Profile, ProfileId, Serves, Setup, Step, Time,
};

use crate::{
    coverage::Coverage,
    homeserver::{Homeserver, Room},
    store::Store,
    system::{Changes, Item, System, Watch},
    world::Customer,
};

pub(crate) use everything_settles::Settled;

/// A sentence that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The oracle.
    pub oracle: &'static str,
    /// What it saw.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.what)
    }
}

/// One step of the engine.
struct Stepped<'a> {
    now: Time,
    input: &'a Input,
    step: &'a Step,
    engine: &'a Engine,
    setup: &'a Setup,
}

impl Stepped<'_> {
    fn profile(&self, id: &ProfileId) -> Option<&Profile> {
        self.setup.profiles.iter().find(|profile| profile.id == *id)
    }

    /// How an agent serves the queue of a chat.
    fn serves(&self, agent: &AgentId, chat: &Chat) -> Option<&Serves> {
        // A chat may outlive its queue, and a profile may name one that is gone.
        self.setup.queues.iter().find(|queue| queue.id == chat.queue)?;
        let profile = self.engine.agent(agent)?.profile.as_ref()?;
        self.profile(profile)?.queues.iter().find(|serves| serves.queue == chat.queue)
    }

    /// A waiting chat that goes before this one, for this agent.
    fn goes_before(&self, agent: &AgentId, chat: &Chat) -> Option<ChatId> {
        let priority = self.serves(agent, chat)?.priority;
        let rank = (priority, chat.since, chat.id);
        let before = |other: &&Chat| {
            other.state == ChatState::Waiting
                && other.ask_after.is_none()
                && !other.excluded.contains(agent)
                && self.serves(agent, other).is_some_and(|serves| {
                    other.since + serves.delay <= self.now
                        && (serves.priority, other.since, other.id) < rank
                })
        };
        self.engine.chats().find(before).map(|chat| chat.id)
    }

    fn talking(&self, agent: &AgentId) -> usize {
        let inside = |chat: &&Chat| matches!(&chat.state, ChatState::Active { agents, .. } if agents.contains(agent));
        self.engine.chats().filter(inside).count()
    }

    /// Whether the ring of this agent was somebody's will, rather than whose turn it was.
    fn is_wanted(&self, chat: ChatId, agent: &AgentId) -> bool {
        match self.input {
            Input::Assigned { chat: c, agent: a } | Input::AgentGone { chat: c, agent: a, .. } => {
                *c == chat && a == agent
            }
            _ => false,
        }
    }
}

/// What is committed and what reached the rooms.
pub(crate) struct Delivered<'a> {
    pub(crate) store: &'a Store,
    pub(crate) homeserver: &'a Homeserver,
    pub(crate) customers: &'a BTreeMap<ChatId, Customer>,
}

/// Everything that is watched.
#[derive(Debug)]
pub(crate) struct Oracles {
    setup: Setup,
    violation: Option<Violation>,
    places: every_chat_is_in_one_place::Places,
    exclusions: exclusion_is_respected::Exclusions,
    wishes: only_the_ready_are_asked::Wishes,
    times: nobody_is_missed_for_our_absence::Times,
    filled: what_is_free_is_filled::Filled,
    choices: the_strategy_chooses::Choices,
    streams: once_per_side_in_order::Streams,
    pub(crate) coverage: Coverage,
    story: Option<Vec<String>>,
}

impl Oracles {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            violation: None,
            places: every_chat_is_in_one_place::Places::default(),
            exclusions: exclusion_is_respected::Exclusions::default(),
            wishes: only_the_ready_are_asked::Wishes::default(),
            times: nobody_is_missed_for_our_absence::Times::default(),
            filled: what_is_free_is_filled::Filled::default(),
            choices: the_strategy_chooses::Choices::default(),
            streams: once_per_side_in_order::Streams::default(),
            coverage: Coverage::default(),
            story: None,
        }
    }

    /// The first thing that was found stays.
    pub(crate) fn found(&mut self, oracle: &'static str, what: String) {
        self.violation.get_or_insert(Violation { oracle, what });
    }

    fn note(&mut self, oracle: &'static str, result: Result<(), String>) {
        if let Err(what) = result {
            self.found(oracle, what);
        }
    }

    pub(crate) fn verdict(&self) -> Result<(), Violation> {
        self.violation.clone().map_or(Ok(()), Err)
    }

    /// The engine was loaded anew.
    pub(crate) fn reload(&mut self, engine: &Engine, setup: &Setup) {
        self.setup = setup.clone();
        self.places.reload(engine);
        self.exclusions.reload(engine);
        self.wishes.reload(engine);
        self.times.reload(engine, setup);
        self.filled.reload();
        self.choices.reload(engine);
    }

    /// The process dies between two turns: nothing of what it knew may be lost.
    pub(crate) fn compare_with_store<S: System>(&mut self, system: &S, store: &Store) {
        let result = what_is_stored_is_all::check(system.engine(), store, &self.setup);
        self.note("what_is_stored_is_all", result);
    }

    pub(crate) fn committed(
        &mut self,
        items: &[Item],
        changes: &Changes,
        delivered: &Delivered<'_>,
    ) {
        self.filled.committed();
        self.choices.committed();
        let result = self.streams.committed(changes);
        self.note("once_per_side_in_order", result);
        let result =
            nothing_acknowledged_is_lost::committed(&mut self.streams, items, changes, delivered);
        self.note("nothing_acknowledged_is_lost", result);
    }

    /// Something was sent to a room.
    pub(crate) fn sent(&mut self, chat: ChatId, room: &Room) {
        let result = self.streams.sent(chat, room);
        self.note("once_per_side_in_order", result);
    }

    /// The faults have stopped a minute ago.
    pub(crate) fn settled(&mut self, settled: &Settled<'_>) {
        let chats: Vec<ChatId> = settled.delivered.customers.keys().copied().collect();
        let result = chats.into_iter().try_for_each(|chat| {
            nothing_acknowledged_is_lost::check(&mut self.streams, chat, &settled.delivered, true)
        });
        self.note("nothing_acknowledged_is_lost", result);
        let result = everything_settles::check(settled, &self.setup);
        self.note("everything_settles", result);
    }

    /// A turn begins. If it may end an absence, that began `absent_since`.
    pub(crate) fn turn_begins(&mut self, absent_since: Option<Time>, narrate: bool) {
        self.times.absent_since = absent_since;
        self.story = narrate.then(Vec::new);
    }

    pub(crate) fn narrated(&mut self) -> Vec<String> {
        self.story.take().unwrap_or_default()
    }
}

impl Watch for Oracles {
    fn stepped(&mut self, now: Time, input: &Input, step: &Step, engine: &Engine) {
        match input {
            Input::Configured { setup } => self.setup = setup.clone(),
            Input::QueueHours { queue, open } => {
                for settings in self.setup.queues.iter_mut().filter(|q| q.id == *queue) {
                    settings.open = *open;
                }
            }
            _ => {}
        }
        if let Some(story) = &mut self.story {
            story.push(format!("  engine: {input:?}"));
            story.extend(step.effects.iter().map(|effect| format!("    → {effect:?}")));
        }
        self.coverage.stepped(input, step, engine);
        if self.violation.is_some() {
            return;
        }
        let stepped = Stepped { now, input, step, engine, setup: &self.setup };
        let results = [
            ("every_chat_is_in_one_place", self.places.stepped(&stepped)),
            ("capacity_and_one_request", capacity_and_one_request::check(&stepped)),
            ("exclusion_is_respected", self.exclusions.stepped(&stepped)),
            ("only_the_ready_are_asked", self.wishes.stepped(&stepped)),
            ("waiting_order_is_kept", waiting_order_is_kept::check(&stepped)),
            ("the_strategy_chooses", self.choices.stepped(&stepped)),
            ("what_is_free_is_filled", self.filled.stepped(&stepped)),
            ("nobody_is_missed_for_our_absence", self.times.stepped(&stepped)),
        ];
        for (oracle, result) in results {
            self.note(oracle, result);
        }
    }
}
