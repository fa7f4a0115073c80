//! Changes of what administrators manage: checked, confirmed where dangerous, carried out, told.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::RngCore as _;
use switchboard_centre::{
    Decision, Plan, Reply, Snapshot,
    commands::{self, Command, ConfigCommand, FreshKey, KeyCommand, SiteCommand},
    model::Secret,
    moment, views,
};

use super::Said;
use crate::{
    outbox::effect::{Deed, Lane},
    runner::{
        answers::{NO, YES},
        batch::Batch,
        bot_rooms::{FOR_EVER, Message},
        records::Question,
        state::{HandleError, State},
        words,
    },
};

/// How long a dangerous command can be confirmed, in milliseconds.
const CONFIRM_WITHIN_MS: u64 = 5 * 60 * 1000;
/// A longer export is posted as a file, in bytes.
const LONGEST_EXPORT: usize = 8 * 1024;
/// How many random bytes a key has.
const KEY_BYTES: usize = 32;

/// A command that was asked about: its text, how the thing was that it is about, and the version of
/// everything where it concerns everything.
pub(in crate::runner) type Confirmed = (String, Option<Snapshot>, Option<String>);

impl State {
    /// Obeys a command about what administrators manage.
    pub(super) async fn manage(
        &mut self,
        said: &Said,
        text: &str,
        command: &Command,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match command {
            Command::Audit { count } => {
                let reply = self.audit(*count).await?;
                self.reply(said, reply, batch);
                return Ok(());
            }
            Command::Config(ConfigCommand::Export) => {
                self.export(said, batch);
                return Ok(());
            }
            Command::Config(ConfigCommand::Import { dry_run, file }) => {
                self.ask_import(said, text, (*dry_run, file.as_deref()), batch);
                return Ok(());
            }
            _ => {}
        }
        if let Some(view) = self.centre.view(command, self.batch_time()) {
            self.reply(said, view.unwrap_or_else(|error| error.reply()), batch);
            return Ok(());
        }
        let (decision, secret) = match self.decide(said, command) {
            Ok(decided) => decided,
            Err(reply) => {
                self.reply(said, reply, batch);
                return Ok(());
            }
        };
        if !command.is_dangerous() {
            let at_once = Decision::from(decision.change);
            return self.carry_out(said, &at_once, secret, batch).await;
        }
        match self.would_change(&said.user, &decision) {
            Ok(applied) => {
                let question = Question::Command {
                    user: said.user.clone(),
                    text: text.to_owned(),
                    seen: decision.seen,
                    version: None,
                };
                let message = Message::from(applied.question()).with(&[YES, NO]);
                self.ask_back(said, message, question, CONFIRM_WITHIN_MS, batch);
            }
            Err(error) => self.reply(said, error.reply(), batch),
        }
        Ok(())
    }

    /// The change that a command asks for, if its author may make it, and the secret that comes with
    /// it.
    fn decide(
        &self,
        said: &Said,
        command: &Command,
    ) -> Result<(Decision, Option<NewSecret>), Reply> {
        let mut secret = None;
        let fresh = || {
            let key = self.fresh_key(command);
            secret = shown(command, &key);
            key
        };
        let change = command.change(fresh).ok_or_else(|| words::plain(words::NOTHING_DONE))?;
        self.centre.authorise(&said.user, &change).map_err(|error| error.reply())?;
        let decision = self.centre.decide(change).map_err(|error| error.reply())?;
        Ok((decision, secret))
    }

    async fn carry_out(
        &mut self,
        said: &Said,
        decision: &Decision,
        secret: Option<NewSecret>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        match self.change_centre(&said.user, decision, batch).await? {
            Ok(applied) => {
                self.reply(said, applied.reply(), batch);
                if let Some(NewSecret { site, key, secret }) = secret {
                    let message =
                        Message::from(words::new_secret(&site, &key, &secret)).with(&[YES]);
                    self.ask_back(said, message, Question::Secret, FOR_EVER, batch);
                }
            }
            Err(error) => self.reply(said, error.reply(), batch),
        }
        Ok(())
    }

