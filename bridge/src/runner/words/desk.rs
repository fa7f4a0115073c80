//! What people are told at their desks and in the administrators' room.

#[cfg(test)]
mod tests;

use switchboard_centre::{
    Centre, Reply, Roles, closest,
    model::{Profile, Served},
};
use switchboard_engine::{
    Status,
    effect::{Ignored, StatusWhy},
};

use crate::runner::{
    answers::{GIVE_BACK, LOG_OFF, NO, PAUSE, STAY, YES},
    bot_rooms::Message,
    commands::Said,
    records::Question,
};

/// The reactions that stand for the first, the second and so on.
pub(in crate::runner) const KEYCAPS: &[&str] = &[
    "1\u{fe0f}\u{20e3}",
    "2\u{fe0f}\u{20e3}",
    "3\u{fe0f}\u{20e3}",
    "4\u{fe0f}\u{20e3}",
    "5\u{fe0f}\u{20e3}",
    "6\u{fe0f}\u{20e3}",
    "7\u{fe0f}\u{20e3}",
    "8\u{fe0f}\u{20e3}",
    "9\u{fe0f}\u{20e3}",
];
/// The longest message, in bytes of its plain and its formatted text together: an event has 64 KiB
/// (spec: size limits), and quoting can make the text longer.
const MAX_BYTES: usize = 40 * 1024;

/// A desk's name.
pub(in crate::runner) const DESK: &str = "Your desk";
/// A desk's topic.
pub(in crate::runner) const DESK_TOPIC: &str =
    "Log on and off, pause, and see how you are doing. Write ! to see what is possible.";
/// The administrators' room's name.
pub(in crate::runner) const CONTROL: &str = "Switchboard administration";
/// The administrators' room's topic.
pub(in crate::runner) const CONTROL_TOPIC: &str =
    "Queues, profiles, agents, sites and predefined messages. Write ! to see what is possible.";
/// Why an agent is invited to their desk.
pub(in crate::runner) const DESK_INVITE: &str =
    "Your desk: here you log on and off and are told what concerns you alone.";
/// Why an administrator is invited.
pub(in crate::runner) const CONTROL_INVITE: &str =
    "You are an administrator of this contact centre.";
/// Why somebody is invited again.
pub(in crate::runner) const INVITED_BACK: &str = "There is something new for you here.";
/// Why somebody is removed from the administrators' room.
pub(in crate::runner) const NO_ADMINISTRATOR: &str = "You are not an administrator any more.";
/// Why the bot leaves.
pub(in crate::runner) const NOBODY_LEFT: &str = "Nobody is left here.";
/// Why the bot declines an invite.
pub(in crate::runner) const STRANGER: &str = "Only people who work in this contact centre can talk to its bot. An administrator can add you.";
/// Why the bot does not come into a room.
pub(in crate::runner) const NO_GROUPS: &str =
    "Only administrators can bring the bot into a room. Start a direct chat with it instead.";
/// An answer came too late.
pub(in crate::runner) const TOO_OLD: &str = "That question is too old. Write the command again.";
/// A message was changed into a command.
pub(in crate::runner) const EDITED_COMMAND: &str =
    "A message that is changed afterwards is not obeyed. Write the command as a new message.";
/// A confirmation was refused.
pub(in crate::runner) const NOTHING_DONE: &str = "Nothing was changed.";
/// Why a message with a secret is removed.
pub(in crate::runner) const PUT_AWAY: &str = "The secret has been put away.";
/// An agent stays logged on.
pub(in crate::runner) const STILL_ON: &str = "You stay logged on.";
/// An agent is ready.
pub(in crate::runner) const READY: &str = "You are **ready**: you are asked for chats.";
/// The way back from a pause.
pub(in crate::runner) const READY_AGAIN: &str = "✅ be asked for chats again (`!ready`)";
/// An agent has to log on first.
pub(in crate::runner) const NOT_LOGGED_ON: &str = "You are not logged on. `!login` logs you on.";
/// Somebody is no agent any more.
pub(in crate::runner) const NO_AGENT: &str = "You are **not an agent any more**, and are not asked for chats. Those that you are in stay yours until they are over.";
/// Somebody who is no agent any more wants to log off.
pub(in crate::runner) const LEAVE_ROOMS: &str = "You are **not an agent any more**, so there is nothing to log off from. Chats that you are in go back to their queues when you leave their rooms.";
/// An agent is logged off.
pub(in crate::runner) const LOGGED_OFF: &str = "You are **logged off**. See you!";
/// An agent is logged off and has left their chats.
pub(in crate::runner) const LOGGED_OFF_RETURNED: &str =
    "You are **logged off**. Your chats have gone back to their queues.";
