//! What a file is, by what is in it. Its name and what its sender calls it do not count.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::unfit::Unfit;

/// The kinds of files that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
    /// PNG, animated as well.
    Png,
    /// GIF.
    Gif,
    /// WebP (RFC 9649).
    Webp,
    /// Windows bitmap.
    Bmp,
    /// TIFF 6.0.
    Tiff,
    /// HEIC or HEIF (ISO/IEC 23008-12).
    Heic,
    /// AVIF.
    Avif,
    /// PDF.
    Pdf,
    /// Plain text in UTF-8.
    Text,
    /// Plain text in UTF-16, with a byte order mark.
    TextUtf16,
    /// Plain text in an eight-bit set, most likely Windows-1252.
    TextLatin,
}

/// The extensions of names that an image, a PDF or a text may have; the first is given to others.
const EXTENSIONS: &[(Kind, &[&str])] = &[
    (Kind::Jpeg, &["jpg", "jpeg", "jpe", "jfif"]),
    (Kind::Png, &["png", "apng"]),
    (Kind::Gif, &["gif"]),
    (Kind::Webp, &["webp"]),
    (Kind::Bmp, &["bmp", "dib"]),
    (Kind::Tiff, &["tif", "tiff"]),
    (Kind::Heic, &["heic", "heif", "hif"]),
    (Kind::Avif, &["avif"]),
    (Kind::Pdf, &["pdf"]),
    (
        Kind::Text,
        &[
            "txt", "text", "log", "csv", "tsv", "md", "json", "yaml", "yml", "toml", "ini", "conf",
            "cfg", "eml", "ics", "vcf", "srt", "diff", "patch", "rst", "tex", "sql",
        ],
    ),
];

/// Extensions with which a text would be run or shown as a page by who opens it.
const RUNNABLE: &[&str] = &[
    "bat", "cmd", "com", "command", "cpl", "desktop", "dll", "exe", "hta", "inf", "jar", "jse",
    "js", "lnk", "mjs", "msi", "php", "pif", "pl", "ps1", "psm1", "py", "rb", "reg", "scf", "scr",
    "sct", "sh", "url", "vb", "vbe", "vbs", "webloc", "wsf", "wsh",
];
const PAGES: &[&str] =
    &["htm", "html", "mht", "mhtml", "shtml", "svg", "svgz", "xht", "xhtml", "xml", "xsl", "xslt"];

impl Kind {
    /// The media type to serve it with.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain; charset=utf-8",
            Self::TextUtf16 => "text/plain; charset=utf-16",
            Self::TextLatin => "text/plain; charset=windows-1252",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WebP",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
            Self::Pdf => "PDF",
            Self::Text | Self::TextUtf16 | Self::TextLatin => "text",
        }
    }

    /// Whether it is an image.
    #[must_use]
    pub fn is_image(self) -> bool {
        !self.is_text() && self != Self::Pdf
    }

    /// Whether it is text.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::TextUtf16 | Self::TextLatin)
    }

    fn extensions(self) -> &'static [&'static str] {
        let kind = if self.is_text() { Self::Text } else { self };
        EXTENSIONS.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, extensions)| extensions)
    }

    /// The name under which it is passed on: one that fits what is in it, and that no file system,
    /// terminal or header can take for anything but a name.
    pub fn name(self, given: &str) -> Result<String, Unfit> {
        const LONGEST: usize = 100;
        let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
        let plain: String = last
            .chars()
            .filter(|c| !c.is_control() && !is_deceptive(*c))
            .map(|c| if "\"<>|:*?".contains(c) { '_' } else { c })
            .collect();
        let plain = plain.trim_matches(|c: char| c == '.' || c.is_whitespace());
        let (stem, extension) = match plain.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_lowercase()),
            _ => (plain, String::new()),
        };
        if self.is_text() {
            if PAGES.contains(&extension.as_str()) {
                return Err(Unfit::Markup);
            }
            if RUNNABLE.contains(&extension.as_str()) {
                return Err(Unfit::Program);
            }
        }
        let stem = if stem.is_empty() { "file" } else { stem };
        let fits = self.extensions().contains(&extension.as_str());
        let (stem, extension) = match self.extensions().first() {
            Some(own) if !fits && extension.is_empty() => (stem.to_owned(), (*own).to_owned()),
            Some(own) if !fits => (format!("{stem}.{extension}"), (*own).to_owned()),
            _ => (stem.to_owned(), extension),
        };
        let short: String = stem.chars().take(LONGEST - extension.len() - 1).collect();
        Ok(format!("{short}.{extension}"))
    }
}

/// Characters that turn a name round or hide part of it.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What a file is. That it begins as something does not mean that the rest of it is.
pub fn of(data: &[u8]) -> Result<Kind, Unfit> {
    if data.is_empty() {
        return Err(Unfit::Empty);
    }
    let begins = |magic: &[u8]| data.starts_with(magic);
    let kind = if begins(b"\xff\xd8\xff") {
        Kind::Jpeg
    } else if begins(b"\x89PNG\r\n\x1a\n") {
        Kind::Png
    } else if begins(b"GIF87a") || begins(b"GIF89a") {
        Kind::Gif
    } else if begins(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
        Kind::Webp
    } else if begins(b"II*\0") || begins(b"MM\0*") {
        Kind::Tiff
    } else if data.get(4..8) == Some(b"ftyp") {
        of_brand(data)?
    } else if begins(b"%PDF-") {
        Kind::Pdf
    } else if begins(b"BM") && super::image::bmp::is_header(data) {
        Kind::Bmp
    } else {
        return text(data);
    };
    if has_archive_at_end(data) {
        return Err(Unfit::Archive);
    }
    Ok(kind)
}

