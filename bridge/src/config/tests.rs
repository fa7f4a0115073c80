//! The example, and what is said about mistakes in it.

use std::path::Path;

use figment::{
    Figment,
    providers::{Format as _, Toml},
};
use switchboard_centre::Centre;

use super::{Config, ConfigError, LogFormat, StoreKind};
use crate::{appservice::registration::registration, media::config::FilesConfig};

const EXAMPLE: &str = include_str!("../../../config/switchboard.example.toml");

fn load(text: &str) -> Result<Config, ConfigError> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    Config::load(file.path())
}

#[test]
fn the_example_is_valid_and_shows_the_defaults() {
    let config = load(EXAMPLE).expect("the example");
    assert_eq!(config.store.kind, StoreKind::Sled);
    assert_eq!(config.log.format, LogFormat::Human);
    assert_eq!(config.agents.len(), 2);
    // What the example says is what is used where nothing is said.
    let bare = EXAMPLE
        .lines()
        .filter(|line| !line.contains("_seconds = ") && !line.contains("max_length"))
        .filter(|line| !line.contains("capacity") && !line.contains("prefix"))
        .filter(|line| !line.contains("mention_waiting") && !line.contains("retention_days"))
        .collect::<Vec<_>>()
        .join("\n");
    let bare = load(&bare).expect("defaults");
    assert_eq!(bare.queues, config.queues);
    assert!(config.queues[0].mention_waiting);
    let silent = load(&EXAMPLE.replace("mention_waiting = true", "mention_waiting = false"));
    assert!(!silent.expect("it can be switched off").queues[0].mention_waiting);
    let retained = load(&EXAMPLE.replace("retention_days = 0", "retention_days = 7"));
    assert_eq!(retained.expect("chats can be deleted").queues[0].retention_days, 7);
    assert_eq!(bare.agents[0].capacity, config.agents[0].capacity);
    assert_eq!(bare.appservice.prefix, config.appservice.prefix);
    assert_eq!(bare.gateway.abandon_after_seconds, config.gateway.abandon_after_seconds);
}

/// The paths of the mistakes that are told about the example with `right` made `wrong`.
fn mistakes(right: &str, wrong: &str) -> Vec<String> {
    assert!(EXAMPLE.contains(right), "the example has no `{right}`");
    let error = load(&EXAMPLE.replacen(right, wrong, 1)).expect_err(wrong);
    let ConfigError::Invalid { problems, .. } = &error else { panic!("{wrong}: {error}") };
    assert!(!error.to_string().contains("change-me"), "no secrets: {error}");
    problems.iter().map(|problem| problem.path.clone()).collect()
}

