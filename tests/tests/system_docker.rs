//! The scripts of the container set-up, run here: what they write starts a real Synapse and the
//! bridge, and people can chat.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use switchboard::gateway::wire::Phase;
use switchboard_tests::{
    agent::{Agent, AgentError, Event},
    bridge::{STOP_GRACE, binary},
    customer::Customer,
    ports,
    process::{self, repository},
    synapse::{Synapse, SynapseOptions, python},
};
use tokio::process::Child;

/// The templates under the names that they have in the image.
fn templates(into: &Path) {
    std::fs::create_dir_all(into).expect("a directory for the templates");
    let docker = repository().join("docker");
    for entry in std::fs::read_dir(&docker).expect("the folder docker").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "in") {
            std::fs::copy(&path, into.join(entry.file_name())).expect("a copy of a template");
        }
    }
    let shop = repository().join("tests/src/demo/shop.html");
    std::fs::copy(shop, into.join("shop.html.in")).expect("a copy of the shop's page");
}

struct Setup {
    root: PathBuf,
    ports: [u16; 4],
}

impl Setup {
    fn config(&self) -> PathBuf {
        self.root.join("config")
    }

    fn synapse_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    fn run(&self, script: &str) -> Output {
        let [synapse, appservice, gateway, operations] = self.ports;
        let data = |name: &str| {
            let path = self.root.join(name);
            std::fs::create_dir_all(&path).expect("a directory for data");
            path
        };
        let python = python().expect("a Python with Synapse");
        let mut command = Command::new("bash");
        command
            .arg(repository().join("docker").join(script))
            .env("CONFIG", self.config())
            .env("TEMPLATES", self.root.join("templates"))
            .env("SYNAPSE_URL", self.synapse_url())
            .env("SYNAPSE_PUBLIC_URL", self.synapse_url())
            .env("SYNAPSE_PORT", synapse.to_string())
            .env("SYNAPSE_DATA", data("synapse-data"))
            .env("DATABASE_KIND", "sqlite")
            .env("APPSERVICE_URL", format!("http://127.0.0.1:{appservice}"))
            .env("APPSERVICE_PORT", appservice.to_string())
            .env("PUBLIC_URL", format!("http://127.0.0.1:{gateway}"))
            .env("GATEWAY_PORT", gateway.to_string())
            .env("OPERATIONS_PORT", operations.to_string())
            .env("BRIDGE_DATA", data("bridge-data"))
            .env("BIND", "127.0.0.1")
            .env("SWITCHBOARD", binary())
            .env("REGISTER", python.with_file_name("register_new_matrix_user"));
        let output = command.output().expect("bash runs");
        assert!(
            output.status.success(),
            "{script} failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// `switchboard check` with these variables: whether it is content, and what it says.
    fn check(&self, environment: &[(&str, &str)]) -> (bool, String) {
        let check = Command::new(binary())
            .arg("--config")
            .arg(self.config().join("bridge/switchboard.toml"))
            .arg("check")
            .envs(environment.iter().copied())
            .output()
            .expect("the bridge's program runs");
        let bytes = [check.stdout, check.stderr].concat();
        (check.status.success(), String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The bridge, as its container runs it: with the file that the script wrote, and nothing else.
    fn bridge(&self) -> Child {
        let log = std::fs::File::create(self.root.join("bridge.log")).expect("a log file");
        tokio::process::Command::new(binary())
            .args(["--config", "bridge/switchboard.toml", "run"])
            .current_dir(self.config())
            .env_clear()
            .stdin(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the bridge starts")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.config().join(file)).expect("a file that the script wrote")
    }
}

#[tokio::test]
async fn the_scripts_make_a_homeserver_and_a_bridge_that_people_can_chat_with() {
    let directory = tempfile::tempdir().unwrap();
    let setup = Setup { root: directory.path().to_path_buf(), ports: ports::several().unwrap() };
    templates(&setup.root.join("templates"));
    setup.run("setup.sh");
    let files = ["synapse/homeserver.yaml", "synapse/registration.yaml", "bridge/switchboard.toml"];
    let first = files.map(|file| setup.read(file));
    for (file, text) in files.iter().zip(&first) {
        // What is left of a placeholder would be a mistake; users' ids look similar.
        let left = text.split('@').skip(1).step_by(2).find(|name| {
            name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        });
        assert_eq!(left, None, "{file}");
    }
    // Everything else depends on these: a second run must not change them.
    setup.run("setup.sh");
    assert_eq!(files.map(|file| setup.read(file)), first);

    let mut options = SynapseOptions::new(setup.root.join("synapse-process"));
    options.port = Some(setup.ports[0]);
    options.config = Some(setup.config().join("synapse/homeserver.yaml"));
    let mut synapse = Synapse::start(options).await.unwrap();
    for _ in 0..2 {
        let output = setup.run("users.sh");
        let logins = String::from_utf8_lossy(&output.stdout).into_owned();
        let password = setup.read("secrets/password_anna");
        assert!(logins.contains(&format!("@anna:localhost          {password}")), "{logins}");
    }
    let password = setup.read("secrets/password_anna");
    let anna = Agent::login(synapse.url(), "anna", &password).await.unwrap();
    assert_eq!(anna.user(), "@anna:localhost");

    let (well, told) = setup.check(&[]);
    assert!(well, "{told}");
    // What this homeserver says about a bridge that it does not reach is understood.
    let elsewhere = format!("127.0.0.1:{}", ports::free().unwrap());
    for (variable, value, advice) in [
        ("SWITCHBOARD_APPSERVICE__HS_TOKEN", "w".repeat(64), "hs_token"),
        ("SWITCHBOARD_APPSERVICE__LISTEN", elsewhere, "appservice.url"),
        ("SWITCHBOARD_APPSERVICE__ID", "another".to_owned(), "appservice.id"),
    ] {
        let (well, told) = setup.check(&[(variable, &value)]);
        assert!(!well && told.contains(advice), "{variable}: {told}");
    }

    let ben =
        Agent::login(synapse.url(), "ben", &setup.read("secrets/password_ben")).await.unwrap();
    let mut bridge = setup.bridge();
    chat(&setup, [&anna, &ben]).await.unwrap();
    process::stop(&mut bridge, STOP_GRACE).await.unwrap();
    synapse.stop().await.unwrap();
}

/// A short chat: one agent declines, the other answers, the customer ends it.
async fn chat(setup: &Setup, [anna, ben]: [&Agent; 2]) -> Result<(), AgentError> {
    for agent in [anna, ben] {
        agent.logs_on().await?;
    }
    let gateway = format!("http://127.0.0.1:{}", setup.ports[2]);
    let customer = Customer::starts(&gateway, "shop", Some("Clara")).await;
    customer.connects();
    customer.says("Hello?").await;
    let (first, second, invite) = tokio::select! {
        invite = anna.next_request() => (anna, ben, invite?),
        invite = ben.next_request() => (ben, anna, invite?),
    };
    first.leave(&invite.room).await?;
    // Everybody else is asked at once.
    let invite = second.next_request().await?;
    second.accept(&invite.room).await?;
    second.text(&invite.room, "Hello?").await?;
    second.say(&invite.room, "Good morning").await?;
    customer.sees_text("Good morning").await;
    customer.says("Thanks").await;
    second.text(&invite.room, "Thanks").await?;
    customer.ends();
    customer.sees_live("the end", |live| live.phase == Phase::Ended).await;
    let told = |event: &Event| event.is_notice() && event.body().contains("has ended the chat");
    second.message(&invite.room, "the notice of the end", told).await?;
    assert_eq!(customer.own_texts(), ["Hello?", "Thanks"]);
    assert_eq!(customer.agent_texts(), ["Good morning"]);
    Ok(())
}
