use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

type Error = Box<dyn std::error::Error>;

/// A token for one chat: make a new one whenever the page asks for it.
pub(crate) fn chat_token(key_id: &str, secret: &str, customer: &Value) -> Result<String, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "aud": "shop",
        "iss": "https://shop.example.org",
        "iat": now,
        "exp": now + 300,
        "jti": format!("{:032x}", rand::random::<u128>()),
        "sub": customer["id"],
        "name": customer["name"],
        "email": customer["email"],
        "order": customer["order"],
    });
    let header = Header { kid: Some(key_id.to_owned()), ..Header::default() };
    let secret = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(secret)?);
    Ok(encode(&header, &claims, &secret)?)
}
