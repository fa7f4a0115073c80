//! Whether agents want to be asked.

use switchboard_engine::{Leaving, Setup, Status};

use crate::{
    desk::{Change, Desk},
    fixture::{agents, settings, setup},
    render::agent_id,
};

/// Anna and ben, who log on by themselves; so many misses in a row are too many.
fn desk(misses: u32) -> Desk {
    let team = [("anna", 1), ("ben", 1)];
    Desk::with_setup(Setup { misses, ..setup(vec![settings()], &team) })
}

#[test]
fn only_ready_agents_are_asked() {
    let on = |desk: &mut Desk| desk.anna().logs_on("all");
    let cases: [(&str, Change, Status); 7] = [
        ("never logged on", &|_| {}, Status::LoggedOff),
        ("logged on", &on, Status::Ready),
        (
            "paused",
            &|desk| {
                on(desk);
                desk.anna().pauses();
            },
            Status::Paused,
        ),
        (
            "wants to pause after chats, and has none",
            &|desk| {
                on(desk);
                desk.anna().pauses_after_chats();
            },
            Status::Paused,
        ),
        (
            "ready after a pause",
            &|desk| {
                on(desk);
                desk.anna().pauses();
                desk.anna().wants_chats();
            },
            Status::Ready,
        ),
        (
            "logged on anew after a pause",
            &|desk| {
                on(desk);
                desk.anna().pauses();
                on(desk);
            },
            Status::Ready,
        ),
        (
            "logged off",
            &|desk| {
                on(desk);
                desk.anna().logs_off();
            },
            Status::LoggedOff,
        ),
    ];
    for (what, history, status) in cases {
        // They are as they are when a chat comes, or come to be so while it waits.
        for chat_first in [false, true] {
            let mut desk = desk(2);
            let early = chat_first.then(|| desk.customer_starts());
            history(&mut desk);
            let chat = early.unwrap_or_else(|| desk.customer_starts());
            assert_eq!(desk.status_of("anna"), status, "{what}");
            let asked = desk.chat(chat).rings(&agent_id("anna"));
            // A withdrawn request comes first; its outcome is not known here.
            let hindered =
                !desk.engine.agent(&agent_id("anna")).expect("exists").withdrawing.is_empty();
            assert_eq!(asked, status == Status::Ready && !hindered, "{what}");
            if hindered {
                desk.withdrawn(chat, "anna");
                assert_eq!(desk.request_of("anna").is_some(), status == Status::Ready, "{what}");
            }
        }
    }
}

#[test]
fn who_has_not_logged_on_can_be_neither_ready_nor_pause() {
    let mut desk = desk(2);
    desk.anna().wants_chats();
    desk.expect(["ignored: not logged on"]);
    desk.anna().pauses();
    desk.expect(["ignored: not logged on"]);
    desk.anna().pauses_after_chats();
    desk.expect(["ignored: not logged on"]);
    desk.anna().logs_off();
    desk.expect(["ignored: not logged on"]);
    assert_eq!(desk.status_of("anna"), Status::LoggedOff);
}

#[test]
fn a_ringing_request_goes_to_another_agent() {
    let cases: [(&str, Change); 4] = [
        ("pauses", &|desk| desk.anna().pauses()),
        ("pauses after chats", &|desk| desk.anna().pauses_after_chats()),
        ("logs off", &|desk| desk.anna().logs_off()),
        ("logs off, keeping", &|desk| desk.anna().logs_off_and(Leaving::Keep)),
    ];
    for (what, change) in cases {
        let mut desk = desk(1);
        desk.anna().logs_on("all");
        desk.ben().logs_on("all");
        let chat = desk.customer_starts();
        change(&mut desk);
        desk.expect([
            "1: * withdrawn from anna",
            "1: withdraw anna",
            "1: * ben requested #2",
            "1: ring ben #2 after 0s",
        ]);
        let anna = desk.engine.agent(&agent_id("anna")).expect("exists");
        assert_eq!(anna.misses, 0, "{what}");
        // It does not count against them: they may be asked for this very chat again.
        assert!(desk.chat(chat).excluded.is_empty(), "{what}");
    }
}

