//! Files in and out.

use switchboard_centre::Centre;
use switchboard_engine::{Span, Time};

use crate::{SHOP, apply, decision, shop, told};

const EXAMPLE: &str = include_str!("../../../../config/switchboard.example.toml");

#[test]
fn the_example_configuration_can_be_read() {
    let centre = Centre::from_toml(EXAMPLE).expect("the example");
    assert_eq!(centre.sites[0].queues, ["support"]);
    let setup = centre.setup(Time(0));
    assert_eq!(setup.misses, 2);
    assert_eq!(setup.profiles.len(), 1, "the one that stands for all");
    assert_eq!(setup.profiles[0].id.0, "all");
    assert_eq!(setup.queues[0].request_timeout, Span::seconds(45));
    assert_eq!(setup.queues[0].max_wait, Some(Span::seconds(1800)));
    assert!(setup.queues[0].open && setup.queues[0].overflow.is_none());
}

#[test]
fn what_the_rules_get() {
    // In Berlin it is ten o'clock in the morning.
    let monday = Time(1_795_424_400_000);
    let hours = |n: u64| Time(monday.0 + n * 3_600_000);
    insta::assert_debug_snapshot!("setup", shop().setup(monday));
    let open_at = |time| shop().setup(time).queues.iter().map(|q| q.open).collect::<Vec<_>>();
    assert_eq!(open_at(hours(12)), [false, true, true]);
    assert_eq!(shop().next_change(monday), Some(hours(7)));
    assert!(!open_at(hours(7))[0]);
}

#[test]
fn an_export_has_everything_but_secrets_and_can_be_read_again() {
    let centre = shop();
    let export = centre.export();
    insta::assert_snapshot!("export", export);
    assert!(!export.contains("ssss"));
    // In the place of what is there, it changes nothing: the stored secret stays.
    let plan = centre.import(&export).expect("valid");
    assert_eq!(plan.centre, centre);
    assert_eq!(plan.differences, []);
    // Elsewhere the bridge starts from it, and says what is missing.
    let fresh = Centre::from_toml(&export).expect("valid");
    let warnings = fresh.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("key `k1` of site `shop` came without its secret"),
        "{warnings:?}"
    );
    assert!(!fresh.sites[0].keys[0].is_usable() && centre.sites[0].keys[0].is_usable());
}

/// What is stored can be read by later versions: a change of this needs a way for existing data.
#[test]
fn the_stored_form() {
    insta::assert_json_snapshot!("stored_centre", shop());
    let decisions: Vec<_> = [
        "!queue delete sales --move-to support",
        "!queue set sales --max-wait never --overflow none",
        "!queue hours add-exception sales 2026-12-24 closed",
        "!site key rotate shop",
        "!role add @eve:x.org supervisor --queues sales",
    ]
    .into_iter()
    .map(|line| shop().decide(decision(line).change).expect(line))
    .collect();
    insta::assert_json_snapshot!("stored_decisions", decisions);
    let told = apply(&shop(), "!agent set anna --capacity 4").expect("set").told;
    insta::assert_json_snapshot!("stored_differences", told);
}

#[test]
fn an_import_says_what_it_would_change() {
    let centre = shop();
    let file = SHOP
        .replace("name = \"Anna\"", "name = \"Anna B.\"")
        .replace("Europe/Berlin", "UTC")
        .replace("id = \"press\"", "id = \"media\"")
        .replace("queue = \"press\"", "queue = \"media\"")
        .replace("secret = \"s", "secret = \"t")
        .replace("after_seconds = 120", "after_seconds = 60");
    let plan = centre.import(&file).expect("valid");
    let shown: Vec<_> = plan.differences.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("import", shown.join("\n"));
    // The queue that goes has no chats: it can be done.
    let applied = centre.accept(plan.clone(), |_| 0).expect("accepted");
    assert_eq!(told(&applied), shown.join("\n"));
    assert_eq!(centre.version(), shop().version());
    assert_ne!(applied.centre.version(), centre.version());
    // If it has, they need a place first.
    let error = centre.accept(plan.clone(), |_| 3).expect_err("chats").to_string();
    assert_eq!(
        error,
        "there are 3 chats in queue `press`; say where they go: `!queue delete press --move-to QUEUE`"
    );
    // Somebody was faster.
    let faster = apply(&centre, "!queue set support --max-length 7").expect("set").centre;
    let error = faster.accept(plan, |_| 0).expect_err("stale").to_string();
    assert!(error.contains("queue `support` changed\n  max length: 500 → 7"), "{error}");
}

#[test]
fn an_import_cannot_lock_everybody_out() {
    let file = SHOP.replace("[[administrators]]\nid = \"@dan:x.org\"\n", "");
    let problems = shop().import(&file).expect_err("no administrator");
    assert_eq!(
        problems[0].to_string(),
        "administrators: there must be at least one, or nobody could undo this"
    );
    // A file that the bridge starts from may have none.
    assert!(Centre::from_toml(&file).is_ok());
}
