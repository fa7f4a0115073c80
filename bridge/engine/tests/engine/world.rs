//! A small model of the world outside: rooms with members, an outbox that works through each
//! chat's effects in order, and news that arrive late. Each input comes once; the order within a
//! room holds, and nothing else does.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{
    AgentId, Chat, ChatId, ChatState, Effect, Engine, Ignored, Input, Leaving, MessageRef, Removal,
    Setup, Span, Time,
};

use crate::{
    acts::Act,
    fixture::profile_id,
    homeserver::{Member, RoomModel},
    ledger::Ledgers,
    organisation::{NAMES, PROFILES, organisation, some_queue},
    render::{self, agent_id},
    rules,
};

pub(crate) struct World {
    engine: Engine,
    setup: Setup,
    now: Time,
    rooms: BTreeMap<ChatId, RoomModel>,
    answers: Vec<Input>,
    ledgers: Ledgers,
    messages: u64,
    /// Which kinds of things have come of all that.
    pub(crate) seen: BTreeSet<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            engine: Engine::default(),
            setup: Setup::default(),
            now: Time(1_000_000),
            rooms: BTreeMap::new(),
            answers: Vec::new(),
            ledgers: Ledgers::default(),
            messages: 0,
            seen: BTreeSet::new(),
        };
        world.act(&Act::Configure(0, 0b0111, 1));
        for agent in 0..3 {
            world.act(&Act::LogOn(agent, agent % 2));
        }
        world
    }

    pub(crate) fn act(&mut self, act: &Act) {
        match act {
            Act::Start(queue) => {
                let chat = ChatId(self.rooms.len() as u128 + 1);
                self.input(Input::ChatStarted { chat, queue: some_queue(*queue) });
                if self.engine.chat(chat).is_some() {
                    self.rooms.entry(chat).or_default();
                }
            }
            Act::Pass(seconds) => {
                self.now = self.now + Span::seconds((*seconds).into());
                self.input(Input::Timer);
                assert!(self.engine.next_deadline().is_none_or(|at| at > self.now));
            }
            Act::Resume(seconds) => {
                let outage = Span::seconds((*seconds).into());
                self.now = self.now + outage;
                self.input(Input::Resumed { outage });
            }
            Act::Configure(which, who, capacity) => {
                self.input(Input::Configured { setup: organisation(*which, *who, *capacity) });
            }
            Act::Restart => {
                let agents: Vec<_> = self.engine.agents().cloned().collect();
                let chats: Vec<_> = self.engine.chats().cloned().collect();
                // Which queues are open comes with the setup.
                self.setup.queues = self.engine.queues().cloned().collect();
                self.engine = Engine::load(&self.setup, agents, chats);
            }
            Act::Hours(queue, open) => {
                self.input(Input::QueueHours { queue: some_queue(*queue), open: *open });
            }
            Act::LogOn(a, _) | Act::LogOff(a, _) | Act::Ready(a) | Act::Pause(a, _) => {
                self.at_desk(act, agent_id(NAMES[usize::from(*a)]));
            }
            Act::Answer(which) => {
                if !self.answers.is_empty() {
                    let answer = self.answers.remove(usize::from(*which) % self.answers.len());
                    self.input(answer);
                }
            }
            Act::Write(n) | Act::End(n) | Act::Away(n) | Act::Move(n, _) => {
                if let Some(chat) = self.some_chat(*n) {
                    self.on_chat(act, chat);
                }
            }
            Act::Tell(n) => {
                if let Some(chat) = self.some_room(*n, |room| !room.events.is_empty()) {
                    self.on_chat(act, chat);
                }
            }
            Act::Perform(n, _) => {
                if let Some(chat) = self.some_room(*n, |room| !room.lane.is_empty()) {
                    self.on_chat(act, chat);
                }
            }
            Act::Accept(n, a)
            | Act::Decline(n, a)
            | Act::Leave(n, a)
            | Act::Bring(n, a)
            | Act::Expel(n, a)
            | Act::Say(n, a)
            | Act::AskEnd(n, a, _)
            | Act::ConfirmEnd(n, a)
            | Act::Close(n, a)
            | Act::Assign(n, a) => {
                let agent = agent_id(NAMES[usize::from(*a)]);
                let member = match act {
                    Act::Accept(..) | Act::Decline(..) => Some(Member::Invited),
                    Act::Bring(..) | Act::Assign(..) => None,
                    _ => Some(Member::Joined),
                };
                let fits = |room: &RoomModel| room.members.get(&agent).copied() == member;
                if let Some(chat) = self.some_room(*n, fits).or_else(|| self.some_chat(*n)) {
                    self.by_agent(act, chat, agent);
                }
            }
        }
    }

    fn some_room(&self, n: u8, fits: impl Fn(&RoomModel) -> bool) -> Option<ChatId> {
        let chats: Vec<ChatId> =
            self.rooms.iter().filter(|(_, room)| fits(room)).map(|(chat, _)| *chat).collect();
        (!chats.is_empty()).then(|| chats[usize::from(n) % chats.len()])
    }

    /// Chats that are still of interest come up more often than closed ones.
    fn some_chat(&self, n: u8) -> Option<ChatId> {
        let open = |chat: &&ChatId| !self.engine.is_closed(**chat);
        let mut chats: Vec<ChatId> = self.rooms.keys().filter(open).copied().collect();
        if chats.is_empty() || n >= 240 {
            chats = self.rooms.keys().copied().collect();
        }
        (!chats.is_empty()).then(|| chats[usize::from(n) % chats.len()])
    }

    fn at_desk(&mut self, act: &Act, agent: AgentId) {
        self.input(match act {
            Act::LogOn(_, profile) => {
                let profile = profile_id(PROFILES[usize::from(*profile)]);
                Input::AgentLogsOn { agent, profile }
            }
            Act::LogOff(_, how) => {
                let chats = [None, Some(Leaving::Keep), Some(Leaving::Return)];
                Input::AgentLogsOff { agent, chats: chats[usize::from(*how)] }
            }
            Act::Pause(_, after_chats) => Input::AgentPauses { agent, after_chats: *after_chats },
            _ => Input::AgentReady { agent },
        });
    }

    fn on_chat(&mut self, act: &Act, chat: ChatId) {
        match act {
            Act::Write(_) => {
                self.messages += 1;
                self.input(Input::CustomerSent { chat, message: MessageRef(self.messages) });
            }
            Act::Move(_, queue) => {
                self.input(Input::Moved { chat, queue: some_queue(*queue) });
            }
            Act::End(_) => self.input(Input::CustomerEnded { chat }),
            Act::Away(_) => self.input(Input::CustomerAway { chat }),
            Act::Tell(_) => {
                if let Some(event) = self.room(chat).events.pop_front() {
                    self.input(event);
                }
            }
            Act::Perform(_, unlucky) => {
                if let Some(effect) = self.room(chat).lane.pop_front() {
                    self.perform(chat, &effect, *unlucky);
                }
            }
            _ => {}
        }
    }

    fn by_agent(&mut self, act: &Act, chat: ChatId, agent: AgentId) {
        let room = self.room(chat);
        let member = room.members.get(&agent).copied();
        let gone = |how| Input::AgentGone { chat, agent: agent.clone(), how };
        match (act, member) {
            (Act::Accept(..), Some(Member::Invited)) => {
                room.members.insert(agent.clone(), Member::Joined);
                room.events.push_back(Input::AgentJoined { chat, agent });
            }
            (Act::Bring(..), None) if room.members.values().any(|m| *m == Member::Joined) => {
                room.members.insert(agent.clone(), Member::Joined);
                room.events.push_back(Input::AgentJoined { chat, agent });
            }
            (Act::Decline(..), Some(Member::Invited)) => {
                room.members.remove(&agent);
                room.events.push_back(gone(Removal::Declined));
            }
            (Act::Leave(..), Some(Member::Joined)) => {
                room.members.remove(&agent);
                room.events.push_back(gone(Removal::Left));
            }
            (Act::Expel(..), Some(_)) => {
                room.members.remove(&agent);
                room.events.push_back(gone(Removal::Removed));
            }
            (Act::Say(..), Some(Member::Joined)) => {
                self.messages += 1;
                let message = MessageRef(self.messages);
                self.room(chat).events.push_back(Input::AgentSent { chat, agent, message });
            }
            (Act::AskEnd(_, _, customer_connected), Some(Member::Joined)) => {
                let customer_connected = *customer_connected;
                let asks = Input::AgentAsksEnd { chat, agent, customer_connected };
                room.events.push_back(asks);
            }
            (Act::ConfirmEnd(..), Some(Member::Joined)) => {
                room.events.push_back(Input::AgentConfirmsEnd { chat, agent });
            }
            (Act::Assign(..), _) => self.input(Input::Assigned { chat, agent }),
            (Act::Close(..), Some(Member::Joined)) => {
                room.events.push_back(Input::AgentCloses { chat, agent });
            }
            _ => {}
        }
    }

    fn perform(&mut self, chat: ChatId, effect: &Effect, unlucky: bool) {
        let answer = self.room(chat).perform(effect, unlucky);
        self.answers.extend(answer);
    }

    fn room(&mut self, chat: ChatId) -> &mut RoomModel {
        self.rooms.entry(chat).or_default()
    }

    fn input(&mut self, input: Input) {
        let before = self.engine.clone();
        let step = rules::handle(&mut self.engine, &mut self.setup, self.now, &input);
        self.ledgers.keep(&before, &self.engine, &input, &step);
        if let Input::AgentJoined { chat, agent } = input
            && step.effects == [Effect::Ignored { why: Ignored::UnknownAgent }]
        {
            self.room(chat).strangers.insert(agent);
        }
        for effect in step.effects {
            self.seen.insert(render::kind(&effect));
            let chat = match &effect {
                Effect::OpenRoom { chat }
                | Effect::Ring { chat, .. }
                | Effect::Withdraw { chat, .. }
                | Effect::Remove { chat, .. } => *chat,
                _ => continue,
            };
            self.room(chat).lane.push_back(effect);
        }
    }

    /// Everything that is under way arrives.
    fn drain(&mut self) {
        loop {
            if let Some(answer) = self.answers.pop() {
                self.input(answer);
                continue;
            }
            let chats: Vec<ChatId> = self.rooms.keys().copied().collect();
            let mut idle = true;
            for chat in chats {
                if let Some(effect) = self.room(chat).lane.pop_front() {
                    self.perform(chat, &effect, false);
                    idle = false;
                }
                if let Some(event) = self.room(chat).events.pop_front() {
                    self.input(event);
                    idle = false;
                }
            }
            if idle && self.answers.is_empty() {
                return;
            }
        }
    }

    /// When all news is in, the engine and the rooms agree about who is where.
    fn check_agreement(&self) {
        for (id, room) in &self.rooms {
            let chat = self.engine.chat(*id).expect("no chat is lost");
            let known = |agent: &&AgentId| !room.strangers.contains(*agent);
            let joined: BTreeSet<&AgentId> = room
                .members
                .iter()
                .filter(|(_, member)| **member == Member::Joined)
                .map(|(agent, _)| agent)
                .filter(known)
                .collect();
            let believed: BTreeSet<&AgentId> = match &chat.state {
                ChatState::Active { agents, .. } | ChatState::Ended { agents, .. } => {
                    agents.iter().filter(known).collect()
                }
                ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => BTreeSet::new(),
            };
            assert_eq!(joined, believed, "{chat:?}");
            let requests = chat.requests_now().into_iter().flatten();
            for (agent, request) in requests.filter(|(agent, _)| known(agent)) {
                assert_eq!(room.members.get(agent), Some(&Member::Invited), "{chat:?}");
                assert!(request.deadline.is_some());
            }
        }
        for agent in self.engine.agents() {
            assert_eq!(agent.withdrawing, [], "{} is never asked again", agent.id);
        }
    }

    /// From here on everybody declines and leaves, and customers who were to be answered later lose
    /// interest: every chat must come to its end.
    pub(crate) fn settle(&mut self) {
        self.drain();
        self.check_agreement();
        self.act(&Act::Configure(0, 0b0011, 1));
        for agent in 0..2 {
            self.act(&Act::LogOn(agent, agent));
        }
        for _ in 0..2000 {
            self.drain();
            self.check_agreement();
            let members: Vec<(ChatId, AgentId)> = self
                .rooms
                .iter()
                .flat_map(|(chat, room)| room.members.keys().map(|agent| (*chat, agent.clone())))
                .collect();
            if members.is_empty() {
                self.lose_interest();
                let Some(at) = self.engine.next_deadline() else { break };
                self.now = self.now.max(at);
                self.input(Input::Timer);
            }
            for (chat, agent) in members {
                self.by_agent(&Act::Decline(0, 0), chat, agent.clone());
                self.by_agent(&Act::Leave(0, 0), chat, agent);
            }
        }
        for chat in self.engine.chats() {
            assert!(self.engine.is_closed(chat.id), "never ends: {chat:?}");
        }
    }

    fn lose_interest(&mut self) {
        let for_ever = |chat: &&Chat| chat.state == ChatState::Form || chat.message;
        let open = self.engine.chats().filter(for_ever).filter(|chat| !chat.is_ended());
        for chat in open.map(|chat| chat.id).collect::<Vec<_>>() {
            self.input(Input::CustomerEnded { chat });
        }
    }
}
