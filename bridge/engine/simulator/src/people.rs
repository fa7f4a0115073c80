//! What customers, agents, supervisors and administrators do.

use switchboard_engine::{AgentId, ChatId, Input, Leaving, ProfileId, QueueId, Removal};

use crate::{
    bugs::{WorldBug, world_has},
    homeserver::Membership,
    schedule::{Act, Fault, Kind},
    setups::{self, AGENTS, PROFILES},
    store::Key,
    system::{Event, Item, System},
    world::{Customer, World},
};

impl<S: System> World<S> {
    pub(crate) fn person(&mut self, act: Act) {
        match act.kind {
            Kind::Start => self.start(act),
            Kind::Write | Kind::Resend | Kind::End | Kind::GoAway | Kind::Return => {
                if let Some(chat) = self.some_chat(act.a) {
                    self.customer(chat, act);
                }
            }
            Kind::LogOn | Kind::LogOff | Kind::Ready | Kind::Pause => self.at_desk(act),
            Kind::Assign | Kind::Move | Kind::Configure | Kind::Hours => self.supervisor(act),
            _ if self.silent => {}
            _ => self.in_room(act),
        }
    }

    fn start(&mut self, act: Act) {
        let chat = ChatId(self.customers.len() as u128 + 1);
        if chat.0 > 12 {
            return;
        }
        let queue = setups::queue(act.b, &self.setups[0]);
        self.tell(|| format!("customer {} opens a chat in {queue} {:?}", chat.0, act.fault));
        if act.fault == Fault::NotDurable {
            return;
        }
        self.customers.insert(chat, Customer::default());
        self.connected.insert(chat);
        self.arrive(Key::Start(chat), Item::Start { chat, queue });
    }

    /// Chats that go on come up more often than those that are over.
    fn some_chat(&self, n: u8) -> Option<ChatId> {
        let open: Vec<ChatId> = self
            .customers
            .keys()
            .filter(|chat| n >= 230 || !self.system.engine().is_closed(**chat))
            .copied()
            .collect();
        (!open.is_empty()).then(|| open[usize::from(n) % open.len()])
    }

    fn customer(&mut self, chat: ChatId, act: Act) {
        self.tell(|| format!("customer {}: {:?} {:?}", chat.0, act.kind, act.fault));
        let Some(customer) = self.customers.get_mut(&chat) else { return };
        match act.kind {
            Kind::Write => {
                if customer.messages.len() >= 12 {
                    return;
                }
                customer.messages.push(false);
                let key = u32::try_from(customer.messages.len() - 1).unwrap_or(u32::MAX);
                self.send(chat, key, act.fault);
            }
            Kind::Resend => {
                if customer.messages.is_empty() {
                    return;
                }
                // The oldest without a ✓ first, or any.
                let waiting = customer.messages.iter().position(|acknowledged| !acknowledged);
                let any = usize::from(act.b) % customer.messages.len();
                let key = waiting.filter(|_| act.b < 200).unwrap_or(any);
                self.send(chat, u32::try_from(key).unwrap_or(u32::MAX), act.fault);
            }
            Kind::End => {
                if act.fault != Fault::NotDurable {
                    self.arrive(Key::End(chat), Item::End { chat });
                }
            }
            Kind::GoAway => {
                self.connected.remove(&chat);
                customer.absences += 1;
                let key = Key::Away(chat, customer.absences);
                self.arrive(key, Item::Away { chat });
            }
            _ => {
                self.connected.insert(chat);
            }
        }
    }

    fn send(&mut self, chat: ChatId, key: u32, fault: Fault) {
        if fault != Fault::NotDurable {
            let item = Item::Send { chat, key };
            self.arrive(Key::Send(chat, key), item.clone());
            if world_has(WorldBug::NoKeyDedupe) {
                self.arrive_again(Key::Send(chat, key), item);
            }
        }
        let acknowledged = fault == Fault::None
            || fault == Fault::NotDurable && world_has(WorldBug::AckBeforeDurable);
        if acknowledged
            && let Some(customer) = self.customers.get_mut(&chat)
            && let Some(message) =
                usize::try_from(key).ok().and_then(|key| customer.messages.get_mut(key))
        {
            *message = true;
        }
    }

