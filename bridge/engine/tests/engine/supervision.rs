//! What supervisors and administrators change while chats wait.

use switchboard_engine::{ChatId, QueueSettings, Setup, Span, Status};

use crate::{
    desk::Desk,
    fixture::{agents, profile, queue, queue_id, settings, setup, with_strategy},
    render::agent_id,
};

/// Sales and support, and these agents, who are logged on for sales.
fn desk<const N: usize>(names: [&str; N]) -> Desk {
    let profiles =
        vec![profile("sellers", &[("sales", 1, 0)]), profile("helpers", &[("support", 1, 0)])];
    let team = agents(&names.map(|name| (name, 1)));
    let queues = vec![queue("sales"), queue("support")];
    let mut desk = Desk::with_setup(Setup { profiles, agents: team, ..setup(queues, &[]) });
    for name in names {
        desk.agent(name).logs_on("sellers");
    }
    desk
}

#[test]
fn a_waiting_chat_is_given_to_an_agent() {
    let mut desk = desk(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.assigned(chat, "ben");
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "1: * ben requested #2",
        "1: ring ben #2 after 0s",
    ]);
    desk.ben().declines(chat);
    desk.withdrawn(chat, "anna");
    desk.expect_ringing(chat, "anna");
}

#[test]
fn an_agent_is_given_a_chat_out_of_turn() {
    let mut desk = desk(["anna"]);
    let busy = desk.chat_with("anna");
    let chats = [desk.customer_starts(), desk.customer_starts()];
    let other = desk.customer_starts_in("support");
    desk.assigned(other, "anna");
    desk.expect(["ignored: the agent cannot be asked now"]);
    desk.customer_ends(busy);
    desk.expect_ringing(chats[0], "anna");
    desk.anna().declines(chats[0]);
    desk.anna().declines(chats[1]);
    // Whom they rejected they may be given all the same, and what is of another queue, too.
    for chat in [chats[1], other] {
        let mut desk = desk.clone();
        desk.assigned(chat, "anna");
        desk.expect_ringing(chat, "anna");
        desk.anna().accepts(chat);
        desk.expect_active(chat, ["anna"]);
    }
}

#[test]
fn who_is_chosen_rings_alone() {
    let ring_all = with_strategy(switchboard_engine::Strategy::RingAll);
    let team = [("anna", 1), ("ben", 1), ("carl", 1)];
    let mut desk = Desk::with_settings(ring_all, team);
    desk.agent("carl").pauses();
    let chat = desk.customer_starts();
    desk.expect_ringing_all(chat, ["anna", "ben"]);
    desk.agent("carl").wants_chats();
    desk.expect_ringing_all(chat, ["anna", "ben", "carl"]);
    desk.agent("carl").declines(chat);
    desk.assigned(chat, "carl");
    for name in ["anna", "ben"] {
        desk.withdrawn(chat, name);
        desk.expect_ringing(chat, "carl");
    }
    desk.agent("carl").declines(chat);
    desk.expect_ringing_all(chat, ["anna", "ben"]);
}

#[test]
fn what_cannot_be_assigned_is_not() {
    let mut desk = desk(["anna", "ben"]);
    desk.ben().pauses();
    let (chat, waiting) = (desk.chat_with("anna"), desk.customer_starts());
    let cases = [
        (ChatId(99), "ben", "ignored: no such chat"),
        (waiting, "zoe", "ignored: not an agent of this queue"),
        (waiting, "ben", "ignored: the agent cannot be asked now"),
        (waiting, "anna", "ignored: the agent cannot be asked now"),
        (chat, "anna", "ignored: does not fit the chat's state"),
    ];
    for (chat, name, why) in cases {
        desk.assigned(chat, name);
        desk.expect([why]);
    }
}

