//! Help, made from the commands' definitions.

use super::{
    access::{Place, may, rules},
    error::ParseError,
    grammar::root,
};
use crate::{
    model::{Role, Roles},
    reply::Reply,
};

/// What somebody can write at a place.
#[must_use]
pub fn help(roles: Roles, place: Place) -> Reply {
    if roles.highest().is_none() {
        return Reply::say("You have no role here. An administrator can give you one.");
    }
    let root = root();
    let mut reply = Reply::new().heading(format!("What you can write {place}"));
    for (role, title) in [
        (Role::Agent, "Your work"),
        (Role::Supervisor, "Watching queues"),
        (Role::Administrator, "Managing"),
    ] {
        let entries: Vec<_> = root
            .get_subcommands()
            .filter(|command| {
                let name = command.get_name();
                rules(name).0 == role && may(name, roles, place)
            })
            .map(|command| format!("`{}` – {}", usage(command, "!"), about(command)))
            .collect();
        if !entries.is_empty() {
            reply = reply.paragraph(title).list(entries);
        }
    }
    let mut end =
        "The beginning of a word is enough where only one fits; texts with spaces stand in \
                   quotes. `!help COMMAND` says more."
            .to_owned();
    if place == Place::ChatRoom {
        end.push_str(" To send the customer a text that begins with “!”, write “!!”.");
    }
    reply.paragraph(end)
}

/// How one command, or one of a group, is written; by its words or their beginnings.
pub fn help_for(words: &[String]) -> Result<Reply, ParseError> {
    let words: Vec<_> = words
        .iter()
        .flat_map(|word| word.trim_start_matches('!').split_whitespace())
        .map(|word| super::Word { text: word.to_owned(), quoted: false })
        .collect();
    let (path, _) = super::resolve(&words, &|_| true)?;
    let root = root();
    let mut command = root;
    let mut before = "!".to_owned();
    for name in &path {
        let Some(next) = command.find_subcommand(name) else { break };
        if command.get_name() != root.get_name() {
            before = format!("{before}{} ", command.get_name());
        }
        command = next;
    }
    if command.has_subcommands() {
        let before = format!("{before}{} ", command.get_name());
        let entries = command
            .get_subcommands()
            .map(|command| format!("`{}` – {}", usage(command, &before), about(command)));
        return Ok(Reply::new().heading(about(command)).list(entries));
    }
    let mut reply =
        Reply::new().heading(usage(command, &before)).paragraph(format!("{}.", about(command)));
    let entries =
        command.get_arguments().filter(|argument| !argument.is_hide_set()).map(|argument| {
            let what = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let name = value_name(argument);
            match argument.get_long() {
                Some(long) if argument.get_action().takes_values() => {
                    format!("`--{long} {name}` – {what}")
                }
                Some(long) => format!("`--{long}` – {what}"),
                None => format!("`{name}` – {what}"),
            }
        });
    reply = reply.list(entries.collect::<Vec<_>>());
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let many = examples.lines().count() > 1;
        reply = reply.paragraph(if many { "Examples:" } else { "Example:" }).code(examples);
    }
    Ok(reply)
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// `!move N QUEUE`, `!queue …`, `!queue set QUEUE [--name NAME] …`
fn usage(command: &clap::Command, before: &str) -> String {
    let mut text = format!("{before}{}", command.get_name());
    if command.has_subcommands() {
        text.push_str(" …");
        return text;
    }
    for argument in command.get_positionals().filter(|argument| !argument.is_hide_set()) {
        let name = value_name(argument);
        let many = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
        let name = if many { format!("{name}…") } else { name };
        let name = if argument.is_required_set() { name } else { format!("[{name}]") };
        text.push(' ');
        text.push_str(&name);
    }
    if command.get_opts().next().is_some()
        || command.get_arguments().any(|a| a.get_long().is_some())
    {
        text.push_str(" [options]");
    }
    text
}

fn value_name(argument: &clap::Arg) -> String {
    argument.get_value_names().and_then(|names| names.first()).map_or_else(
        || argument.get_id().to_string().to_uppercase().replace('_', "-"),
        ToString::to_string,
    )
}
