//! The state, and the way an input takes through it.
//!
//! [`Engine::handle`] opens a `Turn`, which holds the state, the time, and what has come of the
//! input so far. The turn changes records only through `edit_chat` and `edit_agent`, which keep the
//! index in step and note what is to be stored. At the end of every turn `assign` fills whatever
//! the input freed.

mod agents;
mod customer;
mod index;
mod membership;
mod requests;
mod routing;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use self::index::Index;
use crate::{
    agent::Agent,
    chat::{Chat, ChatState},
    effect::{ChatEvent, Effect, Ignored, RecordKey, Step},
    ids::{AgentId, ChatId, QueueId},
    input::Input,
    queue::QueueSettings,
    time::{Span, Time},
};

/// The rules and all that they need to know.
///
/// Two engines are equal if they hold the same settings and records.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    latest: Time,
    queues: BTreeMap<QueueId, QueueSettings>,
    agents: BTreeMap<AgentId, Agent>,
    chats: BTreeMap<ChatId, Chat>,
    index: Index,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        // The index follows from the records; comparing it too lets tests find one that does not.
        (&self.queues, &self.agents, &self.chats, &self.index)
            == (&other.queues, &other.agents, &other.chats, &other.index)
    }
}

impl Eq for Engine {}

impl Engine {
    /// An engine with stored records. Derived indexes (waiting order, deadlines, load) are rebuilt.
    #[must_use]
    pub fn load(
        queues: impl IntoIterator<Item = QueueSettings>,
        agents: impl IntoIterator<Item = Agent>,
        chats: impl IntoIterator<Item = Chat>,
    ) -> Self {
        let queues = queues.into_iter().map(|queue| (queue.id.clone(), queue)).collect();
        let agents = agents.into_iter().map(|agent| (agent.id.clone(), agent)).collect();
        let chats = chats.into_iter().map(|chat| (chat.id, chat)).collect();
        let index = Index::build(&agents, &chats);
        Self { latest: Time::default(), queues, agents, chats, index }
    }

    /// Takes one input. `now` never goes backwards (an earlier value counts as the latest seen).
    ///
    /// The cost grows with the number of agents and with the logarithm of the number of chats,
    /// except for the rare [`Input::AgentsConfigured`] and [`Input::Resumed`], which concern every
    /// open chat.
    pub fn handle(&mut self, now: Time, input: Input) -> Step {
        self.latest = self.latest.max(now);
        let now = self.latest;
        let mut turn =
            Turn { engine: self, now, effects: Vec::new(), changed: BTreeSet::default() };
        match turn.take(input) {
            Ok(()) => turn.assign(),
            Err(why) => turn.effects.push(Effect::Ignored { why }),
        }
        Step { effects: turn.effects, changed: turn.changed.into_iter().collect() }
    }

    /// The earliest time at which [`Input::Timer`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.index.deadlines.first().map(|&(at, ..)| at)
    }

    /// All queues' settings.
    pub fn queues(&self) -> impl Iterator<Item = &QueueSettings> {
        self.queues.values()
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

    /// The place of a waiting or ringing chat in its queue, from 1. Counts the chats before it; use
    /// [`waiting`](Self::waiting) for many at once.
    #[must_use]
    pub fn position(&self, chat: ChatId) -> Option<usize> {
        let chat = self.chats.get(&chat).filter(|chat| chat.is_queued())?;
        let places = self.index.queued.get(&chat.queue)?;
        Some(places.range(..=index::place(chat)).count())
    }

    /// The waiting and ringing chats of a queue in order, for snapshots.
    pub fn waiting<'a>(&'a self, queue: &QueueId) -> impl Iterator<Item = ChatId> + 'a {
        self.index.queued.get(queue).into_iter().flatten().map(|&(_, chat)| chat)
    }

    /// Whether nothing is left to be done about a chat: it is over, its agents are out of the room,
    /// and no withdrawn request of it can still come to a surprise.
    #[must_use]
    pub fn is_closed(&self, chat: ChatId) -> bool {
        let over = self.chats.get(&chat).is_some_and(
            |chat| matches!(&chat.state, ChatState::Ended { agents, .. } if agents.is_empty()),
        );
        over && !self.agents.values().any(|agent| agent.withdrawing.contains(&chat))
    }

    /// Drops an ended and closed chat; its record is to be deleted. Any other chat is kept: see
    /// [`is_closed`](Self::is_closed).
    pub fn forget(&mut self, chat: ChatId) {
        if self.is_closed(chat) {
            self.chats.remove(&chat);
        }
    }

    fn settings(&self, queue: &QueueId) -> &QueueSettings {
        self.queues.get(queue).unwrap_or(&REMOVED_QUEUE)
    }
}

