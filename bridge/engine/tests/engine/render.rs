//! Effects and states in a few words, so that a test reads like what it tests.

use switchboard_engine::{
    AgentId, Chat, ChatEvent, ChatId, ChatState, Effect, EndReason, InvitationEnd, Invitee,
    RemoveReason, Request, Span, Status, Time,
};

/// `anna` for `@anna:example.org`.
pub(crate) fn name(agent: &AgentId) -> &str {
    agent.0.trim_start_matches('@').split(':').next().unwrap_or_default()
}

pub(crate) fn agent_id(name: &str) -> AgentId {
    AgentId(format!("@{name}:example.org"))
}

pub(crate) fn effect(effect: &Effect) -> String {
    let on = |chat: &ChatId, what: String| format!("{}: {what}", chat.0);
    match effect {
        Effect::OpenRoom { chat } => on(chat, "open room".to_owned()),
        Effect::Ring { chat, request, agent, waited: Span(waited), again, by } => {
            let again = if *again { ", again" } else { "" };
            let by = by.as_ref().map(|by| format!(", for {}", name(by))).unwrap_or_default();
            let waited = waited / 1000;
            on(chat, format!("ring {} #{request} after {waited}s{again}{by}", name(agent)))
        }
        Effect::Withdraw { chat, agent } => on(chat, format!("withdraw {}", name(agent))),
        Effect::Remove { chat, agent, why } => {
            let why = match why {
                RemoveReason::Closed => "closed",
                RemoveReason::TooLate => "too late",
                RemoveReason::LoggedOff => "logged off",
                RemoveReason::Asked => "asked",
            };
            on(chat, format!("remove {} ({why})", name(agent)))
        }
        Effect::Relay { chat, message } => on(chat, format!("relay {}", message.0)),
        Effect::Show { chat, agent, message } => {
            on(chat, format!("show {} by {}", message.0, name(agent)))
        }
        Effect::Refuse { chat, message, why } => {
            on(chat, format!("refuse {} ({why:?})", message.0))
        }
        Effect::NotShown { chat, agent, message, why } => {
            on(chat, format!("not shown {} by {} ({why:?})", message.0, name(agent)))
        }
        Effect::ConfirmEnd { chat, agent } => on(chat, format!("ask {} to confirm", name(agent))),
        Effect::ConfirmLogOff { agent, chats } => {
            format!("ask {} what becomes of {chats} chats", name(agent))
        }
        Effect::AgentChanged { agent, status, why } => {
            format!("{} is {} ({why:?})", name(agent), self::status(*status))
        }
        Effect::Happened { chat, event } => on(chat, self::event(event)),
        Effect::Ignored { why } => format!("ignored: {why}"),
    }
}

/// What kind of effect it is, without who and which.
pub(crate) fn kind(effect: &Effect) -> String {
    let name = |text: String| {
        let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
        text[..end].to_owned()
    };
    match effect {
        Effect::Happened { event: ChatEvent::Ended { reason }, .. } => {
            format!("Ended:{}", name(format!("{reason:?}")))
        }
        Effect::Happened { event, .. } => name(format!("{event:?}")),
        Effect::AgentChanged { status, why, .. } => format!("{status:?}:{why:?}"),
        Effect::Remove { why, .. } => format!("Remove:{why:?}"),
        Effect::Refuse { why, .. } => format!("Refuse:{why:?}"),
        Effect::NotShown { why, .. } => format!("NotShown:{why:?}"),
        Effect::Ignored { why } => format!("Ignored:{why:?}"),
        other => name(format!("{other:?}")),
    }
}

