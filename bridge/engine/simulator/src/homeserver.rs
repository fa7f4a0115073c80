//! The homeserver: rooms with members and a timeline, and what it pushes to the bridge.

use std::collections::{BTreeMap, BTreeSet};

use switchboard_engine::{AgentId, ChatId, Removal, WithdrawOutcome};

use crate::system::{Deed, Done, Event, Refused};

/// An agent's membership in a room; whoever has none is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Invited by this effect.
    Invited(u64),
    /// In the room, invited after this effect was decided.
    Joined(u64),
}

impl Membership {
    fn since(self) -> u64 {
        match self {
            Self::Invited(seq) | Self::Joined(seq) => seq,
        }
    }
}

/// A chat's room.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// It has been made.
    pub made: bool,
    /// It was refused for good.
    pub refused: bool,
    /// Who is in it or invited.
    pub members: BTreeMap<AgentId, Membership>,
    /// What it refused for good; it does so again.
    pub refusals: BTreeSet<u64>,
    /// What happened, in order.
    pub timeline: Vec<Event>,
    /// Up to where the homeserver believes it has told the bridge.
    pub told: usize,
    /// Up to where the bridge has read.
    pub read: usize,
    /// Who joined while they were no agents: the bridge does not know that they are there.
    pub strangers: Vec<AgentId>,
}

/// How an attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Well.
    Good,
    /// The homeserver refuses for good.
    Refused,
    /// The agent acts between our look and our deed.
    Race,
}

impl Room {
    fn gone(&mut self, agent: &AgentId, how: Removal, seq: Option<u64>) {
        self.members.remove(agent);
        self.timeline.push(Event::Gone { agent: agent.clone(), how, seq });
    }

    /// An agent joins: their own invite, or that of a colleague after this effect was decided.
    pub fn join(&mut self, agent: &AgentId, after: u64) {
        let since = match self.members.get(agent) {
            Some(Membership::Invited(seq)) => *seq,
            _ => after,
        };
        self.members.insert(agent.clone(), Membership::Joined(since));
        self.timeline.push(Event::Joined(agent.clone()));
    }

    /// An agent's membership ends without us.
    pub fn leave(&mut self, agent: &AgentId, how: Removal) {
        self.gone(agent, how, None);
    }

    /// Where an effect of ours left its mark.
    #[must_use]
    pub fn mark(&self, seq: u64) -> Option<usize> {
        self.timeline.iter().position(|event| event.seq() == Some(seq))
    }

    fn said(&mut self, event: Event) -> Done {
        self.timeline.push(event);
        Done::Event(self.timeline.len() - 1)
    }

    /// Carries out a deed.
    pub fn carry_out(
        &mut self,
        seq: u64,
        deed: &Deed,
        look: bool,
        attempt: Attempt,
    ) -> Result<Done, Refused> {
        if self.refused {
            return Err(Refused);
        }
        if look && let Some(index) = self.mark(seq) {
            return Ok(match deed {
                Deed::Say { .. } | Deed::Note => Done::Event(index),
                _ => Done::Plain,
            });
        }
        let attempt = if self.refusals.contains(&seq) { Attempt::Refused } else { attempt };
        match (deed, attempt) {
            (Deed::OpenRoom, Attempt::Refused) if !self.made => {
                self.refused = true;
                Err(Refused)
            }
            (Deed::OpenRoom, _) => {
                self.made = true;
                Ok(Done::Plain)
            }
            (Deed::Withdraw(agent), attempt) => {
                Ok(Done::Withdrawn(self.withdraw(seq, agent, attempt)))
            }
            // They stay, though the engine has given them up: nothing exact can be said of them.
            (Deed::Remove(agent), Attempt::Refused) => {
                self.refusals.insert(seq);
                if !self.strangers.contains(agent) {
                    self.strangers.push(agent.clone());
                }
                Err(Refused)
            }
            (Deed::Remove(agent), _) => {
                // In doubt it may be long done, and the agent asked again since.
                if self.members.get(agent).is_some_and(|is| is.since() < seq) {
                    self.gone(agent, Removal::Left, Some(seq));
                }
                Ok(Done::Plain)
            }
            (_, Attempt::Refused) => {
                self.refusals.insert(seq);
                Err(Refused)
            }
            (Deed::Ring { agent, .. }, _) => {
                // Who is in the room already has no use for an invite.
                if !matches!(self.members.get(agent), Some(Membership::Joined(_))) {
                    self.members.insert(agent.clone(), Membership::Invited(seq));
                    self.timeline.push(Event::Invited { seq, agent: agent.clone() });
                }
                Ok(Done::Plain)
            }
            (Deed::Say { key, log }, _) => Ok(self.said(Event::Said { seq, key: *key, log: *log })),
            (Deed::Note | Deed::Status, _) => Ok(self.said(Event::Noted { seq })),
        }
    }

    fn withdraw(&mut self, seq: u64, agent: &AgentId, attempt: Attempt) -> WithdrawOutcome {
        match self.members.get(agent) {
            None => WithdrawOutcome::Done,
            Some(Membership::Joined(_)) => WithdrawOutcome::HadJoined,
            // In doubt it may be long done, and this a newer invite.
            Some(Membership::Invited(since)) if *since > seq => WithdrawOutcome::Done,
            Some(Membership::Invited(_)) => match attempt {
                Attempt::Refused => WithdrawOutcome::Failed,
                Attempt::Race => {
                    self.join(agent, seq);
                    self.gone(agent, Removal::WithdrawnAfterJoin, Some(seq));
                    WithdrawOutcome::Done
                }
                Attempt::Good => {
                    self.gone(agent, Removal::Withdrawn, Some(seq));
                    WithdrawOutcome::Done
                }
            },
        }
    }
}

/// All rooms.
#[derive(Clone, Debug, Default)]
pub struct Homeserver {
    /// By chat.
    pub rooms: BTreeMap<ChatId, Room>,
}

impl Homeserver {
    /// A chat's room, made or not.
    pub fn room(&mut self, chat: ChatId) -> &mut Room {
        self.rooms.entry(chat).or_default()
    }
}
