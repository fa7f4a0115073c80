//! Carrying out one effect, whatever happened to an earlier try.

use std::sync::Arc;

use ruma::{
    EventId, OwnedEventId, OwnedRoomId, UserId,
    api::{
        Direction,
        client::{
            message::{get_message_events, send_message_event},
            state::send_state_event,
        },
    },
    events::{MessageLikeEventType, StateEventType},
    serde::Raw,
    uint,
};
use serde_json::{Value, json};
use switchboard_engine::WithdrawOutcome;

use super::{
    effect::{Asked, Deed, Done, OutboxEffect, effect_id},
    room,
};
use crate::{
    directory::Directory,
    identity::Namespace,
    matrix::{
        bot_room,
        client::{As, CallError, Homeserver},
        companion, content,
        event::{self, RoomEvent},
        recipe, space,
    },
    media::{Media, MediaError},
    place::Place,
    store::EffectSeq,
    variables,
};

/// The content key that says why the bot ended a membership.
pub const REMOVAL_KEY: &str = "chat.switchboard.removal";

/// What carrying out effects needs.
#[derive(Clone, Debug)]
pub struct Deliverer {
    /// The homeserver.
    pub homeserver: Homeserver,
    /// Our names on it.
    pub names: Namespace,
    /// Rooms and ghosts.
    pub directory: Directory,
    /// The store's incarnation.
    pub incarnation: String,
    /// Files, unless there are none.
    pub media: Option<Arc<Media>>,
}

/// By how much the homeserver's clock may be behind ours.
const CLOCKS_DIFFER_MS: u64 = 10 * 60 * 1000;

/// An event of ours in a room.
pub(super) struct Sent {
    event: OwnedEventId,
    /// By an earlier try.
    found: bool,
}

impl Sent {
    pub(super) fn done(self) -> Done {
        if self.found { Done::Found(self.event) } else { Done::Event(self.event) }
    }
}

/// Why an effect was not carried out. As text it may be logged; see [`DeliverError::in_full`].
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The homeserver did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The room that it is about does not exist, and nothing is going to make it.
    #[error("the room is not made")]
    NoRoom,
    /// What is only done in a chat's room is to be done elsewhere: a fault of ours.
    #[error("the effect is for chats only")]
    NoChat,
    /// The effect and where it is to be carried out do not fit: a fault of ours.
    #[error("the effect does not fit its place")]
    Elsewhere,
    /// What it is about never came into the room.
    #[error("the event that it is about is not in the room")]
    NoTarget,
    /// An id in the effect is not valid.
    #[error("an id is not a valid Matrix id")]
    BadId(String),
}

impl DeliverError {
    /// All that is known, with ids and the homeserver's words. Not for logs.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Call(error) => error.in_full(),
            Self::NoRoom | Self::NoChat | Self::Elsewhere | Self::NoTarget => self.to_string(),
            Self::BadId(id) => format!("`{id}` is not a valid Matrix id"),
        }
    }
}

