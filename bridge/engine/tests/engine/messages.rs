//! A customer who leaves a message instead of waiting.

use switchboard_engine::{Leaving, OverflowTo, QueueSettings, Room, Span};

use crate::{
    desk::Desk,
    fixture::{queue_id, settings, when_nobody_is_ready},
};

/// Nobody is ready, so that every customer is asked to leave a message.
fn desk() -> Desk {
    let settings = QueueSettings {
        overflow: Some(when_nobody_is_ready(OverflowTo::Message)),
        max_wait: Some(Span::seconds(300)),
        ..settings()
    };
    let mut desk = Desk::with_settings(settings, [("anna", 1), ("ben", 1)]);
    for name in ["anna", "ben"] {
        desk.agent(name).logs_off();
    }
    desk
}

#[test]
fn a_message_is_left_and_answered() {
    let mut desk = desk();
    let chat = desk.customer_starts();
    desk.expect(["1: * queued", "1: * form offered"]);
    desk.customer_writes(chat);
    desk.expect(["1: * message left"]);
    desk.expect_waiting(chat);
    desk.customer_writes(chat);
    desk.expect([]);
    desk.passes(100_000);
    desk.expect([]);
    desk.anna().logs_on("all");
    desk.expect([
        "1: open room",
        "1: relay 1",
        "1: relay 2",
        "1: * anna requested #1",
        "1: ring anna #1 after 100000s",
    ]);
    desk.anna().accepts(chat);
    desk.anna().writes(chat);
    desk.expect(["1: show 3 by anna"]);
    desk.anna().asks_end(chat, false);
    desk.expect(["1: * ended: anna"]);
}

#[test]
fn the_form_waits_for_the_customer_alone() {
    let mut desk = desk();
    let chat = desk.customer_starts();
    // It is not in the queue, and an agent who comes is not asked for it.
    assert_eq!(desk.engine.position(chat), None);
    assert_eq!(desk.engine.next_deadline(), None);
    desk.anna().logs_on("all");
    desk.expect([]);
    desk.expect_state(chat, "form");
    desk.customer_writes(chat);
    desk.expect_ringing(chat, "anna");
    desk.expect_room(chat, Room::Open);
}

#[test]
fn who_leaves_no_message_is_gone() {
    type Go = fn(&mut Desk, switchboard_engine::ChatId);
    for go in [Desk::customer_is_away as Go, Desk::customer_ends as Go] {
        let mut desk = desk();
        let chat = desk.customer_starts();
        go(&mut desk, chat);
        desk.expect(["1: * ended: abandoned"]);
    }
}

#[test]
fn who_has_left_a_message_may_go() {
    let mut desk = desk();
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.customer_is_away(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.anna().logs_on("all");
    desk.customer_is_away(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_ringing(chat, "anna");
    // Taking it back is something else.
    desk.customer_ends(chat);
    desk.expect(["1: * withdrawn from anna", "1: withdraw anna", "1: * ended: abandoned"]);
}

#[test]
fn who_wrote_too_much_before_can_leave_a_message() {
    let mut desk = desk();
    desk.anna().logs_on("all");
    desk.chat_with("anna");
    let chat = desk.customer_starts();
    for _ in 0..settings().max_pending_messages {
        desk.customer_writes(chat);
    }
    desk.customer_writes(chat);
    desk.expect(["2: refuse 3 (TooMany)"]);
    desk.anna().logs_off_and(Leaving::Keep);
    desk.expect_state(chat, "form");
    desk.customer_writes(chat);
    desk.expect(["2: * message left"]);
    desk.customer_writes(chat);
    desk.expect(["2: refuse 5 (TooMany)"]);
}

#[test]
fn a_message_is_offered_again_and_again() {
    let mut desk = desk();
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.anna().logs_on("all");
    for round in 1..10 {
        desk.expect_ringing(chat, "anna");
        desk.anna().declines(chat);
        desk.expect(["1: * anna rejected", "1: * round over"]);
        desk.passes(30);
        assert_eq!(desk.chat(chat).requests, round + 1);
    }
}

#[test]
fn a_message_does_not_overflow_or_run_out_of_time() {
    let mut desk = desk();
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.anna().logs_on("all");
    desk.passes(45);
    desk.withdrawn(chat, "anna");
    desk.anna().logs_off();
    desk.passes(100_000);
    desk.expect_waiting(chat);
    assert_eq!(desk.chat(chat).queue, queue_id("sales"));
    // Nor after an agent has had it.
    desk.anna().logs_on("all");
    desk.anna().accepts(chat);
    desk.anna().logs_off_and(Leaving::Return);
    desk.passes(100_000);
    desk.expect_waiting(chat);
}

#[test]
fn messages_take_no_place_from_customers_who_wait() {
    let mut desk = desk();
    for _ in 0..settings().max_length {
        let chat = desk.customer_starts();
        desk.customer_writes(chat);
    }
    desk.anna().logs_on("all");
    desk.expect_ringing(switchboard_engine::ChatId(1), "anna");
    let next = desk.customer_starts();
    desk.expect(["6: * queued"]);
    desk.expect_waiting(next);
}
