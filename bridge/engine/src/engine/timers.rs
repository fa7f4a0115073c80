//! What is due, and what happens then.

use std::{collections::BTreeSet, mem};

use super::{Turn, index::Due};
use crate::{
    bugs::{Bug, has},
    chat::{ChatState, EndReason, Request},
    effect::{ChatEvent, InvitationRefusal, RemoveReason},
    ids::{AgentId, ChatId},
    queue::{Overflow, OverflowTo},
    time::{Span, Time},
};

impl Turn<'_> {
    /// Deals with every deadline up to now. Agents are assigned after all of them, so that no one
    /// is asked for a chat that is about to end.
    pub(super) fn timer(&mut self) {
        while let Some(&(at, chat, due)) = self.engine.index.deadlines.first()
            && at <= self.now
        {
            match due {
                Due::Missed => self.missed(chat),
                Due::Ask => self.edit_chat(chat, |chat| chat.ask_after = None),
                // To consider everybody whose delay is over, looking at the chat again is enough.
                Due::Delay => self.edit_chat(chat, |chat| chat.seen_until = at),
                Due::Requeue => self.requeue(chat),
                Due::Close => self.close(chat),
                Due::Overflow => {
                    self.overflow(chat);
                }
                Due::GiveUp => self.give_up(chat),
            }
        }
    }

    /// Moves every deadline, so that our absence is not held against anybody. What was set during
    /// the absence has its whole span at most.
    pub(super) fn resumed(&mut self, outage: Span) {
        if has(Bug::IgnoresOutage) {
            return;
        }
        let concerned: BTreeSet<ChatId> =
            self.engine.index.deadlines.iter().map(|&(_, chat, _)| chat).collect();
        let now = self.now;
        for id in concerned {
            let Ok(chat) = self.chat(id) else { continue };
            let queue = self.settings_of(chat).clone();
            let moved =
                |at: Option<Time>, span: Span| at.map(|at| (at + outage).min((now + span).max(at)));
            let invited_within = self.invited_within(chat);
            let overflow = queue.overflow.as_ref().and_then(|overflow| overflow.after);
            self.edit_chat(id, |chat| {
                match &mut chat.state {
                    ChatState::Ringing { requests } => {
                        for request in requests.values_mut() {
                            request.deadline = moved(request.deadline, queue.request_timeout);
                        }
                    }
                    ChatState::Active { return_at, .. } => {
                        *return_at = moved(*return_at, queue.return_grace);
                    }
                    ChatState::Ended { close_at, .. } => {
                        *close_at = moved(*close_at, queue.close_after);
                    }
                    ChatState::Waiting | ChatState::Form => {}
                }
                if let Some(invitation) = &mut chat.invitation {
                    let deadline = &mut invitation.rings.request.deadline;
                    *deadline = moved(*deadline, invited_within);
                }
                chat.ask_after = moved(chat.ask_after, queue.second_round_after);
                chat.give_up_at = moved(chat.give_up_at, queue.max_wait.unwrap_or(outage));
                chat.overflow_at = moved(chat.overflow_at, overflow.unwrap_or(outage));
            });
        }
    }

    fn missed(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let overdue = |request: &Request| request.deadline.is_some_and(|at| at <= self.now);
        let invited = chat.invitation.as_ref().map(|invitation| &invitation.rings);
        if let Some(rings) = invited.filter(|rings| overdue(&rings.request)) {
            let agent = rings.agent.clone();
            return self.invitation_refused(id, &agent, InvitationRefusal::Missed);
        }
        let late: Vec<AgentId> = chat
            .requests_now()
            .into_iter()
            .flatten()
            .filter(|(_, request)| overdue(request))
            .map(|(agent, _)| agent.clone())
            .collect();
        for agent in late {
            self.take_back(id, &agent, ChatEvent::Missed { agent: agent.clone() });
            self.exclude(id, &agent);
            self.count_miss(&agent);
            self.go_on(id);
        }
    }

    /// Nobody came back: the chat waits at its old place. It is a new search for an agent, in which
    /// only those who left are passed over at first.
    pub(super) fn requeue(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let give_up_at = self.settings_of(chat).max_wait.map(|wait| self.now + wait);
        let overflow_at = self.overflow_at(&chat.queue);
        let now = self.now;
        self.edit_chat(id, |chat| {
            if has(Bug::ResetsSince) {
                chat.since = now;
            }
            chat.state = ChatState::Waiting;
            chat.excluded = mem::take(&mut chat.left);
            chat.late.clear();
            if has(Bug::AsksLeavers) {
                chat.excluded.clear();
            }
            chat.round = 0;
            chat.passed.clear();
            chat.give_up_at = give_up_at.filter(|_| !chat.message);
            chat.overflow_at = overflow_at.filter(|_| !chat.message);
        });
        self.happened(id, ChatEvent::Requeued);
        self.settle(id);
        self.overflow_if_nobody_is_ready(id);
    }

    /// The customer has waited long enough. Where a message can be left, that is better than nothing.
    fn give_up(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let overflow = &self.settings_of(chat).overflow;
        if matches!(overflow, Some(Overflow { to: OverflowTo::Message, .. })) {
            self.offer_form(id);
        } else {
            self.end(id, EndReason::NoAgent);
        }
    }

    fn close(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let ChatState::Ended { agents, .. } = &chat.state else { return };
        let agents: Vec<AgentId> = agents.iter().cloned().collect();
        self.edit_chat(id, |chat| {
            if let ChatState::Ended { close_at, .. } = &mut chat.state {
                *close_at = None;
            }
        });
        for agent in agents {
            self.remove(id, &agent, RemoveReason::Closed);
        }
    }
}