/// An agent is logged off and keeps their chats.
pub(in crate::runner) const LOGGED_OFF_KEPT: &str = "You are **logged off** and get no new chats. You stay in those that you have until they are over.";
/// An agent may use no profile.
pub(in crate::runner) const NO_PROFILE: &str = "There is no profile that you may log on with. An administrator can give you one: `!agent set`.";

/// One paragraph.
pub(in crate::runner) fn plain(text: &str) -> Reply {
    // The marks for what is strong are for the formatted text only.
    let reply = Reply::say(text.replace("**", ""));
    let mut strong = false;
    let marked = Reply::say(text).html;
    let html = marked.split("**").fold(String::new(), |mut html, part| {
        if !html.is_empty() {
            html.push_str(if strong { "</b>" } else { "<b>" });
            strong = !strong;
        }
        html.push_str(part);
        html
    });
    Reply { text: reply.text, html }
}

/// What somebody wrote, as part of a text for [`plain`]: its stars are not ours.
fn unmarked(text: &str) -> String {
    text.replace("**", "* *")
}

/// The same, cut so that it fits into an event.
pub(in crate::runner) fn fit(mut message: Message) -> Message {
    // As JSON, in which some characters are two bytes.
    let length = |text: &str| text.len() + text.matches(['"', '\\', '\n']).count();
    let html = message.html.as_deref().map_or(0, length);
    if length(&message.text) + html <= MAX_BYTES {
        return message;
    }
    let end = message.text.floor_char_boundary(MAX_BYTES / 2);
    message.text.truncate(end);
    message.text.push_str("…\n(The rest is left out: it is too long for one message.)");
    message.html = None;
    message
}

/// The card of a desk, and its buttons.
pub(in crate::runner) fn desk_card(
    name: Option<&str>,
    roles: Roles,
    profiles: &[Profile],
) -> (Reply, Vec<String>) {
    let hello = name.map_or_else(|| "Welcome".to_owned(), |name| format!("Welcome, {name}"));
    let mut reply = Reply::new().heading(hello);
    if !roles.agent {
        reply = reply
            .paragraph("Here you can look after your queues: write `!` to see what is possible.");
        return (reply, Vec::new());
    }
    reply =
        reply.paragraph("This is your desk. Press one of the reactions below, or write a command.");
    let shown = profiles.iter().take(KEYCAPS.len());
    let logs_on = shown
        .clone()
        .zip(KEYCAPS)
        .map(|(profile, key)| format!("{key} log on: {} (`!login {}`)", profile.name, profile.id));
    let rest = [
        format!("{YES} ready again (`!ready`)"),
        format!("{PAUSE} pause (`!pause lunch`)"),
        format!("{LOG_OFF} log off (`!logout`)"),
    ];
    reply = reply.list(logs_on.chain(rest));
    if profiles.len() > KEYCAPS.len() {
        reply = reply.paragraph("You have more profiles than these: `!login` shows all.");
    }
    reply = reply.paragraph(
        "When a customer waits for you, you get an invite: accept it to answer, decline it to pass it \
         on. `!` shows everything that you can write here.",
    );
    let keys = shown.zip(KEYCAPS).map(|(_, key)| (*key).to_owned());
    let keys = keys.chain([YES, PAUSE, LOG_OFF].map(str::to_owned)).collect();
    (reply, keys)
}

/// The first message in the administrators' room.
pub(in crate::runner) fn control_card() -> Reply {
    Reply::new()
        .heading("Switchboard administration")
        .paragraph(
            "Here administrators manage the contact centre, and are told what needs a person. \
             `!` shows what you can write; `!help queue` and so on say more.",
        )
        .list([
            "`!queues`, `!agents`, `!waiting`, `!stats` – how it goes",
            "`!queue`, `!profile`, `!agent`, `!site`, `!message` – what there is, and how to change it",
            "`!audit` – who changed what",
        ])
}

