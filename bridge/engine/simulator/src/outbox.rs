//! The outbox: effects of one chat and lane are carried out one after the other; in doubt it looks
//! before it does something again.

use std::collections::{BTreeMap, VecDeque};

use switchboard_engine::ChatId;

use crate::{
    bugs::{WorldBug, world_has},
    homeserver::{Attempt, Homeserver},
    system::{Deed, OutboxEffect, Outcome},
};

/// The lanes of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Timeline,
    Members,
}

/// What happens to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// It reaches the homeserver, which answers.
    Answered(Attempt),
    /// It does not reach the homeserver; nobody knows that.
    Unreached,
    /// It is done, but the answer is lost.
    AnswerLost,
}

#[derive(Clone, Debug)]
struct Waiting {
    effect: OutboxEffect,
    in_doubt: bool,
    /// It is done, but what follows waits until that is committed.
    done: bool,
}

/// Effects in memory, by lane.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    lanes: BTreeMap<(ChatId, Lane), VecDeque<Waiting>>,
}

impl Outbox {
    /// A process starts: everything that is not done is in doubt.
    pub fn load(effects: impl IntoIterator<Item = OutboxEffect>) -> Self {
        let mut outbox = Self::default();
        if !world_has(WorldBug::ForgetsEffects) {
            for effect in effects {
                outbox.put(effect, true);
            }
        }
        outbox
    }

    /// A new effect.
    pub fn add(&mut self, effect: OutboxEffect) {
        self.put(effect, false);
    }

    fn put(&mut self, effect: OutboxEffect, in_doubt: bool) {
        let lane = match effect.deed {
            Deed::Ring { .. } | Deed::Withdraw(_) | Deed::Remove(_) | Deed::Status => Lane::Members,
            _ => Lane::Timeline,
        };
        let waiting = Waiting { in_doubt, done: false, effect };
        self.lanes.entry((waiting.effect.chat, lane)).or_default().push_back(waiting);
    }

    /// An effect's own event came back, or its room is committed: it is done.
    pub fn settled(&mut self, seq: u64) {
        self.lanes.retain(|_, lane| {
            lane.retain(|waiting| waiting.effect.seq != seq);
            !lane.is_empty()
        });
    }

    /// How many lanes have something to do.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.lanes.len()
    }

    /// Tries the next effect of the `n`-th busy lane.
    pub fn attempt(
        &mut self,
        n: usize,
        luck: Luck,
        homeserver: &mut Homeserver,
    ) -> Option<(OutboxEffect, Option<Outcome>)> {
        let place = *self.lanes.keys().nth(n)?;
        // Members wait until the room is made and committed.
        let opens = |waiting: &Waiting| waiting.effect.deed == Deed::OpenRoom;
        if place.1 == Lane::Members
            && self.lanes.get(&(place.0, Lane::Timeline)).is_some_and(|lane| lane.iter().any(opens))
        {
            return None;
        }
        let room = homeserver.room(place.0);
        let lane = self.lanes.get_mut(&place)?;
        let waiting = lane.front_mut().filter(|waiting| !waiting.done)?;
        let effect = waiting.effect.clone();
        let look = waiting.in_doubt && !world_has(WorldBug::NoEchoCheck);
        let (attempt, answered) = match luck {
            Luck::Unreached => {
                waiting.in_doubt = true;
                if world_has(WorldBug::LaneOvertakes) {
                    lane.rotate_left(1);
                }
                return Some((effect, None));
            }
            Luck::AnswerLost => (Attempt::Good, false),
            Luck::Answered(attempt) => (attempt, true),
        };
        let result = room.carry_out(effect.seq, &effect.deed, look, attempt);
        if !answered {
            waiting.in_doubt = true;
            return Some((effect, None));
        }
        if effect.deed == Deed::OpenRoom && result.is_ok() {
            waiting.done = true;
            return Some((effect.clone(), Some(Outcome { seq: effect.seq, result })));
        }
        lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&place);
        }
        let outcome = Outcome { seq: effect.seq, result };
        Some((effect, Some(outcome)))
    }
}
