//! A desk to tell stories at.

use switchboard_engine::{
    AgentId, Chat, ChatId, ChatState, Effect, Engine, Input, MessageRef, QueueId, QueueSettings,
    Removal, Room, Span, Time, WithdrawOutcome,
};

use crate::{
    render::{self, agent_id},
    rules,
};

pub(crate) fn sales() -> QueueId {
    QueueId("sales".to_owned())
}

/// Short limits, so that tests need not go far to reach them.
pub(crate) fn settings() -> QueueSettings {
    QueueSettings {
        id: sales(),
        request_timeout: Span::seconds(45),
        second_round_after: Span::seconds(30),
        max_wait: None,
        max_length: 5,
        return_grace: Span::seconds(60),
        close_after: Span::seconds(600),
        max_pending_messages: 2,
    }
}

/// An engine, a clock, and what came of the last thing that was done.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) engine: Engine,
    pub(crate) now: Time,
    /// Rooms open and invites reach the homeserver by themselves.
    pub(crate) prompt: bool,
    pub(crate) effects: Vec<Effect>,
    chats: u128,
    messages: u64,
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
        let mut desk = Self {
            engine: Engine::load([settings], [], []),
            now: Time(1_000_000),
            prompt: true,
            effects: Vec::new(),
            chats: 0,
            messages: 0,
        };
        desk.configure(agents);
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
            let before = self.engine.clone();
            let step = self.engine.handle(self.now, input.clone());
            rules::check_step(&before, &self.engine, &input, &step);
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

    pub(crate) fn configure<const N: usize>(&mut self, agents: [(&str, u32); N]) {
        let agents = agents.map(|(name, capacity)| (agent_id(name), capacity)).to_vec();
        self.input(Input::AgentsConfigured { agents });
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
        self.engine = Engine::load([settings], agents, chats);
    }

    // The customer.

    pub(crate) fn customer_starts(&mut self) -> ChatId {
        self.chats += 1;
        let chat = ChatId(self.chats);
        self.input(Input::ChatStarted { chat, queue: sales() });
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
        AtDesk { desk: self, id: agent_id(name) }
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

    // What is expected.

    pub(crate) fn chat(&self, chat: ChatId) -> &Chat {
        self.engine.chat(chat).expect("the chat exists")
    }

    pub(crate) fn request_of(&self, name: &str) -> Option<ChatId> {
        self.engine.agent(&agent_id(name)).expect("the agent exists").request
    }

    #[track_caller]
    pub(crate) fn expect<const N: usize>(&self, effects: [&str; N]) {
        let seen: Vec<String> = self.effects.iter().map(render::effect).collect();
        assert_eq!(seen, effects);
    }

    #[track_caller]
    pub(crate) fn expect_state(&self, chat: ChatId, state: &str) {
        assert_eq!(render::state(self.chat(chat), self.now), state);
    }

    #[track_caller]
    pub(crate) fn expect_ringing(&self, chat: ChatId, name: &str) {
        match &self.chat(chat).state {
            ChatState::Ringing { agent, .. } => assert_eq!(render::name(agent), name),
            other => panic!("expected ringing {name}, is {other:?}"),
        }
        assert_eq!(self.request_of(name), Some(chat));
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

/// An agent about to do something.
pub(crate) struct AtDesk<'a> {
    desk: &'a mut Desk,
    id: AgentId,
}

impl AtDesk<'_> {
    pub(crate) fn joins(self, chat: ChatId) {
        self.desk.input(Input::AgentJoined { chat, agent: self.id });
    }

    #[track_caller]
    pub(crate) fn accepts(self, chat: ChatId) {
        let name = render::name(&self.id).to_owned();
        self.desk.expect_ringing(chat, &name);
        self.joins(chat);
    }

    pub(crate) fn gone(self, chat: ChatId, how: Removal) {
        self.desk.input(Input::AgentGone { chat, agent: self.id, how });
    }

    pub(crate) fn declines(self, chat: ChatId) {
        self.gone(chat, Removal::Declined);
    }

    pub(crate) fn leaves(self, chat: ChatId) {
        self.gone(chat, Removal::Left);
    }

    pub(crate) fn writes(self, chat: ChatId) {
        self.desk.messages += 1;
        let message = MessageRef(self.desk.messages);
        self.desk.input(Input::AgentSent { chat, agent: self.id, message });
    }

    pub(crate) fn asks_end(self, chat: ChatId, customer_connected: bool) {
        self.desk.input(Input::AgentAsksEnd { chat, agent: self.id, customer_connected });
    }

    pub(crate) fn confirms_end(self, chat: ChatId) {
        self.desk.input(Input::AgentConfirmsEnd { chat, agent: self.id });
    }

    pub(crate) fn closes(self, chat: ChatId) {
        self.desk.input(Input::AgentCloses { chat, agent: self.id });
    }
}
