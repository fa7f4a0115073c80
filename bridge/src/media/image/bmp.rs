//! Windows bitmaps.

use super::{Cleaned, le16, le32, size};

/// The lengths of the headers that there are.
const HEADERS: &[u32] = &[12, 40, 52, 56, 64, 108, 124];

/// Whether it begins as a bitmap and not only with the letters `BM`.
pub(in super::super) fn is_header(data: &[u8]) -> bool {
    le32(data, 14).is_some_and(|length| HEADERS.contains(&length))
        && data.get(6..10) == Some(&[0; 4])
}

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let (said, pixels_at, header) = (le32(data, 2)?, size(le32(data, 10)?)?, le32(data, 14)?);
    let old = header == 12;
    let (width, height) = if old {
        (u32::try_from(le16(data, 18)?).ok()?, u32::try_from(le16(data, 20)?).ok()?)
    } else {
        (le32(data, 18)?, le32(data, 22)?.cast_signed().unsigned_abs())
    };
    let depth = le16(data, if old { 24 } else { 28 })?;
    let packing = if old { 0 } else { le32(data, 30)? };
    let colours = if old { 0 } else { size(le32(data, 46)?)? };
    let table = match (depth, colours) {
        (1 | 4 | 8, 0) => (1 << depth) * if old { 3 } else { 4 },
        (_, colours) => colours.checked_mul(4)?,
    };
    // Nothing may stand between colours and pixels, but for three masks and what aligns them.
    let front = 14usize.checked_add(size(header)?)?.checked_add(table)?;
    (pixels_at <= front.checked_add(12 + 64)? && pixels_at >= 14 + size(header)?).then_some(())?;
    let length = match packing {
        0 | 3 | 6 => {
            let row = (size(width)?.checked_mul(depth)?.checked_add(31)? / 32).checked_mul(4)?;
            row.checked_mul(size(height)?)?
        }
        // Run lengths: the header says how long.
        1 | 2 => size(le32(data, 34)?)?,
        // A JPEG or PNG inside, for printers.
        _ => return None,
    };
    let end = pixels_at.checked_add(length)?;
    (end <= data.len() && (said == 0 || size(said)? == data.len())).then_some(())?;
    let mut cleaned = Cleaned { pixels: Some((width, height)), ..Cleaned::default() };
    // A colour profile may follow, or the name of a file with one: neither is needed.
    cleaned.keep_only(
        vec![0..14 + size(header)?, pixels_at.min(front)..end, 14..pixels_at],
        data.len(),
    );
    (data.len() - end <= 64 || header == 124).then_some(cleaned)
}
