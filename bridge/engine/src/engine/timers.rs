//! What is due, and what happens then.

use std::{collections::BTreeSet, mem};

use super::{Turn, index::Due};
use crate::{
    chat::{ChatState, EndReason},
    effect::{ChatEvent, RemoveReason},
    ids::{AgentId, ChatId},
    time::Span,
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
                Due::Requeue => self.requeue(chat),
                Due::Close => self.close(chat),
                Due::GiveUp => self.end(chat, EndReason::NoAgent),
            }
        }
    }

    /// Moves every deadline, so that our absence is not held against anybody. No deadline gets
    /// further away than it was when it was set: one that was set after the absence had begun has
    /// lost less of its time, or none.
    pub(super) fn resumed(&mut self, outage: Span) {
        let now = self.now;
        let concerned: BTreeSet<ChatId> =
            self.engine.index.deadlines.iter().map(|&(_, chat, _)| chat).collect();
        for id in concerned {
            let Ok(chat) = self.chat(id) else { continue };
            let settings = self.settings_of(chat);
            let (pause, max_wait) = (settings.second_round_after, settings.max_wait);
            let (timeout, grace, close_after) =
                (settings.request_timeout, settings.return_grace, settings.close_after);
            self.edit_chat(id, |chat| {
                let (of_state, full) = match &mut chat.state {
                    ChatState::Waiting => (&mut None, None),
                    ChatState::Ringing { deadline, .. } => (deadline, Some(timeout)),
                    ChatState::Active { return_at, .. } => (return_at, Some(grace)),
                    ChatState::Ended { close_at, .. } => (close_at, Some(close_after)),
                };
                let ask_after = (&mut chat.ask_after, Some(pause));
                let give_up_at = (&mut chat.give_up_at, max_wait);
                for (at, full) in [(of_state, full), ask_after, give_up_at] {
                    *at = at.map(|at| {
                        let moved = at + outage;
                        // Never earlier, should the settings have become shorter meanwhile.
                        full.map_or(moved, |full| moved.min(now + full)).max(at)
                    });
                }
            });
        }
    }

    fn missed(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let ChatState::Ringing { agent, .. } = &chat.state else { return };
        let agent = agent.clone();
        self.take_back(id, &agent, ChatEvent::Missed { agent: agent.clone() });
        self.pass_over(id, &agent);
    }

    /// Nobody came back: the chat waits at its old place. It is a new search for an agent, in which
    /// only those who left are passed over at first.
    fn requeue(&mut self, id: ChatId) {
        let Ok(chat) = self.chat(id) else { return };
        let give_up_at = self.settings_of(chat).max_wait.map(|wait| self.now + wait);
        self.edit_chat(id, |chat| {
            chat.state = ChatState::Waiting;
            chat.excluded = mem::take(&mut chat.left);
            chat.round = 0;
            chat.give_up_at = give_up_at;
        });
        self.happened(id, ChatEvent::Requeued);
        self.settle(id);
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