/// The profiles that somebody may log on with, to pick from.
pub(in crate::runner) fn pick_profile(profiles: &[Profile]) -> Reply {
    let lines = profiles.iter().enumerate().map(|(n, profile)| {
        let key = KEYCAPS.get(n).map_or_else(String::new, |key| format!("{key} "));
        format!("{key}{} (`!login {}`)", profile.name, profile.id)
    });
    Reply::new().paragraph("With which profile?").list(lines)
}

/// The profile that is meant: by id, name or an unambiguous beginning.
pub(in crate::runner) fn find_profile(profiles: &[Profile], name: &str) -> Result<String, Reply> {
    let wanted = name.trim().to_lowercase();
    let fits = |profile: &Profile, test: &dyn Fn(&str) -> bool| {
        test(&profile.id.to_lowercase()) || test(&profile.name.to_lowercase())
    };
    let is: Vec<_> = profiles.iter().filter(|p| fits(p, &|known| known == wanted)).collect();
    let begins: Vec<_> =
        profiles.iter().filter(|p| fits(p, &|known| known.starts_with(&wanted))).collect();
    match (is.as_slice(), begins.as_slice()) {
        ([profile], _) | ([], [profile]) => Ok(profile.id.clone()),
        ([], []) => {
            let name = name.replace('`', "'");
            let hint = closest::hint(&name, profiles.iter().map(|profile| profile.id.as_str()));
            Err(Reply::say(format!("There is no profile `{name}` for you{hint}")))
        }
        _ => Err(Reply::say("Several profiles are called that:").list(
            begins.iter().map(|profile| format!("{} (`!login {}`)", profile.name, profile.id)),
        )),
    }
}

/// A profile that somebody picked is not there any more.
pub(in crate::runner) fn profile_gone(profiles: &[Profile]) -> Reply {
    if profiles.is_empty() {
        return plain(NO_PROFILE);
    }
    Reply::say("That profile is not there any more, or not for you. There are now:")
        .list(profiles.iter().map(|profile| format!("{} (`!login {}`)", profile.name, profile.id)))
}

/// Somebody is logged on.
pub(in crate::runner) fn logged_on(centre: &Centre, profile: &Profile) -> Reply {
    let name = |served: &Served| {
        centre.queue(&served.queue).map_or_else(|| served.queue.clone(), |q| q.name.clone())
    };
    let queues: Vec<String> = profile.queues.iter().map(name).collect();
    plain(&format!(
        "You are **logged on** as “{}” and **ready**: you are asked for chats of {}.",
        unmarked(&profile.name),
        unmarked(&queues.join(", "))
    ))
}

/// An agent pauses.
pub(in crate::runner) fn paused(reason: Option<&str>) -> Reply {
    let reason = reason.map_or_else(String::new, |reason| format!(" ({})", unmarked(reason)));
    plain(&format!("You are **paused**{reason}: you are not asked for chats."))
}

/// An agent pauses when their chats are over.
pub(in crate::runner) fn pausing(chats: usize) -> Reply {
    let chats =
        if chats == 1 { "your chat is".to_owned() } else { format!("your {chats} chats are") };
    plain(&format!("You get no new chats, and are **paused** when {chats} over."))
}

/// What is to become of an agent's chats.
pub(in crate::runner) fn leave_chats(chats: usize, logged_on: bool) -> Reply {
    let (what, them) =
        if chats == 1 { ("a chat".to_owned(), "it") } else { (format!("{chats} chats"), "them") };
    let mut lines = vec![format!("{GIVE_BACK} leave {them}: other agents are asked")];
    if logged_on {
        lines.push(format!("{STAY} log off, but stay in {them} to the end"));
    }
    lines.push(format!("{NO} leave everything as it is"));
    Reply::say(format!("You are in {what}. What shall become of {them}?")).list(lines)
}

/// A status that changed without the agent's asking, and whether they are asked to be ready again.
pub(in crate::runner) fn status_changed(status: Status, why: StatusWhy) -> Option<(Reply, bool)> {
    Some(match (status, why) {
        (_, StatusWhy::Asked) => return None,
        (Status::NotResponding, _) => (
            plain(&format!(
                "You have missed several requests in a row, so you are taken for **not responding** \
                 and are not asked for chats any more.\n{YES} I am back"
            )),
            true,
        ),
        (_, StatusWhy::ChatsOver) => (
            plain(&format!("Your chats are over: you are **paused** now.\n{YES} ready again")),
            true,
        ),
        (_, StatusWhy::ProfileGone) => (
            plain(
                "The profile that you were logged on with is not there any more, or not for you, so \
                 you are **logged off**. `!login` logs you on with another one.",
            ),
            false,
        ),
        (_, StatusWhy::Missed) => return None,
    })
}

