//! Agents ask another agent to come, and stay or leave.

use switchboard_engine::{ChatId, Removal, WithdrawOutcome};

use crate::desk::Desk;

/// A chat of anna's; ben and carl are ready.
fn three() -> (Desk, ChatId) {
    let mut desk = Desk::with_agents(["anna", "ben", "carl"]);
    let chat = desk.chat_with("anna");
    (desk, chat)
}

#[test]
fn an_invited_agent_comes() {
    let (mut desk, chat) = three();
    desk.anna().invites(chat, "ben");
    desk.expect([
        "1: * anna invites ben",
        "1: * ben invited #2 (ready)",
        "1: ring ben #2 after 0s, for anna",
    ]);
    desk.ben().joins(chat);
    desk.expect(["1: * invitation accepted by ben", "1: * ben joined"]);
    desk.expect_active(chat, ["anna", "ben"]);
}

#[test]
fn who_does_not_come_is_told_of() {
    let (mut desk, chat) = three();
    desk.anna().invites(chat, "ben");
    desk.ben().declines(chat);
    desk.expect(["1: * invitation: ben Rejected", "1: * invitation over: Refused"]);
    desk.anna().invites(chat, "ben");
    desk.passes(45);
    desk.expect([
        "1: * invitation: ben Missed",
        "1: withdraw ben",
        "1: * invitation over: Refused",
    ]);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn a_queue_asks_one_after_the_other() {
    let (mut desk, chat) = three();
    desk.anna().invites_queue(chat, "sales");
    desk.expect([
        "1: * anna invites sales",
        "1: * ben invited #2 (ready)",
        "1: ring ben #2 after 0s, for anna",
    ]);
    desk.ben().declines(chat);
    desk.expect([
        "1: * invitation: ben Rejected",
        "1: * carl invited #3 (ready)",
        "1: ring carl #3 after 0s, for anna",
    ]);
    desk.agent("carl").declines(chat);
    desk.expect(["1: * invitation: carl Rejected", "1: * invitation over: NobodyAvailable"]);
}

#[test]
fn who_leaves_while_it_rings_hands_over() {
    for word in [false, true] {
        let (mut desk, chat) = three();
        desk.anna().invites(chat, "ben");
        if word {
            desk.anna().says_leave(chat);
            desk.expect(["1: * anna left", "1: remove anna (asked)"]);
        } else {
            desk.anna().leaves(chat);
            desk.expect(["1: * anna left"]);
        }
        desk.expect_state(chat, "active with nobody");
        let mut fails = desk.clone();
        desk.ben().joins(chat);
        desk.expect(["1: * invitation accepted by ben", "1: * ben joined"]);
        fails.later(10);
        fails.ben().declines(chat);
        fails.expect([
            "1: * invitation: ben Rejected",
            "1: * invitation over: Refused",
            "1: * requeued",
            "1: * carl requested #3",
            "1: ring carl #3 after 10s",
        ]);
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let (mut desk, chat) = three();
    let (ended, waiting) = (desk.chat_with("ben"), desk.customer_starts());
    desk.customer_ends(ended);
    // Chat 3 rings carl.
    desk.expect_ringing(waiting, "carl");
    desk.anna().cancels(chat);
    desk.expect(["ignored: no invitation rings"]);
    desk.anna().invites(chat, "carl");
    desk.expect(["ignored: the agent cannot be asked now"]);
    desk.anna().invites(chat, "anna");
    desk.expect(["ignored: the agent is in the chat already"]);
    desk.anna().invites(chat, "zoe");
    desk.expect(["ignored: not an agent of this queue"]);
    desk.anna().invites_queue(chat, "nowhere");
    desk.expect(["ignored: no such queue"]);
    desk.ben().invites(chat, "carl");
    desk.expect(["ignored: only an agent who is in the chat can do that"]);
    desk.ben().invites(ended, "anna");
    desk.expect(["ignored: the chat is over"]);
    desk.anna().invites(chat, "ben");
    desk.anna().invites_queue(chat, "sales");
    desk.expect(["ignored: an invitation rings already"]);
    desk.ben().declines(chat);
    desk.ben().pauses();
    desk.anna().invites_queue(chat, "sales");
    desk.expect(["ignored: nobody of the queue can be asked now"]);
}

#[test]
fn by_name_also_who_is_not_ready_is_asked() {
    let (mut desk, chat) = three();
    desk.reconfigure(|setup| setup.misses = 1);
    desk.ben().pauses();
    desk.anna().invites(chat, "ben");
    desk.expect([
        "1: * anna invites ben",
        "1: * ben invited #2 (paused)",
        "1: ring ben #2 after 0s, for anna",
    ]);
    desk.ben().logs_off();
    desk.expect([]);
    desk.passes(45);
    desk.expect([
        "1: * invitation: ben Missed",
        "1: withdraw ben",
        "1: * invitation over: Refused",
    ]);
    // Who is asked for a queue and pauses is not: the next one is.
    desk.anna().invites_queue(chat, "sales");
    desk.agent("carl").pauses();
    desk.expect([
        "1: * invitation: carl Withdrawn",
        "1: withdraw carl",
        "1: * invitation over: NobodyAvailable",
    ]);
}

#[test]
fn an_invitation_is_taken_back_or_ends_with_the_chat() {
    let (mut desk, chat) = three();
    desk.anna().invites(chat, "ben");
    let mut ends = desk.clone();
    desk.anna().cancels(chat);
    desk.expect(["1: * invitation cancelled by anna", "1: withdraw ben"]);
    // Ben had accepted a moment too late.
    desk.ben().joins(chat);
    desk.expect(["1: remove ben (too late)"]);
    ends.customer_ends(chat);
    ends.expect(["1: * invitation over: ChatOver", "1: withdraw ben", "1: * ended: customer"]);
}

#[test]
fn who_accepts_at_the_last_moment_is_welcome() {
    let (mut desk, chat) = three();
    desk.anna().invites(chat, "ben");
    desk.passes(45);
    let mut hit = desk.clone();
    desk.withdrawal(chat, "ben", WithdrawOutcome::HadJoined);
    desk.expect_active(chat, ["anna", "ben"]);
    hit.ben().joins(chat);
    hit.expect_active(chat, ["anna", "ben"]);
    hit.ben().gone(chat, Removal::WithdrawnAfterJoin);
    hit.expect([
        "1: * ben left",
        "1: * anna invites ben",
        "1: * ben invited #3 (ready)",
        "1: ring ben #3 after 45s, again, for anna",
    ]);
}
