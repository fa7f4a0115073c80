//! Which way up an image is: the one thing of its metadata that is needed to show it.

/// The orientation tag in TIFF-structured metadata (Exif 2.32, 4.6.4), if it is not the usual one.
pub(super) fn read(exif: &[u8]) -> Option<u8> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| {
        let bytes = exif.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(directory)?);
    let found = (0..entries)
        .map_while(|n| directory.checked_add(2 + n * 12))
        .find(|at| short(*at) == Some(0x0112))?;
    let value = u8::try_from(short(found + 8)?).ok()?;
    (2..=8).contains(&value).then_some(value)
}

/// Metadata with nothing but that tag.
pub(super) fn write(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_written_can_be_read() {
        for orientation in 2..=8 {
            assert_eq!(super::read(&super::write(orientation)), Some(orientation));
        }
        assert_eq!(super::read(&super::write(1)), None, "the usual way need not be said");
        assert_eq!(super::read(b"II*\0\xff\xff\xff\xff"), None);
    }
}
