//! Images without what they tell of their makers: where, when and with what they were taken.
//!
//! Each format is walked from its first byte to its last. Only what is needed to show the picture
//! is kept, so metadata, comments and anything hidden between the parts go; what does not follow the
//! format, or goes on after its end, is refused. Of the metadata only the way up is kept.

pub(super) mod bmp;
mod gif;
mod heif;
mod jpeg;
mod orientation;
mod png;
mod tiff;
mod webp;

use std::ops::Range;

use super::{kind::Kind, unfit::Unfit};

/// A part of a cleaned file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This much of the original.
    Kept(Range<usize>),
    /// So many zeros.
    Blank(usize),
    /// Something new.
    New(Vec<u8>),
}

/// A cleaned file, as parts of the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// The parts in order.
    pub parts: Vec<Part>,
    /// Width and height in pixels, as stored, if they are known.
    pub pixels: Option<(u32, u32)>,
}

impl Cleaned {
    fn keep(&mut self, range: Range<usize>) {
        match self.parts.last_mut() {
            Some(Part::Kept(last)) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => self.parts.push(Part::Kept(range)),
        }
    }

    fn add(&mut self, bytes: Vec<u8>) {
        self.parts.push(Part::New(bytes));
    }

    /// Writes something into a blank that is long enough for it.
    fn put(&mut self, place: usize, bytes: Vec<u8>) {
        let mut at = 0;
        for n in 0..self.parts.len() {
            let length = self.parts[n].len();
            if self.parts[n] == Part::Blank(length)
                && at <= place
                && place + bytes.len() <= at + length
            {
                let after = at + length - place - bytes.len();
                let parts = [Part::Blank(place - at), Part::New(bytes), Part::Blank(after)];
                self.parts.splice(n..=n, parts.into_iter().filter(|part| !part.is_empty()));
                return;
            }
            at += length;
        }
    }

    /// Keeps what is covered, and blanks the rest of `len` bytes.
    fn keep_only(&mut self, mut covered: Vec<Range<usize>>, len: usize) {
        covered.sort_by_key(|range| range.start);
        let mut at = 0;
        for range in covered {
            let range = range.start.max(at)..range.end.min(len);
            if range.is_empty() {
                continue;
            }
            if range.start > at {
                self.parts.push(Part::Blank(range.start - at));
            }
            at = range.end;
            self.keep(range);
        }
        if at < len {
            self.parts.push(Part::Blank(len - at));
        }
    }
}

/// Cleans an image of this kind.
pub(super) fn clean(kind: Kind, data: &[u8]) -> Result<Cleaned, Unfit> {
    let cleaned = match kind {
        Kind::Jpeg => jpeg::clean(data),
        Kind::Png => png::clean(data),
        Kind::Gif => gif::clean(data),
        Kind::Webp => webp::clean(data),
        Kind::Bmp => bmp::clean(data),
        Kind::Tiff => tiff::clean(data),
        Kind::Heic | Kind::Avif => heif::clean(data),
        Kind::Pdf | Kind::Text | Kind::TextUtf16 | Kind::TextLatin => None,
    };
    cleaned.ok_or(Unfit::Damaged)
}

/// Whether nothing but zeros is left, with which some programs fill files up.
fn is_filling(rest: &[u8]) -> bool {
    rest.iter().all(|b| *b == 0)
}

fn be16(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn be32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn le32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

fn le16(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn size(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

impl Part {
    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Kept(range) => range.len(),
            Self::Blank(length) => *length,
            Self::New(bytes) => bytes.len(),
        }
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
