//! Random histories. `rules` are checked after every step.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use switchboard_engine::{
    ChatId, Engine, Input, Invitee, Leaving, MessageRef, Removal, Setup, Span, Time,
    WithdrawOutcome,
};

use crate::{
    acts::act,
    fixture::profile_id,
    organisation::{NAMES, PROFILES, organisation, some_queue},
    render::agent_id,
    rules,
    world::World,
};

/// Any input at all, about few enough chats and agents that they meet.
fn any_input() -> impl Strategy<Value = Input> {
    let chat = || (1..5_u128).prop_map(ChatId);
    let agent = || prop::sample::select(vec!["anna", "ben", "carl", "zoe"]).prop_map(agent_id);
    let message = || (1..50_u64).prop_map(MessageRef);
    let queue = || any::<u8>().prop_map(some_queue);
    let outcome = prop::sample::select(vec![
        WithdrawOutcome::Done,
        WithdrawOutcome::HadJoined,
        WithdrawOutcome::Failed,
    ]);
    let removal = prop::sample::select(vec![
        Removal::Declined,
        Removal::Left,
        Removal::Withdrawn,
        Removal::WithdrawnAfterJoin,
        Removal::Removed,
    ]);
    let of_customer = prop_oneof![
        3 => (chat(), queue()).prop_map(|(chat, queue)| Input::ChatStarted { chat, queue }),
        1 => (chat(), message())
            .prop_map(|(chat, message)| Input::CustomerSent { chat, message }),
        1 => chat().prop_map(|chat| Input::CustomerEnded { chat }),
        1 => chat().prop_map(|chat| Input::CustomerAway { chat }),
    ];
    let of_homeserver = prop_oneof![
        3 => chat().prop_map(|chat| Input::RoomOpened { chat }),
        1 => chat().prop_map(|chat| Input::RoomFailed { chat }),
        3 => (chat(), 0..4_u32)
            .prop_map(|(chat, request)| Input::RequestSent { chat, request }),
        1 => (chat(), 0..4_u32)
            .prop_map(|(chat, request)| Input::RequestFailed { chat, request }),
        4 => (chat(), agent(), outcome)
            .prop_map(|(chat, agent, outcome)| Input::RequestWithdrawn { chat, agent, outcome }),
        4 => (chat(), agent()).prop_map(|(chat, agent)| Input::AgentJoined { chat, agent }),
        8 => (chat(), agent(), removal)
            .prop_map(|(chat, agent, how)| Input::AgentGone { chat, agent, how }),
    ];
    let of_agent = prop_oneof![
        (chat(), agent(), message()).prop_map(|(chat, agent, message)| Input::AgentSent {
            chat,
            agent,
            message
        }),
        (chat(), agent(), any::<bool>()).prop_map(|(chat, agent, customer_connected)| {
            Input::AgentAsksEnd { chat, agent, customer_connected }
        }),
        (chat(), agent()).prop_map(|(chat, agent)| Input::AgentConfirmsEnd { chat, agent }),
        (chat(), agent()).prop_map(|(chat, agent)| Input::AgentCloses { chat, agent }),
        (chat(), agent()).prop_map(|(chat, agent)| Input::AgentLeaves { chat, agent }),
        (chat(), agent()).prop_map(|(chat, agent)| Input::AgentCancelsInvitation { chat, agent }),
        (chat(), agent(), agent(), any::<bool>()).prop_map(|(chat, by, agent, sent)| {
            Input::AgentInvites { chat, by, invitee: Invitee::Agent(agent), sent }
        }),
        (chat(), agent(), queue()).prop_map(|(chat, by, queue)| {
            Input::AgentInvites { chat, by, invitee: Invitee::Queue(queue), sent: false }
        }),
    ];
    let at_desk = prop_oneof![
        3 => (agent(), prop::sample::select(PROFILES.to_vec()))
            .prop_map(|(agent, p)| Input::AgentLogsOn { agent, profile: profile_id(p) }),
        1 => (agent(), prop::sample::select(vec![
            None,
            Some(Leaving::Keep),
            Some(Leaving::Return),
        ]))
        .prop_map(|(agent, chats)| Input::AgentLogsOff { agent, chats }),
        2 => agent().prop_map(|agent| Input::AgentReady { agent }),
        1 => (agent(), any::<bool>())
            .prop_map(|(agent, after_chats)| Input::AgentPauses { agent, after_chats }),
        1 => (chat(), agent()).prop_map(|(chat, agent)| Input::Assigned { chat, agent }),
        1 => (chat(), queue()).prop_map(|(chat, queue)| Input::Moved { chat, queue }),
    ];
    let of_bridge = prop_oneof![
        1 => (any::<u8>(), any::<u8>(), 0..3_u32)
            .prop_map(|(n, who, cap)| Input::Configured { setup: organisation(n, who, cap) }),
        1 => (queue(), any::<bool>())
            .prop_map(|(queue, open)| Input::QueueHours { queue, open }),
        1 => (0..50_u64).prop_map(|s| Input::Resumed { outage: Span::seconds(s) }),
        6 => Just(Input::Timer),
    ];
    prop_oneof![3 => of_customer, 6 => of_homeserver, 2 => of_agent, 2 => at_desk, 2 => of_bridge]
}

