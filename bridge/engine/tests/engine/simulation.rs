//! Random histories. `rules` are checked after every step.

use proptest::{collection::vec, prelude::*};
use switchboard_engine::{ChatId, Engine, Input, MessageRef, Removal, Span, Time, WithdrawOutcome};

use crate::{
    acts::act,
    desk::{sales, settings},
    render::agent_id,
    rules,
    world::World,
};

/// Any input at all, about few enough chats and agents that they meet.
fn any_input() -> impl Strategy<Value = Input> {
    let chat = || (1..5_u128).prop_map(ChatId);
    let agent = || prop::sample::select(vec!["anna", "ben", "carl", "zoe"]).prop_map(agent_id);
    let message = || (1..50_u64).prop_map(MessageRef);
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
        3 => chat().prop_map(|chat| Input::ChatStarted { chat, queue: sales() }),
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
    ];
    let of_bridge = prop_oneof![
        1 => vec((agent(), 0..3_u32), 0..4)
            .prop_map(|agents| Input::AgentsConfigured { agents }),
        1 => (0..50_u64).prop_map(|s| Input::Resumed { outage: Span::seconds(s) }),
        4 => Just(Input::Timer),
    ];
    prop_oneof![3 => of_customer, 6 => of_homeserver, 1 => of_agent, 2 => of_bridge]
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
        let mut engine = Engine::load([settings()], [], []);
        let mut now = Time(0);
        let agents = ["anna", "ben", "carl"].map(|name| (agent_id(name), 1)).to_vec();
        engine.handle(now, Input::AgentsConfigured { agents });
        for (seconds, input) in inputs {
            now = now + Span::seconds(seconds);
            let before = engine.clone();
            let step = engine.handle(now, input.clone());
            rules::check_step(&before, &engine, &input, &step);
        }
    }

    /// Records that went through the store make an engine that behaves the same from there on.
    #[test]
    fn a_restart_changes_nothing(
        inputs in vec((0..40_u64, any_input()), 1..100),
        at in any::<prop::sample::Index>(),
    ) {
        let mut engine = Engine::load([settings()], [], []);
        let mut now = Time(0);
        let agents = ["anna", "ben", "carl"].map(|name| (agent_id(name), 1)).to_vec();
        engine.handle(now, Input::AgentsConfigured { agents });
        let mut other: Option<Engine> = None;
        for (n, (seconds, input)) in inputs.iter().enumerate() {
            if n == at.index(inputs.len()) {
                let chats = engine.chats().map(through_the_store);
                other = Some(Engine::load(
                    [settings()],
                    engine.agents().map(through_the_store).collect::<Vec<_>>(),
                    chats.collect::<Vec<_>>(),
                ));
            }
            now = now + Span::seconds(*seconds);
            let step = engine.handle(now, input.clone());
            if let Some(other) = &mut other {
                prop_assert_eq!(&step, &other.handle(now, input.clone()));
                prop_assert!(*other == engine);
            }
        }
    }
}

fn through_the_store<T: serde::Serialize + serde::de::DeserializeOwned>(record: &T) -> T {
    let stored = serde_json::to_vec(record).expect("records can be stored");
    serde_json::from_slice(&stored).expect("and read again")
}
