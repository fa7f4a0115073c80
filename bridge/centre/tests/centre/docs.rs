//! What the manual says can be done as it is written there.

use switchboard_centre::{Centre, commands};

const ADMINISTRATORS: &str = include_str!("../../manual/administrators.md");
const AGENTS: &str = include_str!("../../manual/agents.md");

/// The contents of the code blocks in this language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_file_form_is_valid() {
    let files = blocks(ADMINISTRATORS, "toml");
    assert_eq!(files.len(), 1);
    let centre = Centre::from_toml(files[0]).expect("valid");
    assert_eq!(centre.warnings(), Vec::<String>::new());
    // Every setting that an export writes is described.
    let export = centre.export();
    for (name, _) in export.lines().filter_map(|line| line.split_once(" = ")) {
        assert!(ADMINISTRATORS.contains(name), "{name}");
    }
}

#[test]
fn commands_can_be_written_so() {
    let mut seen = 0;
    for line in blocks(ADMINISTRATORS, "text").concat().lines() {
        let command = commands::parse(line);
        assert!(line.starts_with('!') && command.is_ok(), "{line}: {command:?}");
        seen += 1;
    }
    for code in [ADMINISTRATORS, AGENTS].iter().flat_map(|text| text.split('`').skip(1).step_by(2))
    {
        if let Some(words) =
            code.strip_prefix('!').filter(|words| !words.is_empty() && *words != "!")
        {
            let help = commands::help_for(&[words.to_owned()]);
            assert!(help.is_ok(), "{code}: {help:?}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} commands");
}

/// No command is left out.
#[test]
fn every_command_is_described() {
    let all = switchboard_centre::Roles { agent: true, supervisor: true, administrator: true };
    let help = [commands::Place::ControlRoom, commands::Place::ChatRoom]
        .map(|place| commands::help(all, place).text)
        .concat();
    let names = help.split('`').filter_map(|code| code.strip_prefix('!'));
    for name in names.map(|usage| usage.split_whitespace().next().unwrap_or_default()) {
        let written = format!("!{name}");
        assert!(ADMINISTRATORS.contains(&written) || AGENTS.contains(&written), "{written}");
    }
}
