//! A request counts as missed only when it has rung for its whole time, our own absence and the
//! homeserver's not counted.

use std::collections::BTreeMap;

use switchboard_engine::{AgentId, ChatEvent, ChatId, Effect, Engine, Input, Setup, Span, Time};

use super::Stepped;

#[derive(Clone, Copy, Debug)]
struct Rings {
    since: Time,
    absence: Span,
    timeout: Span,
}

#[derive(Debug, Default)]
pub(super) struct Times {
    /// Since when we or the homeserver have been away, if we are back.
    pub(super) absent_since: Option<Time>,
    rings: BTreeMap<(ChatId, AgentId), Rings>,
}

impl Times {
    pub(super) fn reload(&mut self, engine: &Engine, setup: &Setup) {
        self.rings.clear();
        for chat in engine.chats() {
            let timeout = timeout(setup, chat);
            for (agent, request) in chat.requests_now().into_iter().flatten() {
                let Some(deadline) = request.deadline else { continue };
                // What was moved already counts as the time before.
                let since = Time(deadline.0.saturating_sub(timeout.0));
                let rings = Rings { since, absence: Span(0), timeout };
                self.rings.insert((chat.id, agent.clone()), rings);
            }
        }
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        match at.input {
            Input::RequestSent { chat, request } => {
                if let Some(record) = at.engine.chat(*chat)
                    && let Some((agent, _)) = record.request(*request)
                {
                    let timeout = timeout(at.setup, record);
                    let rings = Rings { since: at.now, absence: Span(0), timeout };
                    self.rings.entry((*chat, agent.clone())).or_insert(rings);
                }
            }
            Input::Resumed { outage } => {
                if let Some(since) = self.absent_since.take()
                    && *outage != at.now - since
                {
                    let (true_ms, said_ms) = ((at.now - since).0, outage.0);
                    return Err(format!("an absence of {true_ms} ms counts as {said_ms}"));
                }
                let began = Time(at.now.0.saturating_sub(outage.0));
                for rings in self.rings.values_mut() {
                    let heard = at.now - rings.since.max(began);
                    rings.absence = Span(rings.absence.0 + heard.0);
                }
            }
            _ => {}
        }
        for effect in &at.step.effects {
            let Effect::Happened { chat, event } = effect else { continue };
            match event {
                ChatEvent::Missed { agent } => {
                    let Some(rings) = self.rings.remove(&(*chat, agent.clone())) else {
                        return Err(format!("{agent} missed chat {} before it rang", chat.0));
                    };
                    let rang = Span((at.now - rings.since).0.saturating_sub(rings.absence.0));
                    if rang < rings.timeout {
                        return Err(format!(
                            "{agent} missed chat {} after {} ms of {}",
                            chat.0, rang.0, rings.timeout.0
                        ));
                    }
                }
                ChatEvent::Rejected { agent }
                | ChatEvent::Withdrawn { agent }
                | ChatEvent::RequestFailed { agent }
                | ChatEvent::Joined { agent, .. } => {
                    self.rings.remove(&(*chat, agent.clone()));
                }
                ChatEvent::Ended { .. } => self.rings.retain(|(of, _), _| of != chat),
                _ => {}
            }
        }
        Ok(())
    }
}

fn timeout(setup: &Setup, chat: &switchboard_engine::Chat) -> Span {
    let queue = setup.queues.iter().find(|queue| queue.id == chat.queue);
    queue.map_or(Span(0), |queue| queue.request_timeout)
}