    fn at_desk(&mut self, act: Act) {
        // Now and then somebody who is no agent, and a profile that is not there.
        let agents = &self.setup.agents;
        let agent = if act.a >= 240 || agents.is_empty() {
            setups::agent(act.a)
        } else {
            agents[usize::from(act.a) % agents.len()].id.clone()
        };
        let input = match act.kind {
            Kind::LogOn => {
                let profiles = &self.setup.profiles;
                let profile = if act.b >= 250 {
                    ProfileId(PROFILES[usize::from(act.b) % PROFILES.len()].to_owned())
                } else {
                    profiles[usize::from(act.b) % profiles.len()].id.clone()
                };
                Input::AgentLogsOn { agent, profile }
            }
            Kind::LogOff => {
                let chats = match act.b % 3 {
                    0 => None,
                    1 => Some(Leaving::Keep),
                    _ => Some(Leaving::Return),
                };
                Input::AgentLogsOff { agent, chats }
            }
            Kind::Ready => Input::AgentReady { agent },
            _ => Input::AgentPauses { agent, after_chats: act.b.is_multiple_of(2) },
        };
        self.control(input);
    }

    fn supervisor(&mut self, act: Act) {
        let queue = QueueId(setups::queue(act.b, &self.setups[0]).0);
        let input = match act.kind {
            Kind::Assign | Kind::Move => {
                let Some(chat) = self.some_chat(act.a) else { return };
                if act.kind == Kind::Assign {
                    let free: Vec<AgentId> = self
                        .system
                        .engine()
                        .agents()
                        .filter(|agent| {
                            act.a >= 200 || self.system.engine().is_available(&agent.id)
                        })
                        .map(|agent| agent.id.clone())
                        .collect();
                    if free.is_empty() {
                        return;
                    }
                    Input::Assigned { chat, agent: free[usize::from(act.b) % free.len()].clone() }
                } else {
                    Input::Moved { chat, queue }
                }
            }
            Kind::Configure => {
                let setup = self.setups[usize::from(act.a) % self.setups.len()].clone();
                Input::Configured { setup }
            }
            _ => Input::QueueHours { queue, open: act.a.is_multiple_of(2) },
        };
        self.control(input);
    }

    /// What an agent does in a room: the chosen agent, or the next one who can.
    fn in_room(&mut self, act: Act) {
        let invited = matches!(act.kind, Kind::Accept | Kind::Decline);
        let mut choices = Vec::new();
        for (chat, room) in &self.homeserver.rooms {
            for (agent, membership) in &room.members {
                let fits = match membership {
                    Membership::Invited(_) => invited || act.kind == Kind::Expel,
                    Membership::Joined(_) => !invited,
                };
                if fits {
                    choices.push((*chat, agent.clone()));
                }
            }
        }
        if choices.is_empty() {
            return;
        }
        let (chat, agent) = choices.swap_remove(usize::from(act.a) % choices.len());
        self.agent_does(chat, &agent, act);
    }

    pub(crate) fn agent_does(&mut self, chat: ChatId, agent: &AgentId, act: Act) {
        self.tell(|| format!("{}: {:?} in chat {}", agent.0, act.kind, chat.0));
        let known = self.system.engine().agent(agent).is_some();
        let after = self.store.last_effect;
        let room = self.homeserver.room(chat);
        match act.kind {
            Kind::Accept => room.join(agent, after),
            Kind::Decline => room.leave(agent, Removal::Declined),
            Kind::Leave => room.leave(agent, Removal::Left),
            Kind::Expel => room.leave(agent, Removal::Removed),
            Kind::Bring => {
                let colleague = AgentId(AGENTS[usize::from(act.b) % AGENTS.len()].to_owned());
                if !matches!(room.members.get(&colleague), Some(Membership::Joined(_))) {
                    room.join(&colleague, after);
                    self.note_stranger(chat, &colleague);
                }
            }
            Kind::Say => room.timeline.push(Event::Wrote(agent.clone())),
            Kind::AskEnd => room.timeline.push(Event::AsksEnd(agent.clone())),
            Kind::ConfirmEnd => room.timeline.push(Event::ConfirmsEnd(agent.clone())),
            _ => room.timeline.push(Event::Closes(agent.clone())),
        }
        if !known {
            self.note_stranger(chat, agent);
        }
    }

    /// The engine does not hear of those who are no agents when they join, so that nothing exact
    /// can be said of them.
    fn note_stranger(&mut self, chat: ChatId, agent: &AgentId) {
        if self.setups.iter().all(|setup| setup.agents.iter().any(|a| a.id == *agent)) {
            return;
        }
        let room = self.homeserver.room(chat);
        if !room.strangers.contains(agent) {
            room.strangers.push(agent.clone());
        }
    }
}
