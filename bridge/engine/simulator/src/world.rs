//! The world: everything around the system under test, and the way of a step through it.

use std::{
    cell::{RefCell, RefMut},
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    rc::Rc,
};

use switchboard_engine::{ChatId, Input, Setup, Span, Time};

use crate::{
    bugs::{WorldBug, world_has},
    homeserver::{Attempt, Homeserver},
    oracles::{Oracles, Violation},
    outbox::{Luck, Outbox},
    schedule::{Act, Fault, Kind, Schedule},
    store::{Key, Store},
    system::{Item, Outcome, System},
};

/// How many items a turn takes at most.
const BATCH: u8 = 8;

/// A customer, as their page sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Customer {
    /// The messages, and whether each has its ✓.
    pub(crate) messages: Vec<bool>,
    /// How often they have been away.
    pub(crate) absences: u32,
}

/// Whether timers may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timers {
    Run,
    /// The homeserver or we have been away since then.
    Stand {
        since: Time,
    },
    /// All gaps are filled: once the inbox is empty, they run again.
    WaitForInbox {
        since: Time,
    },
}

/// Everything there is.
pub(crate) struct World<S> {
    pub(crate) now: Time,
    pub(crate) store: Store,
    pub(crate) system: S,
    pub(crate) outbox: Outbox,
    pub(crate) answers: VecDeque<Outcome>,
    pub(crate) homeserver: Homeserver,
    pub(crate) customers: BTreeMap<ChatId, Customer>,
    pub(crate) connected: BTreeSet<ChatId>,
    pub(crate) setups: Vec<Setup>,
    /// The configuration that is in force.
    pub(crate) setup: Setup,
    pub(crate) timers: Timers,
    /// The homeserver does not answer.
    pub(crate) silent: bool,
    pub(crate) controls: u32,
    pub(crate) oracles: Rc<RefCell<Oracles>>,
    pub(crate) alive: Time,
    pub(crate) fresh: bool,
    json: bool,
    pub(crate) hash: Option<DefaultHasher>,
    pub(crate) story: Option<Vec<String>>,
}

impl<S: System> World<S> {
    /// The world at the beginning of a schedule. `hash`: take everything into a hash.
    pub(crate) fn new(schedule: &Schedule, hash: bool, story: bool) -> Self {
        let setup = schedule.setups[0].clone();
        let now = Time(1_000_000);
        let mut world = Self {
            now,
            system: S::new(schedule),
            store: Store::default(),
            outbox: Outbox::default(),
            answers: VecDeque::new(),
            homeserver: Homeserver::default(),
            customers: BTreeMap::new(),
            connected: BTreeSet::new(),
            setups: schedule.setups.clone(),
            oracles: Rc::new(RefCell::new(Oracles::new(&setup))),
            setup,
            timers: Timers::Run,
            silent: false,
            controls: 0,
            alive: now,
            fresh: true,
            json: schedule.json,
            hash: hash.then(DefaultHasher::new),
            story: story.then(Vec::new),
        };
        world.system.start(&world.store, &world.setup);
        world.handle(0, 0, Fault::None);
        world
    }

