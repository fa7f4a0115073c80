//! Whether a file is taken, and how it is passed on.

use super::{
    image::{self, Cleaned, Part},
    kind::{self, Kind},
    unfit::Unfit,
};

/// A file that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it is.
    pub kind: Kind,
    /// The name to pass it on with.
    pub name: String,
    /// Its parts, without metadata.
    pub cleaned: Cleaned,
}

impl Checked {
    /// How many bytes are passed on.
    #[must_use]
    pub fn size(&self) -> usize {
        self.cleaned.parts.iter().map(Part::len).sum()
    }

    /// Writes what is passed on.
    pub fn write(&self, original: &[u8], to: &mut impl std::io::Write) -> std::io::Result<()> {
        for part in &self.cleaned.parts {
            match part {
                Part::Kept(range) => to.write_all(&original[range.clone()])?,
                Part::New(bytes) => to.write_all(bytes)?,
                Part::Blank(length) => {
                    let zeros = std::io::Read::take(std::io::repeat(0), *length as u64);
                    std::io::copy(&mut { zeros }, to)?;
                }
            }
        }
        Ok(())
    }
}

/// Looks at a whole file.
pub fn check(name: &str, data: &[u8]) -> Result<Checked, Unfit> {
    let kind = kind::of(data)?;
    let cleaned = if kind.is_image() {
        image::clean(kind, data)?
    } else {
        if kind == Kind::Pdf && !is_whole_pdf(data) {
            return Err(Unfit::Damaged);
        }
        Cleaned { parts: Vec::from([Part::Kept(0..data.len())]), pixels: None }
    };
    Ok(Checked { kind, name: kind.name(name)?, cleaned })
}

/// Whether a PDF has a header at its first byte and nothing after its end (ISO 32000-2, 7.5).
fn is_whole_pdf(data: &[u8]) -> bool {
    const MARK: &[u8] = b"%%EOF";
    let version = data.get(5..8).is_some_and(|v| matches!(v, [b'1' | b'2', b'.', b'0'..=b'9']));
    let tail = &data[data.len().saturating_sub(2048)..];
    let end = tail.windows(MARK.len()).rposition(|part| part == MARK);
    let line = data.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
    version
        // The rest of the first line belongs to nobody; a page could begin there.
        && line.len() <= 20
        && end.is_some_and(|at| {
            tail[at + MARK.len()..].iter().all(|b| b.is_ascii_whitespace() || *b == 0)
        })
}
