//! A scripted agent: a real Matrix client, as a person would use one.

mod seen;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use matrix_sdk::{
    Client,
    attachment::AttachmentConfig,
    config::{RequestConfig, SyncSettings},
    media::{MediaFormat, MediaRequestParameters},
    room::MessagesOptions,
    ruma::{
        EventId, OwnedEventId, OwnedRoomId, OwnedUserId, RoomId,
        api::client::{
            filter::{FilterDefinition, RoomEventFilter, RoomFilter},
            receipt::create_receipt::v3::ReceiptType,
            sync::sync_events::v3::Filter,
        },
        events::{
            receipt::ReceiptThread,
            room::{MediaSource, message::TextMessageEventContent},
        },
        uint,
    },
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::AbortHandle};

pub use seen::{Event, Invite, RoomView, Seen};

/// How long an agent waits for anything before the scenario has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What went wrong for an agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A request failed.
    #[error("{agent} could not {what}: {source}")]
    Request {
        /// Who.
        agent: String,
        /// What they tried.
        what: &'static str,
        /// Why it failed.
        source: Box<matrix_sdk::Error>,
    },
    /// What was waited for did not come.
    #[error("{agent} waited {after:?} for {what}; seen until then:\n{seen}")]
    Waited {
        /// Who.
        agent: String,
        /// For what.
        what: String,
        /// How long.
        after: Duration,
        /// What there was instead.
        seen: String,
    },
    /// The agent is not in this room.
    #[error("{agent} is not in {room}")]
    NotThere {
        /// Who.
        agent: String,
        /// Where.
        room: OwnedRoomId,
    },
}

/// An agent who is logged in and follows what happens.
#[derive(Debug)]
pub struct Agent {
    client: Client,
    user: OwnedUserId,
    seen: watch::Receiver<Seen>,
    taken: Arc<Mutex<BTreeSet<usize>>>,
    sync: AbortHandle,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.sync.abort();
    }
}

impl Agent {
    /// Logs in and begins to follow what happens.
    pub async fn login(homeserver: &str, user: &str, password: &str) -> Result<Self, AgentError> {
        let failed = |what| move |error: matrix_sdk::Error| failure(user, what, error);
        let client = Client::builder()
            .homeserver_url(homeserver)
            // A homeserver that restarts is met again, one that refuses is reported.
            .request_config(RequestConfig::new().retry_limit(10).timeout(Duration::from_mins(1)))
            .build()
            .await
            .map_err(|error| matrix_sdk::Error::UnknownError(Box::new(error)))
            .map_err(failed("connect"))?;
        let answer = client
            .matrix_auth()
            .login_username(user, password)
            .initial_device_display_name("scripted agent")
            .send()
            .await
            .map_err(failed("log in"))?;
        let (sender, seen) = watch::channel(Seen::default());
        let sync = tokio::spawn(follow(client.clone(), sender)).abort_handle();
        let agent = Self { client, user: answer.user_id, seen, taken: Arc::default(), sync };
        agent.until("the first sync", |seen| (seen.rounds > 0).then_some(())).await?;
        Ok(agent)
    }

    /// The agent's Matrix id.
    #[must_use]
    pub fn user(&self) -> &OwnedUserId {
        &self.user
    }

    /// The token of the agent's session, for requests that a script makes itself.
    #[must_use]
    pub fn access_token(&self) -> String {
        self.client.access_token().unwrap_or_default()
    }

    /// Waits until `look` finds what it looks for in all that the agent has seen so far.
    pub async fn until<T>(
        &self,
        what: &str,
        look: impl Fn(&Seen) -> Option<T>,
    ) -> Result<T, AgentError> {
        self.until_for(PATIENCE, what, look).await
    }

    /// The same, with a patience of its own.
    pub async fn until_for<T>(
        &self,
        patience: Duration,
        what: &str,
        look: impl Fn(&Seen) -> Option<T>,
    ) -> Result<T, AgentError> {
        let mut seen = self.seen.clone();
        let watching = async {
            loop {
                if let Some(found) = look(&seen.borrow_and_update()) {
                    return Some(found);
                }
                seen.changed().await.ok()?;
            }
        };
        let found = tokio::time::timeout(patience, watching).await.ok().flatten();
        found.ok_or_else(|| AgentError::Waited {
            agent: self.user.to_string(),
            what: what.to_owned(),
            after: patience,
            seen: self.seen.borrow().to_string(),
        })
    }

    /// The next chat request that this agent has not been given yet: an invite from a customer.
    pub async fn next_request(&self) -> Result<Invite, AgentError> {
        self.next(Invite::is_request).await
    }

    /// Comes to the desk: the direct chat that the bot invites to.
    pub async fn comes_to_desk(&self) -> Result<OwnedRoomId, AgentError> {
        let desk = self.next(Invite::is_desk).await?.room;
        let begun = Instant::now();
        // An agent's own homeserver may show an invite a moment before the other takes note of it,
        // and scripts are quicker than people.
        loop {
            match self.accept(&desk).await {
                Err(AgentError::Request { .. }) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                accepted => return accepted.map(|()| desk),
            }
        }
    }

