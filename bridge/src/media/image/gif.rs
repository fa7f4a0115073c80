//! GIF 89a.

use super::{Cleaned, is_filling, le16};

/// Applications whose extension is needed to show the picture: how often it is repeated.
const REPEATS: &[&[u8]] = &[b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let mut cleaned = Cleaned::default();
    let (width, height) = (le16(data, 6)?, le16(data, 8)?);
    cleaned.pixels = Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?));
    let mut at = 13 + colours(*data.get(10)?);
    data.get(..at)?;
    cleaned.keep(0..at);
    let mut pictured = false;
    loop {
        let from = at;
        match *data.get(at)? {
            0x3b => {
                cleaned.keep(at..at + 1);
                return (pictured && is_filling(&data[at + 1..])).then_some(cleaned);
            }
            0x2c => {
                at += 10 + colours(*data.get(at + 9)?);
                // The smallest code, then the data.
                at = blocks_end(data, at + 1)?;
                pictured = true;
                cleaned.keep(from..at);
            }
            0x21 => {
                let label = *data.get(at + 1)?;
                at = blocks_end(data, at + 2)?;
                let repeats =
                    || data.get(from + 3..from + 14).is_some_and(|a| REPEATS.contains(&a));
                if label == 0xf9 || label == 0x01 || (label == 0xff && repeats()) {
                    cleaned.keep(from..at);
                }
            }
            _ => return None,
        }
    }
}

/// The length of a table of colours, if the flags say that there is one.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn blocks_end(data: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*data.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}