/// Three agents, logged on.
fn opening() -> Vec<Input> {
    let mut inputs = vec![Input::Configured { setup: organisation(0, 0b0111, 1) }];
    for (name, profile) in NAMES.into_iter().zip([0, 1, 0]) {
        let (agent, profile) = (agent_id(name), profile_id(PROFILES[profile]));
        inputs.push(Input::AgentLogsOn { agent, profile });
    }
    inputs
}

proptest! {
    /// In a world that keeps to its rules, engine and rooms agree, and every chat can end.
    #[test]
    fn every_chat_comes_to_its_end(acts in vec(act(), 0..250)) {
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        world.settle();
    }

    /// In a world that keeps to none, the engine still does.
    #[test]
    fn no_input_breaks_the_rules(inputs in vec((0..40_u64, any_input()), 0..250)) {
        let (mut engine, mut setup) = (Engine::default(), Setup::default());
        let mut now = Time(0);
        for input in opening() {
            rules::handle(&mut engine, &mut setup, now, &input);
        }
        for (seconds, input) in inputs {
            now = now + Span::seconds(seconds);
            rules::handle(&mut engine, &mut setup, now, &input);
        }
    }

    /// Records that went through the store make an engine that behaves the same from there on.
    #[test]
    fn a_restart_changes_nothing(
        inputs in vec((0..40_u64, any_input()), 1..100),
        at in any::<prop::sample::Index>(),
    ) {
        let (mut engine, mut setup) = (Engine::default(), Setup::default());
        let mut now = Time(0);
        for input in opening() {
            rules::handle(&mut engine, &mut setup, now, &input);
        }
        let mut other: Option<Engine> = None;
        for (n, (seconds, input)) in inputs.iter().enumerate() {
            if n == at.index(inputs.len()) {
                let chats = engine.chats().map(through_the_store);
                setup.queues = engine.queues().cloned().collect();
                other = Some(Engine::load(
                    &setup,
                    engine.agents().map(through_the_store).collect::<Vec<_>>(),
                    chats.collect::<Vec<_>>(),
                ));
            }
            now = now + Span::seconds(*seconds);
            let step = rules::handle(&mut engine, &mut setup, now, input);
            if let Some(other) = &mut other {
                prop_assert_eq!(&step, &other.handle(now, input.clone()));
                prop_assert!(*other == engine);
            }
        }
    }
}

const WORTH_SEEING: &str = "
    Queued QueueFull QueueClosed OpenRoom Relay Refuse:Ended Refuse:NoRoom Refuse:TooMany
    Requested Ring Rejected Missed RequestFailed RoundOver Withdrawn Withdraw
    Joined Left Requeued Show NotShown:Ended Remove:Closed Remove:TooLate Remove:LoggedOff
    Overflowed Moved FormOffered MessageLeft ConfirmEnd ConfirmLogOff
    Ended:Abandoned Ended:NoAgent Ended:Agent Ended:Customer
    Ready:Asked Paused:Asked Paused:ChatsOver NotResponding:Missed
    LoggedOff:Asked LoggedOff:ProfileGone
";

/// A simulation that never comes to something proves nothing about it.
#[test]
fn the_world_comes_to_everything() {
    let mut runner = TestRunner::deterministic();
    let histories = vec(act(), 250);
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let acts = histories.new_tree(&mut runner).expect("a history").current();
        let mut world = World::new();
        for act in &acts {
            world.act(act);
        }
        seen.append(&mut world.seen);
    }
    let missing: Vec<&str> =
        WORTH_SEEING.split_whitespace().filter(|kind| !seen.contains(*kind)).collect();
    assert_eq!(missing, [""; 0]);
}

fn through_the_store<T: serde::Serialize + serde::de::DeserializeOwned>(record: &T) -> T {
    let stored = serde_json::to_vec(record).expect("records can be stored");
    serde_json::from_slice(&stored).expect("and read again")
}
