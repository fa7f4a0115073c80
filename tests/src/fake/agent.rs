//! Agents as actors: people with a Matrix client, without the client.
#![expect(clippy::must_use_candidate, reason = "actions whose event id is rarely needed")]
#![expect(clippy::missing_panics_doc, reason = "in a test, what does not succeed panics")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::timeout};

use super::{
    core::{Core, lock},
    error::ApiError,
    event::{Event, now_ms},
};

/// The invites that an agent has not looked at.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    invites: Mutex<VecDeque<Arc<Event>>>,
    arrived: Notify,
}

impl Inbox {
    pub(crate) fn deliver(&self, invite: Arc<Event>) {
        lock(&self.invites).push_back(invite);
        self.arrived.notify_waiters();
    }

    fn take(&self, wanted: &impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        let mut invites = lock(&self.invites);
        let at = invites.iter().position(|e| wanted(e))?;
        invites.remove(at)
    }
}

/// A Matrix user who is a person. Everything succeeds or panics, unless it says "tries".
#[derive(Clone, Debug)]
pub struct Agent {
    core: Arc<Core>,
    inbox: Arc<Inbox>,
    /// The full Matrix id.
    pub id: String,
}

impl Agent {
    pub(crate) fn new(core: Arc<Core>, id: String) -> Self {
        core.users.entry(id.clone()).or_default();
        let inbox = core.inboxes.entry(id.clone()).or_default().clone();
        Self { core, inbox, id }
    }

    /// The next invite, from anybody: its room.
    pub async fn next_invite(&self, deadline: Duration) -> String {
        self.next_invite_that(deadline, |_| true).await.room_id.clone()
    }

    /// The next request: an invite by a customer's ghost. Gives the room.
    pub async fn next_request(&self, deadline: Duration) -> String {
        let ghosts = format!("@{}_c_", self.core.settings.prefix);
        let invite = self.next_invite_that(deadline, |e| e.sender.starts_with(&ghosts)).await;
        invite.room_id.clone()
    }

    /// Comes to the desk: the direct chat that the bot invites to. Gives the room.
    pub async fn comes_to_desk(&self, deadline: Duration) -> String {
        let bot = format!("@{}:", self.core.settings.prefix);
        let is_desk =
            |e: &Event| e.sender.starts_with(&bot) && e.content["is_direct"] == json!(true);
        let invite = self.next_invite_that(deadline, is_desk).await;
        self.joins(&invite.room_id);
        invite.room_id.clone()
    }

    /// Comes to the desk and logs on with the only profile. Gives the room.
    pub async fn logs_on(&self, deadline: Duration) -> String {
        let desk = self.comes_to_desk(deadline).await;
        let answer = self.asks(&desk, "!login", deadline).await;
        assert!(answer.contains("logged on"), "{} is not logged on: {answer}", self.id);
        desk
    }

    /// Starts a direct chat with a user of the appservice, as clients do. Gives the room.
    pub fn starts_chat_with(&self, user: &str) -> String {
        let body = json!({ "preset": "private_chat", "invite": [user], "is_direct": true });
        self.core.create_room(&self.id, &body, None).expect("anybody can make a room")
    }

    /// Writes something to the bot. Gives the text of its answer.
    pub async fn asks(&self, room: &str, text: &str, deadline: Duration) -> String {
        let question = self.says(room, text);
        self.answer_to(room, &question, deadline).await.body().to_owned()
    }

    /// The answer to an event.
    pub async fn answer_to(&self, room: &str, event: &str, deadline: Duration) -> Arc<Event> {
        let answers = |e: &Event| {
            let relation = &e.content["m.relates_to"];
            relation["m.in_reply_to"]["event_id"] == json!(event)
        };
        self.sees(room, answers, deadline).await
    }

