//! Who the customer is: tokens are used once, and who comes again is recognised.

use super::{
    office::{MONDAY, Office, id},
    *,
};
use crate::{
    gateway::signed::Signed,
    outbox::effect::Asked,
    runner::{commands::Said, visitors::UsedToken},
};

const ANN: &str = "aa";
const BOB: &str = "bb";

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What a site has signed for somebody, in a token of this name.
fn signed(visitor: Option<&str>, token: &str, variables: &[(&str, &str)]) -> Facts {
    let signed = Signed {
        issuer: "https://shop.example".to_owned(),
        key: "k1".to_owned(),
        visitor: visitor.map(|visitor| visitor.repeat(32)),
        token: token.to_owned(),
        until: MONDAY.0 + 300_000,
        variables: variables.iter().map(|(name, value)| pair(name, value)).collect(),
    };
    Facts { signed: Some(signed), ..Facts::default() }
}

impl Office {
    async fn starts_as(&mut self, chat: u128, name: Option<&str>, facts: Facts) {
        let start = CustomerInput::Start {
            chat: ChatId(chat),
            site: "shop".to_owned(),
            name: name.map(str::to_owned),
            session: format!("{chat:064x}"),
            queue: None,
            facts,
        };
        self.customer(start).await;
    }

    fn of(&self, chat: u128) -> &Conversation {
        &self.state.conversations[&ChatId(chat)]
    }

    /// The card of a chat's room.
    fn pinned(&self, chat: u128) -> String {
        let deeds = self.state.open_effects.values();
        let mut deeds = deeds.filter(|effect| effect.place == Place::Chat(ChatId(chat)));
        let card = deeds.find_map(|effect| match &effect.deed {
            Deed::Card { text, .. } => Some(text.clone()),
            _ => None,
        });
        card.expect("a card")
    }

    async fn session(&self, chat: u128) -> SessionRecord {
        let record = self.store.record(RecordKind::Session, &format!("{chat:064x}")).await;
        serde_json::from_slice(&record.expect("read").expect("it is there")).expect("JSON")
    }

    /// What the bot answers to a command in a chat's room.
    async fn told(&mut self, agent: &str, chat: u128, command: &str) -> String {
        let asked = format!("$asked-{command}-{chat}-{agent}");
        let to = Asked { event: asked.clone(), thread: None };
        let said = Said { user: id(agent).0, place: Place::Chat(ChatId(chat)), to };
        let done = self.does(async |state, batch| {
            state.obey(&said, command, batch).await.expect("obeyed");
        });
        assert!(done.await);
        let deeds = self.state.open_effects.values().rev().map(|effect| &effect.deed);
        let mut answers = deeds.filter_map(|deed| match deed {
            Deed::Notice { text, to: Some(to), .. } if to.event == asked => Some(text.clone()),
            _ => None,
        });
        answers.next().expect("an answer")
    }

    /// Anna alone takes chats.
    async fn annas() -> Self {
        let mut office = Self::new(MemoryStore::new(), MONDAY).await;
        office.logs_off("ben").await;
        office.logs_on("anna", "all-round").await;
        office
    }
}

#[tokio::test]
async fn what_the_site_signs_has_a_lock_and_overrides_what_is_stated() {
    let mut office = Office::annas().await;
    let mut facts = signed(Some(ANN), "t1", &[("name", "Ann Lee"), ("email", "ann@x.org")]);
    facts.stated = vec![
        pair("email", "mallory@x.org"),
        pair("page", "https://x.org/<cart>"),
        pair("phone", "1"),
    ];
    office.starts_as(1, Some("Mallory"), facts).await;
    assert_eq!(
        office.pinned(1),
        "🔒 Customer: Ann Lee\n🔒 E-mail: ann@x.org\nPhone: 1\nPage: https://x.org/<cart>\n\
         Queue: Sales\nChat: 1\n🔒 signed by https://shop.example"
    );
    let open = office.state.open_effects.values().find_map(|effect| match &effect.deed {
        Deed::OpenRoom { customer, variables, .. } => Some((customer.clone(), variables.clone())),
        _ => None,
    });
    let (customer, variables) = open.expect("a room");
    assert_eq!((customer.as_str(), &variables), ("Ann Lee", &office.of(1).variables));
    assert!(office.session(1).await.verified);
    let log = office.store.stream(Stream::Log, ChatId(1), 0, 10).await.expect("read");
    let log: Vec<LogRecord> =
        log.iter().map(|(_, bytes)| serde_json::from_slice(bytes).expect("JSON")).collect();
    let identified = LogEntry::Identified { variables, fault: None };
    assert!(log.iter().any(|record| record.entry == identified));
}

