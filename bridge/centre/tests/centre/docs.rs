//! What the documentation says can be done as it is written there, and nothing is left out.

use switchboard_centre::{Centre, commands};

const ADMINISTRATORS: &str = include_str!("../../../../docs/administrators.md");
const AGENTS: &str = include_str!("../../../../docs/agents.md");

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

/// What stands between backticks in the help of a command or a group.
fn codes(help: &str) -> impl Iterator<Item = &str> {
    help.split('`').skip(1).step_by(2)
}

/// No command is left out, and no option of one.
#[test]
fn every_command_is_described() {
    let all = switchboard_centre::Roles { agent: true, supervisor: true, administrator: true };
    let mut waiting: Vec<String> = [commands::Place::ControlRoom, commands::Place::ChatRoom]
        .iter()
        .flat_map(|place| {
            let help = commands::help(all, *place).text;
            codes(&help).map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|code| code.starts_with('!') && code.len() > 2)
        .collect();
    let mut seen = 0;
    while let Some(usage) = waiting.pop() {
        // `!queue set QUEUE [options]`, `!queue hours …`
        let is_name = |word: &&str| word.chars().all(|c| c == '-' || c.is_ascii_lowercase());
        let words: Vec<&str> = usage[1..].split(' ').take_while(is_name).collect();
        let name = words.join(" ");
        let help = commands::help_for(std::slice::from_ref(&name)).expect("it is a command").text;
        if usage.ends_with('…') && !usage.contains('[') {
            waiting.extend(codes(&help).map(str::to_owned));
            continue;
        }
        let written = format!("!{name}");
        assert!(ADMINISTRATORS.contains(&written) || AGENTS.contains(&written), "{written}");
        for option in codes(&help).filter_map(|code| code.split(' ').next()) {
            let is_missing = option.starts_with("--") && !ADMINISTRATORS.contains(option);
            assert!(!is_missing, "{written} {option}");
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} commands");
}
