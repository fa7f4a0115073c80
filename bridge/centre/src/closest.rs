//! “Did you mean …?”

/// The name that was most likely meant, if any is near.
#[must_use]
pub fn closest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let meant = meant.to_lowercase();
    names
        .into_iter()
        .map(|name| (likeness(&meant, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// How much alike two names are, from 0 to 1. One slip of the finger counts little, in short names, too.
fn likeness(meant: &str, name: &str) -> f64 {
    let slip = meant.chars().count() > 2 && strsim::osa_distance(meant, name) == 1;
    strsim::jaro_winkler(meant, name).max(if slip { 0.85 } else { 0.0 })
}

/// “; did you mean `sales`?”, or what there is.
#[must_use]
pub fn hint<'a>(meant: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = closest(meant, names.clone()) {
        return format!("; did you mean `{name}`?");
    }
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "; there are none yet".to_owned(),
        1..=12 => format!("; there are: {}", names.join(", ")),
        more => format!("; there are {more}, for instance {}", names[..5].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_name() {
        let names = ["sales", "support", "billing"];
        for (meant, expected) in
            [("salse", Some("sales")), ("SUPORT", Some("support")), ("zzz", None), ("", None)]
        {
            assert_eq!(closest(meant, names), expected, "{meant}");
        }
        assert_eq!(closest("edn", ["end", "help"]), Some("end"));
        assert_eq!(hint("zzz", names), "; there are: `sales`, `support`, `billing`");
        assert_eq!(hint("zzz", []), "; there are none yet");
    }
}
