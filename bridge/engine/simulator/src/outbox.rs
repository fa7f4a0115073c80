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
            Deed::Ring { .. } | Deed::Withdraw(_) | Deed::Remove(_) => Lane::Members,
            _ => Lane::Timeline,
        };
        self.lanes.entry((effect.chat, lane)).or_default().push_back(Waiting { effect, in_doubt });
    }

    /// An effect's own event came back: it is done.
    pub fn seen(&mut self, seq: u64) {
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
        let room = homeserver.room(place.0);
        // Members wait for the room.
        if place.1 == Lane::Members && !room.made && !room.refused {
            return None;
        }
        let lane = self.lanes.get_mut(&place)?;
        let waiting = lane.front_mut()?;
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
        lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&place);
        }
        let outcome = Outcome { seq: effect.seq, result };
        Some((effect, Some(outcome)))
    }
}
