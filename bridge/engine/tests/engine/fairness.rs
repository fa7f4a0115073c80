//! Who may be asked for what, worked out anew from the records and the setup after every step.

use std::collections::BTreeSet;

use switchboard_engine::{
    Agent, AgentId, Chat, ChatId, ChatState, Effect, Engine, Input, Overflow, OverflowTo,
    QueueSettings, Removal, Serves, Setup, Status, Strategy, Time,
};

use crate::rules::{Seen, is_invited_by_name, talking};

pub(crate) fn check(seen: &Seen) {
    check_readiness(seen.after);
    check_nothing_left_to_assign(seen);
    check_requests(seen);
    check_strategy(seen);
    check_nobody_waits_for_nobody(seen);
}

/// Only who is ready is asked, and who waits for their chats to end has some.
fn check_readiness(engine: &Engine) {
    for agent in engine.agents() {
        let is_ready = agent.status == Status::Ready && !agent.pausing;
        let chat = agent.request.and_then(|chat| engine.chat(chat));
        let by_name = chat.is_some_and(|chat| is_invited_by_name(chat, &agent.id));
        assert!(
            agent.request.is_none() || is_ready || by_name,
            "{} is asked, but not ready",
            agent.id
        );
        assert_eq!(agent.status == Status::LoggedOff, agent.profile.is_none());
        let has_chats = talking(engine, &agent.id) > 0;
        assert!(!agent.pausing || (agent.status == Status::Ready && has_chats), "{agent:?}");
    }
}

/// Whatever was freed has been filled in the same step.
fn check_nothing_left_to_assign(seen: &Seen) {
    for chat in seen.after.chats().filter(|chat| may_ask(chat, seen.setup)) {
        for agent in seen.after.agents() {
            let pair = can_take_one(seen.after, agent)
                && serves(seen.setup, agent, chat).is_some()
                && !is_barred(chat, &agent.id);
            assert!(!pair, "{} waits, and {} could be asked", chat.id, agent.id);
        }
    }
}

/// Nobody is asked for a chat while they could be asked for one that comes first: by the priority
/// in their profile, then by the time of waiting.
fn check_requests(seen: &Seen) {
    for (id, agent) in rung(seen) {
        let chat = seen.after.chat(id).expect("exists");
        let agent = seen.after.agent(agent).expect("only agents are asked");
        let own = profile_entry(seen.setup, agent, chat).expect("only for queues they serve");
        let first_to_come = |other: &&Chat| {
            let entry = serves(seen.setup, agent, other);
            entry.is_some_and(|entry| {
                (entry.priority, other.since, other.id) < (own.priority, chat.since, chat.id)
            })
        };
        let passed_by = seen
            .after
            .chats()
            .filter(|other| may_ask(other, seen.setup) && !is_barred(other, &agent.id))
            .find(first_to_come);
        assert_eq!(passed_by, None, "{} was asked for {chat:?}", agent.id);
    }
}

/// If one request is made in a step, nobody else was to be asked by the queue's strategy.
fn check_strategy(seen: &Seen) {
    let rung = rung(seen);
    let [(id, asked)] = rung.as_slice() else { return };
    let chat = seen.after.chat(*id).expect("exists");
    let Some(strategy) = settings(seen.setup, chat).map(|queue| queue.strategy) else { return };
    let rank = |agent: &Agent| rank(seen, strategy, agent);
    let own = rank(seen.after.agent(asked).expect("exists"));
    for other in seen.after.agents() {
        let could = can_take_one(seen.after, other)
            && serves(seen.setup, other, chat).is_some()
            && !is_barred(chat, &other.id);
        assert!(!could || own < rank(other), "{asked} was asked before {}", other.id);
    }
}

