//! How a chat ends, and how its agents get out of the room.

use switchboard_engine::{Input, Removal};

use crate::{desk::Desk, render::agent_id};

#[test]
fn the_customer_ends_a_conversation() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.customer_ends(chat);
    desk.expect(["1: * ended: customer"]);
    desk.expect_state(chat, "ended by customer, anna still there, 600s left");
    desk.customer_ends(chat);
    desk.expect(["ignored: the chat is over"]);
}

#[test]
fn a_customer_who_goes_from_a_conversation_does_not_end_it() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.customer_is_away(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn an_agent_confirms_the_end_while_the_customer_is_connected() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().asks_end(chat, true);
    desk.expect(["1: ask anna to confirm"]);
    desk.expect_active(chat, ["anna"]);
    desk.anna().confirms_end(chat);
    desk.expect(["1: * ended: anna"]);
}

#[test]
fn an_agent_ends_at_once_when_the_customer_is_gone() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().asks_end(chat, false);
    desk.expect(["1: * ended: anna"]);
}

#[test]
fn only_agents_of_the_chat_end_it() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().asks_end(chat, false);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.ben().confirms_end(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.customer_ends(chat);
    desk.anna().asks_end(chat, false);
    desk.expect(["ignored: the chat is over"]);
}

#[test]
fn the_end_frees_the_agent_in_the_same_step() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    let next = desk.customer_starts();
    desk.later(20);
    desk.anna().asks_end(chat, false);
    desk.expect([
        "1: * ended: anna",
        "2: open room",
        "2: * anna requested #1",
        "2: ring anna #1 after 20s",
    ]);
    desk.expect_ringing(next, "anna");
    let anna = desk.engine.agent(&agent_id("anna")).expect("exists");
    assert_eq!(anna.idle_since, desk.now);
}

#[test]
fn agents_are_shown_out_after_a_while() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().joins(chat);
    desk.customer_ends(chat);
    desk.passes(599);
    desk.expect([]);
    assert!(!desk.engine.is_closed(chat));
    desk.passes(1);
    desk.expect(["1: remove anna (closed)", "1: remove ben (closed)"]);
    desk.expect_state(chat, "ended by customer");
    assert!(desk.engine.is_closed(chat));
    desk.anna().leaves(chat);
    desk.expect([]);
    assert_eq!(desk.engine.next_deadline(), None);
    desk.engine.forget(chat);
    assert_eq!(desk.engine.chat(chat), None);
}

#[test]
fn who_cannot_be_shown_out_is_not_waited_for() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.customer_ends(chat);
    desk.anna().closes(chat);
    let agent = agent_id("anna");
    assert!(desk.chat(chat).removing.contains(&agent));
    desk.input(Input::RemovalFailed { chat, agent: agent.clone() });
    desk.expect([]);
    assert!(desk.chat(chat).removing.is_empty());
    desk.input(Input::RemovalFailed { chat, agent });
    desk.expect(["ignored: does not fit the chat's state"]);
}

#[test]
fn an_agent_closes_for_themselves() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().joins(chat);
    desk.anna().closes(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.customer_ends(chat);
    desk.anna().closes(chat);
    desk.expect(["1: remove anna (closed)"]);
    desk.anna().closes(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_state(chat, "ended by customer, ben still there, 600s left");
    desk.ben().leaves(chat);
    desk.expect([]);
    desk.expect_state(chat, "ended by customer");
    assert_eq!(desk.engine.next_deadline(), None);
}

#[test]
fn an_agent_whom_our_withdrawal_hits_is_out_of_an_ended_chat_too() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.anna().joins(chat);
    desk.customer_ends(chat);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    desk.expect_state(chat, "ended by customer");
}

#[test]
fn nobody_joins_a_chat_that_is_over() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.customer_ends(chat);
    desk.ben().joins(chat);
    desk.expect(["1: remove ben (closed)"]);
    desk.ben().joins(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_state(chat, "ended by customer, anna still there, 600s left");
}

#[test]
fn a_chat_can_end_while_nobody_is_there() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().leaves(chat);
    desk.customer_ends(chat);
    desk.expect(["1: * ended: customer"]);
    desk.expect_state(chat, "ended by customer");
    assert!(desk.engine.is_closed(chat));
}
