//! A line taken apart into words.
//!
//! Quotes keep words together; all that phones and word processors make of them count: `"…"`, `“…”`,
//! `„…“`, `«…»`, `'…'`, `‘…’`. Quotes open at the beginning of a word only (or after `=`), so that
//! apostrophes stay what they are.

/// A word, and whether it stood in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// A quote was opened and never closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quote that begins with {0} has no end")]
pub(super) struct Unbalanced(String);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Double,
    Single,
}

fn quote(character: char) -> Option<Quote> {
    match character {
        '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '＂' => Some(Quote::Double),
        '\'' | '‘' | '’' | '‚' | '‛' | '‹' | '›' => Some(Quote::Single),
        _ => None,
    }
}

/// Takes a line apart. Dashes that a phone made of `--` are made good.
pub(super) fn split(line: &str) -> Result<Vec<Word>, Unbalanced> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = next(rest)?;
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn next(line: &str) -> Result<(Word, &str), Unbalanced> {
    let mut text = String::new();
    let mut quoted = false;
    let mut rest = line;
    while let Some(character) = rest.chars().next().filter(|c| !c.is_whitespace()) {
        let after = &rest[character.len_utf8()..];
        let may_open = text.is_empty() || text.ends_with('=');
        if let Some(kind) = quote(character).filter(|_| may_open && !quoted) {
            let (inside, end) = until_closed(after, kind)
                .ok_or_else(|| Unbalanced(rest.chars().take(12).collect()))?;
            quoted = text.is_empty();
            text.push_str(&inside);
            rest = end;
        } else {
            text.push(character);
            rest = after;
        }
    }
    if !quoted
        && let Some(name) = text.strip_prefix(['—', '–'])
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        text = format!("--{name}");
    }
    Ok((Word { text, quoted }, rest))
}

/// What stands in the quotes, and what comes after them. A backslash takes away the meaning of a
/// quote; a single one inside a word is an apostrophe.
fn until_closed(text: &str, kind: Quote) -> Option<(String, &str)> {
    let mut inside = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\'
            && let Some((_, escaped)) = characters.peek().copied()
            && (quote(escaped).is_some() || escaped == '\\')
        {
            inside.push(escaped);
            characters.next();
            continue;
        }
        let after = &text[at + character.len_utf8()..];
        let ends_word = after.chars().next().is_none_or(char::is_whitespace);
        if quote(character) == Some(kind) && (kind == Quote::Double || ends_word) {
            return Some((inside, after));
        }
        inside.push(character);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(line: &str) -> Option<Vec<String>> {
        split(line).ok().map(|words| words.into_iter().map(|word| word.text).collect())
    }

    #[test]
    fn words_and_quotes() {
        for (line, expected) in [
            ("queue add sales", Some(vec!["queue", "add", "sales"])),
            ("  a \t b\nc ", Some(vec!["a", "b", "c"])),
            ("add \"Our sales\" x", Some(vec!["add", "Our sales", "x"])),
            ("add “Our sales” x", Some(vec!["add", "Our sales", "x"])),
            ("add „Unser Verkauf“ x", Some(vec!["add", "Unser Verkauf", "x"])),
            ("add «Nos ventes» x", Some(vec!["add", "Nos ventes", "x"])),
            ("add »Salg« x", Some(vec!["add", "Salg", "x"])),
            ("add ”Salg” x", Some(vec!["add", "Salg", "x"])),
            ("add ‘Ben’s team’ x", Some(vec!["add", "Ben’s team", "x"])),
            ("add 'Ben's team' x", Some(vec!["add", "Ben's team", "x"])),
            ("pause Ben's birthday", Some(vec!["pause", "Ben's", "birthday"])),
            ("pause Ben’s birthday", Some(vec!["pause", "Ben’s", "birthday"])),
            (r#"say "a \"b\" c\\d\e""#, Some(vec!["say", r#"a "b" c\d\e"#])),
            ("--name=\"Our sales\"", Some(vec!["--name=Our sales"])),
            ("—name “Ü 名前 🎉”", Some(vec!["--name", "Ü 名前 🎉"])),
            ("“—name”", Some(vec!["—name"])),
            ("pause – lunch", Some(vec!["pause", "–", "lunch"])),
            ("\"two\nlines\"", Some(vec!["two\nlines"])),
            ("\"\"", Some(vec![""])),
            ("", Some(vec![])),
            ("add \"Our sales", None),
            ("add ‘Our sales", None),
            ("add “", None),
        ] {
            let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
            assert_eq!(texts(line), expected, "{line}");
        }
        assert_eq!(
            split("add “Our sales and support").expect_err("open").to_string(),
            "the quote that begins with “Our sales a has no end"
        );
    }

    proptest! {
        /// What is quoted comes out as it was.
        #[test]
        fn quoting_keeps_texts(words in proptest::collection::vec("\\PC*", 0..4)) {
            let line: Vec<String> = words
                .iter()
                .map(|word| {
                    let escaped: String = word
                        .chars()
                        .flat_map(|c| (quote(c).is_some() || c == '\\').then_some('\\').into_iter().chain([c]))
                        .collect();
                    format!("\"{escaped}\"")
                })
                .collect();
            prop_assert_eq!(texts(&line.join(" ")), Some(words));
        }
    }
}