fn rank(seen: &Seen, strategy: Strategy, agent: &Agent) -> (u32, Time, AgentId) {
    let load = talking(seen.after, &agent.id);
    // The request itself has moved it by now.
    let asked_at = seen.before.agent(&agent.id).map_or(Time::default(), |agent| agent.asked_at);
    match strategy {
        Strategy::LongestIdle | Strategy::RingAll => (0, agent.idle_since, agent.id.clone()),
        Strategy::LeastBusy => (load, agent.idle_since, agent.id.clone()),
        Strategy::RoundRobin => (0, asked_at, agent.id.clone()),
    }
}

/// Where nobody is ready and the form is there for that, no customer waits in vain.
fn check_nobody_waits_for_nobody(seen: &Seen) {
    for chat in seen.after.chats() {
        let overflow = settings(seen.setup, chat).and_then(|queue| queue.overflow.as_ref());
        let to_the_form = matches!(
            overflow,
            Some(Overflow { when_nobody_ready: true, to: OverflowTo::Message, .. })
        );
        let in_vain = to_the_form
            && chat.state == ChatState::Waiting
            && !chat.message
            && seen.after.ready(&chat.queue).next().is_none();
        assert!(!in_vain, "{chat:?}");
    }
}

/// The requests that the rules of routing have made. A supervisor's choice is no matter of order;
/// nor is the making good of our own withdrawal.
fn rung<'a>(seen: &'a Seen) -> Vec<(ChatId, &'a AgentId)> {
    let by_choice = match seen.input {
        Input::Assigned { chat, agent }
        | Input::AgentGone { chat, agent, how: Removal::WithdrawnAfterJoin } => {
            Some((*chat, agent))
        }
        _ => None,
    };
    let rings = seen.step.effects.iter().filter_map(|effect| match effect {
        Effect::Ring { chat, agent, by: None, .. } => Some((*chat, agent)),
        _ => None,
    });
    rings.filter(|ring| Some(*ring) != by_choice).collect()
}

pub(crate) fn settings<'a>(setup: &'a Setup, chat: &Chat) -> Option<&'a QueueSettings> {
    setup.queues.iter().find(|queue| queue.id == chat.queue)
}

/// The profiles' entries for the queue of a chat.
pub(crate) fn entries<'a>(setup: &'a Setup, chat: &Chat) -> impl Iterator<Item = &'a Serves> {
    let known = settings(setup, chat).is_some();
    let all = setup.profiles.iter().flat_map(|profile| &profile.queues);
    all.filter(move |entry| known && entry.queue == chat.queue)
}

pub(crate) fn may_ask(chat: &Chat, setup: &Setup) -> bool {
    match &chat.state {
        ChatState::Waiting => chat.ask_after.is_none(),
        ChatState::Ringing { requests } => {
            settings(setup, chat).is_some_and(|queue| queue.strategy == Strategy::RingAll)
                && !requests.values().any(|request| request.assigned)
        }
        _ => false,
    }
}

fn can_take_one(engine: &Engine, agent: &Agent) -> bool {
    agent.status == Status::Ready
        && !agent.pausing
        && agent.request.is_none()
        && agent.withdrawing.is_empty()
        && talking(engine, &agent.id) < agent.capacity
}

fn is_barred(chat: &Chat, agent: &AgentId) -> bool {
    let ringing: BTreeSet<&AgentId> =
        chat.requests_now().into_iter().flatten().map(|(agent, _)| agent).collect();
    chat.excluded.contains(agent) || ringing.contains(agent)
}

/// How an agent's profile serves a chat, be it over its delay or not.
fn profile_entry<'a>(setup: &'a Setup, agent: &Agent, chat: &Chat) -> Option<&'a Serves> {
    settings(setup, chat)?;
    let profile = setup.profiles.iter().find(|profile| Some(&profile.id) == agent.profile.as_ref());
    profile?.queues.iter().find(|entry| entry.queue == chat.queue)
}

/// How an agent's profile serves a chat. A delay is over when the timer has said so.
fn serves<'a>(setup: &'a Setup, agent: &Agent, chat: &Chat) -> Option<&'a Serves> {
    let entry = profile_entry(setup, agent, chat)?;
    (chat.since + entry.delay <= chat.seen_until).then_some(entry)
}
