//! Waiting, and who is asked.

use switchboard_engine::{ChatId, Engine, Input, QueueId, QueueSettings, Room, Span, Time};

use crate::{
    desk::Desk,
    fixture::{profile_id, queue, sales, settings, setup},
    render::agent_id,
};

#[test]
fn the_first_chat_rings_at_once() {
    let mut desk = Desk::with_agents(["anna", "ben"]);
    let chat = desk.customer_starts();
    desk.expect([
        "1: * queued",
        "1: open room",
        "1: * anna requested #1",
        "1: ring anna #1 after 0s",
    ]);
    desk.expect_ringing(chat, "anna");
    desk.expect_room(chat, Room::Open);
}

#[test]
fn an_unknown_queue_is_ignored() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = ChatId(7);
    desk.input(Input::ChatStarted { chat, queue: QueueId("nowhere".to_owned()) });
    desk.expect(["ignored: no such queue"]);
    assert_eq!(desk.engine.chat(chat), None);
}

#[test]
fn a_chat_starts_once() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.input(Input::ChatStarted { chat, queue: sales() });
    desk.expect(["ignored: the chat already exists"]);
}

#[test]
fn the_longest_idle_agent_is_asked() {
    let mut desk = Desk::with_agents(["anna", "ben", "carl"]);
    let (first, second) = (desk.chat_with("anna"), desk.chat_with("ben"));
    desk.later(10);
    desk.customer_ends(second);
    desk.later(10);
    desk.customer_ends(first);
    for name in ["carl", "ben", "anna"] {
        let chat = desk.customer_starts();
        desk.expect_ringing(chat, name);
    }
}

#[test]
fn the_longest_waiting_chat_comes_first() {
    let mut desk = Desk::with_agents(["anna"]);
    let now = desk.chat_with("anna");
    let first = desk.customer_starts();
    desk.later(5);
    let second = desk.customer_starts();
    assert_eq!(desk.engine.position(first), Some(1));
    assert_eq!(desk.engine.position(second), Some(2));
    assert_eq!(desk.engine.position(now), None);
    desk.later(5);
    desk.customer_ends(now);
    desk.expect([
        "1: * ended: customer",
        "2: open room",
        "2: * anna requested #1",
        "2: ring anna #1 after 10s",
    ]);
    // A ringing chat keeps its place.
    assert_eq!(desk.engine.position(first), Some(1));
    desk.anna().accepts(first);
    assert_eq!(desk.engine.position(second), Some(1));
}

#[test]
fn chats_of_one_moment_are_ordered_by_id() {
    let mut desk = Desk::with_agents(["anna"]);
    desk.chat_with("anna");
    for id in [9, 7, 8] {
        desk.input(Input::ChatStarted { chat: ChatId(id), queue: sales() });
    }
    assert!(desk.engine.waiting(&sales()).eq([7, 8, 9].map(ChatId)));
}

#[test]
fn an_agent_has_one_request_at_a_time() {
    let mut desk = Desk::with_settings(settings(), [("anna", 3)]);
    let (first, second) = (desk.customer_starts(), desk.customer_starts());
    desk.expect(["2: * queued"]);
    desk.anna().accepts(first);
    desk.expect_ringing(second, "anna");
}

#[test]
fn an_agent_has_no_more_chats_than_their_capacity() {
    let mut desk = Desk::with_settings(settings(), [("anna", 2)]);
    let (first, second) = (desk.chat_with("anna"), desk.chat_with("anna"));
    let third = desk.customer_starts();
    desk.expect_waiting(third);
    desk.customer_ends(second);
    desk.expect_ringing(third, "anna");
    desk.expect_active(first, ["anna"]);
}

#[test]
fn an_agent_of_capacity_zero_is_never_asked() {
    let mut desk = Desk::with_settings(settings(), [("anna", 0), ("ben", 1)]);
    let chat = desk.customer_starts();
    desk.ben().declines(chat);
    // Nor is anybody waiting for them: the only agent who could be asked has declined.
    desk.expect_state(chat, "pausing, 30s left");
}

#[test]
fn a_full_queue_refuses() {
    let mut desk =
        Desk::with_settings(QueueSettings { max_length: 2, ..settings() }, [("anna", 1)]);
    let (ringing, _waiting) = (desk.customer_starts(), desk.customer_starts());
    let refused = desk.customer_starts();
    desk.expect(["3: * queue full", "3: * ended: no agent"]);
    desk.expect_state(refused, "ended by no agent");
    assert!(desk.engine.is_closed(refused));
    desk.anna().accepts(ringing);
    let next = desk.customer_starts();
    desk.expect_waiting(next);
}

#[test]
fn without_agents_a_chat_waits() {
    let mut desk = Desk::with_agents([]);
    let chat = desk.customer_starts();
    desk.passes(10_000);
    desk.expect([]);
    desk.expect_waiting(chat);
    desk.configure([("anna", 1)]);
    desk.expect_ringing(chat, "anna");
}

#[test]
fn a_chat_waits_no_longer_than_the_queue_allows() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(300)), ..settings() };
    let mut desk = Desk::with_settings(patient, []);
    let chat = desk.customer_starts();
    desk.passes(299);
    desk.expect_waiting(chat);
    desk.passes(1);
    desk.expect(["1: * ended: no agent"]);
}

#[test]
fn a_request_is_taken_back_when_the_waiting_is_over() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(30)), ..settings() };
    let mut desk = Desk::with_settings(patient, [("anna", 1)]);
    let chat = desk.customer_starts();
    desk.passes(30);
    desk.expect(["1: * withdrawn from anna", "1: withdraw anna", "1: * ended: no agent"]);
    assert!(!desk.engine.is_closed(chat), "the invite may still become a join");
    desk.withdrawn(chat, "anna");
    assert!(desk.engine.is_closed(chat));
}

