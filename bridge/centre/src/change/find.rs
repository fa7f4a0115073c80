//! What people mean by a name.

use super::ChangeError;
use crate::{closest, item::Kind, model::Centre};

impl Centre {
    /// The id of what is meant: by id, or by name if only one has it. Agents can also be named by
    /// the part of their id before the colon.
    pub fn find(&self, kind: Kind, name: &str) -> Result<String, ChangeError> {
        let name = name.trim();
        let known = self.known(kind);
        if let Some((id, _)) = known.iter().find(|(id, _)| *id == name) {
            return Ok((*id).to_owned());
        }
        let wanted = name.to_lowercase();
        let local = |id: &str| {
            id.strip_prefix('@')
                .and_then(|id| id.split(':').next())
                .is_some_and(|local| local.to_lowercase() == wanted.trim_start_matches('@'))
        };
        let found: Vec<_> = known
            .iter()
            .filter(|(id, title)| {
                let (id, title) = (id.to_lowercase(), title.to_lowercase());
                id == wanted || title == wanted || local(&id)
            })
            .map(|(id, _)| (*id).to_owned())
            .collect();
        match found.as_slice() {
            [id] => Ok(id.clone()),
            [] => {
                Err(ChangeError::Unknown { kind, name: name.to_owned(), hint: meant(name, &known) })
            }
            _ => Err(ChangeError::Ambiguous { name: name.to_owned(), ids: found }),
        }
    }

    /// Ids and names.
    fn known(&self, kind: Kind) -> Vec<(&str, &str)> {
        match kind {
            Kind::General => Vec::new(),
            Kind::Queue => self.queues.iter().map(|q| (&*q.id, &*q.name)).collect(),
            Kind::Profile => self.profiles.iter().map(|p| (&*p.id, &*p.name)).collect(),
            Kind::Agent => self.agents.iter().map(|a| (&*a.id, &*a.name)).collect(),
            Kind::Administrator => self.administrators.iter().map(|a| (&*a.id, "")).collect(),
            Kind::Supervisor => self.supervisors.iter().map(|s| (&*s.id, "")).collect(),
            Kind::Site => self.sites.iter().map(|s| (&*s.id, &*s.title)).collect(),
            Kind::Message => self.messages.iter().map(|m| (&*m.id, &*m.title)).collect(),
        }
    }

    /// The ids of several queues.
    pub(super) fn find_queues(&self, names: &[String]) -> Result<Vec<String>, ChangeError> {
        names.iter().map(|name| self.find(Kind::Queue, name)).collect()
    }
}

/// Says what may have been meant, by whichever of its names is near.
fn meant(name: &str, known: &[(&str, &str)]) -> String {
    let name = name.trim_start_matches('@');
    let local = |id: &str| id.strip_prefix('@')?.split(':').next().map(str::to_owned);
    let handles: Vec<(String, &str)> = known
        .iter()
        .flat_map(|(id, title)| {
            let handles = [Some((*id).to_owned()), Some((*title).to_owned()), local(id)];
            handles.into_iter().flatten().map(|handle| (handle, *id))
        })
        .collect();
    let near = closest::closest(name, handles.iter().map(|(handle, _)| handle.as_str()));
    match handles.iter().find(|(handle, _)| Some(handle.as_str()) == near) {
        Some((_, id)) => format!("; did you mean `{id}`?"),
        None => closest::hint(name, known.iter().map(|(id, _)| *id)),
    }
}