/// Somebody talks to the bot.
pub(in crate::runner) fn only_commands() -> Reply {
    Reply::say("I understand commands only. `!` shows what is possible here.")
}

/// Somebody writes to the bot encrypted.
pub(in crate::runner) fn encrypted(link: Option<&str>) -> Reply {
    let text = "This chat is encrypted, and I cannot read what you write here.";
    match link {
        Some(link) => {
            let mut reply = Reply::say(format!("{text} Write here instead: {link}"));
            let link = crate::matrix::content::escape(link);
            reply.html = format!("<p>{text} <a href=\"{link}\">Write here instead.</a></p>");
            reply
        }
        None => Reply::say(format!("{text} Start a chat that is not encrypted.")),
    }
}

/// A bare word that is no answer to a question.
pub(in crate::runner) fn no_such_answer(question: &Question, in_chat: bool) -> Reply {
    let not_sent = if in_chat { "Not sent to the customer: first answer" } else { "Please answer" };
    let with = match question {
        Question::Profile { .. } | Question::Desk { .. } => "the number of a profile",
        Question::LogOff { .. } => "one of its reactions",
        Question::Ready { .. } => "yes, or with `!ready`",
        _ => "yes or no",
    };
    Reply::say(format!("{not_sent} the question above with {with}."))
}

/// A key's secret, shown once.
pub(in crate::runner) fn new_secret(site: &str, key: &str, secret: &str) -> Reply {
    Reply::say(format!("The secret of key `{key}` of site `{site}`, shown only now:"))
        .code(secret)
        .paragraph(format!(
            "Store it where your site signs, and nowhere else.\n{YES} I have it: remove this message"
        ))
}

/// An import without a file.
pub(in crate::runner) fn no_file() -> Reply {
    Reply::say(
        "Paste the file below the command, in the same message, as `!config export` shows it.",
    )
}

/// Something was changed between the question and its answer.
pub(in crate::runner) fn changed_meanwhile() -> Reply {
    Reply::say(
        "Somebody else changed something in the meantime, so nothing was done. If you still want it, \
         write the command again.",
    )
}

/// A supervisor reaches for a queue that is not theirs.
pub(in crate::runner) fn others_queue(queue: &str) -> Reply {
    Reply::say(format!("“{queue}” is not one of the queues that you supervise."))
}

/// Why a chat was not given to an agent.
pub(in crate::runner) fn not_assigned(number: u64, agent: &str, why: Ignored) -> Reply {
    Reply::say(match why {
        Ignored::Unavailable | Ignored::LoggedOff => format!(
            "{agent} cannot be asked now: not ready, being asked for another chat, or with as many \
             chats as they can have. `!agents` shows who is free."
        ),
        Ignored::Stale => format!("Chat {number} does not wait for an agent."),
        other => format!("Chat {number} was not given to {agent}: {other}."),
    })
}

/// Why a chat was not put into another queue.
pub(in crate::runner) fn not_moved(number: u64, queue: &str, why: Ignored) -> Reply {
    Reply::say(match why {
        Ignored::Stale | Ignored::Duplicate => format!("Chat {number} is in “{queue}” already."),
        other => format!("Chat {number} was not moved to “{queue}”: {other}."),
    })
}

/// Something could not be handled.
pub(in crate::runner) fn put_aside(key: &str) -> Reply {
    Reply::say(format!(
        "Something that arrived could not be handled and was put aside, as `{key}` among the bridge's \
         quarantined records. Everything else goes on. The bridge's log tells more; please report it."
    ))
}

/// Something that was written as a command and was not obeyed. In a chat's room its author must know
/// that the customer did not get it.
pub(in crate::runner) fn refused(why: &str, said: &Said) -> Reply {
    match said.place.chat() {
        Some(_) => {
            let end = if why.ends_with(['.', '?', '!']) { "" } else { "." };
            Reply::say(format!("Not sent to the customer: {why}{end}"))
        }
        None => Reply::say(why),
    }
}