impl Deliverer {
    /// Carries out an effect. In doubt (after a restart or a lost answer) it first looks whether
    /// it has been done.
    #[expect(clippy::too_many_lines, reason = "one arm for each deed")]
    pub async fn carry_out(
        &self,
        seq: EffectSeq,
        effect: &OutboxEffect,
        in_doubt: bool,
    ) -> Result<Done, DeliverError> {
        let id = effect_id(&self.incarnation, seq);
        let room = || self.directory.room_of(&effect.place).ok_or(DeliverError::NoRoom);
        let chat = || effect.place.chat().ok_or(DeliverError::NoChat);
        let ghost = || chat().map(|chat| self.names.ghost(chat));
        let doubt = in_doubt.then_some(effect.created);
        let bot = self.names.bot();
        match &effect.deed {
            Deed::OpenRoom { number, customer, queue, queue_name, variables, federate } => {
                let chat = chat()?;
                let recipe = recipe::ChatRoom {
                    chat,
                    number: *number,
                    incarnation: &self.incarnation,
                    customer,
                    variables,
                    queue,
                    queue_name,
                    federate: *federate,
                    ghost: &ghost()?,
                    alias: self.names.room_alias_localpart(chat),
                };
                room::open(self, &recipe).await.map(Done::Room)
            }
            Deed::Card { text, html, reactions } => {
                let room = room()?;
                let body = content::notice(text, Some(html), &id);
                let card = self.say(&room, bot, &id, "m.room.message", &body, doubt).await?;
                let pinned = json!({ "pinned": [card.event] });
                self.set_state(bot, &room, "m.room.pinned_events", "", &pinned).await?;
                self.react(&room, &card, reactions, &id, doubt).await?;
                Ok(card.done())
            }
            Deed::Ring { agent, reason, html, .. } => {
                let (room, ghost) = (room()?, ghost()?);
                let body = content::invite(reason, html, &id);
                self.invite(&room, &ghost, agent, &body, (&id, doubt)).await
            }
            Deed::Withdraw { agent, reason } => {
                let room = room()?;
                if in_doubt && self.has_removed(&room, &id, effect.created).await? {
                    return Ok(Done::Withdrawn(WithdrawOutcome::Done));
                }
                self.withdraw(&room, agent, reason, (seq, &id)).await.map(Done::Withdrawn)
            }
            Deed::Remove { agent, reason } => {
                let room = room()?;
                if !(in_doubt && self.has_removed(&room, &id, effect.created).await?) {
                    self.remove(&room, agent, reason, "closed", &id).await?;
                }
                Ok(Done::Plain)
            }
            Deed::Say { text, mentions, reply_to, .. } => {
                let mut body = content::customer_text(text, mentions, &id);
                let (room, ghost) = (room()?, ghost()?);
                self.refer(&room, &ghost, reply_to.as_ref(), &mut body).await?;
                let sent = self.say(&room, &ghost, &id, "m.room.message", &body, doubt);
                sent.await.map(Sent::done)
            }
            Deed::Attach { file, mentions, reply_to, .. } => {
                let mut body = content::customer_file(file, mentions, &id);
                let (room, ghost) = (room()?, ghost()?);
                self.refer(&room, &ghost, reply_to.as_ref(), &mut body).await?;
                let sent = self.say(&room, &ghost, &id, "m.room.message", &body, doubt);
                sent.await.map(Sent::done)
            }
            Deed::FetchFile { id, name, uri, .. } => {
                let media = self.media.as_ref().ok_or(DeliverError::Elsewhere)?;
                match media.fetch(id, name, uri).await {
                    Ok(file) => Ok(Done::File(file)),
                    Err(MediaError::Unfit(why)) => Ok(Done::Unfit(why)),
                    Err(MediaError::Call(error)) => Err(error.into()),
                    // Other files may leave room on it.
                    Err(error @ (MediaError::Disk(_) | MediaError::Sender)) => {
                        tracing::error!(%error, "a file of an agent cannot be kept");
                        Err(CallError::Limited { retry_after: None }.into())
                    }
                }
            }
            Deed::Notice { text, html, reactions, to, .. } => {
                let room = room()?;
                let mut body = content::notice(text, html.as_deref(), &id);
                answer(&mut body, to.as_ref());
                let sent = self.say(&room, bot, &id, "m.room.message", &body, doubt).await?;
                self.react(&room, &sent, reactions, &id, doubt).await?;
                Ok(sent.done())
            }
            Deed::Customer { variables } => {
                let mut body = variables::state(variables);
                body[content::EFFECT_KEY] = id.into();
                self.set_state(bot, &room()?, recipe::CUSTOMER_STATE, "", &body).await?;
                Ok(Done::Plain)
            }
            Deed::Status { number, queue, status } => {
                let room = room()?;
                let body = json!({
                    "id": chat()?.to_string(), "number": number, "queue": queue,
                    "status": status, "incarnation": self.incarnation, content::EFFECT_KEY: id,
                });
                self.set_state(bot, &room, recipe::CHAT_STATE, "", &body).await?;
                Ok(Done::Plain)
            }
            Deed::OpenBotRoom { name, topic } => {
                let alias =
                    self.names.alias_localpart(&effect.place).ok_or(DeliverError::NoRoom)?;
                let recipe = bot_room::BotRoom {
                    purpose: effect.place.key(),
                    incarnation: &self.incarnation,
                    alias,
                    name,
                    topic,
                };
                self.open_bot_room(&recipe).await.map(Done::Room)
            }
            Deed::Invite { user, reason, direct } => {
                let body = content::bot_invite(reason, *direct, &id);
                self.invite(&room()?, bot, user, &body, (&id, doubt)).await
            }
            Deed::Join {} => self.accept_invite(&room()?).await.map(Done::Joined),
            Deed::Decline { reason } => {
                self.decline_invite(&room()?, reason).await?;
                Ok(Done::Plain)
            }
            Deed::NameQueue { name } => {
                let Place::QueueUser(queue) = &effect.place else {
                    return Err(DeliverError::Elsewhere);
                };
                self.make_named(&self.names.queue_user(queue), name).await?;
                Ok(Done::Plain)
            }
            Deed::OpenSpace { name, topic } => {
                let alias =
                    self.names.alias_localpart(&effect.place).ok_or(DeliverError::Elsewhere)?;
                let open_to = match &effect.place {
                    Place::QueueSpace { .. } => {
                        let all = self.directory.room_of(&Place::Space {});
                        Some(all.ok_or(DeliverError::NoRoom)?)
                    }
                    _ => None,
                };
                let recipe = space::Space {
                    purpose: effect.place.key(),
                    incarnation: &self.incarnation,
                    alias,
                    name,
                    topic,
                    open_to,
                };
                self.open_space(&recipe).await.map(Done::Room)
            }
            Deed::NameRoom { name } => {
                let body = json!({ "name": name });
                self.set_state(bot, &room()?, "m.room.name", "", &body).await?;
                Ok(Done::Plain)
            }
            Deed::ListRoom { room: child, listed } => {
                let suggested = effect.place == Place::Space {};
                self.list(&room()?, child, *listed, suggested).await?;
                Ok(Done::Plain)
            }
            Deed::BringIn { user } => {
                let user =
                    UserId::parse(user.as_str()).map_err(|_| DeliverError::BadId(user.clone()))?;
                self.bring_in(&room()?, &user).await?;
                Ok(Done::Plain)
            }
            Deed::CloseSpace { reason } => {
                self.close_space(&room()?, reason, &id).await?;
                Ok(Done::Plain)
            }
            Deed::File { name, mime, text, to } => {
                let room = room()?;
                let uri = self.upload(name, mime, text).await?;
                let mut body = content::file(name, mime, text.len(), uri.as_str(), &id);
                answer(&mut body, to.as_ref());
                self.say(&room, bot, &id, "m.room.message", &body, doubt).await.map(Sent::done)
            }
            Deed::Amend { to, text, .. } => {
                let (room, ghost) = (room()?, ghost()?);
                let event = self.resolve(&room, &ghost, to).await?;
                let body = content::customer_edit(text, event.as_str(), &id);
                let sent = self.say(&room, &ghost, &id, "m.room.message", &body, doubt);
                sent.await.map(Sent::done)
            }
            Deed::React { to, emoji, .. } => {
                let told = (id.as_str(), effect.created);
                self.react_as(&room()?, &ghost()?, (to, emoji), told, doubt).await
            }
            Deed::TakeBack { of, .. } => self.take_back(&room()?, &ghost()?, of, &id).await,
            Deed::OpenCompanion { number, customer, chat_room } => {
                let Place::Companion(chat) = effect.place else {
                    return Err(DeliverError::Elsewhere);
                };
                let alias =
                    self.names.alias_localpart(&effect.place).ok_or(DeliverError::Elsewhere)?;
                let recipe = companion::Companion {
                    chat,
                    number: *number,
                    incarnation: &self.incarnation,
                    customer,
                    chat_room,
                    link: format!("https://matrix.to/#/{chat_room}?via={}", self.names.server()),
                    alias,
                };
                self.open_companion(&recipe).await.map(Done::Room)
            }
            Deed::LinkCompanion { room: companion } => {
                let body = json!({ "room_id": companion });
                self.set_state(bot, &room()?, companion::STATE, "", &body).await?;
                Ok(Done::Plain)
            }
            Deed::PostPrivate { name, message, .. } => {
                let Place::Companion(_) = effect.place else {
                    return Err(DeliverError::Elsewhere);
                };
                let body = message.as_event(name, &id);
                self.say(&room()?, bot, &id, "m.room.message", &body, doubt).await.map(Sent::done)
            }
            Deed::HidePrivate { event } => {
                let event = EventId::parse(event.as_str())
                    .map_err(|_| DeliverError::BadId(event.clone()))?;
                self.redact(&room()?, &event, companion::HIDDEN, &id).await?;
                Ok(Done::Plain)
            }
            Deed::Redact { event, reason } => {
                self.redact(&room()?, event, reason, &id).await?;
                Ok(Done::Plain)
            }
        }
    }

