//! What is told at desks, in both forms.

use std::fmt::Write as _;

use switchboard_engine::{AgentId, ChatId};

use super::*;
use crate::{outbox::effect::Asked, place::Place};

fn centre() -> Centre {
    let text = r#"
agents = [{ id = "@anna:localhost", name = "Anna <3" }]
profiles = [
    { id = "sales", name = "Sales & more", queues = [{ queue = "sales" }] },
    { id = "all", name = "All of it", queues = [{ queue = "sales" }, { queue = "help" }] },
    { id = "salvage", name = "**Bold** `code`", queues = [{ queue = "help" }] },
]
queues = [{ id = "sales", name = "Sales" }, { id = "help", name = "Help" }]
"#;
    Centre::from_toml(text).expect("valid")
}

fn profiles() -> Vec<Profile> {
    centre().profiles_of("@anna:localhost")
}

fn said(place: Place) -> Said {
    let to = Asked { event: "$event".to_owned(), thread: None };
    Said { user: "@anna:localhost".to_owned(), place, to }
}

#[test]
fn everything_in_both_forms() {
    let agent = AgentId("@anna:localhost".to_owned());
    let roles = |agent| Roles { agent, supervisor: true, administrator: false };
    let card = desk_card(Some("Anna <3"), roles(true), &profiles());
    assert_eq!(
        card.1,
        ["1\u{fe0f}\u{20e3}", "2\u{fe0f}\u{20e3}", "3\u{fe0f}\u{20e3}", YES, PAUSE, LOG_OFF]
    );
    let watches = desk_card(None, roles(false), &[]);
    assert!(watches.1.is_empty(), "who has no chats has nothing to press");
    let told = |status, why| status_changed(status, why).map(|(reply, _)| reply).expect("told");
    let profiles = profiles();
    let command = || Question::Command {
        user: agent.0.clone(),
        text: "queue delete sales".to_owned(),
        seen: None,
        version: None,
    };
    let log_off = || Question::LogOff { agent: agent.clone() };
    let ready = || Question::Ready { agent: agent.clone() };
    let pick = || Question::Profile { agent: agent.clone(), profiles: Vec::new() };
    let mut out = String::new();
    for (name, reply) in [
        ("the card", card.0),
        ("the card of a supervisor", watches.0),
        ("the card of the administrators' room", control_card()),
        ("the pick list", pick_profile(&profiles)),
        ("an unknown profile", find_profile(&profiles, "sails").expect_err("unknown")),
        ("several profiles", find_profile(&profiles, "sal").expect_err("two")),
        ("a profile that is gone", profile_gone(&profiles)),
        ("no profile is left", profile_gone(&[])),
        ("logged on", logged_on(&centre(), &profiles[1])),
        ("logged on with a strange name", logged_on(&centre(), &profiles[2])),
        ("ready", plain(READY)),
        ("paused", paused(None)),
        ("paused with a reason", paused(Some("lunch <at> **one**, `maybe`"))),
        ("pausing after one chat", pausing(1)),
        ("pausing after chats", pausing(3)),
        ("leaving a chat", leave_chats(1, true)),
        ("leaving chats", leave_chats(2, true)),
        ("leaving chats when logged off", leave_chats(2, false)),
        ("logged off", plain(LOGGED_OFF)),
        ("not responding", told(Status::NotResponding, StatusWhy::Missed)),
        ("chats over", told(Status::Paused, StatusWhy::ChatsOver)),
        ("profile gone", told(Status::LoggedOff, StatusWhy::ProfileGone)),
        ("only commands", only_commands()),
        ("encrypted", encrypted(Some("https://matrix.to/#/!a:b?via=b&via=c"))),
        ("encrypted and no desk", encrypted(None)),
        ("no answer to a pick", no_such_answer(&pick(), false)),
        ("no answer to a command", no_such_answer(&command(), true)),
        ("no answer to logging off", no_such_answer(&log_off(), true)),
        ("no answer to being ready", no_such_answer(&ready(), false)),
        ("a secret", new_secret("shop", "k1", "Zm9v-_<b>")),
        ("no file", no_file()),
        ("changed meanwhile", changed_meanwhile()),
        ("another's queue", others_queue("Sales")),
        ("not assigned", not_assigned(4, "Anna", Ignored::Unavailable)),
        ("nothing to assign", not_assigned(4, "Anna", Ignored::Stale)),
        ("not moved", not_moved(4, "Sales", Ignored::Duplicate)),
        ("put aside", put_aside("event:$x")),
        ("refused at the desk", refused("there is no command `!x`; see", &said(Place::Control {}))),
        ("refused in a chat", refused("did you mean `!end`?", &said(Place::Chat(ChatId(1))))),
        ("refused in a chat, no stop", refused("no", &said(Place::Chat(ChatId(1))))),
    ] {
        let _ = writeln!(out, "== {name}\n{}\n-- html\n{}\n", reply.text, reply.html);
        assert_eq!(reply.html.matches("<b>").count(), reply.html.matches("</b>").count(), "{name}");
    }
    insta::assert_snapshot!("told_at_the_desk", out);
}

