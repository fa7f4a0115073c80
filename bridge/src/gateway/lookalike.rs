//! Names that look like another's: by the skeletons of Unicode Technical Standard #39, section 4.

use std::collections::BTreeSet;

use unicode_security::skeleton;

/// A name of so many letters also deceives with something around it.
const LONG: usize = 6;

/// Whether a customer's name could be taken for `other`.
#[must_use]
pub fn resembles(name: &str, other: &str) -> bool {
    let (names, others) = (bones(name), bones(other));
    others.iter().any(|other| {
        names.contains(other)
            || (other.chars().count() >= LONG && names.iter().any(|name| name.contains(other)))
    })
}

/// What is left when case, accents, spaces and the choice among look-alikes are taken away. A
/// capital I is like a small l, and a small i is not: so both orders count.
fn bones(text: &str) -> BTreeSet<String> {
    let bare = |text: String| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let small = skeleton(&text.to_lowercase()).collect();
    let given = skeleton(text).collect();
    [bare(small), bare(given)].into_iter().filter(|bones| !bones.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_name() {
        for (name, other, alike) in [
            ("Anna", "Anna", true),
            ("ANNA", "anna", true),
            ("Аnnа", "Anna", true), // Cyrillic
            ("Ａｎｎａ", "Anna", true),
            ("𝐀𝐧𝐧𝐚", "Anna", true),
            ("A n n a", "Anna", true),
            ("Anna.", "Anna", true),
            ("Ánná", "Anna", true),
            ("AIex", "Alex", true),
            ("A1ex", "Alex", true),
            ("Sales (queue)", "Sales (queue)", true),
            ("Switchb0ard", "Switchboard", true),
            ("The Switchboard Team", "Switchboard", true),
            ("Anna Schmidt (agent)", "Anna Schmidt", true),
            ("Anna Schmidt", "Anna", false),
            ("Hanna", "Anna", false),
            ("Anne", "Anna", false),
            ("Clara", "Anna", false),
            ("", "Anna", false),
            ("Anna", "", false),
            ("👩", "✨", false),
        ] {
            assert_eq!(resembles(name, other), alike, "{name} and {other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_name_looks_like_itself_in_any_dress(name in "[A-Za-z]{1,20}", space in 0_usize..20) {
            let mut dressed = name.to_uppercase();
            dressed.insert(space.min(name.len()), ' ');
            proptest::prop_assert!(resembles(&name, &name));
            proptest::prop_assert!(resembles(&dressed, &name));
        }
    }
}
