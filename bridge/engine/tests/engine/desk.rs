//! A desk to tell stories at.

use switchboard_engine::{
    Chat, ChatId, ChatState, Effect, Engine, Input, MessageRef, QueueSettings, Removal, Room,
    Setup, Span, Status, StatusWhy, Time, WithdrawOutcome,
};

use crate::{
    fixture::{self, queue_id, settings, setup},
    people::AtDesk,
    render::{self, agent_id},
    rules,
};

/// Something that is done at a desk, for tables of such things.
pub(crate) type Change<'a> = &'a dyn Fn(&mut Desk);

/// An engine, a clock, and what came of the last thing that was done.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) setup: Setup,
    pub(crate) now: Time,
    /// Rooms open and invites reach the homeserver by themselves.
    pub(crate) prompt: bool,
    pub(crate) effects: Vec<Effect>,
    chats: u128,
    pub(crate) messages: u64,
}

impl Desk {
    /// Agents of capacity 1, all idle for as long, so that the first by name is asked first.
    pub(crate) fn with_agents<const N: usize>(names: [&str; N]) -> Self {
        Self::with_settings(settings(), names.map(|name| (name, 1)))
    }

    pub(crate) fn with_settings<const N: usize>(
        settings: QueueSettings,
        agents: [(&str, u32); N],
    ) -> Self {
        let mut desk = Self::with_setup(setup(vec![settings], &[]));
        desk.configure(agents);
        desk
    }

    /// Everything as it is set up; nobody has logged on.
    pub(crate) fn with_setup(setup: Setup) -> Self {
        let mut desk = Self {
            engine: Engine::load(&setup, [], []),
            setup,
            now: Time(1_000_000),
            prompt: true,
            effects: Vec::new(),
            chats: 0,
            messages: 0,
        };
        desk.reconfigure(|_| {});
        desk
    }

