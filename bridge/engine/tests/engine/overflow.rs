//! What happens to chats that nobody takes where they are.

use switchboard_engine::{Leaving, Overflow, OverflowTo, QueueSettings, Setup, Span};

use crate::{
    desk::{Change, Desk},
    fixture::{after, agents, at_last, profile, queue, queue_id, setup, to, when_nobody_is_ready},
    render::agent_id,
};

/// Sales with this overflow, and support. Anna sells, ben helps; nobody has logged on.
fn desk(overflow: Option<Overflow>) -> Desk {
    desk_of(vec![QueueSettings { overflow, ..queue("sales") }, queue("support")])
}

fn desk_of(queues: Vec<QueueSettings>) -> Desk {
    let profiles = vec![
        profile("sellers", &[("sales", 1, 0)]),
        profile("helpers", &[("support", 1, 0)]),
        profile("billers", &[("billing", 1, 0)]),
    ];
    let team = agents(&[("anna", 1), ("ben", 1), ("carl", 1)]);
    Desk::with_setup(Setup { profiles, agents: team, ..setup(queues, &[]) })
}

fn form() -> OverflowTo {
    OverflowTo::Message
}

#[test]
fn a_chat_goes_where_it_can_be_taken_after_a_while() {
    let mut desk = desk(Some(after(60, to("support"))));
    desk.ben().logs_on("helpers");
    let chat = desk.customer_starts();
    desk.passes(59);
    desk.expect_waiting(chat);
    desk.passes(1);
    desk.expect([
        "1: * overflowed from sales to support",
        "1: open room",
        "1: * ben requested #1",
        "1: ring ben #1 after 60s",
    ]);
    assert_eq!(desk.chat(chat).queue, queue_id("support"));
}

