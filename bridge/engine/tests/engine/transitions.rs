//! Every state of a chat, met with every input. The snapshot is the whole table.

use std::{collections::BTreeMap, fmt::Write as _};

use switchboard_engine::{
    ChatId, Input, Leaving, MessageRef, QueueSettings, Removal, Setup, Span, WithdrawOutcome,
};

use crate::{
    desk::Desk,
    fixture::{profile_id, queue, queue_id, sales, settings, setup},
    render::{self, agent_id},
};

const CHAT: ChatId = ChatId(1);

/// Chat 1 in every state that makes a difference. Anna and ben are agents of capacity 1, zoe is
/// none. Chats 2 and 3 keep agents busy where they must not take chat 1.
fn states() -> Vec<(&'static str, Desk)> {
    let start = || {
        let mut desk = desk(["anna", "ben"]);
        let chat = desk.customer_starts();
        (desk, chat)
    };
    let with = |change: &dyn Fn(&mut Desk)| {
        let (mut desk, _) = start();
        change(&mut desk);
        desk
    };
    let unknown = desk(["anna", "ben"]);
    let mut never_asked = desk([]);
    never_asked.customer_starts();
    let busy = with(&|desk| {
        // Ben takes chat 2, anna declines chat 1: it waits for ben.
        let second = desk.customer_starts();
        desk.ben().accepts(second);
        desk.anna().declines(CHAT);
    });
    let pausing = with(&|desk| {
        desk.anna().declines(CHAT);
        desk.ben().declines(CHAT);
    });
    let mut unsent = desk(["anna", "ben"]).by_hand();
    unsent.customer_starts();
    let mut refused = unsent.clone();
    refused.input(Input::RoomFailed { chat: CHAT });
    let (ringing, _) = start();
    let crossing_waiting = with(&|desk| {
        let second = desk.customer_starts();
        desk.ben().accepts(second);
        desk.passes(45);
    });
    let crossing_ringing = with(&|desk| desk.passes(45));
    let active = with(&|desk| desk.anna().accepts(CHAT));
    let both = with(&|desk| {
        desk.anna().accepts(CHAT);
        desk.ben().joins(CHAT);
    });
    let left = with(&|desk| {
        desk.anna().accepts(CHAT);
        desk.anna().leaves(CHAT);
    });
    let crossing_active = with(&|desk| {
        desk.passes(45);
        desk.ben().accepts(CHAT);
    });
    let turned_away = with(&|desk| {
        desk.passes(45);
        desk.anna().joins(CHAT);
        desk.withdrawal(CHAT, "anna", WithdrawOutcome::HadJoined);
    });
    let ended = with(&|desk| {
        desk.anna().accepts(CHAT);
        desk.customer_ends(CHAT);
    });
    let crossing_ended = with(&|desk| desk.customer_ends(CHAT));
    let closed = with(&|desk| {
        desk.anna().accepts(CHAT);
        desk.customer_ends(CHAT);
        desk.anna().closes(CHAT);
        desk.anna().leaves(CHAT);
    });
    let form = Desk::with_setup(closed_queue());
    let (form, message) = with_form(form);
    let states = vec![
        ("no such chat", unknown),
        ("waiting without agents, no room yet", never_asked),
        ("a message is asked for", form),
        ("waiting with a message, nobody is ready", message),
        ("waiting for ben, who has chat 2; anna declined", busy),
        ("waiting for ben, who has chat 2; anna's withdrawal is open", crossing_waiting),
        ("pausing after all declined", pausing),
        ("ringing anna, room and invite under way", unsent),
        ("ringing anna", ringing),
        ("ringing ben; anna's withdrawal is open", crossing_ringing),
        ("ringing ben; anna joined too late", turned_away),
        ("active with anna", active),
        ("active with anna and ben", both),
        ("active with ben; anna's withdrawal is open", crossing_active),
        ("active with nobody; anna left", left),
        ("ended, anna still there", ended),
        ("ended while ringing; anna's withdrawal is open", crossing_ended),
        ("ended and closed", closed),
        ("ended, the room was refused", refused),
    ];
    states.into_iter().map(|(name, desk)| (name, desk.by_hand())).collect()
}

fn desk<const N: usize>(names: [&str; N]) -> Desk {
    let mut desk = Desk::with_setup(setup(vec![settings(), queue("support")], &[]));
    desk.configure(names.map(|name| (name, 1)));
    desk
}

/// Nobody has logged on, and the queue is closed.
fn closed_queue() -> Setup {
    let sales = QueueSettings { open: false, ..settings() };
    setup(vec![sales, queue("support")], &[("anna", 1), ("ben", 1)])
}

fn with_form(mut form: Desk) -> (Desk, Desk) {
    form.customer_starts();
    let mut message = form.clone();
    message.customer_writes(CHAT);
    (form, message)
}

