//! Who is who on the homeserver: the bot, the customers' ghosts, and the aliases of their rooms.

use std::fmt::Write as _;

use ruma::{
    OwnedRoomAliasId, OwnedUserId, RoomAliasId, ServerName, UserId, device_id, owned_device_id,
};
use sha2::{Digest as _, Sha256};
use switchboard_engine::ChatId;

use crate::place::Place;

/// The device of the bot and of every ghost. Sends with a device are remembered by the homeserver
/// across its own restarts ([MSC4326]).
///
/// [MSC4326]: https://github.com/matrix-org/matrix-spec-proposals/pull/4326
pub const DEVICE: &str = "SWITCHBOARD";

/// The bridge's part of the homeserver's namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    server: String,
    prefix: String,
    bot: OwnedUserId,
}

/// A part of a Matrix id was not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum InvalidNamespace {
    /// The part after the colon.
    #[error("`{0}` is not a server name such as example.org: {1}")]
    Server(String, ruma::IdParseError),
    /// What our users begin with (spec: user identifiers).
    #[error("`{0}` must be 1 to 64 of a–z, 0–9 and . _ = - /")]
    Prefix(String),
}

impl Namespace {
    /// The namespace of `prefix` at `server`.
    pub fn new(server: &str, prefix: &str) -> Result<Self, InvalidNamespace> {
        let server_name = ServerName::parse(server)
            .map_err(|e| InvalidNamespace::Server(server.to_owned(), e))?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._=-/".contains(&b);
        let wrong = || InvalidNamespace::Prefix(prefix.to_owned());
        if !(1..=64).contains(&prefix.len()) || !prefix.bytes().all(plain) {
            return Err(wrong());
        }
        let bot = UserId::parse(format!("@{prefix}:{server_name}")).map_err(|_| wrong())?;
        Ok(Self { server: server.to_owned(), prefix: prefix.to_owned(), bot })
    }

    /// The bot that agents see.
    #[must_use]
    pub fn bot(&self) -> &UserId {
        &self.bot
    }

    /// The homeserver's name.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The localpart of the technical user of the registration. It never shows.
    #[must_use]
    pub fn sender_localpart(&self) -> String {
        format!("{}_appservice", self.prefix)
    }

    /// The ghost of a chat's customer.
    #[must_use]
    pub fn ghost(&self, chat: ChatId) -> OwnedUserId {
        UserId::parse(format!("@{}:{}", self.ghost_localpart(chat), self.server))
            .unwrap_or_else(|_| unreachable!("prefix and server were checked at start"))
    }

    /// The localpart of [`Self::ghost`].
    #[must_use]
    pub fn ghost_localpart(&self, chat: ChatId) -> String {
        format!("{}_c_{chat}", self.prefix)
    }

    /// The user that stands for a queue.
    #[must_use]
    pub fn queue_user(&self, queue: &str) -> OwnedUserId {
        UserId::parse(format!("@{}_q_{queue}:{}", self.prefix, self.server))
            .unwrap_or_else(|_| unreachable!("prefix, server and queue's id were checked"))
    }

    /// Whether the user stands for a queue.
    #[must_use]
    pub fn is_queue(&self, user: &str) -> bool {
        let local = user.strip_prefix('@').and_then(|rest| rest.strip_prefix(&self.prefix));
        self.is_ours(user) && local.is_some_and(|rest| rest.starts_with("_q_"))
    }

    /// The localpart of the alias of a chat's room: what makes its creation repeatable.
    #[must_use]
    pub fn room_alias_localpart(&self, chat: ChatId) -> String {
        format!("{}_{chat}", self.prefix)
    }

    /// The localpart of the alias of a place's room, if we make it.
    #[must_use]
    pub fn alias_localpart(&self, place: &Place) -> Option<String> {
        match place {
            Place::Chat(chat) => Some(self.room_alias_localpart(*chat)),
            // An alias cannot hold every user id.
            Place::Desk(user) => Some(format!("{}_desk_{}", self.prefix, digest(user))),
            Place::Control {} => Some(format!("{}_control", self.prefix)),
            Place::Space {} => Some(format!("{}_space", self.prefix)),
            Place::QueueSpace { queue, number } => {
                Some(format!("{}_space_{queue}_{number}", self.prefix))
            }
            Place::Companion(chat) => Some(format!("{}_private", self.room_alias_localpart(*chat))),
            Place::QueueUser(_) | Place::Visited(_) => None,
        }
    }

