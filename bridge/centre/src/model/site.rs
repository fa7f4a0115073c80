//! One embedding of the widget.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};

/// A site: its pages, its queues, its texts and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its name in addresses: 1 to 64 of `a–z 0–9 -`.
    pub id: String,
    /// The heading of the widget.
    pub title: String,
    /// Shown before the chat starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub greeting: String,
    /// The accent colour, `#rrggbb`.
    #[serde(default = "colour")]
    pub colour: String,
    /// Whether the customer is asked for a name first.
    #[serde(default)]
    pub ask_name: bool,
    /// The pages that may show the widget, as exact origins: `https://shop.example`.
    pub origins: Vec<String>,
    /// The queues that are offered; the first one is chosen for the customer. A file may also say
    /// `queue = "sales"`.
    #[serde(alias = "queue", deserialize_with = "one_or_many")]
    pub queues: Vec<String>,
    /// Whether its chat rooms may be joined by agents of other homeservers.
    #[serde(default = "yes")]
    pub federate: bool,
    /// The widget's own words, replaced by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// The facts about customers that the site states besides the usual ones ([`USUAL`]): what
    /// agents read, by the variable's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// What the site signs customers' variables with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
}

/// How many keys of a site are live at once: the old one and the new one of a rotation.
pub const MAX_KEYS: usize = 2;

/// How many variables a site declares at most.
pub const MAX_VARIABLES: usize = 12;

/// The variables that every site has, and what agents read.
pub const USUAL: [(&str, &str); 5] = [
    ("name", "Name"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("page", "Page"),
    ("browser", "Browser"),
];

/// The claims of a token that are about the token (RFC 7519, section 4.1).
pub const ABOUT_TOKENS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

fn colour() -> String {
    "#0b5cad".to_owned()
}

fn yes() -> bool {
    true
}

impl Site {
    /// A site with the defaults.
    #[must_use]
    pub fn new(id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            greeting: String::new(),
            colour: colour(),
            ask_name: false,
            origins: Vec::new(),
            queues: Vec::new(),
            federate: true,
            texts: BTreeMap::new(),
            variables: BTreeMap::new(),
            keys: Vec::new(),
        }
    }
}

impl Site {
    /// What agents read for a variable; `None` if the site does not state such a thing.
    #[must_use]
    pub fn label(&self, variable: &str) -> Option<&str> {
        let usual = USUAL.iter().find(|(name, _)| *name == variable).map(|(_, label)| *label);
        usual.or_else(|| self.variables.get(variable).map(String::as_str))
    }
}

/// A key that the site signs customers' variables with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its name, `kid` in tokens: 1 to 64 of `a–z 0–9 - _`.
    pub id: String,
    /// The only algorithm that it is used with.
    pub algorithm: Algorithm,
    /// For HS256: the shared secret as base64url. It is kept, but never written to an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// For `EdDSA`: the site's public key, 32 bytes as base64url without padding (RFC 8037).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// When it was added, as RFC 3339.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub added: String,
}

impl Key {
    /// Whether tokens can be checked with it. A key that came from an export has no secret.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match self.algorithm {
            Algorithm::Hs256 => self.secret.is_some(),
            Algorithm::Eddsa => self.public_key.is_some(),
        }
    }
}

/// A signature algorithm for tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// HMAC with SHA-256: both sides know the secret.
    #[default]
    Hs256,
    /// Ed25519: only the site can sign.
    Eddsa,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hs256 => "hs256",
            Self::Eddsa => "eddsa",
        })
    }
}

/// A text that is stored but never shown.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl<'de> Deserialize<'de> for Secret {
    /// By hand, because serde's own message about something that is no text shows it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)
            .map(Self)
            .map_err(|_| de::Error::custom("must be a text in quotation marks"))
    }
}

impl Secret {
    /// Keeps a text from being shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `"sales"` and `["sales", "support"]` both.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;

    impl<'de> de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a queue or a list of queues")
        }

        fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
            Ok(vec![name.to_owned()])
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = seq.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }

    deserializer.deserialize_any(Names)
}