    /// Comes to the desk and logs on with the only profile that there is.
    pub async fn logs_on(&self) -> Result<OwnedRoomId, AgentError> {
        let desk = self.comes_to_desk().await?;
        let question = self.say(&desk, "!login").await?;
        self.answer(&desk, &question, "that they are logged on", |event| {
            event.body().contains("logged on")
        })
        .await?;
        Ok(desk)
    }

    /// Writes something to the bot and waits for its answer.
    pub async fn asks(&self, room: &RoomId, text: &str) -> Result<Event, AgentError> {
        let question = self.say(room, text).await?;
        self.answer(room, &question, &format!("an answer to {text:?}"), |_| true).await
    }

    /// Waits for an answer to an event that satisfies `wanted`.
    pub async fn answer(
        &self,
        room: &RoomId,
        to: &EventId,
        what: &str,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Event, AgentError> {
        let answers = |event: &Event| {
            event.content["m.relates_to"]["m.in_reply_to"]["event_id"] == to.as_str()
        };
        self.message(room, what, |event| answers(event) && wanted(event)).await
    }

    /// The next invite from anybody.
    pub async fn next_invite(&self) -> Result<Invite, AgentError> {
        self.next(|_| true).await
    }

    async fn next(&self, wanted: impl Fn(&Invite) -> bool) -> Result<Invite, AgentError> {
        let taken = Arc::clone(&self.taken);
        let (index, invite) = self
            .until("an invite", |seen| {
                let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                let mut invites = seen.invites.iter().enumerate();
                invites
                    .find(|(index, invite)| !taken.contains(index) && wanted(invite))
                    .map(|(index, invite)| (index, invite.clone()))
            })
            .await?;
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
        Ok(invite)
    }

    /// Accepts an invite and waits until the room is there.
    pub async fn accept(&self, room: &RoomId) -> Result<(), AgentError> {
        self.client
            .join_room_by_id(room)
            .await
            .map_err(|error| failure(self.user.as_str(), "join", error))?;
        let room = room.to_owned();
        self.until("the joined room", |seen| {
            seen.rooms.get(&room).filter(|room| room.joined).map(|_| ())
        })
        .await
    }

    /// Invites somebody into a room.
    pub async fn invite(&self, room: &RoomId, user: &Agent) -> Result<(), AgentError> {
        let invited = self.room(room)?.invite_user_by_id(&user.user).await;
        invited.map_err(|error| failure(self.user.as_str(), "invite", error))
    }

    /// Declines an invite, or leaves a room.
    pub async fn leave(&self, room: &RoomId) -> Result<(), AgentError> {
        self.room(room)?.leave().await.map_err(|error| failure(self.user.as_str(), "leave", error))
    }

    /// Writes a text into a room.
    pub async fn say(&self, room: &RoomId, text: &str) -> Result<OwnedEventId, AgentError> {
        self.send(room, "m.room.message", json!({ "msgtype": "m.text", "body": text })).await
    }

    /// Reacts to an event.
    pub async fn react(
        &self,
        room: &RoomId,
        to: &str,
        key: &str,
    ) -> Result<OwnedEventId, AgentError> {
        let relation = json!({ "rel_type": "m.annotation", "event_id": to, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": relation })).await
    }

    /// Gives a message another text.
    pub async fn edit(
        &self,
        room: &RoomId,
        event: &EventId,
        text: &str,
    ) -> Result<OwnedEventId, AgentError> {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, "m.room.message", content).await
    }

    /// Replies to a message.
    pub async fn reply(
        &self,
        room: &RoomId,
        event: &EventId,
        text: &str,
    ) -> Result<OwnedEventId, AgentError> {
        let relation = json!({ "m.in_reply_to": { "event_id": event } });
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": relation });
        self.send(room, "m.room.message", content).await
    }

    /// Takes an event back.
    pub async fn redact(&self, room: &RoomId, event: &EventId) -> Result<(), AgentError> {
        let redacted = self.room(room)?.redact(event, None, None).await;
        redacted.map(drop).map_err(|error| failure(self.user.as_str(), "redact", error.into()))
    }

    /// Waits for an event of any kind in a room, as the homeserver tells it.
    pub async fn event(&self, room: &RoomId, wanted: impl Fn(&Event) -> bool) -> Event {
        crate::wait::eventually(crate::wait::DEADLINE, || async {
            self.history(room).await.ok()?.into_iter().find(|event| wanted(event))
        })
        .await
    }

    /// Sends any event.
    pub async fn send(
        &self,
        room: &RoomId,
        kind: &str,
        content: Value,
    ) -> Result<OwnedEventId, AgentError> {
        let sent = self.room(room)?.send_raw(kind, content).await;
        Ok(sent.map_err(|error| failure(self.user.as_str(), "send", error))?.response.event_id)
    }

    /// Sends a file as clients do: it is uploaded, and a message names it.
    ///
    /// # Panics
    /// If `mime` is no media type.
    pub async fn sends_file(
        &self,
        room: &RoomId,
        name: &str,
        mime: &str,
        caption: Option<&str>,
        file: &[u8],
    ) -> Result<OwnedEventId, AgentError> {
        let config = AttachmentConfig::new().caption(caption.map(TextMessageEventContent::plain));
        let mime = mime.parse().expect("a media type");
        let sent = self.room(room)?.send_attachment(name, &mime, file.to_vec(), config).await;
        Ok(sent.map_err(|error| failure(self.user.as_str(), "send a file", error))?.event_id)
    }

    /// Gets a file from the homeserver, as it is there.
    pub async fn download(&self, uri: &str) -> Result<Vec<u8>, AgentError> {
        let source = MediaSource::Plain(uri.into());
        let request = MediaRequestParameters { source, format: MediaFormat::File };
        let file = self.client.media().get_media_content(&request, false).await;
        file.map_err(|error| failure(self.user.as_str(), "download", error))
    }

    /// Starts or stops typing.
    pub async fn typing(&self, room: &RoomId, typing: bool) -> Result<(), AgentError> {
        let result = self.room(room)?.typing_notice(typing).await;
        result.map_err(|error| failure(self.user.as_str(), "type", error))
    }

    /// Marks everything up to an event as read.
    pub async fn read(&self, room: &RoomId, event: OwnedEventId) -> Result<(), AgentError> {
        self.room(room)?
            .send_single_receipt(ReceiptType::Read, ReceiptThread::Unthreaded, event)
            .await
            .map_err(|error| failure(self.user.as_str(), "send a receipt", error))
    }

    /// Waits for a message in a room that satisfies `wanted`.
    pub async fn message(
        &self,
        room: &RoomId,
        what: &str,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Event, AgentError> {
        self.until(what, |seen| seen.rooms.get(room)?.messages().find(|e| wanted(e)).cloned()).await
    }

    /// Waits for a message with exactly this text.
    pub async fn text(&self, room: &RoomId, text: &str) -> Result<Event, AgentError> {
        self.message(room, &format!("the message {text:?}"), |event| event.body() == text).await
    }

    /// Waits until the agent is not in this room any more (nor invited to it).
    pub async fn gone(&self, room: &RoomId) -> Result<(), AgentError> {
        self.until("the end of the room", |seen| {
            seen.rooms.get(room).filter(|room| !room.joined && !room.invited).map(|_| ())
        })
        .await
    }

    /// The whole timeline of a room, asked from the homeserver, oldest first.
    pub async fn history(&self, room: &RoomId) -> Result<Vec<Event>, AgentError> {
        let room = self.room(room)?;
        let mut events = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let mut options = MessagesOptions::forward().from(from.as_deref());
            options.limit = uint!(500);
            let page = room
                .messages(options)
                .await
                .map_err(|error| failure(self.user.as_str(), "read the history", error))?;
            events.extend(page.chunk.iter().filter_map(|event| Event::parse(event.raw().json())));
            match page.end {
                Some(end) if !page.chunk.is_empty() => from = Some(end),
                _ => return Ok(events),
            }
        }
    }

    /// What a client shows of a room when its user scrolls up as far as it goes, oldest first. In a
    /// room of another homeserver this fetches what was there before.
    pub async fn scrolls_up(&self, room: &RoomId) -> Result<Vec<Event>, AgentError> {
        let room = self.room(room)?;
        let mut events = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let page = room
                .messages(MessagesOptions::backward().from(from.as_deref()))
                .await
                .map_err(|error| failure(self.user.as_str(), "scroll up", error))?;
            events.extend(page.chunk.iter().filter_map(|event| Event::parse(event.raw().json())));
            match page.end {
                Some(end) => from = Some(end),
                None => break,
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Takes another display name, which every room is told.
    pub async fn is_called(&self, name: &str) -> Result<(), AgentError> {
        let result = self.client.account().set_display_name(Some(name)).await;
        result.map_err(|error| failure(self.user.as_str(), "change the name", error))
    }

    fn room(&self, room: &RoomId) -> Result<matrix_sdk::Room, AgentError> {
        self.client.get_room(room).ok_or_else(|| AgentError::NotThere {
            agent: self.user.to_string(),
            room: room.to_owned(),
        })
    }
}

/// Follows the homeserver for ever; it may go away and come back.
async fn follow(client: Client, seen: watch::Sender<Seen>) {
    let mut definition = FilterDefinition::default();
    let mut timeline = RoomEventFilter::default();
    timeline.limit = Some(uint!(500));
    let mut room = RoomFilter::default();
    room.timeline = timeline;
    definition.room = room;
    let settings = SyncSettings::default()
        .filter(Filter::FilterDefinition(definition))
        .timeout(Duration::from_secs(20))
        .ignore_timeout_on_first_sync(true);
    loop {
        match client.sync_once(settings.clone()).await {
            Ok(response) => seen.send_modify(|seen| seen.take_in(&response.rooms)),
            Err(error) => {
                seen.send_modify(|seen| seen.last_error = Some(error.to_string()));
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn failure(agent: &str, what: &'static str, error: matrix_sdk::Error) -> AgentError {
    AgentError::Request { agent: agent.to_owned(), what, source: Box::new(error) }
}
