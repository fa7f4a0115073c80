//! A person with a plain Matrix client: it sends over HTTP and follows by `/sync`.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use super::{
    BenchError,
    error::{PATIENCE, within},
};

/// How long the homeserver may hold a `/sync`.
const HOLD: Duration = Duration::from_secs(30);

/// Somebody who is logged in.
#[derive(Debug)]
pub(super) struct Person {
    api: Api,
    pub(super) user: String,
    sent: AtomicU64,
}

/// The client API, with a token.
#[derive(Clone, Debug)]
struct Api {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What a person sees.
#[derive(Debug)]
pub(super) enum Sight {
    /// A message's text.
    Message(String),
    /// An invite's room.
    Invite(String),
}

/// What a person sees, as it comes. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Sights {
    seen: mpsc::UnboundedReceiver<(Instant, Sight)>,
    task: AbortHandle,
}

impl Api {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, BenchError> {
        let mut request = self
            .http
            .request(method, format!("{}/_matrix/client/v3/{path}", self.base))
            .timeout(PATIENCE);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await?;
        if reply.status().is_success() {
            return Ok(reply.json().await?);
        }
        let what = path.split('?').next().unwrap_or_default().to_owned();
        Err(BenchError::Refused { what, answer: reply.text().await? })
    }
}

impl Person {
    /// Logs in.
    pub(super) async fn login(base: &str, name: &str, password: &str) -> Result<Self, BenchError> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let mut api = Api { http, base: base.to_owned(), token: String::new() };
        let login = json!({
            "type": "m.login.password", "password": password,
            "identifier": { "type": "m.id.user", "user": name },
        });
        let answer = api.ask(Method::POST, "login", Some(&login)).await?;
        api.token = text(&answer, "access_token")?;
        Ok(Self { api, user: text(&answer, "user_id")?, sent: AtomicU64::new(0) })
    }

    /// Makes a room for two.
    pub(super) async fn makes_room(&self, guest: &Self) -> Result<String, BenchError> {
        let body = json!({ "preset": "private_chat", "invite": [guest.user] });
        let answer = self.api.ask(Method::POST, "createRoom", Some(&body)).await?;
        text(&answer, "room_id")
    }

    /// Accepts an invite.
    pub(super) async fn joins(&self, room: &str) -> Result<(), BenchError> {
        let path = format!("rooms/{room}/join");
        self.api.ask(Method::POST, &path, Some(&json!({}))).await.map(drop)
    }

    /// Writes a message.
    pub(super) async fn says(&self, room: &str, message: &str) -> Result<(), BenchError> {
        let transaction = self.sent.fetch_add(1, Ordering::Relaxed);
        let path = format!("rooms/{room}/send/m.room.message/{transaction}");
        let body = json!({ "msgtype": "m.text", "body": message });
        self.api.ask(Method::PUT, &path, Some(&body)).await.map(drop)
    }

    /// Comes to the desk and logs on as an agent.
    pub(super) async fn logs_on(&self) -> Result<(), BenchError> {
        let mut since = None;
        let invite = |news: &Value| {
            let rooms = news["rooms"]["invite"].as_object()?;
            rooms.keys().next().cloned()
        };
        let desk = within("invite to the desk", PATIENCE, self.finds(&mut since, invite)).await??;
        self.joins(&desk).await?;
        self.says(&desk, "!login").await?;
        let answer = |news: &Value| {
            let events = news["rooms"]["join"][&desk]["timeline"]["events"].as_array()?;
            let says_so = |event: &Value| {
                let body = event["content"]["body"].as_str().unwrap_or_default();
                event["content"]["msgtype"] == "m.notice" && body.contains("logged on")
            };
            events.iter().any(says_so).then_some(())
        };
        within("answer at the desk", PATIENCE, self.finds(&mut since, answer)).await?
    }

    /// What `look` finds in what is new since then, now or later. Asking for everything again and
    /// again would not do: the homeserver would give the same answer for minutes.
    async fn finds<T>(
        &self,
        since: &mut Option<String>,
        look: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, BenchError> {
        loop {
            // With a limit of its own, so that who follows afterwards gets an answer of their own.
            let news = sync_at_most(&self.api, since.as_deref(), 50).await?;
            *since = Some(text(&news, "next_batch")?);
            if let Some(found) = look(&news) {
                return Ok(found);
            }
        }
    }

    /// Follows what happens from now on.
    pub(super) async fn follows(&self) -> Result<Sights, BenchError> {
        let since = text(&sync(&self.api, None).await?, "next_batch")?;
        let (sender, seen) = mpsc::unbounded_channel();
        let task: JoinHandle<()> = tokio::spawn(follow(self.api.clone(), since, sender));
        Ok(Sights { seen, task: task.abort_handle() })
    }
}