fn inputs() -> Vec<(String, Input)> {
    let chat = CHAT;
    let message = MessageRef(9);
    let mut inputs: Vec<(String, Input)> = Vec::new();
    let mut add = |name: &str, input| inputs.push((name.to_owned(), input));
    add("chat started", Input::ChatStarted { chat, queue: sales() });
    let nowhere = queue_id("nowhere");
    add("chat started in an unknown queue", Input::ChatStarted { chat, queue: nowhere });
    add("customer sent", Input::CustomerSent { chat, message });
    add("customer ended", Input::CustomerEnded { chat });
    add("customer away", Input::CustomerAway { chat });
    add("room opened", Input::RoomOpened { chat });
    add("room failed", Input::RoomFailed { chat });
    for request in [1, 2] {
        add(&format!("request {request} sent"), Input::RequestSent { chat, request });
        add(&format!("request {request} failed"), Input::RequestFailed { chat, request });
    }
    for name in ["anna", "ben", "zoe"] {
        let agent = || agent_id(name);
        for outcome in [WithdrawOutcome::Done, WithdrawOutcome::HadJoined, WithdrawOutcome::Failed]
        {
            let input = Input::RequestWithdrawn { chat, agent: agent(), outcome };
            add(&format!("withdrawal from {name}: {outcome:?}"), input);
        }
        add(&format!("{name} joined"), Input::AgentJoined { chat, agent: agent() });
        for how in [
            Removal::Declined,
            Removal::Left,
            Removal::Withdrawn,
            Removal::WithdrawnAfterJoin,
            Removal::Removed,
        ] {
            let input = Input::AgentGone { chat, agent: agent(), how };
            add(&format!("{name} gone: {how:?}"), input);
        }
        add(&format!("{name} cannot be removed"), Input::RemovalFailed { chat, agent: agent() });
        add(&format!("{name} sent"), Input::AgentSent { chat, agent: agent(), message });
        for customer_connected in [true, false] {
            let who = if customer_connected { "connected" } else { "gone" };
            let input = Input::AgentAsksEnd { chat, agent: agent(), customer_connected };
            add(&format!("{name} asks for the end, customer {who}"), input);
        }
        let input = Input::AgentConfirmsEnd { chat, agent: agent() };
        add(&format!("{name} confirms the end"), input);
        add(&format!("{name} closes"), Input::AgentCloses { chat, agent: agent() });
    }
    at_desks(&mut add);
    let only_ben = setup(vec![settings(), queue("support")], &[("ben", 1)]);
    add("anna is no agent any more", Input::Configured { setup: only_ben });
    add("back after 100s", Input::Resumed { outage: Span::seconds(100) });
    add("the next deadline", Input::Timer);
    inputs
}

/// What agents and supervisors want at their desks.
fn at_desks(add: &mut impl FnMut(&str, Input)) {
    for name in ["anna", "ben", "zoe"] {
        let agent = || agent_id(name);
        let profile = profile_id("all");
        add(&format!("{name} logs on"), Input::AgentLogsOn { agent: agent(), profile });
        for (chats, how) in
            [(None, ""), (Some(Leaving::Keep), ", keeping"), (Some(Leaving::Return), ", returning")]
        {
            let input = Input::AgentLogsOff { agent: agent(), chats };
            add(&format!("{name} logs off{how}"), input);
        }
        add(&format!("{name} is ready"), Input::AgentReady { agent: agent() });
        for (after_chats, how) in [(false, ""), (true, " after chats")] {
            let input = Input::AgentPauses { agent: agent(), after_chats };
            add(&format!("{name} pauses{how}"), input);
        }
        add(&format!("assigned to {name}"), Input::Assigned { chat: CHAT, agent: agent() });
    }
    add("moved", Input::Moved { chat: CHAT, queue: queue_id("support") });
    add("moved nowhere", Input::Moved { chat: CHAT, queue: queue_id("nowhere") });
    add("the queue closes", Input::QueueHours { queue: sales(), open: false });
}

#[test]
fn the_whole_table() {
    assert_eq!(settings().max_wait, None, "the deadlines below are the states' own");
    let mut table = String::new();
    for (name, desk) in states() {
        let _ = writeln!(table, "## {name}");
        let mut ignored: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut nothing: Vec<String> = Vec::new();
        for (what, input) in inputs() {
            let mut desk = desk.clone();
            let before = desk.engine.chat(CHAT).map(|chat| render::state(chat, desk.now));
            match input {
                Input::Timer => desk.now = desk.engine.next_deadline().unwrap_or(desk.now),
                Input::Resumed { outage } => desk.now = desk.now + outage,
                _ => {}
            }
            desk.input(input);
            let after = desk.engine.chat(CHAT).map(|chat| render::state(chat, desk.now));
            let effects: Vec<String> = desk.effects.iter().map(render::effect).collect();
            match effects.as_slice() {
                [effect] if effect.starts_with("ignored") => {
                    ignored.entry(effect.clone()).or_default().push(what);
                }
                [] if before == after => nothing.push(what),
                effects => {
                    let state = match after {
                        Some(after) if Some(&after) == before.as_ref() => String::new(),
                        Some(after) => format!(" => {after}"),
                        None => " => no such chat".to_owned(),
                    };
                    let _ = writeln!(table, "- {what}{state}");
                    for effect in effects {
                        let _ = writeln!(table, "    {effect}");
                    }
                }
            }
        }
        if !nothing.is_empty() {
            let _ = writeln!(table, "- no effect: {}", nothing.join("; "));
        }
        for (why, what) in ignored {
            let _ = writeln!(table, "- {why}: {}", what.join("; "));
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}
