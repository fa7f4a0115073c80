//! A request: sent, rejected, missed, failed; and the rounds of asking.

use switchboard_engine::{Removal, WithdrawOutcome};

use crate::desk::Desk;

#[test]
fn a_request_rings_from_when_it_is_sent() {
    let mut desk = Desk::with_agents(["anna"]).by_hand();
    let chat = desk.customer_starts();
    desk.passes(100);
    desk.expect_state(chat, "ringing anna #1");
    desk.request_sent(chat, 1);
    desk.expect_state(chat, "ringing anna #1, 45s left");
    desk.later(10);
    desk.request_sent(chat, 1);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_state(chat, "ringing anna #1, 35s left");
}

#[test]
fn a_rejection_goes_to_the_next_agent() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.later(3);
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected", "1: * ben requested #2", "1: ring ben #2 after 3s"]);
    desk.expect_ringing(chat, "ben");
    assert_eq!(desk.request_of("anna"), None);
}

#[test]
fn a_missed_request_is_withdrawn_and_goes_to_the_next_agent() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.passes(44);
    desk.expect([]);
    desk.passes(1);
    desk.expect([
        "1: * anna missed",
        "1: withdraw anna",
        "1: * ben requested #2",
        "1: ring ben #2 after 45s",
    ]);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn nobody_is_asked_while_a_withdrawal_is_open() {
    let mut desk = Desk::with_agents(["anna"]);
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.passes(45);
    desk.expect_state(chat, "pausing, 30s left");
    desk.expect_waiting(next);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.expect_ringing(next, "anna");
}

#[test]
fn a_room_event_is_as_good_as_the_answer_to_a_withdrawal() {
    let mut desk = Desk::with_agents(["anna"]);
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.passes(45);
    desk.anna().gone(chat, Removal::Withdrawn);
    desk.expect_ringing(next, "anna");
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.expect(["ignored: does not fit the chat's state"]);
}

#[test]
fn a_failed_withdrawal_frees_the_agent_too() {
    let mut desk = Desk::with_agents(["anna"]);
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.passes(45);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Failed);
    desk.expect_ringing(next, "anna");
}

#[test]
fn a_request_that_cannot_be_sent_goes_to_the_next_agent() {
    let mut desk = Desk::with_agents(["anna", "ben"]).by_hand();
    let chat = desk.customer_starts();
    desk.request_failed(chat, 1);
    desk.expect([
        "1: * request to anna failed",
        "1: * ben requested #2",
        "1: ring ben #2 after 0s",
    ]);
    desk.request_failed(chat, 1);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_rejecting_agent_is_not_asked_again_while_another_is_busy() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let busy = desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    desk.expect(["2: * ben rejected"]);
    desk.passes(1000);
    desk.expect_waiting(chat);
    // Ben is free for others meanwhile.
    let other = desk.customer_starts();
    desk.expect_ringing(other, "ben");
    desk.customer_ends(busy);
    desk.expect_ringing(chat, "anna");
}

#[test]
fn a_chat_that_waits_for_a_busy_agent_does_not_hold_up_others() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    let (second, third) = (desk.customer_starts(), desk.customer_starts());
    desk.ben().accepts(second);
    desk.expect_waiting(third);
    desk.customer_ends(second);
    desk.expect_ringing(third, "ben");
    assert_eq!(desk.engine.position(chat), Some(1));
}

#[test]
fn those_who_all_declined_are_asked_once_more_after_a_pause() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.ben().declines(chat);
    desk.expect(["1: * ben rejected", "1: * round over"]);
    desk.expect_state(chat, "pausing, 30s left");
    desk.passes(29);
    desk.expect([]);
    desk.passes(1);
    desk.expect(["1: * anna requested #3", "1: ring anna #3 after 30s, again"]);
    desk.anna().declines(chat);
    desk.expect_ringing(chat, "ben");
    desk.ben().declines(chat);
    desk.expect(["1: * ben rejected", "1: * ended: no agent"]);
}

#[test]
fn an_agent_who_misses_twice_ends_the_search() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.withdrawn(chat, "anna");
    desk.passes(30);
    desk.expect_ringing(chat, "anna");
    desk.passes(45);
    desk.expect(["1: * anna missed", "1: withdraw anna", "1: * ended: no agent"]);
}

#[test]
fn a_new_agent_is_asked_for_a_chat_that_others_declined() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let busy = desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    desk.configure([("anna", 1), ("ben", 1), ("carl", 1)]);
    desk.expect_ringing(chat, "carl");
    desk.expect_active(busy, ["anna"]);
}

#[test]
fn rejecting_and_missing_are_no_work() {
    let mut desk = Desk::with_agents(["anna", "ben", "carl"]);
    let idle = desk.engine.agents().map(|agent| agent.idle_since).collect::<Vec<_>>();
    let chat = desk.customer_starts();
    desk.later(5);
    desk.anna().declines(chat);
    desk.passes(45);
    desk.withdrawn(chat, "ben");
    assert_eq!(desk.engine.agents().map(|agent| agent.idle_since).collect::<Vec<_>>(), idle);
    let next = desk.customer_starts();
    desk.expect_ringing(next, "anna");
}

#[test]
fn a_removed_invite_counts_as_rejected() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().gone(chat, Removal::Removed);
    desk.expect(["1: * anna rejected", "1: * ben requested #2", "1: ring ben #2 after 0s"]);
}

#[test]
fn an_agent_declines_once() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.anna().declines(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn news_about_an_old_request_leaves_the_new_one_alone() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.passes(30);
    desk.expect_ringing(chat, "anna");
    // The room tells only now that the first invite was taken back.
    desk.anna().gone(chat, Removal::Withdrawn);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.request_failed(chat, 1);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.anna().leaves(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_ringing(chat, "anna");
    assert!(desk.chat(chat).request(2).is_some());
}

#[test]
fn a_customer_who_goes_takes_the_request_back() {
    let mut desk = Desk::with_agents(["anna"]);
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.customer_is_away(chat);
    desk.expect(["1: * withdrawn from anna", "1: withdraw anna", "1: * ended: abandoned"]);
    desk.expect_waiting(next);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.expect_ringing(next, "anna");
}
