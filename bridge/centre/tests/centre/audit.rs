//! Who changed what, as it is kept and as it is shown.

use switchboard_centre::{
    Centre,
    audit::{Entry, Way},
    difference,
};

use crate::{apply, shop};

/// 10 o'clock in Berlin, on a Monday in November.
const AT: u64 = 1_795_424_400_000;

/// The shop after some commands, and what is kept of them, the newest first.
fn story(lines: &[&str]) -> (Centre, Vec<Entry>) {
    let mut centre = shop();
    let mut entries = Vec::new();
    for (n, line) in (0..).zip(lines) {
        let applied = apply(&centre, line).unwrap_or_else(|error| panic!("{line}: {error}"));
        entries.insert(
            0,
            Entry {
                at: AT + n * 61_000,
                who: Some("@dan:x.org".to_owned()),
                way: Way::Command,
                differences: applied.told,
                moved: applied.moved,
            },
        );
        centre = applied.centre;
    }
    (centre, entries)
}

const STORY: [&str; 6] = [
    "!queue set sales --max-wait 20m --greeting \"Hello <b>you</b>, `really`\"",
    "!site key rotate shop",
    "!queue delete sales --move-to press",
    "!agent remove @ben:x.org",
    "!config set --time-zone Asia/Tokyo --misses 5",
    "!message delete hello",
];

#[test]
fn changes_are_shown_in_the_time_of_the_centre() {
    let (centre, mut entries) = story(&STORY);
    let first = difference::compare(&Centre::default(), &shop());
    entries.push(Entry { at: 0, who: None, way: Way::File, differences: first, moved: None });
    let reply = centre.audit_reply(&entries);
    insta::assert_snapshot!("audit", reply.text);
    insta::assert_snapshot!("audit_html", reply.html);
    for secret in ["ssss", "ffff"] {
        assert!(!reply.text.contains(secret) && !reply.html.contains(secret), "{secret}");
    }
}

/// What is stored can be read by later versions: a change of this needs a way for existing data.
#[test]
fn the_stored_form() {
    let (_, mut entries) = story(&STORY[1..3]);
    entries.push(Entry { at: AT, who: None, way: Way::File, differences: Vec::new(), moved: None });
    insta::assert_json_snapshot!("stored_audit", entries);
    let json = serde_json::to_string(&entries).expect("JSON");
    assert_eq!(serde_json::from_str::<Vec<Entry>>(&json).expect("the same"), entries);
    assert!(!json.contains("ssss") && !json.contains("ffff"), "{json}");
}

#[test]
fn nothing_was_changed_yet() {
    assert_eq!(shop().audit_reply(&[]).text, "Nothing was changed yet.");
}

#[test]
fn what_is_too_much_for_one_event_is_left_out() {
    let (centre, mut entries) = story(&STORY[..1]);
    entries[0].differences[0].fields[0].to = Some("ü".repeat(100_000));
    let one = entries[0].clone();
    entries.resize(200, one.clone());
    let reply = centre.audit_reply(&entries);
    assert!(reply.text.len() + reply.html.len() < 50_000, "{}", reply.text.len());
    assert!(reply.text.contains("are too long for here"), "{}", reply.text);
    // A file with hundreds of queues counts as one.
    let added = one.differences[0].clone();
    let large = Entry { differences: vec![added; 5000], ..one };
    let reply = centre.audit_reply(&[large]);
    assert!(reply.text.len() + reply.html.len() < 50_000, "{}", reply.text.len());
    assert!(reply.text.contains("and 4980 more"), "{}", reply.text);
}
