//! Restarts, outages, and a clock that jumps.

use switchboard_engine::{ChatId, Input, QueueSettings, Span, Time};

use crate::{desk::Desk, fixture::settings};

#[test]
fn an_outage_is_held_against_nobody() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(100)), ..settings() };
    let mut desk = Desk::with_settings(patient.clone(), [("anna", 1), ("ben", 1), ("carl", 1)]);
    let (ended, left) = (desk.chat_with("anna"), desk.chat_with("ben"));
    desk.customer_ends(ended);
    desk.ben().leaves(left);
    desk.configure([("anna", 0), ("ben", 0), ("carl", 1)]);
    let ringing = desk.customer_starts();
    desk.expect_ringing(ringing, "carl");
    desk.later(10);
    let before = [ended, left, ringing].map(|chat| desk.chat(chat).clone());
    let deadline = desk.engine.next_deadline();
    desk.restarts(patient);
    assert_eq!(desk.engine.next_deadline(), deadline);
    desk.resumes_after(5000);
    desk.expect([]);
    desk.passes(34);
    desk.expect([]);
    desk.expect_state(ringing, "ringing carl #1, 1s left");
    desk.expect_state(left, "active with nobody, 16s left");
    desk.expect_state(ended, "ended by customer, anna still there, 556s left");
    assert_eq!(
        desk.chat(ringing).give_up_at,
        before[2].give_up_at.map(|at| at + Span::seconds(5000))
    );
    for (old, id) in before.iter().zip([ended, left, ringing]) {
        assert_eq!(desk.chat(id).since, old.since);
    }
    desk.passes(1);
    assert!(desk.effects.len() > 1, "and then it is missed");
}

#[test]
fn a_pause_is_longer_by_an_outage() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.resumes_after(1000);
    desk.expect_state(chat, "pausing, 30s left");
}

#[test]
fn what_began_after_an_outage_is_not_longer_by_it() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(100)), ..settings() };
    let agents = [("anna", 1), ("ben", 1), ("carl", 1), ("dora", 1)];
    let mut desk = Desk::with_settings(patient, agents);
    let (ended, left) = (desk.chat_with("anna"), desk.chat_with("ben"));
    let pausing = desk.customer_starts();
    desk.later(3600);
    // We were away for an hour; before that is known, all this happens.
    desk.customer_ends(ended);
    desk.ben().leaves(left);
    desk.configure([("anna", 0), ("ben", 0), ("carl", 1), ("dora", 0)]);
    desk.agent("carl").declines(pausing);
    desk.configure([("anna", 0), ("ben", 0), ("carl", 0), ("dora", 1)]);
    let ringing = desk.customer_starts();
    desk.expect_ringing(ringing, "dora");
    desk.later(5);
    desk.input(Input::Resumed { outage: Span::seconds(3600) });
    desk.expect_state(ringing, "ringing dora #1, 45s left");
    desk.expect_state(pausing, "pausing, 30s left");
    desk.expect_state(left, "active with nobody, 60s left");
    desk.expect_state(ended, "ended by customer, anna still there, 600s left");
    assert_eq!(desk.chat(ringing).give_up_at, Some(desk.now + Span::seconds(100)));
}

#[test]
fn an_outage_without_chats_is_nothing() {
    let mut desk = Desk::with_agents(["anna"]);
    desk.resumes_after(1000);
    desk.expect([]);
}

#[test]
fn what_waited_comes_before_what_is_due() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    // The deadline has passed, but the acceptance was there first.
    desk.later(1000);
    desk.anna().accepts(chat);
    desk.input(Input::Timer);
    desk.expect([]);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn a_chat_about_to_end_is_not_given_to_anybody() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(60)), ..settings() };
    let mut desk = Desk::with_settings(patient, [("anna", 1), ("ben", 1)]);
    let first = desk.customer_starts();
    desk.passes(60);
    desk.expect(["1: * anna missed", "1: withdraw anna", "1: * ended: no agent"]);
    desk.expect_state(first, "ended by no agent");
}

#[test]
fn time_does_not_go_backwards() {
    let mut desk = Desk::with_agents(["anna"]);
    let latest = desk.now;
    desk.now = Time(1);
    let chat = desk.customer_starts();
    assert_eq!(desk.chat(chat).since, latest);
}

#[test]
fn the_end_of_time_is_no_reason_to_panic() {
    let mut desk = Desk::with_agents(["anna"]);
    desk.now = Time(u64::MAX);
    let chat = desk.customer_starts();
    desk.input(Input::Resumed { outage: Span(u64::MAX) });
    desk.input(Input::Timer);
    assert_eq!(desk.chat(chat).requests, 1);
}

#[test]
fn nothing_is_due_for_unknown_chats() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = ChatId(404);
    for input in [
        Input::CustomerEnded { chat },
        Input::CustomerAway { chat },
        Input::RoomOpened { chat },
        Input::RoomFailed { chat },
        Input::RequestSent { chat, request: 1 },
        Input::RequestFailed { chat, request: 1 },
    ] {
        desk.input(input);
        desk.expect(["ignored: no such chat"]);
    }
}
