//! What a page states about its customer, unsigned: nobody vouches for it.

use std::collections::BTreeMap;

use super::{clean, sites::Site};

/// How many variables a page may state; more than a site can have are a mistake.
const MOST: usize = 32;

/// What a page stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    /// What is taken, cleaned, by name.
    pub(super) variables: Vec<(String, String)>,
    /// The names of what is not: the site does not have such variables, or there is nothing in them.
    pub(super) ignored: Vec<String>,
}

/// Sorts out what a page states; too much of it is answered with what is wrong.
pub(super) fn sort(site: &Site, stated: &BTreeMap<String, String>) -> Result<Stated, String> {
    if stated.len() > MOST {
        return Err(format!("variables must be at most {MOST}"));
    }
    let mut sorted = Stated::default();
    for (name, value) in stated {
        let known = site.has_variable(name);
        match clean::variable(name, value).filter(|_| known) {
            Some(value) => sorted.variables.push((name.clone(), value)),
            // It is said back, so it must not be long.
            None => sorted.ignored.push(name.chars().take(32).collect()),
        }
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_site_has_is_taken_and_all_of_it_is_clean() {
        let mut site = Site::named("shop");
        site.variables = vec!["order".to_owned()];
        let stated = [
            ("order", "🔒 47\u{202e}11"),
            ("email", "no address"),
            ("page", "https://shop.example/a b"),
            ("phone", ""),
            ("role", "admin"),
        ];
        let stated = stated.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let sorted = sort(&site, &stated).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            sorted.variables,
            [pair("order", "4711"), pair("page", "https://shop.example/a b")]
        );
        assert_eq!(sorted.ignored, ["email", "phone", "role"]);
        let many = (0..=MOST).map(|n| (n.to_string(), String::new())).collect();
        assert!(sort(&site, &many).is_err());
    }
}
