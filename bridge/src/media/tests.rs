//! Real files of each kind, and hostile ones.

use super::{Kind, Unfit, check};

const JPEG: &[u8] = include_bytes!("fixtures/photo.jpg");
const PNG: &[u8] = include_bytes!("fixtures/photo.png");
const GIF: &[u8] = include_bytes!("fixtures/moving.gif");
const WEBP: &[u8] = include_bytes!("fixtures/photo.webp");
const BMP: &[u8] = include_bytes!("fixtures/photo.bmp");
const TIFF: &[u8] = include_bytes!("fixtures/photo.tiff");
const HEIC: &[u8] = include_bytes!("fixtures/photo.heic");
const AVIF: &[u8] = include_bytes!("fixtures/photo.avif");
const PDF: &[u8] = include_bytes!("fixtures/paper.pdf");

const IMAGES: &[(&str, &[u8], Kind)] = &[
    ("photo.jpg", JPEG, Kind::Jpeg),
    ("photo.png", PNG, Kind::Png),
    ("moving.gif", GIF, Kind::Gif),
    ("photo.webp", WEBP, Kind::Webp),
    ("photo.bmp", BMP, Kind::Bmp),
    ("photo.tiff", TIFF, Kind::Tiff),
    ("photo.heic", HEIC, Kind::Heic),
    ("photo.avif", AVIF, Kind::Avif),
];

fn has(data: &[u8], word: &str) -> bool {
    data.windows(word.len()).any(|part| part == word.as_bytes())
}

/// What is passed on of a file that must be taken.
fn passed(name: &str, data: &[u8]) -> Vec<u8> {
    let checked = check(name, data).unwrap_or_else(|why| panic!("{name}: {why}"));
    let mut out = Vec::new();
    checked.write(data, &mut out).unwrap();
    assert_eq!(out.len(), checked.size(), "{name}");
    out
}

#[test]
fn images_lose_what_they_tell_of_their_makers() {
    for (name, data, kind) in IMAGES {
        let checked = check(name, data).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!((checked.kind, checked.name.as_str()), (*kind, *name));
        // The picture in the HEIC file is stored larger, and cut when it is shown.
        let stored = if *kind == Kind::Heic { (64, 64) } else { (16, 8) };
        assert_eq!(checked.cleaned.pixels, Some(stored), "{name}");
        if *kind != Kind::Bmp {
            assert!(has(data, "SECRET"), "{name} has something to lose");
        }
        let out = passed(name, data);
        assert!(!has(&out, "SECRET"), "{name}");
        // Cleaning again changes nothing, so what was written is what was meant.
        assert_eq!(passed(name, &out), out, "{name}");
    }
}

/// Writes the cleaned files where another program can look at them: `CLEANED=dir cargo test …`.
#[test]
#[ignore = "for looking at the results with other programs"]
fn write_cleaned() {
    let folder = std::env::var("CLEANED").unwrap();
    for (name, data, _) in IMAGES {
        std::fs::write(format!("{folder}/{name}"), passed(name, data)).unwrap();
    }
}

#[test]
fn pdf_and_text_are_passed_on_as_they_are() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("Grüße".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (name, data, kind) in [
        ("paper.pdf", PDF, Kind::Pdf),
        ("a.txt", "Grüße\n".as_bytes(), Kind::Text),
        ("a.csv", b"a;b\r\n1;2 < 3\r\n".as_slice(), Kind::Text),
        ("a.txt", &utf16, Kind::TextUtf16),
        ("a.txt", b"Gr\xfc\xdfe aus K\xf6ln".as_slice(), Kind::TextLatin),
    ] {
        assert_eq!(check(name, data).map(|c| c.kind), Ok(kind), "{name}");
        assert_eq!(passed(name, data), data, "{name}");
    }
}

fn with(before: &[u8], data: &[u8], after: &[u8]) -> Vec<u8> {
    [before, data, after].concat()
}

const ZIP_END: &[u8] =
    b"PK\x03\x04evil.js-PK\x01\x02--PK\x05\x06\0\0\0\0\x01\0\x01\0\x10\0\0\0\x10\0\0\0\0\0";

