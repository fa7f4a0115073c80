//! What commands that look around are answered.

use switchboard_centre::{Centre, commands, views};
use switchboard_engine::Time;

use crate::{apply, decision, shop};

/// A Monday, ten in the morning in Berlin.
const MONDAY: Time = Time(1_795_424_400_000);

#[test]
fn lists_and_settings() {
    let shown: Vec<String> = [
        "!queue list",
        "!queue show Sales",
        "!queue hours show sales",
        "!queue hours show press",
        "!queue show slaes",
        "!profile list",
        "!profile show days",
        "!agent list",
        "!role list",
        "!site list",
        "!site show shop",
        "!message list",
        "!message list press",
        "!message show hello",
        "!config show",
    ]
    .into_iter()
    .map(|line| {
        let command = commands::parse(line).expect(line);
        let answer = shop().view(&command, MONDAY).expect(line);
        let text = answer.map_or_else(|error| error.reply().text, |reply| reply.text);
        assert!(!text.contains("ssss"), "{line}");
        format!("> {line}\n{text}")
    })
    .collect();
    insta::assert_snapshot!("views", shown.join("\n\n"));
}

#[test]
fn a_command_looks_or_changes_or_is_for_somebody_else() {
    let command = commands::parse("!config export").expect("a command");
    let export = shop().view(&command, MONDAY).expect("a view").expect("a file");
    assert_eq!(export.text.trim(), shop().export().trim());
    for line in ["!ready", "!queues", "!queue set sales --max-length 5", "!config import"] {
        let command = commands::parse(line).expect(line);
        assert!(shop().view(&command, MONDAY).is_none(), "{line}");
    }
}

#[test]
fn outcomes_are_told() {
    let centre = shop();
    let applied = apply(&centre, "!queue delete press").expect_err("in use").reply();
    assert!(applied.text.contains("profile `all-round`"), "{}", applied.text);
    let applied = apply(&centre, "!queue delete sales --move-to support").expect("moved");
    let invalid = apply(&centre, "!site set shop --colour red --origins x").expect_err("wrong");
    let mistakes = Centre::from_toml("misses = -1\n[[queues]]\nid = \"a\"").expect_err("mistakes");
    let same = centre.import(&centre.export()).expect("valid");
    let shown = [
        applied.question().text,
        applied.reply().text,
        invalid.reply().text,
        views::problems(&mistakes).text,
        same.reply().text,
        apply(&centre, "!queue add new").expect("added").reply().html,
    ];
    insta::assert_snapshot!("outcomes", shown.join("\n----\n"));
    assert!(decision("!config set --misses 1").seen.is_none());
}
