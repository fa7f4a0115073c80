//! What must hold after every step, whatever the inputs. Stories and simulations both check it.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{
    Agent, AgentId, Chat, ChatEvent, ChatId, ChatState, Effect, Engine, Input, RecordKey, Removal,
    Step, Time,
};

/// Checks one step from `before` to `after`.
pub(crate) fn check_step(before: &Engine, after: &Engine, input: &Input, step: &Step) {
    check_requests(after);
    check_order(after);
    check_deadlines(after);
    check_nothing_left_to_assign(after);
    check_history(before, after);
    check_effects(after, step);
    check_choices(after, input, step);
    check_changed(before, after, step);
    check_messages(before, after, step);
    check_reload(after);
}

pub(crate) fn talking(engine: &Engine, agent: &AgentId) -> u32 {
    let inside = |chat: &&Chat| matches!(&chat.state, ChatState::Active { agents, .. } if agents.contains(agent));
    u32::try_from(engine.chats().filter(inside).count()).expect("few chats")
}

fn is_available(engine: &Engine, agent: &Agent) -> bool {
    agent.request.is_none()
        && agent.withdrawing.is_empty()
        && talking(engine, &agent.id) < agent.capacity
}

/// One request per agent, and agents and chats agree about it.
fn check_requests(engine: &Engine) {
    let ringing: BTreeMap<&AgentId, ChatId> = engine
        .chats()
        .filter_map(|chat| match &chat.state {
            ChatState::Ringing { agent, .. } => Some((agent, chat.id)),
            _ => None,
        })
        .collect();
    let count =
        engine.chats().filter(|chat| matches!(chat.state, ChatState::Ringing { .. })).count();
    assert_eq!(ringing.len(), count, "two chats ring one agent");
    let requests: BTreeMap<&AgentId, ChatId> =
        engine.agents().filter_map(|agent| Some((&agent.id, agent.request?))).collect();
    assert_eq!(ringing, requests);
    for agent in engine.agents() {
        let withdrawing: BTreeSet<_> = agent.withdrawing.iter().collect();
        assert_eq!(withdrawing.len(), agent.withdrawing.len());
        assert!(
            agent.request.is_none() || agent.withdrawing.is_empty(),
            "asked before the last withdrawal's outcome was known"
        );
    }
}

/// No waiting chat is lost, and all stand in the order of their start.
fn check_order(engine: &Engine) {
    let is_queued =
        |chat: &&Chat| matches!(chat.state, ChatState::Waiting | ChatState::Ringing { .. });
    for queue in engine.queues() {
        let mut expected: Vec<(Time, ChatId)> = engine
            .chats()
            .filter(is_queued)
            .filter(|chat| chat.queue == queue.id)
            .map(|chat| (chat.since, chat.id))
            .collect();
        expected.sort_unstable();
        assert!(engine.waiting(&queue.id).eq(expected.iter().map(|(_, chat)| *chat)));
        for ((_, chat), place) in expected.into_iter().zip(1..) {
            assert_eq!(engine.position(chat), Some(place));
        }
    }
    for chat in engine.chats() {
        assert_eq!(engine.position(chat.id).is_some(), is_queued(&chat));
    }
}

fn check_deadlines(engine: &Engine) {
    let earliest = engine
        .chats()
        .flat_map(|chat| match &chat.state {
            ChatState::Waiting => [chat.ask_after, chat.give_up_at],
            ChatState::Ringing { deadline, .. } => [*deadline, chat.give_up_at],
            ChatState::Active { return_at, .. } => [*return_at, None],
            ChatState::Ended { close_at, .. } => [*close_at, None],
        })
        .flatten()
        .min();
    assert_eq!(engine.next_deadline(), earliest);
    for chat in engine.chats() {
        match &chat.state {
            ChatState::Active { agents, return_at } => {
                assert_eq!(agents.is_empty(), return_at.is_some());
            }
            ChatState::Ended { agents, close_at, .. } => {
                assert_eq!(agents.is_empty(), close_at.is_none());
                assert!(chat.pending.is_empty());
            }
            ChatState::Waiting | ChatState::Ringing { .. } => {}
        }
    }
}

/// Whatever was freed has been filled in the same step.
fn check_nothing_left_to_assign(engine: &Engine) {
    for chat in engine.chats() {
        if chat.state != ChatState::Waiting || chat.ask_after.is_some() {
            continue;
        }
        for agent in engine.agents() {
            assert!(
                chat.excluded.contains(&agent.id) || !is_available(engine, agent),
                "{} waits, and {} could be asked",
                chat.id,
                agent.id
            );
        }
    }
}

/// What was, remains: the start of waiting, the end, the count of requests.
fn check_history(before: &Engine, after: &Engine) {
    for old in before.chats() {
        let new = after.chat(old.id).expect("no chat is lost");
        assert_eq!((new.since, &new.queue), (old.since, &old.queue));
        assert!(new.requests >= old.requests);
        assert!(new.asked.is_superset(&old.asked));
        if let ChatState::Ended { reason, agents, .. } = &old.state {
            let ChatState::Ended { reason: still, agents: left, .. } = &new.state else {
                panic!("an ended chat went on");
            };
            assert_eq!(still, reason);
            assert!(left.is_subset(agents));
        }
    }
}