#[test]
fn what_is_not_taken_is_refused_with_the_reason() {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".as_slice();
    let exe = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".as_slice();
    let elf = &with(b"\x7fELF\x02\x01\x01", &[0; 60], b"")[..];
    let mp3 = b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0".as_slice();
    let ogg = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead".as_slice();
    let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08free".as_slice();
    let webm = &with(
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm",
        &[0; 40],
        b"",
    )[..];
    for (name, data, why) in [
        ("empty.txt", b"".as_slice(), Unfit::Empty),
        ("drawing.svg", svg, Unfit::Markup),
        ("drawing.png", svg, Unfit::Markup),
        ("a.txt", b"\xef\xbb\xbf \n<?xml version=\"1.0\"?><a/>", Unfit::Markup),
        ("a.html", b"<!doctype html><p>hello", Unfit::Markup),
        ("a.txt", b"hello <SCRIPT>alert(1)</script>", Unfit::Markup),
        ("a.html", b"only words", Unfit::Markup),
        ("a.svgz", b"only words", Unfit::Markup),
        ("invoice.pdf", exe, Unfit::Program),
        ("a.pdf", elf, Unfit::Program),
        ("a.txt", b"#!/bin/sh\nrm -r /\n", Unfit::Program),
        ("run.bat", b"del *.*", Unfit::Program),
        ("a.js", b"alert(1)", Unfit::Program),
        ("a.mp3", mp3, Unfit::Audio),
        ("voice.ogg", ogg, Unfit::Audio),
        ("a.mp4", mp4, Unfit::Video),
        ("photo.jpg", webm, Unfit::Video),
        ("a.zip", b"PK\x03\x04\x14\0\0\0\x08\0", Unfit::Archive),
        ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0", Unfit::Archive),
        ("a.bin", b"\0\x01\x02\x03\x04", Unfit::Kind),
        ("late.pdf", &with(b"hello\n", PDF, b""), Unfit::Kind),
        ("late.pdf", b"hello\n%PDF-1.4\n1 0 obj\n%%EOF\n", Unfit::Damaged),
        ("page.pdf", b"%PDF-1.4<script>alert(1)</script>\n%%EOF\n", Unfit::Damaged),
        ("page.pdf", &with(b"<html><!--", PDF, b"-->"), Unfit::Kind),
        ("more.pdf", &with(b"", PDF, b"<script>alert(1)</script>"), Unfit::Damaged),
        ("zip.pdf", &with(b"", PDF, ZIP_END), Unfit::Archive),
        ("gifar.gif", &with(b"", GIF, ZIP_END), Unfit::Archive),
        ("gifjs.gif", b"GIF89a/*\0\0\0\0\0*/=1;alert(1)//\x3b", Unfit::Damaged),
        ("cut.jpg", &JPEG[..JPEG.len() - 2], Unfit::Damaged),
        ("cut.png", &PNG[..PNG.len() - 20], Unfit::Damaged),
        ("bm.bmp", b"BM = 1; alert(document.domain) //////////////////////////", Unfit::Markup),
    ] {
        let found = check(name, data).map(|checked| checked.kind);
        // A text that only begins like a bitmap is a text, and harmless as one.
        if name == "bm.bmp" {
            assert_eq!(found, Ok(Kind::Text));
        } else if name == "page.pdf" && data.starts_with(b"<html>") || name == "late.pdf" {
            assert!(found.is_err(), "{name}");
        } else {
            assert_eq!(found, Err(why), "{name}");
        }
    }
}

#[test]
fn two_kinds_in_one_are_refused() {
    let script = b"<script>alert(1)</script>".as_slice();
    for (name, data, _) in IMAGES {
        assert_eq!(check(name, &with(b"", data, ZIP_END)), Err(Unfit::Archive), "{name} and ZIP");
        let longer = with(b"", data, script);
        match check(name, &longer) {
            Err(Unfit::Damaged) => {}
            Err(why) => panic!("{name}: {why}"),
            // The formats in which things may lie anywhere: what nothing leads to is blank.
            Ok(_) => assert!(!has(&passed(name, &longer), "script"), "{name}"),
        }
    }
}

#[test]
fn cut_and_changed_files_are_no_danger() {
    for (name, data, _) in IMAGES {
        for end in 0..data.len() {
            let _ = check(name, &data[..end]);
        }
        for at in 0..data.len().min(600) {
            for value in [0, 0x7f, 0xff] {
                let mut changed = data.to_vec();
                changed[at] = value;
                if let Ok(checked) = check(name, &changed) {
                    checked.write(&changed, &mut std::io::sink()).unwrap();
                }
            }
        }
    }
}

#[test]
fn names_are_only_names() {
    for (given, kind, name) in [
        ("Photo.JPG", Kind::Jpeg, "Photo.jpg"),
        ("../../etc/passwd", Kind::Text, "passwd.txt"),
        ("C:\\temp\\a.pdf", Kind::Pdf, "a.pdf"),
        ("", Kind::Png, "file.png"),
        ("...", Kind::Png, "file.png"),
        ("evil.exe", Kind::Png, "evil.exe.png"),
        ("photo.png", Kind::Jpeg, "photo.png.jpg"),
        ("fdp\u{202e}exe.txt", Kind::Text, "fdpexe.txt"),
        ("a\r\nSet-Cookie: x.txt", Kind::Text, "aSet-Cookie_ x.txt"),
        ("a\"b.txt", Kind::Text, "a_b.txt"),
    ] {
        assert_eq!(kind.name(given).as_deref(), Ok(name), "{given}");
    }
    assert!(Kind::Pdf.name(&"ü".repeat(500)).unwrap().chars().count() <= 100);
}
