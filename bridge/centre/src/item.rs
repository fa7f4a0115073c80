//! Names for the things that administrators manage, and pictures of them.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::{Centre, Site};

/// The kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What concerns everything: the time zone and so on.
    General,
    /// A queue.
    Queue,
    /// A profile.
    Profile,
    /// An agent.
    Agent,
    /// An administrator.
    Administrator,
    /// A supervisor.
    Supervisor,
    /// A site.
    Site,
    /// A predefined message.
    Message,
}

impl Kind {
    /// All of them that are lists, with the list's name in the file.
    pub(crate) const LISTS: [(Self, &'static str); 7] = [
        (Self::Queue, "queues"),
        (Self::Profile, "profiles"),
        (Self::Agent, "agents"),
        (Self::Administrator, "administrators"),
        (Self::Supervisor, "supervisors"),
        (Self::Site, "sites"),
        (Self::Message, "messages"),
    ];

    /// Where they are in the file.
    #[must_use]
    pub fn table(self) -> &'static str {
        let list = Self::LISTS.iter().find(|(kind, _)| *kind == self);
        list.map_or("time_zone or misses", |(_, list)| list)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::General => "general settings",
            Self::Queue => "queue",
            Self::Profile => "profile",
            Self::Agent => "agent",
            Self::Administrator => "administrator",
            Self::Supervisor => "supervisor",
            Self::Site => "site",
            Self::Message => "predefined message",
        })
    }
}

/// One of these things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Item {
    /// What kind.
    pub kind: Kind,
    /// Its id; nothing for the general settings.
    pub id: String,
}

impl Item {
    /// A thing by kind and id.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id.is_empty() { self.kind.fmt(f) } else { write!(f, "{} `{}`", self.kind, self.id) }
    }
}

/// How a thing was when somebody looked at it. Secrets are in it as fingerprints only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What was looked at.
    pub item: Item,
    /// What was seen; nothing if it did not exist.
    pub value: Option<Value>,
}

impl Snapshot {
    /// A short hash of it: the same as long as nothing changed.
    #[must_use]
    pub fn version(&self) -> String {
        fingerprint(&json!([self.item, self.value]).to_string())
    }
}

/// The first 64 bits of the SHA-256, in hexadecimal.
pub(crate) fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl Centre {
    /// How a thing is now.
    #[must_use]
    pub fn snapshot(&self, item: &Item) -> Snapshot {
        let id = &item.id;
        let value = match item.kind {
            Kind::General => Some(json!({ "time_zone": self.time_zone, "misses": self.misses })),
            Kind::Queue => self.queue(id).map(picture),
            Kind::Profile => self.profiles.iter().find(|p| p.id == *id).map(picture),
            Kind::Agent => self.agent(id).map(picture),
            Kind::Administrator => self.administrators.iter().find(|a| a.id == *id).map(picture),
            Kind::Supervisor => self.supervisors.iter().find(|s| s.id == *id).map(picture),
            Kind::Site => self.site(id).map(|site| picture(&veiled(site))),
            Kind::Message => self.message(id).map(picture),
        };
        Snapshot { item: item.clone(), value }
    }

    /// Everything there is, in the order of the file.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        let mut items = vec![Item::new(Kind::General, "")];
        items.extend(self.queues.iter().map(|q| Item::new(Kind::Queue, &q.id)));
        items.extend(self.profiles.iter().map(|p| Item::new(Kind::Profile, &p.id)));
        items.extend(self.agents.iter().map(|a| Item::new(Kind::Agent, &a.id)));
        items.extend(self.administrators.iter().map(|a| Item::new(Kind::Administrator, &a.id)));
        items.extend(self.supervisors.iter().map(|s| Item::new(Kind::Supervisor, &s.id)));
        items.extend(self.sites.iter().map(|s| Item::new(Kind::Site, &s.id)));
        items.extend(self.messages.iter().map(|m| Item::new(Kind::Message, &m.id)));
        items
    }

    /// The same with fingerprints in the place of secrets: enough to see whether something changed.
    #[must_use]
    pub fn veiled(&self) -> Self {
        Self { sites: self.sites.iter().map(veiled).collect(), ..self.clone() }
    }

    /// A short hash of everything.
    #[must_use]
    pub fn version(&self) -> String {
        let all: Vec<_> = self.items().iter().map(|item| self.snapshot(item).version()).collect();
        fingerprint(&all.concat())
    }
}

/// Our types have string keys and no values that JSON cannot hold, so this does not fail; if it did,
/// the picture would be empty.
fn picture<T: Serialize>(thing: &T) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}

fn veiled(site: &Site) -> Site {
    let mut site = site.clone();
    for key in &mut site.keys {
        if let Some(secret) = &mut key.secret {
            let print = fingerprint(secret.reveal());
            *secret = crate::model::Secret::new(format!("(hidden, fingerprint {print})"));
        }
    }
    site
}
