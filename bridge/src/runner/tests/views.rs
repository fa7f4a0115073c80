//! What supervisors and agents are shown.

use switchboard_centre::{ChangeError, Reply};
use switchboard_engine::{Input, Removal};

use super::{
    office::{MONDAY, Office, id},
    *,
};

const CARLA: &str = "@carla:localhost";
const DAN: &str = "@dan:localhost";

/// Anna has a chat and is asked for another one; Ben pauses; others wait.
async fn busy() -> Office {
    let mut office = Office::new(MemoryStore::new(), MONDAY).await;
    office.logs_off("ben").await;
    office.logs_on("anna", "all-round").await;
    office.logs_on("ben", "support-only").await;
    office.input(Input::AgentPauses { agent: id("ben"), after_chats: false }).await;
    let paused = office.does(async |state, batch| {
        state.set_pause_reason(&id("ben"), Some(" lunch\n".to_owned()), batch).expect("JSON");
    });
    assert!(paused.await);
    office.later(60);
    office.starts(1, "sales").await;
    office.rings(1).await;
    office.joins(1, "anna").await;
    office.later(60);
    office.starts(2, "help").await;
    office.rings(2).await;
    office.later(15);
    office.starts(3, "sales").await;
    office.later(90);
    office
}

fn texts(replies: impl IntoIterator<Item = Reply>) -> String {
    replies.into_iter().map(|reply| reply.text).collect::<Vec<_>>().join("\n\n════\n\n")
}

#[tokio::test]
async fn administrators_see_everything() {
    let office = busy().await;
    let state = &office.state;
    insta::assert_snapshot!(
        "seen_by_dan",
        texts([
            state.view_queues(DAN),
            state.view_agents(DAN),
            state.view_waiting(DAN, None).expect("told"),
            state.view_waiting(DAN, Some("support")).expect("told"),
            state.view_chat(DAN, 1),
            state.view_chat(DAN, 2),
            state.view_chat(DAN, 3),
        ])
    );
}

#[tokio::test]
async fn supervisors_see_their_queues_only() {
    let mut office = busy().await;
    let state = &office.state;
    insta::assert_snapshot!(
        "seen_by_carla",
        texts([
            state.view_queues(CARLA),
            state.view_agents(CARLA),
            state.view_waiting(CARLA, None).expect("told"),
            state.view_waiting(CARLA, Some("help")).expect("told"),
            state.view_chat(CARLA, 2),
            state.view_chat(CARLA, 99),
        ])
    );
    let unknown = state.view_waiting(CARLA, Some("slaes")).expect_err("no such queue");
    assert!(matches!(unknown, ChangeError::Unknown { .. }));
    assert!(unknown.to_string().contains("did you mean `sales`?"), "{unknown}");
    // Who is not logged on is seen by those whose queues they could serve.
    office.logs_off("anna").await;
    office.logs_off("ben").await;
    let agents = office.state.view_agents(CARLA).text;
    assert!(agents.contains("Anna") && !agents.contains("Ben"), "{agents}");
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    let office = busy().await;
    for user in ["@anna:localhost", "@stranger:localhost"] {
        let shown = texts([
            office.state.view_queues(user),
            office.state.view_agents(user),
            office.state.view_waiting(user, None).expect("told"),
            office.state.view_waiting(user, Some("sales")).expect("told"),
            office.state.view_chat(user, 2),
        ]);
        assert!(!shown.contains("Customer") && !shown.contains("Anna"), "{shown}");
    }
}

#[tokio::test]
async fn agents_see_their_own_work() {
    let mut office = busy().await;
    let anna = office.state.view_status(&id("anna"));
    assert!(anna.html.contains("<a href=\"https://matrix.to/#/!1:localhost?via=localhost\">"));
    let ben = office.state.view_status(&id("ben"));
    office.input(Input::AgentPauses { agent: id("anna"), after_chats: true }).await;
    office.logs_off("ben").await;
    let pausing = office.state.view_status(&id("anna"));
    let off = office.state.view_status(&id("ben"));
    let stranger = office.state.view_status(&id("carla"));
    insta::assert_snapshot!("own_work", texts([anna, ben, pausing, off, stranger]));
}

