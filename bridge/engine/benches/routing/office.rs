//! A contact centre at work, always the same for the same size: customers come, write and lose
//! patience, agents accept, decline, miss, write, end and pause, and the homeserver answers.

use std::collections::VecDeque;

use switchboard_engine::{
    AgentId, AgentSettings, ChatEvent, ChatId, ChatState, Effect, Engine, Input, MessageRef,
    Profile, ProfileId, QueueId, QueueSettings, Removal, Serves, Setup, Span, Strategy, Time,
    WithdrawOutcome,
};

/// How large it is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) queues: usize,
    pub(crate) agents: usize,
    pub(crate) capacity: u32,
    /// How many chats are open at any time.
    pub(crate) chats: usize,
}

pub(crate) struct Office {
    size: Size,
    engine: Engine,
    now: Time,
    random: u64,
    started: u128,
    messages: u64,
    open: usize,
    talks: Vec<(ChatId, AgentId)>,
    ringing: Vec<(ChatId, AgentId)>,
    waiting: Vec<ChatId>,
    /// What the homeserver has still to say.
    news: VecDeque<Input>,
    recorded: Vec<(Time, Input)>,
}

impl Office {
    pub(crate) fn open(size: Size) -> Self {
        let mut office = Self {
            size,
            engine: Engine::default(),
            now: Time(1_000_000),
            random: 88_172_645_463_325_252,
            started: 0,
            messages: 0,
            open: 0,
            talks: Vec::new(),
            ringing: Vec::new(),
            waiting: Vec::new(),
            news: VecDeque::new(),
            recorded: Vec::new(),
        };
        let setup = setup(size);
        let profiles: Vec<ProfileId> = setup.profiles.iter().map(|p| p.id.clone()).collect();
        office.feed(Input::Configured { setup });
        for n in 0..size.agents {
            let profile = profiles[n % profiles.len()].clone();
            office.feed(Input::AgentLogsOn { agent: agent_id(n), profile });
        }
        while office.open < size.chats {
            office.start();
        }
        office
    }

    /// So many things are done, each with what follows.
    pub(crate) fn work(&mut self, acts: usize) {
        for _ in 0..acts {
            self.act();
        }
    }

