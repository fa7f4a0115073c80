//! What can be configured about files.

use serde::Deserialize;

use super::{Kind, scan::Scanner};

/// The largest file that can be allowed, in bytes: 20 MB.
pub const LARGEST: u64 = 20 * 1024 * 1024;

/// Files of customers and agents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// Whether images are taken.
    pub images: bool,
    /// Whether PDFs are taken.
    pub pdf: bool,
    /// Whether plain texts are taken.
    pub text: bool,
    /// Where `ClamAV`'s daemon listens: `unix:/run/clamav/clamd.ctl` or `tcp:host:port`.
    pub scanner: Option<String>,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self { max_bytes: LARGEST, images: true, pdf: true, text: true, scanner: None }
    }
}

impl FilesConfig {
    /// Whether files of this kind are taken.
    #[must_use]
    pub fn takes(&self, kind: Kind) -> bool {
        match kind {
            Kind::Pdf => self.pdf,
            kind if kind.is_text() => self.text,
            _ => self.images,
        }
    }

    /// What is wrong, by setting.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if !(1..=LARGEST).contains(&self.max_bytes) {
            found.push(("files.max_bytes", format!("must be 1 to {LARGEST} (20 MB)")));
        }
        if let Some(Err(why)) = self.scanner.as_deref().map(str::parse::<Scanner>) {
            found.push(("files.scanner", why.to_owned()));
        }
        found
    }
}
