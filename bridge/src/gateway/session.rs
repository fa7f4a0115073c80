//! Sessions: who has the token is the customer.
//!
//! Chat id and token are derived from the site and the page's start key under the store's secret,
//! so a start that is repeated, here or in another process, is the same start. Only the token's
//! hash is kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use switchboard_engine::ChatId;

use super::wire::TokenFault;
use crate::store::{RecordKind, Store, StoreError};

/// The record of a session ([`RecordKind::Session`]), under [`SessionToken::hash`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Which chat it opens.
    pub chat: ChatId,
    /// The chat's display number.
    pub number: u64,
    /// The site that it belongs to.
    pub site: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub created: u64,
    /// Whether the site vouches for who the customer is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// Why the site's token was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<TokenFault>,
}

/// A session token: 256 bits, as 43 characters of base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// A token as a customer's page says it; `None` if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The token itself, for the customer's page only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its SHA-256 as 64 lower-case hexadecimal digits: all that is kept of it.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes()))
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// What follows from a site and a start key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The chat's id.
    pub chat: ChatId,
    /// The session's token.
    pub token: SessionToken,
}

/// Derives the chat and the token under the store's secret.
#[must_use]
pub fn derive(secret: &[u8; 32], site: &str, start_key: &str) -> Derived {
    let chat = mac(secret, "chat", site, start_key);
    let mut id = [0; 16];
    id.copy_from_slice(&chat[..16]);
    let token = URL_SAFE_NO_PAD.encode(mac(secret, "session", site, start_key));
    Derived { chat: ChatId(u128::from_be_bytes(id)), token: SessionToken(token) }
}

/// No part can contain the NUL between them: sites and start keys have small alphabets.
fn mac(secret: &[u8; 32], purpose: &str, site: &str, start_key: &str) -> [u8; 32] {
    keyed(secret, [purpose, "\0", site, "\0", start_key].into_iter().map(str::as_bytes))
}

/// Of parts that may contain anything.
pub(super) fn mac_of(secret: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    let text = serde_json::Value::from(parts).to_string();
    keyed(secret, std::iter::once(text.as_bytes()))
}

fn keyed<'a>(secret: &[u8; 32], parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    // HMAC takes keys of every length, so this is one that has failed for no reason: use none.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { unreachable!() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// A session was not found, or could not be looked for.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its record is of no known form.
    #[error("a session's record cannot be read: {}", crate::json::fault(.0))]
    Record(#[from] serde_json::Error),
}

/// Looks a session up by the hash of its token.
pub async fn look_up(store: &dyn Store, hash: &str) -> Result<Option<SessionRecord>, LookupError> {
    let record = store.record(RecordKind::Session, hash).await?;
    Ok(record.map(|bytes| serde_json::from_slice(&bytes)).transpose()?)
}

/// Whether a text can be a start key.
#[must_use]
pub fn is_start_key(text: &str) -> bool {
    (22..=64).contains(&text.len()) && text.bytes().all(is_key_byte)
}

/// Whether a text can be a message's key.
#[must_use]
pub fn is_message_key(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(is_key_byte)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "aaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn the_same_start_is_the_same_session() {
        let secret = [7; 32];
        let first = derive(&secret, "shop", KEY);
        assert_eq!(first, derive(&secret, "shop", KEY));
        // Fixed for ever: these stand in stores and browsers.
        assert_eq!(first.chat.to_string(), "8ff8c0369f2f609946ff065d2d708897");
        assert_ne!(first.chat, derive(&secret, "other", KEY).chat);
        assert_ne!(first.token, derive(&secret, "other", KEY).token);
        assert_ne!(first.token, derive(&[8; 32], "shop", KEY).token);
        assert_eq!(SessionToken::parse(first.token.reveal()), Some(first.token.clone()));
        assert_eq!(first.token.hash().len(), 64);
        assert_eq!(format!("{:?}", first.token), "SessionToken(…)");
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        for text in ["", "a", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43), &"é".repeat(43)] {
            assert_eq!(SessionToken::parse(text), None, "{text}");
        }
        assert!(SessionToken::parse(&"A".repeat(43)).is_some());
    }

    #[test]
    fn keys_have_a_small_alphabet() {
        assert!(is_start_key(KEY) && is_start_key(&"-_09azAZ".repeat(8)));
        assert!(!is_start_key(&KEY[1..]) && !is_start_key(&"a".repeat(65)));
        assert!(!is_start_key("aaaaaaaaaaaaaaaaaaaaa\0"));
        assert!(is_message_key("12345678") && !is_message_key("1234567"));
        assert!(!is_message_key("1234:678") && !is_message_key("1234567é"));
    }
}
