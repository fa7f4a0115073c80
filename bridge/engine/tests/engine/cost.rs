//! A crowd: what one input costs must not grow with the number of waiting chats.

use std::{collections::BTreeMap, time::Duration};

use switchboard_engine::{
    AgentId, Chat, ChatId, Engine, Input, MessageRef, QueueSettings, Removal, Strategy, Time,
};

use crate::{
    fixture::{profile_id, sales, settings, setup},
    render::agent_id,
};

/// An office of anna and ben, and more and more chats.
struct Office {
    engine: Engine,
    clock: u64,
    chats: u128,
}

impl Office {
    fn open(team: &[(&str, u32)], strategy: Strategy) -> Self {
        let settings = QueueSettings { max_length: u32::MAX, strategy, ..settings() };
        let setup = setup(vec![settings], team);
        let mut office = Self { engine: Engine::load(&setup, [], []), clock: 0, chats: 0 };
        office.handle(Input::Configured { setup });
        for (name, _) in team {
            let agent = agent_id(name);
            office.handle(Input::AgentLogsOn { agent, profile: profile_id("all") });
        }
        office
    }

    fn handle(&mut self, input: Input) {
        self.clock += 1;
        self.engine.handle(Time(self.clock), input);
    }

    fn start(&mut self) -> ChatId {
        self.chats += 1;
        let chat = ChatId(self.chats);
        self.handle(Input::ChatStarted { chat, queue: sales() });
        chat
    }

    fn request_of(&self, agent: &AgentId) -> Option<ChatId> {
        self.engine.agent(agent)?.request
    }

    /// Anna is busy, and so many chats wait for her, since ben has declined every one of them.
    fn with_picky_crowd(size: u128) -> Self {
        let mut office = Self::open(&[("anna", 1), ("ben", 1)], Strategy::LongestIdle);
        let first = office.start();
        office.handle(Input::AgentJoined { chat: first, agent: agent_id("anna") });
        for _ in 0..size {
            let (chat, agent) = (office.start(), agent_id("ben"));
            office.handle(Input::AgentGone { chat, agent, how: Removal::Declined });
        }
        office
    }

    /// A chat comes, ben takes it, writes, and ends it; somebody in the crowd loses patience.
    fn ben_works(&mut self) {
        let ben = agent_id("ben");
        let chat = self.start();
        assert_eq!(self.request_of(&ben), Some(chat));
        self.handle(Input::AgentJoined { chat, agent: ben.clone() });
        let message = MessageRef(1);
        self.handle(Input::AgentSent { chat, agent: ben.clone(), message });
        self.handle(Input::AgentConfirmsEnd { chat, agent: ben });
        self.handle(Input::CustomerAway { chat: ChatId(self.chats / 2) });
        self.handle(Input::Timer);
    }
}

const CROWD: u128 = 10_000;

/// If each of ben's free moments cost a walk past all the chats that he has declined, this would
/// take a hundred million steps.
#[test]
fn a_crowd_waits_for_one_agent_while_another_works() {
    let mut office = Office::with_picky_crowd(CROWD);
    for _ in 0..CROWD {
        let (chat, agent) = (office.start(), agent_id("ben"));
        office.handle(Input::AgentJoined { chat, agent: agent.clone() });
        office.handle(Input::AgentConfirmsEnd { chat, agent });
    }
    assert_eq!(office.engine.waiting(&sales()).count() as u128, CROWD);
    let last = office.engine.position(ChatId(CROWD + 1));
    assert_eq!(last.map(|place| place as u128), Some(CROWD));
    office.handle(Input::CustomerEnded { chat: ChatId(1) });
    assert_eq!(office.request_of(&agent_id("anna")), Some(ChatId(2)));
}

/// A hundred times as many waiting chats make a logarithm of two more steps down some trees. A walk
/// past them would cost about a hundred times as much.
#[test]
fn a_hundred_times_the_crowd_costs_about_the_same() {
    let few = fastest(|| Office::with_picky_crowd(200));
    let many = fastest(|| Office::with_picky_crowd(20_000));
    assert!(many < few * 10, "{few:?} with few, {many:?} with many");
}

/// The shortest time of some, since others may be using the machine.
fn fastest(open: impl Fn() -> Office) -> Duration {
    #[expect(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "it is time that is measured here"
    )]
    let time = || {
        let mut office = open();
        let start = std::time::Instant::now();
        for _ in 0..100 {
            office.ben_works();
        }
        start.elapsed()
    };
    (0..5).map(|_| time()).min().expect("some")
}

/// Ringing everybody costs as much as asking each of them, not the square of it.
#[test]
fn everybody_rings() {
    let names: Vec<String> = (0..1_000).map(|n| format!("agent{n}")).collect();
    let team: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let mut office = Office::open(&team, Strategy::RingAll);
    let chat = office.start();
    let rings =
        |office: &Office| office.engine.chat(chat).and_then(Chat::requests_now).map(BTreeMap::len);
    assert_eq!(rings(&office), Some(1_000));
    office.handle(Input::AgentJoined { chat, agent: agent_id("agent7") });
    assert_eq!(rings(&office), None);
    let withdrawing = office.engine.agents().filter(|agent| !agent.withdrawing.is_empty());
    assert_eq!(withdrawing.count(), 999);
}
