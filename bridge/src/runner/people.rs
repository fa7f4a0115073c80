//! Who in a room is an agent, and who is not.

use serde_json::value::RawValue;
use switchboard_engine::{AgentId, ChatId};

use super::{batch::Batch, state::State, words};
use crate::{matrix::event, store::InboxItem};

impl State {
    /// Whether a user is an agent, as far as this chat is concerned: one of today's, or one who was
    /// removed while they had to do with the chat. They bring it to its end.
    pub(super) fn is_agent(&self, chat: ChatId, user: &str) -> bool {
        let agent = AgentId(user.to_owned());
        self.centre.agent(user).is_some()
            || self.engine().chat(chat).is_some_and(|chat| {
                chat.has(&agent) || chat.asked.contains(&agent) || chat.removing.contains(&agent)
            })
    }

    /// Tells the room, if it is a chat's, that something of somebody's in it could not be understood.
    /// Never about our own events, which would make another one.
    pub(super) fn tell_of_nonsense(&mut self, item: &InboxItem, batch: &mut Batch) {
        let Ok(raw) = serde_json::from_slice::<Box<RawValue>>(&item.body) else { return };
        let Ok(envelope) = event::envelope(&raw) else { return };
        let by_somebody = !envelope.sender.is_empty() && !self.with.names.is_ours(&envelope.sender);
        if let Some(chat) = self.with.directory.chat_of(&envelope.room_id)
            && by_somebody
        {
            self.notice(chat, words::NOT_UNDERSTOOD.to_owned(), None, &[], batch);
        }
    }

    /// Tells the room, once, that somebody in it is no agent. Agents may invite whom they like.
    pub(super) fn tell_of_guest(&mut self, chat: ChatId, user: &str, batch: &mut Batch) {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        if conversation.guests.insert(user.to_owned()) {
            batch.chats.insert(chat);
            self.notice(chat, words::guest(user), None, &[], batch);
        }
    }
}