#[test]
fn nobody_gives_up_on_a_conversation() {
    let patient = QueueSettings { max_wait: Some(Span::seconds(30)), ..settings() };
    let mut desk = Desk::with_settings(patient, [("anna", 1)]);
    let chat = desk.chat_with("anna");
    desk.passes(1000);
    desk.expect_active(chat, ["anna"]);
    // Back in the queue, it has the whole time again.
    desk.anna().leaves(chat);
    desk.passes(60);
    desk.passes(29);
    desk.expect_state(chat, "pausing, 1s left");
    desk.passes(1);
    desk.expect(["1: * ended: no agent"]);
}

#[test]
fn several_queues_share_the_agents() {
    let support = queue("support");
    let setup = setup(vec![settings(), support.clone()], &[("anna", 1)]);
    let mut engine = Engine::load(&setup, [], []);
    let mut at = |seconds: u64, input| engine.handle(Time(seconds * 1000), input);
    at(1, Input::Configured { setup });
    at(1, Input::AgentLogsOn { agent: agent_id("anna"), profile: profile_id("all") });
    at(2, Input::ChatStarted { chat: ChatId(1), queue: sales() });
    at(3, Input::ChatStarted { chat: ChatId(2), queue: support.id.clone() });
    at(4, Input::ChatStarted { chat: ChatId(3), queue: sales() });
    at(5, Input::AgentJoined { chat: ChatId(1), agent: agent_id("anna") });
    at(6, Input::CustomerEnded { chat: ChatId(1) });
    assert_eq!(engine.agent(&agent_id("anna")).and_then(|anna| anna.request), Some(ChatId(2)));
    assert_eq!(engine.position(ChatId(2)), Some(1));
    assert_eq!(engine.position(ChatId(3)), Some(1));
}

#[test]
fn a_chat_outlives_its_queue() {
    let mut desk = Desk::with_agents(["anna"]);
    let chat = desk.customer_starts();
    desk.restarts(QueueSettings { id: QueueId("support".to_owned()), ..settings() });
    desk.ben().joins(chat);
    desk.expect(["ignored: not an agent of this queue"]);
    desk.anna().accepts(chat);
    desk.anna().leaves(chat);
    desk.expect_state(chat, "active with nobody, 60s left");
    desk.passes(60);
    // Nobody serves a queue that is gone, so that it comes to an end in this way.
    desk.expect(["1: * requeued"]);
    desk.expect_waiting(chat);
    desk.passes(30 * 60);
    desk.expect(["1: * ended: no agent"]);
}

#[test]
fn a_chat_whose_queue_is_gone_does_not_wait_for_ever() {
    let mut desk = Desk::with_agents([]);
    let chat = desk.customer_starts();
    desk.reconfigure(|setup| setup.queues = vec![queue("support")]);
    desk.expect([]);
    desk.expect_waiting(chat);
    desk.passes(30 * 60);
    desk.expect(["1: * ended: no agent"]);
}

#[test]
fn messages_wait_for_the_room() {
    let mut desk = Desk::with_agents(["anna"]).by_hand();
    let busy = desk.chat_with("anna");
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.customer_writes(chat);
    desk.expect([]);
    desk.customer_writes(chat);
    desk.expect(["2: refuse 3 (TooMany)"]);
    desk.customer_ends(busy);
    desk.expect([
        "1: * ended: customer",
        "2: open room",
        "2: relay 1",
        "2: relay 2",
        "2: * anna requested #1",
        "2: ring anna #1 after 0s",
    ]);
    desk.expect_room(chat, Room::Opening);
    desk.customer_writes(chat);
    desk.expect(["2: relay 4"]);
    desk.input(Input::RoomOpened { chat });
    desk.customer_writes(chat);
    desk.expect(["2: relay 5"]);
}

#[test]
fn messages_that_never_got_a_room_are_refused() {
    let mut desk = Desk::with_agents([]);
    let chat = desk.customer_starts();
    desk.customer_writes(chat);
    desk.customer_is_away(chat);
    desk.expect(["1: refuse 1 (Ended)", "1: * ended: abandoned"]);
    desk.customer_writes(chat);
    desk.expect(["1: refuse 2 (Ended)"]);
}

#[test]
fn a_refused_room_ends_the_chat() {
    let mut desk = Desk::with_agents(["anna"]).by_hand();
    let (chat, next) = (desk.customer_starts(), desk.customer_starts());
    desk.input(Input::RoomFailed { chat });
    desk.expect([
        "1: * ended: no agent",
        "2: open room",
        "2: * anna requested #1",
        "2: ring anna #1 after 0s",
    ]);
    desk.expect_ringing(next, "anna");
    desk.customer_writes(chat);
    desk.expect(["1: refuse 1 (NoRoom)"]);
    desk.anna().joins(chat);
    desk.expect(["ignored: does not fit the chat's state"]);
    assert!(desk.engine.is_closed(chat));
}

#[test]
fn a_refused_room_leaves_no_withdrawal_open() {
    let mut desk = Desk::with_agents(["anna"]).by_hand();
    let chat = desk.customer_starts();
    desk.customer_ends(chat);
    desk.expect(["1: * withdrawn from anna", "1: withdraw anna", "1: * ended: abandoned"]);
    desk.input(Input::RoomFailed { chat });
    let next = desk.customer_starts();
    desk.expect_ringing(next, "anna");
}