    /// The next invite that is wanted; others stay.
    pub async fn next_invite_that(
        &self,
        deadline: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> Arc<Event> {
        let wait = async {
            loop {
                let arrived = self.inbox.arrived.notified();
                tokio::pin!(arrived);
                arrived.as_mut().enable();
                if let Some(invite) = self.inbox.take(&wanted) {
                    return invite;
                }
                arrived.await;
            }
        };
        let invite = timeout(deadline, wait).await;
        invite.unwrap_or_else(|_| panic!("{} was not invited within {deadline:?}", self.id))
    }

    /// Whether there is an invite that was not taken by `next_invite` (withdrawn ones included).
    #[must_use]
    pub fn has_invite(&self) -> bool {
        !lock(&self.inbox.invites).is_empty()
    }

    /// The agent's membership: `invite`, `join`, `leave` or `ban`.
    #[must_use]
    pub fn membership(&self, room: &str) -> String {
        self.core
            .room(room)
            .map_or_else(|_| "leave".into(), |r| lock(&r).membership(&self.id).into())
    }

    fn set(&self, room: &str, target: &str, membership: &str) -> Result<(), ApiError> {
        let content = json!({ "membership": membership });
        self.core.set_membership(room, &self.id, target, content).map(drop)
    }

    /// Accepts an invite.
    pub fn joins(&self, room: &str) {
        self.tries_to_join(room).expect("an invited agent can join");
    }

    /// Accepts an invite that may be gone.
    pub fn tries_to_join(&self, room: &str) -> Result<(), ApiError> {
        self.set(room, &self.id, "join")
    }

    /// Declines an invite, as clients do: by leaving.
    pub fn declines(&self, room: &str) {
        assert_eq!(self.membership(room), "invite", "{} can only decline an invite", self.id);
        self.set(room, &self.id, "leave").expect("an invite can be declined");
    }

    /// Leaves.
    pub fn leaves(&self, room: &str) {
        self.set(room, &self.id, "leave").expect("a member can leave");
    }

    /// Invites somebody.
    pub fn invites(&self, room: &str, user: &str) {
        self.set(room, user, "invite").expect("agents may invite");
    }

    /// Starts a room. Gives its id.
    pub fn starts_room(&self, body: &Value) -> String {
        self.core.create_room(&self.id, body, None).expect("people may start rooms")
    }

    /// Starts a direct chat with the bot. Gives its room.
    pub fn starts_direct_chat(&self) -> String {
        let bot = format!("@{}:{}", self.core.settings.prefix, self.core.settings.server_name);
        self.starts_room(&json!({
            "preset": "trusted_private_chat", "is_direct": true, "invite": [bot],
        }))
    }

    /// Writes a plain message. Gives the event's id.
    pub fn says(&self, room: &str, text: &str) -> String {
        self.sends(room, "m.room.message", json!({ "msgtype": "m.text", "body": text }))
    }

    /// Sends any event. Gives its id.
    pub fn sends(&self, room: &str, kind: &str, content: Value) -> String {
        self.tries_to_send(room, kind, content).expect("agents may send")
    }

    /// Sends any event, if it is permitted.
    pub fn tries_to_send(
        &self,
        room: &str,
        kind: &str,
        content: Value,
    ) -> Result<String, ApiError> {
        self.core.send(room, &self.id, kind, content, None).map(|e| e.event_id.clone())
    }

    /// Uploads a file and sends it as clients do, as `m.image`, `m.file` and so on. Gives the event's
    /// id and the file's address.
    pub fn sends_file(
        &self,
        room: &str,
        kind: &str,
        name: &str,
        file: impl Into<bytes::Bytes>,
    ) -> (String, String) {
        let file = file.into();
        let size = file.len();
        let uri = self.core.keep_file(file);
        let content = json!({
            "msgtype": kind, "body": name, "url": uri, "info": { "size": size },
        });
        (self.sends(room, "m.room.message", content), uri)
    }

    /// Reacts to an event.
    pub fn reacts(&self, room: &str, event: &str, key: &str) -> String {
        let relation = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.sends(room, "m.reaction", json!({ "m.relates_to": relation }))
    }

    /// Redacts an event.
    pub fn redacts(&self, room: &str, event: &str) -> String {
        let redaction = self.core.redact(room, &self.id, event, None);
        redaction.expect("agents may redact their own").event_id.clone()
    }

    /// Starts or stops typing.
    pub fn types(&self, room: &str, typing: bool) {
        self.core.set_typing(room, &self.id, typing).expect("members may type");
    }

    /// Has read everything up to an event.
    pub fn reads(&self, room: &str, event: &str) {
        self.core.set_receipt(room, &self.id, event).expect("members may read");
    }

    /// Everything in the room.
    #[must_use]
    pub fn timeline(&self, room: &str) -> Vec<Arc<Event>> {
        self.core.room(room).map_or_else(|_| Vec::new(), |r| lock(&r).timeline.clone())
    }

    /// The first event in the room that fits, already there or to come.
    pub async fn sees(
        &self,
        room: &str,
        wanted: impl Fn(&Event) -> bool,
        deadline: Duration,
    ) -> Arc<Event> {
        let handle = self.core.room(room).expect("the room exists");
        let mut version = lock(&handle).version.subscribe();
        let mut from = 0;
        let wait = async {
            loop {
                version.borrow_and_update();
                let found = {
                    let room = lock(&handle);
                    let found = room.timeline[from..].iter().find(|e| wanted(e)).cloned();
                    from = room.timeline.len();
                    found
                };
                match found {
                    Some(event) => return event,
                    None => version.changed().await.expect("rooms stay"),
                }
            }
        };
        timeout(deadline, wait).await.unwrap_or_else(|_| {
            let timeline = transcript(&self.timeline(room));
            panic!("{} did not see it within {deadline:?}; the room:\n{timeline}", self.id)
        })
    }

    /// A message with exactly this text.
    pub async fn sees_text(&self, room: &str, text: &str, deadline: Duration) -> Arc<Event> {
        self.sees(room, |e| e.kind == "m.room.message" && e.body() == text, deadline).await
    }
}

/// The events as one line each, for panic messages.
#[must_use]
pub fn transcript(events: &[Arc<Event>]) -> String {
    let line = |e: &Arc<Event>| {
        let key = e.state_key.as_deref().map(|k| format!(" [{k}]")).unwrap_or_default();
        let what = e.membership().unwrap_or_else(|| e.body());
        format!("  {} {}{key} {what:.80}\n", e.sender, e.kind)
    };
    events.iter().map(line).collect()
}

impl Core {
    pub(crate) fn set_typing(&self, room: &str, user: &str, typing: bool) -> Result<(), ApiError> {
        let room = self.room(room)?;
        let mut room = lock(&room);
        if !room.is_joined(user) {
            return Err(ApiError::forbidden("User not in room"));
        }
        room.typing.retain(|u| u != user);
        if typing {
            room.typing.push(user.into());
        }
        if room.ours > 0 {
            self.pusher.ephemeral(json!({
                "type": "m.typing", "room_id": room.id, "content": { "user_ids": room.typing },
            }));
        }
        Ok(())
    }

    pub(crate) fn set_receipt(&self, room: &str, user: &str, event: &str) -> Result<(), ApiError> {
        let room = self.room(room)?;
        let mut room = lock(&room);
        if !room.is_joined(user) {
            return Err(ApiError::forbidden("User not in room"));
        }
        room.receipts.insert(user.into(), event.into());
        if room.ours > 0 {
            let receipt = json!({ event: { "m.read": { user: { "ts": now_ms() } } } });
            self.pusher.ephemeral(json!({
                "type": "m.receipt", "room_id": room.id, "content": receipt,
            }));
        }
        Ok(())
    }
}
