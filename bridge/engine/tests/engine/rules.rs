//! What must hold after every step, whatever the inputs. Stories and simulations both check it.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{
    AgentId, Chat, ChatEvent, ChatId, ChatState, Effect, Engine, Input, Invitee, RecordKey,
    Request, Setup, Step, Time,
};

use crate::fairness;

/// One step from `before` to `after`.
pub(crate) struct Seen<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) before: &'a Engine,
    pub(crate) after: &'a Engine,
    pub(crate) input: &'a Input,
    pub(crate) step: &'a Step,
}

/// Hands an input to the engine, checks everything about the step, and notes a new setup.
pub(crate) fn handle(engine: &mut Engine, setup: &mut Setup, now: Time, input: &Input) -> Step {
    if let Input::Configured { setup: new } = input {
        setup.clone_from(new);
    }
    let before = engine.clone();
    let step = engine.handle(now, input.clone());
    check(&Seen { setup, before: &before, after: engine, input, step: &step });
    step
}

fn check(seen: &Seen) {
    let &Seen { setup, before, after, input, step } = seen;
    check_requests(after);
    check_places(after, setup);
    check_deadlines(after, setup);
    check_history(before, after, input);
    check_effects(after, step);
    check_changed(before, after, step);
    check_messages(before, after, input, step);
    check_reload(after, setup);
    fairness::check(seen);
}

fn is_inside(chat: &Chat, agent: &AgentId) -> bool {
    matches!(&chat.state, ChatState::Active { agents, .. } if agents.contains(agent))
}

pub(crate) fn talking(engine: &Engine, agent: &AgentId) -> u32 {
    let count = engine.chats().filter(|chat| is_inside(chat, agent)).count();
    u32::try_from(count).expect("few chats")
}

/// A colleague has invited this very agent, be they ready and free or not.
pub(crate) fn is_invited_by_name(chat: &Chat, agent: &AgentId) -> bool {
    chat.invites(agent)
        && matches!(&chat.invitation, Some(i) if matches!(i.invitee, Invitee::Agent(_)))
}

