//! The example, and what is said about mistakes in it.

use std::path::Path;

use super::{Config, ConfigError, LogFormat, StoreKind};
use crate::appservice::registration::registration;

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
        .filter(|line| !line.contains("mention_waiting"))
        .collect::<Vec<_>>()
        .join("\n");
    let bare = load(&bare).expect("defaults");
    assert_eq!(bare.queues[0].settings(), config.queues[0].settings());
    assert!(bare.settings().silent.is_empty() && config.settings().silent.is_empty());
    let silent = load(&EXAMPLE.replace("mention_waiting = true", "mention_waiting = false"));
    let silent = silent.expect("it can be switched off").settings().silent;
    assert_eq!(silent.len(), 1, "its agents are left in peace");
    assert_eq!(bare.agents[0].capacity, config.agents[0].capacity);
    assert_eq!(bare.appservice.prefix, config.appservice.prefix);
    assert_eq!(bare.gateway.abandon_after_seconds, config.gateway.abandon_after_seconds);
}

#[test]
fn every_mistake_is_told_with_its_path() {
    for (right, wrong, path) in [
        ("server_name = \"localhost\"", "server_name = \"not a name\"", "appservice.prefix"),
        ("url = \"http://127.0.0.1:8008\"", "url = \"ftp://x\"", "homeserver.url"),
        ("url = \"http://127.0.0.1:8008\"", "url = \"here\"", "homeserver.url"),
        ("listen = \"127.0.0.1:9010\"", "listen = \"somewhere\"", "appservice.listen"),
        ("as_token = \"change-me-", "as_token = \" change-me-", "appservice.as_token"),
        ("kind = \"sled\"", "kind = \"mysql\"", "store.kind"),
        ("level = \"info\"", "level = \"a=b=c\"", "log.level"),
        ("format = \"human\"", "format = \"xml\"", "log.format"),
        ("id = \"support\"", "id = \"Support!\"", "queues[0].id"),
        ("name = \"Support\"", "name = \" \"", "queues[0].name"),
        (
            "request_timeout_seconds = 45",
            "request_timeout_seconds = 0",
            "queues[0].request_timeout_seconds",
        ),
        (
            "request_timeout_seconds = 45",
            "request_timeout_seconds = -1",
            "queues[0].request_timeout_seconds",
        ),
        ("max_wait_seconds = 1800", "max_wait_seconds = 9999999", "queues[0].max_wait_seconds"),
        ("@anna:localhost", "anna", "agents[0].id"),
        ("@ben:localhost", "@anna:localhost", "agents[1].id"),
        ("name = \"Ben\"", "name = \"\"", "agents[1].name"),
        ("capacity = 3", "capacity = 0", "agents[0].capacity"),
        ("@admin:localhost", "admin", "administrators[0].id"),
        ("id = \"shop\"", "id = \"My shop\"", "sites[0].id"),
        ("queue = \"support\"", "queue = \"sales\"", "sites[0].queue"),
        ("\"http://127.0.0.1:9020\"", "\"http://127.0.0.1:9020/\"", "sites[0].origins[0]"),
        ("#0b6e4f", "green", "sites[0].colour"),
        ("public_url = \"http://127.0.0.1:9011\"", "public_url = \"x:\"", "gateway.public_url"),
        (
            "abandon_after_seconds = 120",
            "abandon_after_seconds = 1",
            "gateway.abandon_after_seconds",
        ),
        ("[operations]", "[operation]", "operation"),
    ] {
        assert!(EXAMPLE.contains(right), "the example has no `{right}`");
        let error = load(&EXAMPLE.replacen(right, wrong, 1)).expect_err(wrong);
        let ConfigError::Invalid { problems, .. } = &error else { panic!("{wrong}: {error}") };
        let told = problems
            .iter()
            .any(|problem| problem.path.starts_with(path) || problem.message.contains(path));
        assert!(told, "{wrong}: {error}");
        assert!(!error.to_string().contains("change-me"), "no secrets: {error}");
    }
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
