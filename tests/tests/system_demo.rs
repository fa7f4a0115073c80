//! The demo as people start it: what it plays, what it keeps, and what it leaves behind.
#![recursion_limit = "256"]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use switchboard::gateway::wire::{ChatStarted, StartChat};
use switchboard_tests::{
    agent::Agent,
    customer::{Customer, Http, random_key},
    ports,
    wait::{eventually, until},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// How long the demo may take to start, play or stop, the homeserver's first start included.
const PATIENCE: Duration = Duration::from_mins(3);

/// A running `switchboard-demo`. It is killed when this is dropped.
struct Demo {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    /// What it has printed.
    printed: Vec<String>,
}

impl Demo {
    fn starts(arguments: &[&str], data: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard-demo"));
        command.args(arguments);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the demo can be started");
        let out = child.stdout.take().expect("its output is read");
        Self { child, out: BufReader::new(out).lines(), printed: Vec::new() }
    }

    /// Waits until it prints a line that has this text.
    async fn prints(&mut self, part: &str) {
        let wait = async {
            while let Some(line) = self.out.next_line().await.expect("text") {
                let found = line.contains(part);
                self.printed.push(line);
                if found {
                    return true;
                }
            }
            false
        };
        let found = timeout(PATIENCE, wait).await.expect("it goes on");
        assert!(found, "it ended without `{part}`:\n{}", self.printed.join("\n"));
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    fn signals(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Waits until it ends. Gives how, what it printed, and its complaints.
    async fn ends(mut self) -> (ExitStatus, String, String) {
        let wait = async {
            let mut errors = String::new();
            let mut stderr = self.child.stderr.take().expect("its complaints are read");
            let read_out = async {
                while let Some(line) = self.out.next_line().await.expect("text") {
                    self.printed.push(line);
                }
            };
            let (read, ()) = tokio::join!(stderr.read_to_string(&mut errors), read_out);
            read.expect("text");
            let status = self.child.wait().await.expect("it can be waited for");
            (status, self.printed.join("\n"), errors)
        };
        timeout(PATIENCE, wait).await.expect("it ends")
    }
}

fn kill(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process's id");
    kill_process(pid, signal).expect("own processes can be signalled");
}

/// Running processes by their parents, with their commands.
fn children_of(parent: u32) -> Vec<(u32, String)> {
    let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
    let numbers = processes.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let child = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // After the name in brackets: the state and the parent (proc_pid_stat(5)).
        let (_, rest) = stat.rsplit_once(')')?;
        let of: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        (of == parent).then(|| (pid, command.replace('\0', " ")))
    };
    numbers.filter_map(child).collect()
}

fn runs(process: u32) -> bool {
    // A zombie has no command line.
    std::fs::read_to_string(format!("/proc/{process}/cmdline")).is_ok_and(|c| !c.is_empty())
}

/// What a demo remembers.
fn state(data: &Path) -> Value {
    let text = std::fs::read(data.join("state.json")).expect("a demo has run here");
    serde_json::from_slice(&text).expect("JSON")
}

fn port(state: &Value, name: &str) -> u16 {
    state["ports"][name].as_u64().and_then(|port| port.try_into().ok()).expect("a port")
}

fn url(state: &Value, name: &str) -> String {
    format!("http://127.0.0.1:{}", port(state, name))
}

fn all_ports(state: &Value) -> Vec<u16> {
    let ports = state["ports"].as_object().expect("ports");
    ports.keys().map(|name| port(state, name)).collect()
}

/// Logs the first agent in.
async fn anna(state: &Value) -> Agent {
    let login = &state["agents"][0];
    let password = login["password"].as_str().expect("a password");
    let user = login["user"].as_str().expect("a name");
    Agent::login(&url(state, "homeserver"), user, password).await.expect("the login works")
}

/// Directories of smoke runs.
fn smoke_directories() -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).expect("a place for temporary files");
    let name = |e: &std::fs::DirEntry| e.file_name().to_string_lossy().into_owned();
    entries
        .flatten()
        .filter(|e| name(e).starts_with("switchboard-smoke-"))
        .map(|e| e.path())
        .collect()
}

#[tokio::test]
async fn the_smoke_run_plays_a_whole_conversation() {
    let demo = Demo::starts(&["--smoke"], None);
    let (status, printed, errors) = demo.ends().await;
    assert!(status.success(), "{status}\n{printed}\n{errors}");
    // Either agent may be asked first.
    let declines = printed.lines().find(|line| line.ends_with("  declines"));
    let first = declines.and_then(|line| line.split_whitespace().nth(2)).unwrap_or_default();
    let second = if first == "anna" { "ben" } else { "anna" };
    let steps = [
        ("anna", "comes to the desk and logs on: !login"),
        ("ben", "comes to the desk and logs on: !login"),
        ("Clara", "opens chat"),
        ("Clara", "says: Hello, is the rubber plant safe for cats?  ✓"),
        ("Clara", "is first in the queue"),
        (first, "is asked: Support: a customer has "),
        (first, "declines"),
        (second, "is asked: Support: a customer has "),
        (second, "accepts; Clara sees who it is"),
        (second, "reads what Clara asked; Clara sees ✓✓"),
        (second, "says: Better not: it upsets their stomachs."),
        ("Clara", "says: And the fern?  ✓"),
        (second, "says: The fern is fine 🌿"),
        ("Clara", "ends the chat"),
        (second, "is told: The customer has ended the chat."),
        ("all", "every message was there once and in order, on both sides"),
    ];
    let rows = printed.lines().skip_while(|line| !line.contains("who     what")).skip(1);
    let rows: Vec<&str> = rows.take_while(|line| !line.is_empty()).collect();
    assert_eq!(rows.len(), steps.len(), "{printed}");
    for (row, (who, what)) in rows.iter().zip(steps) {
        let said = row.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
        let expected = format!("{who} {what}").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.starts_with(&expected), "`{expected}` is missing:\n{printed}");
    }
    assert!(printed.contains("The conversation took "), "{printed}");
}

