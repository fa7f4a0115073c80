//! Cleaning of what customers write.
//!
//! A customer's name stands beside the agents' own words, so nothing in it may hide, turn the
//! direction of reading, or look like a mark of authenticity. A message keeps every character that
//! can be seen.

use super::wire::LIMITS;

/// A message's text without control characters, line breaks being line feeds.
#[must_use]
pub fn message_text(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// Whether nothing of a text can be seen.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// A name without anything that deceives, on one line, at most 48 characters; `None` if nothing is
/// left.
#[must_use]
pub fn name(text: &str) -> Option<String> {
    line(text, LIMITS.name_chars)
}

/// The longest value of a variable, in characters.
pub const VALUE_CHARS: u32 = 256;

/// A variable's value, cleaned as its name demands; `None` if nothing is left.
#[must_use]
pub fn variable(name: &str, value: &str) -> Option<String> {
    match name {
        "name" => self::name(value),
        "email" => email(value),
        _ => line(value, VALUE_CHARS),
    }
}

/// A text without anything that deceives, on one line, with at most so many characters; `None` if
/// nothing is left.
#[must_use]
pub fn line(text: &str, most: u32) -> Option<String> {
    let mut name = String::new();
    let mut length = 0;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            space = true;
        } else if c.is_control() || is_invisible(c) || is_badge(c) {
            // Gone without a trace.
        } else {
            let space = std::mem::take(&mut space) && !name.is_empty();
            length += 1 + u32::from(space);
            if length > most {
                break;
            }
            if space {
                name.push(' ');
            }
            name.push(c);
        }
    }
    (!name.is_empty()).then_some(name)
}

/// The longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3, less the brackets).
const EMAIL_CHARS: usize = 254;

/// An e-mail address without what cannot be seen around and in it; `None` if it does not look like
/// one.
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let address: String =
        text.trim().chars().filter(|c| !is_invisible(*c) && !is_badge(*c)).collect();
    let (local, domain) = address.rsplit_once('@')?;
    let special = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '(' | ')' | '<' | '>' | ',' | ';')
            || matches!(c, ':' | '"' | '\\' | '[' | ']' | '@')
    };
    let looks = address.chars().count() <= EMAIL_CHARS
        && !local.is_empty()
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
        && !local.contains(special)
        && !domain.contains(special);
    looks.then_some(address)
}