impl Sights {
    /// When the message with this text arrived. What came before it is forgotten.
    pub(super) async fn message(&mut self, wanted: &str) -> Result<Instant, BenchError> {
        let is_it =
            |sight: Sight| matches!(sight, Sight::Message(text) if text == wanted).then_some(());
        self.find("message", is_it).await.map(|(at, ())| at)
    }

    /// The next invite: when it arrived, and its room.
    pub(super) async fn invite(&mut self) -> Result<(Instant, String), BenchError> {
        let invite = |sight| match sight {
            Sight::Invite(room) => Some(room),
            Sight::Message(_) => None,
        };
        self.find("invite", invite).await
    }

    async fn find<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(Sight) -> Option<T>,
    ) -> Result<(Instant, T), BenchError> {
        let wait = async {
            while let Some((at, sight)) = self.seen.recv().await {
                if let Some(found) = wanted(sight) {
                    return Ok((at, found));
                }
            }
            Err(BenchError::Broken("a client's /sync has failed".to_owned()))
        };
        within(what, PATIENCE, wait).await?
    }
}

impl Drop for Sights {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks once what is new; with messages and invites only.
async fn sync(api: &Api, since: Option<&str>) -> Result<Value, BenchError> {
    sync_at_most(api, since, 20).await
}

/// The same, with so many messages of each room at most.
async fn sync_at_most(api: &Api, since: Option<&str>, limit: u32) -> Result<Value, BenchError> {
    let none = json!({ "not_types": ["*"] });
    let filter = json!({
        "presence": none, "account_data": none,
        "room": {
            "account_data": none, "ephemeral": none, "state": none,
            "timeline": { "types": ["m.room.message"], "limit": limit },
        },
    });
    let mut parameters = vec![("filter", filter.to_string())];
    if let Some(since) = since {
        parameters.push(("since", since.to_owned()));
        parameters.push(("timeout", HOLD.as_millis().to_string()));
    }
    let encoded =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    api.ask(Method::GET, &format!("sync?{encoded}"), None).await
}

/// Long-polls until nobody listens.
async fn follow(api: Api, mut since: String, sights: mpsc::UnboundedSender<(Instant, Sight)>) {
    // Who waits learns of a failure by the end of the channel.
    while let Ok(news) = sync(&api, Some(&since)).await {
        let at = Instant::now();
        let Ok(next) = text(&news, "next_batch") else { return };
        since = next;
        let invites = news["rooms"]["invite"].as_object().into_iter().flatten();
        let rooms = news["rooms"]["join"].as_object().into_iter().flatten();
        let events = rooms
            .flat_map(|(_, room)| room["timeline"]["events"].as_array().into_iter().flatten())
            .filter_map(|event| event["content"]["body"].as_str());
        let sighted = invites
            .map(|(room, _)| Sight::Invite(room.clone()))
            .chain(events.map(|text| Sight::Message(text.to_owned())));
        for sight in sighted {
            if sights.send((at, sight)).is_err() {
                return;
            }
        }
    }
}

fn text(answer: &Value, key: &str) -> Result<String, BenchError> {
    answer[key].as_str().map(str::to_owned).ok_or_else(|| BenchError::Refused {
        what: format!("to tell `{key}`"),
        answer: answer.to_string(),
    })
}
