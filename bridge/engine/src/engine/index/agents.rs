//! The agents who are ready, and of these the ones who can be asked, ranked.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    agent::Agent,
    bugs::{Bug, has},
    engine::roster::Roster,
    ids::{AgentId, ChatId, ProfileId},
    queue::Strategy,
    time::Time,
};

/// An agent's rank: the smallest is asked first.
pub(super) type Rank = (u64, Time, AgentId);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Agents {
    /// The active chats that an agent is in; no entry for none. Removed agents may have chats too.
    talking: BTreeMap<AgentId, BTreeSet<ChatId>>,
    /// How each ready agent is filed.
    filed: BTreeMap<AgentId, Filed>,
    /// The ready ones, busy or not.
    ready: BTreeMap<ProfileId, BTreeSet<AgentId>>,
    /// Those who can take one more request, by each order that their profile's queues use.
    ranked: BTreeMap<(ProfileId, Strategy), BTreeSet<Rank>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Filed {
    profile: ProfileId,
    /// Their ranks, if they can take one more request.
    ranks: Option<Vec<(Strategy, Rank)>>,
}

impl Agents {
    /// An agent is in an active chat.
    pub(super) fn talks(&mut self, agent: &AgentId, chat: ChatId) {
        match self.talking.get_mut(agent) {
            Some(chats) => {
                chats.insert(chat);
            }
            None => {
                self.talking.insert(agent.clone(), BTreeSet::from([chat]));
            }
        }
    }

    /// An agent is not in that chat any more.
    pub(super) fn is_silent(&mut self, agent: &AgentId, chat: ChatId) {
        if let Some(chats) = self.talking.get_mut(agent) {
            chats.remove(&chat);
            if chats.is_empty() {
                self.talking.remove(agent);
            }
        }
    }

    pub(super) fn chats_of(&self, agent: &AgentId) -> impl Iterator<Item = ChatId> + '_ {
        self.talking.get(agent).into_iter().flatten().copied()
    }

    pub(super) fn talking(&self, agent: &AgentId) -> usize {
        self.talking.get(agent).map_or(0, BTreeSet::len)
    }

    pub(super) fn file(&mut self, agent: &Agent, roster: &Roster) {
        let profile = agent.profile.as_ref().filter(|_| agent.is_ready());
        let wanted = profile.map(|profile| Filed {
            profile: profile.clone(),
            ranks: self.can_take_one(agent).then(|| self.ranks(agent, profile, roster)),
        });
        if self.filed.get(&agent.id) == wanted.as_ref() {
            return;
        }
        self.unfile(&agent.id);
        let Some(filed) = wanted else { return };
        self.ready.entry(filed.profile.clone()).or_default().insert(agent.id.clone());
        for (order, rank) in filed.ranks.iter().flatten() {
            self.ranked.entry((filed.profile.clone(), *order)).or_default().insert(rank.clone());
        }
        self.filed.insert(agent.id.clone(), filed);
    }

    pub(super) fn forget(&mut self, agent: &AgentId) {
        self.unfile(agent);
    }

    fn unfile(&mut self, agent: &AgentId) {
        let Some(filed) = self.filed.remove(agent) else { return };
        if let Some(ready) = self.ready.get_mut(&filed.profile) {
            ready.remove(agent);
            if ready.is_empty() {
                self.ready.remove(&filed.profile);
            }
        }
        for (order, rank) in filed.ranks.into_iter().flatten() {
            let key = (filed.profile.clone(), order);
            if let Some(ranked) = self.ranked.get_mut(&key) {
                ranked.remove(&rank);
                if ranked.is_empty() {
                    self.ranked.remove(&key);
                }
            }
        }
    }

    fn can_take_one(&self, agent: &Agent) -> bool {
        let capacity = usize::try_from(agent.capacity).unwrap_or(usize::MAX);
        let capacity = capacity.saturating_add(usize::from(has(Bug::IgnoresCapacity)));
        (agent.request.is_none() || has(Bug::AsksTwice))
            && (agent.withdrawing.is_empty() || has(Bug::AsksBeforeWithdrawn))
            && self.talking(&agent.id) < capacity
    }

    fn ranks(&self, agent: &Agent, profile: &ProfileId, roster: &Roster) -> Vec<(Strategy, Rank)> {
        roster
            .orders(profile)
            .iter()
            .map(|order| {
                let (load, since) = match order {
                    Strategy::LongestIdle if has(Bug::AsksShortestIdle) => {
                        (0, Time(u64::MAX - agent.idle_since.0))
                    }
                    Strategy::LongestIdle | Strategy::RingAll => (0, agent.idle_since),
                    Strategy::LeastBusy => (self.talking(&agent.id) as u64, agent.idle_since),
                    Strategy::RoundRobin => (0, agent.asked_at),
                };
                (*order, (load, since, agent.id.clone()))
            })
            .collect()
    }

    /// The profile that an agent is ready with.
    pub(super) fn ready_with(&self, agent: &AgentId) -> Option<&ProfileId> {
        self.filed.get(agent).map(|filed| &filed.profile)
    }

    pub(super) fn ready(&self, profile: &ProfileId) -> impl Iterator<Item = &AgentId> {
        self.ready.get(profile).into_iter().flatten()
    }

    pub(super) fn is_available(&self, agent: &AgentId) -> bool {
        self.filed.get(agent).is_some_and(|filed| filed.ranks.is_some())
    }

    pub(super) fn available(&self) -> impl Iterator<Item = &AgentId> {
        self.filed.iter().filter(|(_, filed)| filed.ranks.is_some()).map(|(agent, _)| agent)
    }

    /// The available agents of a profile, first asked first.
    pub(super) fn ranked(
        &self,
        profile: &ProfileId,
        order: Strategy,
    ) -> impl Iterator<Item = &Rank> {
        self.ranked.get(&(profile.clone(), order)).into_iter().flatten()
    }
}
