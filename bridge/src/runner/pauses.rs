//! Why agents pause. The reason is content, so the rules do not know it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_engine::AgentId;

use super::{
    batch::{Batch, Unwritable},
    state::{LoadError, State},
    words,
};
use crate::{json::fault, store::RecordKind};

/// How much of a reason is kept, in characters.
const LONGEST: usize = 500;

/// The reasons of those who pause.
pub(super) type Pauses = BTreeMap<AgentId, String>;

/// A reason, as it is stored ([`RecordKind::PauseReason`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PauseReason {
    /// As the agent wrote it.
    pub(super) reason: String,
}

impl State {
    /// Why an agent pauses, if they said so.
    pub(super) fn pause_reason(&self, agent: &AgentId) -> Option<&str> {
        self.pauses.get(agent).map(String::as_str)
    }

    /// Notes why an agent pauses, or that they do not pause any more. A reason without words is
    /// none.
    pub(super) fn set_pause_reason(
        &mut self,
        agent: &AgentId,
        reason: Option<String>,
        batch: &mut Batch,
    ) -> Result<(), Unwritable> {
        let reason = reason.map(|reason| words::beginning(reason.trim(), LONGEST).into_owned());
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else {
            if self.pauses.remove(agent).is_some() {
                batch.delete(RecordKind::PauseReason, agent.to_string());
            }
            return Ok(());
        };
        let record = PauseReason { reason: reason.clone() };
        batch.record(RecordKind::PauseReason, agent.to_string(), &record)?;
        self.pauses.insert(agent.clone(), reason);
        Ok(())
    }

    /// Agents with a reason who are gone.
    pub(super) fn gone_pauses(&self) -> Vec<AgentId> {
        self.pauses.keys().filter(|id| self.engine.agent(id).is_none()).cloned().collect()
    }

    /// Loads the reasons again, as they were committed last.
    pub(super) async fn load_pauses(&mut self) -> Result<(), LoadError> {
        self.pauses.clear();
        for (key, bytes) in self.store.records(RecordKind::PauseReason).await? {
            let record: PauseReason = serde_json::from_slice(&bytes).map_err(|error| {
                let (kind, key, reason) = (RecordKind::PauseReason, key.clone(), fault(&error));
                LoadError::Record { kind, key, reason }
            })?;
            self.pauses.insert(AgentId(key), record.reason);
        }
        Ok(())
    }
}
