//! Offers: a question with options that is put to the customer as a menu. What makes one good, and
//! how it is written in a line: `Which plan? | Basic | Pro | None of these`.

/// How many options there can be.
pub const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;
/// The longest option, in characters.
pub const OPTION_CHARS: usize = 200;
/// The longest question, in characters.
pub const QUESTION_CHARS: usize = 500;

/// An offer that may be put to a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferForm {
    /// What is asked: 1 to [`QUESTION_CHARS`] characters in one line.
    pub question: String,
    /// What can be chosen: [`OPTIONS`] different ones of 1 to [`OPTION_CHARS`] characters, each in
    /// one line.
    pub options: Vec<String>,
    /// Whether the customer may write instead of choosing.
    pub typing: bool,
}

/// Why an offer cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOffer {
    /// There is no question.
    #[error("the offer has no question")]
    NoQuestion,
    /// The question is too long.
    #[error("the question has {0} characters; at most {QUESTION_CHARS} are possible")]
    LongQuestion(usize),
    /// There are too few or too many options.
    #[error("the offer has {count} options; {} to {} are possible", OPTIONS.start(), OPTIONS.end())]
    Count {
        /// How many.
        count: usize,
    },
    /// There is nothing in an option.
    #[error("option {0} is empty")]
    EmptyOption(usize),
    /// An option is too long.
    #[error("option {0} has {1} characters; at most {OPTION_CHARS} are possible")]
    LongOption(usize, usize),
    /// Two options say the same.
    #[error("options {0} and {1} say the same")]
    Twice(usize, usize),
}

/// The word before an offer that does not let the customer write instead.
const NO_TYPING: &str = "--no-typing";

impl OfferForm {
    /// Checks an offer. White space at the ends goes, and what stands in several lines is put into
    /// one. Options are counted from 1 in what is wrong with them.
    pub fn new(
        question: &str,
        options: impl IntoIterator<Item = impl AsRef<str>>,
        typing: bool,
    ) -> Result<Self, BadOffer> {
        let question = one_line(question);
        let length = question.chars().count();
        if length == 0 {
            return Err(BadOffer::NoQuestion);
        }
        if length > QUESTION_CHARS {
            return Err(BadOffer::LongQuestion(length));
        }
        let options: Vec<String> =
            options.into_iter().map(|option| one_line(option.as_ref())).collect();
        if !OPTIONS.contains(&options.len()) {
            return Err(BadOffer::Count { count: options.len() });
        }
        for (at, option) in options.iter().enumerate() {
            let length = option.chars().count();
            if length == 0 {
                return Err(BadOffer::EmptyOption(at + 1));
            }
            if length > OPTION_CHARS {
                return Err(BadOffer::LongOption(at + 1, length));
            }
            let same = |other: &String| other.to_lowercase() == option.to_lowercase();
            if let Some(before) = options[..at].iter().position(same) {
                return Err(BadOffer::Twice(before + 1, at + 1));
            }
        }
        Ok(Self { question, options, typing })
    }

    /// Reads an offer as agents write it: the question and its options with `|` between them,
    /// after `--no-typing` if the customer has to choose. Quotes mean nothing.
    pub fn read(line: &str) -> Result<Self, BadOffer> {
        let line = line.trim_start();
        // Phones make one dash of two.
        let no_typing = [NO_TYPING, "—no-typing", "–no-typing"].iter().find_map(|word| {
            let rest = line.strip_prefix(word)?;
            (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
        });
        let mut parts = no_typing.unwrap_or(line).split('|');
        let question = parts.next().unwrap_or_default();
        Self::new(question, parts, no_typing.is_none())
    }
}

/// Words with single spaces between them, without control characters.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_as_they_are_written() {
        for (line, question, options, typing) in [
            ("Which plan? | Basic | Pro", "Which plan?", &["Basic", "Pro"][..], true),
            ("What's it?|a|b|None of these", "What's it?", &["a", "b", "None of these"], true),
            (" --no-typing Sure? | Yes | No", "Sure?", &["Yes", "No"], false),
            ("—no-typing Sure? | Yes | No", "Sure?", &["Yes", "No"], false),
            ("--no-typingly? | Yes | No", "--no-typingly?", &["Yes", "No"], true),
            ("Two\nlines? | \"a\"\t b | c", "Two lines?", &["\"a\" b", "c"], true),
        ] {
            let options = options.iter().map(ToString::to_string).collect();
            let expected = OfferForm { question: question.to_owned(), options, typing };
            assert_eq!(OfferForm::read(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_offer_is_told() {
        let many = |count: usize| {
            let options: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            format!("q | {}", options.join(" | "))
        };
        for (line, wrong) in [
            (String::new(), BadOffer::NoQuestion),
            (" | a | b".to_owned(), BadOffer::NoQuestion),
            ("--no-typing | a | b".to_owned(), BadOffer::NoQuestion),
            ("q".to_owned(), BadOffer::Count { count: 0 }),
            ("q | a".to_owned(), BadOffer::Count { count: 1 }),
            (many(21), BadOffer::Count { count: 21 }),
            ("q | a | ".to_owned(), BadOffer::EmptyOption(2)),
            ("q | a | b | A".to_owned(), BadOffer::Twice(1, 3)),
            (format!("q | a | {}", "ü".repeat(201)), BadOffer::LongOption(2, 201)),
            (format!("{} | a | b", "ü".repeat(501)), BadOffer::LongQuestion(501)),
        ] {
            assert_eq!(OfferForm::read(&line), Err(wrong), "{line}");
        }
        for line in [many(2), many(20), format!("{} | a | {}", "ü".repeat(500), "ü".repeat(200))]
        {
            assert!(OfferForm::read(&line).is_ok(), "{line}");
        }
    }
}
