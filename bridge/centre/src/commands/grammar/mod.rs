//! The commands. Their help is made from the comments here.

mod people;
mod queues;
mod sites;

use std::sync::LazyLock;

use clap::{ColorChoice, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub use self::{
    people::{AgentCommand, ProfileCommand, RoleCommand},
    queues::{HoursCommand, QueueCommand},
    sites::{ConfigCommand, KeyCommand, MessageCommand, SiteCommand},
};

#[derive(Debug, Parser)]
#[command(
    name = "!",
    no_binary_name = true,
    disable_help_flag = true,
    disable_help_subcommand = true,
    disable_version_flag = true,
    infer_subcommands = true,
    infer_long_args = true,
    color = ColorChoice::Never
)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// All commands. They are made once: that takes longer than reading one.
pub(super) fn root() -> &'static clap::Command {
    static ROOT: LazyLock<clap::Command> = LazyLock::new(Line::command);
    &ROOT
}

/// What somebody tells the bot. Names are as they were written: they are looked up when the command
/// is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Log on with a profile and be asked for chats; without one, pick it from a list
    #[command(after_help = "!login\n!login sales-and-support")]
    Login {
        /// The profile's name
        profile: Vec<String>,
    },
    /// Log off; if you have chats, you are asked what becomes of them
    Logout,
    /// Be asked for chats
    Ready,
    /// Not be asked for chats for now
    #[command(after_help = "!pause\n!pause lunch, back at one")]
    Pause {
        /// Why, for your supervisors
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        reason: Vec<String>,
    },
    /// Not be asked any more, and pause when your chats are over
    PauseAfter,
    /// Show your state, your profile and your chats
    Status,
    /// End this chat
    End {
        /// Not needed
        #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
        rest: Vec<String>,
    },
    /// Tell the other agents of this chat something that the customer never sees
    #[command(after_help = "!private She is right, we owe her a refund.")]
    Private {
        /// What to tell them
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        text: Vec<String>,
    },
    /// Show the earlier chats of this customer, if the site says who they are; with a number, what
    /// was said in one
    #[command(after_help = "!history\n!history 42")]
    History {
        /// The number of an earlier chat
        #[arg(value_name = "N", value_parser = number)]
        number: Option<u64>,
    },
    /// Show what is possible, or how a command is written
    #[command(after_help = "!help\n!help queue set")]
    Help {
        /// The command
        #[arg(value_name = "COMMAND")]
        words: Vec<String>,
    },
    /// Show the queues: who waits, how long, and how many agents are ready
    Queues,
    /// Show the agents: who is ready, paused or away, and their chats
    Agents,
    /// Show the waiting chats, of one queue or of all
    #[command(after_help = "!waiting\n!waiting sales")]
    Waiting {
        /// The queue
        queue: Option<String>,
    },
    /// Show a chat by its number
    #[command(after_help = "!chat 42")]
    Chat {
        /// The chat's number
        #[arg(value_name = "N", value_parser = number)]
        number: u64,
    },
    /// Ask this agent to take a waiting chat
    #[command(after_help = "!assign 42 @anna:example.org")]
    Assign {
        /// The chat's number
        #[arg(value_name = "N", value_parser = number)]
        number: u64,
        /// The agent
        agent: String,
    },
    /// Put a chat into another queue
    #[command(after_help = "!move 42 support")]
    Move {
        /// The chat's number
        #[arg(value_name = "N", value_parser = number)]
        number: u64,
        /// The queue
        queue: String,
    },
    /// Show how many chats there were and how long they waited
    #[command(after_help = "!stats\n!stats week")]
    Stats {
        /// Of which time
        #[arg(default_value = "today", ignore_case = true)]
        period: Period,
    },
    /// Predefined messages, which agents pick
    #[command(subcommand)]
    Message(MessageCommand),
    /// Queues, where chats wait
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Profiles: the sets of queues that agents log on with
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Who answers chats
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Who supervises and who administrates
    #[command(subcommand)]
    Role(RoleCommand),
    /// Sites: the web pages that customers chat from
    #[command(subcommand)]
    Site(SiteCommand),
    /// Everything as a file, and general settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show who changed what
    #[command(after_help = "!audit\n!audit 50")]
    Audit {
        /// How many of the last changes
        #[arg(value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        count: u32,
    },
}

/// The time that statistics are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Period {
    /// Since midnight.
    #[default]
    Today,
    /// The last seven days.
    Week,
}

/// `42`, `#42`.
fn number(text: &str) -> Result<u64, String> {
    text.trim_start_matches('#').parse().map_err(|_| format!("“{text}” is no chat's number"))
}
