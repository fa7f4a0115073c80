//! One change at a time: what administrators and supervisors ask for, and what comes of it.

pub mod apply;
mod authorise;
mod error;
pub mod fields;
mod find;
mod people;
mod queues;
mod sites;

use serde::{Deserialize, Serialize};

use self::fields::{AgentFields, GeneralFields, MessageFields, QueueFields, SiteFields};
pub use self::{
    apply::{Applied, Decision},
    error::ChangeError,
};
use crate::{
    hours::{Exception, IsoDate, Opening},
    item::{Item, Kind},
    model::{Centre, Key, Role, Served},
};

/// A wish to change something. Things are named by id, or by name where that is unambiguous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each field is the thing or the value that it is named after")]
pub enum Change {
    /// Set what concerns everything.
    SetGeneral(GeneralFields),
    /// A new queue.
    AddQueue { id: String, fields: QueueFields },
    /// Set a queue's settings.
    SetQueue { id: String, fields: QueueFields },
    /// Delete a queue; what refers to it and the chats in it go to another one.
    DeleteQueue { id: String, move_to: Option<String> },
    /// Set the hours of the week. None: only the time zone.
    SetHours { queue: String, week: Option<Vec<Opening>>, time_zone: Option<String> },
    /// Open a queue around the clock.
    ClearHours { queue: String },
    /// Give a date hours of its own, or others than it had.
    SetException { queue: String, exception: Exception },
    /// Treat a date like any other again.
    RemoveException { queue: String, date: IsoDate },
    /// A new profile.
    AddProfile { id: String, name: Option<String>, queues: Vec<Served> },
    /// Set a profile's name, or all its queues.
    SetProfile { id: String, name: Option<String>, queues: Option<Vec<Served>> },
    /// Add a queue to a profile, or set how it serves it.
    Serve { profile: String, served: Served },
    /// Take a queue out of a profile.
    Unserve { profile: String, queue: String },
    /// Delete a profile.
    DeleteProfile { id: String },
    /// A new agent.
    AddAgent { id: String, fields: AgentFields },
    /// Set an agent's settings.
    SetAgent { id: String, fields: AgentFields },
    /// An agent is none any more.
    RemoveAgent { id: String },
    /// Make somebody a supervisor (of these queues, of all if there is none) or administrator.
    Grant { user: String, role: Role, queues: Vec<String> },
    /// Take that back.
    Revoke { user: String, role: Role },
    /// A new site.
    AddSite { id: String, fields: SiteFields },
    /// Set a site's settings.
    SetSite { id: String, fields: SiteFields },
    /// Replace one of the widget's own words; an empty text restores it.
    SetSiteText { site: String, name: String, text: String },
    /// Declare a variable that a site states; an empty label takes that back.
    SetSiteVariable { site: String, name: String, label: String },
    /// Delete a site.
    DeleteSite { id: String },
    /// Add a key to a site.
    AddKey { site: String, key: Key },
    /// Add a key to a site; of two that are there the older one goes.
    RotateKey { site: String, key: Key },
    /// Remove a site's key.
    RemoveKey { site: String, key: String },
    /// A new predefined message.
    AddMessage { id: String, fields: MessageFields },
    /// Set a predefined message.
    SetMessage { id: String, fields: MessageFields },
    /// Delete a predefined message.
    DeleteMessage { id: String },
}

impl Change {
    /// What it is about, if that can be found.
    pub fn item(&self, centre: &Centre) -> Result<Item, ChangeError> {
        let (kind, name) = match self {
            Self::SetGeneral(_) => return Ok(Item::new(Kind::General, "")),
            Self::AddQueue { id, .. } => return Ok(Item::new(Kind::Queue, id)),
            Self::AddProfile { id, .. } => return Ok(Item::new(Kind::Profile, id)),
            Self::AddAgent { id, .. } => return Ok(Item::new(Kind::Agent, id)),
            Self::AddSite { id, .. } => return Ok(Item::new(Kind::Site, id)),
            Self::AddMessage { id, .. } => return Ok(Item::new(Kind::Message, id)),
            Self::Grant { user, role, .. } => return Ok(Item::new(kind_of(*role)?, user)),
            Self::Revoke { user, role } => (kind_of(*role)?, user),
            Self::SetQueue { id, .. } | Self::DeleteQueue { id, .. } => (Kind::Queue, id),
            Self::SetHours { queue, .. }
            | Self::ClearHours { queue }
            | Self::SetException { queue, .. }
            | Self::RemoveException { queue, .. } => (Kind::Queue, queue),
            Self::SetProfile { id, .. } | Self::DeleteProfile { id } => (Kind::Profile, id),
            Self::Serve { profile, .. } | Self::Unserve { profile, .. } => (Kind::Profile, profile),
            Self::SetAgent { id, .. } | Self::RemoveAgent { id } => (Kind::Agent, id),
            Self::SetSite { id, .. } | Self::DeleteSite { id } => (Kind::Site, id),
            Self::SetSiteText { site, .. }
            | Self::SetSiteVariable { site, .. }
            | Self::AddKey { site, .. }
            | Self::RotateKey { site, .. }
            | Self::RemoveKey { site, .. } => (Kind::Site, site),
            Self::SetMessage { id, .. } | Self::DeleteMessage { id } => (Kind::Message, id),
        };
        Ok(Item::new(kind, centre.find(kind, name)?))
    }
}

fn kind_of(role: Role) -> Result<Kind, ChangeError> {
    match role {
        Role::Agent => Err(ChangeError::AgentIsNoRole),
        Role::Supervisor => Ok(Kind::Supervisor),
        Role::Administrator => Ok(Kind::Administrator),
    }
}
