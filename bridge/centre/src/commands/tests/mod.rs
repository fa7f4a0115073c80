//! Who may write what, what mistakes are told, and help.

mod readings;

use proptest::prelude::*;

use super::{Place, help, help_for, is_name, parse, parse_for};
use crate::model::Roles;

#[test]
fn mistakes_are_told_shortly() {
    let told: Vec<String> = [
        "!frobnicate",
        "!redy",
        "!l",
        "!s",
        "!offer hello",
        "!queue dlete sales",
        "!queue d",
        "!queue x",
        "!queue add \"sales",
        "!queue add sales --name ‘Sales",
        "!queue show",
        "!queue show sales support",
        "!queue add sales Our sales",
        "!queue set sales --request-timeout",
        "!queue set sales --request-timeout soon",
        "!queue set sales --request-timeout -5s",
        "!queue set sales --max-length -1",
        "!queue set sales --max-length 99999999999999",
        "!queue set sales --strategy random",
        "!queue set sales --naem Sales",
        "!queue set sales --name A --name B",
        "!queue set sales --mention-waiting maybe",
        "!queue hours set sales",
        "!queue hours set sales mon-fri",
        "!queue hours set sales mon-fri 17:00-09:00",
        "!queue hours set sales mo 09:00-17:00",
        "!queue hours add-exception sales 24.12.2026 closed",
        "!queue hours add-exception sales 2026-12-24",
        "!queue hours add-exception sales 2026-12-24 shut",
        "!profile add days",
        "!profile add days sales:x",
        "!profile serve days sales --priority 0",
        "!role add @a:x.org boss",
        "!role add @a:x.org agent",
        "!role add @a:x.org administrator --queues sales",
        "!site set shop --origins all",
        "!site key add shop --algorithm rsa",
        "!site key add shop --algorithm eddsa",
        "!site key add shop --public-key abc",
        "!message add hello",
        "!chat abc",
        "!chat",
        "!move 42",
        "!move",
        "!stats year",
        "!audit 0",
        "!ready now",
        "!config import --dryrun",
        &format!("!{}", "a".repeat(5000)),
    ]
    .iter()
    .map(|line| {
        let error = parse(line).expect_err(line).to_string();
        assert!(error.chars().count() < 300, "{line}: {error}");
        let shown: String = line.chars().take(60).collect();
        format!("{shown}\n    {error}")
    })
    .collect();
    insta::assert_snapshot!("mistakes", told.join("\n"));
}

const AGENT: Roles = Roles { agent: true, supervisor: false, administrator: false };
const SUPERVISOR: Roles = Roles { agent: false, supervisor: true, administrator: false };
const ADMINISTRATOR: Roles = Roles { agent: false, supervisor: false, administrator: true };
const NOBODY: Roles = Roles { agent: false, supervisor: false, administrator: false };

#[test]
fn who_may_write_what_where() {
    let told: Vec<String> = [
        ("!ready", AGENT, Place::Desk),
        ("!ready", AGENT, Place::ChatRoom),
        ("!ready", SUPERVISOR, Place::Desk),
        ("!ready", ADMINISTRATOR, Place::ControlRoom),
        ("!end", AGENT, Place::ChatRoom),
        ("!end", AGENT, Place::Desk),
        ("!history", AGENT, Place::ChatRoom),
        ("!history", SUPERVISOR, Place::ChatRoom),
        ("!history 42", AGENT, Place::Desk),
        ("!queues", AGENT, Place::Desk),
        ("!queues", SUPERVISOR, Place::Desk),
        ("!queues", SUPERVISOR, Place::ChatRoom),
        ("!queues", ADMINISTRATOR, Place::ControlRoom),
        ("!queue delete sales", AGENT, Place::Desk),
        ("!queue delete sales", SUPERVISOR, Place::ControlRoom),
        ("!queue delete sales", ADMINISTRATOR, Place::ControlRoom),
        ("!queue delete sales", ADMINISTRATOR, Place::ChatRoom),
        ("!queue delete sales", NOBODY, Place::Desk),
        ("!help", ADMINISTRATOR, Place::ChatRoom),
        ("!help", NOBODY, Place::ChatRoom),
    ]
    .into_iter()
    .map(|(line, roles, place)| {
        let answer = match parse(line).expect(line).check(roles, place) {
            Ok(()) => "yes".to_owned(),
            Err(refused) => refused.to_string(),
        };
        let who = roles.highest().map_or_else(|| "nobody".to_owned(), |role| role.to_string());
        format!("{line} by {who} {place}: {answer}")
    })
    .collect();
    insta::assert_snapshot!("access", told.join("\n"));
}

#[test]
fn beginnings_that_fit_several_commands_mean_those_that_are_possible_here() {
    for (line, roles, place, name) in [
        ("!s", AGENT, Place::Desk, Some("status")),
        ("!s", SUPERVISOR, Place::Desk, Some("stats")),
        ("!s", ADMINISTRATOR, Place::Desk, None),
        ("!que", SUPERVISOR, Place::Desk, Some("queues")),
        ("!que", ADMINISTRATOR, Place::Desk, None),
        ("!a", AGENT, Place::ChatRoom, None),
        ("!l", AGENT, Place::Desk, None),
        ("!e", AGENT, Place::Desk, Some("end")),
        ("!queues", AGENT, Place::Desk, Some("queues")),
    ] {
        let read = parse_for(line, roles, place).ok().map(|command| command.name());
        assert_eq!(read, name, "{line}");
    }
}

