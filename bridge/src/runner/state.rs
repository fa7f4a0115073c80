//! The engine and everything it needs, as loaded from the store.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use switchboard_centre::Centre;
use switchboard_engine::{
    Agent, Chat, ChatId, Effect, Engine, Input, RecordKey, Setup, Span, Time, effect::Ignored,
};

use tokio::sync::watch;

use super::{
    batch::{Batch, Unwritable},
    bugs::{Bug, has},
    estimate::Estimator,
    pauses::Pauses,
    records::{BotRoom, Conversation, Counters, EventPlace},
    retention::Retention,
    spaces::SpaceSettings,
    stats::Statistics,
    stored_centre::{CentreFile, Kept},
};
use crate::{
    clock::Clock,
    directory::Directory,
    gateway::{input::CustomerInput, sites::Sites},
    identity::Namespace,
    json::fault,
    live::Live,
    matrix::invite::{self, Invite},
    metrics::Metrics,
    outbox::effect::OutboxEffect,
    place::Place,
    store::{EffectSeq, Epoch, InboxItem, RecordKind, Store, StoreError},
};

/// The single record of counters.
const COUNTERS: &str = "counters";

/// What the runner shares with the rest of the bridge.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Clock,
    /// Our names on the homeserver.
    pub names: Namespace,
    /// Rooms and ghosts.
    pub directory: Directory,
    /// What the customers' pages show.
    pub live: Live,
    /// What is measured.
    pub metrics: Metrics,
    /// What the gateway knows of the sites.
    pub sites: watch::Sender<Arc<Sites>>,
    /// Whether there are spaces.
    pub spaces: SpaceSettings,
}

/// The state could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record is of no known form. Nothing is dropped silently.
    #[error("the {kind:?} record `{key}` cannot be read: {reason}")]
    Record {
        /// Its kind.
        kind: RecordKind,
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
    /// The configured agents could not be taken over.
    #[error("the agents of the configuration could not be stored: {0}")]
    Agents(String),
}

/// An input could not be handled.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandleError {
    /// The store failed: try again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record could not be written.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// The item is of no known form: put it aside.
    #[error("unusable: {0}")]
    Unusable(String),
}

/// Everything in memory: the engine's state, and what goes with it.
pub(super) struct State {
    pub(super) store: Arc<dyn Store>,
    epoch: Epoch,
    pub(super) centre: Centre,
    pub(super) kept: Kept,
    /// The number of the newest entry of the audit.
    pub(super) audited: u64,
    pub(super) with: Surroundings,
    pub(super) engine: Engine,
    pub(super) conversations: HashMap<ChatId, Conversation>,
    pub(super) bot_rooms: BTreeMap<Place, BotRoom>,
    /// What the queues' users are called, as far as it was seen to since the state was loaded.
    pub(super) queue_users: BTreeMap<String, String>,
    counters: Counters,
    /// Effects that are not done, by number.
    pub(super) open_effects: BTreeMap<u64, OutboxEffect>,
    /// Receipts for events that are not known yet, the newest last.
    pub(super) early_receipts: VecDeque<String>,
    /// When the first queue opens or closes next.
    pub(super) hours_change: Option<Time>,
    pub(super) estimator: Estimator,
    pub(super) statistics: Statistics,
    pub(super) pauses: Pauses,
    pub(super) retention: Retention,
    now: Time,
    touch: bool,
    /// Since when timers have stood still, if they do.
    pub(super) away_since: Option<Time>,
}

impl State {
    pub(super) async fn load(
        store: Arc<dyn Store>,
        epoch: Epoch,
        file: CentreFile,
        with: Surroundings,
    ) -> Result<Self, LoadError> {
        let mut state = Self {
            store,
            epoch,
            centre: file.centre.clone(),
            kept: Kept::default(),
            audited: 0,
            engine: Engine::default(),
            conversations: HashMap::new(),
            bot_rooms: BTreeMap::new(),
            queue_users: BTreeMap::new(),
            counters: Counters::default(),
            open_effects: BTreeMap::new(),
            early_receipts: VecDeque::new(),
            hours_change: None,
            estimator: Estimator::default(),
            statistics: Statistics::default(),
            pauses: Pauses::default(),
            retention: Retention::default(),
            now: with.clock.now(),
            touch: true,
            away_since: None,
            with,
        };
        state.reload().await?;
        let Counters { alive, away_since, .. } = state.counters;
        // Whoever was away when they died has been away since then.
        let away_since = away_since.filter(|_| !has(Bug::ForgetsAbsence));
        state.away_since = away_since.or((alive > 0).then_some(alive)).map(Time);
        state.configure(file).await?;
        Ok(state)
    }

