//! What becomes of chats when something is changed under them.

use switchboard_engine::{ChatState, Input, QueueId, WithdrawOutcome};

use super::*;

impl Office {
    /// Customers come, one after the other.
    async fn customers(&mut self, count: u128) {
        for n in 0..count {
            let start = CustomerInput::Start {
                chat: ChatId(n),
                site: "shop".to_owned(),
                name: None,
                session: format!("{n:064x}"),
                queue: None,
                facts: Facts::default(),
            };
            let mut batch = Batch::default();
            self.state.begin();
            self.state.take_customer(start, 1, &mut batch).await.expect("handled");
            self.commit(batch).await.expect("stored");
        }
    }

    /// Whoever is not logged on does so, with the first profile.
    pub(super) async fn everybody_logs_on(&mut self) {
        let agents = self.state.engine().agents();
        let off = agents.filter(|agent| agent.status == Status::LoggedOff);
        for agent in off.map(|agent| agent.id.clone()).collect::<Vec<_>>() {
            let profiles = self.state.centre.profiles_of(&agent.0);
            let Some(profile) = profiles.first().map(|p| ProfileId(p.id.clone())) else { continue };
            self.input(Input::AgentLogsOn { agent, profile }).await;
        }
    }

    async fn input(&mut self, input: Input) {
        let mut batch = Batch::default();
        self.state.begin();
        self.state.input(input, &mut batch).await.expect("handled");
        self.commit(batch).await.expect("stored");
    }

    /// Anna takes a chat that rings at her.
    async fn anna_joins(&mut self, chat: u128) {
        let chat = ChatId(chat);
        self.input(Input::RoomOpened { chat }).await;
        self.input(Input::RequestSent { chat, request: 1 }).await;
        self.input(Input::AgentJoined { chat, agent: AgentId(ANNA.to_owned()) }).await;
    }

    /// In which queue the chats are by the rules and by what is kept of them, and what they do.
    fn chats(&self) -> Vec<(&str, &str, &'static str)> {
        let chats = self.state.engine().chats().map(|chat| {
            let state = match &chat.state {
                ChatState::Waiting => "waits",
                ChatState::Ringing { .. } => "rings",
                ChatState::Active { .. } => "has agents",
                ChatState::Form => "is to leave a message",
                ChatState::Ended { .. } => "is over",
            };
            let kept = self.state.conversations[&chat.id].queue.as_str();
            (chat.queue.0.as_str(), kept, state)
        });
        chats.collect()
    }
}

#[tokio::test]
async fn the_chats_of_a_deleted_queue_go_to_another() {
    let mut one_at_a_time = file();
    one_at_a_time.agents[0].capacity = 2;
    // The fourth customer finds the queue full and is asked to leave a message.
    one_at_a_time.queues[0].max_length = 2;
    one_at_a_time.queues[0].overflow = Some(centre::Overflow {
        after_seconds: Some(600),
        when_nobody_ready: false,
        to: centre::Target::Message,
    });
    let mut office = Office::start(MemoryStore::new(), one_at_a_time).await;
    office.customers(1).await;
    office.anna_joins(0).await;
    office.customers(4).await;
    let before = [
        ("support", "support", "has agents"),
        ("support", "support", "rings"),
        ("support", "support", "waits"),
        ("support", "support", "is to leave a message"),
    ];
    assert_eq!(office.chats(), before);
    assert_eq!((office.state.chats_in("support"), office.state.chats_in("sales")), (4, 0));

    // Where they go must be said.
    office.dan("!site set shop --queues sales").await;
    let refused = office.says(DAN, "!queue delete support").await.expect_err("there are chats");
    assert!(matches!(refused, ChangeError::HasChats { chats: 4, .. }), "{refused}");
    let file = office.state.centre.export();
    let (head, rest) = file.split_once("[[queues]]").expect("a queue");
    let (_, rest) = rest.split_once("[[queues]]").expect("another");
    let refused = office.imports(DAN, &format!("{head}[[queues]]{rest}")).await;
    assert!(matches!(refused, Err(ChangeError::HasChats { chats: 4, .. })), "{refused:?}");

    let applied = office.dan("!queue delete support --move-to sales").await;
    assert_eq!(applied.moved, Some(("support".to_owned(), "sales".to_owned())));
    // Once it does not ring in the old queue any more, it rings in the new one.
    let (chat, agent) = (ChatId(1), AgentId(ANNA.to_owned()));
    assert_eq!(office.chats()[1], ("sales", "sales", "waits"));
    let outcome = WithdrawOutcome::Done;
    office.input(Input::RequestWithdrawn { chat, agent, outcome }).await;
    let after = before.map(|(.., state)| ("sales", "sales", state));
    assert_eq!(office.chats(), after);
    assert_eq!((office.state.chats_in("support"), office.state.chats_in("sales")), (0, 4));
    let queues: Vec<_> = office.state.engine().queues().map(|queue| queue.id.clone()).collect();
    assert_eq!(queues, [QueueId("sales".to_owned())]);
    assert!(office.audit(1).await.contains("the chats of queue `support` went to queue `sales`"));

    let office = office.restart(file_with("Never")).await;
    assert_eq!(office.chats(), after);
}

