//! Who in a room is an agent, and who is not.

use switchboard_engine::{AgentId, ChatId};

use super::{batch::Batch, desk::Desk, words};

impl Desk {
    /// Whether a user is an agent, as far as this chat is concerned: one of the configuration's, or
    /// one who was taken out of it while they had to do with the chat. They bring it to its end.
    pub(super) fn is_agent(&self, chat: ChatId, user: &str) -> bool {
        let agent = AgentId(user.to_owned());
        self.with.directory.agent_name(user).is_some()
            || self.engine().chat(chat).is_some_and(|chat| {
                chat.has(&agent) || chat.asked.contains(&agent) || chat.removing.contains(&agent)
            })
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
