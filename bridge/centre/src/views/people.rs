//! Profiles, agents and roles.

use super::all_or;
use crate::{duration::Seconds, model::Centre, reply::Reply};

impl Centre {
    pub(super) fn profile_list(&self) -> Reply {
        let profiles = self.effective_profiles();
        let rows = profiles.iter().map(|profile| {
            let queues: Vec<_> = profile
                .queues
                .iter()
                .map(|served| {
                    let after = match served.delay_seconds {
                        0 => String::new(),
                        delay => format!(", after {}", Seconds(delay)),
                    };
                    format!("{} (priority {}{after})", served.queue, served.priority)
                })
                .collect();
            vec![profile.id.clone(), profile.name.clone(), queues.join(", ")]
        });
        Reply::new().heading("Profiles").table(&["Profile", "Name", "Queues"], rows)
    }

    pub(super) fn agent_list(&self) -> Reply {
        let rows = self.agents.iter().map(|agent| {
            let capacity = agent.capacity.to_string();
            vec![agent.id.clone(), agent.name.clone(), capacity, all_or(&agent.profiles)]
        });
        Reply::new().heading("Agents").table(&["Agent", "Name", "Chats", "Profiles"], rows)
    }

    pub(super) fn role_list(&self) -> Reply {
        let administrators = self
            .administrators
            .iter()
            .map(|a| vec![a.id.clone(), "administrator".to_owned(), "all".to_owned()]);
        let supervisors = self
            .supervisors
            .iter()
            .map(|s| vec![s.id.clone(), "supervisor".to_owned(), all_or(&s.queues)]);
        let rows = administrators.chain(supervisors);
        Reply::new().heading("Roles").table(&["User", "Role", "Queues"], rows)
    }
}
