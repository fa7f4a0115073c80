//! Whose changes are allowed.

use super::{Change, ChangeError, fields::MessageFields};
use crate::{
    item::Kind,
    model::{Centre, Role},
};

impl Centre {
    /// Whether this Matrix user may make a change. Administrators may make any; supervisors those of
    /// predefined messages, if they supervise every queue that the message is for before and after.
    pub fn authorise(&self, user: &str, change: &Change) -> Result<(), ChangeError> {
        let roles = self.roles_of(user);
        if roles.administrator {
            return Ok(());
        }
        let (old, new) = match change {
            Change::AddMessage { fields, .. } => (None, Some(fields)),
            Change::SetMessage { id, fields } => (Some(id), Some(fields)),
            Change::DeleteMessage { id } => (Some(id), None),
            _ => return Err(ChangeError::NotAllowed { needs: Role::Administrator }),
        };
        if !roles.supervisor {
            return Err(ChangeError::NotAllowed { needs: Role::Supervisor });
        }
        let old = match old {
            Some(name) => {
                let id = self.find(Kind::Message, name)?;
                self.message(&id).map(|message| message.queues.clone())
            }
            None => None,
        };
        let named = |fields: &MessageFields| fields.queues.as_ref().map(|names| names.0.clone());
        let new = match new.and_then(named) {
            Some(queues) => Some(self.find_queues(&queues)?),
            // A new message that names no queue is for all.
            None => old.is_none().then(Vec::new),
        };
        for queues in old.iter().chain(&new) {
            if !self.may_edit(user, queues) {
                return Err(ChangeError::OthersQueues {
                    yours: self
                        .queues
                        .iter()
                        .filter(|queue| self.supervises(user, &queue.id))
                        .map(|queue| format!("`{}`", queue.id))
                        .collect(),
                });
            }
        }
        Ok(())
    }
}