fn check_effects(engine: &Engine, step: &Step) {
    let mut ended = BTreeSet::new();
    let mut rung = BTreeSet::new();
    for effect in &step.effects {
        match effect {
            Effect::Ring { chat, agent, request, .. } => {
                assert!(!ended.contains(chat), "an ended chat rings");
                assert!(rung.insert(agent), "one agent is asked twice in a step");
                let record = engine.agent(agent).expect("only agents are asked");
                let load = talking(engine, agent) + u32::from(record.request.is_some());
                assert!(load <= record.capacity, "more than their capacity");
                assert_eq!(record.request, Some(*chat));
                assert_eq!(engine.chat(*chat).map(|chat| chat.requests), Some(*request));
            }
            Effect::Show { chat, agent, .. } => {
                let record = engine.chat(*chat).expect("exists");
                assert!(matches!(&record.state,
                    ChatState::Active { agents, .. } if agents.contains(agent)));
            }
            Effect::Relay { chat, .. } => assert!(!ended.contains(chat)),
            Effect::Happened { chat, event: ChatEvent::Ended { .. } } => {
                assert!(ended.insert(chat), "ended twice");
            }
            Effect::Ignored { .. } => {
                assert_eq!(step.effects.len(), 1);
                assert!(step.changed.is_empty(), "ignored, but something changed");
            }
            _ => {}
        }
    }
    for chat in ended {
        assert!(matches!(engine.chat(*chat).expect("exists").state, ChatState::Ended { .. }));
    }
}

/// The original order is kept: an agent is asked for the longest waiting chat that they may be
/// asked for, and a chat asks the longest idle of the agents whom it may ask.
fn check_choices(engine: &Engine, input: &Input, step: &Step) {
    let rings: Vec<(&Chat, &Agent)> = step
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ring { chat, agent, .. } => Some((engine.chat(*chat)?, engine.agent(agent)?)),
            _ => None,
        })
        .collect();
    let made_good = |chat: &Chat, agent: &Agent| {
        // Whom we removed by mistake is asked again at once, whoever else waits.
        matches!(input, Input::AgentGone { chat: id, agent: who, how: Removal::WithdrawnAfterJoin }
            if *id == chat.id && *who == agent.id)
    };
    for (n, (chat, agent)) in rings.iter().enumerate() {
        if made_good(chat, agent) {
            continue;
        }
        let place = (chat.since, chat.id);
        let passed_over = engine.chats().find(|other| {
            (other.since, other.id) < place
                && other.state == ChatState::Waiting
                && other.ask_after.is_none()
                && !other.excluded.contains(&agent.id)
        });
        assert_eq!(passed_over, None, "{} was asked for {} instead", agent.id, chat.id);
        // Who was asked later in the step could have been asked now.
        let asked_later = rings[n + 1..].iter().map(|(_, agent)| *agent);
        let still_free = engine.agents().filter(|agent| is_available(engine, agent));
        let idler = asked_later.chain(still_free).find(|other| {
            !chat.excluded.contains(&other.id)
                && (other.idle_since, &other.id) < (agent.idle_since, &agent.id)
        });
        assert_eq!(idler, None, "{} was asked for {} instead", agent.id, chat.id);
    }
}

/// Every record that differs is stored, once.
fn check_changed(before: &Engine, after: &Engine, step: &Step) {
    assert!(step.changed.is_sorted_by(|a, b| a < b), "not once, in order");
    let mut keys: BTreeSet<RecordKey> = BTreeSet::new();
    keys.extend(before.chats().chain(after.chats()).map(|chat| RecordKey::Chat(chat.id)));
    keys.extend(
        before.agents().chain(after.agents()).map(|agent| RecordKey::Agent(agent.id.clone())),
    );
    for key in keys {
        let differs = match &key {
            RecordKey::Chat(id) => before.chat(*id) != after.chat(*id),
            RecordKey::Agent(id) => before.agent(id) != after.agent(id),
        };
        assert!(!differs || step.changed.contains(&key), "{key:?} changed and is not stored");
    }
}

/// A message that waited for a room has gone into it, or the customer is told.
fn check_messages(before: &Engine, after: &Engine, step: &Step) {
    for old in before.chats() {
        let pending = &after.chat(old.id).expect("no chat is lost").pending;
        for waiting in old.pending.iter().filter(|message| !pending.contains(message)) {
            let told = step.effects.iter().filter(|effect| match effect {
                Effect::Relay { chat, message } | Effect::Refuse { chat, message, .. } => {
                    *chat == old.id && message == waiting
                }
                _ => false,
            });
            let sent = old.pending.iter().filter(|message| *message == waiting);
            assert_eq!(told.count(), sent.count(), "a message is lost");
        }
    }
}

/// The stored records are the whole truth. Comparing engines compares the derived indexes too.
fn check_reload(engine: &Engine) {
    let again =
        Engine::load(engine.queues().cloned(), engine.agents().cloned(), engine.chats().cloned());
    assert!(again == *engine, "the index does not follow from the records");
}
