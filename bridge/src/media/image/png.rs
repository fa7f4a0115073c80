//! PNG (W3C, third edition), animated as well.

use super::{Cleaned, be32, is_filling, orientation, size};

const KEPT: &[&[u8]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"bKGD", b"hIST", b"pHYs", b"cICP", b"mDCV", b"cLLI", b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let mut cleaned = Cleaned::default();
    cleaned.keep(0..8);
    let mut at = 8;
    let mut pictured = false;
    loop {
        let length = size(be32(data, at)?)?;
        let name = data.get(at + 4..at + 8)?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let body = data.get(at + 8..end - 4)?;
        if at == 8 {
            (name == b"IHDR" && length == 13).then_some(())?;
            cleaned.pixels = Some((be32(body, 0)?, be32(body, 4)?));
        }
        pictured |= name == b"IDAT";
        if name == b"eXIf" && !pictured {
            if let Some(way_up) = orientation::read(body) {
                cleaned.add(chunk(*b"eXIf", &orientation::write(way_up))?);
            }
        } else if KEPT.contains(&name) {
            cleaned.keep(at..end);
        } else if name.first()?.is_ascii_uppercase() {
            // Without it the picture is another.
            return None;
        }
        at = end;
        if name == b"IEND" {
            break;
        }
    }
    (pictured && is_filling(data.get(at..)?)).then_some(cleaned)
}

fn chunk(name: [u8; 4], body: &[u8]) -> Option<Vec<u8>> {
    let mut chunk = u32::try_from(body.len()).ok()?.to_be_bytes().to_vec();
    chunk.extend(name);
    chunk.extend(body);
    let sum = crc32fast::hash(&chunk[4..]);
    chunk.extend(sum.to_be_bytes());
    Some(chunk)
}
