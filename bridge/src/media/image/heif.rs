//! HEIC and AVIF (ISO/IEC 14496-12, 23008-12). Items of metadata, and all that no other item leads
//! to, are blanked in place, so that no address in the file changes. Which way up it is, is a
//! property of the picture, not metadata.

use std::{collections::BTreeSet, ops::Range};

use super::{Cleaned, be16, be32, size};

/// What may stand in the description of the items.
const DESCRIBES: &[&[u8]] =
    &[b"hdlr", b"dinf", b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"grpl", b"free"];

/// An Exif item without tags: where they begin, a header, none, no more.
const NO_TAGS: &[u8] = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0";

struct Box<'a> {
    name: &'a [u8],
    head: usize,
    whole: Range<usize>,
}

pub(super) fn clean(data: &[u8]) -> Option<Cleaned> {
    let mut covered = Vec::new();
    let mut media = Vec::new();
    let mut cleaned = Cleaned::default();
    let mut items = None;
    for part in boxes(data, 0..data.len())? {
        match part.name {
            b"ftyp" => covered.push(part.whole),
            b"meta" if items.is_none() => {
                covered.push(part.whole.start..part.head + 4);
                items = Some(describe(
                    data,
                    part.head + 4..part.whole.end,
                    &mut covered,
                    &mut cleaned,
                )?);
            }
            b"mdat" => {
                covered.push(part.whole.start..part.head);
                media.push(part.head..part.whole.end);
            }
            // Their heads stay, so that what follows is found.
            _ => covered.push(part.whole.start..part.head),
        }
    }
    let items = items?;
    let shown: Vec<_> = items.iter().filter(|item| item.shown).collect();
    (!shown.is_empty()).then_some(())?;
    for extent in shown.iter().flat_map(|item| &item.extents) {
        // An item is in the media data or, by its description, in a box of its own.
        let fits = |place: &Range<usize>| place.start <= extent.start && extent.end <= place.end;
        media.iter().any(fits).then(|| covered.push(extent.clone()))?;
    }
    let hidden = items.iter().filter(|item| !item.shown).flat_map(|item| &item.extents);
    for hole in hidden {
        covered = covered
            .into_iter()
            .flat_map(|part| {
                [part.start..part.end.min(hole.start), part.start.max(hole.end)..part.end]
            })
            .filter(|part| !part.is_empty())
            .collect();
    }
    cleaned.keep_only(covered, data.len());
    // Some readers refuse a picture whose metadata they cannot read, so there is something to read:
    // an empty list of tags.
    for hole in items.iter().filter(|item| !item.shown).filter_map(|item| item.extents.first()) {
        if hole.len() >= NO_TAGS.len() {
            cleaned.put(hole.start, NO_TAGS.to_vec());
        }
    }
    Some(cleaned)
}

struct Item {
    extents: Vec<Range<usize>>,
    shown: bool,
}

fn boxes(data: &[u8], range: Range<usize>) -> Option<Vec<Box<'_>>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let short = be32(data, at)?;
        let name = data.get(at + 4..at + 8)?;
        let (head, length) = match short {
            0 => (8, range.end - at),
            1 => (
                16,
                usize::try_from(u64::from_be_bytes(data.get(at + 8..at + 16)?.try_into().ok()?))
                    .ok()?,
            ),
            length => (8, size(length)?),
        };
        let end = at.checked_add(length)?;
        (length >= head && end <= range.end).then_some(())?;
        found.push(Box { name, head: at + head, whole: at..end });
        at = end;
    }
    Some(found)
}

/// Reads which items there are and where, and covers what describes them.
fn describe(
    data: &[u8],
    inner: Range<usize>,
    covered: &mut Vec<Range<usize>>,
    cleaned: &mut Cleaned,
) -> Option<Vec<Item>> {
    let (mut hidden, mut places, mut inside) = (BTreeSet::new(), None, None);
    for part in boxes(data, inner)? {
        let whole = part.whole.clone();
        if part.name == b"idat" {
            // Covered item by item, below.
            covered.push(whole.start..part.head);
            inside = Some(part.head..whole.end);
            continue;
        }
        covered.push(if DESCRIBES.contains(&part.name) {
            whole.clone()
        } else {
            whole.start..part.head
        });
        match part.name {
            b"iinf" => hidden = metadata(data, part.head, whole.end)?,
            b"iloc" => places = Some((part.head, whole.end)),
            b"iprp" => {
                for list in boxes(data, part.head..whole.end)? {
                    if list.name == b"ipco" {
                        for p in boxes(data, list.head..list.whole.end)? {
                            if p.name == b"ispe" {
                                let found = (be32(data, p.head + 4)?, be32(data, p.head + 8)?);
                                let largest = cleaned.pixels.unwrap_or_default();
                                cleaned.pixels = Some(largest.max(found));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let (from, to) = places?;
    let located = locations(data.get(..to)?, from, inside.as_ref())?;
    let mut items = Vec::new();
    for (id, is_inside, extents) in located {
        let shown = !hidden.contains(&id);
        if is_inside {
            if shown {
                covered.extend(extents.iter().cloned());
            }
            items.push(Item { extents: if shown { Vec::new() } else { extents }, shown });
        } else {
            items.push(Item { extents, shown });
        }
    }
    Some(items)
}

/// The items that are metadata: Exif, XMP and the like.
fn metadata(data: &[u8], at: usize, end: usize) -> Option<BTreeSet<u32>> {
    let wide = *data.get(at)? > 0;
    let first = at + if wide { 8 } else { 6 };
    let mut found = BTreeSet::new();
    for entry in boxes(data, first..end)? {
        let version = *data.get(entry.head)?;
        let (id, name) = match version {
            2 => (u32::try_from(be16(data, entry.head + 4)?).ok()?, entry.head + 8),
            3 => (be32(data, entry.head + 4)?, entry.head + 10),
            _ => return None,
        };
        if matches!(data.get(name..name + 4)?, b"Exif" | b"mime" | b"uri ") {
            found.insert(id);
        }
    }
    Some(found)
}

type Located = (u32, bool, Vec<Range<usize>>);

fn locations(data: &[u8], at: usize, inside: Option<&Range<usize>>) -> Option<Vec<Located>> {
    let version = *data.get(at)?;
    let (a, b) = (*data.get(at + 4)?, *data.get(at + 5)?);
    let (offset_size, length_size, base_size) = (a >> 4, a & 15, b >> 4);
    let index_size = if version > 0 { b & 15 } else { 0 };
    let mut at = at + 6;
    let mut number = |bytes: u8| {
        let bytes = usize::from(bytes);
        let value = data.get(at..at + bytes)?.iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
        at += bytes;
        usize::try_from(value).ok()
    };
    let id_size = if version < 2 { 2 } else { 4 };
    let mut found = Vec::new();
    for _ in 0..number(id_size)? {
        let id = u32::try_from(number(id_size)?).ok()?;
        let method = if version > 0 { number(2)? & 15 } else { 0 };
        // Data in another file.
        (number(2)? == 0).then_some(())?;
        let base = number(base_size)?;
        let mut extents = Vec::new();
        for _ in 0..number(2)? {
            number(index_size)?;
            let (offset, length) = (number(offset_size)?, number(length_size)?);
            let start = base.checked_add(offset)?;
            let start = match method {
                0 => start,
                1 => start.checked_add(inside?.start)?,
                // Made of other items: nothing of its own.
                _ => continue,
            };
            let end = start.checked_add(length)?;
            (method == 0 || end <= inside?.end).then_some(())?;
            extents.push(start..end);
        }
        found.push((id, method == 1, extents));
    }
    Some(found)
}
