//! The runner's turns, and what arrives for it.

use std::{cell::RefCell, hash::Hash as _, rc::Rc};

use switchboard_engine::Input;

use crate::{
    bugs::{WorldBug, world_has},
    oracles::Delivered,
    schedule::Fault,
    store::Key,
    system::{Arrival, Changes, Disk, Item, System, Told, Turn, Watch},
    world::{Timers, World},
};

impl<S: System> World<S> {
    /// The runner's turn.
    pub(crate) fn handle(&mut self, items: u8, outcomes: u8, fault: Fault) {
        let limit = usize::from(items);
        let taken = usize::from(outcomes % 4 + 1).min(self.answers.len());
        let items = self.store.oldest(limit);
        let outcomes = self.answers.make_contiguous()[..taken].to_vec();
        let caught_up = match self.timers {
            Timers::WaitForInbox { since } => Some(since),
            _ => None,
        };
        let configure = self.fresh.then(|| self.setup.clone());
        let turn = Turn {
            now: self.now,
            configure: configure.as_ref(),
            outcomes: &outcomes,
            items: &items,
            limit,
            caught_up: caught_up.map(|since| self.now - since),
            running: self.timers == Timers::Run,
            drained: items.len() < limit || self.store.inbox().count() <= limit,
            connected: &self.connected,
            disk: match fault {
                Fault::CrashInCommit if world_has(WorldBug::CommitNotAtomic) => Disk::Tears,
                Fault::CrashInCommit | Fault::CommitFails => Disk::Refuses,
                _ => Disk::Writes,
            },
            hash: self.hash.is_some(),
        };
        self.oracles().turn_begins(caught_up, self.story.is_some());
        let watch: Rc<RefCell<dyn Watch>> = Rc::clone(&self.oracles) as _;
        let turned = self.system.turn(&turn, &watch);
        if let Some(hasher) = &mut self.hash {
            format!("{:?}", turned.commits).hash(hasher);
        }
        let narrated = self.oracles().narrated();
        for line in narrated {
            self.tell(|| line);
        }
        if let Some((oracle, what)) = turned.scandal {
            self.oracles().found(oracle, what);
        }
        for changes in &turned.commits {
            self.commit(changes);
        }
        self.answers.drain(..turned.taken);
        if fault == Fault::CrashInCommit {
            self.tell(|| "the process dies amid the commit of that".to_owned());
            return self.restart();
        }
        let crashes = fault == Fault::CrashAfterCommit;
        for told in turned.told.into_iter().filter(|_| !crashes) {
            match told {
                Told::Add(effect) => self.outbox.add(effect),
                Told::Settled(seq) => self.outbox.settled(seq),
            }
        }
        if turned.failed {
            self.tell(|| "the store refuses to commit that".to_owned());
            self.system.recover(&self.store, &self.setup);
            return self.reload();
        }
        self.fresh = false;
        if turned.resumed {
            self.timers = Timers::Run;
        }
        if crashes {
            self.tell(|| "the process dies after the commit of that".to_owned());
            self.restart();
        }
    }

    fn commit(&mut self, changes: &Changes) {
        let items = self.store.commit(changes);
        for item in &items {
            match item {
                Item::Control(Input::Configured { setup }) => self.setup = setup.clone(),
                Item::Control(Input::QueueHours { queue, open }) => {
                    for settings in self.setup.queues.iter_mut().filter(|q| q.id == *queue) {
                        settings.open = *open;
                    }
                }
                _ => {}
            }
        }
        self.alive = self.now;
        let delivered = Delivered {
            store: &self.store,
            homeserver: &self.homeserver,
            customers: &self.customers,
        };
        self.oracles.borrow_mut().committed(&items, changes, &delivered);
    }

    /// Something arrives and is on disk, unless it came before.
    pub(crate) fn arrive(&mut self, key: Key, item: Item) {
        let (is_new, seq) = (!self.store.knows(key), self.store.next_place());
        let arrival = Arrival { now: self.now, key, item: &item, is_new, seq, again: false };
        let taken = self.system.arrived(&arrival);
        self.store.append(key, item);
        if taken != is_new {
            let what = format!("{key:?} was taken: {taken}");
            self.oracles().found("what_comes_again_is_left_out", what);
        }
    }

    /// Something arrives that came before, and is taken all the same: a deliberate bug.
    pub(crate) fn arrive_again(&mut self, key: Key, item: Item) {
        let seq = self.store.next_place();
        let arrival = Arrival { now: self.now, key, item: &item, is_new: true, seq, again: true };
        self.system.arrived(&arrival);
        self.store.push(item);
    }
}
