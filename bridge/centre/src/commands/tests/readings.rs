//! What texts mean: a table for each group of commands.

use crate::{
    change::fields::{
        AgentFields, GeneralFields, MessageFields, Names, OverflowChoice, QueueFields, SiteFields,
    },
    commands::{
        AgentCommand, Command, ConfigCommand, HoursCommand, KeyCommand, MessageCommand, Period,
        ProfileCommand, QueueCommand, RoleCommand, SiteCommand, parse,
    },
    duration::Seconds,
    model::{Algorithm, Role, Served, Target},
};

fn text(text: &str) -> String {
    text.to_owned()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn names(list: &[&str]) -> Names {
    Names(words(list))
}

fn reads(rows: Vec<(&str, Command)>) {
    for (line, expected) in rows {
        assert_eq!(parse(line), Ok(expected), "{line}");
    }
}

#[test]
fn agents_commands() {
    let help = |path: &[&str]| Command::Help { words: words(path) };
    reads(vec![
        ("!", help(&[])),
        ("", help(&[])),
        ("!help", help(&[])),
        ("!he queue set", help(&["queue", "set"])),
        ("!queue set --help", help(&["queue", "set"])),
        ("!queue help", help(&["queue"])),
        ("!queue", help(&["queue"])),
        ("!site key", help(&["site", "key"])),
        ("!login", Command::Login { profile: vec![] }),
        ("!login sales-and-support", Command::Login { profile: words(&["sales-and-support"]) }),
        ("!login Sales & support", Command::Login { profile: words(&["Sales", "&", "support"]) }),
        ("!logi “Ü 名前”", Command::Login { profile: words(&["Ü 名前"]) }),
        ("!logout", Command::Logout),
        ("! ready", Command::Ready),
        ("!READY", Command::Ready),
        ("!pause", Command::Pause { reason: vec![] }),
        ("!pause Ben's lunch", Command::Pause { reason: words(&["Ben's", "lunch"]) }),
        ("!pause - back at 1", Command::Pause { reason: words(&["-", "back", "at", "1"]) }),
        ("!pause --really", Command::Pause { reason: words(&["--really"]) }),
        ("!pause-after", Command::PauseAfter),
        ("!pause-", Command::PauseAfter),
        ("!status", Command::Status),
        ("!e", Command::End { rest: vec![] }),
        ("!history", Command::History { number: None }),
        ("!history #42", Command::History { number: Some(42) }),
        ("!end", Command::End { rest: vec![] }),
        ("END now", Command::End { rest: words(&["now"]) }),
    ]);
}

#[test]
fn supervisors_commands() {
    reads(vec![
        ("!queues", Command::Queues),
        ("!agents", Command::Agents),
        ("!waiting", Command::Waiting { queue: None }),
        ("!w \"Sales & more\"", Command::Waiting { queue: Some(text("Sales & more")) }),
        ("!chat 42", Command::Chat { number: 42 }),
        ("!chat #42", Command::Chat { number: 42 }),
        ("!assign 42 @anna:x.org", Command::Assign { number: 42, agent: text("@anna:x.org") }),
        ("!move 42 support", Command::Move { number: 42, queue: text("support") }),
        ("!stats", Command::Stats { period: Period::Today }),
        ("!stats Week", Command::Stats { period: Period::Week }),
        ("!message list", Command::Message(MessageCommand::List { queue: None })),
        ("!mes l sales", Command::Message(MessageCommand::List { queue: Some(text("sales")) })),
        ("!message show hello", Command::Message(MessageCommand::Show { id: text("hello") })),
        (
            "!message add hello --text “Hello {{customer.name|there}},\nI am {{agent.name}}.”",
            Command::Message(MessageCommand::Add {
                id: text("hello"),
                fields: MessageFields {
                    text: Some(text("Hello {{customer.name|there}},\nI am {{agent.name}}.")),
                    ..MessageFields::default()
                },
            }),
        ),
        (
            "!message set hello --title=\"- Hi -\" --group Start --queues sales,support",
            Command::Message(MessageCommand::Set {
                id: text("hello"),
                fields: MessageFields {
                    title: Some(text("- Hi -")),
                    group: Some(text("Start")),
                    queues: Some(names(&["sales", "support"])),
                    ..MessageFields::default()
                },
            }),
        ),
        ("!message delete hello", Command::Message(MessageCommand::Delete { id: text("hello") })),
    ]);
}

#[test]
fn commands_about_queues() {
    let set = |fields| {
        Command::Queue(QueueCommand::Set { queue: text("sales"), fields: Box::new(fields) })
    };
    let hours = |hours| Command::Queue(QueueCommand::Hours(hours));
    let week = |list: &[&str], zone: Option<&str>| {
        hours(HoursCommand::Set {
            queue: text("sales"),
            week: words(list),
            time_zone: zone.map(text),
        })
    };
    reads(vec![
        ("!queue list", Command::Queue(QueueCommand::List)),
        ("!queue show sales", Command::Queue(QueueCommand::Show { queue: text("sales") })),
        (
            "!queue add sales —name „Verkauf“",
            Command::Queue(QueueCommand::Add {
                id: text("sales"),
                fields: Box::new(QueueFields {
                    name: Some(text("Verkauf")),
                    ..QueueFields::default()
                }),
            }),
        ),
        (
            "!queue set sales --strategy round-robin --request-timeout 1m --max-wait never",
            set(QueueFields {
                strategy: Some(switchboard_engine::Strategy::RoundRobin),
                request_timeout: Some(Seconds(60)),
                max_wait: Some(Seconds(0)),
                ..QueueFields::default()
            }),
        ),
        (
            "!queue set sales --overflow queue:support --overflow-after 2m --overflow-when yes",
            set(QueueFields {
                overflow: Some(OverflowChoice::To(Target::Queue(text("support")))),
                overflow_after: Some(Seconds(120)),
                overflow_when_nobody_ready: Some(true),
                ..QueueFields::default()
            }),
        ),
        (
            "!queue set sales --overflow none --greeting \"\" --mention-waiting off",
            set(QueueFields {
                overflow: Some(OverflowChoice::None),
                greeting: Some(String::new()),
                mention_waiting: Some(false),
                ..QueueFields::default()
            }),
        ),
        ("!queue set sales", set(QueueFields::default())),
        (
            "!queue delete sales",
            Command::Queue(QueueCommand::Delete { queue: text("sales"), move_to: None }),
        ),
        (
            "!queue del sales --move support",
            Command::Queue(QueueCommand::Delete {
                queue: text("sales"),
                move_to: Some(text("support")),
            }),
        ),
        ("!queue hours show sales", hours(HoursCommand::Show { queue: text("sales") })),
        ("!queue hours set sales \"mon-fri 09:00-17:00\"", week(&["mon-fri 09:00-17:00"], None)),
        (
            "!queue hours set sales mon-fri 9:00-12:00, 13:00-17:00 sat 10:00-14:00 --time-zone UTC",
            week(&["mon-fri", "9:00-12:00,", "13:00-17:00", "sat", "10:00-14:00"], Some("UTC")),
        ),
        ("!queue hours set sales --time-zone Europe/Berlin", week(&[], Some("Europe/Berlin"))),
        ("!queue hours always sales", hours(HoursCommand::Always { queue: text("sales") })),
        (
            "!queue hours add-exception sales 2026-12-24 10:00 - 14:00",
            hours(HoursCommand::AddException {
                queue: text("sales"),
                date: "2026-12-24".parse().expect("a date"),
                hours: words(&["10:00", "-", "14:00"]),
            }),
        ),
        (
            "!queue hours remove-exception sales 2026-12-24",
            hours(HoursCommand::RemoveException {
                queue: text("sales"),
                date: "2026-12-24".parse().expect("a date"),
            }),
        ),
    ]);
}

#[test]
fn commands_about_profiles() {
    reads(vec![
        ("!profile list", Command::Profile(ProfileCommand::List)),
        ("!profile show days", Command::Profile(ProfileCommand::Show { profile: text("days") })),
        (
            "!profile add days sales support:2:30s --name \"By day\"",
            Command::Profile(ProfileCommand::Add {
                id: text("days"),
                queues: vec![
                    Served::new("sales"),
                    Served { queue: text("support"), priority: 2, delay_seconds: 30 },
                ],
                name: Some(text("By day")),
            }),
        ),
        (
            "!profile set days --queues sales,support:2",
            Command::Profile(ProfileCommand::Set {
                profile: text("days"),
                name: None,
                queues: Some(vec![
                    Served::new("sales"),
                    Served { priority: 2, ..Served::new("support") },
                ]),
            }),
        ),
        (
            "!profile serve days support --priority 2 --delay 1m",
            Command::Profile(ProfileCommand::Serve {
                profile: text("days"),
                queue: text("support"),
                priority: 2,
                delay: Seconds(60),
            }),
        ),
        (
            "!profile unserve days support",
            Command::Profile(ProfileCommand::Unserve {
                profile: text("days"),
                queue: text("support"),
            }),
        ),
        (
            "!profile delete days",
            Command::Profile(ProfileCommand::Delete { profile: text("days") }),
        ),
    ]);
}

#[test]
fn commands_about_people() {
    let carla = || text("@carla:x.org");
    reads(vec![
        ("!agent list", Command::Agent(AgentCommand::List)),
        (
            "!agent add @carla:x.org --name \"Carla Ü.\" --capacity 4",
            Command::Agent(AgentCommand::Add {
                user: carla(),
                fields: AgentFields {
                    name: Some(text("Carla Ü.")),
                    capacity: Some(4),
                    profiles: None,
                },
            }),
        ),
        (
            "!agent set @carla:x.org --profiles all",
            Command::Agent(AgentCommand::Set {
                user: carla(),
                fields: AgentFields { profiles: Some(names(&[])), ..AgentFields::default() },
            }),
        ),
        ("!agent remove @carla:x.org", Command::Agent(AgentCommand::Remove { user: carla() })),
        ("!role list", Command::Role(RoleCommand::List)),
        (
            "!role add @carla:x.org supervisor --queues sales",
            Command::Role(RoleCommand::Add {
                user: carla(),
                role: Role::Supervisor,
                queues: Some(names(&["sales"])),
            }),
        ),
        (
            "!role remove @carla:x.org Admin",
            Command::Role(RoleCommand::Remove { user: carla(), role: Role::Administrator }),
        ),
    ]);
}

#[test]
fn commands_about_sites() {
    let site = |command| Command::Site(command);
    reads(vec![
        ("!site list", site(SiteCommand::List)),
        ("!site show shop", site(SiteCommand::Show { site: text("shop") })),
        (
            "!site add shop --title Shop --origins https://a.example,https://b.example --queues all",
            site(SiteCommand::Add {
                id: text("shop"),
                fields: Box::new(SiteFields {
                    title: Some(text("Shop")),
                    origins: Some(names(&["https://a.example", "https://b.example"])),
                    queues: Some(names(&[])),
                    ..SiteFields::default()
                }),
            }),
        ),
        (
            "!site set shop --ask-name yes --federate no --colour #0b6e4f",
            site(SiteCommand::Set {
                site: text("shop"),
                fields: Box::new(SiteFields {
                    ask_name: Some(true),
                    federate: Some(false),
                    colour: Some(text("#0b6e4f")),
                    ..SiteFields::default()
                }),
            }),
        ),
        (
            "!site text shop send \"Send it\"",
            site(SiteCommand::Text {
                site: text("shop"),
                name: text("send"),
                text: Some(text("Send it")),
            }),
        ),
        (
            "!site variable shop order \"Order number\"",
            site(SiteCommand::Variable {
                site: text("shop"),
                name: text("order"),
                label: Some(text("Order number")),
            }),
        ),
        ("!site delete shop", site(SiteCommand::Delete { site: text("shop") })),
        (
            "!site key add shop",
            site(SiteCommand::Key(KeyCommand::Add {
                site: text("shop"),
                algorithm: Algorithm::Hs256,
                public_key: None,
            })),
        ),
        (
            "!site key rotate shop --algorithm EdDSA --public-key -abc",
            site(SiteCommand::Key(KeyCommand::Rotate {
                site: text("shop"),
                algorithm: Algorithm::Eddsa,
                public_key: Some(text("-abc")),
            })),
        ),
        (
            "!site key remove shop k1",
            site(SiteCommand::Key(KeyCommand::Remove { site: text("shop"), key: text("k1") })),
        ),
    ]);
}

#[test]
fn commands_about_everything() {
    let pasted = |dry_run, file: Option<&str>| {
        Command::Config(ConfigCommand::Import { dry_run, file: file.map(text) })
    };
    reads(vec![
        ("!config show", Command::Config(ConfigCommand::Show)),
        ("!config export", Command::Config(ConfigCommand::Export)),
        (
            "!config set --misses 3",
            Command::Config(ConfigCommand::Set {
                fields: GeneralFields { misses: Some(3), time_zone: None },
            }),
        ),
        ("!config import --dry-run", pasted(true, None)),
        (
            "!conf imp\n```toml\nmisses = 3\n# it's\n```",
            pasted(false, Some("misses = 3\n# it's\n")),
        ),
        ("!config import --dry-run\nmisses = 3", pasted(true, Some("misses = 3"))),
        ("!audit", Command::Audit { count: 20 }),
        ("!audit 5", Command::Audit { count: 5 }),
    ]);
}
