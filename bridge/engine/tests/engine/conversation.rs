//! Agents in a chat: writing, coming and going.

use switchboard_engine::{ChatId, Removal, Span};

use crate::{desk::Desk, fixture::settings, render::agent_id};

#[test]
fn both_sides_write() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.customer_writes(chat);
    desk.expect(["1: relay 1"]);
    desk.anna().writes(chat);
    desk.expect(["1: show 2 by anna"]);
}

#[test]
fn only_agents_of_the_chat_reach_the_customer() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().writes(chat);
    desk.expect(["1: not shown 1 by anna (NotInChat)"]);
    desk.anna().accepts(chat);
    desk.ben().writes(chat);
    desk.expect(["1: not shown 2 by ben (NotInChat)"]);
    desk.anna().leaves(chat);
    desk.anna().writes(chat);
    desk.expect(["1: not shown 3 by anna (NotInChat)"]);
    desk.customer_ends(chat);
    desk.anna().writes(chat);
    desk.expect(["1: not shown 4 by anna (Ended)"]);
    desk.anna().writes(ChatId(99));
    desk.expect(["ignored: no such chat"]);
}

#[test]
fn a_colleague_is_added_even_beyond_their_capacity() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let (chat, other) = (desk.chat_with("anna"), desk.chat_with("ben"));
    desk.ben().joins(chat);
    desk.expect(["1: * ben joined"]);
    desk.expect_active(chat, ["anna", "ben"]);
    desk.expect_active(other, ["ben"]);
    desk.ben().joins(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    // They have two chats now: one of them ending does not free them.
    let waiting = desk.customer_starts();
    desk.customer_ends(other);
    desk.expect_waiting(waiting);
    desk.ben().leaves(chat);
    desk.expect([
        "1: * ben left",
        "3: open room",
        "3: * ben requested #1",
        "3: ring ben #1 after 0s",
    ]);
}

#[test]
fn a_stranger_is_ignored() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.agent("zoe").joins(chat);
    desk.expect(["ignored: not an agent of this queue"]);
}

#[test]
fn a_colleague_takes_a_waiting_chat() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.ben().declines(chat);
    desk.expect_state(chat, "pausing, 30s left");
    desk.ben().joins(chat);
    desk.expect(["1: * ben joined first"]);
    desk.passes(1000);
    desk.expect([]);
}

#[test]
fn nobody_joins_a_room_that_was_never_made() {
    let mut desk = Desk::with_agents(["anna"]);
    desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.anna().joins(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.expect_waiting(chat);
}

#[test]
fn a_chat_goes_on_while_one_agent_is_left() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.ben().joins(chat);
    desk.anna().leaves(chat);
    desk.expect(["1: * anna left"]);
    desk.expect_active(chat, ["ben"]);
    desk.passes(1000);
    desk.expect([]);
    // Having been asked once does not make a return too late.
    desk.anna().joins(chat);
    desk.expect(["1: * anna joined"]);
}

#[test]
fn the_last_agent_may_return() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().leaves(chat);
    desk.expect(["1: * anna left last"]);
    desk.expect_state(chat, "active with nobody, 60s left");
    desk.passes(59);
    desk.anna().joins(chat);
    desk.expect(["1: * anna joined first"]);
    desk.passes(1000);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn a_chat_that_was_left_goes_back_to_its_old_place() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    let busy = desk.chat_with("ben");
    desk.later(10);
    desk.anna().leaves(chat);
    let second = desk.customer_starts();
    desk.anna().accepts(second);
    let third = desk.customer_starts();
    desk.passes(60);
    desk.expect(["1: * requeued"]);
    assert_eq!(desk.engine.position(chat), Some(1));
    assert_eq!(desk.engine.position(third), Some(2));
    // Who left it is not asked again while another agent can be.
    desk.customer_ends(second);
    desk.expect_ringing(third, "anna");
    desk.customer_ends(busy);
    desk.expect(["2: * ended: customer", "1: * ben requested #2", "1: ring ben #2 after 70s"]);
}

#[test]
fn all_who_left_are_passed_over_at_first() {
    let mut desk = Desk::with_agents(["anna", "ben", "carl"]);
    let chat = desk.chat_with("anna");
    desk.agent("carl").joins(chat);
    desk.later(5);
    desk.anna().leaves(chat);
    desk.agent("carl").leaves(chat);
    desk.passes(60);
    desk.expect(["1: * requeued", "1: * ben requested #2", "1: ring ben #2 after 65s"]);
    desk.ben().declines(chat);
    desk.expect_state(chat, "pausing, 30s left");
    desk.passes(30);
    // Ben has still been idle for longer than the others.
    desk.expect(["1: * ben requested #3", "1: ring ben #3 after 95s, again"]);
}

#[test]
fn who_rejected_before_the_conversation_may_be_asked_after_it() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.ben().accepts(chat);
    desk.ben().leaves(chat);
    desk.passes(60);
    desk.expect(["1: * requeued", "1: * anna requested #3", "1: ring anna #3 after 60s, again"]);
}

#[test]
fn a_return_to_the_queue_begins_a_new_search() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.ben().declines(chat);
    desk.passes(30);
    desk.anna().accepts(chat);
    desk.anna().leaves(chat);
    desk.passes(60);
    desk.ben().declines(chat);
    // It was the second round before the conversation, and is the first one again.
    desk.expect_state(chat, "pausing, 30s left");
}

#[test]
fn an_agent_who_was_removed_has_left() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.anna().gone(chat, Removal::Removed);
    desk.expect(["1: * anna left last"]);
}

#[test]
fn leaving_ends_the_work() {
    let mut desk = Desk::with_settings(settings(), [("anna", 2)]);
    let idle = |desk: &Desk| desk.engine.agent(&agent_id("anna")).expect("exists").idle_since;
    let (begin, first) = (desk.now, desk.chat_with("anna"));
    let second = desk.chat_with("anna");
    desk.later(5);
    desk.anna().leaves(first);
    assert_eq!(idle(&desk), begin, "they still have a chat");
    desk.later(5);
    desk.customer_ends(second);
    assert_eq!(idle(&desk), begin + Span::seconds(10));
}