/// A chat may outlive its queue's configuration; it is brought to its end with these settings.
static REMOVED_QUEUE: QueueSettings = QueueSettings {
    id: QueueId(String::new()),
    request_timeout: Span::seconds(45),
    second_round_after: Span::seconds(30),
    max_wait: Some(Span::seconds(30 * 60)),
    max_length: 0,
    return_grace: Span::seconds(60),
    close_after: Span::seconds(10 * 60),
    max_pending_messages: 20,
};

/// Whether an input fitted.
type Outcome = Result<(), Ignored>;

/// One input on its way through the state.
struct Turn<'e> {
    engine: &'e mut Engine,
    now: Time,
    effects: Vec<Effect>,
    changed: BTreeSet<RecordKey>,
}

impl Turn<'_> {
    fn take(&mut self, input: Input) -> Outcome {
        match input {
            Input::ChatStarted { chat, queue } => self.chat_started(chat, queue),
            Input::CustomerSent { chat, message } => self.customer_sent(chat, message),
            Input::CustomerEnded { chat } => self.customer_ended(chat),
            Input::CustomerAway { chat } => self.customer_away(chat),
            Input::RoomOpened { chat } => self.room_opened(chat),
            Input::RoomFailed { chat } => self.room_failed(chat),
            Input::RequestSent { chat, request } => self.request_sent(chat, request),
            Input::RequestFailed { chat, request } => self.request_failed(chat, request),
            Input::RequestWithdrawn { chat, agent, outcome } => {
                self.request_withdrawn(chat, &agent, outcome)
            }
            Input::AgentJoined { chat, agent } => self.agent_joined(chat, &agent),
            Input::AgentGone { chat, agent, how } => self.agent_gone(chat, &agent, how),
            Input::RemovalFailed { chat, agent } => self.removal_failed(chat, &agent),
            Input::AgentSent { chat, agent, message } => self.agent_sent(chat, agent, message),
            Input::AgentAsksEnd { chat, agent, customer_connected } => {
                self.agent_asks_end(chat, agent, customer_connected)
            }
            Input::AgentConfirmsEnd { chat, agent } => self.agent_confirms_end(chat, agent),
            Input::AgentCloses { chat, agent } => self.agent_closes(chat, &agent),
            Input::AgentsConfigured { agents } => {
                self.agents_configured(agents);
                Ok(())
            }
            Input::Resumed { outage } => {
                self.resumed(outage);
                Ok(())
            }
            Input::Timer => {
                self.timer();
                Ok(())
            }
        }
    }

    fn chat(&self, id: ChatId) -> Result<&Chat, Ignored> {
        self.engine.chats.get(&id).ok_or(Ignored::UnknownChat)
    }

    fn settings_of(&self, chat: &Chat) -> &QueueSettings {
        self.engine.settings(&chat.queue)
    }

    fn happened(&mut self, chat: ChatId, event: ChatEvent) {
        self.effects.push(Effect::Happened { chat, event });
    }

    fn insert_chat(&mut self, chat: Chat) {
        self.engine.index.add(&chat, &self.engine.agents);
        self.changed.insert(RecordKey::Chat(chat.id));
        self.engine.chats.insert(chat.id, chat);
    }

    /// Changes a chat, keeping the index in step.
    fn edit_chat(&mut self, id: ChatId, change: impl FnOnce(&mut Chat)) {
        let Engine { agents, chats, index, .. } = &mut *self.engine;
        let Some(chat) = chats.get_mut(&id) else { return };
        index.remove(chat, agents);
        change(chat);
        index.add(chat, agents);
        self.changed.insert(RecordKey::Chat(id));
    }

    /// Changes an agent, keeping the index in step. Does nothing for one who has been removed.
    fn edit_agent(&mut self, id: &AgentId, change: impl FnOnce(&mut Agent)) {
        let Engine { agents, index, .. } = &mut *self.engine;
        let Some(agent) = agents.get_mut(id) else { return };
        index.forget_available(agent);
        change(agent);
        index.refresh_available(agent);
        self.changed.insert(RecordKey::Agent(id.clone()));
    }
}