    /// From here on, the test says itself when a room is open and an invite is sent.
    pub(crate) fn by_hand(mut self) -> Self {
        self.prompt = false;
        self
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.effects.clear();
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let step = rules::handle(&mut self.engine, &mut self.setup, self.now, &input);
            for effect in step.effects {
                match &effect {
                    Effect::OpenRoom { chat } if self.prompt => {
                        inputs.insert(0, Input::RoomOpened { chat: *chat });
                    }
                    Effect::Ring { chat, request, .. } if self.prompt => {
                        inputs.insert(0, Input::RequestSent { chat: *chat, request: *request });
                    }
                    _ => {}
                }
                self.effects.push(effect);
            }
        }
    }

    /// These are the agents from now on. Whoever is new logs on at once, for all queues.
    pub(crate) fn configure<const N: usize>(&mut self, agents: [(&str, u32); N]) {
        self.reconfigure(|setup| setup.agents = fixture::agents(&agents));
        let mut effects = std::mem::take(&mut self.effects);
        for (name, _) in agents {
            if self.status_of(name) == Status::LoggedOff {
                self.agent(name).logs_on("all");
                effects.append(&mut self.effects);
            }
        }
        self.effects = effects;
    }

    /// An administrator changes something.
    pub(crate) fn reconfigure(&mut self, change: impl FnOnce(&mut Setup)) {
        change(&mut self.setup);
        self.input(Input::Configured { setup: self.setup.clone() });
    }

    /// A little time goes by, and nothing is done about deadlines.
    pub(crate) fn later(&mut self, seconds: u64) {
        self.now = self.now + Span::seconds(seconds);
    }

    /// Time goes by, and deadlines are met.
    pub(crate) fn passes(&mut self, seconds: u64) {
        self.later(seconds);
        self.input(Input::Timer);
    }

    pub(crate) fn resumes_after(&mut self, seconds: u64) {
        self.later(seconds);
        self.input(Input::Resumed { outage: Span::seconds(seconds) });
    }

    /// The process is gone, and another one begins with the stored records.
    pub(crate) fn restarts(&mut self, settings: QueueSettings) {
        let agents: Vec<_> = self.engine.agents().cloned().collect();
        let chats: Vec<_> = self.engine.chats().cloned().collect();
        self.setup = setup(vec![settings], &[]);
        self.engine = Engine::load(&self.setup, agents, chats);
    }

    // The customer.

    pub(crate) fn customer_starts(&mut self) -> ChatId {
        self.customer_starts_in("sales")
    }

    pub(crate) fn customer_starts_in(&mut self, queue: &str) -> ChatId {
        self.chats += 1;
        let chat = ChatId(self.chats);
        self.input(Input::ChatStarted { chat, queue: queue_id(queue) });
        chat
    }

    pub(crate) fn customer_writes(&mut self, chat: ChatId) {
        self.messages += 1;
        self.input(Input::CustomerSent { chat, message: MessageRef(self.messages) });
    }

    pub(crate) fn customer_ends(&mut self, chat: ChatId) {
        self.input(Input::CustomerEnded { chat });
    }

    pub(crate) fn customer_is_away(&mut self, chat: ChatId) {
        self.input(Input::CustomerAway { chat });
    }

    // The homeserver.

    pub(crate) fn request_sent(&mut self, chat: ChatId, request: u32) {
        self.input(Input::RequestSent { chat, request });
    }

    pub(crate) fn request_failed(&mut self, chat: ChatId, request: u32) {
        self.input(Input::RequestFailed { chat, request });
    }

    /// What the homeserver answered to a withdrawal.
    pub(crate) fn withdrawal(&mut self, chat: ChatId, agent: &str, outcome: WithdrawOutcome) {
        self.input(Input::RequestWithdrawn { chat, agent: agent_id(agent), outcome });
    }

    /// An invite was taken back without a race: the answer, then the room's event.
    pub(crate) fn withdrawn(&mut self, chat: ChatId, agent: &str) {
        self.withdrawal(chat, agent, WithdrawOutcome::Done);
        let effects = std::mem::take(&mut self.effects);
        self.agent(agent).gone(chat, Removal::Withdrawn);
        self.effects = effects;
    }

    // The agents.

    pub(crate) fn agent<'a>(&'a mut self, name: &'a str) -> AtDesk<'a> {
        AtDesk::new(self, agent_id(name))
    }

    pub(crate) fn anna(&mut self) -> AtDesk<'_> {
        self.agent("anna")
    }

    pub(crate) fn ben(&mut self) -> AtDesk<'_> {
        self.agent("ben")
    }

    /// A chat that this agent is asked for and accepts.
    #[track_caller]
    pub(crate) fn chat_with(&mut self, name: &str) -> ChatId {
        let chat = self.customer_starts();
        self.agent(name).accepts(chat);
        chat
    }

    // The supervisor.

    pub(crate) fn assigned(&mut self, chat: ChatId, name: &str) {
        self.input(Input::Assigned { chat, agent: agent_id(name) });
    }

    pub(crate) fn moved(&mut self, chat: ChatId, queue: &str) {
        self.input(Input::Moved { chat, queue: queue_id(queue) });
    }

    // What is expected.

    pub(crate) fn chat(&self, chat: ChatId) -> &Chat {
        self.engine.chat(chat).expect("the chat exists")
    }

    pub(crate) fn request_of(&self, name: &str) -> Option<ChatId> {
        self.engine.agent(&agent_id(name)).expect("the agent exists").request
    }

    pub(crate) fn status_of(&self, name: &str) -> Status {
        self.engine.agent(&agent_id(name)).expect("the agent exists").status
    }

    /// What came of the last input. That an agent is now what they asked to be goes without saying.
    #[track_caller]
    pub(crate) fn expect<const N: usize>(&self, effects: [&str; N]) {
        let is_told = |effect: &&Effect| {
            !matches!(effect, Effect::AgentChanged { why: StatusWhy::Asked, .. })
        };
        let seen: Vec<String> = self.effects.iter().filter(is_told).map(render::effect).collect();
        assert_eq!(seen, effects);
    }

    #[track_caller]
    pub(crate) fn expect_state(&self, chat: ChatId, state: &str) {
        assert_eq!(render::state(self.chat(chat), self.now), state);
    }

    #[track_caller]
    pub(crate) fn expect_ringing(&self, chat: ChatId, name: &str) {
        match &self.chat(chat).state {
            ChatState::Ringing { requests } => {
                assert_eq!(requests.keys().map(render::name).collect::<Vec<_>>(), [name]);
            }
            other => panic!("expected ringing {name}, is {other:?}"),
        }
        assert_eq!(self.request_of(name), Some(chat));
    }

    /// Several agents are being asked for one chat.
    #[track_caller]
    pub(crate) fn expect_ringing_all<const N: usize>(&self, chat: ChatId, names: [&str; N]) {
        let requests = self.chat(chat).requests_now().into_iter().flatten();
        assert_eq!(requests.map(|(agent, _)| render::name(agent)).collect::<Vec<_>>(), names);
    }

    #[track_caller]
    pub(crate) fn expect_waiting(&self, chat: ChatId) {
        assert_eq!(self.chat(chat).state, ChatState::Waiting);
    }

    #[track_caller]
    pub(crate) fn expect_active<const N: usize>(&self, chat: ChatId, names: [&str; N]) {
        match &self.chat(chat).state {
            ChatState::Active { agents, .. } => {
                assert_eq!(agents.iter().map(render::name).collect::<Vec<_>>(), names);
            }
            other => panic!("expected active, is {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect_room(&self, chat: ChatId, room: Room) {
        assert_eq!(self.chat(chat).room, room);
    }
}