#[tokio::test]
async fn a_smoke_run_whose_bridge_dies_fails_and_leaves_nothing_behind() {
    let before = smoke_directories();
    let mut demo = Demo::starts(&["--smoke"], None);
    demo.prints("is first in the queue").await;
    let children = children_of(demo.pid());
    let bridge = children.iter().find(|(_, command)| command.contains("switchboard.toml run"));
    let (bridge, _) = bridge.unwrap_or_else(|| panic!("no bridge: {children:?}"));
    kill(*bridge, Signal::KILL);
    let (status, printed, errors) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{printed}\n{errors}");
    assert!(errors.contains("error: the bridge ended by itself"), "{errors}");
    assert!(!printed.contains("The conversation took"), "{printed}");
    for (child, command) in children {
        assert!(!runs(child), "{command} still runs");
    }
    // Other tests may have made theirs meanwhile; what was there before is not ours either.
    let left = &smoke_directories() - &before;
    until(PATIENCE, || left.iter().all(|path| !path.exists())).await;
}

#[tokio::test]
async fn an_interrupted_smoke_run_has_not_succeeded() {
    let mut demo = Demo::starts(&["--smoke"], None);
    demo.prints("opens chat").await;
    let children = children_of(demo.pid());
    assert_eq!(children.len(), 2, "a homeserver and a bridge: {children:?}");
    demo.signals(Signal::TERM);
    let (status, printed, errors) = demo.ends().await;
    assert_eq!(status.code(), Some(1), "{printed}\n{errors}");
    assert!(errors.contains("error: interrupted"), "{errors}");
    assert!(children.iter().all(|(child, _)| !runs(*child)), "{children:?}");
}

#[tokio::test]
async fn the_demo_keeps_chats_and_logins_until_it_begins_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("demo");

    let mut demo = Demo::starts(&[], Some(&data));
    demo.prints("Ctrl-C stops everything").await;
    let first = state(&data);
    let password = first["agents"][0]["password"].as_str().expect("a password").to_owned();
    let shown = demo.printed.join("\n");
    for told in [&url(&first, "shop"), &url(&first, "homeserver"), &password] {
        assert!(shown.contains(told.as_str()), "it does not tell {told}:\n{shown}");
    }
    let agent = anna(&first).await;
    let start = StartChat {
        start_key: random_key(),
        name: Some("Clara".into()),
        queue: None,
        ..StartChat::default()
    };
    let gateway = url(&first, "gateway");
    let started: ChatStarted = Http::new(&gateway).start("shop", &start).await.expect("a chat");
    let customer = Customer::resumes(&gateway, &started);
    customer.connects();
    customer.says("before the stop").await;
    customer.goes_away();
    drop(agent);

    // Ctrl-C: everything stops, and nothing is left.
    let children = children_of(demo.pid());
    assert_eq!(children.len(), 2, "a homeserver and a bridge: {children:?}");
    demo.signals(Signal::INT);
    let (status, printed, errors) = demo.ends().await;
    assert!(status.success(), "{status}\n{printed}\n{errors}");
    for (child, command) in children {
        assert!(!runs(child), "{command} still runs");
    }
    for port in all_ports(&first) {
        assert!(!ports::taken(port), "somebody still listens on {port}");
    }

    // The same addresses, logins, chats and rooms.
    let mut demo = Demo::starts(&[], Some(&data));
    demo.prints("Ctrl-C stops everything").await;
    assert_eq!(state(&data), first);
    let customer = Customer::resumes(&gateway, &started);
    customer.connects();
    customer.is_connected().await;
    let own = || std::future::ready(Some(customer.own_texts()).filter(|texts| !texts.is_empty()));
    assert_eq!(eventually(PATIENCE, own).await, ["before the stop"]);
    customer.says("after the start").await;
    let again = Http::new(&gateway).start("shop", &start).await.expect("the same chat");
    assert_eq!(again, started);
    drop(anna(&first).await);
    drop(customer);
    // A second demo on the same data would disturb the first.
    let (status, _, errors) = Demo::starts(&[], Some(&data)).ends().await;
    assert!(!status.success() && errors.contains("another demo is running"), "{errors}");
    demo.signals(Signal::INT);
    assert!(demo.ends().await.0.success());

    // What is not the demo's own stays, everything else is made anew.
    std::fs::write(data.join("notes.txt"), "mine").expect("written");
    let mut demo = Demo::starts(&["--fresh"], Some(&data));
    demo.prints("Ctrl-C stops everything").await;
    let fresh = state(&data);
    assert_ne!(fresh["as_token"], first["as_token"]);
    assert_ne!(fresh["agents"], first["agents"]);
    assert_eq!(std::fs::read_to_string(data.join("notes.txt")).expect("kept"), "mine");
    let stranger = Http::new(&url(&fresh, "gateway")).with_token(&started.token);
    let failure = stranger.feed(0, 0).await.expect_err("the old chat is gone");
    assert_eq!(failure.status(), Some(404));
    let old = Agent::login(&url(&fresh, "homeserver"), "anna", &password).await;
    assert!(old.is_err(), "the old login still works");
    drop(anna(&fresh).await);
    demo.signals(Signal::INT);
    assert!(demo.ends().await.0.success());
}
