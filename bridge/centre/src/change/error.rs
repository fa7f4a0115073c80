//! Why a change is refused, and what to do about it.

use crate::{
    difference::Difference,
    item::{Item, Kind},
    model::Role,
    validate::Problem,
};

/// A change is refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// What it is about does not exist.
    #[error("there is no {kind} `{name}`{hint}")]
    Unknown {
        /// What was looked for.
        kind: Kind,
        /// Under which name.
        name: String,
        /// What may be meant.
        hint: String,
    },
    /// The name fits several.
    #[error("`{name}` can be {}: write the full id", .ids.join(" or "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Whose it is.
        ids: Vec<String>,
    },
    /// It exists already.
    #[error("{0} exists already; to change it, use `set` instead of `add`")]
    Exists(Item),
    /// The whole would not be valid.
    #[error("{}", .words.join("\n"))]
    Invalid {
        /// Where and what.
        problems: Vec<Problem>,
        /// The same, for people.
        words: Vec<String>,
    },
    /// Somebody else changed it since the decision.
    #[error("this was changed by somebody else in the meantime, so nothing was done:\n{}\nIf you still want it, write the command again.", list(.differences))]
    Stale {
        /// What they changed.
        differences: Vec<Difference>,
    },
    /// Something refers to it.
    #[error("{item} is used by {}. {advice}", .by.join(", "))]
    InUse {
        /// What.
        item: Item,
        /// What refers to it.
        by: Vec<String>,
        /// What to do.
        advice: String,
    },
    /// Chats would be left without a queue.
    #[error("{}: `!queue delete {queue} --move-to QUEUE`", where_they_go(.queue, *.chats))]
    HasChats {
        /// The queue.
        queue: String,
        /// How many are in it.
        chats: u64,
    },
    /// It is so already.
    #[error("{0} is like that already: nothing to change")]
    Nothing(Item),
    /// No setting was named.
    #[error("say what to set, as in `{0}`")]
    NoSetting(&'static str),
    /// A part of it does not exist.
    #[error("{item} has no {part}{hint}")]
    NoPart {
        /// Of what.
        item: Item,
        /// Which part.
        part: String,
        /// What may be meant.
        hint: String,
    },
    /// Two keys are live.
    #[error("site `{site}` has two keys already, {}: remove one with `!site key remove {site} KEY`, or let `!site key rotate {site}` replace the older one", .keys.join(" and "))]
    TwoKeys {
        /// The site.
        site: String,
        /// Their ids.
        keys: Vec<String>,
    },
    /// Nobody could manage anything any more.
    #[error(
        "this is the only administrator: make somebody else one first, with `!role add @user:server administrator`"
    )]
    LastAdministrator,
    /// Roles are for supervisors and administrators.
    #[error("agents have their own command: `!agent add`, `!agent remove`")]
    AgentIsNoRole,
    /// A queue cannot take its own place.
    #[error("its chats cannot go to the queue that is deleted: name another one")]
    MoveToItself,
    /// It is for others to decide.
    #[error("only {needs}s can change this")]
    NotAllowed {
        /// For whom.
        needs: Role,
    },
    /// A supervisor's message is for queues that others supervise, too.
    #[error("you supervise {0}, and this predefined message is for other queues as well (`--queues` says for which)", .yours.join(", "))]
    OthersQueues {
        /// The supervisor's queues.
        yours: Vec<String>,
    },
    /// An overflow needs a place to go.
    #[error(
        "queue `{0}` has no overflow: say where to, with `--overflow message` or `--overflow QUEUE`"
    )]
    NoOverflow(String),
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn where_they_go(queue: &str, chats: u64) -> String {
    if chats == 1 {
        format!("there is a chat in queue `{queue}`; say where it goes")
    } else {
        format!("there are {chats} chats in queue `{queue}`; say where they go")
    }
}
