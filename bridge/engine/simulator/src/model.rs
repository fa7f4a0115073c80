//! A model of the bridge's runner: inbox items and ends of effects become inputs, the engine's
//! effects become entries and outbox effects. It is small enough to be right at a glance.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use switchboard::runner::bugs::has;
use switchboard_engine::{
    ChatId, Effect, Engine, Input, MessageRef, QueueId, RecordKey, Setup, Time, WithdrawOutcome,
};

use crate::{
    bugs::RunnerBug,
    schedule::Schedule,
    store::Store,
    system::{
        Changes, Deed, Disk, Done, Event, FeedEntry, Item, LogEntry, OutboxEffect, Outcome, System,
        Told, Turn, Turned, Watch,
    },
};

/// The model runner.
#[derive(Debug, Default)]
pub struct Model {
    engine: Engine,
    logs: BTreeMap<ChatId, Vec<LogEntry>>,
    open_effects: BTreeMap<u64, OutboxEffect>,
    last_effect: u64,
}

/// A turn at work.
struct Work<'a> {
    model: &'a mut Model,
    now: Time,
    changes: Changes,
    /// Effects that the outbox need not see to any more.
    settled: Vec<u64>,
    records: BTreeSet<RecordKey>,
    watch: &'a RefCell<dyn Watch>,
}

impl System for Model {
    fn new(_: &Schedule) -> Self {
        Self::default()
    }

    fn start(&mut self, store: &Store, setup: &Setup) {
        *self = Self {
            engine: store.engine(setup),
            logs: store.logs.clone(),
            open_effects: store.effects.clone(),
            last_effect: store.last_effect,
        };
    }

    fn turn(&mut self, turn: &Turn<'_>, watch: &Rc<RefCell<dyn Watch>>) -> Turned {
        let mut work = Work {
            model: self,
            now: turn.now,
            changes: Changes::default(),
            settled: Vec::new(),
            records: BTreeSet::new(),
            watch,
        };
        if let Some(setup) = turn.configure {
            work.input(Input::Configured { setup: setup.clone() });
        }
        for outcome in turn.outcomes {
            work.finish(outcome);
        }
        for (seq, item) in turn.items {
            work.item(item, turn.connected);
            work.changes.done.push(*seq);
        }
        let resumed = turn.caught_up.filter(|_| turn.drained);
        if let Some(outage) = resumed {
            work.input(Input::Resumed { outage });
        }
        let timers = turn.drained && (turn.running || resumed.is_some());
        if timers && work.model.engine.next_deadline().is_some_and(|at| at <= turn.now) {
            work.input(Input::Timer);
        }
        let Work { mut changes, settled, records, .. } = work;
        changes.records(records, &self.engine);
        match turn.disk {
            Disk::Writes => {
                let new = changes.effects.iter().cloned().map(Told::Add);
                Turned {
                    taken: turn.outcomes.len(),
                    resumed: resumed.is_some(),
                    told: settled.into_iter().map(Told::Settled).chain(new).collect(),
                    commits: vec![changes],
                    ..Turned::default()
                }
            }
            Disk::Refuses => Turned { failed: true, ..Turned::default() },
            Disk::Tears => {
                let Changes { done, chats, agents, .. } = changes;
                let part = Changes { done, chats, agents, ..Changes::default() };
                Turned { commits: vec![part], failed: true, ..Turned::default() }
            }
        }
    }

    fn recover(&mut self, store: &Store, setup: &Setup) {
        self.start(store, setup);
    }

    fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Work<'_> {
    fn input(&mut self, input: Input) {
        let seen = input.clone();
        let step = self.model.engine.handle(self.now, input);
        self.watch.borrow_mut().stepped(self.now, &seen, &step, &self.model.engine);
        self.records.extend(step.changed);
        for effect in step.effects {
            self.perform(effect);
        }
    }

    fn item(&mut self, item: &Item, connected: &BTreeSet<ChatId>) {
        match item {
            Item::Start { chat, queue } => {
                // A site's queue is always there.
                let ids: Vec<&QueueId> =
                    self.model.engine.queues().map(|queue| &queue.id).collect();
                let known = ids.iter().find(|id| **id == queue).or(ids.first());
                if let Some(queue) = known.map(|id| (*id).clone()) {
                    self.input(Input::ChatStarted { chat: *chat, queue });
                }
            }
            Item::Send { chat, key } => {
                let message = self.log(*chat, LogEntry::Customer(*key));
                self.changes.feed.push((*chat, FeedEntry::Own(*key)));
                self.input(Input::CustomerSent { chat: *chat, message });
            }
            Item::End { chat } => self.input(Input::CustomerEnded { chat: *chat }),
            // Who came back before this was handled has not given up.
            Item::Away { chat } if connected.contains(chat) => {}
            Item::Away { chat } => self.input(Input::CustomerAway { chat: *chat }),
            Item::Event { chat, index, event } => {
                self.event(*chat, *index, event, connected.contains(chat));
            }
            Item::Control(input) => self.input(input.clone()),
        }
    }

