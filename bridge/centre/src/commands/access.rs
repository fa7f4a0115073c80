//! Who may give a command, and where.

use std::fmt;

use super::{
    AgentCommand, Command, ConfigCommand, HoursCommand, KeyCommand, MessageCommand, ProfileCommand,
    QueueCommand, RoleCommand, SiteCommand,
};
use crate::model::{Role, Roles};

/// Where a command is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The agent's direct chat with the bot.
    Desk,
    /// A room of administrators.
    ControlRoom,
    /// A chat's room.
    ChatRoom,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Desk => "at your desk",
            Self::ControlRoom => "in the administrators' room",
            Self::ChatRoom => "in a chat's room",
        })
    }
}

/// A command that may not be given here by this person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is for others.
    #[error("`!{name}` is for {}s; {}", .needs, you_are(*.roles))]
    Role {
        /// The command's first word.
        name: String,
        /// Whom it is for.
        needs: Role,
        /// What the person is.
        roles: Roles,
    },
    /// It is for other places.
    #[error("`!{name}` does not work {place}; write it {}", places(.works))]
    Place {
        /// The command's first word.
        name: String,
        /// Where it was written.
        place: Place,
        /// Where it works.
        works: &'static [Place],
    },
}

fn you_are(roles: Roles) -> String {
    match roles.highest() {
        None => "you have no role here".to_owned(),
        Some(Role::Agent) => "you are an agent".to_owned(),
        Some(Role::Administrator) if !roles.agent => {
            "you are an administrator, which does not make you an agent: `!agent add` does"
                .to_owned()
        }
        Some(role) => {
            format!("you are {} {role}", if role == Role::Administrator { "an" } else { "a" })
        }
    }
}

fn places(places: &[Place]) -> String {
    places.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

const EVERYWHERE: &[Place] = &[Place::Desk, Place::ControlRoom, Place::ChatRoom];
const NOT_IN_CHATS: &[Place] = &[Place::Desk, Place::ControlRoom];
const CHATS: &[Place] = &[Place::ChatRoom];

/// Whom a command is for and where it works, by its first word. Help is for everybody who has a
/// role.
pub(super) fn rules(name: &str) -> (Role, &'static [Place]) {
    match name {
        "end" | "private" | "history" => (Role::Agent, CHATS),
        "login" | "logout" | "ready" | "pause" | "pause-after" | "status" | "help" => {
            (Role::Agent, EVERYWHERE)
        }
        "queues" | "agents" | "waiting" | "chat" | "assign" | "move" | "stats" | "message" => {
            (Role::Supervisor, NOT_IN_CHATS)
        }
        _ => (Role::Administrator, NOT_IN_CHATS),
    }
}

/// Whether somebody with these roles may give a command at this place.
pub(super) fn may(name: &str, roles: Roles, place: Place) -> bool {
    let (needs, places) = rules(name);
    let helps = name == "help" && roles.highest().is_some();
    (helps || roles.may(needs)) && places.contains(&place)
}

impl Command {
    /// Its first word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Logout => "logout",
            Self::Ready => "ready",
            Self::Pause { .. } => "pause",
            Self::PauseAfter => "pause-after",
            Self::Status => "status",
            Self::End { .. } => "end",
            Self::Private { .. } => "private",
            Self::History { .. } => "history",
            Self::Help { .. } => "help",
            Self::Queues => "queues",
            Self::Agents => "agents",
            Self::Waiting { .. } => "waiting",
            Self::Chat { .. } => "chat",
            Self::Assign { .. } => "assign",
            Self::Move { .. } => "move",
            Self::Stats { .. } => "stats",
            Self::Message(_) => "message",
            Self::Queue(_) => "queue",
            Self::Profile(_) => "profile",
            Self::Agent(_) => "agent",
            Self::Role(_) => "role",
            Self::Site(_) => "site",
            Self::Config(_) => "config",
            Self::Audit { .. } => "audit",
        }
    }

    /// The role that it needs. Which queues a supervisor may touch is for
    /// [`Centre::supervises`](crate::Centre::supervises) and
    /// [`Centre::may_edit`](crate::Centre::may_edit) to say.
    #[must_use]
    pub fn needs(&self) -> Role {
        rules(self.name()).0
    }

    /// Where it works.
    #[must_use]
    pub fn places(&self) -> &'static [Place] {
        rules(self.name()).1
    }

    /// Whether it may be given by somebody with these roles at this place.
    pub fn check(&self, roles: Roles, place: Place) -> Result<(), Refused> {
        let name = self.name().to_owned();
        let (needs, works) = rules(&name);
        let helps = matches!(self, Self::Help { .. }) && roles.highest().is_some();
        if !helps && !roles.may(needs) {
            return Err(Refused::Role { name, needs, roles });
        }
        if !works.contains(&place) {
            return Err(Refused::Place { name, place, works });
        }
        Ok(())
    }

    /// Whether it is asked about before it is done: what it takes away does not come back by itself.
    /// (`!end` and `!logout` ask by rules of their own.)
    #[must_use]
    pub fn is_dangerous(&self) -> bool {
        matches!(
            self,
            Self::Queue(
                QueueCommand::Delete { .. } | QueueCommand::Hours(HoursCommand::Always { .. })
            ) | Self::Profile(ProfileCommand::Delete { .. })
                | Self::Agent(AgentCommand::Remove { .. })
                | Self::Role(
                    RoleCommand::Remove { .. } | RoleCommand::Add { role: Role::Administrator, .. }
                )
                | Self::Site(
                    SiteCommand::Delete { .. }
                        | SiteCommand::Key(KeyCommand::Rotate { .. } | KeyCommand::Remove { .. })
                )
                | Self::Message(MessageCommand::Delete { .. })
                | Self::Config(ConfigCommand::Import { dry_run: false, .. })
        )
    }
}