#[test]
fn what_was_asked_for_is_not_told_again() {
    for status in [Status::Ready, Status::Paused, Status::LoggedOff, Status::NotResponding] {
        assert!(status_changed(status, StatusWhy::Asked).is_none(), "{status:?}");
    }
}

#[test]
fn strong_words_are_marked_in_the_formatted_text_only() {
    for (given, text, html) in [
        ("**a** b", "a b", "<p><b>a</b> b</p>"),
        ("a **b** c **d**", "a b c d", "<p>a <b>b</b> c <b>d</b></p>"),
        ("a `b` <c>", "a `b` <c>", "<p>a <code>b</code> &lt;c&gt;</p>"),
        ("a\n**b**", "a\nb", "<p>a<br><b>b</b></p>"),
    ] {
        let reply = plain(given);
        assert_eq!((reply.text.as_str(), reply.html.as_str()), (text, html), "{given}");
    }
}

#[test]
fn a_profile_is_found_by_id_name_or_beginning() {
    let profiles = profiles();
    for (name, expected) in [
        ("sales", Ok("sales")),
        ("SALES & MORE", Ok("sales")),
        (" salv ", Ok("salvage")),
        ("all of", Ok("all")),
        ("ALL", Ok("all")),
        ("sal", Err("Several profiles")),
        ("salse", Err("did you mean `sales`?")),
        ("zzz", Err("there are: `sales`, `all`, `salvage`")),
        ("`", Err("There is no profile `'` for you")),
    ] {
        match (find_profile(&profiles, name), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name}"),
            (Err(told), Err(part)) => assert!(told.text.contains(part), "{name}: {}", told.text),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    assert!(find_profile(&[], "x").expect_err("none").text.contains("there are none yet"));
}

#[test]
fn what_is_too_long_for_an_event_is_cut_between_characters() {
    let message = |text: String, html: Option<String>| Message { text, html, ..Message::default() };
    let short = fit(message("ä".repeat(1000), Some("<p>x</p>".to_owned())));
    assert_eq!((short.text.chars().count(), short.html.is_some()), (1000, true));
    for letter in ["x", "ä", "😀", "\n", "\""] {
        let long = fit(message(letter.repeat(MAX_BYTES - 20 * 1024), None));
        let whole = serde_json::json!({ "body": long.text }).to_string().len();
        assert!(whole < 60 * 1024, "{letter}: {whole}");
        let long = fit(message(letter.repeat(MAX_BYTES + 1), None));
        assert!(long.text.ends_with("too long for one message.)"), "{letter}");
        let whole = serde_json::json!({ "body": long.text }).to_string().len();
        assert!(whole < 60 * 1024, "{letter}: {whole}");
    }
    let html = fit(message("short".to_owned(), Some("x".repeat(MAX_BYTES))));
    assert_eq!(html.html, None);
    assert!(html.text.starts_with("short"));
}

/// Nobody can have so many profiles that a reaction would be missing.
#[test]
fn the_first_nine_profiles_have_a_reaction() {
    let queues: Vec<Served> = vec![Served::new("q")];
    let profile =
        |n: usize| Profile { id: format!("p{n}"), name: format!("P{n}"), queues: queues.clone() };
    let profiles: Vec<Profile> = (1..=12).map(profile).collect();
    let roles = Roles { agent: true, supervisor: false, administrator: false };
    let (card, keys) = desk_card(None, roles, &profiles);
    assert_eq!(keys.len(), KEYCAPS.len() + 3);
    assert!(card.text.contains("P9") && !card.text.contains("P10"), "{}", card.text);
    assert!(card.text.contains("`!login` shows all"), "the rest is mentioned: {}", card.text);
    let list = pick_profile(&profiles);
    assert!(list.text.contains("• P12 (`!login p12`)"), "{}", list.text);
}
