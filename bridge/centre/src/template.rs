//! Variables in predefined messages: `{{customer.name}}`, `{{customer.name|there}}`.
//!
//! What stands behind the bar is written when the variable is not known. Facts that a site states
//! beyond the usual ones (`{{customer.order|your order}}`) always need that.

use crate::closest;

/// The variables that every chat has a value for, or whose absence agents will notice.
pub const VARIABLES: [&str; 7] = [
    "customer.name",
    "customer.email",
    "customer.phone",
    "agent.name",
    "queue.name",
    "site.title",
    "chat.number",
];

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// As it stands.
    Text(&'a str),
    /// A variable.
    Variable {
        /// Its name.
        name: &'a str,
        /// What is written when it is not known.
        fallback: Option<&'a str>,
    },
}

/// Takes a text apart, or says what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        let inside = &rest[start + 2..];
        let end = inside
            .find("}}")
            .ok_or_else(|| "a variable begins with {{ and never ends: add }}".to_owned())?;
        let (name, fallback) = match inside[..end].split_once('|') {
            Some((name, fallback)) => (name.trim(), Some(fallback.trim())),
            None => (inside[..end].trim(), None),
        };
        check(name, fallback)?;
        parts.push(Part::Variable { name, fallback });
        rest = &inside[end + 2..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn check(name: &str, fallback: Option<&str>) -> Result<(), String> {
    if VARIABLES.contains(&name) {
        return Ok(());
    }
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let own = name.strip_prefix("customer.").is_some_and(|n| !n.is_empty() && n.bytes().all(word));
    match (own, fallback) {
        (true, Some(fallback)) if !fallback.is_empty() => Ok(()),
        (true, _) => {
            let meant = VARIABLES
                .into_iter()
                .find(|known| strsim::osa_distance(known, name) <= 2)
                .map_or_else(String::new, |n| format!(", or did you mean {{{{{n}}}}}"));
            Err(format!(
                "{{{{{name}}}}} is not known of every customer: say what to write instead, as in \
                 {{{{{name}|something}}}}{meant}"
            ))
        }
        (false, _) => {
            Err(format!("there is no variable {{{{{name}}}}}{}", closest::hint(name, VARIABLES)))
        }
    }
}

/// Fills in the variables. A variable that is neither known nor has a fallback stays as it is
/// written, so that the agent sees it before sending.
#[must_use]
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let Ok(parts) = parse(text) else { return text.to_owned() };
    parts
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Variable { name, fallback } => value(name)
                .filter(|value| !value.trim().is_empty())
                .or_else(|| fallback.map(str::to_owned))
                .unwrap_or_else(|| format!("{{{{{name}}}}}")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let known = |name: &str| match name {
            "customer.name" => Some("Zoë".to_owned()),
            "customer.email" => Some(" ".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("Hello {{customer.name}}!", "Hello Zoë!"),
            ("Hello {{ customer.name | there }}!", "Hello Zoë!"),
            ("To {{customer.email|you}}.", "To you."),
            ("{{customer.order|your order}} is here", "your order is here"),
            ("I am {{agent.name}}", "I am {{agent.name}}"),
            ("no variable, {one brace}", "no variable, {one brace}"),
            ("", ""),
        ] {
            assert_eq!(fill(text, known), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (text, told) in [
            ("Hello {{customer.name", "never ends"),
            ("{{custmer.name}}", "did you mean `customer.name`"),
            ("{{}}", "there is no variable"),
            ("{{customer.order}}", "{{customer.order|something}}"),
            ("{{customer.order|}}", "{{customer.order|something}}"),
            ("{{customer.nam}}", "did you mean {{customer.name}}"),
            ("{{customer.a b|c}}", "there is no variable"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
