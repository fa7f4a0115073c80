//! Whom of a queue's available agents to ask.

use switchboard_engine::{
    Removal,
    Strategy::{LeastBusy, LongestIdle, RingAll, RoundRobin},
};

use crate::{
    desk::Desk,
    fixture::{setup, with_strategy},
};

#[test]
fn each_strategy_has_its_order() {
    let cases = [
        (LongestIdle, ["anna", "anna", "ben", "ben", "carl"]),
        (LeastBusy, ["anna", "ben", "carl", "anna", "ben"]),
        (RoundRobin, ["anna", "ben", "carl", "anna", "ben"]),
    ];
    for (strategy, order) in cases {
        let team = [("anna", 2), ("ben", 2), ("carl", 2)];
        let mut desk = Desk::with_settings(with_strategy(strategy), team);
        for name in order {
            desk.later(1);
            desk.chat_with(name);
        }
    }
}

#[test]
fn when_a_chat_ends_the_orders_part() {
    let cases = [(LongestIdle, "carl"), (LeastBusy, "ben"), (RoundRobin, "anna")];
    for (strategy, expected) in cases {
        let team = [("anna", 3), ("ben", 3), ("carl", 3)];
        let mut desk = Desk::with_settings(with_strategy(RoundRobin), team);
        let chats = ["anna", "ben", "carl"].map(|name| {
            desk.later(1);
            desk.chat_with(name)
        });
        // Ben has come out of his chat before anna, carl is in his.
        for chat in [chats[1], chats[0]] {
            desk.later(1);
            desk.customer_ends(chat);
        }
        desk.reconfigure(|setup| setup.queues = vec![with_strategy(strategy)]);
        let next = desk.customer_starts();
        desk.expect_ringing(next, expected);
    }
}

#[test]
fn the_least_busy_have_been_idle_for_the_longest_time_if_several() {
    let mut desk = Desk::with_settings(with_strategy(LeastBusy), [("anna", 2), ("ben", 2)]);
    let (first, _second) = (desk.chat_with("anna"), desk.chat_with("ben"));
    desk.later(5);
    desk.customer_ends(first);
    desk.chat_with("anna");
    // One chat each, and anna came out of one only now.
    let next = desk.customer_starts();
    desk.expect_ringing(next, "ben");
}

#[test]
fn who_rejects_has_had_their_turn() {
    let team = [("anna", 1), ("ben", 1), ("carl", 1)];
    let mut desk = Desk::with_settings(with_strategy(RoundRobin), team);
    desk.later(1);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.ben().accepts(chat);
    desk.later(1);
    let next = desk.customer_starts();
    desk.expect_ringing(next, "carl");
}

/// A queue that rings all, and these agents.
fn ring_all<const N: usize>(names: [&str; N]) -> Desk {
    Desk::with_settings(with_strategy(RingAll), names.map(|name| (name, 1)))
}

#[test]
fn all_ring_at_once() {
    let mut desk = ring_all(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.expect([
        "1: * queued",
        "1: open room",
        "1: * anna requested #1",
        "1: ring anna #1 after 0s",
        "1: * ben requested #2",
        "1: ring ben #2 after 0s",
    ]);
    desk.expect_state(chat, "ringing anna #1, 45s left and ben #2, 45s left");
}

#[test]
fn the_first_who_accepts_has_the_chat() {
    let mut desk = ring_all(["anna", "ben", "carl"]);
    let chat = desk.customer_starts();
    desk.ben().joins(chat);
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "1: * withdrawn from carl",
        "1: withdraw carl",
        "1: * ben joined first",
    ]);
    desk.expect_active(chat, ["ben"]);
    // Carl's acceptance crossed with our withdrawal.
    desk.agent("carl").joins(chat);
    desk.expect(["1: remove carl (too late)"]);
    desk.withdrawn(chat, "anna");
    let next = desk.customer_starts();
    desk.expect_ringing(next, "anna");
}

#[test]
fn some_reject_and_the_others_ring_on() {
    let mut desk = ring_all(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected"]);
    desk.expect_ringing(chat, "ben");
    desk.ben().declines(chat);
    desk.expect(["1: * ben rejected", "1: * round over"]);
    desk.passes(30);
    desk.expect_ringing_all(chat, ["anna", "ben"]);
    desk.ben().declines(chat);
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected", "1: * ended: no agent"]);
}

#[test]
fn all_miss_it() {
    let mut desk = ring_all(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect([
        "1: * anna missed",
        "1: withdraw anna",
        "1: * ben missed",
        "1: withdraw ben",
        "1: * round over",
    ]);
    desk.withdrawn(chat, "anna");
    desk.passes(30);
    // Nobody knows yet what became of ben's invite.
    desk.expect_ringing(chat, "anna");
    desk.withdrawn(chat, "ben");
    desk.expect_ringing_all(chat, ["anna", "ben"]);
}

#[test]
fn who_comes_later_is_rung_too() {
    let mut desk = ring_all(["anna", "ben"]);
    let busy = desk.customer_starts();
    desk.ben().joins(busy);
    desk.withdrawn(busy, "anna");
    let chat = desk.customer_starts();
    desk.expect_ringing(chat, "anna");
    // Ben's chat ends, carl logs on, anna comes back from a pause.
    desk.customer_ends(busy);
    desk.expect_ringing_all(chat, ["anna", "ben"]);
    desk.configure([("anna", 1), ("ben", 1), ("carl", 1)]);
    desk.expect_ringing_all(chat, ["anna", "ben", "carl"]);
    desk.anna().pauses();
    desk.expect_ringing_all(chat, ["ben", "carl"]);
    desk.withdrawn(chat, "anna");
    desk.anna().wants_chats();
    desk.expect_ringing_all(chat, ["anna", "ben", "carl"]);
    // Who has rejected it is not rung again by coming back.
    desk.ben().declines(chat);
    desk.ben().pauses();
    desk.ben().wants_chats();
    desk.expect_ringing_all(chat, ["anna", "carl"]);
}

#[test]
fn all_ring_for_the_longest_waiting_chat() {
    let mut desk = ring_all(["anna", "ben"]);
    let first = desk.customer_starts();
    desk.later(1);
    let second = desk.customer_starts();
    desk.expect_ringing_all(first, ["anna", "ben"]);
    desk.expect_waiting(second);
    desk.anna().joins(first);
    desk.expect_waiting(second);
    desk.withdrawn(first, "ben");
    desk.expect_ringing(second, "ben");
}

#[test]
fn all_requests_go_with_the_customer() {
    let mut desk = ring_all(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.customer_is_away(chat);
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "1: * withdrawn from ben",
        "1: withdraw ben",
        "1: * ended: abandoned",
    ]);
}

#[test]
fn one_whom_the_withdrawal_hit_is_asked_with_the_others() {
    let mut desk = ring_all(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    desk.passes(45);
    desk.expect(["1: * anna missed", "1: withdraw anna", "1: * round over"]);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    desk.expect_ringing_all(chat, ["anna", "ben"]);
}

#[test]
fn a_queue_is_told_to_ring_all() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.expect_ringing(chat, "anna");
    desk.reconfigure(|to| *to = setup(vec![with_strategy(RingAll)], &[("anna", 1), ("ben", 1)]));
    desk.expect_ringing_all(chat, ["anna", "ben"]);
    // And not to: who rings goes on ringing.
    desk.reconfigure(|setup| setup.queues = vec![with_strategy(LongestIdle)]);
    desk.expect_ringing_all(chat, ["anna", "ben"]);
    desk.anna().declines(chat);
    desk.expect_ringing(chat, "ben");
}