#[test]
fn an_agent_pauses_when_their_chats_are_over() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3)]);
    let (first, second) = (desk.chat_with("anna"), desk.chat_with("anna"));
    desk.anna().pauses_after_chats();
    desk.expect([]);
    let waiting = desk.customer_starts();
    desk.expect_waiting(waiting);
    desk.customer_ends(first);
    assert_eq!(desk.status_of("anna"), Status::Ready);
    desk.anna().leaves(second);
    desk.expect(["2: * anna left last", "anna is paused (ChatsOver)"]);
    desk.expect_waiting(waiting);
    desk.anna().wants_chats();
    desk.expect_ringing(waiting, "anna");
}

#[test]
fn an_agent_who_wanted_to_pause_changes_their_mind() {
    for how in ["ready", "log on"] {
        let mut desk = Desk::with_settings(settings(), [("anna", 2)]);
        let chat = desk.chat_with("anna");
        desk.anna().pauses_after_chats();
        let waiting = desk.customer_starts();
        match how {
            "ready" => desk.anna().wants_chats(),
            _ => desk.anna().logs_on("all"),
        }
        desk.expect_ringing(waiting, "anna");
        desk.customer_ends(chat);
        assert_eq!(desk.status_of("anna"), Status::Ready);
    }
}

/// Anna's request for a chat goes unanswered.
fn misses(desk: &mut Desk) {
    let chat = desk.customer_starts();
    desk.expect_ringing(chat, "anna");
    desk.passes(45);
    let effects = std::mem::take(&mut desk.effects);
    desk.customer_is_away(chat);
    desk.withdrawn(chat, "anna");
    desk.effects = effects;
}

#[test]
fn who_misses_too_many_in_a_row_is_not_responding() {
    let mut desk = desk(2);
    desk.anna().logs_on("all");
    misses(&mut desk);
    desk.expect(["1: * anna missed", "1: withdraw anna", "1: * round over"]);
    misses(&mut desk);
    // Nobody is ready now, so there is nobody to be through with.
    desk.expect(["2: * anna missed", "2: withdraw anna", "anna is not responding (Missed)"]);
    let chat = desk.customer_starts();
    desk.expect_waiting(chat);
    desk.anna().wants_chats();
    desk.expect_ringing(chat, "anna");
    // It begins anew.
    assert_eq!(desk.engine.agent(&agent_id("anna")).expect("exists").misses, 0);
}

#[test]
fn a_sign_of_life_ends_the_row() {
    let cases: [(&str, Change); 3] = [
        ("a rejection", &|desk| {
            let chat = desk.customer_starts();
            desk.anna().declines(chat);
            desk.customer_is_away(chat);
        }),
        ("an acceptance", &|desk| {
            let chat = desk.customer_starts();
            desk.anna().accepts(chat);
            desk.customer_ends(chat);
        }),
        ("a pause", &|desk| {
            desk.anna().pauses();
            desk.anna().wants_chats();
        }),
    ];
    for (what, sign) in cases {
        let mut desk = desk(2);
        desk.anna().logs_on("all");
        misses(&mut desk);
        sign(&mut desk);
        misses(&mut desk);
        assert_eq!(desk.status_of("anna"), Status::Ready, "{what}");
        misses(&mut desk);
        assert_eq!(desk.status_of("anna"), Status::NotResponding, "{what}");
    }
}

#[test]
fn a_request_that_failed_is_nobodys_fault() {
    let mut desk = desk(1);
    desk.anna().logs_on("all");
    let chat = desk.customer_starts();
    desk.request_failed(chat, 1);
    assert_eq!(desk.status_of("anna"), Status::Ready);
}

#[test]
fn misses_are_not_counted_where_it_is_not_wanted() {
    let mut desk = desk(0);
    desk.anna().logs_on("all");
    for _ in 0..10 {
        misses(&mut desk);
    }
    assert_eq!(desk.status_of("anna"), Status::Ready);
}

#[test]
fn who_is_not_responding_has_missed_this_chat_all_the_same() {
    let mut desk = desk(1);
    desk.anna().logs_on("all");
    desk.later(1);
    desk.ben().logs_on("all");
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect([
        "1: * anna missed",
        "1: withdraw anna",
        "anna is not responding (Missed)",
        "1: * ben requested #2",
        "1: ring ben #2 after 45s",
    ]);
    desk.withdrawn(chat, "anna");
    desk.anna().wants_chats();
    desk.ben().declines(chat);
    desk.expect(["1: * ben rejected", "1: * round over"]);
}

