//! One chat, and an agent's own work.

use switchboard_centre::{
    Reply,
    views::{
        chats::{self, ChatNow, Ended, OwnChat, OwnQueue, OwnWork, Stage},
        live::Named,
    },
};
use switchboard_engine::{AgentId, Chat, ChatId, ChatState, EndReason, Time};

use super::State;
use crate::runner::records::{Conversation, Declined};

impl State {
    /// The chat with this number, unless it has been over for more than a day.
    pub(in crate::runner) fn find_chat(&self, number: u64) -> Option<ChatId> {
        let mut chats = self.conversations.iter();
        chats.find(|(_, conversation)| conversation.number == number).map(|(chat, _)| *chat)
    }

    /// Answers `!chat`.
    pub(in crate::runner) fn view_chat(&self, user: &str, number: u64) -> Reply {
        let found = self.find_chat(number);
        let Some((id, of)) = found.and_then(|id| Some((id, self.conversations.get(&id)?))) else {
            return chats::no_chat(number);
        };
        if !self.centre.supervises(user, &of.queue) {
            return chats::not_your_chat(number);
        }
        let chat = self.engine.chat(id);
        let now = ChatNow {
            number,
            stage: chat.map_or(Stage::Ended { why: Ended::Unknown, agents: Vec::new() }, |chat| {
                self.stage(chat)
            }),
            queue: self.queue_named(&of.queue),
            customer: of.customer.clone(),
            began: chat.map(|chat| chat.since),
            taken: of.taken.map(Time),
            ended: of.ended.map(Time),
            rejected: self.often(of, |declined| declined.rejected),
            missed: self.often(of, |declined| declined.missed),
            room: self.room_link(of),
        };
        chats::chat(&now, &self.centre.wall_clock(self.now()))
    }

    /// Who did not take a chat, and how often.
    fn often(&self, of: &Conversation, count: impl Fn(&Declined) -> u32) -> Vec<(String, u32)> {
        let declined = of.declined.iter().map(|(id, declined)| (id, count(declined)));
        let declined = declined.filter(|(_, count)| *count > 0);
        declined.map(|(id, count)| (self.agent_named(id).name, count)).collect()
    }

    fn stage(&self, chat: &Chat) -> Stage {
        match &chat.state {
            ChatState::Waiting | ChatState::Ringing { .. } => Stage::Waiting {
                place: self.engine.position(chat.id).unwrap_or_default(),
                asked: self
                    .agent_names(chat.requests_now().into_iter().flatten().map(|(id, _)| id)),
                message: chat.message,
            },
            ChatState::Form => Stage::Form,
            ChatState::Active { agents, return_at } => {
                Stage::Active { agents: self.agent_names(agents), returns: *return_at }
            }
            ChatState::Ended { reason, agents, .. } => {
                let why = self.why_ended(reason);
                Stage::Ended { why, agents: self.agent_names(agents) }
            }
        }
    }

    pub(in crate::runner) fn why_ended(&self, reason: &EndReason) -> Ended {
        match reason {
            EndReason::Customer => Ended::Customer,
            EndReason::Agent(agent) => Ended::Agent(self.agent_named(agent).name),
            EndReason::Abandoned => Ended::Abandoned,
            EndReason::NoAgent => Ended::NoAgent,
        }
    }

    /// Answers `!status`.
    pub(in crate::runner) fn view_status(&self, id: &AgentId) -> Reply {
        let Some(agent) = self.engine.agent(id) else { return chats::no_agent() };
        let served = agent.profile.iter().flat_map(|profile| self.engine.served(profile));
        let queues = served.map(|serves| {
            let waits = self.waits(&serves.queue);
            OwnQueue {
                name: self.queue_named(&serves.queue.0).name,
                waiting: waits.waiting,
                longest: waits.longest,
                messages: waits.messages,
            }
        });
        let own = self.engine.chats_of(id).filter_map(|chat| self.conversations.get(&chat));
        let mut own: Vec<OwnChat> = own
            .map(|of| OwnChat {
                number: of.number,
                queue: self.queue_named(&of.queue).name,
                customer: of.customer.clone(),
                room: self.room_link(of),
            })
            .collect();
        own.sort_by_key(|chat| chat.number);
        let profiles = self.centre.profiles_of(&id.0).into_iter();
        let work = OwnWork {
            status: agent.status,
            pausing: agent.pausing,
            since: agent.since,
            reason: self.pause_reason(id).map(str::to_owned),
            profile: agent.profile.as_ref().map(|profile| self.profile_named(profile)),
            capacity: agent.capacity,
            asked: agent.request.and_then(|chat| self.number_of(chat)),
            queues: queues.collect(),
            chats: own,
            profiles: profiles.map(|p| Named { name: p.name, id: p.id }).collect(),
        };
        chats::status(&work, &self.centre.wall_clock(self.now()))
    }

    /// The address of a chat's room. Its id does not say where it is, so our homeserver is named.
    pub(in crate::runner) fn room_link(&self, of: &Conversation) -> Option<String> {
        let server = self.with.names.bot().server_name().to_owned();
        of.room.as_ref().map(|room| room.matrix_to_uri_via([server]).to_string())
    }
}