    /// The alias with this localpart.
    #[must_use]
    pub fn alias(&self, localpart: &str) -> OwnedRoomAliasId {
        RoomAliasId::parse(format!("#{localpart}:{}", self.server))
            .unwrap_or_else(|_| unreachable!("prefix and server were checked at start"))
    }

    /// Whether the user is the bot, a ghost or the technical user: one of ours, never a person.
    #[must_use]
    pub fn is_ours(&self, user: &str) -> bool {
        user == self.bot.as_str() || {
            user.strip_prefix('@').and_then(|rest| rest.split_once(':')).is_some_and(
                |(local, server)| {
                    server == self.server
                        && local.strip_prefix(&self.prefix).is_some_and(|r| r.starts_with('_'))
                },
            )
        }
    }

    /// Whether the user is one of another homeserver.
    #[must_use]
    pub fn is_elsewhere(&self, user: &str) -> bool {
        user.split_once(':').is_some_and(|(_, server)| server != self.server)
    }

    /// Whether the homeserver may be told that this user of ours exists.
    #[must_use]
    pub fn may_exist(&self, user: &UserId) -> bool {
        self.is_ours(user.as_str())
    }

    /// A regular expression for the ghosts' user ids, for the registration.
    #[must_use]
    pub fn user_regex(&self) -> String {
        format!("@{}(_.*)?:{}", escape(&self.prefix), escape(&self.server))
    }

    /// A regular expression for the room aliases, for the registration.
    #[must_use]
    pub fn alias_regex(&self) -> String {
        format!("#{}_.*:{}", escape(&self.prefix), escape(&self.server))
    }
}

/// The first 128 bits of the SHA-256, in hexadecimal.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Escapes what means something in a regular expression.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if !c.is_ascii_alphanumeric() && c != '_' && c != '-' {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// [`DEVICE`] as ruma's type.
#[must_use]
pub fn device() -> ruma::OwnedDeviceId {
    debug_assert_eq!(device_id!("SWITCHBOARD").as_str(), DEVICE);
    owned_device_id!("SWITCHBOARD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_users_are_ours() {
        let names = Namespace::new("example.org", "switchboard").expect("valid");
        for (user, ours) in [
            ("@switchboard:example.org", true),
            ("@switchboard_c_00:example.org", true),
            ("@switchboard_appservice:example.org", true),
            ("@switchboarder:example.org", false),
            ("@switchboard:elsewhere.org", false),
            ("@switchboard_c_00:elsewhere.org", false),
            ("@anna:example.org", false),
            ("switchboard", false),
        ] {
            assert_eq!(names.is_ours(user), ours, "{user}");
        }
        for (user, queue) in [
            ("@switchboard_q_sales:example.org", true),
            ("@switchboard_q_sales:elsewhere.org", false),
            ("@switchboard_c_00:example.org", false),
        ] {
            assert_eq!(names.is_queue(user), queue, "{user}");
        }
        assert_eq!(names.queue_user("sales"), "@switchboard_q_sales:example.org");
    }

    #[test]
    fn the_server_is_all_that_follows_the_first_colon() {
        let names = Namespace::new("chat.example.org:8448", "switchboard").expect("valid");
        for (user, elsewhere) in [
            ("@anna:chat.example.org:8448", false),
            ("@anna:chat.example.org", true),
            ("@anna:chat.example.org:8449", true),
            ("@anna:example.net", true),
        ] {
            assert_eq!(names.is_elsewhere(user), elsewhere, "{user}");
        }
    }

    #[test]
    fn the_registration_escapes_the_server_name() {
        let names = Namespace::new("chat.example.org:8448", "switchboard").expect("valid");
        assert_eq!(names.user_regex(), r"@switchboard(_.*)?:chat\.example\.org\:8448");
    }
}
