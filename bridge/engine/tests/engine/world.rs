//! A small model of the world outside: rooms with members, an outbox that works through each
//! chat's effects in order, and news that arrive late. Each input comes once; the order within a
//! room holds, and nothing else does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use switchboard_engine::{
    AgentId, ChatId, ChatState, Effect, Engine, Ignored, Input, MessageRef, QueueSettings, Removal,
    Span, Time, WithdrawOutcome,
};

use crate::{
    acts::Act,
    desk::{sales, settings},
    ledger::Ledgers,
    render::agent_id,
    rules,
};

const NAMES: [&str; 4] = ["anna", "ben", "carl", "dora"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Invited,
    Joined,
}

#[derive(Debug, Default)]
struct RoomModel {
    made: bool,
    failed: bool,
    members: BTreeMap<AgentId, Member>,
    /// Who was no agent when their joining was told. The engine does not know that they are there
    /// when they become agents later, so nothing exact can be said of them.
    strangers: BTreeSet<AgentId>,
    /// What happened in the room and has not been told yet.
    events: VecDeque<Input>,
    /// What the outbox has still to do.
    lane: VecDeque<Effect>,
}

pub(crate) struct World {
    engine: Engine,
    settings: QueueSettings,
    now: Time,
    rooms: BTreeMap<ChatId, RoomModel>,
    answers: Vec<Input>,
    ledgers: Ledgers,
    messages: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let settings = QueueSettings { max_wait: Some(Span::seconds(400)), ..settings() };
        let mut world = Self {
            engine: Engine::load([settings.clone()], [], []),
            settings,
            now: Time(1_000_000),
            rooms: BTreeMap::new(),
            answers: Vec::new(),
            ledgers: Ledgers::default(),
            messages: 0,
        };
        world.act(&Act::Configure(0b0111, 1));
        world
    }

    pub(crate) fn act(&mut self, act: &Act) {
        match act {
            Act::Start => {
                let chat = ChatId(self.rooms.len() as u128 + 1);
                self.rooms.insert(chat, RoomModel::default());
                self.input(Input::ChatStarted { chat, queue: sales() });
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
            Act::Configure(who, capacity) => self.configure(*who, *capacity),
            Act::Restart => {
                let agents: Vec<_> = self.engine.agents().cloned().collect();
                let chats: Vec<_> = self.engine.chats().cloned().collect();
                self.engine = Engine::load([self.settings.clone()], agents, chats);
            }
            Act::Answer(which) => {
                if !self.answers.is_empty() {
                    let answer = self.answers.remove(usize::from(*which) % self.answers.len());
                    self.input(answer);
                }
            }
            Act::Write(n) | Act::End(n) | Act::Away(n) | Act::Tell(n) | Act::Perform(n, _) => {
                if let Some(chat) = self.some_chat(*n) {
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
            | Act::Close(n, a) => {
                if let Some(chat) = self.some_chat(*n) {
                    self.by_agent(act, chat, agent_id(NAMES[usize::from(*a)]));
                }
            }
        }
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

    fn configure(&mut self, who: u8, capacity: u32) {
        let agents = NAMES.iter().enumerate().filter(|(n, _)| who & (1 << n) != 0);
        let agents = agents.map(|(_, name)| (agent_id(name), capacity)).collect();
        self.input(Input::AgentsConfigured { agents });
    }

    fn on_chat(&mut self, act: &Act, chat: ChatId) {
        match act {
            Act::Write(_) => {
                self.messages += 1;
                self.input(Input::CustomerSent { chat, message: MessageRef(self.messages) });
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
            (Act::Close(..), Some(Member::Joined)) => {
                room.events.push_back(Input::AgentCloses { chat, agent });
            }
            _ => {}
        }
    }

    fn room(&mut self, chat: ChatId) -> &mut RoomModel {
        self.rooms.entry(chat).or_default()
    }

    /// The homeserver's side of an effect.
    fn perform(&mut self, chat: ChatId, effect: &Effect, unlucky: bool) {
        let room = self.rooms.entry(chat).or_default();
        if room.failed {
            // What depends on the room is parked.
            return;
        }
        match effect {
            Effect::OpenRoom { .. } if unlucky => {
                room.failed = true;
                self.answers.push(Input::RoomFailed { chat });
            }
            Effect::OpenRoom { .. } => {
                assert!(!room.made, "a chat has one room");
                room.made = true;
                self.answers.push(Input::RoomOpened { chat });
            }
            Effect::Ring { agent, request, .. } => {
                assert!(room.made);
                let request = *request;
                if unlucky {
                    self.answers.push(Input::RequestFailed { chat, request });
                } else {
                    // Whoever is in the room already has no use for an invite.
                    room.members.entry(agent.clone()).or_insert(Member::Invited);
                    self.answers.push(Input::RequestSent { chat, request });
                }
            }
            Effect::Withdraw { agent, .. } => {
                let gone = |how| Input::AgentGone { chat, agent: agent.clone(), how };
                let outcome = match room.members.get(agent) {
                    Some(Member::Invited) if unlucky => WithdrawOutcome::Failed,
                    Some(Member::Invited) => {
                        room.members.remove(agent);
                        room.events.push_back(gone(Removal::Withdrawn));
                        WithdrawOutcome::Done
                    }
                    // They joined between our look and our act.
                    Some(Member::Joined) if unlucky => {
                        room.members.remove(agent);
                        room.events.push_back(gone(Removal::WithdrawnAfterJoin));
                        WithdrawOutcome::Done
                    }
                    Some(Member::Joined) => WithdrawOutcome::HadJoined,
                    None => WithdrawOutcome::Done,
                };
                let agent = agent.clone();
                self.answers.push(Input::RequestWithdrawn { chat, agent, outcome });
            }
            Effect::Remove { agent, .. } if room.members.get(agent) == Some(&Member::Joined) => {
                room.members.remove(agent);
                let (agent, how) = (agent.clone(), Removal::Left);
                room.events.push_back(Input::AgentGone { chat, agent, how });
            }
            _ => {}
        }
    }

    fn input(&mut self, input: Input) {
        let before = self.engine.clone();
        let step = self.engine.handle(self.now, input.clone());
        rules::check_step(&before, &self.engine, &input, &step);
        self.ledgers.keep(&before, &self.engine, &input, &step);
        if let Input::AgentJoined { chat, agent } = input
            && step.effects == [Effect::Ignored { why: Ignored::UnknownAgent }]
        {
            self.room(chat).strangers.insert(agent);
        }
        for effect in step.effects {
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
                ChatState::Waiting | ChatState::Ringing { .. } => BTreeSet::new(),
            };
            assert_eq!(joined, believed, "{chat:?}");
            if let ChatState::Ringing { agent, deadline, .. } = &chat.state
                && known(&agent)
            {
                assert_eq!(room.members.get(agent), Some(&Member::Invited), "{chat:?}");
                assert!(deadline.is_some());
            }
        }
        for agent in self.engine.agents() {
            assert_eq!(agent.withdrawing, [], "{} is never asked again", agent.id);
        }
    }

    /// From here on everybody declines and leaves: every chat must come to its end.
    pub(crate) fn settle(mut self) {
        self.drain();
        self.check_agreement();
        self.act(&Act::Configure(0b0011, 1));
        for _ in 0..2000 {
            self.drain();
            self.check_agreement();
            let members: Vec<(ChatId, AgentId)> = self
                .rooms
                .iter()
                .flat_map(|(chat, room)| room.members.keys().map(|agent| (*chat, agent.clone())))
                .collect();
            if members.is_empty() {
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
}
