//! What a customer did, as it lies in the inbox.

use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;

use super::{signed::Signed, wire::TokenFault};
use crate::{
    media::{StoredFile, Unfit},
    store::NewInboxItem,
};

/// What a customer did.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "customer", rename_all = "snake_case", deny_unknown_fields)]
pub enum CustomerInput {
    /// Opened a chat.
    Start {
        /// The new chat, derived from the site and the page's start key.
        chat: ChatId,
        /// On which site.
        site: String,
        /// What they call themselves, cleaned.
        name: Option<String>,
        /// The SHA-256 of the session token, as 64 hexadecimal digits: the key of the session's
        /// record.
        session: String,
        /// The queue that they chose, one that the site offered; `None` for its first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
        /// What is known of them.
        #[serde(default, skip_serializing_if = "Facts::is_empty")]
        facts: Facts,
    },
    /// Wrote a message.
    Send {
        /// Where.
        chat: ChatId,
        /// The page's key of the message.
        key: String,
        /// The text, cleaned; never empty.
        text: String,
        /// Where an answer may be sent if they are gone, cleaned: it looks like an address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// The entry of the feed that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        /// The ids of its files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<String>,
    },
    /// Changed something that is in the feed.
    Change {
        /// Where.
        chat: ChatId,
        /// The page's key of the change.
        key: String,
        /// The message's entry in the feed.
        target: u64,
        /// What.
        change: CustomerChange,
    },
    /// Uploaded a file, which is checked and stored. It belongs to no message yet.
    Uploaded {
        /// To which chat.
        chat: ChatId,
        /// The file.
        file: StoredFile,
    },
    /// Tried to upload what is not taken.
    Unfit {
        /// To which chat.
        chat: ChatId,
        /// The page's key of the file.
        key: String,
        /// The file's name, as the page says.
        name: String,
        /// Why it is not taken.
        why: Unfit,
    },
    /// Pressed End.
    End {
        /// Which chat.
        chat: ChatId,
    },
    /// Has had no page open for the abandon time while the chat waits, or while they are asked to
    /// leave a message.
    Away {
        /// Which chat.
        chat: ChatId,
        /// Since when, in milliseconds since the Unix epoch.
        since: u64,
    },
}

/// What is known of a customer when they start.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// What the page states, cleaned, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<(String, String)>,
    /// What the site has signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
    /// Why the site's token was not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<TokenFault>,
}

impl Facts {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change of something that is in the feed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerChange {
    /// An own message is to say something else.
    Edit {
        /// The text, cleaned; never empty.
        text: String,
    },
    /// An own message is to go.
    Remove {},
    /// A reaction to any message.
    React {
        /// One emoji.
        emoji: String,
        /// Whether it is to be there.
        on: bool,
    },
}

/// Shows what kind it is, but nothing that the customer said.
impl std::fmt::Debug for CustomerChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Edit { .. } => "Edit",
            Self::Remove {} => "Remove",
            Self::React { .. } => "React",
        })
    }
}

impl CustomerInput {
    /// What makes it the same as another.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Start { chat, .. } => format!("start:{chat}"),
            Self::Send { chat, key, .. } => format!("send:{chat}:{key}"),
            Self::Change { chat, key, .. } => format!("change:{chat}:{key}"),
            Self::Uploaded { chat, file } => format!("file:{chat}:{}", file.id),
            Self::Unfit { chat, key, .. } => format!("unfit:{chat}:{key}"),
            Self::End { chat } => format!("end:{chat}"),
            Self::Away { chat, since } => format!("away:{chat}:{since}"),
        }
    }

    /// As an inbox item that arrived at `received`, in milliseconds since the Unix epoch.
    pub fn into_item(self, received: u64) -> Result<NewInboxItem, serde_json::Error> {
        Ok(NewInboxItem { key: self.key(), received, body: serde_json::to_vec(&self)? })
    }
}

