//! The tables of the configuration file that administrators manage.

mod people;
mod predefined;
mod queue;
mod site;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::{
    people::{Administrator, Agent, Profile, Role, Roles, Served, Supervisor},
    predefined::PredefinedMessage,
    queue::{Overflow, Queue, Target},
    site::{ABOUT_TOKENS, Algorithm, Key, MAX_KEYS, MAX_VARIABLES, Secret, Site, USUAL},
};

/// Everything that administrators manage. What `serde` writes is for the store, as it has the secrets
/// of keys; for people there is [`Centre::export`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Centre {
    /// The IANA time zone of opening hours that name none.
    pub time_zone: String,
    /// After this many missed requests in a row an agent counts as not responding; 0 for never.
    pub misses: u32,
    /// Where chats wait.
    pub queues: Vec<Queue>,
    /// What agents log on with. See [`Centre::effective_profiles`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// Who answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<Agent>,
    /// Who manages all this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<Administrator>,
    /// Who watches queues.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supervisors: Vec<Supervisor>,
    /// Embeddings of the widget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
    /// Texts that agents pick.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<PredefinedMessage>,
}

/// The profile that stands for every queue when the file has none.
pub const ALL: &str = "all";

impl Default for Centre {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            misses: 2,
            queues: Vec::new(),
            profiles: Vec::new(),
            agents: Vec::new(),
            administrators: Vec::new(),
            supervisors: Vec::new(),
            sites: Vec::new(),
            messages: Vec::new(),
        }
    }
}

impl Centre {
    /// The queue with this id.
    #[must_use]
    pub fn queue(&self, id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.id == id)
    }

    /// The agent with this Matrix user id.
    #[must_use]
    pub fn agent(&self, user: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.id == user)
    }

    /// The site with this id.
    #[must_use]
    pub fn site(&self, id: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }

    /// The predefined message with this shortcut.
    #[must_use]
    pub fn message(&self, id: &str) -> Option<&PredefinedMessage> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// The profiles, or if there are none, one named [`ALL`] with every queue.
    #[must_use]
    pub fn effective_profiles(&self) -> Cow<'_, [Profile]> {
        if !self.profiles.is_empty() {
            return Cow::Borrowed(&self.profiles);
        }
        let queues = self.queues.iter().map(|queue| Served::new(&queue.id)).collect();
        Cow::Owned(vec![Profile { id: ALL.to_owned(), name: "All queues".to_owned(), queues }])
    }

    /// The profiles that this agent may log on with.
    #[must_use]
    pub fn profiles_of(&self, user: &str) -> Vec<Profile> {
        let Some(agent) = self.agent(user) else { return Vec::new() };
        let mut profiles = self.effective_profiles().into_owned();
        profiles.retain(|p| agent.profiles.is_empty() || agent.profiles.contains(&p.id));
        profiles
    }

    /// What this Matrix user may do.
    #[must_use]
    pub fn roles_of(&self, user: &str) -> Roles {
        Roles {
            agent: self.agent(user).is_some(),
            supervisor: self.supervisors.iter().any(|s| s.id == user),
            administrator: self.administrators.iter().any(|a| a.id == user),
        }
    }

    /// The highest role of this Matrix user.
    #[must_use]
    pub fn role_of(&self, user: &str) -> Option<Role> {
        self.roles_of(user).highest()
    }

    /// Whether this Matrix user may watch a queue and edit its predefined messages.
    #[must_use]
    pub fn supervises(&self, user: &str, queue: &str) -> bool {
        self.roles_of(user).administrator
            || self.supervisors.iter().any(|s| {
                s.id == user && (s.queues.is_empty() || s.queues.iter().any(|q| q == queue))
            })
    }

    /// Whether this Matrix user may edit a predefined message for these queues. Messages of all
    /// queues (an empty list) belong to those who supervise all queues.
    #[must_use]
    pub fn may_edit(&self, user: &str, queues: &[String]) -> bool {
        if queues.is_empty() {
            return self.roles_of(user).administrator
                || self.supervisors.iter().any(|s| s.id == user && s.queues.is_empty());
        }
        queues.iter().all(|queue| self.supervises(user, queue))
    }
}