/// The queue that takes the other's place may have sent its chats there when it had nobody.
#[tokio::test]
async fn chats_do_not_go_back_to_the_queue_that_is_deleted() {
    let mut file = file();
    file.queues[1].overflow = Some(centre::Overflow {
        after_seconds: None,
        when_nobody_ready: true,
        to: centre::Target::Queue("support".to_owned()),
    });
    let mut office = Office::start(MemoryStore::new(), file).await;
    let agent = AgentId(ANNA.to_owned());
    office.input(Input::AgentPauses { agent, after_chats: false }).await;
    office.customers(2).await;
    office.dan("!queue delete support --move-to sales").await;
    assert_eq!(office.chats(), [("sales", "sales", "waits"); 2]);
    assert_eq!(office.state.centre.queues[0].overflow, None);
}

#[tokio::test]
async fn who_is_no_agent_any_more_is_known_as_long_as_they_are_in_a_chat() {
    let mut office = Office::new().await;
    office.customers(2).await;
    office.anna_joins(0).await;
    let agent = || AgentId(ANNA.to_owned());
    assert!(office.state.is_agent(ChatId(0), ANNA));
    office.dan("!agent remove @anna:localhost").await;
    for _ in 0..2 {
        // They are in that chat until its end, and typing and receipts count.
        assert!(office.state.is_agent(ChatId(0), ANNA));
        assert_eq!(office.directory.agent_name(ANNA).as_deref(), Some("Anna"));
        assert_eq!(office.state.agent_name(&agent()), "Anna");
        assert!(!office.state.is_agent(ChatId(99), ANNA), "not in any other");
        office = office.restart(file()).await;
    }
    office.input(Input::CustomerEnded { chat: ChatId(0) }).await;
    assert_eq!(office.directory.agent_name(ANNA), None);
    assert_eq!(office.state.agent_name(&agent()), "Anna", "their name is still told");
    office.dan("!queue set sales --name Shop").await;
    assert_eq!(office.state.kept.former_agents, [], "nothing is kept for ever");

    office.dan("!agent add @anna:localhost --name \"Anna again\"").await;
    assert_eq!(office.directory.agent_name(ANNA).as_deref(), Some("Anna again"));
}

#[tokio::test]
async fn the_chats_of_a_deleted_site_keep_their_page() {
    let mut office = Office::new().await;
    office.dan("!site set shop --federate no").await;
    office.dan("!site add empty --title Empty --queues sales --origins https://e.example").await;
    office.customers(1).await;
    office.dan("!site delete shop").await;
    office.dan("!site delete empty").await;
    for _ in 0..2 {
        let sites = office.sites.borrow().clone();
        assert!(sites.is_closing("shop") && sites.has_origin("https://shop.example"));
        assert!(sites.get("empty").is_none(), "nobody is there");
        let former = office.state.site("shop").expect("it is known");
        assert!(!former.federate, "rooms that are still to be made stay as they were meant");
        office = office.restart(file()).await;
    }
    let start = CustomerInput::Start {
        chat: ChatId(9),
        site: "shop".to_owned(),
        name: None,
        session: "9".repeat(64),
        queue: None,
        facts: Facts::default(),
    };
    let late = office.state.take_customer(start, 1, &mut Batch::default()).await;
    assert!(late.is_err(), "no new ones");

    office.dan("!site add shop --title Again --queues sales --origins https://a.example").await;
    let sites = office.sites.borrow().clone();
    assert!(!sites.is_closing("shop") && !sites.has_origin("https://shop.example"));
    assert_eq!(office.state.kept.former_sites, []);
}