#[test]
fn it_stands_there_at_the_place_of_its_waiting_time() {
    let mut desk = desk(Some(after(60, to("support"))));
    let chat = desk.customer_starts();
    desk.later(30);
    let younger = desk.customer_starts_in("support");
    desk.passes(30);
    assert_eq!(desk.engine.position(chat), Some(1));
    assert_eq!(desk.engine.position(younger), Some(2));
    desk.ben().logs_on("helpers");
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_chat_that_rings_is_given_time_to_be_answered() {
    for accepted in [true, false] {
        let mut desk = desk(Some(after(60, to("support"))));
        desk.ben().logs_on("helpers");
        let chat = desk.customer_starts();
        desk.passes(50);
        desk.anna().logs_on("sellers");
        desk.passes(20);
        desk.expect([]);
        desk.expect_ringing(chat, "anna");
        if accepted {
            desk.anna().accepts(chat);
            desk.passes(1000);
            desk.expect_active(chat, ["anna"]);
        } else {
            desk.anna().declines(chat);
            desk.expect([
                "1: * anna rejected",
                "1: * overflowed from sales to support",
                "1: * ben requested #2",
                "1: ring ben #2 after 70s",
            ]);
        }
    }
}

#[test]
fn where_nobody_is_ready_a_chat_does_not_wait() {
    let mut desk = desk(Some(when_nobody_is_ready(to("support"))));
    let chat = desk.customer_starts();
    desk.expect(["1: * queued", "1: * overflowed from sales to support"]);
    // Busy is ready: it is worth waiting for anna.
    desk.anna().logs_on("sellers");
    let (busy, waiting) = (desk.customer_starts(), desk.customer_starts());
    desk.anna().accepts(busy);
    desk.expect_waiting(waiting);
    assert_eq!(desk.chat(waiting).queue, queue_id("sales"));
    assert_eq!(desk.chat(chat).queue, queue_id("support"));
}

#[test]
fn when_the_last_one_goes_the_chats_go_too() {
    let cases: [Change; 5] = [
        &|desk| desk.anna().pauses(),
        &|desk| desk.anna().pauses_after_chats(),
        &|desk| desk.anna().logs_off_and(Leaving::Keep),
        &|desk| desk.anna().logs_on("helpers"),
        &|desk| {
            desk.reconfigure(|setup| setup.agents.retain(|agent| agent.id != agent_id("anna")));
        },
    ];
    for go in cases {
        let mut desk = desk(Some(when_nobody_is_ready(form())));
        desk.anna().logs_on("sellers");
        let busy = desk.chat_with("anna");
        let waiting = [desk.customer_starts(), desk.customer_starts()];
        go(&mut desk);
        for chat in waiting {
            desk.expect_state(chat, "form");
        }
        desk.expect_active(busy, ["anna"]);
    }
}

#[test]
fn who_does_not_respond_is_not_ready() {
    let mut desk = desk(Some(when_nobody_is_ready(form())));
    desk.reconfigure(|setup| setup.misses = 1);
    desk.anna().logs_on("sellers");
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect([
        "1: * anna missed",
        "1: withdraw anna",
        "anna is not responding (Missed)",
        "1: * form offered",
    ]);
    desk.expect_state(chat, "form");
}

#[test]
fn who_missed_a_chat_in_one_queue_may_be_asked_in_the_next() {
    let mut desk = desk(Some(when_nobody_is_ready(to("support"))));
    desk.reconfigure(|setup| setup.misses = 1);
    desk.anna().logs_on("sellers");
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect([
        "1: * anna missed",
        "1: withdraw anna",
        "anna is not responding (Missed)",
        "1: * overflowed from sales to support",
    ]);
    desk.withdrawn(chat, "anna");
    desk.anna().logs_on("helpers");
    desk.expect_ringing(chat, "anna");
}

#[test]
fn an_agent_of_another_queue_is_not_enough() {
    let mut desk = desk(Some(when_nobody_is_ready(form())));
    desk.anna().logs_on("sellers");
    desk.ben().logs_on("helpers");
    let chat = desk.customer_starts();
    desk.assigned(chat, "ben");
    desk.anna().pauses();
    // While ben is being asked there is hope.
    desk.expect_ringing(chat, "ben");
    desk.ben().declines(chat);
    desk.expect(["1: * ben rejected", "1: * form offered"]);
}

#[test]
fn a_full_queue_sends_chats_on() {
    let full = |overflow| QueueSettings { max_length: 1, overflow, ..queue("sales") };
    let cases: [(_, &[&str]); 3] = [
        (None, &["2: * queue full", "2: * ended: no agent"]),
        (
            Some(at_last(to("support"))),
            &["2: * queue full", "2: * overflowed from sales to support"],
        ),
        (Some(at_last(form())), &["2: * queue full", "2: * form offered"]),
    ];
    for (overflow, expected) in cases {
        let mut desk = desk_of(vec![full(overflow), queue("support")]);
        desk.customer_starts();
        desk.customer_starts();
        let [first, second] = expected else { panic!("two each") };
        desk.expect([first, second]);
    }
}

#[test]
fn a_chat_goes_nowhere_if_there_is_no_place() {
    let cases = [
        ("full", QueueSettings { max_length: 0, ..queue("support") }),
        ("closed", QueueSettings { open: false, ..queue("support") }),
        ("unknown", queue("billing")),
    ];
    for (what, other) in cases {
        let sales = QueueSettings { overflow: Some(after(60, to("support"))), ..queue("sales") };
        let mut desk = desk_of(vec![sales, other]);
        let chat = desk.customer_starts();
        desk.passes(60);
        desk.expect([]);
        assert_eq!(desk.chat(chat).queue, queue_id("sales"), "{what}");
        // It goes on waiting where it is.
        desk.anna().logs_on("sellers");
        desk.expect_ringing(chat, "anna");
    }
}

#[test]
fn a_ring_of_overflows_is_gone_through_once() {
    let mut desk = desk_of(vec![
        QueueSettings { overflow: Some(when_nobody_is_ready(to("support"))), ..queue("sales") },
        QueueSettings { overflow: Some(when_nobody_is_ready(to("billing"))), ..queue("support") },
        QueueSettings { overflow: Some(after(30, to("sales"))), ..queue("billing") },
    ]);
    let chat = desk.customer_starts();
    desk.expect([
        "1: * queued",
        "1: * overflowed from sales to support",
        "1: * overflowed from support to billing",
    ]);
    desk.passes(30);
    desk.expect([]);
    assert_eq!(desk.engine.next_deadline(), None);
    // Whoever has had it and left it may go round again.
    desk.agent("carl").logs_on("billers");
    desk.agent("carl").accepts(chat);
    desk.agent("carl").leaves(chat);
    desk.agent("carl").pauses();
    desk.passes(60);
    desk.expect(["1: * requeued"]);
    desk.passes(30);
    desk.expect(["1: * overflowed from billing to sales", "1: * overflowed from sales to support"]);
}

#[test]
fn a_queue_that_has_been_through_all_its_agents_sends_a_chat_on() {
    let cases: [(_, &[&str]); 3] = [
        (None, &["1: * anna rejected", "1: * ended: no agent"]),
        (
            Some(at_last(to("support"))),
            &["1: * anna rejected", "1: * overflowed from sales to support"],
        ),
        (Some(at_last(form())), &["1: * anna rejected", "1: * form offered"]),
    ];
    for (overflow, expected) in cases {
        let mut desk = desk(overflow);
        desk.anna().logs_on("sellers");
        let chat = desk.customer_starts();
        desk.anna().declines(chat);
        desk.expect(["1: * anna rejected", "1: * round over"]);
        desk.passes(30);
        desk.anna().declines(chat);
        let [first, second] = expected else { panic!("two each") };
        desk.expect([first, second]);
    }
}

#[test]
fn in_the_next_queue_the_search_begins_anew() {
    let mut desk = desk_of(vec![
        QueueSettings { overflow: Some(after(20, to("support"))), ..queue("sales") },
        QueueSettings { overflow: Some(after(40, form())), ..queue("support") },
    ]);
    desk.anna().logs_on("sellers");
    let chat = desk.customer_starts();
    desk.anna().declines(chat);
    desk.passes(20);
    desk.expect(["1: * overflowed from sales to support"]);
    assert!(desk.chat(chat).excluded.is_empty());
    desk.anna().logs_on("helpers");
    desk.expect_ringing(chat, "anna");
    desk.anna().pauses();
    desk.passes(39);
    desk.expect_waiting(chat);
    desk.passes(1);
    desk.expect(["1: * form offered"]);
}

#[test]
fn where_a_message_can_be_left_the_longest_wait_ends_in_the_form() {
    for (overflow, expected) in
        [(None, "1: * ended: no agent"), (Some(at_last(form())), "1: * form offered")]
    {
        let max_wait = Some(Span::seconds(300));
        let mut desk = desk_of(vec![QueueSettings { overflow, max_wait, ..queue("sales") }]);
        desk.customer_starts();
        desk.passes(299);
        desk.expect([]);
        desk.passes(1);
        desk.expect([expected]);
    }
}

#[test]
fn an_overflow_takes_back_no_conversation() {
    let mut desk = desk(Some(after(60, to("support"))));
    desk.anna().logs_on("sellers");
    let chat = desk.chat_with("anna");
    desk.passes(1000);
    desk.expect_active(chat, ["anna"]);
    assert_eq!(desk.chat(chat).queue, queue_id("sales"));
}

#[test]
fn an_outage_does_not_send_a_chat_on() {
    let mut desk = desk(Some(after(60, to("support"))));
    let chat = desk.customer_starts();
    desk.later(10);
    desk.resumes_after(1000);
    desk.passes(49);
    assert_eq!(desk.chat(chat).queue, queue_id("sales"));
    desk.passes(1);
    desk.expect(["1: * overflowed from sales to support"]);
}
