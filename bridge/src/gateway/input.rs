//! What a customer did, as it lies in the inbox.

use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;

use crate::store::NewInboxItem;

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

impl CustomerInput {
    /// What makes it the same as another.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Start { chat, .. } => format!("start:{chat}"),
            Self::Send { chat, key, .. } => format!("send:{chat}:{key}"),
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

    #[test]
    fn inputs_keep_their_stored_form() {
        let chat = ChatId(0xabc);
        let inputs = [
            CustomerInput::Start {
                chat,
                site: "shop".to_owned(),
                name: Some("Ann".to_owned()),
                session: "00".repeat(32),
                queue: Some("sales".to_owned()),
            },
            CustomerInput::Send {
                chat,
                key: "k1".to_owned(),
                text: "hello".to_owned(),
                email: Some("ann@example.org".to_owned()),
            },
            CustomerInput::End { chat },
            CustomerInput::Away { chat, since: 5 },
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
                },
            ),
            (
                send,
                CustomerInput::Send {
                    chat,
                    key: "k1".to_owned(),
                    text: "hello".to_owned(),
                    email: None,
                },
            ),
        ] {
            let body = serde_json::to_vec(&stored).unwrap();
            assert_eq!(serde_json::from_slice::<CustomerInput>(&body).unwrap(), input);
            assert_eq!(serde_json::to_value(&input).unwrap(), stored, "and is written as before");
        }
    }
}