/// One request per agent, and agents and chats agree about it.
fn check_requests(engine: &Engine) {
    let mut ringing: BTreeMap<&AgentId, ChatId> = BTreeMap::new();
    for chat in engine.chats() {
        assert!(chat.requests_now().is_none_or(|all| !all.is_empty()), "rings nobody");
        let numbers: BTreeSet<u32> = chat.asking().map(|(_, request)| request.number).collect();
        assert_eq!(numbers.len(), chat.asking().count(), "two requests of one number");
        assert!(numbers.iter().all(|number| (1..=chat.requests).contains(number)));
        let active = matches!(chat.state, ChatState::Active { .. });
        assert!(chat.invitation.is_none() || active, "only who has a chat invites into it");
        for (agent, _) in chat.asking() {
            assert!(!chat.has(agent), "{agent} is in the chat already");
            assert_eq!(ringing.insert(agent, chat.id), None, "two chats ring one agent");
        }
    }
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

/// No chat is lost: it has one place in the order of its queue, or it is with its agents, or it is
/// over, or a message is asked for.
fn check_places(engine: &Engine, setup: &Setup) {
    let known = setup.queues.iter().map(|queue| &queue.id);
    let queues: BTreeSet<_> = known.chain(engine.chats().map(|chat| &chat.queue)).collect();
    for queue in queues {
        let waits =
            |chat: &&Chat| matches!(chat.state, ChatState::Waiting | ChatState::Ringing { .. });
        let mut expected: Vec<(Time, ChatId)> = engine
            .chats()
            .filter(waits)
            .filter(|chat| chat.queue == *queue)
            .map(|chat| (chat.since, chat.id))
            .collect();
        expected.sort_unstable();
        assert!(engine.waiting(queue).eq(expected.iter().map(|(_, chat)| *chat)));
        for ((_, chat), place) in expected.into_iter().zip(1..) {
            assert_eq!(engine.position(chat), Some(place));
        }
    }
    for chat in engine.chats() {
        assert_eq!(engine.position(chat.id).is_some(), chat.is_queued());
        assert!(!chat.is_queued() || !chat.passed.contains(&chat.queue), "it was here before");
    }
    for agent in engine.agents() {
        let inside = engine.chats().filter(|chat| is_inside(chat, &agent.id)).map(|chat| chat.id);
        assert!(engine.chats_of(&agent.id).eq(inside));
    }
}

fn check_deadlines(engine: &Engine, setup: &Setup) {
    let own = |chat: &Chat| match &chat.state {
        ChatState::Waiting => vec![chat.ask_after, chat.overflow_at, chat.give_up_at],
        ChatState::Ringing { requests } => {
            let deadline = |request: &Request| request.deadline;
            requests.values().map(deadline).chain([chat.give_up_at]).collect()
        }
        ChatState::Active { return_at, .. } => {
            let invited = chat.asking().next();
            vec![*return_at, invited.and_then(|(_, request)| request.deadline)]
        }
        ChatState::Ended { close_at, .. } => vec![*close_at],
        ChatState::Form => vec![],
    };
    let delay = |chat: &Chat| {
        let entries = fairness::entries(setup, chat).filter(|_| fairness::may_ask(chat, setup));
        entries.map(|entry| chat.since + entry.delay).filter(|at| *at > chat.seen_until).min()
    };
    let all = engine.chats().flat_map(|chat| own(chat).into_iter().chain([delay(chat)]));
    assert_eq!(engine.next_deadline(), all.flatten().min());
    for chat in engine.chats() {
        match &chat.state {
            ChatState::Active { agents, return_at } => {
                let waits = agents.is_empty() && chat.invitation.is_none();
                assert_eq!(waits, return_at.is_some());
            }
            ChatState::Ended { agents, close_at, .. } => {
                assert_eq!(agents.is_empty(), close_at.is_none());
                assert!(chat.pending.is_empty());
            }
            ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => {}
        }
        assert!(!chat.message || chat.give_up_at.or(chat.overflow_at).is_none(), "{chat:?}");
    }
}

/// What was, remains: the start of waiting, the end, the count of requests.
fn check_history(before: &Engine, after: &Engine, input: &Input) {
    for old in before.chats() {
        let new = after.chat(old.id).expect("no chat is lost");
        assert_eq!(new.since, old.since);
        let moved = |chat| matches!(input, Input::Moved { chat: moved, .. } if *moved == chat);
        if !moved(old.id) && new.passed.is_empty() {
            assert_eq!(new.queue, old.queue, "neither moved nor overflowed");
        }
        assert!(new.message || !old.message);
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
                let record_of = engine.chat(*chat).expect("exists");
                if !is_invited_by_name(record_of, agent) {
                    assert!(load <= record.capacity, "more than their capacity");
                }
                assert_eq!(record.request, Some(*chat));
                let rings = engine.chat(*chat).and_then(|chat| chat.request(*request));
                assert_eq!(rings.map(|(agent, _)| agent), Some(agent));
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
fn check_messages(before: &Engine, after: &Engine, input: &Input, step: &Step) {
    for old in before.chats() {
        let pending = &after.chat(old.id).expect("no chat is lost").pending;
        for waiting in old.pending.iter().filter(|message| !pending.contains(message)) {
            let told = step.effects.iter().filter(|effect| match effect {
                Effect::Relay { chat, message } | Effect::Refuse { chat, message, .. } => {
                    *chat == old.id && message == waiting
                }
                _ => false,
            });
            // What is left in the form may go into a room in the same step.
            let now = matches!(input, Input::CustomerSent { chat, message }
                if *chat == old.id && message == waiting);
            let sent = old.pending.iter().filter(|message| *message == waiting);
            assert_eq!(told.count(), sent.count() + usize::from(now), "a message is lost");
        }
    }
}

/// The stored records are the whole truth. Comparing engines compares the derived indexes too.
fn check_reload(engine: &Engine, setup: &Setup) {
    let setup = Setup { queues: engine.queues().cloned().collect(), ..setup.clone() };
    let again = Engine::load(&setup, engine.agents().cloned(), engine.chats().cloned());
    assert!(again == *engine, "the index does not follow from the records");
}