#[tokio::test]
async fn what_is_only_stated_has_no_lock_and_makes_nobody_known() {
    let mut office = Office::annas().await;
    for chat in [1, 2] {
        let facts = Facts { stated: vec![pair("email", "ann@x.org")], ..Facts::default() };
        office.starts_as(chat, Some("Ann Lee"), facts).await;
    }
    assert_eq!(office.pinned(1), "Customer: Ann Lee\nE-mail: ann@x.org\nQueue: Sales\nChat: 1");
    assert_eq!((&office.of(2).visitor, office.of(2).earlier), (&None, None));
    assert_eq!(office.store.records(RecordKind::Visitor).await.expect("read"), []);
    assert!(!office.session(2).await.verified);
}

#[tokio::test]
async fn a_token_is_for_one_chat() {
    let mut office = Office::annas().await;
    let facts = || signed(Some(ANN), "t1", &[("name", "Ann Lee"), ("email", "ann@x.org")]);
    office.starts_as(1, None, facts()).await;
    // The same start again, as a page does that lost the answer.
    office.starts_as(1, None, facts()).await;
    assert_eq!(office.session(1).await.fault, None);
    office.starts_as(2, Some("Ann Lee"), facts()).await;
    let of = office.of(2);
    assert_eq!(of.variables, [Variable::stated("name", "Ann Lee")]);
    assert_eq!((&of.visitor, of.earlier), (&None, None));
    let session = office.session(2).await;
    assert_eq!((session.verified, session.fault), (false, Some(TokenFault::Used)));
    office.rings(1).await;
    office.joins(1, "anna").await;
    let card = office.pinned(2);
    assert!(!card.contains('🔒') && card.contains("it was used before"), "{card}");
}

#[tokio::test]
async fn two_chats_of_one_batch_cannot_share_a_token() {
    let mut office = Office::annas().await;
    let done = office.does(async |state, batch| {
        for chat in [1, 2] {
            let start = CustomerInput::Start {
                chat: ChatId(chat),
                site: "shop".to_owned(),
                name: None,
                session: format!("{chat:064x}"),
                queue: None,
                facts: signed(None, "t1", &[("name", "Ann")]),
            };
            state.take_customer(start, 1, batch).await.expect("handled");
        }
    });
    assert!(done.await);
    assert_eq!(office.of(1).token_fault, None);
    assert_eq!(office.of(2).token_fault, Some(TokenFault::Used));
}

#[tokio::test]
async fn used_tokens_are_forgotten_a_day_after_their_end() {
    let mut office = Office::annas().await;
    office.starts_as(1, None, signed(None, "t1", &[])).await;
    let left = async |office: &Office| {
        office.state.forget_tokens().await.expect("done");
        let left = office.store.records(RecordKind::UsedToken).await.expect("read");
        let used = |(_, bytes): &(_, Vec<u8>)| serde_json::from_slice::<UsedToken>(bytes);
        left.iter().map(used).collect::<Result<Vec<_>, _>>().expect("JSON").len()
    };
    office.later(24 * 60 * 60 + 300);
    assert_eq!(left(&office).await, 1);
    office.later(1);
    assert_eq!(left(&office).await, 0);
}

