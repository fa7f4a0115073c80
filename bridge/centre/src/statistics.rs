//! What is counted of a queue's day, as it is stored, and what can be told from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_engine::Span;

use crate::duration::Seconds;

/// The upper bounds by which waiting times are sorted, in seconds. Others can take their place: what
/// is stored says its own.
const BOUNDS: [u64; 14] = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600];

/// The counts of a queue and a day. What happens counts for the day and the queue in which it
/// happens, so a chat that overflows, or is taken after midnight, is in several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Customers who began a chat here, be it that they found the queue closed or full.
    pub started: u64,
    /// Of these, those who found it closed.
    pub closed: u64,
    /// Of these, those who found it full.
    pub full: u64,
    /// Chats that an agent took for the first time; left messages are not among them.
    pub taken: u64,
    /// How long customers waited until then, from the beginning of the chat.
    pub waits: Waits,
    /// Left messages that an agent took for the first time.
    pub messages_taken: u64,
    /// Requests that an agent rejected.
    pub rejected: u64,
    /// Requests that an agent did not answer in time.
    pub missed: u64,
    /// Chats whose customers left while they were waiting.
    pub abandoned: u64,
    /// Chats that ended because nobody took them.
    pub no_agent: u64,
    /// Chats that overflowed into another queue.
    pub overflowed_out: u64,
    /// Chats that overflowed from another queue.
    pub overflowed_in: u64,
    /// Chats that a supervisor moved into another queue.
    pub moved_out: u64,
    /// Chats that a supervisor moved here.
    pub moved_in: u64,
    /// Customers who were asked to leave a message.
    pub forms: u64,
    /// Customers who did.
    pub messages: u64,
    /// Chats that ended, for whatever reason.
    pub ended: u64,
}

/// Waiting times: not each, but enough for an average and quantiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waits {
    /// The sum, in milliseconds.
    pub sum_ms: u64,
    /// The longest, in milliseconds.
    pub longest_ms: u64,
    /// How many were at most so many seconds long and longer than the next lower bound.
    pub at_most: BTreeMap<u64, u64>,
    /// How many were longer than every bound.
    pub longer: u64,
}

impl Counts {
    /// Adds another day's or queue's.
    pub fn add(&mut self, other: &Self) {
        let Self {
            started,
            closed,
            full,
            taken,
            waits,
            messages_taken,
            rejected,
            missed,
            abandoned,
            no_agent,
            overflowed_out,
            overflowed_in,
            moved_out,
            moved_in,
            forms,
            messages,
            ended,
        } = other;
        self.started += started;
        self.closed += closed;
        self.full += full;
        self.taken += taken;
        self.waits.merge(waits);
        self.messages_taken += messages_taken;
        self.rejected += rejected;
        self.missed += missed;
        self.abandoned += abandoned;
        self.no_agent += no_agent;
        self.overflowed_out += overflowed_out;
        self.overflowed_in += overflowed_in;
        self.moved_out += moved_out;
        self.moved_in += moved_in;
        self.forms += forms;
        self.messages += messages;
        self.ended += ended;
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Waits {
    /// Adds one.
    pub fn add(&mut self, wait: Span) {
        self.sum_ms = self.sum_ms.saturating_add(wait.0);
        self.longest_ms = self.longest_ms.max(wait.0);
        match BOUNDS.into_iter().find(|bound| wait <= Span::seconds(*bound)) {
            Some(bound) => *self.at_most.entry(bound).or_default() += 1,
            None => self.longer += 1,
        }
    }

    fn merge(&mut self, other: &Self) {
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        for (bound, count) in &other.at_most {
            *self.at_most.entry(*bound).or_default() += count;
        }
        self.longer += other.longer;
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.at_most.values().sum::<u64>() + self.longer
    }

    /// The average.
    #[must_use]
    pub fn average(&self) -> Option<Span> {
        self.sum_ms.checked_div(self.count()).map(Span)
    }

    /// The longest.
    #[must_use]
    pub fn longest(&self) -> Option<Span> {
        (self.count() > 0).then_some(Span(self.longest_ms))
    }

    /// Such a percentage of them, or more, was no longer than this: the bound of what the quantile is
    /// in, or the longest if that is less.
    #[must_use]
    pub fn quantile(&self, percent: u64) -> Option<Seconds> {
        let longest = Seconds::about(self.longest()?);
        let wanted = (self.count() * percent).div_ceil(100);
        let mut seen = 0;
        for (bound, count) in &self.at_most {
            seen += count;
            if seen >= wanted {
                return Some(longest.min(Seconds(*bound)));
            }
        }
        Some(longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waits(seconds: &[u64]) -> Waits {
        let mut waits = Waits::default();
        for wait in seconds {
            waits.add(Span::seconds(*wait));
        }
        waits
    }

    #[test]
    fn quantiles_are_told_by_bounds() {
        assert_eq!(Waits::default().quantile(50), None);
        assert_eq!(Waits::default().average(), None);
        for (seconds, median, ninetieth) in [
            (&[3][..], 3, 3),
            (&[1, 2, 3, 4, 50], 5, 50),
            (&[7, 7, 7, 7, 7, 7, 7, 7, 100, 200], 10, 120),
            (&[4000, 5000], 5000, 5000),
            (&[0, 0, 7200], 5, 7200),
        ] {
            let waits = waits(seconds);
            let told = [50, 90].map(|percent| waits.quantile(percent));
            let about = |seconds| Some(Seconds::about(Span::seconds(seconds)));
            assert_eq!(told, [about(median), about(ninetieth)], "{seconds:?}");
        }
        assert_eq!(waits(&[10, 20]).average(), Some(Span::seconds(15)));
    }

    #[test]
    fn the_stored_form_is_kept() {
        let counts = Counts { started: 3, taken: 2, waits: waits(&[4, 5000]), ..Counts::default() };
        insta::assert_json_snapshot!("stored_counts", counts);
        let older: Counts = serde_json::from_str(r#"{"started":1,"waits":{}}"#).expect("readable");
        assert_eq!(older, Counts { started: 1, ..Counts::default() });
    }

    proptest! {
        /// A sum tells the same as counting everything in one place.
        #[test]
        fn sums_are_as_if_counted_together(
            a in prop::collection::vec(0..8000_u64, 0..40),
            b in prop::collection::vec(0..8000_u64, 0..40),
        ) {
            let mut sum = Counts { waits: waits(&a), taken: a.len() as u64, ..Counts::default() };
            let taken = b.len() as u64;
            sum.add(&Counts { waits: waits(&b), taken, started: 1, ..Counts::default() });
            let all = [a, b].concat();
            prop_assert_eq!(&sum.waits, &waits(&all));
            prop_assert_eq!((sum.taken, sum.started), (all.len() as u64, 1));
            // No quantile lies below the true one, nor above the longest.
            let mut sorted = all.clone();
            sorted.sort_unstable();
            for percent in [50, 90] {
                let Some(told) = sum.waits.quantile(percent) else { continue };
                let rank = (all.len() * usize::try_from(percent).expect("small")).div_ceil(100);
                prop_assert!(told >= Seconds::about(Span::seconds(sorted[rank - 1])));
                prop_assert!(told.0 <= sorted[sorted.len() - 1]);
            }
        }
    }
}
