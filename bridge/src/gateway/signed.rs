//! What a site signs about its customers: JSON Web Tokens (RFC 7519), checked.
//!
//! A token is taken only if everything about it is as it must be: the key is one of the site's that
//! are live, and the algorithm the one that this key is for; it is addressed to this site, says who
//! made it, ends within ten minutes, and has a name of its own, by which the runner makes sure that
//! one chat uses it. Anything else is a [`TokenFault`], and then nothing of it is believed.

use std::fmt;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jsonwebtoken::{DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use switchboard_centre::model::{Algorithm, Key, Secret, USUAL};

use super::{
    clean,
    session::{self, hex},
    wire::TokenFault,
};

/// How long a token may be good, in seconds.
const LIFE: i64 = 10 * 60;
/// By how much the site's clock may differ from ours, in seconds.
const LEEWAY: i64 = 30;
/// The longest token, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// The longest `iss`, `sub` and `jti`, in bytes.
const MAX_NAME: usize = 256;

/// Keys are base64url; a last character with bits to spare is nobody's fault.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a good token says, as it lies in the inbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Who made it (`iss`), cleaned.
    pub issuer: String,
    /// The id of the key.
    pub key: String,
    /// Stands for the customer (`sub`) of this site, if the token names one: 64 hexadecimal digits
    /// that tell nothing without our secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor: Option<String>,
    /// Stands for the token (`jti`) of this site: 64 hexadecimal digits.
    pub token: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub until: u64,
    /// The declared claims, cleaned, by name.
    pub variables: Vec<(String, String)>,
}

/// Shows nothing of the customer.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a token is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// The site's id, which `aud` must name.
    pub site: &'a str,
    /// The site's keys.
    pub keys: &'a [Key],
    /// The names of the claims that become variables, besides the usual ones.
    pub declared: &'a [String],
    /// The time, in milliseconds since the Unix epoch.
    pub now: u64,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// Checks a token, whose customer is then known by a hash under `secret`.
pub fn verify(token: &str, against: Against<'_>, secret: &[u8; 32]) -> Result<Signed, TokenFault> {
    let (key, claims) = open(token, against.keys)?;
    let now = i64::try_from(against.now / 1000).unwrap_or(i64::MAX);
    let addressed = match claims.get("aud") {
        Some(Value::String(one)) => one == against.site,
        Some(Value::Array(several)) => several.iter().any(|aud| aud == against.site),
        _ => false,
    };
    if !addressed {
        return Err(TokenFault::WrongAudience);
    }
    let exp = time(&claims, "exp")?.ok_or(TokenFault::MissingClaim)?;
    let iat = time(&claims, "iat")?;
    let nbf = time(&claims, "nbf")?;
    if exp.saturating_add(LEEWAY) <= now {
        return Err(TokenFault::Expired);
    }
    if [iat, nbf].into_iter().flatten().any(|start| start > now.saturating_add(LEEWAY)) {
        return Err(TokenFault::NotYet);
    }
    let too_long = exp > now.saturating_add(LIFE + LEEWAY)
        || iat.is_some_and(|iat| exp.saturating_sub(iat) > LIFE);
    if too_long {
        return Err(TokenFault::TooLong);
    }
    let issuer = name(&claims, "iss")?.ok_or(TokenFault::MissingClaim)?;
    let id = name(&claims, "jti")?.ok_or(TokenFault::MissingClaim)?;
    let subject = name(&claims, "sub")?;
    let visitor = subject.map(|subject| {
        hex(&session::mac_of(secret, &["visitor", against.site, &issuer, &subject]))
    });
    let token = hex(&Sha256::digest(Value::from(vec![against.site, &id]).to_string()));
    let until = u64::try_from(exp).unwrap_or_default().saturating_mul(1000);
    let issuer = clean::line(&issuer, 80).ok_or(TokenFault::MissingClaim)?;
    let variables = variables(&claims, against.declared);
    Ok(Signed { issuer, key: key.id.clone(), visitor, token, until, variables })
}

/// Checks the signature. The key says which algorithm it is for; the token only names the key.
fn open<'k>(token: &str, keys: &'k [Key]) -> Result<(&'k Key, Map<String, Value>), TokenFault> {
    if token.len() > MAX_TOKEN {
        return Err(TokenFault::Malformed);
    }
    let (head, _) = token.split_once('.').ok_or(TokenFault::Malformed)?;
    let head = BASE64URL.decode(head).map_err(|_| TokenFault::Malformed)?;
    let head: Header = serde_json::from_slice(&head).map_err(|_| TokenFault::Malformed)?;
    // Extensions that must be understood, and are not (RFC 7515, section 4.1.11).
    if head.crit.is_some() {
        return Err(TokenFault::Malformed);
    }
    let key = keys.iter().find(|key| Some(&key.id) == head.kid.as_ref());
    let key = key.filter(|key| key.is_usable()).ok_or(TokenFault::UnknownKey)?;
    let (named, algorithm, decoding) = match key.algorithm {
        Algorithm::Hs256 => {
            let secret = key.secret.as_ref().map_or("", Secret::reveal);
            let secret = BASE64URL.decode(secret).map_err(|_| TokenFault::UnknownKey)?;
            ("HS256", jsonwebtoken::Algorithm::HS256, DecodingKey::from_secret(&secret))
        }
        Algorithm::Eddsa => {
            let public = key.public_key.as_deref().unwrap_or_default();
            let public = BASE64URL.decode(public).map_err(|_| TokenFault::UnknownKey)?;
            ("EdDSA", jsonwebtoken::Algorithm::EdDSA, DecodingKey::from_ed_der(&public))
        }
    };
    if head.alg != named {
        return Err(TokenFault::WrongAlgorithm);
    }
    // The claims are checked here, against a time that tests can choose.
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let opened = jsonwebtoken::decode::<Map<String, Value>>(token, &decoding, &validation);
    match opened {
        Ok(opened) => Ok((key, opened.claims)),
        Err(error) => Err(match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenFault::BadSignature,
            _ => TokenFault::Malformed,
        }),
    }
}

/// A time in seconds since the Unix epoch; it may have a fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, TokenFault> {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and fractions may go")]
    let whole = |value: &Value| value.as_i64().or(value.as_f64().map(|seconds| seconds as i64));
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => whole(value).map(Some).ok_or(TokenFault::Malformed),
    }
}

/// A claim that names something.
fn name(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, TokenFault> {
    let text = match claims.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        // Many sites number their customers.
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(TokenFault::Malformed),
    };
    match text.len() {
        0 => Ok(None),
        1..=MAX_NAME => Ok(Some(text)),
        _ => Err(TokenFault::Malformed),
    }
}

/// The usual and the declared claims that say something.
fn variables(claims: &Map<String, Value>, declared: &[String]) -> Vec<(String, String)> {
    // What page the customer is on is the page's to say.
    let usual =
        USUAL.iter().map(|(name, _)| *name).filter(|name| !matches!(*name, "page" | "browser"));
    let names = usual.chain(declared.iter().map(String::as_str));
    names
        .filter_map(|name| {
            let claim = claims.get(name).or_else(|| {
                // As OpenID Connect calls it.
                claims.get("phone_number").filter(|_| name == "phone")
            });
            let text = match claim? {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
                _ => return None,
            };
            Some((name.to_owned(), clean::variable(name, &text)?))
        })
        .collect()
}

#[cfg(test)]
mod tests;
