//! What people tell the bot, and what it answers.
//!
//! | module | what |
//! |---|---|
//! | `work` | agents' own work: log on, ready, pause, log off |
//! | `history` | the earlier chats of a recognised customer |
//! | `watch` | what supervisors look at and give out |
//! | `manage` | changes of what administrators manage |

mod history;
mod manage;
mod watch;
mod work;

use std::time::Duration;

use switchboard_centre::{
    Roles,
    commands::{self, Command},
};
use switchboard_engine::{AgentId, ChatId, Input};

use super::{
    batch::Batch,
    bot_rooms::Message,
    companion::is_private_command,
    records::Question,
    state::{HandleError, State},
    words,
};
use crate::{outbox::effect::Asked, place::Place};

/// A customer who was there so short a time ago still counts as there: pages poll with pauses, and
/// lose their connections when the bridge restarts.
const LATELY: Duration = Duration::from_secs(30);

/// Something that somebody said to the bot.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Who, by Matrix user id.
    pub(super) user: String,
    /// Where.
    pub(super) place: Place,
    /// What an answer refers to.
    pub(super) to: Asked,
}

impl Said {
    fn agent(&self) -> AgentId {
        AgentId(self.user.clone())
    }
}

impl State {
    /// Obeys a command, or says why not.
    pub(super) async fn obey(
        &mut self,
        said: &Said,
        text: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let (roles, place) = (self.roles_at(said), self.kind_of(&said.place));
        if roles.highest().is_none() {
            self.reply(said, commands::help(roles, place), batch);
            return Ok(());
        }
        // Not read like other commands: it is a person's text, with apostrophes and all.
        if said.place.chat().is_some() && roles.agent && is_private_command(text) {
            return self.note_privately(said, text, batch);
        }
        let command = match commands::parse_for(text, roles, place) {
            Ok(command) => command,
            Err(error) => {
                self.reply(said, words::refused(&error.to_string(), said), batch);
                return Ok(());
            }
        };
        if let Err(refused) = command.check(roles, place) {
            self.reply(said, words::refused(&refused.to_string(), said), batch);
            return Ok(());
        }
        match command {
            Command::Help { words } if words.is_empty() => {
                self.reply(said, commands::help(roles, place), batch);
            }
            Command::Help { words } => {
                let reply = commands::help_for(&words).unwrap_or_else(|error| error.reply());
                self.reply(said, reply, batch);
            }
            Command::Login { profile } => self.login(said, &profile.join(" "), batch).await?,
            Command::Logout => self.log_off(said, batch).await?,
            Command::Ready => self.ready(said, batch).await?,
            Command::Pause { reason } => {
                let reason = reason.join(" ");
                let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                self.pause(said, reason, batch).await?;
            }
            Command::PauseAfter => self.pause_after(said, batch).await?,
            Command::Status => {
                let reply = self.view_status(&said.agent());
                self.reply(said, reply, batch);
            }
            Command::End { .. } => {
                if let Some(chat) = said.place.chat() {
                    self.end(said, chat, batch).await?;
                }
            }
            Command::Private { .. } => self.note_privately(said, text, batch)?,
            Command::History { number } => self.history(said, number, batch).await?,
            Command::Queues
            | Command::Agents
            | Command::Waiting { .. }
            | Command::Chat { .. }
            | Command::Assign { .. }
            | Command::Move { .. }
            | Command::Stats { .. } => self.watch(said, &command, batch).await?,
            Command::Message(_)
            | Command::Queue(_)
            | Command::Profile(_)
            | Command::Agent(_)
            | Command::Role(_)
            | Command::Site(_)
            | Command::Config(_)
            | Command::Audit { .. } => self.manage(said, text, &command, batch).await?,
        }
        Ok(())
    }

    /// What somebody is here. Who is in a chat may do in it what agents may, also if they have been
    /// removed from the agents meanwhile.
    fn roles_at(&self, said: &Said) -> Roles {
        let mut roles = self.centre.roles_of(&said.user);
        let chat = said.place.chat().and_then(|chat| self.engine().chat(chat));
        roles.agent |= chat.is_some_and(|chat| chat.has(&said.agent()));
        roles
    }

    /// What kind of place it is for commands.
    fn kind_of(&self, place: &Place) -> commands::Place {
        match place {
            Place::Chat(_) => commands::Place::ChatRoom,
            Place::Control {} => commands::Place::ControlRoom,
            other if self.bot_rooms.get(other).is_some_and(|room| room.direct) => {
                commands::Place::Desk
            }
            _ => commands::Place::ControlRoom,
        }
    }

    /// Answers.
    pub(super) fn reply(&mut self, said: &Said, message: impl Into<Message>, batch: &mut Batch) {
        let message = message.into().to(Some(&said.to));
        self.say(&said.place, message, batch);
    }

    /// Answers with a question to whoever said it.
    pub(super) fn ask_back(
        &mut self,
        said: &Said,
        message: Message,
        question: Question,
        within: u64,
        batch: &mut Batch,
    ) {
        let until = self.batch_time().0.saturating_add(within);
        self.ask_at(&said.place, message.to(Some(&said.to)), question, until, batch);
    }

    async fn end(
        &mut self,
        said: &Said,
        chat: ChatId,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        if self.is_over(chat) {
            self.reply(said, words::plain(words::OVER_ALREADY), batch);
            return Ok(());
        }
        if !self.engine().chat(chat).is_some_and(|c| c.has(&agent)) {
            self.reply(said, words::plain(words::NOT_YOURS_TO_END), batch);
            return Ok(());
        }
        let customer_connected = self.with.live.here_lately(chat, LATELY);
        self.input(Input::AgentAsksEnd { chat, agent, customer_connected }, batch).await
    }
}
