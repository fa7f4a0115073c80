//! Acceptance and withdrawal cross. The room's order decides, in whatever order the news comes.

use switchboard_engine::{Input, Removal, WithdrawOutcome};

use crate::{
    desk::Desk,
    render::{self, agent_id},
};

/// A piece of news about anna and chat 1.
#[derive(Clone, Copy, Debug)]
enum News {
    Joined,
    Hit,
    Gone,
    Declined,
    Done,
    HadJoined,
    Failed,
}

use News::{Declined, Done, Failed, Gone, HadJoined, Hit, Joined};

impl News {
    fn input(self) -> Input {
        let chat = switchboard_engine::ChatId(1);
        let agent = agent_id("anna");
        let gone = |how| Input::AgentGone { chat, agent: agent.clone(), how };
        let answer = |outcome| Input::RequestWithdrawn { chat, agent: agent.clone(), outcome };
        match self {
            Joined => Input::AgentJoined { chat, agent },
            Hit => gone(Removal::WithdrawnAfterJoin),
            Gone => gone(Removal::Withdrawn),
            Declined => gone(Removal::Declined),
            Done => answer(WithdrawOutcome::Done),
            HadJoined => answer(WithdrawOutcome::HadJoined),
            Failed => answer(WithdrawOutcome::Failed),
        }
    }
}

/// Chat 1, after anna missed it.
fn missed(situation: &str) -> Desk {
    let mut desk = match situation {
        // Nobody else could take it.
        "free" => Desk::with_agents(["anna"]),
        _ => Desk::with_agents(["anna", "ben"]),
    };
    let chat = desk.customer_starts();
    desk.expect_ringing(chat, "anna");
    desk.passes(45);
    match situation {
        "free" => desk.expect_state(chat, "pausing, 30s left"),
        "ringing ben" => desk.expect_ringing(chat, "ben"),
        "taken by ben" => desk.ben().accepts(chat),
        "left by ben" => {
            desk.ben().accepts(chat);
            desk.ben().leaves(chat);
        }
        "ended" => desk.customer_ends(chat),
        other => panic!("no such situation: {other}"),
    }
    desk
}

/// The situation; the orders in which the news may come; the state at the end; what anna is told.
type Race = (&'static str, &'static [&'static [News]], &'static str, &'static [&'static str]);

/// Every situation, the news in each order in which it can come, and what comes of it.
#[test]
fn the_order_of_the_news_does_not_matter() {
    let table: &[Race] = &[
        ("free", &[&[Gone, Done], &[Done, Gone]], "pausing, 30s left", &[]),
        ("free", &[&[Declined, Done], &[Done, Declined]], "pausing, 30s left", &[]),
        ("free", &[&[Failed]], "pausing, 30s left", &[]),
        ("free", &[&[Joined, HadJoined], &[HadJoined, Joined]], "active with anna", &[]),
        ("free", &[&[Joined, Failed], &[Failed, Joined]], "active with anna", &[]),
        (
            "free",
            &[&[Joined, Hit, Done], &[Joined, Done, Hit], &[Done, Joined, Hit]],
            "ringing anna #2, 45s left",
            &["1: ring anna #2 after 45s, again"],
        ),
        ("ringing ben", &[&[Gone, Done], &[Done, Gone]], "ringing ben #2, 45s left", &[]),
        ("ringing ben", &[&[Joined, HadJoined], &[HadJoined, Joined]], "active with anna", &[]),
        (
            "ringing ben",
            &[&[Joined, Hit, Done], &[Joined, Done, Hit], &[Done, Joined, Hit]],
            "ringing anna #3, 45s left",
            &["1: ring anna #3 after 45s, again"],
        ),
        (
            "taken by ben",
            &[&[Joined, HadJoined], &[HadJoined, Joined]],
            "active with ben",
            &["1: remove anna (too late)"],
        ),
        (
            "taken by ben",
            &[&[Joined, Hit, Done], &[Joined, Done, Hit]],
            "active with ben",
            &["1: remove anna (too late)"],
        ),
        ("left by ben", &[&[Joined, HadJoined], &[HadJoined, Joined]], "active with anna", &[]),
        (
            "left by ben",
            &[&[Joined, Hit, Done], &[Joined, Done, Hit], &[Done, Joined, Hit]],
            "ringing anna #3, 45s left",
            &["1: ring anna #3 after 45s, again"],
        ),
        (
            "ended",
            &[&[Joined, HadJoined], &[HadJoined, Joined]],
            "ended by abandoned",
            &["1: remove anna (too late)"],
        ),
        (
            "ended",
            &[&[Joined, Hit, Done], &[Joined, Done, Hit]],
            "ended by abandoned",
            &["1: remove anna (too late)"],
        ),
    ];
    for (situation, orders, state, told) in table {
        let mut ends = Vec::new();
        for order in *orders {
            let mut desk = missed(situation);
            let mut seen = Vec::new();
            for news in *order {
                desk.input(news.input());
                seen.extend(desk.effects.iter().map(render::effect).filter(|effect| {
                    effect.starts_with("1: ring") || effect.starts_with("1: remove")
                }));
            }
            assert_eq!(seen, *told, "{situation}, {order:?}");
            desk.expect_state(switchboard_engine::ChatId(1), state);
            let anna = desk.engine.agent(&agent_id("anna")).expect("exists");
            assert!(anna.withdrawing.is_empty(), "{situation}, {order:?}");
            ends.push(desk.engine);
        }
        assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{situation}");
    }
}