    fn event(&mut self, chat: ChatId, index: usize, event: &Event, customer_connected: bool) {
        let input = match event.clone() {
            Event::Invited { .. } | Event::Noted { .. } => return,
            Event::Said { seq, .. } => {
                // It tells that the effect is done, should the answer have been lost.
                self.settled.push(seq);
                return self.finish(&Outcome { seq, result: Ok(Done::Plain) });
            }
            Event::Joined(agent) => Input::AgentJoined { chat, agent },
            Event::Gone { agent, how, .. } => Input::AgentGone { chat, agent, how },
            Event::Wrote(agent) => {
                let message = self.log(chat, LogEntry::Agent(index));
                Input::AgentSent { chat, agent, message }
            }
            Event::AsksEnd(agent) => Input::AgentAsksEnd { chat, agent, customer_connected },
            Event::ConfirmsEnd(agent) => Input::AgentConfirmsEnd { chat, agent },
            Event::Closes(agent) => Input::AgentCloses { chat, agent },
        };
        self.input(input);
    }

    /// The end of an effect, once.
    fn finish(&mut self, outcome: &Outcome) {
        let Some(effect) = self.model.open_effects.remove(&outcome.seq) else { return };
        let chat = effect.chat;
        self.changes.effects_done.push(outcome.seq);
        let done = outcome.result;
        if done.is_err() && has(RunnerBug::ForgetsRefusals) {
            return;
        }
        match effect.deed {
            Deed::OpenRoom if done.is_ok() => {
                self.settled.push(outcome.seq);
                self.input(Input::RoomOpened { chat });
            }
            Deed::OpenRoom => self.input(Input::RoomFailed { chat }),
            Deed::Ring { request, .. } if done.is_ok() => {
                self.input(Input::RequestSent { chat, request });
            }
            Deed::Ring { request, .. } => self.input(Input::RequestFailed { chat, request }),
            Deed::Withdraw(agent) => {
                let outcome = match done {
                    Ok(Done::Withdrawn(outcome)) => outcome,
                    Ok(_) => WithdrawOutcome::Done,
                    Err(_) => WithdrawOutcome::Failed,
                };
                self.input(Input::RequestWithdrawn { chat, agent, outcome });
            }
            Deed::Say { key, .. } if done.is_err() => {
                self.changes.feed.push((chat, FeedEntry::Undelivered(key)));
            }
            Deed::Remove(agent) if done.is_err() => {
                self.input(Input::RemovalFailed { chat, agent });
            }
            Deed::Remove(_) | Deed::Say { .. } | Deed::Note | Deed::Status => {}
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::OpenRoom { chat } => self.send(chat, Deed::OpenRoom),
            Effect::Ring { chat, request, agent, .. } => {
                self.send(chat, Deed::Ring { request, agent });
            }
            Effect::Withdraw { chat, agent } => self.send(chat, Deed::Withdraw(agent)),
            Effect::Remove { chat, agent, .. } => self.send(chat, Deed::Remove(agent)),
            Effect::Relay { chat, message } => {
                if let Some(LogEntry::Customer(key)) = self.entry(chat, message) {
                    self.send(chat, Deed::Say { key, log: message.0 });
                }
            }
            Effect::Show { chat, message, .. } => {
                if let Some(LogEntry::Agent(index)) = self.entry(chat, message) {
                    self.changes.feed.push((chat, FeedEntry::Shown(index)));
                }
            }
            Effect::Refuse { chat, message, .. } => {
                if let Some(LogEntry::Customer(key)) = self.entry(chat, message) {
                    self.changes.feed.push((chat, FeedEntry::Undelivered(key)));
                }
            }
            Effect::NotShown { chat, message, .. } => {
                if let Some(LogEntry::Agent(index)) = self.entry(chat, message) {
                    self.changes.not_shown.push((chat, index));
                    self.send(chat, Deed::Note);
                }
            }
            Effect::ConfirmEnd { chat, .. } => self.send(chat, Deed::Note),
            Effect::ConfirmLogOff { .. }
            | Effect::AgentChanged { .. }
            | Effect::Happened { .. }
            | Effect::Ignored { .. } => {}
        }
    }

    fn send(&mut self, chat: ChatId, deed: Deed) {
        self.model.last_effect += 1;
        let effect = OutboxEffect { seq: self.model.last_effect, chat, deed };
        self.model.open_effects.insert(effect.seq, effect.clone());
        self.changes.effects.push(effect);
    }

    fn log(&mut self, chat: ChatId, entry: LogEntry) -> MessageRef {
        let log = self.model.logs.entry(chat).or_default();
        log.push(entry);
        self.changes.log.push((chat, entry));
        MessageRef(log.len() as u64)
    }

    fn entry(&self, chat: ChatId, message: MessageRef) -> Option<LogEntry> {
        let place = usize::try_from(message.0).ok()?.checked_sub(1)?;
        self.model.logs.get(&chat)?.get(place).copied()
    }
}
