//! What is stored. A changed snapshot is a changed store: old records must stay readable.

use switchboard_engine::{
    Agent, Chat, ChatId, ChatState, EndReason, Engine, Input, QueueSettings, Room, Span, Status,
    Time,
};

use crate::{
    desk::Desk,
    fixture::{settings, setup},
    render::agent_id,
};

fn stored(desk: &Desk, chat: ChatId) -> &Chat {
    desk.chat(chat)
}

#[test]
fn a_waiting_chat() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(900)), ..settings() };
    let mut desk = Desk::with_settings(patient, []);
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn a_pausing_chat() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn a_ringing_chat() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn an_active_chat() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().joins(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn a_chat_that_was_left() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().leaves(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn an_ended_chat() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().joins(chat);
    desk.anna().confirms_end(chat);
    desk.ben().closes(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn an_abandoned_chat() {
    let mut desk = Desk::with_agents([]);
    let chat = desk.customer_starts();
    desk.customer_is_away(chat);
    insta::assert_json_snapshot!(stored(&desk, chat));
}

#[test]
fn agents() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3), ("ben", 1)]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect_ringing(chat, "ben");
    let both = ["anna", "ben"].map(|name| desk.engine.agent(&agent_id(name)));
    insta::assert_json_snapshot!(both);
}

/// A chat as it was stored when one agent at most was asked at a time; `state` goes in.
fn old_chat(state: &str, excluded: &str) -> Chat {
    let json = format!(
        r#"{{
            "id": "00000000000000000000000000000001", "queue": "sales", "since": 1000000,
            "state": {state}, "excluded": {excluded}, "round": 0, "ask_after": null,
            "give_up_at": null, "requests": 2,
            "asked": ["@anna:example.org", "@ben:example.org"], "left": [], "removing": [],
            "room": "open", "pending": []
        }}"#
    );
    serde_json::from_str(&json).expect("old chats stay readable")
}

fn old_agent(name: &str, request: &str) -> Agent {
    let json = format!(
        r#"{{ "id": "@{name}:example.org", "capacity": 1, "idle_since": 1000000,
            "request": {request}, "withdrawing": [] }}"#
    );
    serde_json::from_str(&json).expect("old agents stay readable")
}

#[test]
fn chats_of_the_old_form() {
    let anna = || [agent_id("anna")].into();
    let cases = [
        (r#"{"is": "waiting"}"#, ChatState::Waiting),
        (
            r#"{"is": "active", "agents": ["@anna:example.org"], "return_at": null}"#,
            ChatState::Active { agents: anna(), return_at: None },
        ),
        (
            r#"{"is": "active", "agents": [], "return_at": 1060000}"#,
            ChatState::Active { agents: [].into(), return_at: Some(Time(1_060_000)) },
        ),
        (
            r#"{"is": "ended", "reason": {"agent": "@anna:example.org"}, "close_at": 1600000,
                "agents": ["@anna:example.org"]}"#,
            ChatState::Ended {
                reason: EndReason::Agent(agent_id("anna")),
                close_at: Some(Time(1_600_000)),
                agents: anna(),
            },
        ),
    ];
    for (stored, expected) in cases {
        let engine = Engine::load(&setup(vec![settings()], &[]), [], [old_chat(stored, "[]")]);
        let chat = engine.chat(ChatId(1)).expect("loaded");
        assert_eq!(chat.state, expected);
        assert_eq!((chat.seen_until, chat.message, chat.room), (chat.since, false, Room::Open));
    }
}

/// Whom it rang was lost with the form, so it waits again, at its old place; who was asked has
/// nothing to answer any more, but may still accept.
#[test]
fn a_ringing_chat_of_the_old_form_waits_again() {
    let stored = r#"{"is": "ringing", "agent": "@ben:example.org", "request": 2,
        "deadline": 1045000}"#;
    let load = || {
        let chat = old_chat(stored, r#"["@anna:example.org"]"#);
        let agents =
            [old_agent("anna", "null"), old_agent("ben", r#""00000000000000000000000000000001""#)];
        let mut desk = Desk::with_agents([]);
        desk.setup = setup(vec![settings()], &[("anna", 1), ("ben", 1)]);
        desk.engine = Engine::load(&desk.setup, agents, [chat]);
        desk.input(Input::Configured { setup: desk.setup.clone() });
        desk.expect([]);
        desk
    };
    let chat = ChatId(1);
    let mut desk = load();
    desk.expect_waiting(chat);
    assert_eq!(desk.request_of("ben"), None);
    assert_eq!(desk.status_of("ben"), Status::LoggedOff);
    assert_eq!(desk.engine.next_deadline(), None, "nothing is due, of the old request either");
    desk.ben().logs_on("all");
    desk.expect(["1: * ben requested #3", "1: ring ben #3 after 0s, again"]);
    let mut desk = load();
    desk.ben().joins(chat);
    desk.expect(["1: * ben joined first"]);
    desk.expect_active(chat, ["ben"]);
    desk.ben().writes(chat);
    desk.expect(["1: show 1 by ben"]);
}
