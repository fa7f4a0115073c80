//! The state alone, with a clock that stands still: a story is told to it input by input.

use switchboard_engine::{Input, Leaving, QueueId, Time};

use super::{
    super::{batch::Batch, state::State},
    *,
};

/// A Monday, ten in the morning in Berlin.
pub(super) const MONDAY: Time = Time(1_795_424_400_000);

/// Two queues of Anna's and Ben's, one of which is Carla's to supervise; Dan is administrator.
pub(super) const OFFICE: &str = r#"
time_zone = "Europe/Berlin"
administrators = [{ id = "@dan:localhost" }]
supervisors = [{ id = "@carla:localhost", queues = ["sales"] }]
agents = [
    { id = "@anna:localhost", name = "Anna", capacity = 2 },
    { id = "@ben:localhost", name = "Ben", profiles = ["support-only"] },
]
profiles = [
    { id = "all-round", name = "All-round", queues = [{ queue = "sales" }, { queue = "help" }] },
    { id = "support-only", name = "Support only", queues = [{ queue = "help" }] },
]
sites = [{ id = "shop", title = "Shop", origins = ["https://x.org"], queues = ["sales", "help"] }]

[[queues]]
id = "sales"
name = "Sales"
request_timeout_seconds = 45
max_wait_seconds = 1800
max_length = 3
overflow = { after_seconds = 600, to = "queue:help" }
hours = { week = ["mon-fri 09:00-17:00"] }

[[queues]]
id = "help"
name = "Support"
overflow = { after_seconds = 3600, to = "message" }
"#;

pub(super) struct Office {
    pub(super) store: MemoryStore,
    pub(super) state: State,
}

impl Office {
    pub(super) async fn new(store: MemoryStore, now: Time) -> Self {
        let centre = Centre::from_toml(OFFICE).expect("valid");
        let with = Surroundings {
            clock: Clock::stopped(now),
            names: Namespace::new("localhost", "switchboard").expect("valid"),
            directory: Directory::default(),
            live: Live::new(),
            metrics: Metrics::new(),
            sites: watch::Sender::default(),
            spaces: SpaceSettings::default(),
        };
        let epoch = store.claim_epoch().await.expect("claimed");
        let state = State::load(Arc::new(store.clone()), epoch, centre.into(), with)
            .await
            .expect("it loads");
        let mut office = Self { store, state };
        let setup = office.state.centre.setup(now);
        office.input(Input::Configured { setup }).await;
        office
    }

    /// So much later.
    pub(super) fn later(&mut self, seconds: u64) {
        let now = self.state.now() + Span::seconds(seconds);
        self.state.with.clock = Clock::stopped(now);
    }

    /// Something is done and committed. Says whether that went well.
    pub(super) async fn does(&mut self, what: impl AsyncFnOnce(&mut State, &mut Batch)) -> bool {
        let mut batch = Batch::default();
        self.state.begin();
        what(&mut self.state, &mut batch).await;
        self.state.seal(&mut batch).expect("JSON");
        let changes = batch.changes(self.state.epoch()).expect("JSON");
        let committed = self.store.commit(changes).await.is_ok();
        if committed {
            self.state.publish(&batch);
        } else {
            self.state.reload().await.expect("it loads");
        }
        committed
    }

    pub(super) async fn input(&mut self, input: Input) {
        let done = self.does(async |state, batch| state.input(input, batch).await.expect("done"));
        assert!(done.await);
    }

    /// A customer begins a chat.
    pub(super) async fn starts(&mut self, chat: u128, queue: &str) {
        self.starts_with(chat, queue, Facts::default()).await;
    }

    /// The same customer whom the site vouches for begins a chat.
    pub(super) async fn starts_signed(&mut self, chat: u128, queue: &str) {
        let signed = crate::gateway::signed::Signed {
            issuer: "https://x.org".to_owned(),
            key: "k1".to_owned(),
            visitor: Some("cc".repeat(32)),
            token: format!("{:064x}", chat + 0xf00),
            until: self.state.now().0,
            variables: Vec::new(),
        };
        let facts = Facts { signed: Some(signed), ..Facts::default() };
        self.starts_with(chat, queue, facts).await;
    }

    async fn starts_with(&mut self, chat: u128, queue: &str, facts: Facts) {
        let start = CustomerInput::Start {
            chat: ChatId(chat),
            site: "shop".to_owned(),
            name: Some(format!("Customer of {chat}")),
            session: format!("{chat:064x}"),
            queue: Some(queue.to_owned()),
            facts,
        };
        self.customer(start).await;
    }

    pub(super) async fn customer(&mut self, input: CustomerInput) {
        let at = self.state.now().0;
        let done = self
            .does(async |state, batch| state.take_customer(input, at, batch).await.expect("done"));
        assert!(done.await);
    }

    pub(super) async fn logs_on(&mut self, agent: &str, profile: &str) {
        let profile = switchboard_engine::ProfileId(profile.to_owned());
        self.input(Input::AgentLogsOn { agent: id(agent), profile }).await;
    }

    pub(super) async fn logs_off(&mut self, agent: &str) {
        let chats = Some(Leaving::Keep);
        self.input(Input::AgentLogsOff { agent: id(agent), chats }).await;
    }

    /// The chat's room is made, and the invites are sent.
    pub(super) async fn rings(&mut self, chat: u128) {
        let chat = ChatId(chat);
        let room = ruma::RoomId::parse(format!("!{}:localhost", chat.0)).expect("valid");
        let opened = self.does(async |state, batch| {
            state.conversations.get_mut(&chat).expect("it is there").room = Some(room);
            batch.chats.insert(chat);
            state.input(Input::RoomOpened { chat }, batch).await.expect("done");
        });
        assert!(opened.await);
        self.sent(chat).await;
    }

    /// The invites of a chat are with the homeserver.
    async fn sent(&mut self, chat: ChatId) {
        let of = self.state.engine.chat(chat).expect("it is there");
        let requests = of.requests_now().into_iter().flatten().map(|(_, request)| request.number);
        for request in requests.collect::<Vec<_>>() {
            self.input(Input::RequestSent { chat, request }).await;
        }
    }

    pub(super) async fn joins(&mut self, chat: u128, agent: &str) {
        self.input(Input::AgentJoined { chat: ChatId(chat), agent: id(agent) }).await;
    }

    pub(super) async fn moves(&mut self, chat: u128, queue: &str) {
        let queue = QueueId(queue.to_owned());
        self.input(Input::Moved { chat: ChatId(chat), queue }).await;
    }

    /// What is due is dealt with.
    pub(super) async fn timer(&mut self) {
        self.input(Input::Timer).await;
    }
}

pub(super) fn id(agent: &str) -> AgentId {
    AgentId(format!("@{agent}:localhost"))
}