#[tokio::test]
async fn who_comes_again_is_recognised() {
    let mut office = Office::annas().await;
    office.starts_as(1, None, signed(Some(ANN), "t1", &[("name", "Ann Lee")])).await;
    office.rings(1).await;
    office.joins(1, "anna").await;
    let said = |key: &str, text: &str| CustomerInput::Send {
        chat: ChatId(1),
        key: key.to_owned(),
        text: text.to_owned(),
        email: None,
        reply_to: None,
        files: Vec::new(),
    };
    office.customer(said("key-one-1", "Where is my `order`?")).await;
    office.later(120);
    office.customer(CustomerInput::End { chat: ChatId(1) }).await;
    office.logs_off("anna").await;
    office.starts_as(2, None, signed(Some(BOB), "t2", &[("name", "Bob")])).await;
    office.customer(CustomerInput::End { chat: ChatId(2) }).await;
    office.later(2 * 24 * 60 * 60);
    let gone = switchboard_engine::Removal::Left;
    let input =
        switchboard_engine::Input::AgentGone { chat: ChatId(1), agent: id("anna"), how: gone };
    office.input(input).await;
    for effect in office.state.open_effects.clone().into_keys() {
        let done = office.does(async |state, batch| {
            state.finish_effect(EffectSeq(effect), Ok(Done::Plain), batch).await.expect("done");
        });
        assert!(done.await);
    }
    office.state.archive_old_chats().await.expect("archived");
    assert!(!office.state.conversations.contains_key(&ChatId(1)), "it is put away");
    office.logs_on("anna", "all-round").await;
    office.starts_as(3, None, signed(Some(ANN), "t3", &[("name", "Ann Lee")])).await;
    office.rings(3).await;
    office.joins(3, "anna").await;
    insta::assert_snapshot!("card_of_a_known_customer", office.pinned(3));
    insta::assert_snapshot!("history", office.told("anna", 3, "!history").await);
    insta::assert_snapshot!("history_of_one", office.told("anna", 3, "!history 1").await);
    // Bob's chat is none of Ann's, and this one is no earlier one.
    for other in [2, 3, 9] {
        let told = office.told("anna", 3, &format!("!history {other}")).await;
        assert!(told.contains("none of this customer's"), "{told}");
    }
    // Who is not in the chat does not read it, whatever they are.
    let told = office.told("ben", 3, "!history 1").await;
    assert!(told.contains("Only the agents who are in this chat"), "{told}");
}

#[tokio::test]
async fn an_address_that_is_left_later_reaches_the_room_and_never_replaces_a_signed_one() {
    let mut office = Office::annas().await;
    office.starts_as(1, Some("Carla"), Facts::default()).await;
    office.starts_as(2, None, signed(Some(ANN), "t1", &[("email", "ann@x.org")])).await;
    for chat in [1, 2] {
        if chat == 2 {
            office.rings(2).await;
        }
        office
            .customer(CustomerInput::Send {
                chat: ChatId(chat),
                key: "key-one-1".to_owned(),
                text: "hello".to_owned(),
                email: Some("left@x.org".to_owned()),
                reply_to: None,
                files: Vec::new(),
            })
            .await;
    }
    let states = office.state.open_effects.values().filter_map(|effect| match &effect.deed {
        Deed::Customer { variables } => Some((effect.place.chat(), variables.clone())),
        _ => None,
    });
    let expected = vec![Variable::stated("name", "Carla"), Variable::stated("email", "left@x.org")];
    assert_eq!(states.collect::<Vec<_>>(), [(Some(ChatId(1)), expected)]);
    assert_eq!(office.of(2).variable("email").expect("known").value, "ann@x.org");
    let notices = office.state.open_effects.values().filter(|effect| match &effect.deed {
        Deed::Notice { text, .. } => text.contains("as they say: left@x.org"),
        _ => false,
    });
    assert_eq!(notices.count(), 2);
}

#[tokio::test]
async fn names_that_look_like_those_of_people_who_work_here_are_marked() {
    let mut office = Office::annas().await;
    for (chat, name, called) in [
        (1, "Anna", "Anna (customer)"),
        (2, "Аnnа", "Аnnа (customer)"),
        (3, "Sales", "Sales (customer)"),
        (4, "Switchboard", "Switchboard (customer)"),
        (5, "Annabel", "Annabel"),
        (6, "Clara", "Clara"),
    ] {
        office.starts_as(chat, Some(name), Facts::default()).await;
        assert_eq!(office.of(chat).customer, called);
        assert_eq!(office.of(chat).variable("name").expect("known").value, name);
    }
    assert!(office.pinned(1).starts_with("Customer: Anna (customer)\n"));
}

#[tokio::test]
async fn addresses_in_records_of_the_old_form_are_still_known() {
    let mut office = Office::annas().await;
    office.starts_as(1, Some("Carla"), Facts::default()).await;
    let mut stored = serde_json::to_value(office.of(1)).expect("JSON");
    for new in ["variables", "served"] {
        stored.as_object_mut().expect("an object").remove(new);
    }
    stored["email"] = "carla@x.org".into();
    let record = (RecordKind::Conversation, ChatId(1).to_string(), Some(stored.to_string().into()));
    let epoch = office.state.epoch().0;
    let changes = Changes { epoch, records: vec![record], ..Changes::default() };
    office.store.commit(changes).await.expect("stored");
    office.state.reload().await.expect("loaded");
    let email = Variable::stated("email", "carla@x.org");
    assert_eq!((office.of(1).variable("email"), &office.of(1).email), (Some(&email), &None));
}