#[test]
fn every_mistake_is_told_with_its_path() {
    for (right, wrong, path) in [
        ("server_name = \"localhost\"", "server_name = \"not a name\"", "homeserver.server_name"),
        ("server_name = \"localhost\"", "server_name = \"\"", "homeserver.server_name"),
        ("server_name = \"localhost\"\n", "", "homeserver.server_name"),
        ("url = \"http://127.0.0.1:8008\"", "url = \"ftp://x\"", "homeserver.url"),
        ("url = \"http://127.0.0.1:8008\"", "url = \"here\"", "homeserver.url"),
        ("url = \"http://127.0.0.1:8008\"\n", "", "homeserver.url"),
        ("url = \"http://127.0.0.1:9010\"", "url = \"unix:/socket\"", "appservice.url"),
        ("url = \"http://127.0.0.1:9010\"", "url = \"127.0.0.1:9010\"", "appservice.url"),
        ("listen = \"127.0.0.1:9010\"", "listen = \"somewhere\"", "appservice.listen"),
        ("listen = \"127.0.0.1:9011\"", "listen = \"127.0.0.1\"", "gateway.listen"),
        ("listen = \"127.0.0.1:9011\"", "listen = \"127.0.0.1:99999\"", "gateway.listen"),
        ("listen = \"127.0.0.1:9012\"", "listen = 9012", "operations.listen"),
        ("listen = \"127.0.0.1:9012\"\n", "", "operations.listen"),
        ("as_token = \"change-me-", "as_token = \" change-me-", "appservice.as_token"),
        ("hs_token = \"change-me-", "hs_token = \"ü\u{a0}change-me-", "appservice.hs_token"),
        ("id = \"switchboard\"", "id = \" \"", "appservice.id"),
        ("prefix = \"switchboard\"", "prefix = \"Switch board\"", "appservice.prefix"),
        ("prefix = \"switchboard\"", "prefix = \"\"", "appservice.prefix"),
        ("trusted_proxies = []", "trusted_proxies = [\"proxy\"]", "gateway.trusted_proxies[0]"),
        (
            "trusted_proxies = []",
            "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]",
            "gateway.trusted_proxies[1]",
        ),
        ("kind = \"sled\"", "kind = \"mysql\"", "store.kind"),
        ("level = \"info\"", "level = \"a=b=c\"", "log.level"),
        ("format = \"human\"", "format = \"xml\"", "log.format"),
        ("name = \"Support\"", "name = \" \"", "queues[0].name"),
        ("name = \"Support\"\n", "", "queues[0].name"),
        ("@anna:localhost", "anna", "agents[0].id"),
        ("@ben:localhost", "@anna:localhost", "agents[1].id"),
        ("name = \"Ben\"", "name = \"\"", "agents[1].name"),
        ("capacity = 3", "capacity = 0", "agents[0].capacity"),
        ("capacity = 3", "capacity = 101", "agents[0].capacity"),
        ("capacity = 3", "capacity = \"three\"", "agents[0].capacity"),
        ("@admin:localhost", "admin", "administrators[0].id"),
        ("id = \"shop\"", "id = \"My shop\"", "sites[0].id"),
        ("title = \"Chat with us\"", "title = \"\"", "sites[0].title"),
        ("queue = \"support\"", "queue = \"sales\"", "sites[0].queues"),
        ("\"http://127.0.0.1:9020\"", "\"http://127.0.0.1:9020/\"", "sites[0].origins[0]"),
        ("#0b6e4f", "green", "sites[0].colour"),
        ("ask_name = true", "ask_name = \"yes\"", "sites[0].ask_name"),
        ("public_url = \"http://127.0.0.1:9011\"", "public_url = \"x:\"", "gateway.public_url"),
        (
            "abandon_after_seconds = 120",
            "abandon_after_seconds = 1",
            "gateway.abandon_after_seconds",
        ),
        ("strategy = \"longest_idle\"", "strategy = \"random\"", "queues[0].strategy"),
        ("@anna:localhost\"", "@anna:localhost\"\nprofiles = [\"night\"]", "agents[0].profiles"),
        ("[homeserver]", "misses = 101\n[homeserver]", "misses"),
        ("[homeserver]", "misses = -1\n[homeserver]", "misses"),
        ("@anna:localhost", "@switchboard:localhost", "agents[0].id"),
        ("@admin:localhost", "@switchboard_c_17:localhost", "administrators[0].id"),
        (
            "[homeserver]",
            "supervisors = [{ id = \"@switchboard_appservice:localhost\" }]\n[homeserver]",
            "supervisors[0].id",
        ),
        ("[homeserver]", "time_zone = \"Moon\"\n[homeserver]", "time_zone"),
        ("[operations]", "[operation]", "operation"),
        ("[[agents]]", "[[agents]]\ncapacities = 3", "agents[0].capacities"),
    ] {
        assert_eq!(mistakes(right, wrong), [path], "{wrong}");
    }
    // The site's queue is gone with it.
    let paths = mistakes("id = \"support\"", "id = \"Support!\"");
    assert_eq!(paths, ["queues[0].id", "sites[0].queues"]);
}

#[test]
fn every_number_of_a_queue_has_bounds() {
    for (field, outside) in [
        ("request_timeout_seconds", [-1, 0, 3601]),
        ("second_round_after_seconds", [-1, -20, 3601]),
        ("max_wait_seconds", [-1, -1800, 604_801]),
        ("return_grace_seconds", [-1, -30, 3601]),
        ("close_after_seconds", [-1, -600, 604_801]),
        ("max_length", [-1, 0, 100_001]),
        ("max_pending_messages", [-1, 0, 1001]),
        ("retention_days", [-1, -7, 36_501]),
    ] {
        let line = EXAMPLE.lines().find(|line| line.starts_with(field)).unwrap_or_default();
        for value in outside {
            // One that the example does not name is added.
            let right = if line.is_empty() { "name = \"Support\"" } else { line };
            let kept = if line.is_empty() { "name = \"Support\"\n" } else { "" };
            let wrong = format!("{kept}{field} = {value}");
            assert_eq!(mistakes(right, &wrong), [format!("queues[0].{field}")], "{wrong}");
        }
    }
}

