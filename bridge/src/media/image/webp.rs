//! WebP (RFC 9649).

use super::{Cleaned, Part, is_filling, le32, orientation, size};

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let end = size(le32(data, 4)?)?.checked_add(8)?;
    let inner = data.get(..end)?;
    is_filling(data.get(end..)?).then_some(())?;
    let mut cleaned = Cleaned::default();
    let mut pictured = false;
    let mut way_up = None;
    let mut flags = None;
    let mut at = 12;
    while at < inner.len() {
        let name = inner.get(at..at + 4)?;
        let length = size(le32(inner, at + 4)?)?;
        let body = inner.get(at + 8..at.checked_add(8)?.checked_add(length)?)?;
        // Chunks begin at even places.
        let next = (at + 8 + length + (length & 1)).min(inner.len());
        match name {
            b"VP8X" => {
                let wide = |at: usize| Some(1 + (le32(body, at)? & 0x00ff_ffff));
                let tall = u32::from_le_bytes([*body.get(7)?, *body.get(8)?, *body.get(9)?, 0]) + 1;
                cleaned.pixels = Some((wide(4)?, tall));
                flags = Some(cleaned.parts.len());
                // Without the marks of metadata, which may come back below.
                let mut header = inner.get(at..next)?.to_vec();
                *header.get_mut(8)? &= !0x0c;
                cleaned.add(header);
            }
            b"VP8 " | b"VP8L" => {
                pictured = true;
                cleaned.pixels = cleaned.pixels.or_else(|| pixels(name, body));
                cleaned.keep(at..next);
            }
            b"ANMF" => {
                pictured = true;
                cleaned.keep(at..next);
            }
            b"ALPH" | b"ANIM" | b"ICCP" => cleaned.keep(at..next),
            b"EXIF" => way_up = orientation::read(body),
            _ => {}
        }
        at = next;
    }
    if let (Some(way_up), Some(flags)) = (way_up, flags) {
        if let Some(Part::New(header)) = cleaned.parts.get_mut(flags) {
            *header.get_mut(8)? |= 0x08;
        }
        let tags = orientation::write(way_up);
        let mut chunk = b"EXIF".to_vec();
        chunk.extend(u32::try_from(tags.len()).ok()?.to_le_bytes());
        chunk.extend(tags);
        cleaned.add(chunk);
    }
    let length: usize = cleaned.parts.iter().map(Part::len).sum();
    let mut riff = b"RIFF".to_vec();
    riff.extend(u32::try_from(length + 4).ok()?.to_le_bytes());
    riff.extend(b"WEBP");
    cleaned.parts.insert(0, Part::New(riff));
    pictured.then_some(cleaned)
}

fn pixels(name: &[u8], body: &[u8]) -> Option<(u32, u32)> {
    if name == b"VP8L" {
        let bits = le32(body, 1)?;
        return Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
    }
    let bits = le32(body, 6)?;
    Some((bits & 0x3fff, bits >> 16 & 0x3fff))
}
