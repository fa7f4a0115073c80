//! The homeserver's side of the simulated world: a room, its members, and its outbox lane.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use switchboard_engine::{AgentId, Effect, Input, Removal, WithdrawOutcome};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Invited,
    Joined,
}

#[derive(Debug, Default)]
pub(crate) struct RoomModel {
    made: bool,
    failed: bool,
    pub(crate) members: BTreeMap<AgentId, Member>,
    /// Who was no agent when their joining was told. The engine does not know that they are there
    /// when they become agents later, so nothing exact can be said of them.
    pub(crate) strangers: BTreeSet<AgentId>,
    /// What happened in the room and has not been told yet.
    pub(crate) events: VecDeque<Input>,
    /// What the outbox has still to do.
    pub(crate) lane: VecDeque<Effect>,
}

impl RoomModel {
    /// Carries out an effect. Says what the homeserver answers, if it does.
    pub(crate) fn perform(&mut self, effect: &Effect, unlucky: bool) -> Option<Input> {
        if self.failed {
            // What depends on the room is parked.
            return None;
        }
        match *effect {
            Effect::OpenRoom { chat } if unlucky => {
                self.failed = true;
                Some(Input::RoomFailed { chat })
            }
            Effect::OpenRoom { chat } => {
                assert!(!self.made, "a chat has one room");
                self.made = true;
                Some(Input::RoomOpened { chat })
            }
            Effect::Ring { chat, request, .. } if unlucky => {
                assert!(self.made);
                Some(Input::RequestFailed { chat, request })
            }
            Effect::Ring { chat, request, ref agent, .. } => {
                assert!(self.made);
                // Whoever is in the room already has no use for an invite.
                self.members.entry(agent.clone()).or_insert(Member::Invited);
                Some(Input::RequestSent { chat, request })
            }
            Effect::Withdraw { chat, ref agent } => {
                let gone = |how| Input::AgentGone { chat, agent: agent.clone(), how };
                let (outcome, event) = match self.members.get(agent) {
                    Some(Member::Invited) if unlucky => (WithdrawOutcome::Failed, None),
                    Some(Member::Invited) => {
                        (WithdrawOutcome::Done, Some(gone(Removal::Withdrawn)))
                    }
                    // They joined between our look and our act.
                    Some(Member::Joined) if unlucky => {
                        (WithdrawOutcome::Done, Some(gone(Removal::WithdrawnAfterJoin)))
                    }
                    Some(Member::Joined) => (WithdrawOutcome::HadJoined, None),
                    None => (WithdrawOutcome::Done, None),
                };
                if let Some(event) = event {
                    self.members.remove(agent);
                    self.events.push_back(event);
                }
                Some(Input::RequestWithdrawn { chat, agent: agent.clone(), outcome })
            }
            Effect::Remove { chat, ref agent, .. }
                if self.members.get(agent) == Some(&Member::Joined) =>
            {
                self.members.remove(agent);
                let (agent, how) = (agent.clone(), Removal::Left);
                self.events.push_back(Input::AgentGone { chat, agent, how });
                None
            }
            _ => None,
        }
    }
}