    /// Loads everything again, as it was committed last.
    pub(super) async fn reload(&mut self) -> Result<(), LoadError> {
        self.load_centre().await?;
        self.load_retention().await?;
        let chats: Vec<Chat> = self.read_all(RecordKind::Chat).await?;
        let agents: Vec<Agent> = self.read_all(RecordKind::Agent).await?;
        let setup = self.setup();
        self.plan_hours(self.with.clock.now());
        self.statistics.forget();
        self.load_pauses().await?;
        self.conversations.clear();
        for (key, bytes) in self.store.records(RecordKind::Conversation).await? {
            let mut conversation: Conversation = parse(RecordKind::Conversation, &key, &bytes)?;
            conversation.modernise();
            let chat = key.parse().map_err(|e| bad(RecordKind::Conversation, &key, e))?;
            self.conversations.insert(chat, conversation);
        }
        let bot_rooms: Vec<BotRoom> = self.read_all(RecordKind::BotRoom).await?;
        self.bot_rooms = bot_rooms.into_iter().map(|room| (room.place.clone(), room)).collect();
        self.queue_users.clear();
        let known = &self.conversations;
        self.engine =
            Engine::load(&setup, agents, chats.into_iter().filter(|c| known.contains_key(&c.id)));
        self.counters = match self.store.record(RecordKind::Meta, COUNTERS).await? {
            Some(bytes) => parse(RecordKind::Meta, COUNTERS, &bytes)?,
            None => Counters::default(),
        };
        // Effect numbers are transaction ids at the homeserver. Epochs never repeat, not even
        // after a rollback, so numbers that start from them do not either.
        self.counters.effect = self.counters.effect.max(self.epoch.0 << 20);
        self.open_effects.clear();
        for (seq, stored) in self.store.effects().await? {
            let effect = serde_json::from_slice(&stored.body)
                .map_err(|e| bad(RecordKind::Parked, &seq.0.to_string(), fault(&e)))?;
            self.open_effects.insert(seq.0, effect);
        }
        for chat in self.conversations.keys().copied().collect::<Vec<_>>() {
            self.publish_chat(chat);
        }
        self.publish_centre();
        for place in self.bot_rooms.keys() {
            self.publish_place(place);
        }
        self.with.metrics.requests_loaded();
        self.observe_effects();
        Ok(())
    }

    async fn read_all<T: serde::de::DeserializeOwned>(
        &self,
        kind: RecordKind,
    ) -> Result<Vec<T>, LoadError> {
        let records = self.store.records(kind).await?;
        records.iter().map(|(key, bytes)| parse(kind, key, bytes)).collect()
    }

    /// What the rules need of the centre.
    pub(super) fn setup(&self) -> Setup {
        self.centre.setup(self.with.clock.now())
    }