#[test]
fn a_waiting_chat_is_moved() {
    let mut desk = desk(["anna", "ben"]);
    desk.ben().logs_on("helpers");
    desk.later(5);
    let chat = desk.customer_starts();
    desk.later(5);
    let younger = desk.customer_starts_in("support");
    desk.expect_ringing(younger, "ben");
    desk.moved(chat, "support");
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "1: * moved from sales to support",
    ]);
    // At its original place.
    assert_eq!(desk.engine.position(chat), Some(1));
    assert_eq!(desk.engine.position(younger), Some(2));
    desk.ben().declines(younger);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_conversation_is_moved_for_when_it_returns() {
    let mut desk = desk(["anna", "ben"]);
    desk.ben().logs_on("helpers");
    let chat = desk.chat_with("anna");
    desk.moved(chat, "support");
    desk.expect(["1: * moved from sales to support"]);
    desk.expect_active(chat, ["anna"]);
    desk.anna().leaves(chat);
    desk.passes(60);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn rejections_stay_behind_in_the_old_queue() {
    let mut desk = desk(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.ben().declines(chat);
    desk.anna().joins(chat);
    desk.moved(chat, "support");
    // Our withdrawal hits anna, and the chat looks for an agent of support.
    desk.anna().gone(chat, switchboard_engine::Removal::WithdrawnAfterJoin);
    desk.expect(["1: * anna left", "1: * requeued"]);
    desk.ben().logs_on("helpers");
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_moved_chat_has_its_whole_time_again() {
    let patient = |name| QueueSettings { max_wait: Some(Span::seconds(100)), ..queue(name) };
    let mut desk = Desk::with_setup(setup(vec![patient("sales"), patient("support")], &[]));
    let chat = desk.customer_starts();
    desk.passes(90);
    desk.moved(chat, "support");
    desk.passes(99);
    desk.expect_waiting(chat);
    desk.passes(1);
    desk.expect(["1: * ended: no agent"]);
}

#[test]
fn what_cannot_be_moved_is_not() {
    let mut desk = desk([]);
    let (chat, ended) = (desk.customer_starts(), desk.customer_starts());
    desk.customer_ends(ended);
    let cases = [
        (ChatId(99), "support", "ignored: no such chat"),
        (chat, "nowhere", "ignored: no such queue"),
        (chat, "sales", "ignored: does not fit the chat's state"),
        (ended, "support", "ignored: does not fit the chat's state"),
    ];
    for (chat, queue, why) in cases {
        desk.moved(chat, queue);
        desk.expect([why]);
    }
}

#[test]
fn who_logged_on_with_a_profile_that_is_gone_is_logged_off() {
    let mut desk = desk(["anna", "ben"]);
    desk.ben().logs_on("helpers");
    let chat = desk.customer_starts();
    desk.expect_ringing(chat, "anna");
    desk.reconfigure(|setup| setup.profiles.retain(|profile| profile.id.0 != "sellers"));
    desk.expect([
        "1: * withdrawn from anna",
        "1: withdraw anna",
        "anna is logged off (ProfileGone)",
    ]);
    assert_eq!(desk.status_of("anna"), Status::LoggedOff);
    assert_eq!(desk.status_of("ben"), Status::Ready);
    desk.anna().logs_on("sellers");
    desk.expect(["ignored: no such profile"]);
}

#[test]
fn a_profile_gets_another_queue() {
    let mut desk = desk(["anna"]);
    let chat = desk.customer_starts_in("support");
    desk.expect_waiting(chat);
    desk.reconfigure(|setup| {
        setup.profiles = vec![profile("sellers", &[("sales", 1, 0), ("support", 1, 0)])];
    });
    desk.expect_ringing(chat, "anna");
}

#[test]
fn a_higher_capacity_is_used_at_once() {
    let mut desk = Desk::with_settings(settings(), [("anna", 1)]);
    desk.chat_with("anna");
    let waiting = [desk.customer_starts(), desk.customer_starts()];
    desk.configure([("anna", 3)]);
    desk.expect_ringing(waiting[0], "anna");
    desk.anna().accepts(waiting[0]);
    desk.expect_ringing(waiting[1], "anna");
    let anna = desk.engine.agent(&agent_id("anna")).expect("exists");
    assert_eq!((anna.capacity, anna.status), (3, Status::Ready));
}

#[test]
fn a_queue_is_removed_and_made_again() {
    let mut desk = desk([]);
    let chat = desk.customer_starts();
    desk.reconfigure(|setup| setup.queues = vec![queue("support")]);
    desk.expect_waiting(chat);
    desk.moved(chat, "support");
    desk.expect(["1: * moved from sales to support"]);
    assert_eq!(desk.chat(chat).queue, queue_id("support"));
    assert_eq!(desk.engine.next_deadline(), None, "the limit was the lost queue's");
}