#[test]
fn who_comes_back_alone_is_asked_once_more() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let busy = desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    // It waits for anna, but then all go home, and ben comes back first.
    desk.ben().logs_off();
    desk.anna().logs_off_and(Leaving::Keep);
    desk.ben().logs_on("all");
    desk.expect(["2: * round over"]);
    desk.passes(30);
    desk.expect_ringing(chat, "ben");
    desk.expect_active(busy, ["anna"]);
}

#[test]
fn an_agent_with_chats_is_asked_what_becomes_of_them() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3)]);
    let (first, second) = (desk.chat_with("anna"), desk.chat_with("anna"));
    desk.anna().logs_off();
    desk.expect(["ask anna what becomes of 2 chats"]);
    assert_eq!(desk.status_of("anna"), Status::Ready);
    desk.expect_active(first, ["anna"]);
    desk.expect_active(second, ["anna"]);
}

#[test]
fn an_agent_keeps_their_chats() {
    let mut desk = Desk::with_settings(settings(), [("anna", 2)]);
    let chat = desk.chat_with("anna");
    desk.anna().logs_off_and(Leaving::Keep);
    assert_eq!(desk.status_of("anna"), Status::LoggedOff);
    desk.anna().writes(chat);
    desk.expect(["1: show 1 by anna"]);
    let waiting = desk.customer_starts();
    desk.expect_waiting(waiting);
    desk.customer_ends(chat);
    desk.expect_waiting(waiting);
}

#[test]
fn an_agent_returns_their_chats_at_once() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3), ("ben", 1), ("carl", 1)]);
    let (alone, shared) = (desk.chat_with("anna"), desk.chat_with("anna"));
    let busy = desk.chat_with("anna");
    desk.customer_ends(busy);
    desk.agent("carl").joins(shared);
    desk.later(10);
    desk.anna().logs_off_and(Leaving::Return);
    desk.expect([
        "1: remove anna (logged off)",
        "1: * anna left last",
        "1: * requeued",
        "2: remove anna (logged off)",
        "2: * anna left",
        "1: * ben requested #2",
        "1: ring ben #2 after 10s",
    ]);
    desk.expect_ringing(alone, "ben");
    desk.expect_active(shared, ["carl"]);
    // Their going is no news.
    desk.anna().leaves(alone);
    desk.expect([]);
    desk.anna().leaves(shared);
    desk.expect([]);
}

#[test]
fn a_returned_chat_waits_at_its_old_place() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.chat_with("anna");
    desk.later(5);
    let younger = desk.customer_starts();
    desk.anna().logs_off_and(Leaving::Return);
    desk.expect(["1: remove anna (logged off)", "1: * anna left last", "1: * requeued"]);
    assert_eq!(desk.engine.position(chat), Some(1));
    assert_eq!(desk.engine.position(younger), Some(2));
}

#[test]
fn chats_that_were_kept_can_be_returned_later() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.chat_with("anna");
    desk.anna().logs_off_and(Leaving::Keep);
    desk.anna().logs_off_and(Leaving::Return);
    desk.expect_ringing(chat, "ben");
    desk.anna().logs_off_and(Leaving::Return);
    desk.expect(["ignored: not logged on"]);
}

#[test]
fn the_status_outlives_a_restart() {
    let cases: [(Change, Status); 3] = [
        (&|desk| desk.anna().pauses(), Status::Paused),
        (&|desk| desk.anna().logs_off(), Status::LoggedOff),
        (&|desk| desk.anna().wants_chats(), Status::Ready),
    ];
    for (change, status) in cases {
        let mut desk = Desk::with_agents(["anna"]);
        change(&mut desk);
        desk.restarts(settings());
        desk.reconfigure(|setup| setup.agents = agents(&[("anna", 1)]));
        desk.expect([]);
        assert_eq!(desk.status_of("anna"), status);
        let chat = desk.customer_starts();
        assert_eq!(desk.chat(chat).rings(&agent_id("anna")), status == Status::Ready);
    }
}