    /// Takes the configuration over.
    async fn configure(&mut self, file: CentreFile) -> Result<(), LoadError> {
        let mut batch = Batch::default();
        self.begin();
        // Removing an agent can end requests: everything that follows is committed with it. Its
        // effects are found by the outbox when it loads.
        let taken = async {
            self.take_file(file, &mut batch)?;
            self.remember_retention(&mut batch)?;
            let setup = self.setup();
            self.input(Input::Configured { setup }, &mut batch).await?;
            self.open_bot_rooms(&mut batch);
            self.tend_companions(&mut batch);
            self.seal(&mut batch)?;
            self.store.commit(batch.changes(self.epoch)?).await?;
            Ok::<_, HandleError>(())
        };
        taken.await.map_err(|e| LoadError::Agents(e.to_string()))?;
        self.publish(&batch);
        Ok(())
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The time of this batch.
    pub(super) fn now(&self) -> Time {
        self.with.clock.now()
    }

    pub(super) fn begin(&mut self) {
        self.now = self.with.clock.now();
    }

    pub(super) fn batch_time(&self) -> Time {
        self.now
    }

    /// Timers stand still from now, unless they do already.
    pub(super) fn goes_away(&mut self) {
        let now = self.now();
        self.away_since.get_or_insert(now);
        self.touch = true;
    }

    /// The absence is over, and this batch says so: every deadline moves by its length.
    pub(super) async fn comes_back(&mut self, batch: &mut Batch) -> Result<(), HandleError> {
        let outage = self.away_since.map_or(Span(0), |since| self.now - since);
        tracing::info!(outage_ms = outage.0, "caught up; timers run");
        batch.ends_absence = true;
        self.input(Input::Resumed { outage }, batch).await
    }

    /// Asks for a sign of life with the next batch, and drops what is too old to be shown.
    pub(super) fn beat(&mut self) {
        self.touch = true;
        self.with.live.tidy_typing();
        self.observe_effects();
    }

    pub(super) fn wants_touch(&self) -> bool {
        self.touch
    }

    pub(super) fn count_quarantined(&self) {
        self.with.metrics.quarantined();
    }

    /// Gives an input to the engine and performs what it says.
    pub(super) async fn input(
        &mut self,
        input: Input,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        if let Some(why) = self.try_input(input, batch).await? {
            tracing::debug!(%why, "an input was ignored");
        }
        Ok(())
    }

    /// The same for an input whose author is owed a word if it does not fit.
    pub(super) async fn try_input(
        &mut self,
        input: Input,
        batch: &mut Batch,
    ) -> Result<Option<Ignored>, HandleError> {
        #[cfg(feature = "simulation")]
        let seen = super::driven::is_watched().then(|| input.clone());
        let step = self.engine.handle(self.now, input);
        #[cfg(feature = "simulation")]
        if let Some(input) = seen {
            super::driven::stepped(self.now, &input, &step, &self.engine);
        }
        batch.engine.extend(step.changed);
        let mut ignored = None;
        for effect in step.effects {
            match effect {
                Effect::Ignored { why } => ignored = Some(why),
                effect => self.perform(effect, batch).await?,
            }
        }
        Ok(ignored)
    }

    /// Handles an inbox item.
    pub(super) async fn take_item(
        &mut self,
        item: &InboxItem,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        #[cfg(test)]
        super::tests::strike(&item.key);
        #[cfg(feature = "simulation")]
        if item.key.starts_with(super::driven::DESK) {
            return self.take_desk_item(item, batch).await;
        }
        if item.key.starts_with("event:") {
            return self.take_event(item, batch).await;
        }
        if item.key.starts_with(invite::KEY) {
            let invite: Invite =
                serde_json::from_slice(&item.body).map_err(|e| HandleError::Unusable(fault(&e)))?;
            self.take_pending_invite(&invite, batch);
            return Ok(());
        }
        let input: CustomerInput =
            serde_json::from_slice(&item.body).map_err(|e| HandleError::Unusable(fault(&e)))?;
        self.take_customer(input, item.received, batch).await
    }

    /// A new effect.
    pub(super) fn add_effect(&mut self, effect: OutboxEffect, batch: &mut Batch) -> EffectSeq {
        self.counters.effect += 1;
        let seq = EffectSeq(self.counters.effect);
        self.open_effects.insert(seq.0, effect.clone());
        batch.effects.push((seq, effect));
        seq
    }

    /// The next display number.
    pub(super) fn next_number(&mut self) -> u64 {
        self.counters.number += 1;
        self.counters.number
    }

    /// Where an event stands, if it is one of a chat.
    pub(super) async fn place_of(
        &self,
        event: &str,
        batch: &Batch,
    ) -> Result<Option<EventPlace>, HandleError> {
        let bytes = match batch.find_record(RecordKind::Event, event) {
            Some(bytes) => Some(bytes.to_vec()),
            None => self.store.record(RecordKind::Event, event).await?,
        };
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// Writes the changed records into the batch.
    pub(super) fn seal(&mut self, batch: &mut Batch) -> Result<(), HandleError> {
        let changed = batch.engine.iter().filter_map(|key| match key {
            RecordKey::Chat(chat) => Some(*chat),
            RecordKey::Agent(_) => None,
        });
        for chat in changed.chain(batch.chats.iter().copied()).collect::<BTreeSet<_>>() {
            self.tend_companion(chat, batch);
        }
        for key in std::mem::take(&mut batch.engine) {
            match &key {
                RecordKey::Chat(id) => match self.engine.chat(*id) {
                    Some(chat) => batch.record(RecordKind::Chat, id.to_string(), chat)?,
                    None => batch.delete(RecordKind::Chat, id.to_string()),
                },
                RecordKey::Agent(id) => match self.engine.agent(id) {
                    Some(agent) => batch.record(RecordKind::Agent, id.to_string(), agent)?,
                    None => batch.delete(RecordKind::Agent, id.to_string()),
                },
            }
        }
        self.note_seen(batch);
        for chat in batch.chats.clone() {
            self.list_chat(chat, batch);
        }
        for chat in batch.chats.clone() {
            if let Some(conversation) = self.conversations.get(&chat) {
                batch.record(RecordKind::Conversation, chat.to_string(), conversation)?;
            }
        }
        self.seal_places(batch)?;
        self.counters.alive = self.now.0;
        let away_since = self.away_since.filter(|_| !batch.ends_absence);
        self.counters.away_since = away_since.map(|since| since.0);
        self.touch = false;
        let counters = self.counters;
        batch.record(RecordKind::Meta, COUNTERS.to_owned(), &counters)?;
        Ok(())
    }
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    kind: RecordKind,
    key: &str,
    bytes: &[u8],
) -> Result<T, LoadError> {
    serde_json::from_slice(bytes).map_err(|e| bad(kind, key, fault(&e)))
}

fn bad(kind: RecordKind, key: &str, reason: impl std::fmt::Display) -> LoadError {
    LoadError::Record { kind, key: key.to_owned(), reason: reason.to_string() }
}
