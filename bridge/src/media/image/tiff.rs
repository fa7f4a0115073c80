//! TIFF 6.0. Everything that the kept tags do not lead to is blanked.

use std::ops::Range;

use super::{Cleaned, Part};

/// Tags that are needed to show the picture.
const KEPT: &[u16] = &[
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282,
    283, 284, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332,
    334, 336, 338, 339, 340, 341, 347, 529, 530, 531, 532, 34675,
];
/// More pages than anybody sends.
const PAGES: usize = 1000;

struct Reader<'a> {
    data: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.data.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = self.data.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let number =
            if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(number).ok()
    }

    /// The numbers that an entry has, and where they are if not in it.
    fn numbers(&self, entry: usize) -> Option<(Vec<usize>, Range<usize>)> {
        let (kind, count) = (self.short(entry + 2)?, self.long(entry + 4)?);
        let each = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = count.checked_mul(each)?;
        let at = if length <= 4 { entry + 8 } else { self.long(entry + 8)? };
        let range = at..at.checked_add(length)?;
        self.data.get(range.clone())?;
        let numbers = match each {
            2 => (0..count).filter_map(|n| Some(usize::from(self.short(at + n * 2)?))).collect(),
            4 => (0..count).filter_map(|n| self.long(at + n * 4)).collect(),
            _ => Vec::new(),
        };
        Some((numbers, range))
    }
}

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let reader = Reader { data, little: data.starts_with(b"II") };
    let header = 0..8;
    let mut covered: Vec<Range<usize>> = vec![header];
    // Directories are written anew, in their places.
    let mut directories: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let mut cleaned = Cleaned::default();
    let mut at = reader.long(4)?;
    while at != 0 {
        let entries = usize::from(reader.short(at)?);
        let end = at.checked_add(2 + entries * 12 + 4)?;
        let whole = at..end;
        data.get(whole.clone())?;
        let overlaps = directories.iter().any(|(d, _)| d.start < end && at < d.end);
        (entries > 0 && !overlaps && directories.len() < PAGES).then_some(())?;
        let (mut kept, mut number) = (Vec::<u8>::new(), 0u16);
        let (mut places, mut lengths) = (Vec::new(), Vec::new());
        let (mut width, mut height) = (None, None);
        for entry in (0..entries).map(|n| at + 2 + n * 12) {
            let tag = reader.short(entry)?;
            if !KEPT.contains(&tag) {
                continue;
            }
            let (numbers, range) = reader.numbers(entry)?;
            match tag {
                256 => width = numbers.first().copied(),
                257 => height = numbers.first().copied(),
                // The old way to hold a JPEG.
                259 if numbers.first() == Some(&6) => return None,
                273 | 324 => places = numbers,
                279 | 325 => lengths = numbers,
                _ => {}
            }
            covered.push(range);
            kept.extend(data.get(entry..entry + 12)?);
            number += 1;
        }
        (!places.is_empty() && places.len() == lengths.len()).then_some(())?;
        for (place, length) in places.into_iter().zip(lengths) {
            let strip = place..place.checked_add(length)?;
            data.get(strip.clone())?;
            covered.push(strip);
        }
        if cleaned.pixels.is_none() {
            cleaned.pixels = Some((u32::try_from(width?).ok()?, u32::try_from(height?).ok()?));
        }
        let mut written =
            if reader.little { number.to_le_bytes() } else { number.to_be_bytes() }.to_vec();
        written.extend(kept);
        written.extend(data.get(end - 4..end)?);
        written.resize(whole.len(), 0);
        at = reader.long(end - 4)?;
        directories.push((whole, written));
    }
    // What is in a directory is told by its new form only.
    directories.sort_by_key(|(range, _)| range.start);
    let mut rest = covered;
    for (range, _) in &directories {
        rest = rest.into_iter().flat_map(|part| without(&part, range)).collect();
    }
    let mut from = 0;
    for (range, written) in directories {
        let part = |r: &Range<usize>| r.start.max(from)..r.end.min(range.start);
        let before: Vec<_> = rest.iter().map(part).filter(|r| !r.is_empty()).collect();
        stretch(&mut cleaned, before, from..range.start);
        cleaned.parts.push(Part::New(written));
        from = range.end;
    }
    let after: Vec<_> = rest.iter().map(|r| r.start.max(from)..r.end).collect();
    stretch(&mut cleaned, after.into_iter().filter(|r| !r.is_empty()).collect(), from..data.len());
    cleaned.pixels.is_some().then_some(cleaned)
}

fn without(part: &Range<usize>, hole: &Range<usize>) -> [Range<usize>; 2] {
    [part.start..part.end.min(hole.start), part.start.max(hole.end)..part.end]
}

/// Keeps what is covered of a stretch, and blanks the rest of it.
fn stretch(cleaned: &mut Cleaned, mut covered: Vec<Range<usize>>, whole: Range<usize>) {
    covered.sort_by_key(|range| range.start);
    let mut at = whole.start;
    for range in covered {
        let range = range.start.max(at)..range.end.min(whole.end);
        if range.is_empty() {
            continue;
        }
        if range.start > at {
            cleaned.parts.push(Part::Blank(range.start - at));
        }
        at = range.end;
        cleaned.keep(range);
    }
    if at < whole.end {
        cleaned.parts.push(Part::Blank(whole.end - at));
    }
}
