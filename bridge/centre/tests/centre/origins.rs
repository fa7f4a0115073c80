//! Sites as browsers see them: what is written wrong here would let a stranger's page in.

use switchboard_centre::{
    Centre,
    model::{Queue, Site},
};

/// What is wrong with a centre whose only site is changed so.
fn mistakes(change: impl FnOnce(&mut Site)) -> Vec<(String, String)> {
    let mut site = Site::new("shop", "Shop");
    site.origins = vec!["https://shop.example".to_owned()];
    site.queues = vec!["sales".to_owned()];
    change(&mut site);
    let centre = Centre {
        queues: vec![Queue::new("sales", "Sales")],
        sites: vec![site],
        ..Centre::default()
    };
    centre.validate().into_iter().map(|problem| (problem.path, problem.message)).collect()
}

#[test]
fn origins_are_exact() {
    for good in ["https://shop.example", "http://localhost:3000", "https://[::1]:8443"] {
        assert_eq!(mistakes(|site| site.origins = vec![good.to_owned()]), [], "{good}");
    }
    for (bad, right) in [
        ("https://shop.example/", "https://shop.example"),
        ("https://Shop.example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("https://shop.example; script-src *", "such as"),
        ("*", "such as"),
        ("null", "such as"),
        ("shop.example", "such as"),
    ] {
        let found = mistakes(|site| site.origins = vec![bad.to_owned()]);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert_eq!(found[0].0, "sites[0].origins[0]", "{bad}");
        assert!(found[0].1.contains(right), "{bad}: {}", found[0].1);
    }
}

#[test]
fn names_texts_and_colours_have_their_form() {
    type Change = fn(&mut Site);
    for (what, change) in [
        ("id", (|site| site.id = "Shop".to_owned()) as Change),
        ("id", |site| site.id = String::new()),
        ("id", |site| site.id = "loader.js".to_owned()),
        ("id", |site| site.id = "assets".to_owned()),
        ("title", |site| site.title = " ".to_owned()),
        ("colour", |site| site.colour = "red".to_owned()),
        ("colour", |site| site.colour = "#12345g".to_owned()),
        ("queues", |site| site.queues = Vec::new()),
        ("texts.a b", |site| drop(site.texts.insert("a b".to_owned(), "x".to_owned()))),
        ("texts..send", |site| drop(site.texts.insert(".send".to_owned(), "x".to_owned()))),
        ("queues", |site| site.queues = vec![String::new()]),
        ("variables.a b", |site| drop(site.variables.insert("a b".to_owned(), "x".to_owned()))),
        ("variables.1", |site| drop(site.variables.insert("1".to_owned(), "x".to_owned()))),
        ("variables.sub", |site| drop(site.variables.insert("sub".to_owned(), "x".to_owned()))),
        ("variables.email", |site| drop(site.variables.insert("email".to_owned(), "x".to_owned()))),
        ("variables.order", |site| drop(site.variables.insert("order".to_owned(), " ".to_owned()))),
        ("variables", |site| {
            site.variables = (0..13).map(|n| (format!("v{n}"), "x".to_owned())).collect();
        }),
    ] {
        let found = mistakes(change);
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert!(found[0].0.starts_with(&format!("sites[0].{what}")), "{found:?}");
    }
    // The widget's words are named as its source names them.
    for word in ["send", "waitingAt", "ended.agent"] {
        let found = mistakes(|site| drop(site.texts.insert(word.to_owned(), "x".to_owned())));
        assert_eq!(found, [], "{word}");
    }
}