    /// The engine as it is, and the inputs, this many at least, that come next.
    pub(crate) fn record(&mut self, count: usize) -> (Engine, Vec<(Time, Input)>) {
        let engine = self.engine.clone();
        self.recorded.clear();
        while self.recorded.len() < count {
            self.act();
        }
        (engine, std::mem::take(&mut self.recorded))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).expect("31 bits") % limit
    }

    fn feed(&mut self, input: Input) {
        self.news.push_back(input);
        while let Some(input) = self.news.pop_front() {
            let step = self.engine.handle(self.now, input.clone());
            self.recorded.push((self.now, input));
            for effect in step.effects {
                self.follow(effect);
            }
        }
    }

    /// What the homeserver does, and what the office notes.
    fn follow(&mut self, effect: Effect) {
        match effect {
            Effect::OpenRoom { chat } => self.news.push_back(Input::RoomOpened { chat }),
            Effect::Ring { chat, request, agent, .. } => {
                self.news.push_back(Input::RequestSent { chat, request });
                self.ringing.push((chat, agent));
            }
            Effect::Withdraw { chat, agent } => {
                let (gone, outcome) = (agent.clone(), WithdrawOutcome::Done);
                self.news.push_back(Input::RequestWithdrawn { chat, agent, outcome });
                let how = Removal::Withdrawn;
                self.news.push_back(Input::AgentGone { chat, agent: gone, how });
            }
            Effect::Remove { chat, agent, .. } => {
                self.news.push_back(Input::AgentGone { chat, agent, how: Removal::Left });
            }
            Effect::Happened { chat, event: ChatEvent::Joined { agent, .. } } => {
                self.talks.push((chat, agent));
            }
            Effect::Happened { chat, event: ChatEvent::Queued | ChatEvent::Requeued } => {
                self.waiting.push(chat);
            }
            Effect::Happened { event: ChatEvent::Ended { .. }, .. } => self.open -= 1,
            _ => {}
        }
    }

    fn act(&mut self) {
        self.now = self.now + Span(20);
        if self.engine.next_deadline().is_some_and(|at| at <= self.now) {
            self.feed(Input::Timer);
        }
        if self.open < self.size.chats {
            self.start();
        }
        match self.below(100) {
            0..60 => self.talk(),
            60..75 => self.answer_request(),
            75..90 => self.end(),
            90..96 => self.lose_patience(),
            _ => self.change_status(),
        }
    }

    fn start(&mut self) {
        self.started += 1;
        self.open += 1;
        // Ids are random, so that they say nothing about the order.
        let chat = ChatId(self.started.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let queue = queue_id(self.below(self.size.queues));
        self.feed(Input::ChatStarted { chat, queue });
    }

    fn talk(&mut self) {
        let Some((chat, agent)) = self.some_talk() else { return };
        self.messages += 1;
        let message = MessageRef(self.messages);
        if self.below(2) == 0 {
            self.feed(Input::CustomerSent { chat, message });
        } else {
            self.feed(Input::AgentSent { chat, agent, message });
        }
    }

    fn end(&mut self) {
        let Some((chat, agent)) = self.some_talk() else { return };
        match self.below(4) {
            0 => self.feed(Input::CustomerEnded { chat }),
            1 => self.feed(Input::AgentGone { chat, agent, how: Removal::Left }),
            _ => {
                self.feed(Input::AgentConfirmsEnd { chat, agent: agent.clone() });
                self.feed(Input::AgentCloses { chat, agent });
            }
        }
    }

    /// Most requests are accepted, some declined; the others will be missed.
    fn answer_request(&mut self) {
        while !self.ringing.is_empty() {
            let n = self.below(self.ringing.len());
            let (chat, agent) = self.ringing.swap_remove(n);
            if !self.engine.chat(chat).is_some_and(|chat| chat.rings(&agent)) {
                continue;
            }
            match self.below(20) {
                0 => {}
                1 | 2 => self.feed(Input::AgentGone { chat, agent, how: Removal::Declined }),
                _ => self.feed(Input::AgentJoined { chat, agent }),
            }
            return;
        }
    }

    fn lose_patience(&mut self) {
        while !self.waiting.is_empty() {
            let n = self.below(self.waiting.len());
            let chat = self.waiting.swap_remove(n);
            if self.engine.chat(chat).is_some_and(|chat| chat.state == ChatState::Waiting) {
                self.feed(Input::CustomerAway { chat });
                return;
            }
        }
    }

    fn change_status(&mut self) {
        let agent = agent_id(self.below(self.size.agents));
        let after_chats = self.below(2) == 0;
        if self.engine.agent(&agent).is_some_and(switchboard_engine::Agent::is_ready) {
            self.feed(Input::AgentPauses { agent, after_chats });
        } else {
            self.feed(Input::AgentReady { agent });
        }
    }

    fn some_talk(&mut self) -> Option<(ChatId, AgentId)> {
        while !self.talks.is_empty() {
            let n = self.below(self.talks.len());
            let (chat, agent) = self.talks[n].clone();
            let record = self.engine.chat(chat).expect("chats are kept");
            if !record.is_ended() && record.has(&agent) {
                return Some((chat, agent));
            }
            self.talks.swap_remove(n);
        }
        None
    }
}

fn agent_id(n: usize) -> AgentId {
    AgentId(format!("@agent-{n}:contact.example.org"))
}

fn queue_id(n: usize) -> QueueId {
    QueueId(format!("queue-{n}"))
}

/// Every second queue asks the longest idle, one in ten rings all. Every profile serves four
/// queues, the last one only after a while.
fn setup(size: Size) -> Setup {
    let queue = |n| QueueSettings {
        id: queue_id(n),
        strategy: match n % 10 {
            0..5 => Strategy::LongestIdle,
            5..7 => Strategy::LeastBusy,
            7..9 => Strategy::RoundRobin,
            _ => Strategy::RingAll,
        },
        request_timeout: Span::seconds(45),
        second_round_after: Span::seconds(30),
        max_wait: Some(Span::seconds(3600)),
        max_length: u32::MAX,
        overflow: None,
        open: true,
        return_grace: Span::seconds(60),
        close_after: Span::seconds(600),
        max_pending_messages: 20,
    };
    let serves = |profile: usize, n: u8| Serves {
        queue: queue_id((profile + usize::from(n) * 7) % size.queues),
        priority: 1 + n / 2,
        delay: Span::seconds(if n == 3 { 20 } else { 0 }),
    };
    let count = u8::try_from(size.queues.min(4)).expect("few");
    let profile = |n| Profile {
        id: ProfileId(format!("profile-{n}")),
        queues: (0..count).map(|entry| serves(n, entry)).collect(),
    };
    let agent = |n| AgentSettings { id: agent_id(n), capacity: size.capacity };
    Setup {
        queues: (0..size.queues).map(queue).collect(),
        profiles: (0..size.queues).map(profile).collect(),
        agents: (0..size.agents).map(agent).collect(),
        misses: 2,
    }
}