    /// Places reactions on a message of the bot, so that people see what they can press.
    async fn react(
        &self,
        room: &OwnedRoomId,
        message: &Sent,
        reactions: &[String],
        id: &str,
        doubt: Option<u64>,
    ) -> Result<(), DeliverError> {
        for (n, key) in reactions.iter().enumerate() {
            let id = format!("{id}.r{n}");
            let body = content::reaction(message.event.as_str(), key, &id);
            match self.say(room, self.names.bot(), &id, "m.reaction", &body, doubt).await {
                Ok(_) => {}
                // A reaction that is there already is what we want.
                Err(DeliverError::Call(error)) if error.is("M_DUPLICATE_ANNOTATION") => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends an event with the transaction id `id`, unless in doubt it is found in the room: then
    /// `doubt` is when the effect was decided, in milliseconds since the Unix epoch.
    pub(super) async fn say(
        &self,
        room: &OwnedRoomId,
        sender: &UserId,
        id: &str,
        kind: &str,
        body: &Value,
        doubt: Option<u64>,
    ) -> Result<Sent, DeliverError> {
        if let Some(since) = doubt
            && let Some(event) = self.find_own(room, sender, id, since).await?
        {
            return Ok(Sent { event, found: true });
        }
        let request = send_message_event::v3::Request::new_raw(
            room.clone(),
            id.into(),
            MessageLikeEventType::from(kind),
            raw(body)?,
        );
        let sent = match self.homeserver.call(As::device(sender), request.clone()).await {
            Err(error) if error.is("M_UNKNOWN_DEVICE") => {
                room::make_device(&self.homeserver, sender).await?;
                self.homeserver.call(As::device(sender), request).await
            }
            other => other,
        };
        Ok(Sent { event: sent?.event_id, found: false })
    }

    /// Looks for an event that we may have sent: from that sender, in that room, with that id.
    pub(super) async fn find_own(
        &self,
        room: &OwnedRoomId,
        sender: &UserId,
        id: &str,
        since: u64,
    ) -> Result<Option<OwnedEventId>, DeliverError> {
        const PAGES: usize = 50;
        let mut from = None;
        for _ in 0..PAGES {
            let mut request =
                get_message_events::v3::Request::new(room.clone(), Direction::Backward);
            request.limit = uint!(100);
            request.from = from;
            let page = self.homeserver.call(As::user(self.names.bot()), request).await?;
            for raw in &page.chunk {
                let Ok(event) = event::read(raw.json().get().as_bytes()) else { continue };
                if event.sender == sender.as_str() && event.effect_id() == Some(id) {
                    return Ok(EventId::parse(event.event_id).ok());
                }
                if event.origin_server_ts.saturating_add(CLOCKS_DIFFER_MS) < since {
                    return Ok(None);
                }
            }
            from = page.end;
            if from.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Writes a state event.
    pub(super) async fn set_state(
        &self,
        sender: &UserId,
        room: &OwnedRoomId,
        kind: &str,
        state_key: &str,
        body: &Value,
    ) -> Result<(), DeliverError> {
        let request = send_state_event::v3::Request::new_raw(
            room.clone(),
            StateEventType::from(kind),
            state_key.to_owned(),
            raw(body)?,
        );
        self.homeserver.call(As::user(sender), request).await?;
        Ok(())
    }

    /// All events of a room after the newest `known` one, oldest first (at most `pages` × 100).
    pub async fn events_since(
        &self,
        room: &OwnedRoomId,
        pages: usize,
        mut known: impl FnMut(&RoomEvent) -> bool,
    ) -> Result<Vec<Raw<ruma::events::AnyTimelineEvent>>, DeliverError> {
        let mut found = Vec::new();
        let mut from = None;
        'pages: for _ in 0..pages {
            let mut request =
                get_message_events::v3::Request::new(room.clone(), Direction::Backward);
            request.limit = uint!(100);
            request.from = from;
            let page = self.homeserver.call(As::user(self.names.bot()), request).await?;
            for raw in page.chunk {
                if let Ok(event) = event::read(raw.json().get().as_bytes())
                    && known(&event)
                {
                    break 'pages;
                }
                found.push(raw);
            }
            from = page.end;
            if from.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}

fn answer(body: &mut Value, to: Option<&Asked>) {
    if let Some(to) = to {
        content::answer_to(body, &to.event, to.thread.as_deref());
    }
}

/// A value as raw JSON of whatever type the request wants.
pub(super) fn raw<T>(value: &Value) -> Result<Raw<T>, CallError> {
    recipe::raw(value).ok_or_else(|| CallError::Nonsense("cannot write JSON".to_owned()))
}