fn event(event: &ChatEvent) -> String {
    match event {
        ChatEvent::Queued => "* queued".to_owned(),
        ChatEvent::QueueFull => "* queue full".to_owned(),
        ChatEvent::QueueClosed => "* queue closed".to_owned(),
        ChatEvent::Requested { agent, request } => {
            format!("* {} requested #{request}", name(agent))
        }
        ChatEvent::Rejected { agent } => format!("* {} rejected", name(agent)),
        ChatEvent::Missed { agent } => format!("* {} missed", name(agent)),
        ChatEvent::Withdrawn { agent } => format!("* withdrawn from {}", name(agent)),
        ChatEvent::RequestFailed { agent } => format!("* request to {} failed", name(agent)),
        ChatEvent::Joined { agent, first: true } => format!("* {} joined first", name(agent)),
        ChatEvent::Joined { agent, first: false } => format!("* {} joined", name(agent)),
        ChatEvent::Left { agent, last: true } => format!("* {} left last", name(agent)),
        ChatEvent::Left { agent, last: false } => format!("* {} left", name(agent)),
        ChatEvent::Requeued => "* requeued".to_owned(),
        ChatEvent::RoundOver => "* round over".to_owned(),
        ChatEvent::Overflowed { from, to } => format!("* overflowed from {from} to {to}"),
        ChatEvent::Moved { from, to } => format!("* moved from {from} to {to}"),
        ChatEvent::FormOffered => "* form offered".to_owned(),
        ChatEvent::MessageLeft => "* message left".to_owned(),
        ChatEvent::Ended { reason } => format!("* ended: {}", self::reason(reason)),
        ChatEvent::InvitationAsked { by, invitee } => {
            let whom = match invitee {
                Invitee::Agent(agent) => name(agent),
                Invitee::Queue(queue) => &queue.0,
            };
            format!("* {} invites {whom}", name(by))
        }
        ChatEvent::InvitationRings { agent, request, status, busy } => {
            let busy = if *busy { ", busy" } else { "" };
            format!("* {} invited #{request} ({}{busy})", name(agent), self::status(*status))
        }
        ChatEvent::InvitationRefused { agent, why } => {
            format!("* invitation: {} {why:?}", name(agent))
        }
        ChatEvent::InvitationOver { how } => match how {
            InvitationEnd::Accepted(agent) => format!("* invitation accepted by {}", name(agent)),
            InvitationEnd::Cancelled(agent) => format!("* invitation cancelled by {}", name(agent)),
            other => format!("* invitation over: {other:?}"),
        },
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::LoggedOff => "logged off",
        Status::Ready => "ready",
        Status::Paused => "paused",
        Status::NotResponding => "not responding",
    }
}

fn reason(reason: &EndReason) -> String {
    match reason {
        EndReason::Customer => "customer".to_owned(),
        EndReason::Agent(agent) => name(agent).to_owned(),
        EndReason::Abandoned => "abandoned".to_owned(),
        EndReason::NoAgent => "no agent".to_owned(),
    }
}

/// A chat's state; times are told relative to `now`.
pub(crate) fn state(chat: &Chat, now: Time) -> String {
    let until = |at: &Option<Time>| {
        at.map(|at| format!(", {}s left", (at - now).0 / 1000)).unwrap_or_default()
    };
    let all = |agents: &std::collections::BTreeSet<AgentId>| {
        agents.iter().map(name).collect::<Vec<_>>().join(" and ")
    };
    match &chat.state {
        ChatState::Waiting => match chat.ask_after {
            Some(_) => format!("pausing{}", until(&chat.ask_after)),
            None => "waiting".to_owned(),
        },
        ChatState::Ringing { requests } => {
            let each = requests.iter().map(|(agent, Request { number, deadline, .. })| {
                format!("{} #{number}{}", name(agent), until(deadline))
            });
            format!("ringing {}", each.collect::<Vec<_>>().join(" and "))
        }
        ChatState::Form => "form".to_owned(),
        ChatState::Active { agents, return_at } if agents.is_empty() => {
            format!("active with nobody{}", until(return_at))
        }
        ChatState::Active { agents, .. } => format!("active with {}", all(agents)),
        ChatState::Ended { reason: why, agents, .. } if agents.is_empty() => {
            format!("ended by {}", reason(why))
        }
        ChatState::Ended { reason: why, close_at, agents } => {
            format!("ended by {}, {} still there{}", reason(why), all(agents), until(close_at))
        }
    }
}
