//! What agents do.

use switchboard_engine::{AgentId, ChatId, Input, Invitee, Leaving, MessageRef, Removal};

use crate::{
    desk::Desk,
    fixture::{profile_id, queue_id},
    render,
};

/// An agent about to do something.
pub(crate) struct AtDesk<'a> {
    desk: &'a mut Desk,
    id: AgentId,
}

impl<'a> AtDesk<'a> {
    pub(crate) fn new(desk: &'a mut Desk, id: AgentId) -> Self {
        Self { desk, id }
    }

    // At the desk.

    pub(crate) fn logs_on(self, profile: &str) {
        self.desk.input(Input::AgentLogsOn { agent: self.id, profile: profile_id(profile) });
    }

    pub(crate) fn logs_off(self) {
        self.desk.input(Input::AgentLogsOff { agent: self.id, chats: None });
    }

    pub(crate) fn logs_off_and(self, chats: Leaving) {
        self.desk.input(Input::AgentLogsOff { agent: self.id, chats: Some(chats) });
    }

    pub(crate) fn wants_chats(self) {
        self.desk.input(Input::AgentReady { agent: self.id });
    }

    pub(crate) fn pauses(self) {
        self.desk.input(Input::AgentPauses { agent: self.id, after_chats: false });
    }

    pub(crate) fn pauses_after_chats(self) {
        self.desk.input(Input::AgentPauses { agent: self.id, after_chats: true });
    }

    // In a chat.

    pub(crate) fn joins(self, chat: ChatId) {
        self.desk.input(Input::AgentJoined { chat, agent: self.id });
    }

    #[track_caller]
    pub(crate) fn accepts(self, chat: ChatId) {
        let name = render::name(&self.id).to_owned();
        self.desk.expect_ringing(chat, &name);
        self.joins(chat);
    }

    pub(crate) fn gone(self, chat: ChatId, how: Removal) {
        self.desk.input(Input::AgentGone { chat, agent: self.id, how });
    }

    pub(crate) fn declines(self, chat: ChatId) {
        self.gone(chat, Removal::Declined);
    }

    pub(crate) fn leaves(self, chat: ChatId) {
        self.gone(chat, Removal::Left);
    }

    pub(crate) fn writes(self, chat: ChatId) {
        self.desk.messages += 1;
        let message = MessageRef(self.desk.messages);
        self.desk.input(Input::AgentSent { chat, agent: self.id, message });
    }

    pub(crate) fn asks_end(self, chat: ChatId, customer_connected: bool) {
        self.desk.input(Input::AgentAsksEnd { chat, agent: self.id, customer_connected });
    }

    pub(crate) fn confirms_end(self, chat: ChatId) {
        self.desk.input(Input::AgentConfirmsEnd { chat, agent: self.id });
    }

    pub(crate) fn invites(self, chat: ChatId, name: &str) {
        let invitee = Invitee::Agent(render::agent_id(name));
        self.desk.input(Input::AgentInvites { chat, by: self.id, invitee, sent: false });
    }

    pub(crate) fn invites_queue(self, chat: ChatId, queue: &str) {
        let invitee = Invitee::Queue(queue_id(queue));
        self.desk.input(Input::AgentInvites { chat, by: self.id, invitee, sent: false });
    }

    pub(crate) fn cancels(self, chat: ChatId) {
        self.desk.input(Input::AgentCancelsInvitation { chat, agent: self.id });
    }

    pub(crate) fn says_leave(self, chat: ChatId) {
        self.desk.input(Input::AgentLeaves { chat, agent: self.id });
    }

    pub(crate) fn closes(self, chat: ChatId) {
        self.desk.input(Input::AgentCloses { chat, agent: self.id });
    }
}
