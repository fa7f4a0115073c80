//! The setup, in the form in which the rules look things up.

use std::collections::BTreeMap;

use crate::{
    ids::{ProfileId, QueueId},
    queue::{QueueSettings, Strategy},
    setup::{Serves, Setup},
    time::Span,
};

/// Queues and the profiles that serve them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roster {
    queues: BTreeMap<QueueId, QueueSettings>,
    profiles: BTreeMap<ProfileId, Vec<Serves>>,
    /// Which profiles serve a queue, and after which delay.
    serving: BTreeMap<QueueId, Vec<(ProfileId, Span)>>,
    /// By which strategies the queues of a profile choose: its agents are ranked by each.
    strategies: BTreeMap<ProfileId, Vec<Strategy>>,
    /// After how many misses in a row an agent is not responding; 0 for never.
    pub(super) misses: u32,
}

impl Roster {
    pub(super) fn new(setup: &Setup) -> Self {
        let mut roster = Self { misses: setup.misses, ..Self::default() };
        roster.queues = setup.queues.iter().map(|q| (q.id.clone(), q.clone())).collect();
        for profile in &setup.profiles {
            let mut strategies = Vec::new();
            let mut known = Vec::new();
            for serves in &profile.queues {
                let Some(queue) = roster.queues.get(&serves.queue) else { continue };
                roster
                    .serving
                    .entry(serves.queue.clone())
                    .or_default()
                    .push((profile.id.clone(), serves.delay));
                strategies.push(order_of(queue.strategy));
                known.push(serves.clone());
            }
            strategies.sort_unstable();
            strategies.dedup();
            roster.strategies.insert(profile.id.clone(), strategies);
            roster.profiles.insert(profile.id.clone(), known);
        }
        roster
    }

    /// A queue's settings. A chat may outlive its queue: it is brought to its end with others.
    pub(super) fn queue(&self, id: &QueueId) -> &QueueSettings {
        self.queues.get(id).unwrap_or(&REMOVED_QUEUE)
    }

    pub(super) fn known_queue(&self, id: &QueueId) -> Option<&QueueSettings> {
        self.queues.get(id)
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &QueueSettings> {
        self.queues.values()
    }

    pub(super) fn set_open(&mut self, id: &QueueId, open: bool) -> bool {
        self.queues.get_mut(id).map(|queue| queue.open = open).is_some()
    }

    /// The queues of a profile that are there; none for a profile that is not.
    pub(super) fn profile(&self, id: &ProfileId) -> &[Serves] {
        self.profiles.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn has_profile(&self, id: &ProfileId) -> bool {
        self.profiles.contains_key(id)
    }

    /// The profiles that serve a queue, with their delays.
    pub(super) fn serving(&self, queue: &QueueId) -> &[(ProfileId, Span)] {
        self.serving.get(queue).map_or(&[], Vec::as_slice)
    }

    /// The orders in which the agents of a profile are ranked.
    pub(super) fn orders(&self, profile: &ProfileId) -> &[Strategy] {
        self.strategies.get(profile).map_or(&[], Vec::as_slice)
    }
}

/// The order in which a strategy looks at agents. Whom of all to ask first matters little.
pub(super) fn order_of(strategy: Strategy) -> Strategy {
    match strategy {
        Strategy::RingAll => Strategy::LongestIdle,
        other => other,
    }
}

/// A chat may outlive its queue's configuration; it is brought to its end with these settings.
static REMOVED_QUEUE: QueueSettings = QueueSettings {
    id: QueueId(String::new()),
    strategy: Strategy::LongestIdle,
    request_timeout: Span::seconds(45),
    second_round_after: Span::seconds(30),
    max_wait: Some(Span::seconds(30 * 60)),
    max_length: 0,
    overflow: None,
    open: true,
    return_grace: Span::seconds(60),
    close_after: Span::seconds(10 * 60),
    max_pending_messages: 20,
};