#[test]
fn dangerous_commands_are_asked_about() {
    for (line, dangerous) in [
        ("!queue delete sales", true),
        ("!profile delete days", true),
        ("!agent remove @a:x.org", true),
        ("!role add @a:x.org administrator", true),
        ("!role add @a:x.org supervisor", false),
        ("!role remove @a:x.org supervisor", true),
        ("!site delete shop", true),
        ("!site key add shop", false),
        ("!site key rotate shop", true),
        ("!config import", true),
        ("!config import --dry-run", false),
        ("!queue set sales --max-length 5", false),
        ("!ready", false),
    ] {
        assert_eq!(parse(line).expect(line).is_dangerous(), dangerous, "{line}");
    }
}

#[test]
fn names_of_commands_are_never_relayed() {
    for name in ["end", "private", "p", "invite", "queue", "Pause-After", "history", "log", "leave"]
    {
        assert!(is_name(name), "{name}");
    }
    for word in ["", "etc", "privates", "en", "-", "help!"] {
        assert!(!is_name(word), "{word}");
    }
}

#[test]
fn help_is_made_from_the_commands() {
    let all = Roles { agent: true, supervisor: true, administrator: true };
    let mut shown = Vec::new();
    for (who, roles, place) in [
        ("an agent", AGENT, Place::ChatRoom),
        ("an agent", AGENT, Place::Desk),
        ("a supervisor", SUPERVISOR, Place::Desk),
        ("somebody with all roles", all, Place::ControlRoom),
        ("nobody", NOBODY, Place::Desk),
    ] {
        shown.push(format!("== {who} {place}\n{}", help(roles, place).text));
    }
    insta::assert_snapshot!("help", shown.join("\n\n"));
    insta::assert_snapshot!("help_html", help(AGENT, Place::ChatRoom).html);
    let detailed: Vec<String> = [
        "pause",
        "end",
        "move",
        "queue",
        "queue set",
        "queue del",
        "queue hours",
        "!profile add",
        "site key add",
        "message set",
        "audit",
        "config import",
    ]
    .iter()
    .map(|words| format!("== !help {words}\n{}", help_for(&[words.to_string()]).expect(words).text))
    .collect();
    insta::assert_snapshot!("help_for", detailed.join("\n\n"));
    let error = help_for(&["quue".to_owned()]).expect_err("no command");
    assert_eq!(error.to_string(), "there is no command `!quue`; did you mean `!queue`?");
}

/// Every command that can be written has help, and every example in the help can be written.
#[test]
fn every_command_has_help_and_working_examples() {
    fn walk(command: &clap::Command, path: &[String], seen: &mut usize) {
        for sub in command.get_subcommands() {
            let path: Vec<String> =
                path.iter().cloned().chain([sub.get_name().to_owned()]).collect();
            assert!(sub.get_about().is_some(), "{path:?}");
            let reply = help_for(&path).expect("help");
            assert!(reply.text.len() > 10 && reply.html.starts_with("<h4>"), "{path:?}");
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{path:?} {}", argument.get_id());
            }
            let examples = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            for example in examples.lines() {
                let parsed = parse(example);
                assert!(parsed.is_ok(), "{example}: {parsed:?}");
                assert!(example.starts_with(&format!("!{}", path.join(" "))), "{example}");
                *seen += 1;
            }
            walk(sub, &path, seen);
        }
    }
    let mut seen = 0;
    walk(&<crate::commands::grammar::Line as clap::CommandFactory>::command(), &[], &mut seen);
    assert!(seen > 30, "{seen} examples");
    <crate::commands::grammar::Line as clap::CommandFactory>::command().debug_assert();
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse(&text).map(|command| (command.check(AGENT, Place::Desk), command.is_dangerous()));
        let _ = help_for(&[text]);
    }

    /// Nor do texts that are nearly commands.
    #[test]
    fn no_near_command_panics(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "!", "queue", "set", "hours", "add", "--", "--name", "—name", "“", "\"", "sales", "-1", "", "site",
                "key", "config", "import", "\n", "```", "=", "mon-fri", "9:00-10:00", "--help", "help", "42", "'", "\\",
            ]),
            0..9,
        ),
        spaced in any::<bool>(),
    ) {
        let text = parts.join(if spaced { " " } else { "" });
        let _ = parse(&text);
        let _ = help_for(&[text]);
    }
}

#[test]
fn only_what_may_be_given_here_is_suggested() {
    let agent = Roles { agent: true, supervisor: false, administrator: false };
    let boss = Roles { agent: false, supervisor: false, administrator: true };
    for (roles, place, line, suggested) in [
        (agent, Place::Desk, "!statsu", "`!status`"),
        (boss, Place::Desk, "!statsu", "`!stats`"),
        (agent, Place::ChatRoom, "!edn", "`!end`"),
        (boss, Place::Desk, "!qeue list", "`!queue`"),
        (agent, Place::Desk, "!qeue list", "`!help` shows what is possible"),
    ] {
        let told = parse_for(line, roles, place).expect_err(line).to_string();
        assert!(told.contains(suggested), "{line}: {told}");
    }
}
