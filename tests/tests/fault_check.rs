//! What `switchboard check` and the other commands say about mistakes, and how to mend them.

use std::process::Output;

use axum::Router;
use switchboard_tests::{
    bridge::{Bridge, BridgeConfig, binary},
    fake::Homeserver,
};
use tokio::{net::TcpListener, process::Command};

/// `switchboard <arguments>` with this configuration: whether it is content, and what it says.
async fn switchboard(config: &BridgeConfig, arguments: &[&str]) -> (bool, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("switchboard.toml");
    std::fs::write(&file, config.to_toml(&directory.path().join("data"))).expect("written");
    let Output { status, stdout, stderr } = Command::new(binary())
        .arg("--config")
        .arg(&file)
        .args(arguments)
        .envs(config.environment.iter().map(|(k, v)| (k, v)))
        .output()
        .await
        .expect("the binary runs");
    let mut text = String::from_utf8_lossy(&stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&stderr));
    (status.success(), text)
}

/// The check fails, and each of these is said.
async fn fails(config: &BridgeConfig, said: &[&str]) {
    let (well, text) = switchboard(config, &["check"]).await;
    assert!(!well, "the check is content: {text}");
    for part in said {
        assert!(text.contains(part), "it does not say `{part}`: {text}");
    }
    for secret in [&config.as_token, &config.hs_token] {
        assert!(!text.contains(secret.as_str()), "a secret is shown: {text}");
    }
}

#[tokio::test]
async fn the_check_is_content_before_the_first_start_and_beside_the_running_bridge() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);
    let (well, text) = switchboard(&config, &["check"]).await;
    assert!(well && text.contains("the homeserver reaches this check"), "{text}");
    let _bridge = Bridge::start(config.clone()).await;
    let (well, text) = switchboard(&config, &["check"]).await;
    assert!(well && text.contains("reaches the running bridge"), "{text}");
}

#[tokio::test]
async fn the_check_says_what_to_mend_on_the_way_to_the_homeserver() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);

    let mut wrong = config.clone();
    wrong.as_token = "w".repeat(64);
    fails(&wrong, &["does not know as_token", "switchboard registration"]).await;

    let mut away = config.clone();
    "http://127.0.0.1:9".clone_into(&mut away.homeserver_url);
    fails(&away, &["cannot be reached", "homeserver.url"]).await;

    let mut mistaken = config.clone();
    "bad name".clone_into(&mut mistaken.server_name);
    fails(&mistaken, &["\n  homeserver.server_name: "]).await;
}

#[tokio::test]
async fn the_check_says_what_to_mend_on_the_way_back() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);

    let mut wrong = config.clone();
    wrong.hs_token = "w".repeat(64);
    let mend = ["hs_token", "switchboard registration", "restart the homeserver"];
    fails(&wrong, &mend).await;

    let mut other = config.clone();
    "another".clone_into(&mut other.id);
    fails(&other, &["appservice.id"]).await;

    // The registration names an address where nobody is, and one where somebody else is.
    hs.appservice_at("http://127.0.0.1:9");
    fails(&config, &["cannot connect", "appservice.url", "appservice.listen"]).await;
    hs.appservice_at(&hs.url());
    fails(&config, &["status 404", "appservice.url", "appservice.listen"]).await;
    hs.appservice_at(&config.appservice_url());
    let (well, text) = switchboard(&config, &["check"]).await;
    assert!(well, "{text}");
}

#[tokio::test]
async fn a_running_bridge_with_another_token_is_noticed() {
    let hs = Homeserver::start().await;
    let mut config = BridgeConfig::for_fake(&hs);
    config.hs_token = "w".repeat(64);
    let _bridge = Bridge::start(config.clone()).await;
    fails(&config, &["hs_token", "switchboard registration"]).await;
}

#[tokio::test]
async fn strangers_on_the_bridges_ports_are_noticed() {
    let hs = Homeserver::start().await;
    let config = BridgeConfig::for_fake(&hs);
    let stranger = |port: u16| TcpListener::bind(("127.0.0.1", port));

    // One that agrees to everything, so that the homeserver's ping succeeds.
    let listener = stranger(config.appservice_port).await.expect("the port is free");
    let agreeing = Router::new().fallback(async || axum::Json(serde_json::json!({})));
    let server = tokio::spawn(async move { axum::serve(listener, agreeing).await });
    fails(&config, &["another program listens on", "appservice.listen"]).await;
    server.abort();
    assert!(server.await.is_err_and(|error| error.is_cancelled()));

    // One that says nothing at all.
    let silent = stranger(config.appservice_port).await.expect("the port is free again");
    fails(&config, &["another program listens on", "appservice.listen"]).await;
    drop(silent);

    for (port, path) in
        [(config.gateway_port, "gateway.listen"), (config.operations_port, "operations.listen")]
    {
        let _taken = stranger(port).await.expect("the port is free");
        fails(&config, &["cannot listen on", path]).await;
    }
}

#[tokio::test]
async fn settings_and_secrets_come_from_the_environment() {
    let hs = Homeserver::start().await;
    let file = BridgeConfig::for_fake(&hs);
    for (as_token, hs_token) in [("e".repeat(40), "f".repeat(40)), ("1".repeat(34), "0".repeat(40))]
    {
        let config = file
            .clone()
            .environment("SWITCHBOARD_APPSERVICE__AS_TOKEN", &as_token)
            .environment("SWITCHBOARD_APPSERVICE__HS_TOKEN", &hs_token);
        let (well, text) = switchboard(&config, &["registration"]).await;
        assert!(well, "{text}");
        assert!(text.contains(&format!("as_token: \"{as_token}\"")), "{text}");
        assert!(text.contains(&format!("hs_token: \"{hs_token}\"")), "{text}");
    }

    let directory = tempfile::tempdir().expect("a directory");
    let secret = directory.path().join("as_token");
    std::fs::write(&secret, format!("{}\n", "g".repeat(40))).expect("written");
    let named = |path: &std::path::Path| {
        let path = path.to_string_lossy().into_owned();
        file.clone().environment("SWITCHBOARD_APPSERVICE__AS_TOKEN_FILE", &path)
    };
    let (well, text) = switchboard(&named(&secret), &["registration"]).await;
    assert!(well && text.contains(&format!("as_token: \"{}\"", "g".repeat(40))), "{text}");
    fails(&named(&directory.path().join("none")), &["\n  appservice.as_token_file: cannot read"])
        .await;

    for (variable, value, path) in [
        ("SWITCHBOARD_APPSERVICE__HS_TOKEN", "short", "appservice.hs_token"),
        ("SWITCHBOARD_APPSERVICE__AS_TOKEN", "12345", "appservice.as_token"),
        ("SWITCHBOARD_GATEWAY__LISTEN", "nowhere", "gateway.listen"),
        ("SWITCHBOARD_GATEWAY__LIMITS__CONNECTIONS", "0", "gateway.limits.connections"),
        ("SWITCHBOARD_HOMESERVER__SERVER_NAME", "not a name", "homeserver.server_name"),
        ("SWITCHBOARD_GATEWAY__LISTN", "127.0.0.1:1", "gateway.listn"),
    ] {
        let (well, text) =
            switchboard(&file.clone().environment(variable, value), &["check"]).await;
        assert!(!well && text.contains(&format!("\n  {path}: ")), "{variable}: {text}");
    }
}
