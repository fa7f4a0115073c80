//! From a wish to the new state of things.

use serde::{Deserialize, Serialize};

use super::{Change, ChangeError};
use crate::{
    difference::{self, Difference},
    file::Plan,
    item::Snapshot,
    model::Centre,
};

/// A change, and what its author saw when deciding on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What is wanted.
    pub change: Change,
    /// How the thing was; nothing if that does not matter.
    pub seen: Option<Snapshot>,
}

impl From<Change> for Decision {
    /// A change that is carried out at once.
    fn from(change: Change) -> Self {
        Self { change, seen: None }
    }
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// How everything is now.
    pub centre: Centre,
    /// What changed from what to what, for the answer and the audit.
    pub told: Vec<Difference>,
    /// What its author should know besides.
    pub warnings: Vec<String>,
    /// The chats of the first queue go to the second.
    pub moved: Option<(String, String)>,
}

impl Centre {
    /// Notes how the thing is now that a change is about, so that it can be confirmed later.
    pub fn decide(&self, change: Change) -> Result<Decision, ChangeError> {
        let seen = Some(self.snapshot(&change.item(self)?));
        Ok(Decision { change, seen })
    }

    /// Carries out a change. `chats_in` tells how many open chats a queue has. Everything stays
    /// valid, or nothing changes.
    pub fn apply(
        &self,
        decision: &Decision,
        chats_in: impl Fn(&str) -> u64,
    ) -> Result<Applied, ChangeError> {
        if let Some(seen) = &decision.seen
            && let Some(difference) = difference::between(seen, &self.snapshot(&seen.item))
        {
            return Err(ChangeError::Stale { differences: vec![difference] });
        }
        let item = decision.change.item(self)?;
        let mut centre = self.clone();
        let mut moved = None;
        if let Change::DeleteQueue { move_to, .. } = &decision.change {
            let chats = chats_in(&item.id);
            moved = centre.delete_queue(&item.id, move_to.as_deref(), chats)?;
        } else {
            centre.change(&decision.change)?;
        }
        let told = difference::compare(self, &centre);
        if told.is_empty() {
            return Err(ChangeError::Nothing(item));
        }
        self.finish(centre, told, moved)
    }

    /// Carries out an import, unless something changed since it was planned.
    pub fn accept(
        &self,
        plan: Plan,
        chats_in: impl Fn(&str) -> u64,
    ) -> Result<Applied, ChangeError> {
        let differences = difference::compare(&plan.base, self);
        if !differences.is_empty() {
            return Err(ChangeError::Stale { differences });
        }
        for queue in self.queues.iter().filter(|queue| plan.centre.queue(&queue.id).is_none()) {
            let chats = chats_in(&queue.id);
            if chats > 0 {
                return Err(ChangeError::HasChats { queue: queue.id.clone(), chats });
            }
        }
        self.finish(plan.centre, plan.differences, None)
    }

    fn finish(
        &self,
        centre: Self,
        told: Vec<Difference>,
        moved: Option<(String, String)>,
    ) -> Result<Applied, ChangeError> {
        let before = self.validate();
        let mut problems = centre.validate();
        problems.retain(|problem| !before.contains(problem));
        if !problems.is_empty() {
            let words = problems.iter().map(|problem| centre.in_words(problem)).collect();
            return Err(ChangeError::Invalid { problems, words });
        }
        let before = self.warnings();
        let mut warnings = centre.warnings();
        warnings.retain(|warning| !before.contains(warning));
        if self.profiles.is_empty() && !centre.profiles.is_empty() {
            warnings.push(
                "the profile `all` that stood for every queue is gone now that there are others; \
                 agents who are logged on with it are logged off"
                    .to_owned(),
            );
        }
        Ok(Applied { centre, told, warnings, moved })
    }

    fn change(&mut self, change: &Change) -> Result<(), ChangeError> {
        match change {
            Change::SetGeneral(fields) => {
                if fields == &super::GeneralFields::default() {
                    return Err(ChangeError::NoSetting("!config set --misses 3"));
                }
                set(&mut self.time_zone, fields.time_zone.as_ref());
                set(&mut self.misses, fields.misses.as_ref());
                Ok(())
            }
            Change::AddQueue { id, fields } => self.add_queue(id, fields),
            Change::SetQueue { id, fields } => self.set_queue(id, fields),
            // Done by the caller, who knows the chats.
            Change::DeleteQueue { .. } => Ok(()),
            Change::SetHours { queue, week, time_zone } => {
                self.set_hours(queue, week.as_deref(), time_zone.as_deref())
            }
            Change::ClearHours { queue } => self.clear_hours(queue),
            Change::SetException { queue, exception } => self.set_exception(queue, exception),
            Change::RemoveException { queue, date } => self.remove_exception(queue, *date),
            Change::AddProfile { id, name, queues } => {
                self.add_profile(id, name.as_deref(), queues)
            }
            Change::SetProfile { id, name, queues } => {
                self.set_profile(id, name.as_ref(), queues.as_deref())
            }
            Change::Serve { profile, served } => self.serve(profile, served),
            Change::Unserve { profile, queue } => self.unserve(profile, queue),
            Change::DeleteProfile { id } => self.delete_profile(id),
            Change::AddAgent { id, fields } => self.add_agent(id, fields),
            Change::SetAgent { id, fields } => self.set_agent(id, fields),
            Change::RemoveAgent { id } => self.remove_agent(id),
            Change::Grant { user, role, queues } => self.grant(user, *role, queues),
            Change::Revoke { user, role } => self.revoke(user, *role),
            Change::AddSite { id, fields } => self.add_site(id, fields),
            Change::SetSite { id, fields } => self.set_site(id, fields),
            Change::SetSiteText { site, name, text } => self.set_site_text(site, name, text),
            Change::SetSiteVariable { site, name, label } => {
                self.set_site_variable(site, name, label)
            }
            Change::DeleteSite { id } => self.delete_site(id),
            Change::AddKey { site, key } => self.add_key(site, key),
            Change::RotateKey { site, key } => self.rotate_key(site, key),
            Change::RemoveKey { site, key } => self.remove_key(site, key),
            Change::AddMessage { id, fields } => self.add_message(id, fields),
            Change::SetMessage { id, fields } => self.set_message(id, fields),
            Change::DeleteMessage { id } => self.delete_message(id),
        }
    }
}

/// Sets what is named.
pub(super) fn set<T: Clone>(place: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        place.clone_from(value);
    }
}
