//! Agents come and go by configuration.

use switchboard_engine::{Input, RecordKey, Removal, Step, WithdrawOutcome};

use crate::{
    desk::Desk,
    fixture::{settings, setup},
    render::agent_id,
};

#[test]
fn a_removed_agent_is_not_asked_any_more() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.configure([("ben", 1)]);
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "1: * ben requested #2",
        "1: ring ben #2 after 0s",
    ]);
    assert_eq!(desk.engine.agent(&agent_id("anna")), None);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.expect(["ignored: not an agent of this queue"]);
}

#[test]
fn a_removed_agent_keeps_their_chats() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.configure([("ben", 1)]);
    desk.anna().writes(chat);
    desk.expect(["1: show 1 by anna"]);
    desk.anna().asks_end(chat, true);
    desk.expect(["1: ask anna to confirm"]);
    desk.anna().leaves(chat);
    desk.expect(["1: * anna left last"]);
    desk.passes(60);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_removed_agent_comes_too_late() {
    for had_joined_first in [false, true] {
        let mut desk = Desk::with_agents(["anna"]);
        let chat = desk.customer_starts();
        desk.configure([]);
        desk.expect(["1: * withdrawn from anna", "1: withdraw anna"]);
        // Of somebody who is no agent any more, the room alone tells.
        if had_joined_first {
            desk.withdrawal(chat, "anna", WithdrawOutcome::HadJoined);
            desk.expect(["ignored: not an agent of this queue"]);
        }
        desk.anna().joins(chat);
        desk.expect(["1: remove anna (too late)"]);
        desk.expect_waiting(chat);
        desk.anna().leaves(chat);
        desk.withdrawal(chat, "anna", WithdrawOutcome::HadJoined);
        desk.expect(["ignored: not an agent of this queue"]);
        assert!(desk.chat(chat).removing.is_empty(), "old news removes nobody");
    }
}

#[test]
fn an_agent_who_comes_back_has_their_chats_counted() {
    let mut desk = Desk::with_agents(["anna"]);
    desk.chat_with("anna");
    desk.configure([]);
    let next = desk.customer_starts();
    desk.configure([("anna", 1)]);
    desk.expect_waiting(next);
    desk.configure([("anna", 2)]);
    desk.expect_ringing(next, "anna");
}

#[test]
fn a_lower_capacity_ends_nothing() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3)]);
    let (first, second) = (desk.chat_with("anna"), desk.chat_with("anna"));
    desk.configure([("anna", 1)]);
    desk.expect([]);
    let third = desk.customer_starts();
    desk.customer_ends(first);
    desk.expect_waiting(third);
    desk.customer_ends(second);
    desk.expect_ringing(third, "anna");
}

#[test]
fn when_those_who_remain_have_all_declined_the_next_round_begins() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    desk.expect_waiting(chat);
    desk.configure([("ben", 1)]);
    desk.expect_state(chat, "pausing, 30s left");
}

#[test]
fn a_removed_agent_whom_our_withdrawal_hit_is_not_asked_again() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.anna().joins(chat);
    desk.configure([]);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    desk.expect(["1: * anna left", "1: * requeued"]);
    desk.expect_waiting(chat);
}

#[test]
fn nothing_is_stored_for_the_same_agents() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let input = |capacity| Input::Configured {
        setup: setup(vec![settings()], &[("ben", 1), ("anna", capacity)]),
    };
    assert_eq!(desk.engine.handle(desk.now, input(1)), Step::default());
    let step = desk.engine.handle(desk.now, input(2));
    assert_eq!(step.changed, [RecordKey::Agent(agent_id("anna"))]);
}
