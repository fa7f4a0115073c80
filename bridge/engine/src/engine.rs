//! The state, and the way an input takes through it.
//!
//! [`Engine::handle`] opens a `Turn`, which holds the state, the time, and what has come of the
//! input so far. The turn changes records only through `edit_chat`, `edit_agent` and the like, which
//! keep the index in step, note what is to be stored, and remember whose turn to ask or be asked may
//! have come. At the end of every turn `assign` fills whatever the input freed.
//!
//! | module | what |
//! |---|---|
//! | `roster` | the setup, in the form in which the rules look things up |
//! | `index` | what is looked up often, derived from the records |
//! | `customer` | what customers do, and how a chat ends |
//! | `agents` | what agents do in a chat |
//! | `membership` | agents who join and go |
//! | `invitations` | agents who ask another agent to come |
//! | `availability` | log on, log off, ready, pause |
//! | `requests` | the room and the requests: what became of our effects |
//! | `routing` | who is asked next |
//! | `overflow` | what happens to chats that nobody takes |
//! | `supervision` | what supervisors and administrators change |
//! | `timers` | what is due |

mod agents;
mod availability;
mod customer;
mod index;
mod invitations;
mod membership;
mod overflow;
mod requests;
mod roster;
mod routing;
mod supervision;
mod timers;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    index::{Index, Place},
    roster::Roster,
};
use crate::{
    agent::Agent,
    bugs::{Bug, has},
    chat::{Chat, ChatState},
    effect::{ChatEvent, Effect, Ignored, RecordKey, Step},
    ids::{AgentId, ChatId, ProfileId, QueueId},
    input::Input,
    queue::QueueSettings,
    setup::{Serves, Setup},
    time::Time,
};

/// The rules and all that they need to know.
///
/// Two engines are equal if they hold the same settings and records.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    latest: Time,
    roster: Roster,
    agents: BTreeMap<AgentId, Agent>,
    chats: BTreeMap<ChatId, Chat>,
    index: Index,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        // The index follows from the records; comparing it too lets tests find one that does not.
        (&self.roster, &self.agents, &self.chats, &self.index)
            == (&other.roster, &other.agents, &other.chats, &other.index)
    }
}

impl Eq for Engine {}

impl Engine {
    /// An engine with stored records. Derived indexes (waiting order, deadlines, load) are rebuilt.
    /// The setup's agents are taken over by [`Input::Configured`], not here.
    ///
    /// A ringing chat that was stored before several agents could be asked at once does not say
    /// whom it asks: it waits again, and whoever accepts its last invite has it.
    #[must_use]
    pub fn load(
        setup: &Setup,
        agents: impl IntoIterator<Item = Agent>,
        chats: impl IntoIterator<Item = Chat>,
    ) -> Self {
        let roster = Roster::new(setup);
        let chats: BTreeMap<ChatId, Chat> =
            chats.into_iter().map(|chat| (chat.id, readable(chat))).collect();
        let agents = agents
            .into_iter()
            .map(|mut agent| {
                agent.request.take_if(|chat| !chats.get(chat).is_some_and(|c| c.rings(&agent.id)));
                (agent.id.clone(), agent)
            })
            .collect();
        let index = Index::build(&roster, &agents, &chats);
        Self { latest: Time::default(), roster, agents, chats, index }
    }

    /// Takes one input. `now` never goes backwards (an earlier value counts as the latest seen).
    ///
    /// The cost grows with the logarithm of the number of chats, and with the number of profiles
    /// and queues that the concerned agent or chat has to do with. After a rejection, and where all
    /// are rung, it also grows with the number of the queue's agents. Rare inputs that concern every open chat or agent
    /// cost as much: [`Input::Configured`], [`Input::Resumed`], and an agent's change of status for
    /// the chats that some agents have rejected.
    pub fn handle(&mut self, now: Time, input: Input) -> Step {
        self.latest = self.latest.max(now);
        let now = self.latest;
        let mut turn = Turn {
            engine: self,
            now,
            effects: Vec::new(),
            changed: BTreeSet::new(),
            woken_agents: BTreeSet::new(),
            woken_chats: BTreeSet::new(),
        };
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
        self.roster.queues()
    }

    /// The queues of a profile that are there; none for a profile that is not.
    #[must_use]
    pub fn served(&self, profile: &ProfileId) -> &[Serves] {
        self.roster.profile(profile)
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

    /// The active chats that an agent is in.
    pub fn chats_of<'a>(&'a self, agent: &AgentId) -> impl Iterator<Item = ChatId> + 'a {
        self.index.chats_of(agent)
    }

    /// Whether an agent can take one more request now.
    #[must_use]
    pub fn is_available(&self, agent: &AgentId) -> bool {
        self.index.is_available(agent)
    }

    /// The agents of a queue who are ready, be they busy or not.
    pub fn ready<'a>(&'a self, queue: &QueueId) -> impl Iterator<Item = &'a AgentId> + use<'a> {
        self.index.ready(queue, &self.roster)
    }

    /// The place of a waiting or ringing chat in its queue, from 1. Counts the chats before it; use
    /// [`waiting`](Self::waiting) for many at once.
    #[must_use]
    pub fn position(&self, chat: ChatId) -> Option<usize> {
        let chat = self.chats.get(&chat).filter(|chat| chat.is_queued())?;
        Some(self.index.position(&chat.queue, index::place(chat)))
    }

    /// The waiting and ringing chats of a queue in order, for snapshots.
    pub fn waiting<'a>(&'a self, queue: &QueueId) -> impl Iterator<Item = ChatId> + 'a {
        self.index.queued(queue).map(|(_, chat)| chat)
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
}

