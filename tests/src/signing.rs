//! A site that signs what it knows about its customers.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Who tokens say they are from.
pub const ISSUER: &str = "https://shop.example";

/// A site's key for HS256.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signer {
    /// The key's id.
    pub key: String,
    /// The shared secret, as base64url.
    pub secret: String,
}

impl Signer {
    /// With a secret of one's own.
    #[must_use]
    pub fn new(key: &str, secret: [u8; 32]) -> Self {
        Self { key: key.to_owned(), secret: URL_SAFE_NO_PAD.encode(secret) }
    }

    /// The key as a table of the bridge's configuration, below that of its site.
    #[must_use]
    pub fn table(&self) -> String {
        let Self { key, secret } = self;
        format!("[[sites.keys]]\nid = \"{key}\"\nalgorithm = \"hs256\"\nsecret = \"{secret}\"\n")
    }

    /// A token that is good for five minutes, with a name of its own; `more` adds to its claims or
    /// replaces some, and `null` takes one away.
    ///
    /// # Panics
    /// If `more` is no object.
    #[must_use]
    pub fn token(&self, site: &str, more: &Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut claims = json!({
            "aud": site, "iss": ISSUER, "iat": now, "exp": now + 300,
            "jti": format!("{:032x}", rand::random::<u128>()),
        });
        for (name, value) in more.as_object().expect("claims are an object") {
            claims[name] = value.clone();
        }
        if let Some(claims) = claims.as_object_mut() {
            claims.retain(|_, value| !value.is_null());
        }
        let header = Header { kid: Some(self.key.clone()), ..Header::default() };
        let secret = URL_SAFE_NO_PAD.decode(&self.secret).unwrap_or_default();
        encode(&header, &claims, &EncodingKey::from_secret(&secret)).expect("JSON can be signed")
    }
}
