//! Commands about queues.

use clap::Subcommand;

use crate::{change::fields::QueueFields, hours::IsoDate};

/// `!queue …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum QueueCommand {
    /// Show all queues and their settings in short
    List,
    /// Show a queue's settings
    Show {
        /// The queue
        queue: String,
    },
    /// Add a queue
    #[command(after_help = "!queue add sales --name \"Sales\" --request-timeout 1m")]
    Add {
        /// Its short name: a–z, 0–9, - and _
        id: String,
        /// Its settings
        #[command(flatten)]
        fields: Box<QueueFields>,
    },
    /// Change a queue's settings
    #[command(
        after_help = "!queue set sales --strategy least-busy --max-wait 30m\n!queue set sales --overflow support --overflow-after 2m\n!queue set sales --overflow message --overflow-when-nobody-ready yes"
    )]
    Set {
        /// The queue
        queue: String,
        /// Its settings
        #[command(flatten)]
        fields: Box<QueueFields>,
    },
    /// Delete a queue
    #[command(after_help = "!queue delete sales --move-to support")]
    Delete {
        /// The queue
        queue: String,
        /// The queue that takes its chats and its place in profiles, sites and overflows
        #[arg(long, value_name = "QUEUE")]
        move_to: Option<String>,
    },
    /// When a queue is open
    #[command(subcommand)]
    Hours(HoursCommand),
}

/// `!queue hours …`
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HoursCommand {
    /// Show a queue's hours
    Show {
        /// The queue
        queue: String,
    },
    /// Set the hours of the week; days that are not named are closed
    #[command(
        after_help = "!queue hours set sales mon-fri 09:00-12:00,13:00-17:00 sat 10:00-14:00\n!queue hours set sales --time-zone Europe/Berlin"
    )]
    Set {
        /// The queue
        queue: String,
        /// Days and hours, such as mon-fri 09:00-17:00
        week: Vec<String>,
        /// The time zone of the hours
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
    },
    /// Open a queue around the clock
    Always {
        /// The queue
        queue: String,
    },
    /// Give a date hours of its own
    #[command(
        after_help = "!queue hours add-exception sales 2026-12-24 10:00-14:00\n!queue hours add-exception sales 2026-12-25 closed"
    )]
    AddException {
        /// The queue
        queue: String,
        /// The date, such as 2026-12-24
        date: IsoDate,
        /// Its hours, or closed
        #[arg(required = true)]
        hours: Vec<String>,
    },
    /// Treat a date like any other again
    RemoveException {
        /// The queue
        queue: String,
        /// The date
        date: IsoDate,
    },
}
