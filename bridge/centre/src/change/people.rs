//! Changes of profiles, agents and roles.

use super::{ChangeError, apply::set, fields::AgentFields};
use crate::{
    closest,
    item::{Item, Kind},
    model::{Administrator, Agent, Centre, Profile, Role, Served, Supervisor},
};

type Done = Result<(), ChangeError>;

impl Centre {
    pub(super) fn add_profile(&mut self, id: &str, name: Option<&str>, queues: &[Served]) -> Done {
        if self.profiles.iter().any(|profile| profile.id == id) {
            return Err(ChangeError::Exists(Item::new(Kind::Profile, id)));
        }
        let queues = self.find_served(queues)?;
        let (id, name) = (id.to_owned(), name.unwrap_or(id).to_owned());
        self.profiles.push(Profile { id, name, queues });
        Ok(())
    }

    pub(super) fn set_profile(
        &mut self,
        profile: &str,
        name: Option<&String>,
        queues: Option<&[Served]>,
    ) -> Done {
        if name.is_none() && queues.is_none() {
            return Err(ChangeError::NoSetting("!profile set days --queues sales,support:2"));
        }
        let queues = queues.map(|queues| self.find_served(queues)).transpose()?;
        let profile = self.profile_mut(profile)?;
        set(&mut profile.name, name);
        set(&mut profile.queues, queues.as_ref());
        Ok(())
    }

    pub(super) fn serve(&mut self, profile: &str, served: &Served) -> Done {
        let mut found = self.find_served(std::slice::from_ref(served))?;
        let profile = self.profile_mut(profile)?;
        for served in found.drain(..) {
            match profile.queues.iter_mut().find(|s| s.queue == served.queue) {
                Some(place) => *place = served,
                None => profile.queues.push(served),
            }
        }
        Ok(())
    }

    pub(super) fn unserve(&mut self, profile: &str, queue: &str) -> Done {
        let wanted = self.find(Kind::Queue, queue).unwrap_or_else(|_| queue.to_lowercase());
        let profile = self.profile_mut(profile)?;
        let there: Vec<_> = profile.queues.iter().map(|s| s.queue.clone()).collect();
        if !there.contains(&wanted) {
            return Err(ChangeError::NoPart {
                item: Item::new(Kind::Profile, &profile.id),
                part: format!("queue `{queue}`"),
                hint: closest::hint(queue, there.iter().map(String::as_str)),
            });
        }
        profile.queues.retain(|s| s.queue != wanted);
        Ok(())
    }

    pub(super) fn delete_profile(&mut self, name: &str) -> Done {
        let id = self.find(Kind::Profile, name)?;
        // An agent whose last profile went would be allowed all of them.
        let by: Vec<_> = self
            .agents
            .iter()
            .filter(|agent| agent.profiles.contains(&id))
            .map(|agent| format!("agent `{}`", agent.id))
            .collect();
        if !by.is_empty() {
            return Err(ChangeError::InUse {
                item: Item::new(Kind::Profile, id),
                by,
                advice: "Give them other profiles first: `!agent set AGENT --profiles …`"
                    .to_owned(),
            });
        }
        self.profiles.retain(|profile| profile.id != id);
        Ok(())
    }

    fn find_served(&self, queues: &[Served]) -> Result<Vec<Served>, ChangeError> {
        queues
            .iter()
            .map(|served| {
                Ok(Served { queue: self.find(Kind::Queue, &served.queue)?, ..served.clone() })
            })
            .collect()
    }

    fn profile_mut(&mut self, name: &str) -> Result<&mut Profile, ChangeError> {
        let id = self.find(Kind::Profile, name)?;
        let found = self.profiles.iter_mut().find(|profile| profile.id == id);
        found.ok_or_else(|| unknown(Kind::Profile, name))
    }

    pub(super) fn add_agent(&mut self, id: &str, fields: &AgentFields) -> Done {
        if self.agent(id).is_some() {
            return Err(ChangeError::Exists(Item::new(Kind::Agent, id)));
        }
        let local = id.trim_start_matches('@').split(':').next().unwrap_or(id);
        let mut agent = Agent::new(id, local);
        self.fill_agent(&mut agent, fields)?;
        self.agents.push(agent);
        Ok(())
    }

    pub(super) fn set_agent(&mut self, name: &str, fields: &AgentFields) -> Done {
        if fields == &AgentFields::default() {
            return Err(ChangeError::NoSetting("!agent set @anna:example.org --capacity 4"));
        }
        let id = self.find(Kind::Agent, name)?;
        let index = self.agents.iter().position(|agent| agent.id == id).unwrap_or_default();
        let mut agent = self.agents[index].clone();
        self.fill_agent(&mut agent, fields)?;
        self.agents[index] = agent;
        Ok(())
    }

    fn fill_agent(&self, agent: &mut Agent, fields: &AgentFields) -> Done {
        set(&mut agent.name, fields.name.as_ref());
        set(&mut agent.capacity, fields.capacity.as_ref());
        if let Some(names) = &fields.profiles {
            // The implied profile is not in the list; the check of the whole knows it.
            let implied = self.profiles.is_empty();
            agent.profiles = names
                .0
                .iter()
                .map(|n| if implied { Ok(n.clone()) } else { self.find(Kind::Profile, n) })
                .collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    pub(super) fn remove_agent(&mut self, name: &str) -> Done {
        let id = self.find(Kind::Agent, name)?;
        self.agents.retain(|agent| agent.id != id);
        Ok(())
    }

    pub(super) fn grant(&mut self, user: &str, role: Role, queues: &[String]) -> Done {
        match role {
            Role::Agent => return Err(ChangeError::AgentIsNoRole),
            Role::Supervisor => {
                let queues = self.find_queues(queues)?;
                match self.supervisors.iter_mut().find(|s| s.id == user) {
                    Some(supervisor) => supervisor.queues = queues,
                    None => self.supervisors.push(Supervisor { id: user.to_owned(), queues }),
                }
            }
            Role::Administrator => {
                if !self.administrators.iter().any(|a| a.id == user) {
                    self.administrators.push(Administrator { id: user.to_owned() });
                }
            }
        }
        Ok(())
    }

    pub(super) fn revoke(&mut self, user: &str, role: Role) -> Done {
        match role {
            Role::Agent => Err(ChangeError::AgentIsNoRole),
            Role::Supervisor => {
                let id = self.find(Kind::Supervisor, user)?;
                self.supervisors.retain(|s| s.id != id);
                Ok(())
            }
            Role::Administrator => {
                let id = self.find(Kind::Administrator, user)?;
                if self.administrators.len() == 1 {
                    return Err(ChangeError::LastAdministrator);
                }
                self.administrators.retain(|a| a.id != id);
                Ok(())
            }
        }
    }
}

fn unknown(kind: Kind, name: &str) -> ChangeError {
    ChangeError::Unknown { kind, name: name.to_owned(), hint: String::new() }
}
