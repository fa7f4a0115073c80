//! A fake homeserver and the bridge, lent to the browser tests: what would take a real homeserver
//! hours is played here in seconds.
//!
//! The program reads a line of JSON with the [`Setting`], prints one with the addresses, then obeys
//! one [`Request`] per line of standard input, each answered by a line of JSON, and ends with its
//! input.

use std::io::{BufRead, stdin};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{bridge::BridgeConfig, desk::Desk, scene::Scene, wait::DEADLINE};

/// What the bridge's configuration has besides the usual.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// The page that may show the widget.
    origin: String,
    /// Further lines of the site's table.
    site: String,
    /// Further tables.
    tables: String,
}

/// What can be asked for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    /// The agent accepts the next request. Gives the room.
    Accept {},
    /// The agent sends events of a kind into a room, in order. Gives their ids.
    Send {
        /// The room.
        room: String,
        /// The type of the events.
        kind: String,
        /// Their contents.
        contents: Vec<Value>,
    },
    /// The administrator writes commands, each after the answer to the last. Gives the answers.
    Command {
        /// The commands.
        lines: Vec<String>,
    },
    /// Waits until there is nothing left to do.
    Rest {},
    /// Gives everything that the bridge's users have sent into all rooms: `kind`, `content`.
    Events {},
    /// Gives the names of all users.
    Names {},
}

/// The agent and an administrator.
struct Stage {
    scene: Scene,
    admin: Desk,
}

/// Plays until standard input ends.
///
/// # Panics
/// If there is no [`Setting`] on it, or what is asked for does not happen in time.
pub async fn play() {
    let mut lines = lines();
    let setting = lines.recv().await.expect("a line with the setting");
    let setting: Setting = serde_json::from_str(&setting).expect("the setting");
    let configure = |config: BridgeConfig| {
        let config = BridgeConfig { origins: vec![setting.origin], ..config };
        let config = config.agents(&["anna"]).capacity(100).rings_for(600);
        config.site_settings(&setting.site).tables(&setting.tables)
    };
    let scene = Scene::begins_with(configure).await;
    let admin = Desk::administrators(&scene, "admin").await;
    println!("{}", json!({ "gateway": scene.bridge.gateway_url() }));
    let mut stage = Stage { scene, admin };
    while let Some(line) = lines.recv().await {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => stage.obey(request).await,
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
    }
}

/// The lines of standard input. Reading blocks, so a thread does it; it ends with the program.
pub(crate) fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Stage {
    async fn obey(&mut self, request: Request) -> Value {
        let anna = &self.scene.anna;
        match request {
            Request::Accept {} => {
                let room = anna.next_request(DEADLINE).await;
                anna.joins(&room);
                json!(room)
            }
            Request::Send { room, kind, contents } => {
                contents.into_iter().map(|content| anna.sends(&room, &kind, content)).collect()
            }
            Request::Command { lines } => {
                let mut answers = Vec::new();
                for line in lines {
                    answers.push(self.admin.agent.asks(&self.admin.room, &line, DEADLINE).await);
                }
                json!(answers)
            }
            Request::Rest {} => {
                self.scene.comes_to_rest().await;
                Value::Null
            }
            Request::Events {} => {
                let hs = &self.scene.hs;
                let ours = |user: &str| user.starts_with("@switchboard");
                let events = hs.rooms().into_iter().flat_map(|room| hs.events(&room));
                events
                    .filter(|event| ours(&event.sender))
                    .map(|event| json!({ "kind": event.kind, "content": event.content }))
                    .collect()
            }
            Request::Names {} => {
                let hs = &self.scene.hs;
                hs.users().iter().filter_map(|user| hs.display_name(user)).collect()
            }
        }
    }
}
