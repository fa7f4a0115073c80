//! From commands to changes.

use super::{
    AgentCommand, Command, ConfigCommand, HoursCommand, KeyCommand, MessageCommand, ProfileCommand,
    QueueCommand, RoleCommand, SiteCommand,
};
use crate::{
    change::Change,
    hours::{DayHours, Exception, Opening},
    model::{Algorithm, Key, Secret, Served},
};

/// What a new key is made of. It comes from outside: nothing here is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshKey {
    /// An id that the site has not used.
    pub id: String,
    /// At least 32 random bytes as base64url; taken for HS256 only.
    pub secret: Secret,
    /// Now, as RFC 3339.
    pub added: String,
}

impl Command {
    /// Checks what the grammar cannot.
    pub(super) fn complete(&self) -> Result<(), String> {
        match self {
            Self::Queue(QueueCommand::Hours(HoursCommand::Set { week, time_zone, .. })) => {
                if week.is_empty() && time_zone.is_none() {
                    return Err("say the hours, such as mon-fri 09:00-17:00".to_owned());
                }
                read_week(week).map(drop)
            }
            Self::Queue(QueueCommand::Hours(HoursCommand::AddException { hours, .. })) => {
                hours.join(" ").parse::<DayHours>().map(drop)
            }
            Self::Role(RoleCommand::Add { role, queues: Some(_), .. })
                if *role != crate::Role::Supervisor =>
            {
                Err("--queues is for supervisors: administrators see every queue".to_owned())
            }
            Self::Message(MessageCommand::Add { fields, .. }) if fields.text.is_none() => {
                Err("say what it says: --text \"…\"".to_owned())
            }
            Self::Site(SiteCommand::Key(
                KeyCommand::Add { algorithm, public_key, .. }
                | KeyCommand::Rotate { algorithm, public_key, .. },
            )) => match (algorithm, public_key) {
                (Algorithm::Eddsa, None) => Err("an eddsa key needs --public-key".to_owned()),
                (Algorithm::Hs256, Some(_)) => {
                    Err("--public-key is for keys with --algorithm eddsa".to_owned())
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The change that it asks for; none if it asks for something else. `fresh` is called for
    /// commands that make a key. An import is planned by [`Centre::import`](crate::Centre::import).
    #[must_use]
    pub fn change(&self, fresh: impl FnOnce() -> FreshKey) -> Option<Change> {
        match self {
            Self::Queue(command) => queue(command),
            Self::Profile(command) => profile(command),
            Self::Agent(command) => agent(command),
            Self::Role(command) => role(command),
            Self::Site(command) => site(command, fresh),
            Self::Message(command) => message(command),
            Self::Config(ConfigCommand::Set { fields }) => Some(Change::SetGeneral(fields.clone())),
            _ => None,
        }
    }
}

fn queue(command: &QueueCommand) -> Option<Change> {
    Some(match command {
        QueueCommand::List | QueueCommand::Show { .. } => return None,
        QueueCommand::Add { id, fields } => {
            Change::AddQueue { id: id.clone(), fields: (**fields).clone() }
        }
        QueueCommand::Set { queue, fields } => {
            Change::SetQueue { id: queue.clone(), fields: (**fields).clone() }
        }
        QueueCommand::Delete { queue, move_to } => {
            Change::DeleteQueue { id: queue.clone(), move_to: move_to.clone() }
        }
        QueueCommand::Hours(hours) => return hours_of(hours),
    })
}

fn hours_of(command: &HoursCommand) -> Option<Change> {
    Some(match command {
        HoursCommand::Show { .. } => return None,
        HoursCommand::Set { queue, week, time_zone } => Change::SetHours {
            queue: queue.clone(),
            week: if week.is_empty() { None } else { Some(read_week(week).ok()?) },
            time_zone: time_zone.clone(),
        },
        HoursCommand::Always { queue } => Change::ClearHours { queue: queue.clone() },
        HoursCommand::AddException { queue, date, hours } => Change::SetException {
            queue: queue.clone(),
            exception: Exception { date: *date, hours: hours.join(" ").parse().ok()? },
        },
        HoursCommand::RemoveException { queue, date } => {
            Change::RemoveException { queue: queue.clone(), date: *date }
        }
    })
}

fn profile(command: &ProfileCommand) -> Option<Change> {
    Some(match command {
        ProfileCommand::List | ProfileCommand::Show { .. } => return None,
        ProfileCommand::Add { id, queues, name } => {
            Change::AddProfile { id: id.clone(), name: name.clone(), queues: queues.clone() }
        }
        ProfileCommand::Set { profile, name, queues } => {
            Change::SetProfile { id: profile.clone(), name: name.clone(), queues: queues.clone() }
        }
        ProfileCommand::Serve { profile, queue, priority, delay } => Change::Serve {
            profile: profile.clone(),
            served: Served { queue: queue.clone(), priority: *priority, delay_seconds: delay.0 },
        },
        ProfileCommand::Unserve { profile, queue } => {
            Change::Unserve { profile: profile.clone(), queue: queue.clone() }
        }
        ProfileCommand::Delete { profile } => Change::DeleteProfile { id: profile.clone() },
    })
}

fn agent(command: &AgentCommand) -> Option<Change> {
    Some(match command {
        AgentCommand::List => return None,
        AgentCommand::Add { user, fields } => {
            Change::AddAgent { id: user.clone(), fields: fields.clone() }
        }
        AgentCommand::Set { user, fields } => {
            Change::SetAgent { id: user.clone(), fields: fields.clone() }
        }
        AgentCommand::Remove { user } => Change::RemoveAgent { id: user.clone() },
    })
}

fn role(command: &RoleCommand) -> Option<Change> {
    Some(match command {
        RoleCommand::List => return None,
        RoleCommand::Add { user, role, queues } => Change::Grant {
            user: user.clone(),
            role: *role,
            queues: queues.clone().unwrap_or_default().0,
        },
        RoleCommand::Remove { user, role } => Change::Revoke { user: user.clone(), role: *role },
    })
}

fn site(command: &SiteCommand, fresh: impl FnOnce() -> FreshKey) -> Option<Change> {
    Some(match command {
        SiteCommand::List | SiteCommand::Show { .. } => return None,
        SiteCommand::Add { id, fields } => {
            Change::AddSite { id: id.clone(), fields: (**fields).clone() }
        }
        SiteCommand::Set { site, fields } => {
            Change::SetSite { id: site.clone(), fields: (**fields).clone() }
        }
        SiteCommand::Text { site, name, text } => Change::SetSiteText {
            site: site.clone(),
            name: name.clone(),
            text: text.clone().unwrap_or_default(),
        },
        SiteCommand::Variable { site, name, label } => Change::SetSiteVariable {
            site: site.clone(),
            name: name.clone(),
            label: label.clone().unwrap_or_default(),
        },
        SiteCommand::Delete { site } => Change::DeleteSite { id: site.clone() },
        SiteCommand::Key(KeyCommand::Add { site, algorithm, public_key }) => Change::AddKey {
            site: site.clone(),
            key: key(*algorithm, public_key.as_ref(), fresh()),
        },
        SiteCommand::Key(KeyCommand::Rotate { site, algorithm, public_key }) => Change::RotateKey {
            site: site.clone(),
            key: key(*algorithm, public_key.as_ref(), fresh()),
        },
        SiteCommand::Key(KeyCommand::Remove { site, key }) => {
            Change::RemoveKey { site: site.clone(), key: key.clone() }
        }
    })
}

fn key(algorithm: Algorithm, public_key: Option<&String>, fresh: FreshKey) -> Key {
    let shared = algorithm == Algorithm::Hs256;
    Key {
        id: fresh.id,
        algorithm,
        secret: shared.then_some(fresh.secret),
        public_key: public_key.cloned(),
        added: fresh.added,
    }
}

fn message(command: &MessageCommand) -> Option<Change> {
    Some(match command {
        MessageCommand::List { .. } | MessageCommand::Show { .. } => return None,
        MessageCommand::Add { id, fields } => {
            Change::AddMessage { id: id.clone(), fields: fields.clone() }
        }
        MessageCommand::Set { id, fields } => {
            Change::SetMessage { id: id.clone(), fields: fields.clone() }
        }
        MessageCommand::Delete { id } => Change::DeleteMessage { id: id.clone() },
    })
}

/// Reads `mon-fri 09:00-17:00 sat 10:00-14:00`, in quotes or not: an entry begins where a day
/// follows hours.
fn read_week(words: &[String]) -> Result<Vec<Opening>, String> {
    let mut entries: Vec<String> = Vec::new();
    for word in words.join(" ").split_whitespace() {
        let begins = word.starts_with(|c: char| c.is_alphabetic());
        let has_hours = |entry: &String| entry.contains(|c: char| c.is_ascii_digit());
        match entries.last_mut() {
            Some(entry) if !(begins && has_hours(entry)) => {
                entry.push(' ');
                entry.push_str(word);
            }
            _ => entries.push(word.to_owned()),
        }
    }
    entries.iter().map(|entry| entry.trim_end_matches([',', ';']).parse()).collect()
}
