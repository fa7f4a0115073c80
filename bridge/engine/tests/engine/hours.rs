//! Queues open and close.

use switchboard_engine::{Input, QueueSettings};

use crate::{
    desk::Desk,
    fixture::{queue_id, settings},
};

fn hours(desk: &mut Desk, queue: &str, open: bool) {
    desk.input(Input::QueueHours { queue: queue_id(queue), open });
}

#[test]
fn a_closed_queue_asks_for_a_message() {
    let closed = QueueSettings { open: false, ..settings() };
    let mut desk = Desk::with_settings(closed, [("anna", 1)]);
    let chat = desk.customer_starts();
    desk.expect(["1: * queue closed", "1: * form offered"]);
    desk.expect_state(chat, "form");
    hours(&mut desk, "sales", true);
    desk.expect([]);
    // They may still leave a message; who comes now is asked at once.
    desk.expect_state(chat, "form");
    let next = desk.customer_starts();
    desk.expect_ringing(next, "anna");
}

#[test]
fn who_waits_when_a_queue_closes_goes_on_waiting() {
    let mut desk = Desk::with_agents(["anna"]);
    let busy = desk.chat_with("anna");
    let waiting = desk.customer_starts();
    hours(&mut desk, "sales", false);
    desk.expect([]);
    let late = desk.customer_starts();
    desk.expect_state(late, "form");
    desk.customer_ends(busy);
    desk.expect_ringing(waiting, "anna");
    // A chat that returns was there before, too.
    desk.anna().accepts(waiting);
    desk.anna().leaves(waiting);
    desk.passes(60);
    assert_eq!(desk.engine.position(waiting), Some(1));
}

#[test]
fn agents_answer_messages_while_the_queue_is_closed() {
    let mut desk = Desk::with_agents(["anna"]);
    hours(&mut desk, "sales", false);
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.expect_ringing(chat, "anna");
}

#[test]
fn an_unknown_queue_has_no_hours() {
    let mut desk = Desk::with_agents([]);
    hours(&mut desk, "nowhere", true);
    desk.expect(["ignored: no such queue"]);
}
