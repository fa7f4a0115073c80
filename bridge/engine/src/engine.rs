//! The state, and the way an input takes through it.

use std::collections::BTreeMap;

use crate::{
    agent::Agent,
    chat::Chat,
    effect::Step,
    ids::{AgentId, ChatId, QueueId},
    input::Input,
    queue::QueueSettings,
    time::Time,
};

/// The rules and all that they need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    queues: BTreeMap<QueueId, QueueSettings>,
    agents: BTreeMap<AgentId, Agent>,
    chats: BTreeMap<ChatId, Chat>,
}

impl Engine {
    /// An engine with stored records. Derived indexes (waiting order, deadlines, load) are rebuilt.
    #[must_use]
    pub fn load(
        queues: impl IntoIterator<Item = QueueSettings>,
        agents: impl IntoIterator<Item = Agent>,
        chats: impl IntoIterator<Item = Chat>,
    ) -> Self {
        let _ = (queues, agents, chats);
        todo!()
    }

    /// Takes one input. `now` never goes backwards (an earlier value counts as the latest seen).
    pub fn handle(&mut self, now: Time, input: Input) -> Step {
        let _ = (now, input);
        todo!()
    }

    /// The earliest time at which [`Input::Timer`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        todo!()
    }

    /// A chat's record.
    #[must_use]
    pub fn chat(&self, id: ChatId) -> Option<&Chat> {
        self.chats.get(&id)
    }

    /// All chats' records.
    pub fn chats(&self) -> impl Iterator<Item = &Chat> {
        self.chats.values()
    }

    /// An agent's record.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// All agents' records.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// The place of a waiting or ringing chat in its queue, from 1.
    #[must_use]
    pub fn position(&self, chat: ChatId) -> Option<usize> {
        let _ = chat;
        todo!()
    }

    /// The waiting and ringing chats of a queue in order, for snapshots.
    pub fn waiting<'a>(&'a self, queue: &QueueId) -> impl Iterator<Item = ChatId> + 'a {
        let _ = queue;
        std::iter::empty()
    }

    /// Drops an ended and closed chat from memory; its record stays in the store.
    pub fn forget(&mut self, chat: ChatId) {
        self.chats.remove(&chat);
    }
}
