//! Commands about profiles, agents and roles.

use clap::Subcommand;

use crate::{
    change::fields::{AgentFields, Names, served},
    model::{Role, Served},
};

/// `!profile …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ProfileCommand {
    /// Show all profiles
    List,
    /// Show a profile
    Show {
        /// The profile
        profile: String,
    },
    /// Add a profile
    #[command(after_help = "!profile add days --name \"By day\" sales support:2:30s")]
    Add {
        /// Its short name: a–z, 0–9, - and _
        id: String,
        /// Its queues, each with priority (1 to 9) and delay if it has them
        #[arg(required = true, value_parser = served, value_name = "QUEUE[:PRIORITY[:DELAY]]", value_delimiter = ',')]
        queues: Vec<Served>,
        /// What agents read
        #[arg(long)]
        name: Option<String>,
    },
    /// Change a profile's name, or all its queues
    #[command(after_help = "!profile set days --queues sales,support:2:30s")]
    Set {
        /// The profile
        profile: String,
        /// What agents read
        #[arg(long)]
        name: Option<String>,
        /// Its queues
        #[arg(long, value_parser = served, value_name = "QUEUE[:PRIORITY[:DELAY]]", value_delimiter = ',')]
        queues: Option<Vec<Served>>,
    },
    /// Add a queue to a profile, or set its priority and delay
    #[command(after_help = "!profile serve days support --priority 2 --delay 30s")]
    Serve {
        /// The profile
        profile: String,
        /// The queue
        queue: String,
        /// 1 to 9: chats of a lower number go first
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
        priority: u8,
        /// How long a chat must have waited before agents with this profile are asked
        #[arg(long, default_value = "0s", value_name = "TIME")]
        delay: crate::duration::Seconds,
    },
    /// Take a queue out of a profile
    Unserve {
        /// The profile
        profile: String,
        /// The queue
        queue: String,
    },
    /// Delete a profile
    Delete {
        /// The profile
        profile: String,
    },
}

/// `!agent …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum AgentCommand {
    /// Show all agents and their settings
    List,
    /// Make somebody an agent
    #[command(after_help = "!agent add @anna:example.org --name Anna --capacity 4")]
    Add {
        /// The full Matrix user id
        user: String,
        /// Its settings
        #[command(flatten)]
        fields: AgentFields,
    },
    /// Change an agent's settings
    #[command(after_help = "!agent set @anna:example.org --profiles days,nights")]
    Set {
        /// The agent
        user: String,
        /// Its settings
        #[command(flatten)]
        fields: AgentFields,
    },
    /// Make somebody an agent no longer; chats that they are in stay theirs
    Remove {
        /// The agent
        user: String,
    },
}

/// `!role …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum RoleCommand {
    /// Show who supervises and who administrates
    List,
    /// Make somebody a supervisor or an administrator
    #[command(
        after_help = "!role add @carla:example.org supervisor --queues sales,support\n!role add @dan:example.org administrator"
    )]
    Add {
        /// The full Matrix user id
        user: String,
        /// supervisor or administrator
        #[arg(value_parser = role)]
        role: Role,
        /// The queues that a supervisor watches, separated by commas, or all
        #[arg(long)]
        queues: Option<Names>,
    },
    /// Take a role away
    Remove {
        /// The full Matrix user id
        user: String,
        /// supervisor or administrator
        #[arg(value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, String> {
    match text.to_lowercase().as_str() {
        "supervisor" => Ok(Role::Supervisor),
        "administrator" | "admin" => Ok(Role::Administrator),
        "agent" => Err("agents have their own command: !agent add".to_owned()),
        _ => Err("write supervisor or administrator".to_owned()),
    }
}