#[test]
fn every_limit_of_the_gateway_is_checked() {
    for field in [
        "chats_per_hour_per_address",
        "chats_burst_per_address",
        "chats_per_minute_per_site",
        "messages_per_minute_per_session",
        "messages_burst_per_session",
        "frames_per_second",
        "frames_burst",
        "flood_frames_per_second",
        "sockets_per_address",
        "sockets_per_session",
        "handshakes_per_minute_per_address",
        "requests_per_second_per_address",
        "requests_burst_per_address",
        "connections",
    ] {
        for value in ["0", "-1", "\"many\"", "4294967296"] {
            let wrong = format!("[gateway.limits]\n{field} = {value}\n[operations]");
            let path = format!("gateway.limits.{field}");
            assert_eq!(mistakes("[operations]", &wrong), [path], "{wrong}");
        }
    }
    let wrong = "[gateway.limits]\nframes = 1\n[operations]";
    assert_eq!(mistakes("[operations]", wrong), ["gateway.limits.frames"]);
}

#[test]
fn what_must_be_there_once_is_there_once() {
    let second_queue = "[[queues]]\nid = \"support\"\nname = \"Again\"\n\n[[agents]]";
    assert_eq!(mistakes("[[agents]]", second_queue), ["queues[1].id"]);
    let (before, site) = EXAMPLE.split_at(EXAMPLE.find("[[sites]]").expect("a site"));
    let paths = |text: &str| match load(text) {
        Err(ConfigError::Invalid { problems, .. }) => {
            problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        }
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(paths(&format!("{before}{site}\n{site}")), ["sites[1].id"]);
    assert_eq!(paths(before), ["sites"]);
    assert_eq!(paths(&format!("sites = []\n{before}")), ["sites"]);
    // Without any table of agents or queues.
    let without = |name: &str| {
        let mut skipping = false;
        let lines = EXAMPLE.lines().filter(|line| {
            if line.starts_with('[') {
                skipping = *line == format!("[[{name}]]");
            }
            !skipping
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(paths(&without("agents")), ["agents"]);
    assert_eq!(paths(&format!("agents = []\n{}", without("agents"))), ["agents"]);
    assert_eq!(paths(&without("queues")), ["queues"]);
    let nowhere = format!("queues = []\n{}", without("queues"));
    assert_eq!(paths(&nowhere), ["queues", "sites[0].queues"]);
}

#[test]
fn short_and_equal_tokens_are_refused() {
    let as_token = EXAMPLE.lines().find(|line| line.starts_with("as_token")).expect("a token");
    let short = EXAMPLE.replacen(as_token, "as_token = \"short\"", 1);
    let error = load(&short).expect_err("too short").to_string();
    assert!(error.contains("appservice.as_token") && error.contains("32"), "{error}");
    let hs_token = EXAMPLE.lines().find(|line| line.starts_with("hs_token")).expect("a token");
    let same = EXAMPLE.replacen(hs_token, &as_token.replacen("as_token", "hs_token", 1), 1);
    let error = load(&same).expect_err("equal").to_string();
    assert!(error.contains("appservice.hs_token: must differ"), "{error}");
}

#[test]
fn secrets_come_from_files_too() {
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), format!("{}\n", "s".repeat(40))).expect("written");
    let as_token = EXAMPLE.lines().find(|line| line.starts_with("as_token")).expect("a token");
    let line = format!("as_token_file = \"{}\"", secret.path().display());
    let config = load(&EXAMPLE.replacen(as_token, &line, 1)).expect("a secret from a file");
    assert_eq!(config.appservice.as_token.reveal(), "s".repeat(40));
    let missing = EXAMPLE.replacen(as_token, "as_token_file = \"/nowhere\"", 1);
    let error = load(&missing).expect_err("no file").to_string();
    assert!(error.contains("appservice.as_token_file: cannot read /nowhere"), "{error}");
    assert!(!format!("{config:?}").contains("ssss"));
    let hs_token = EXAMPLE.lines().find(|line| line.starts_with("hs_token")).expect("a token");
    for (token, name) in [(as_token, "as_token_file"), (hs_token, "hs_token_file")] {
        let path = format!("appservice.{name}");
        assert_eq!(mistakes(token, &format!("{name} = \"/nowhere\"")), [path]);
    }
}

/// Everything that the file form has reaches the centre.
#[test]
fn all_tables_of_the_centre_are_taken() {
    let centre = include_str!("../../centre/tests/centre/shop.toml");
    let (first, tables) = centre.split_at(centre.find("[homeserver]").expect("a table"));
    let tables = tables.split_once("[[queues]]").expect("queues").1;
    let bridge = &EXAMPLE[..EXAMPLE.find("[[queues]]").expect("queues")];
    let config = load(&format!("misses = 7\n{first}{bridge}[[queues]]{tables}")).expect("valid");
    let mut expected = Centre::from_toml(centre).expect("valid");
    expected.misses = 7;
    assert_eq!(config.centre(), expected);
    assert!(!format!("{config:?}").contains("ssss"), "no secrets");
}

#[test]
fn the_secret_of_a_key_is_not_shown_even_if_it_is_no_text() {
    for wrong in ["1234567890123", "true", "[\"change-me\"]", "{ secret = \"change-me\" }"] {
        let key = format!(
            "{EXAMPLE}\n[[sites.keys]]\nid = \"k\"\nalgorithm = \"hs256\"\nsecret = {wrong}\n"
        );
        let error = load(&key).expect_err(wrong).to_string();
        assert!(error.contains("  sites[0].keys[0].secret: "), "{error}");
        assert!(!error.contains("1234") && !error.contains("change-me"), "{error}");
    }
}

#[test]
fn a_secret_is_not_shown_even_if_it_is_no_text() {
    let token = EXAMPLE.lines().find(|line| line.starts_with("as_token")).expect("a token");
    for wrong in ["1234567890123", "true", "[\"change-me\"]", "{ secret = \"change-me\" }"] {
        let text = EXAMPLE.replacen(token, &format!("as_token = {wrong}"), 1);
        let error = load(&text).expect_err(wrong).to_string();
        assert!(error.contains("  appservice.as_token: "), "{error}");
        assert!(!error.contains("1234") && !error.contains("change-me"), "{error}");
    }
}

#[test]
fn what_is_no_toml_and_what_is_no_file() {
    let error = load("homeserver = [").expect_err("not TOML");
    assert!(matches!(error, ConfigError::Invalid { .. }), "{error}");
    let error = Config::load(Path::new("/nowhere.toml")).expect_err("no file");
    assert!(error.to_string().contains("/nowhere.toml"), "{error}");
}

#[test]
fn the_registration_has_all_that_the_homeserver_needs() {
    let config = load(EXAMPLE).expect("the example");
    let names = config.namespace().expect("valid");
    insta::assert_snapshot!(registration(&config, &names));
}

#[test]
fn settings_of_files_have_bounds() {
    let files = |text: &str| {
        let read = Figment::from(Toml::string(text)).extract::<FilesConfig>();
        read.unwrap()
    };
    assert_eq!(files("").problems(), []);
    for (text, path) in [
        ("max_bytes = 0", "files.max_bytes"),
        ("max_bytes = 20971521", "files.max_bytes"),
        ("scanner = \"/run/clamd\"", "files.scanner"),
        ("scanner = \"tcp:localhost\"", "files.scanner"),
        ("scanner = \"unix:clamd\"", "files.scanner"),
    ] {
        let found: Vec<_> = files(text).problems().into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, [path], "{text}");
    }
    for text in ["scanner = \"tcp:localhost:3310\"", "scanner = \"unix:/run/clamd.ctl\""] {
        assert_eq!(files(text).problems(), [], "{text}");
    }
}