/// Characters without a shape of their own: joiners, marks and overrides of direction, fillers,
/// variation selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Locks, keys, shields, check marks and the like: in front of a name they say that somebody has
/// vouched for it. Characters for private use can look like anything.
fn is_badge(c: char) -> bool {
    matches!(
        c,
        '\u{1f50f}'
            ..='\u{1f513}'
                | '\u{1f5dd}'
                | '\u{1f6c5}'
                | '\u{26b7}'
                | '\u{26bf}'
                | '\u{1f6e1}'
                | '\u{26e8}'
                | '\u{2611}'
                | '\u{2705}'
                | '\u{2713}'
                | '\u{2714}'
                | '\u{1f5f8}'
                | '\u{1f5f9}'
                | '\u{1faaa}'
                | '\u{1f4db}'
                | '\u{1f197}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{f0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (given, cleaned) in [
            ("Ann", Some("Ann")),
            ("  Ann   Lee \t\n ", Some("Ann Lee")),
            ("", None),
            (" \u{a0}\u{3000} ", None),
            ("\u{200b}\u{200d}", None),
            ("\0An\u{7}n\u{9b}", Some("Ann")),
            ("\u{202e}nnA", Some("nnA")),
            ("\u{2066}Ann\u{2069}", Some("Ann")),
            ("🔒 Ann", Some("Ann")),
            ("🔒\u{fe0f}Ann 🔐🔏🔓🔑", Some("Ann")),
            ("Ann ✅✔\u{fe0f}☑", Some("Ann")),
            ("⚿🗝\u{fe0f}🔏⚷🛡🪪 Ann", Some("Ann")),
            ("\u{f023} Ann\u{10ffff}", Some("Ann")),
            ("A\u{ad}n\u{feff}n", Some("Ann")),
            ("\u{3164}", None),
            ("Ann\u{e0041}\u{e007f}", Some("Ann")),
            ("Ann\r\n!end", Some("Ann !end")),
            ("Ann\u{2028}Lee", Some("Ann Lee")),
            ("Zoë 陳 O'Neil-Öz 👩", Some("Zoë 陳 O'Neil-Öz 👩")),
        ] {
            assert_eq!(name(given).as_deref(), cleaned, "{given:?}");
        }
    }

    #[test]
    fn long_names_are_cut_by_characters() {
        assert_eq!(name(&"ü".repeat(60)).unwrap(), "ü".repeat(48));
        let words = "ab ".repeat(30);
        let cut = name(&words).unwrap();
        assert_eq!(cut, "ab ".repeat(16).trim_end());
        assert!(name(&format!("{} b", "a".repeat(47))).unwrap().ends_with('a'), "no space last");
    }

    #[test]
    fn emails() {
        for (given, cleaned) in [
            ("ann@example.org", Some("ann@example.org")),
            (" ann@example.org\r\n", Some("ann@example.org")),
            ("🔒ann@example.org", Some("ann@example.org")),
            ("a\u{200b}nn@exa\u{ad}mple.org", Some("ann@example.org")),
            ("ann.o'neil+shop@mail.example.org", Some("ann.o'neil+shop@mail.example.org")),
            ("zoë@münchen.example", Some("zoë@münchen.example")),
            ("ann", None),
            ("@example.org", None),
            ("ann@", None),
            ("ann@localhost", None),
            ("ann@example..org", None),
            ("ann@.org", None),
            ("ann@example.org.", None),
            ("ann@@example.org", None),
            ("an n@example.org", None),
            ("ann@exam\0ple.org", None),
            ("Ann <ann@example.org>", None),
            ("ann@example.org, ben@example.org", None),
            ("ann@[192.0.2.1]", None),
            ("\u{200b}", None),
        ] {
            assert_eq!(email(given).as_deref(), cleaned, "{given:?}");
        }
        let domain = "@example.org";
        let most = "ü".repeat(EMAIL_CHARS - domain.len());
        assert!(email(&format!("{most}{domain}")).is_some());
        assert_eq!(email(&format!("{most}ü{domain}")), None);
    }

    #[test]
    fn texts_keep_what_can_be_seen() {
        for (given, cleaned) in [
            ("a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
            ("nul\0, bell\u{7}, escape\u{1b}[31m", "nul, bell, escape[31m"),
            ("c1\u{85}\u{9b}", "c1"),
            ("👩\u{200d}🚀 می\u{200c}خواهم", "👩\u{200d}🚀 می\u{200c}خواهم"),
            ("  spaces  ", "  spaces  "),
        ] {
            assert_eq!(message_text(given), cleaned, "{given:?}");
        }
    }

    #[test]
    fn values_are_cleaned_as_their_names_demand() {
        for (name, given, cleaned) in [
            ("order", " 🔒 4711\r\n🗝", Some("4711")),
            ("order", "\u{202e}\u{200b}", None),
            ("page", "https://shop.example/a?b=c#d", Some("https://shop.example/a?b=c#d")),
            ("email", "ann", None),
            ("name", "Ann 🔐", Some("Ann")),
        ] {
            assert_eq!(variable(name, given).as_deref(), cleaned, "{name}: {given:?}");
        }
        assert_eq!(variable("order", &"ü".repeat(300)).unwrap().chars().count(), 256);
    }

    proptest::proptest! {
        #[test]
        fn a_clean_name_stays_as_it_is(text: String) {
            if let Some(cleaned) = name(&text) {
                proptest::prop_assert!(cleaned.chars().count() <= 48 && !is_blank(&cleaned));
                let harmless = |c: char| c == ' ' || !(c.is_control() || is_invisible(c) || is_badge(c));
                proptest::prop_assert!(cleaned.chars().all(harmless));
                proptest::prop_assert_eq!(name(&cleaned), Some(cleaned));
            }
        }

        #[test]
        fn a_clean_text_stays_as_it_is(text: String) {
            let cleaned = message_text(&text);
            proptest::prop_assert!(cleaned.len() <= text.len());
            proptest::prop_assert_eq!(message_text(&cleaned), cleaned);
        }
    }

    #[test]
    fn what_cannot_be_seen_is_blank() {
        for blank in ["", " ", "\n\t ", "\u{200b}\u{feff}", "\u{3000}\u{2800}", "\0"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        assert!(!is_blank("."));
    }
}