/// Shows what and where, but nothing that the customer said.
impl std::fmt::Debug for CustomerInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CustomerInput").field(&self.key()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Kind;

    #[test]
    fn inputs_keep_their_stored_form() {
        let chat = ChatId(0xabc);
        let change = |key: &str, change| CustomerInput::Change {
            chat,
            key: key.to_owned(),
            target: 4,
            change,
        };
        let inputs = [
            CustomerInput::Start {
                chat,
                site: "shop".to_owned(),
                name: Some("Ann".to_owned()),
                session: "00".repeat(32),
                queue: Some("sales".to_owned()),
                facts: Facts {
                    stated: vec![("order".to_owned(), "4711".to_owned())],
                    signed: Some(Signed {
                        issuer: "https://shop.example".to_owned(),
                        key: "k1".to_owned(),
                        visitor: Some("11".repeat(32)),
                        token: "22".repeat(32),
                        until: 7000,
                        variables: vec![("email".to_owned(), "ann@example.org".to_owned())],
                    }),
                    fault: Some(TokenFault::Used),
                },
            },
            CustomerInput::Send {
                chat,
                key: "k1".to_owned(),
                text: "hello".to_owned(),
                email: Some("ann@example.org".to_owned()),
                reply_to: None,
                files: vec!["12345678".to_owned()],
            },
            CustomerInput::End { chat },
            CustomerInput::Away { chat, since: 5 },
            CustomerInput::Send {
                chat,
                key: "k2".to_owned(),
                text: "yes".to_owned(),
                email: None,
                reply_to: Some(4),
                files: Vec::new(),
            },
            change("k3", CustomerChange::Edit { text: "hello!".to_owned() }),
            change("k4", CustomerChange::Remove {}),
            change("k5", CustomerChange::React { emoji: "👍".to_owned(), on: true }),
            CustomerInput::Uploaded {
                chat,
                file: StoredFile {
                    id: "12345678".to_owned(),
                    name: "a.png".to_owned(),
                    kind: Kind::Png,
                    size: 9,
                    pixels: Some((3, 2)),
                    uri: "mxc://localhost/a".to_owned(),
                },
            },
            CustomerInput::Unfit {
                chat,
                key: "k6".to_owned(),
                name: "a.svg".to_owned(),
                why: Unfit::Markup,
            },
        ];
        let stored: Vec<(String, serde_json::Value)> = inputs
            .iter()
            .map(|input| (input.key(), serde_json::to_value(input).unwrap()))
            .collect();
        insta::assert_json_snapshot!(stored);
        for (input, (_, value)) in inputs.iter().zip(stored) {
            let body = serde_json::to_vec(&value).unwrap();
            assert_eq!(serde_json::from_slice::<CustomerInput>(&body).unwrap(), *input);
        }
        let shown = format!("{:?}", inputs[1]);
        assert!(!shown.contains("hello") && !shown.contains("example.org"));
    }

    #[test]
    fn inputs_of_the_old_form_still_read() {
        let chat = ChatId(0xabc);
        let start = serde_json::json!({
            "customer": "start", "chat": chat, "site": "shop", "name": "Ann", "session": "00",
        });
        let send = serde_json::json!({
            "customer": "send", "chat": chat, "key": "k1", "text": "hello",
        });
        for (stored, input) in [
            (
                start,
                CustomerInput::Start {
                    chat,
                    site: "shop".to_owned(),
                    name: Some("Ann".to_owned()),
                    session: "00".to_owned(),
                    queue: None,
                    facts: Facts::default(),
                },
            ),
            (
                send,
                CustomerInput::Send {
                    chat,
                    key: "k1".to_owned(),
                    text: "hello".to_owned(),
                    email: None,
                    reply_to: None,
                    files: Vec::new(),
                },
            ),
        ] {
            let body = serde_json::to_vec(&stored).unwrap();
            assert_eq!(serde_json::from_slice::<CustomerInput>(&body).unwrap(), input);
            assert_eq!(serde_json::to_value(&input).unwrap(), stored, "and is written as before");
        }
    }
}
