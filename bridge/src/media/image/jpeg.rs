//! JPEG (ITU-T T.81, annex B).

use super::{Cleaned, Part, be16, is_filling, orientation};

/// The segments that pictures consist of, up to the end mark. What phones put after it (further
/// views, a film) is dropped; anything else there is refused.
pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let mut cleaned = Cleaned::default();
    let mut way_up = None;
    let mut scanned = false;
    cleaned.keep(0..2);
    let mut at = 2;
    // Where the minimal metadata goes: behind the JFIF header, if there is one.
    let mut place = 1;
    loop {
        let mark = at;
        if *data.get(at)? != 0xff {
            return None;
        }
        // Filling before a marker.
        while *data.get(at)? == 0xff {
            at += 1;
        }
        let marker = *data.get(at)?;
        at += 1;
        if marker == 0xd9 {
            cleaned.keep(at - 2..at);
            break;
        }
        let end = at.checked_add(be16(data, at)?)?;
        let body = data.get(at + 2..end)?;
        let segment = at - 2..end;
        match marker {
            0xe0 if cleaned.parts == [Part::Kept(0..2)] && body.starts_with(b"JFIF\0") => {
                // Without the thumbnail that may follow.
                let plain = body.get(..12)?;
                let mut header = b"\xff\xe0\0\x10".to_vec();
                header.extend(plain);
                header.extend([0, 0]);
                cleaned.add(header);
                place = 2;
            }
            0xe1 if body.starts_with(b"Exif\0\0") => way_up = way_up.or(orientation::read(body)),
            0xe2 if body.starts_with(b"ICC_PROFILE\0") => cleaned.keep(segment),
            0xee if body.starts_with(b"Adobe") => cleaned.keep(segment),
            0xe0..=0xef | 0xfe => {}
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let (height, width) = (be16(body, 1)?, be16(body, 3)?);
                cleaned.pixels = Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?));
                cleaned.keep(segment);
            }
            0xc4 | 0xcc | 0xdb | 0xdc | 0xdd | 0xde | 0xdf => cleaned.keep(segment),
            0xda => {
                scanned = true;
                let end = scan_end(data, end)?;
                cleaned.keep(mark.max(segment.start)..end);
                at = end;
                continue;
            }
            _ => return None,
        }
        at = end;
    }
    let (_, true) = (cleaned.pixels?, scanned) else { return None };
    let rest = data.get(at..)?;
    let known = rest.starts_with(b"\xff\xd8\xff")
        || rest.get(4..8) == Some(b"ftyp")
        || rest.ends_with(b"SEFT")
        || is_filling(rest);
    if !known {
        return None;
    }
    if let Some(way_up) = way_up {
        let tags = orientation::write(way_up);
        let mut segment = b"\xff\xe1".to_vec();
        segment.extend(u16::try_from(tags.len() + 8).ok()?.to_be_bytes());
        segment.extend(b"Exif\0\0");
        segment.extend(tags);
        split_first(&mut cleaned);
        cleaned.parts.insert(place, Part::New(segment));
    }
    Some(cleaned)
}

/// Makes the start mark a part of its own.
fn split_first(cleaned: &mut Cleaned) {
    if let Some(Part::Kept(first)) = cleaned.parts.first().cloned()
        && first.end > 2
    {
        cleaned.parts[0] = Part::Kept(2..first.end);
        cleaned.parts.insert(0, Part::Kept(0..2));
    }
}

/// Where the coded data ends: at a marker that is neither a stuffed byte nor a restart.
fn scan_end(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += data.get(at..)?.iter().position(|b| *b == 0xff)?;
        match data.get(at + 1)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}
