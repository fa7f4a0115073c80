//! The centre as its users see it: files in and out, commands that change it, mistakes that are told.

mod answers;
mod audit;
mod changes;
mod docs;
mod files;
mod live;
mod mistakes;
mod origins;
mod properties;

use switchboard_centre::{
    Applied, Centre, ChangeError, Decision,
    commands::{self, FreshKey},
    model::Secret,
};

/// A contact centre with a bit of everything.
const SHOP: &str = include_str!("shop.toml");

fn shop() -> Centre {
    Centre::from_toml(SHOP).expect("the shop is valid")
}

/// What a command that changes something wants.
fn decision(line: &str) -> Decision {
    let command = commands::parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let fresh = || FreshKey {
        id: "k-fresh".to_owned(),
        secret: Secret::new("f".repeat(43)),
        added: "2026-11-24T10:00:00Z".to_owned(),
    };
    command.change(fresh).unwrap_or_else(|| panic!("{line} changes nothing")).into()
}

fn apply(centre: &Centre, line: &str) -> Result<Applied, ChangeError> {
    centre.apply(&decision(line), |queue| u64::from(queue == "sales") * 2)
}

fn told(applied: &Applied) -> String {
    let mut lines: Vec<_> = applied.told.iter().map(ToString::to_string).collect();
    lines.extend(applied.warnings.iter().map(|warning| format!("note: {warning}")));
    if let Some((from, to)) = &applied.moved {
        lines.push(format!("chats: {from} → {to}"));
    }
    lines.join("\n")
}