    /// A command was confirmed. Its author may not be what they were, and the thing may not be what
    /// it was.
    pub(in crate::runner) async fn confirmed(
        &mut self,
        said: &Said,
        (text, seen, version): Confirmed,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let (roles, place) = (self.roles_at(said), self.kind_of(&said.place));
        let command = match commands::parse_for(&text, roles, place) {
            Ok(command) => command,
            Err(error) => {
                self.reply(said, error.reply(), batch);
                return Ok(());
            }
        };
        if let Err(refused) = command.check(roles, place) {
            self.reply(said, refused.reply(), batch);
            return Ok(());
        }
        if let Command::Config(ConfigCommand::Import { file, .. }) = &command {
            return self.import(said, file.as_deref(), version.as_deref(), batch).await;
        }
        match self.decide(said, &command) {
            Ok((decision, secret)) => {
                let decision = Decision { seen, ..decision };
                self.carry_out(said, &decision, secret, batch).await
            }
            Err(reply) => {
                self.reply(said, reply, batch);
                Ok(())
            }
        }
    }

    fn export(&mut self, said: &Said, batch: &mut Batch) {
        let text = self.centre.export();
        if text.len() <= LONGEST_EXPORT {
            self.reply(said, Reply::new().code(text), batch);
            return;
        }
        let deed = Deed::File {
            name: "switchboard.toml".to_owned(),
            mime: "text/plain".to_owned(),
            text,
            to: Some(said.to.clone()),
        };
        self.send_to(&said.place, Lane::Timeline, deed, batch);
    }

    fn plan(&self, file: Option<&str>) -> Result<Plan, Reply> {
        let file = file.ok_or_else(words::no_file)?;
        self.plan_import(file).map_err(|problems| views::problems(&problems))
    }

    fn ask_import(
        &mut self,
        said: &Said,
        text: &str,
        (dry_run, file): (bool, Option<&str>),
        batch: &mut Batch,
    ) {
        let plan = match self.plan(file) {
            Ok(plan) => plan,
            Err(reply) => return self.reply(said, reply, batch),
        };
        if plan.differences.is_empty() || dry_run {
            let mut reply = plan.reply();
            if !plan.differences.is_empty() {
                reply = reply.paragraph("This was a dry run: nothing was changed.");
            }
            return self.reply(said, reply, batch);
        }
        let question = Question::Command {
            user: said.user.clone(),
            text: text.to_owned(),
            seen: None,
            version: Some(self.centre.version()),
        };
        let message = Message::from(plan.reply().paragraph(format!("Do it? {YES} yes, {NO} no")));
        self.ask_back(said, message.with(&[YES, NO]), question, CONFIRM_WITHIN_MS, batch);
    }

    async fn import(
        &mut self,
        said: &Said,
        file: Option<&str>,
        version: Option<&str>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let reply = match self.plan(file) {
            Err(reply) => reply,
            Ok(_) if version != Some(&self.centre.version()) => words::changed_meanwhile(),
            Ok(plan) => match self.import_centre(&said.user, plan, batch).await? {
                Ok(applied) => applied.reply(),
                Err(error) => error.reply(),
            },
        };
        self.reply(said, reply, batch);
        Ok(())
    }

    /// A new key for the site of a command, with the next free number.
    fn fresh_key(&self, command: &Command) -> FreshKey {
        let site = match command {
            Command::Site(SiteCommand::Key(
                KeyCommand::Add { site, .. } | KeyCommand::Rotate { site, .. },
            )) => self.centre.find(switchboard_centre::Kind::Site, site).ok(),
            _ => None,
        };
        let keys = site.and_then(|site| self.centre.site(&site)).map_or(&[][..], |site| &site.keys);
        let newest =
            keys.iter().filter_map(|key| key.id.strip_prefix('k')?.parse::<u64>().ok()).max();
        let mut secret = [0_u8; KEY_BYTES];
        rand::rng().fill_bytes(&mut secret);
        FreshKey {
            id: format!("k{}", newest.unwrap_or_default().saturating_add(1)),
            secret: Secret::new(BASE64_URL_SAFE_NO_PAD.encode(secret)),
            added: moment::rfc3339(self.batch_time()),
        }
    }
}

/// A key's secret, to be shown once.
struct NewSecret {
    site: String,
    key: String,
    secret: String,
}

/// The secret that a command's author has to be shown: that of a shared key.
fn shown(command: &Command, key: &FreshKey) -> Option<NewSecret> {
    let Command::Site(SiteCommand::Key(
        KeyCommand::Add { site, public_key: None, .. }
        | KeyCommand::Rotate { site, public_key: None, .. },
    )) = command
    else {
        return None;
    };
    let secret = key.secret.reveal().to_owned();
    Some(NewSecret { site: site.clone(), key: key.id.clone(), secret })
}
