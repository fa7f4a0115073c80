//! What agents log on with: which queues, which first, and which only after a while.

use switchboard_engine::{Profile, Setup, Span, Status};

use crate::{
    desk::Desk,
    fixture::{agents, profile, profile_id, queue, setup},
    render::agent_id,
};

/// Sales and support, these profiles, and these agents of capacity 1. Nobody has logged on.
fn desk<const N: usize>(profiles: Vec<Profile>, names: [&str; N]) -> Desk {
    let team = names.map(|name| (name, 1));
    let all = setup(vec![queue("sales"), queue("support")], &[]);
    Desk::with_setup(Setup { profiles, agents: agents(&team), ..all })
}

#[test]
fn priority_comes_before_waiting_time() {
    // The priorities of sales and support; the chat in sales waits longer.
    let cases = [(1, 1, "sales"), (1, 2, "sales"), (2, 1, "support"), (9, 3, "support")];
    for (sales, support, expected) in cases {
        let mixed = profile("mixed", &[("sales", sales, 0), ("support", support, 0)]);
        let mut desk = desk(vec![mixed], ["anna"]);
        let older = desk.customer_starts_in("sales");
        desk.later(5);
        let newer = desk.customer_starts_in("support");
        desk.anna().logs_on("mixed");
        let asked = if expected == "sales" { older } else { newer };
        desk.expect_ringing(asked, "anna");
        // The other one is next, whatever its priority.
        desk.anna().accepts(asked);
        desk.customer_ends(asked);
        desk.expect_ringing(if asked == older { newer } else { older }, "anna");
    }
}

#[test]
fn an_agent_is_asked_for_the_queues_of_their_profile_alone() {
    let sellers = profile("sellers", &[("sales", 1, 0)]);
    let mut desk = desk(vec![sellers], ["anna"]);
    desk.anna().logs_on("sellers");
    let chat = desk.customer_starts_in("support");
    desk.expect_waiting(chat);
    let chat = desk.customer_starts_in("sales");
    desk.expect_ringing(chat, "anna");
}

#[test]
fn a_delay_is_over_to_the_second() {
    let helpers = profile("helpers", &[("sales", 1, 20)]);
    let mut desk = desk(vec![helpers], ["ben"]);
    desk.ben().logs_on("helpers");
    let chat = desk.customer_starts();
    desk.expect(["1: * queued"]);
    assert_eq!(desk.engine.next_deadline(), Some(desk.now + Span::seconds(20)));
    desk.passes(19);
    desk.expect_waiting(chat);
    desk.passes(1);
    desk.expect(["1: open room", "1: * ben requested #1", "1: ring ben #1 after 20s"]);
}

#[test]
fn while_others_can_be_asked_a_delay_holds() {
    let sellers = profile("sellers", &[("sales", 1, 0)]);
    let helpers = profile("helpers", &[("sales", 1, 20)]);
    let mut desk = desk(vec![sellers, helpers], ["anna", "ben"]);
    desk.ben().logs_on("helpers");
    desk.later(1);
    desk.anna().logs_on("sellers");
    let chat = desk.customer_starts();
    // Ben has been idle for longer, but it is not for him yet.
    desk.expect_ringing(chat, "anna");
    desk.later(10);
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected"]);
    desk.expect_waiting(chat);
    desk.passes(10);
    desk.expect_ringing(chat, "ben");
}

#[test]
fn a_delay_is_over_though_a_request_rings() {
    let sellers = profile("sellers", &[("sales", 1, 0)]);
    let helpers = profile("helpers", &[("sales", 1, 20)]);
    let mut desk = desk(vec![sellers, helpers], ["anna", "ben"]);
    desk.anna().logs_on("sellers");
    desk.ben().logs_on("helpers");
    let chat = desk.customer_starts();
    desk.passes(30);
    desk.expect([]);
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected", "1: * ben requested #2", "1: ring ben #2 after 30s"]);
}

#[test]
fn a_delay_counts_from_the_begin_of_waiting() {
    let helpers = profile("helpers", &[("sales", 1, 20)]);
    let mut desk = desk(vec![helpers], ["ben"]);
    let chat = desk.customer_starts();
    desk.later(20);
    desk.ben().logs_on("helpers");
    desk.expect_ringing(chat, "ben");
}

#[test]
fn what_is_not_for_an_agent_yet_is_in_nobodys_way() {
    let mixed = profile("mixed", &[("sales", 1, 20), ("support", 2, 0)]);
    let mut desk = desk(vec![mixed], ["anna"]);
    let first = desk.customer_starts_in("sales");
    let second = desk.customer_starts_in("support");
    desk.anna().logs_on("mixed");
    desk.expect_ringing(second, "anna");
    desk.passes(20);
    desk.expect_waiting(first);
    desk.anna().declines(second);
    desk.expect_ringing(first, "anna");
}

#[test]
fn an_agent_changes_to_another_profile() {
    let sellers = profile("sellers", &[("sales", 1, 0)]);
    let helpers = profile("helpers", &[("support", 1, 0)]);
    let both = profile("both", &[("sales", 1, 0), ("support", 1, 0)]);
    let profiles = vec![sellers, helpers, both];
    // With which profile they go on, and what becomes of their request from sales.
    let cases: [(&str, &[&str]); 3] = [
        ("sellers", &[]),
        ("both", &[]),
        ("helpers", &["1: * withdrawn from anna", "1: withdraw anna"]),
    ];
    for (next, expected) in cases {
        let mut desk = desk(profiles.clone(), ["anna"]);
        desk.anna().logs_on("sellers");
        let chat = desk.customer_starts();
        desk.anna().logs_on(next);
        let effects: Vec<&str> = expected.to_vec();
        match effects.as_slice() {
            [] => {
                desk.expect([]);
                desk.expect_ringing(chat, "anna");
            }
            [a, b] => desk.expect([*a, *b]),
            other => panic!("{other:?}"),
        }
        let record = desk.engine.agent(&agent_id("anna")).expect("exists");
        assert_eq!(record.profile, Some(profile_id(next)));
    }
}

#[test]
fn who_or_what_is_unknown_does_not_log_on() {
    let mut desk = desk(vec![profile("sellers", &[("sales", 1, 0)])], ["anna"]);
    desk.anna().logs_on("buyers");
    desk.expect(["ignored: no such profile"]);
    assert_eq!(desk.status_of("anna"), Status::LoggedOff);
    desk.agent("zoe").logs_on("sellers");
    desk.expect(["ignored: not an agent of this queue"]);
}

#[test]
fn a_profile_may_name_a_queue_that_is_gone() {
    let mixed = profile("mixed", &[("sales", 1, 0), ("support", 2, 0)]);
    let mut desk = desk(vec![mixed], ["anna"]);
    let lost = desk.customer_starts_in("sales");
    desk.reconfigure(|setup| setup.queues.retain(|queue| queue.id.0 == "support"));
    desk.anna().logs_on("mixed");
    desk.expect_waiting(lost);
    // What nobody serves is in nobody's way.
    let chat = desk.customer_starts_in("support");
    desk.expect_ringing(chat, "anna");
}
