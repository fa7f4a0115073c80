//! A crowd: what one input costs must not grow with the number of waiting chats.

use switchboard_engine::{ChatId, Engine, Input, QueueSettings, Time};

use crate::{
    desk::{sales, settings},
    render::agent_id,
};

const CROWD: u128 = 10_000;

/// Ten thousand chats wait for anna, who is busy, since ben has declined every one of them. If
/// each of ben's free moments cost a walk past them all, this would take a hundred million steps.
#[test]
fn a_crowd_waits_for_one_agent_while_another_works() {
    let settings = QueueSettings { max_length: u32::MAX, ..settings() };
    let mut engine = Engine::load([settings], [], []);
    let mut clock = 0;
    let mut handle = |input| {
        clock += 1;
        engine.handle(Time(clock), input)
    };
    let (anna, ben) = (agent_id("anna"), agent_id("ben"));
    handle(Input::AgentsConfigured { agents: vec![(anna.clone(), 1), (ben.clone(), 1)] });
    handle(Input::ChatStarted { chat: ChatId(0), queue: sales() });
    handle(Input::AgentJoined { chat: ChatId(0), agent: anna.clone() });
    for id in 1..=CROWD {
        let chat = ChatId(id);
        handle(Input::ChatStarted { chat, queue: sales() });
        handle(Input::AgentGone {
            chat,
            agent: ben.clone(),
            how: switchboard_engine::Removal::Declined,
        });
    }
    for id in CROWD + 1..=2 * CROWD {
        let chat = ChatId(id);
        handle(Input::ChatStarted { chat, queue: sales() });
        handle(Input::AgentJoined { chat, agent: ben.clone() });
        handle(Input::AgentConfirmsEnd { chat, agent: ben.clone() });
    }
    assert_eq!(engine.waiting(&sales()).count() as u128, CROWD);
    assert_eq!(engine.position(ChatId(CROWD)).map(|place| place as u128), Some(CROWD));
    engine.handle(Time(clock + 1), Input::CustomerEnded { chat: ChatId(0) });
    assert_eq!(engine.agent(&anna).and_then(|anna| anna.request), Some(ChatId(1)));
}
