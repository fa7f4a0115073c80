//! What people react with.

/// The longest reaction of an agent, in characters. Clients let people react with words as well.
const MOST_OF_AGENT: usize = 32;
/// The longest reaction of a customer, in characters: the longest emoji has ten, and most have two.
const MOST_OF_CUSTOMER: usize = 16;

/// An agent's reaction as the customer may see it. None if it is no text, too long, or looks like a
/// command.
#[must_use]
pub fn of_agent(key: &str) -> Option<String> {
    let shown: String = key.chars().filter(|c| !is_unseen(*c)).collect();
    let shown = shown.trim();
    let fits = (1..=MOST_OF_AGENT).contains(&shown.chars().count());
    // Pictures of some clients' own have an address for a key.
    (fits && !shown.contains("://") && !shown.starts_with('!')).then(|| shown.to_owned())
}

/// Whether a customer may react with it: one sign, no words.
#[must_use]
pub fn may_be_of_customer(key: &str) -> bool {
    let is_sign = |c: char| {
        !c.is_alphabetic() && !c.is_whitespace() && !is_unseen(c) && (!c.is_ascii() || is_keycap(c))
    };
    (1..=MOST_OF_CUSTOMER).contains(&key.chars().count())
        && key.chars().all(is_sign)
        && key.chars().any(|c| !c.is_ascii() && !is_joint(c))
}

/// Whether two reactions are the same: emoji come with and without the variation selector.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    let plain = |key: &str| key.chars().filter(|c| *c != '\u{fe0f}').collect::<String>();
    plain(one) == plain(other)
}

fn is_keycap(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '#' | '*')
}

/// What joins the parts of an emoji and shows nothing itself.
fn is_joint(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0f}')
}

/// Control characters, and those that turn the direction of what follows.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_react_with_one_sign() {
        for (key, may) in [
            ("👍", true),
            ("❤️", true),
            ("👩🏽‍❤️‍💋‍👨🏿", true),
            ("🇩🇪", true),
            ("1️⃣", true),
            ("", false),
            ("a", false),
            ("1", false),
            ("@room", false),
            ("👍 ", false),
            ("\u{fe0f}", false),
            ("\u{202e}👍", false),
            ("👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍👍", false),
        ] {
            assert_eq!(may_be_of_customer(key), may, "{key}");
        }
    }

    #[test]
    fn agents_react_with_what_can_be_shown() {
        for (key, shown) in [
            ("👍", Some("👍")),
            (" thanks! ", Some("thanks!")),
            ("a\u{202e}b", Some("ab")),
            ("mxc://localhost/abc", None),
            ("!private he lies", None),
            ("", None),
            ("\u{200b}", None),
        ] {
            assert_eq!(of_agent(key).as_deref(), shown, "{key}");
        }
        assert_eq!(of_agent(&"a".repeat(33)), None);
        assert!(is_same("❤", "❤\u{fe0f}") && !is_same("❤", "👍"));
    }
}
