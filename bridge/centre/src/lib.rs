//! What administrators manage, and the language in which they do it.
//!
//! [`Centre`] is everything that can be set up without restarting: queues, profiles, people, sites
//! and predefined messages. It is read from the tables of the configuration file and written back
//! as such ([`mod@file`]), checked as a whole ([`validate`]), changed one [`Change`] at a time
//! ([`change`]), and turned into what the rules need ([`Centre::setup`]). [`commands`] reads what
//! people write to the bot, [`reply`] and [`views`] write what it answers, and [`audit`] is what is
//! kept of who changed what.
//!
//! From a text to a change, as somebody confirms it:
//!
//! ```
//! use switchboard_centre::{Centre, commands, commands::{FreshKey, Place}, model::Secret};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = r#"
//! queues = [{ id = "sales", name = "Sales" }, { id = "support", name = "Support" }]
//! administrators = [{ id = "@dan:example.org" }]
//! "#;
//! let centre = Centre::from_toml(file).map_err(|problems| format!("{problems:?}"))?;
//! let roles = centre.roles_of("@dan:example.org");
//!
//! let command = commands::parse_for("!queue delete sales", roles, Place::ControlRoom)?;
//! command.check(roles, Place::ControlRoom)?;
//! let fresh = || FreshKey {
//!     id: "k1".to_owned(),
//!     secret: Secret::new("from outside"),
//!     added: "2026-11-24T10:00:00Z".to_owned(),
//! };
//! let change = command.change(fresh).ok_or("a change")?;
//! centre.authorise("@dan:example.org", &change)?;
//!
//! // What would happen is asked about; the decision remembers what was seen.
//! let decision = centre.decide(change)?;
//! let chats_in = |_queue: &str| 0;
//! let question = centre.apply(&decision, chats_in)?.question();
//! assert!(question.text.contains("queue `sales` removed"));
//!
//! // Later, on the centre as it is then:
//! let applied = centre.apply(&decision, chats_in)?;
//! assert!(applied.centre.queue("sales").is_none());
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here does I/O or reads a clock: the time is an argument, and so is every secret.

pub mod audit;
pub mod change;
pub mod closest;
pub mod commands;
pub mod difference;
pub mod duration;
pub mod file;
pub mod hours;
pub mod item;
pub mod model;
pub mod moment;
pub mod offer;
pub mod reply;
mod setup;
pub mod statistics;
pub mod template;
pub mod validate;
pub mod views;
pub mod wall_clock;

pub use change::{Applied, Change, ChangeError, Decision};
pub use difference::Difference;
pub use file::Plan;
pub use item::{Item, Kind, Snapshot};
pub use model::{Centre, Role, Roles};
pub use reply::Reply;
pub use validate::Problem;
