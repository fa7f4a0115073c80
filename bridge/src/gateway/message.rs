//! Checks a message, whichever way it comes.

use std::collections::BTreeSet;

use switchboard_engine::ChatId;

use super::{
    clean,
    input::CustomerInput,
    session::is_message_key,
    wire::{FILES_PER_MESSAGE, LIMITS, RefusalReason},
};

/// Why a message is not looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    /// Its key is none, so that not even a refusal could name it.
    Key,
    /// It can never be taken.
    Refused(RefusalReason),
}

/// What a bad key is answered with.
pub(super) const BAD_KEY: &str = "a key has 8 to 64 characters of A–Z a–z 0–9 - _";

/// The message as it goes into the inbox. Whether its files are there is still to be seen.
pub(super) fn check(
    chat: ChatId,
    key: String,
    text: &str,
    email: Option<&str>,
    reply_to: Option<u64>,
    files: Vec<String>,
) -> Result<CustomerInput, Invalid> {
    if !is_message_key(&key) {
        return Err(Invalid::Key);
    }
    if text.len() > LIMITS.text_bytes as usize {
        return Err(Invalid::Refused(RefusalReason::TooLong));
    }
    let text = clean::message_text(text);
    let text = if clean::is_blank(&text) { String::new() } else { text };
    if text.is_empty() && files.is_empty() {
        return Err(Invalid::Refused(RefusalReason::Empty));
    }
    let different: BTreeSet<&String> = files.iter().collect();
    if files.len() > FILES_PER_MESSAGE
        || different.len() < files.len()
        || !files.iter().all(|id| is_message_key(id))
    {
        return Err(Invalid::Refused(RefusalReason::Files));
    }
    // Whoever gives none leaves the field empty.
    let email = email
        .filter(|email| !email.trim().is_empty())
        .map(|email| clean::email(email).ok_or(Invalid::Refused(RefusalReason::BadEmail)))
        .transpose()?;
    Ok(CustomerInput::Send { chat, key, text, email, reply_to, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_bounds_in_bytes() {
        let chat = ChatId(1);
        let check = |text: &str| check(chat, "12345678".to_owned(), text, None, None, Vec::new());
        let refused = |reason| Err(Invalid::Refused(reason));
        let most = LIMITS.text_bytes as usize;
        for text in ["a".to_owned(), "a".repeat(most), "ü".repeat(most / 2)] {
            let key = "12345678".to_owned();
            assert_eq!(
                check(&text),
                Ok(CustomerInput::Send {
                    chat,
                    key,
                    text,
                    email: None,
                    reply_to: None,
                    files: Vec::new()
                })
            );
        }
        for text in ["a".repeat(most + 1), "ü".repeat(most / 2 + 1)] {
            assert_eq!(check(&text), refused(RefusalReason::TooLong));
        }
        for text in ["", " \r\n\t", "\0", "\u{200b}"] {
            assert_eq!(check(text), refused(RefusalReason::Empty));
        }
        let no_key = super::check(chat, "1".to_owned(), "a", None, None, Vec::new());
        assert_eq!(no_key, Err(Invalid::Key));
    }

    #[test]
    fn files_are_at_most_five_and_may_stand_alone() {
        let keys = |n: u32| (0..n).map(|n| format!("key-{n:05}")).collect::<Vec<_>>();
        let refused = |reason| Err(Invalid::Refused(reason));
        let twice = vec!["12345678".to_owned(); 2];
        for (text, files, expected) in [
            ("", keys(1), Ok(())),
            (" \n", keys(5), Ok(())),
            ("a", keys(5), Ok(())),
            ("", keys(0), refused(RefusalReason::Empty)),
            ("a", keys(6), refused(RefusalReason::Files)),
            ("a", twice, refused(RefusalReason::Files)),
            ("a", vec!["../../etc".to_owned()], refused(RefusalReason::Files)),
        ] {
            let checked = check(ChatId(1), "12345678".to_owned(), text, None, None, files.clone());
            assert_eq!(checked.map(drop), expected, "{files:?}");
        }
    }

    #[test]
    fn an_email_is_one_or_none() {
        for (given, kept) in [
            (None, Ok(None)),
            (Some(""), Ok(None)),
            (Some(" \n"), Ok(None)),
            (Some(" ann@example.org "), Ok(Some("ann@example.org"))),
            (Some("ann"), Err(Invalid::Refused(RefusalReason::BadEmail))),
        ] {
            let checked = check(ChatId(1), "12345678".to_owned(), "a", given, None, Vec::new());
            let kept = kept.map(|email| CustomerInput::Send {
                chat: ChatId(1),
                key: "12345678".to_owned(),
                text: "a".to_owned(),
                email: email.map(str::to_owned),
                reply_to: None,
                files: Vec::new(),
            });
            assert_eq!(checked, kept, "{given:?}");
        }
    }
}
