//! The scripts of the container set-up, run here: what they write starts a real Synapse and
//! satisfies the bridge.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use switchboard_tests::{
    agent::Agent,
    bridge::binary,
    ports,
    process::repository,
    synapse::{Synapse, SynapseOptions, python},
};

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

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.config().join(file)).expect("a file that the script wrote")
    }
}

#[tokio::test]
async fn the_scripts_make_a_homeserver_that_agents_can_log_in_to() {
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

    let check = Command::new(binary())
        .arg("--config")
        .arg(setup.config().join("bridge/switchboard.toml"))
        .arg("check")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&check.stdout);
    let errors = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{told}{errors}");
    synapse.stop().await.unwrap();
}