    pub(crate) fn oracles(&self) -> RefMut<'_, Oracles> {
        self.oracles.borrow_mut()
    }

    /// What came of everything, as one number.
    pub(crate) fn hash(&self) -> u64 {
        self.hash.as_ref().map_or(0, DefaultHasher::finish)
    }

    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            let seconds = (self.now.0 - 1_000_000) / 1000;
            story.push(format!("{seconds:>5} s  {}", line()));
        }
    }

    /// One step of the schedule.
    pub(crate) fn act(&mut self, act: Act) -> Result<(), Violation> {
        match act.kind {
            Kind::Handle => self.handle(1 + act.a % BATCH, act.b, act.fault),
            Kind::Perform => self.perform(act),
            Kind::Push => self.push(act),
            Kind::Repush => self.repush(act),
            Kind::Pass => {
                let seconds = if act.b < 64 { act.a / 4 } else { act.a % 8 };
                self.now = self.now + Span::seconds(seconds.into());
                self.tell(|| format!("{seconds} s have passed"));
            }
            Kind::Crash => {
                self.tell(|| "the process dies".to_owned());
                self.oracles().compare_with_store(&self.system, &self.store);
                self.now = self.now + Span::seconds((act.b % 64).into());
                // Administrators may have used the time.
                if act.b >= 224 {
                    self.setup = self.setups[usize::from(act.a) % self.setups.len()].clone();
                }
                self.restart();
            }
            Kind::Outage => {
                if !self.silent {
                    self.silent = true;
                    self.system.falls_silent(self.now);
                    self.tell(|| "the homeserver goes silent".to_owned());
                    self.timers = match self.timers {
                        Timers::Run => Timers::Stand { since: self.now },
                        Timers::Stand { since } | Timers::WaitForInbox { since } => {
                            Timers::Stand { since }
                        }
                    };
                }
            }
            Kind::CatchUp => self.catch_up(),
            _ => self.person(act),
        }
        self.oracles().verdict()
    }

    pub(crate) fn restart(&mut self) {
        if self.json
            && let Err(error) = self.store.through_json()
        {
            self.oracles().found("everything_stored_can_be_read", error.to_string());
        }
        let since = match self.timers {
            Timers::Run => self.alive,
            Timers::Stand { since } | Timers::WaitForInbox { since } => since.min(self.alive),
        };
        self.timers = Timers::Stand { since };
        self.answers.clear();
        self.outbox = Outbox::load(self.store.effects.values().cloned());
        self.fresh = true;
        self.system.start(&self.store, &self.setup);
        self.reload();
    }

    pub(crate) fn reload(&mut self) {
        self.oracles().reload(&self.store.engine(&self.setup), &self.setup);
    }

    fn perform(&mut self, act: Act) {
        let busy = self.outbox.busy();
        if busy == 0 {
            return;
        }
        let luck = match act.fault {
            Fault::Unreached => Luck::Unreached,
            Fault::AnswerLost => Luck::AnswerLost,
            Fault::Refused => Luck::Answered(Attempt::Refused),
            Fault::Race => Luck::Answered(Attempt::Race),
            _ => Luck::Answered(Attempt::Good),
        };
        let luck = if self.silent { Luck::Unreached } else { luck };
        // The lane goes on until something goes wrong.
        let lane = usize::from(act.a) % busy;
        for n in 0..=act.b % 3 {
            let luck = if n == 0 { luck } else { Luck::Answered(Attempt::Good) };
            if self.silent && n > 0 || !self.attempt(lane, luck) || act.fault != Fault::None {
                return;
            }
        }
    }

    /// Says whether anything was tried.
    pub(crate) fn attempt(&mut self, lane: usize, luck: Luck) -> bool {
        let Some((effect, outcome)) = self.outbox.attempt(lane, luck, &mut self.homeserver) else {
            return false;
        };
        if self.story.is_some() {
            let end = match &outcome {
                Some(outcome) => format!("{:?}", outcome.result),
                None => format!("{luck:?}"),
            };
            self.tell(|| {
                format!(
                    "  outbox: #{} {:?} in chat {}: {end}",
                    effect.seq, effect.deed, effect.chat.0
                )
            });
        }
        if let Some(hasher) = &mut self.hash {
            format!("{effect:?} {outcome:?}").hash(hasher);
        }
        self.answers.extend(outcome);
        if let Some(room) = self.homeserver.rooms.get(&effect.chat) {
            self.oracles.borrow_mut().sent(effect.chat, room);
        }
        true
    }

    fn push(&mut self, act: Act) {
        if self.silent {
            return;
        }
        let waiting =
            self.homeserver.rooms.iter().filter(|(_, room)| room.told < room.timeline.len());
        let waiting: Vec<ChatId> = waiting.map(|(chat, _)| *chat).collect();
        if waiting.is_empty() {
            return;
        }
        let chat = waiting[usize::from(act.a) % waiting.len()];
        let room = self.homeserver.room(chat);
        let several = usize::from(act.b % 3);
        room.told = (room.told + 1 + several).min(room.timeline.len());
        if act.fault == Fault::PushLost {
            return self.tell(|| format!("a push about chat {} is lost", chat.0));
        }
        // Where pushes may have been lost, a push only says that something happened: the room is
        // read before its events are taken.
        let upto = room.told;
        self.read(chat, upto);
    }

    /// The bridge reads a room's events up to there.
    fn read(&mut self, chat: ChatId, upto: usize) {
        let room = self.homeserver.room(chat);
        let from = if world_has(WorldBug::NoGapCheck) {
            room.read.max(room.told.min(upto).saturating_sub(1))
        } else {
            room.read
        };
        let news = room.timeline.get(from..upto).unwrap_or_default().to_vec();
        room.read = room.read.max(upto);
        for (index, event) in (from..).zip(news) {
            self.arrive(Key::Event(chat, index), Item::Event { chat, index, event });
        }
    }

    fn repush(&mut self, act: Act) {
        if self.silent || self.homeserver.rooms.is_empty() {
            return;
        }
        let n = usize::from(act.a) % self.homeserver.rooms.len();
        let Some((chat, room)) = self.homeserver.rooms.iter().nth(n) else { return };
        if room.read == 0 {
            return;
        }
        let index = usize::from(act.b) % room.read;
        let (chat, event) = (*chat, room.timeline[index].clone());
        let item = Item::Event { chat, index, event };
        if world_has(WorldBug::NoEventDedupe) {
            self.arrive_again(Key::Event(chat, index), item);
        } else {
            self.arrive(Key::Event(chat, index), item);
        }
        self.tell(|| format!("the homeserver pushes event {index} of chat {} again", chat.0));
    }

    /// The homeserver answers, and the newest events of all rooms are read.
    pub(crate) fn catch_up(&mut self) {
        self.silent = false;
        if !world_has(WorldBug::NoGapCheck) {
            let chats: Vec<ChatId> = self.homeserver.rooms.keys().copied().collect();
            for chat in chats {
                let room = self.homeserver.room(chat);
                room.told = room.timeline.len();
                let upto = room.told;
                self.read(chat, upto);
            }
        }
        if let Timers::Stand { since } = self.timers {
            self.timers = Timers::WaitForInbox { since };
            self.tell(|| "the bridge catches up".to_owned());
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.timers == Timers::Run
    }

    /// Everything that the homeserver has to tell.
    pub(crate) fn push_all(&mut self) {
        let waits = |world: &Self| {
            world.homeserver.rooms.values().any(|room| room.told < room.timeline.len())
        };
        while waits(self) {
            self.push(Act { kind: Kind::Push, a: 0, b: 0, fault: Fault::None });
        }
    }

    /// Takes what somebody does at a desk into the inbox.
    pub(crate) fn control(&mut self, input: Input) {
        self.controls += 1;
        self.tell(|| format!("a desk says: {input:?}"));
        self.arrive(Key::Control(self.controls), Item::Control(input));
    }
}