fn of_brand(data: &[u8]) -> Result<Kind, Unfit> {
    match data.get(8..12) {
        Some(b"avif" | b"avis") => Ok(Kind::Avif),
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs") => {
            Ok(Kind::Heic)
        }
        // A still picture of either kind: the compatible brands say of which.
        Some(b"mif1" | b"msf1") => {
            let brands = data.get(16..64.min(data.len())).unwrap_or_default();
            let avif = brands.chunks_exact(4).any(|brand| brand == b"avif");
            Ok(if avif { Kind::Avif } else { Kind::Heic })
        }
        Some(b"M4A " | b"M4B " | b"F4A ") => Err(Unfit::Audio),
        _ => Err(Unfit::Video),
    }
}

/// Whether the file ends as a ZIP archive does (APPNOTE 4.3.16): unpackers look there first.
fn has_archive_at_end(data: &[u8]) -> bool {
    const LONGEST: usize = 22 + 65_535;
    let tail = &data[data.len().saturating_sub(LONGEST)..];
    tail.windows(22).enumerate().any(|(at, end)| {
        end.starts_with(b"PK\x05\x06")
            && at + 22 + usize::from(u16::from_le_bytes([end[20], end[21]])) <= tail.len()
            && end[4..8] == [0; 4]
    })
}

/// What is no image and no PDF is plain text or nothing that is taken.
fn text(data: &[u8]) -> Result<Kind, Unfit> {
    if let Some(unfit) = known(data) {
        return Err(unfit);
    }
    let (kind, shown) = decode(data).ok_or(Unfit::Kind)?;
    let start = shown.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.starts_with("#!") {
        return Err(Unfit::Program);
    }
    let mut marks = start.strip_prefix('<').into_iter().flat_map(str::chars);
    if marks.next().is_some_and(|c| c.is_ascii_alphabetic() || "!?/".contains(c)) {
        return Err(Unfit::Markup);
    }
    let lower = start.to_ascii_lowercase();
    let looks = ["<script", "<html", "<svg", "<!doctype", "<iframe", "<body", "<?php", "<?xml"];
    if looks.iter().any(|mark| lower.contains(mark)) {
        return Err(Unfit::Markup);
    }
    // A PDF whose header comes late: readers look for it in the first kilobyte.
    if lower.contains("%pdf-") {
        return Err(Unfit::Damaged);
    }
    Ok(kind)
}

/// Kinds that are known and not taken, so that the reason can say which.
fn known(data: &[u8]) -> Option<Unfit> {
    use infer::MatcherType as M;
    if data.starts_with(b"MZ") && data.contains(&0) {
        return Some(Unfit::Program);
    }
    // Matroska and WebM, whatever they call themselves further on.
    if data.starts_with(b"\x1a\x45\xdf\xa3") {
        return Some(Unfit::Video);
    }
    match infer::get(data)?.matcher_type() {
        M::App => Some(Unfit::Program),
        M::Archive => Some(Unfit::Archive),
        M::Audio => Some(Unfit::Audio),
        M::Video => Some(Unfit::Video),
        // Two letters are enough for it to say “bitmap”, and texts begin with letters too.
        _ => None,
    }
}

/// How the text is written, and its beginning. Nothing but text has no control characters.
fn decode(data: &[u8]) -> Option<(Kind, String)> {
    /// How much of a text is looked at for marks of other kinds.
    const BEGINNING: usize = 4096;
    let control = |c: u32| (c < 0x20 && !matches!(c, 0x09..=0x0d | 0x1b)) || c == 0x7f;
    if let Ok(text) = std::str::from_utf8(data) {
        let clean = !text.chars().any(|c| control(u32::from(c)));
        return clean.then(|| (Kind::Text, text.chars().take(BEGINNING).collect()));
    }
    let wide: Option<fn([u8; 2]) -> u16> = match data {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = wide {
        if !data.len().is_multiple_of(2) {
            return None;
        }
        let units = data.chunks_exact(2).skip(1).map(|pair| unit([pair[0], pair[1]]));
        let mut shown = String::new();
        for c in char::decode_utf16(units) {
            let c = c.ok().filter(|c| !control(u32::from(*c)))?;
            if shown.len() < BEGINNING {
                shown.push(c);
            }
        }
        return Some((Kind::TextUtf16, shown));
    }
    // Windows-1252 leaves five places free; what has one of those is no text in it.
    let free = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    let clean = !data.iter().any(|b| control(u32::from(*b)) || free.contains(b));
    // Mostly letters of the Latin alphabet, or it is only by chance without control characters.
    let plain = data.iter().filter(|b| b.is_ascii()).count();
    (clean && plain * 2 >= data.len())
        .then(|| (Kind::TextLatin, data.iter().take(BEGINNING).map(|b| char::from(*b)).collect()))
}
