//! What is stored. A changed snapshot is a changed store: old records must stay readable.

use switchboard_engine::{Chat, ChatId, QueueSettings, Span};

use crate::{
    desk::{Desk, settings},
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
