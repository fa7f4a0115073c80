//! The centre as it is stored, and when the configuration file is taken instead.
//!
//! The file is taken at each start until a command changes something. From then on the stored centre
//! rules, and what the file says of it counts no more, until it is taken over on purpose: by a command,
//! or by a start that asks for it, after which it is as in the beginning.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use switchboard_centre::{
    Centre, Problem,
    audit::{Entry, Way},
    difference,
    model::{Agent, Site},
};

use super::{
    batch::Batch,
    state::{HandleError, LoadError, State, parse},
};
use crate::store::RecordKind;

/// The single record of the centre.
const CENTRE: &str = "centre";

/// The centre as the configuration file has it.
#[derive(Clone, Debug)]
pub struct CentreFile {
    /// What it says.
    pub centre: Centre,
    /// Whether it is taken although commands have changed what is stored.
    pub take: bool,
}

impl From<Centre> for CentreFile {
    fn from(centre: Centre) -> Self {
        Self { centre, take: false }
    }
}

/// What is stored besides the centre itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    /// Whether commands have changed something since the file was taken.
    pub by_command: bool,
    /// What the file said when it was taken last, with fingerprints in the place of secrets.
    pub file: Option<Centre>,
    /// Who was an agent and is still in a chat: customers know them by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_agents: Vec<Agent>,
    /// Sites that are gone and have chats, without their keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_sites: Vec<Site>,
}

/// The record ([`RecordKind::Centre`]). It has the secrets of keys: it is for nobody's eyes.
#[derive(Serialize, Deserialize)]
struct StoredCentre {
    centre: Centre,
    #[serde(flatten)]
    kept: Kept,
}

impl State {
    /// Loads the centre as it was committed last. As long as there is none, that of the file stays.
    pub(super) async fn load_centre(&mut self) -> Result<(), LoadError> {
        if let Some(bytes) = self.store.record(RecordKind::Centre, CENTRE).await? {
            let stored: StoredCentre = parse(RecordKind::Centre, CENTRE, &bytes)?;
            self.centre = stored.centre;
            self.kept = stored.kept;
        }
        self.load_audit().await
    }

    /// Puts the centre into a batch once it has changed.
    pub(super) fn write_centre(&mut self, batch: &mut Batch) -> Result<(), HandleError> {
        self.plan_hours(self.batch_time());
        let stored = StoredCentre { centre: self.centre.clone(), kept: self.kept.clone() };
        batch.centre_changed = true;
        self.remember_retention(batch)?;
        Ok(batch.record(RecordKind::Centre, CENTRE.to_owned(), &stored)?)
    }

    /// Takes the file, if it rules or is asked for. What the engine must know of it is up to the
    /// caller.
    pub(super) fn take_file(
        &mut self,
        file: CentreFile,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let is_first = self.kept.file.is_none();
        if self.kept.by_command && !file.take {
            self.look_at(&file.centre);
            return Ok(());
        }
        let old = if is_first { Centre::default() } else { self.centre.clone() };
        let veiled = Some(file.centre.veiled());
        let mut centre = file.centre;
        centre.keep_secrets_of(&self.centre);
        if centre == old && self.kept.file == veiled && !self.kept.by_command {
            return Ok(());
        }
        let differences = difference::compare(&old, &centre);
        if !is_first {
            tracing::info!(changes = differences.len(), "the configuration file is taken over");
        }
        self.centre = centre;
        self.keep_former(&old);
        self.kept.file = veiled;
        self.kept.by_command = false;
        self.write_centre(batch)?;
        if differences.is_empty() {
            return Ok(());
        }
        let at = self.batch_time().0;
        let entry = Entry { at, who: None, way: Way::File, differences, moved: None };
        self.write_audit(&entry, batch)
    }

    /// Warns if the file says something new that nobody listens to, and if what is stored is not
    /// as this version wants it: the rest goes on, and whoever changes that part is told.
    fn look_at(&self, file: &Centre) {
        for Problem { path, .. } in self.centre.validate() {
            tracing::warn!(path, "what is stored of the contact centre is not valid any more");
        }
        if let Some(tables) = self.unheard(file) {
            tracing::warn!(
                "what the configuration file says of {tables} has changed and is passed over, since \
                 administrators have changed things by commands: give the bot the file with `!config \
                 import`, or start once with `switchboard run --take-file`, which undoes what they did"
            );
        }
    }

    /// What has changed in the file since it was taken last and is not so already: the kinds of
    /// things.
    pub(super) fn unheard(&self, file: &Centre) -> Option<String> {
        let known = self.kept.file.as_ref()?;
        let veiled = file.veiled();
        let mut whole = file.clone();
        whole.keep_secrets_of(&self.centre);
        let new = difference::compare(&self.centre, &whole);
        let changed = difference::compare(known, &veiled);
        let both = changed.iter().filter(|change| new.iter().any(|n| n.item == change.item));
        let kinds: BTreeSet<_> = both.map(|change| change.item.kind).collect();
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.table()).collect();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }
}
