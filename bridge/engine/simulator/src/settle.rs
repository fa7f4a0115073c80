//! The end of a schedule: no more faults, nobody does anything of their own will but accept, and a
//! minute passes.

use switchboard_engine::{AgentId, ChatId, Span, Time};

use crate::{
    homeserver::{Attempt, Membership},
    oracles::{Delivered, Settled, Violation},
    outbox::Luck,
    schedule::{Act, Fault, Kind},
    system::System,
    world::World,
};

/// Within this time everything must have settled.
const WITHIN: Span = Span::seconds(60);

impl<S: System> World<S> {
    pub(crate) fn settle(&mut self) -> Result<(), Violation> {
        self.tell(|| "from here on nothing goes wrong".to_owned());
        let end = self.now + WITHIN;
        loop {
            self.calm()?;
            let next = self.system.engine().next_deadline().filter(|at| *at <= end);
            let Some(next) = next else { break };
            // Everybody has some time to answer what has just rung.
            self.now = self.now.max(next).max(Time(self.now.0 + 100));
            if self.now > end {
                break;
            }
        }
        self.now = end;
        self.calm()?;
        let settled = Settled {
            now: self.now,
            engine: self.system.engine(),
            delivered: Delivered {
                store: &self.store,
                homeserver: &self.homeserver,
                customers: &self.customers,
            },
        };
        self.oracles().settled(&settled);
        self.oracles().compare_with_store(&self.system, &self.store);
        self.oracles().verdict()
    }

    /// Everything that is under way arrives.
    fn calm(&mut self) -> Result<(), Violation> {
        for _ in 0..1000 {
            self.catch_up();
            self.push_all();
            let mut busy = self.accept_all();
            let mut lane = 0;
            while lane < self.outbox.busy() {
                let before = self.outbox.busy();
                if !self.attempt(lane, Luck::Answered(Attempt::Good)) {
                    lane += 1;
                    continue;
                }
                busy = true;
                // The lane is there still, or another one has its number.
                lane -= usize::from(
                    self.outbox.busy() < before && lane > 0 && lane >= self.outbox.busy(),
                );
            }
            let due = self.system.engine().next_deadline().is_some_and(|at| at <= self.now);
            busy |= due || !self.answers.is_empty() || self.system.has_open_ends();
            busy |= self.store.inbox().next().is_some();
            if !busy && self.is_running() {
                return self.oracles().verdict();
            }
            self.handle(200, 3, Fault::None);
            self.oracles().verdict()?;
        }
        self.oracles().found("everything_settles", "it never comes to rest".to_owned());
        self.oracles().verdict()
    }

    fn accept_all(&mut self) -> bool {
        let mut invited: Vec<(ChatId, AgentId)> = Vec::new();
        for (chat, room) in &self.homeserver.rooms {
            for (agent, membership) in &room.members {
                if matches!(membership, Membership::Invited(_)) {
                    invited.push((*chat, agent.clone()));
                }
            }
        }
        let any = !invited.is_empty();
        for (chat, agent) in invited {
            let act = Act { kind: Kind::Accept, a: 0, b: 0, fault: Fault::None };
            self.agent_does(chat, &agent, act);
        }
        any
    }
}