/// A stored chat of any age as one of today.
fn readable(mut chat: Chat) -> Chat {
    if chat.requests_now().is_some_and(BTreeMap::is_empty) {
        chat.state = ChatState::Waiting;
    }
    chat.seen_until = chat.seen_until.max(chat.since);
    chat
}

/// Whether an input fitted.
type Outcome = Result<(), Ignored>;

/// One input on its way through the state.
struct Turn<'e> {
    engine: &'e mut Engine,
    now: Time,
    effects: Vec<Effect>,
    changed: BTreeSet<RecordKey>,
    /// Agents who may be able to take a request that they could not take before this input.
    woken_agents: BTreeSet<AgentId>,
    /// Chats that may ask somebody whom they could not ask before this input.
    woken_chats: BTreeSet<Place>,
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
            Input::AgentInvites { chat, by, invitee, sent } => {
                self.agent_invites(chat, &by, &invitee, sent)
            }
            Input::AgentCancelsInvitation { chat, agent } => {
                self.agent_cancels_invitation(chat, agent)
            }
            Input::AgentLeaves { chat, agent } => self.agent_leaves(chat, &agent),
            Input::AgentLogsOn { agent, profile } => self.agent_logs_on(&agent, profile),
            Input::AgentLogsOff { agent, chats } => self.agent_logs_off(&agent, chats),
            Input::AgentReady { agent } => self.agent_ready(&agent),
            Input::AgentPauses { agent, after_chats } => self.agent_pauses(&agent, after_chats),
            Input::Assigned { chat, agent } => self.assigned(chat, &agent),
            Input::Moved { chat, queue } => self.moved(chat, queue),
            Input::Configured { setup } => {
                self.configured(&setup);
                Ok(())
            }
            Input::QueueHours { queue, open } => {
                let known = self.engine.roster.set_open(&queue, open);
                if known { Ok(()) } else { Err(Ignored::UnknownQueue) }
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

    fn agent(&self, id: &AgentId) -> Result<&Agent, Ignored> {
        self.engine.agents.get(id).ok_or(Ignored::UnknownAgent)
    }

    fn settings_of(&self, chat: &Chat) -> &QueueSettings {
        self.engine.roster.queue(&chat.queue)
    }

    fn happened(&mut self, chat: ChatId, event: ChatEvent) {
        self.effects.push(Effect::Happened { chat, event });
    }

    fn insert_chat(&mut self, chat: Chat) {
        self.engine.index.add(&chat, &self.engine.roster, &self.engine.agents);
        self.changed.insert(RecordKey::Chat(chat.id));
        self.woken_chats.insert(index::place(&chat));
        self.engine.chats.insert(chat.id, chat);
    }

    /// Changes a chat, keeping the index in step.
    fn edit_chat(&mut self, id: ChatId, change: impl FnOnce(&mut Chat)) {
        let Engine { roster, agents, chats, index, .. } = &mut *self.engine;
        let Some(chat) = chats.get_mut(&id) else { return };
        index.remove(chat, roster, agents);
        if !has(Bug::LeavesSlotEmpty) {
            self.woken_agents.extend(index::talkers(chat).cloned());
        }
        change(chat);
        index.add(chat, roster, agents);
        self.changed.insert(RecordKey::Chat(id));
        self.woken_chats.insert(index::place(chat));
    }

    /// Changes what the index knows nothing of: the room, its messages, and who was or is in it
    /// without being one of the chat's agents.
    fn edit_room(&mut self, id: ChatId, change: impl FnOnce(&mut Chat)) {
        let Some(chat) = self.engine.chats.get_mut(&id) else { return };
        change(chat);
        self.changed.insert(RecordKey::Chat(id));
    }

    /// Asks one more agent for a chat that rings others already. Taking the chat out of the index
    /// and putting it back would make the ringing of all cost the square of their number.
    fn edit_ringing(&mut self, id: ChatId, agent: &AgentId, change: impl FnOnce(&mut Chat)) {
        let Some(chat) = self.engine.chats.get_mut(&id) else { return };
        change(chat);
        self.engine.index.bar(chat, agent);
        self.changed.insert(RecordKey::Chat(id));
        self.woken_chats.insert(index::place(chat));
    }

    /// Changes an agent, keeping the index in step. Does nothing for one who has been removed.
    fn edit_agent(&mut self, id: &AgentId, change: impl FnOnce(&mut Agent)) {
        let Engine { roster, agents, chats, index, .. } = &mut *self.engine;
        let Some(agent) = agents.get_mut(id) else { return };
        change(agent);
        index.file_agent(agent, roster, chats);
        if !has(Bug::ForgetsToStore) {
            self.changed.insert(RecordKey::Agent(id.clone()));
        }
        self.woken_agents.insert(id.clone());
    }
}
