//! Answers to commands that look at the centre or change it, or at what is going on.
//!
//! | module | what |
//! |---|---|
//! | [`live`] | queues, agents and waiting chats, now |
//! | [`chats`] | one chat, and an agent's own work |
//! | [`history`] | the earlier chats of a customer |
//! | [`stats`] | what was counted |

pub mod chats;
mod fit;
pub mod history;
pub mod live;
mod outcome;
mod people;
mod queues;
mod sites;
pub mod stats;

use switchboard_engine::Time;

pub use self::outcome::problems;
use crate::{
    change::ChangeError,
    commands::{
        AgentCommand, Command, ConfigCommand, HoursCommand, MessageCommand, ProfileCommand,
        QueueCommand, RoleCommand, SiteCommand,
    },
    item::{Item, Kind},
    model::Centre,
    reply::Reply,
};

impl Centre {
    /// The answer to a command that only looks at the centre; none for other commands. The caller
    /// has made sure that the person may look.
    #[must_use]
    pub fn view(&self, command: &Command, now: Time) -> Option<Result<Reply, ChangeError>> {
        Some(match command {
            Command::Queue(QueueCommand::List) => Ok(self.queue_list(now)),
            Command::Queue(QueueCommand::Show { queue }) => self.settings_of(Kind::Queue, queue),
            Command::Queue(QueueCommand::Hours(HoursCommand::Show { queue })) => {
                self.hours_of_queue(queue, now)
            }
            Command::Profile(ProfileCommand::List) => Ok(self.profile_list()),
            Command::Profile(ProfileCommand::Show { profile }) => {
                self.settings_of(Kind::Profile, profile)
            }
            Command::Agent(AgentCommand::List) => Ok(self.agent_list()),
            Command::Role(RoleCommand::List) => Ok(self.role_list()),
            Command::Site(SiteCommand::List) => Ok(self.site_list()),
            Command::Site(SiteCommand::Show { site }) => self.settings_of(Kind::Site, site),
            Command::Message(MessageCommand::List { queue }) => self.message_list(queue.as_deref()),
            Command::Message(MessageCommand::Show { id }) => self.message_text(id),
            Command::Config(ConfigCommand::Show) => Ok(self.general()),
            Command::Config(ConfigCommand::Export) => Ok(Reply::new().code(self.export())),
            _ => return None,
        })
    }

    /// All settings of a thing, one below the other.
    fn settings_of(&self, kind: Kind, name: &str) -> Result<Reply, ChangeError> {
        let item = Item::new(kind, self.find(kind, name)?);
        let settings = crate::difference::flat(self.snapshot(&item).value.as_ref());
        let rows = settings
            .into_iter()
            .filter(|(name, _)| name != "id")
            .map(|(name, value)| vec![name, value]);
        Ok(Reply::new().heading(item.to_string()).table(&["Setting", "Value"], rows))
    }

    fn general(&self) -> Reply {
        Reply::new()
            .heading("General settings")
            .table(
                &["Setting", "Value"],
                [
                    vec!["time zone".to_owned(), self.time_zone.clone()],
                    vec!["misses".to_owned(), self.misses.to_string()],
                ],
            )
            .list(self.warnings())
    }
}

/// Names in a cell; nothing means everything.
fn all_or(names: &[String]) -> String {
    if names.is_empty() { "all".to_owned() } else { names.join(", ") }
}