#[tokio::test]
async fn a_chat_is_told_through_its_life() {
    let mut office = busy().await;
    let chat = ChatId(2);
    let state = |office: &Office| {
        let text = office.state.view_chat(DAN, 2).text;
        let lines =
            text.lines().filter(|line| line.starts_with("State") || line.starts_with("Rejected"));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(state(&office), ["State waiting, place 1 in the queue; Anna is being asked"]);
    let (agent, how) = (id("anna"), Removal::Declined);
    office.input(Input::AgentGone { chat, agent, how }).await;
    assert_eq!(state(&office), ["State waiting, place 1 in the queue", "Rejected by Anna"]);
    office.later(3600);
    office.timer().await;
    assert_eq!(state(&office)[0], "State the customer is asked to leave a message");
    let (key, text) = ("k".to_owned(), "call me".to_owned());
    office
        .customer(CustomerInput::Send {
            chat,
            key,
            text,
            email: None,
            reply_to: None,
            files: Vec::new(),
        })
        .await;
    assert!(state(&office)[0].contains("a left message that waits"), "{:?}", state(&office));
    office.joins(2, "ben").await;
    assert_eq!(state(&office)[0], "State with Ben");
    let (agent, how) = (id("ben"), Removal::Left);
    office.input(Input::AgentGone { chat, agent, how }).await;
    assert!(state(&office)[0].contains("its last agent has left"), "{:?}", state(&office));
    office.joins(2, "ben").await;
    office.input(Input::AgentConfirmsEnd { chat, agent: id("ben") }).await;
    assert_eq!(state(&office)[0], "State over: Ben ended it");
    assert_eq!(office.state.find_chat(2), Some(chat));
    assert_eq!(office.state.find_chat(99), None);
}

#[tokio::test]
async fn reasons_of_pauses_are_kept_until_the_pause_ends() {
    let mut office = busy().await;
    let reason = |office: &Office| office.state.pause_reason(&id("ben")).map(str::to_owned);
    assert_eq!(reason(&office).as_deref(), Some("lunch"));
    // A commit that fails changes nothing.
    for new in [Some("tea".to_owned()), None] {
        office.store.fail_next_commits(1);
        let changed = office.does(async |state, batch| {
            state.set_pause_reason(&id("ben"), new, batch).expect("JSON");
        });
        assert!(!changed.await);
        assert_eq!(reason(&office).as_deref(), Some("lunch"));
    }
    let mut office = Office::new(office.store, MONDAY).await;
    assert_eq!(reason(&office).as_deref(), Some("lunch"));
    let long = "ä".repeat(10_000);
    for (new, expected) in [(long, Some(501)), ("  ".to_owned(), None)] {
        let set = office.does(async |state, batch| {
            state.set_pause_reason(&id("ben"), Some(new), batch).expect("JSON");
        });
        assert!(set.await);
        assert_eq!(reason(&office).map(|reason| reason.chars().count()), expected);
    }
    assert_eq!(office.store.records(RecordKind::PauseReason).await.expect("read"), []);
}

#[tokio::test]
async fn reasons_of_agents_who_are_gone_are_deleted() {
    let mut office = busy().await;
    office.state.centre.agents.retain(|agent| agent.name != "Ben");
    let setup = office.state.centre.setup(MONDAY);
    office.input(Input::Configured { setup }).await;
    assert_eq!(office.store.records(RecordKind::PauseReason).await.expect("read").len(), 1);
    office.state.tidy().await.expect("tidied");
    assert_eq!(office.store.records(RecordKind::PauseReason).await.expect("read"), []);
    assert_eq!(office.state.pause_reason(&id("ben")), None);
}
