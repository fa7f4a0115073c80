//! A minute after the last fault, everything has settled: the inbox is empty and the effects are
//! done, rooms and engine agree about who is where, and every chat that can be served is.

use std::collections::BTreeSet;

use switchboard_engine::{Agent, AgentId, Chat, ChatState, Engine, Serves, Setup, Span, Time};

use super::Delivered;
use crate::homeserver::{Membership, Room};

/// What there is in the end.
pub(crate) struct Settled<'a> {
    pub(crate) now: Time,
    pub(crate) engine: &'a Engine,
    pub(crate) delivered: Delivered<'a>,
}

pub(super) fn check(settled: &Settled<'_>, setup: &Setup) -> Result<(), String> {
    let store = settled.delivered.store;
    if let Some(item) = store.inbox().next() {
        return Err(format!("{item:?} is still in the inbox"));
    }
    if let Some(effect) = store.effects.values().next() {
        return Err(format!("{effect:?} is not done"));
    }
    for agent in settled.engine.agents() {
        if !agent.withdrawing.is_empty() {
            return Err(format!("{} is never asked again", agent.id));
        }
    }
    for chat in settled.engine.chats() {
        if let Some(room) = settled.delivered.homeserver.rooms.get(&chat.id) {
            agree(chat, room)?;
        }
        is_served(settled, chat, setup)?;
    }
    Ok(())
}

fn agree(chat: &Chat, room: &Room) -> Result<(), String> {
    let known = |agent: &&AgentId| !room.strangers.contains(agent);
    let joined: BTreeSet<&AgentId> = room
        .members
        .iter()
        .filter(|(_, is)| matches!(is, Membership::Joined(_)))
        .map(|(agent, _)| agent)
        .filter(known)
        .collect();
    let believed: BTreeSet<&AgentId> = match &chat.state {
        ChatState::Active { agents, .. } | ChatState::Ended { agents, .. } => {
            agents.iter().filter(known).collect()
        }
        ChatState::Waiting | ChatState::Ringing { .. } | ChatState::Form => BTreeSet::new(),
    };
    if joined != believed {
        return Err(format!(
            "in the room of chat {} are {joined:?}, not {believed:?}, and it is {:?}",
            chat.id.0, chat.state
        ));
    }
    if !chat.removing.is_empty() && chat.removing.iter().any(|agent| known(&agent)) {
        return Err(format!("chat {} still removes {:?}", chat.id.0, chat.removing));
    }
    if let Some(requests) = chat.requests_now() {
        return Err(format!("chat {} still rings {requests:?}", chat.id.0));
    }
    Ok(())
}

/// A chat waits only for somebody who is busy, or for a delay; or nobody is ready.
fn is_served(settled: &Settled<'_>, chat: &Chat, setup: &Setup) -> Result<(), String> {
    if chat.state != ChatState::Waiting {
        return Ok(());
    }
    let serves = |agent: &Agent| -> Option<Serves> {
        setup.queues.iter().find(|queue| queue.id == chat.queue)?;
        let profile = agent.profile.as_ref()?;
        let profile = setup.profiles.iter().find(|p| p.id == *profile)?;
        profile.queues.iter().find(|serves| serves.queue == chat.queue).cloned()
    };
    let ready: Vec<(&Agent, Serves)> = settled
        .engine
        .agents()
        .filter(|agent| agent.is_ready())
        .filter_map(|agent| Some((agent, serves(agent)?)))
        .collect();
    if ready.is_empty() {
        return Ok(());
    }
    let queue = setup.queues.iter().find(|queue| queue.id == chat.queue);
    let pause = queue.map_or(Span(0), |queue| queue.second_round_after);
    if chat.ask_after.is_some_and(|at| at > settled.now + pause)
        || ready.iter().all(|(agent, _)| chat.excluded.contains(&agent.id))
    {
        return Err(format!("chat {} waits for no reason: {chat:?}", chat.id.0));
    }
    for (agent, serves) in ready {
        let talking = settled
            .engine
            .chats()
            .filter(|c| matches!(&c.state, ChatState::Active { agents, .. } if agents.contains(&agent.id)))
            .count();
        let free = (talking as u64) < u64::from(agent.capacity);
        let pauses = chat.ask_after.is_some();
        if free
            && !pauses
            && !chat.excluded.contains(&agent.id)
            && chat.since + serves.delay <= settled.now
        {
            return Err(format!("chat {} waits, and {} is free", chat.id.0, agent.id));
        }
    }
    Ok(())
}