#[test]
fn an_acceptance_just_before_the_withdrawal_is_no_miss() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.anna().joins(chat);
    desk.expect(["1: * anna joined first"]);
    // The withdrawal hit them all the same.
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    // The customer is told that nobody is there: Anna may not come back.
    desk.expect([
        "1: * anna left",
        "1: * requeued",
        "1: * anna requested #2",
        "1: ring anna #2 after 45s, again",
    ]);
    assert!(desk.chat(chat).excluded.is_empty());
    desk.anna().accepts(chat);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn an_agent_whom_the_withdrawal_hit_keeps_their_idle_time() {
    let mut desk = Desk::with_agents(["anna"]);
    let since = desk.engine.agent(&agent_id("anna")).expect("exists").idle_since;
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.anna().joins(chat);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    assert_eq!(desk.engine.agent(&agent_id("anna")).expect("exists").idle_since, since);
}

#[test]
fn making_good_does_not_forget_who_left() {
    let mut desk = missed("left by ben");
    let chat = switchboard_engine::ChatId(1);
    desk.anna().joins(chat);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    desk.expect_ringing(chat, "anna");
    desk.anna().declines(chat);
    desk.expect(["1: * anna rejected", "1: * round over"]);
    desk.expect_state(chat, "pausing, 30s left");
}

#[test]
fn an_agent_whom_the_withdrawal_hit_may_be_busy_by_now() {
    let mut desk = Desk::with_agents(["anna"]);
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.passes(45);
    desk.withdrawal(chat, "anna", WithdrawOutcome::Done);
    desk.expect_ringing(next, "anna");
    desk.anna().joins(chat);
    desk.expect(["1: * anna joined first"]);
    desk.anna().gone(chat, Removal::WithdrawnAfterJoin);
    desk.expect(["1: * anna left", "1: * requeued"]);
    desk.expect_waiting(chat);
    desk.anna().declines(next);
    desk.expect_ringing(chat, "anna");
}

#[test]
fn an_agent_who_joins_and_leaves_at_once_has_left() {
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let mut desk = Desk::with_agents(["anna"]);
        let chat = desk.customer_starts();
        desk.passes(45);
        for news in order {
            match news {
                0 => desk.anna().joins(chat),
                1 => desk.anna().leaves(chat),
                _ => desk.withdrawal(chat, "anna", WithdrawOutcome::HadJoined),
            }
        }
        desk.expect_state(chat, "active with nobody, 60s left");
    }
}

#[test]
fn a_late_acceptance_that_came_in_time_for_the_second_round() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.ben().declines(chat);
    desk.expect_state(chat, "pausing, 30s left");
    desk.anna().joins(chat);
    desk.expect(["1: * anna joined first"]);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn who_joined_before_the_withdrawal_has_the_chat_although_another_is_asked() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.passes(45);
    desk.expect_ringing(chat, "ben");
    desk.anna().joins(chat);
    desk.expect(["1: * withdrawn from ben", "1: withdraw ben", "1: * anna joined first"]);
    desk.withdrawal(chat, "anna", WithdrawOutcome::HadJoined);
    desk.expect_active(chat, ["anna"]);
    assert!(desk.chat(chat).excluded.is_empty(), "nobody has missed anything");
}

#[test]
fn being_shown_out_is_not_mistaken_for_a_rejection() {
    let mut desk = missed("taken by ben");
    let chat = switchboard_engine::ChatId(1);
    desk.anna().joins(chat);
    desk.expect(["1: remove anna (too late)"]);
    desk.withdrawal(chat, "anna", WithdrawOutcome::HadJoined);
    desk.anna().joins(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.ben().leaves(chat);
    desk.passes(60);
    desk.expect_ringing(chat, "anna");
    // Only now the room tells that they were shown out, before the new request.
    desk.anna().leaves(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    desk.anna().accepts(chat);
    desk.expect_active(chat, ["anna"]);
}

#[test]
fn a_colleague_takes_a_chat_that_rings_another() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.ben().joins(chat);
    desk.expect(["1: * withdrawn from anna", "1: withdraw anna", "1: * ben joined first"]);
    desk.anna().joins(chat);
    desk.expect(["1: remove anna (too late)"]);
}

#[test]
fn a_withdrawal_outlives_a_forgotten_chat() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.customer_ends(chat);
    desk.engine.forget(chat);
    assert!(desk.engine.chat(chat).is_some(), "not while the invite may become a join");
    // The runner loads only some of the chats, and not this one.
    let agents: Vec<_> = desk.engine.agents().cloned().collect();
    desk.engine = switchboard_engine::Engine::load(&desk.setup, agents, []);
    let next = desk.customer_starts();
    desk.expect_waiting(next);
    desk.anna().gone(chat, Removal::Withdrawn);
    desk.expect_ringing(next, "anna");
}
