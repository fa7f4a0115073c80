//! Spaces: one for everybody who works here, and in it one per queue with the queue's open chats.
//!
//! They are a convenience and never in a chat's way: what is done about them has lanes of its own,
//! nothing of a chat waits for it, and what fails is put aside without a word to agents. A space that
//! has had too many rooms in it (its state keeps all of them) gets no more; a new one does.

use std::collections::BTreeSet;

use ruma::OwnedRoomId;
use switchboard_engine::ChatId;

use super::{
    batch::Batch,
    records::{BotRoom, Presence, SpaceUse},
    state::State,
};
use crate::{
    outbox::effect::{Deed, Lane, OutboxEffect},
    place::Place,
};

const TOPIC: &str =
    "The queues of this contact centre. Join those whose chats you want to see grouped.";
const QUEUE_TOPIC: &str = "The open chats of this queue that you are in.";
const INVITE: &str = "Here are the queues of your contact centre.";
const NOT_HERE: &str = "You do not work here any more.";
const CLOSED: &str = "This space is not used any more.";

/// After so many rooms a space gets no more.
const LIMIT: u64 = 2000;

/// Whether there are spaces, and how they are.
#[derive(Clone, Debug)]
pub struct SpaceSettings {
    /// What the space for everybody is called; `None`: there are no spaces.
    pub name: Option<String>,
    /// After so many rooms a space gets no more.
    pub limit: u64,
}

impl Default for SpaceSettings {
    fn default() -> Self {
        Self { name: None, limit: LIMIT }
    }
}

impl SpaceSettings {
    /// With this name. `SWITCHBOARD_TEST_SPACE_LIMIT` makes spaces small, for tests.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        let limit = std::env::var("SWITCHBOARD_TEST_SPACE_LIMIT").ok();
        let limit = limit.and_then(|value| value.parse().ok()).unwrap_or(LIMIT);
        Self { name: name.map(str::to_owned), limit }
    }
}

impl State {
    /// Opens the spaces that are missing, asks in who is new, and closes what is not needed. What
    /// failed before is tried again.
    pub(super) fn tend_spaces(&mut self, batch: &mut Batch) {
        match self.with.spaces.name.clone() {
            Some(name) => {
                self.open_space(&Place::Space {}, &name, batch);
                self.see_to_members(batch);
                for queue in self.centre.queues.clone() {
                    let number = self.newest_space(&queue.id).unwrap_or(1);
                    let place = Place::QueueSpace { queue: queue.id, number };
                    self.open_space(&place, &queue.name, batch);
                }
            }
            None => self.close_space(&Place::Space {}, batch),
        }
        for place in self.queue_spaces() {
            self.close_if_spent(&place, batch);
        }
        let out_of_place = |chat: &&ChatId| self.space_of(**chat) != self.listed_in(**chat);
        let chats: Vec<ChatId> = self.conversations.keys().filter(out_of_place).copied().collect();
        batch.chats.extend(chats);
    }

    /// Opens a space unless it is there, and calls it what it is to be called.
    fn open_space(&mut self, place: &Place, name: &str, batch: &mut Batch) {
        let known = self.bot_rooms.get_mut(place).and_then(|record| record.space.as_mut());
        if let Some(space) = known {
            let renamed = space.name != name;
            name.clone_into(&mut space.name);
            if renamed {
                batch.places.insert(place.clone());
                let deed = Deed::NameRoom { name: name.to_owned() };
                self.send_to(place, Lane::Timeline, deed, batch);
            }
        }
        let record = self.bot_rooms.get(place);
        if record.is_some_and(|record| record.room.is_some() || record.opening.is_some()) {
            return;
        }
        let of_queue = matches!(place, Place::QueueSpace { .. });
        let topic = if of_queue { QUEUE_TOPIC } else { TOPIC };
        let desks = self.bot_rooms.get(&Place::Space {}).and_then(|record| record.opening);
        let effect = OutboxEffect {
            place: place.clone(),
            lane: Lane::Timeline,
            after: desks.into_iter().filter(|_| of_queue).collect(),
            created: self.batch_time().0,
            deed: Deed::OpenSpace { name: name.to_owned(), topic: topic.to_owned() },
        };
        let opening = self.add_effect(effect, batch);
        let space = SpaceUse { name: name.to_owned(), taken: 0, closing: false };
        let record = BotRoom {
            place: place.clone(),
            room: None,
            opening: Some(opening.0),
            direct: false,
            people: std::collections::BTreeMap::new(),
            prompts: Vec::new(),
            space: Some(space),
        };
        self.bot_rooms.insert(place.clone(), record);
        batch.places.insert(place.clone());
    }

    /// Asks everybody who works here into the space, brings the queues' users in, and shows out who
    /// works here no more. Who has left it or has declined is not asked again.
    fn see_to_members(&mut self, batch: &mut Batch) {
        let place = Place::Space {};
        let agents = self.centre.agents.iter().map(|agent| agent.id.clone());
        let supervisors = self.centre.supervisors.iter().map(|supervisor| supervisor.id.clone());
        let administrators = self.centre.administrators.iter().map(|admin| admin.id.clone());
        let people: BTreeSet<String> = agents.chain(supervisors).chain(administrators).collect();
        let queues: Vec<(String, String)> = self
            .centre
            .queues
            .iter()
            .map(|queue| (queue.id.clone(), self.with.names.queue_user(&queue.id).to_string()))
            .collect();
        let there: BTreeSet<String> = self
            .bot_rooms
            .get(&place)
            .into_iter()
            .flat_map(|record| record.people.keys().cloned())
            .collect();
        for user in people.difference(&there) {
            self.invite_to(&place, user, INVITE, batch);
        }
        for (queue, user) in queues.iter().filter(|(_, user)| !there.contains(user)) {
            self.bring_queue_in(queue, user, batch);
        }
        let is_wanted = |user: &&String| {
            people.contains(*user) || queues.iter().any(|(_, queue)| queue == *user)
        };
        for user in there.iter().filter(|user| !is_wanted(user)) {
            let mut spaces = self.queue_spaces();
            spaces.push(place.clone());
            for space in spaces {
                let (agent, reason) = (user.clone(), NOT_HERE.to_owned());
                self.send_to(&space, Lane::Members, Deed::Remove { agent, reason }, batch);
            }
            if let Some(record) = self.bot_rooms.get_mut(&place) {
                record.people.remove(user);
            }
            batch.places.insert(place.clone());
        }
    }

    fn bring_queue_in(&mut self, queue: &str, user: &str, batch: &mut Batch) {
        let place = Place::Space {};
        let user_of = Place::QueueUser(queue.to_owned());
        let making = self.open_effects.iter().rev().find(|(_, effect)| effect.place == user_of);
        let making = making.map(|(seq, _)| *seq);
        let Some(record) = self.bot_rooms.get_mut(&place) else { return };
        record.people.insert(user.to_owned(), Presence::Joined);
        let effect = OutboxEffect {
            place: place.clone(),
            lane: Lane::Members,
            after: record.opening.into_iter().chain(making).collect(),
            created: self.batch_time().0,
            deed: Deed::BringIn { user: user.to_owned() },
        };
        self.add_effect(effect, batch);
        batch.places.insert(place);
    }

    fn queue_spaces(&self) -> Vec<Place> {
        let places = self.bot_rooms.keys();
        places.filter(|place| matches!(place, Place::QueueSpace { .. })).cloned().collect()
    }

    /// The number of a queue's newest space.
    fn newest_space(&self, of: &str) -> Option<u64> {
        let numbers = self.bot_rooms.keys().filter_map(|place| match place {
            Place::QueueSpace { queue, number } if queue == of => Some(*number),
            _ => None,
        });
        numbers.max()
    }

    /// The queue in whose space a chat is to be.
    fn space_of(&self, chat: ChatId) -> Option<&str> {
        self.with.spaces.name.as_ref()?;
        let conversation = self.conversations.get(&chat)?;
        let open = conversation.room.is_some() && conversation.ended.is_none();
        open.then_some(conversation.queue.as_str())
    }

    /// The queue in whose space a chat is.
    fn listed_in(&self, chat: ChatId) -> Option<&str> {
        match self.conversations.get(&chat)?.listed.as_ref()? {
            Place::QueueSpace { queue, .. } => Some(queue),
            _ => None,
        }
    }

    /// Puts a chat into the space where it belongs, and takes it out of the one where it was.
    pub(super) fn list_chat(&mut self, chat: ChatId, batch: &mut Batch) {
        if self.space_of(chat) == self.listed_in(chat) {
            return;
        }
        let queue = self.space_of(chat).map(str::to_owned);
        let Some(conversation) = self.conversations.get_mut(&chat) else { return };
        let Some(room) = conversation.room.clone() else { return };
        if let Some(before) = conversation.listed.take() {
            self.list_room(&before, room.clone(), false, batch);
            self.close_if_spent(&before, batch);
        }
        let Some(place) = queue.and_then(|queue| self.space_with_room(&queue, batch)) else {
            return;
        };
        if let Some(record) = self.bot_rooms.get_mut(&place)
            && let Some(space) = &mut record.space
        {
            space.taken += 1;
            batch.places.insert(place.clone());
        }
        self.list_room(&place, room, true, batch);
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.listed = Some(place);
        }
    }

    /// A queue's space for one more chat: the newest, or a new one if that has had too many. None if
    /// it could not be made: it will be tried again at the next start.
    fn space_with_room(&mut self, queue: &str, batch: &mut Batch) -> Option<Place> {
        let number = self.newest_space(queue)?;
        let place = Place::QueueSpace { queue: queue.to_owned(), number };
        let record = self.bot_rooms.get(&place)?;
        let space = record.space.as_ref()?;
        if space.closing || record.room.is_none() && record.opening.is_none() {
            return None;
        }
        if space.taken < self.with.spaces.limit {
            return Some(place);
        }
        let (name, next) = (space.name.clone(), number + 1);
        let next = Place::QueueSpace { queue: queue.to_owned(), number: next };
        self.open_space(&next, &name, batch);
        Some(next)
    }

    fn list_room(&mut self, space: &Place, room: OwnedRoomId, listed: bool, batch: &mut Batch) {
        let record = self.bot_rooms.get(space);
        if record.and_then(|record| record.space.as_ref()).is_some_and(|space| !space.closing) {
            self.send_to(space, Lane::Timeline, Deed::ListRoom { room, listed }, batch);
        }
    }

    /// A space is made: a queue's is put into the one for everybody.
    pub(super) fn space_is_open(&mut self, place: &Place, room: OwnedRoomId, batch: &mut Batch) {
        if matches!(place, Place::QueueSpace { .. }) {
            self.list_room(&Place::Space {}, room, true, batch);
        }
    }

    /// A space cannot be made. The chats that were to be in it are in none.
    pub(super) fn space_failed(&mut self, place: &Place, batch: &mut Batch) {
        if let Some(record) = self.bot_rooms.get_mut(place) {
            record.opening = None;
            batch.places.insert(place.clone());
        }
        for (chat, conversation) in &mut self.conversations {
            if conversation.listed.as_ref() == Some(place) {
                conversation.listed = None;
                batch.chats.insert(*chat);
            }
        }
    }

    /// Closes a queue's space that gets no more chats and has none.
    fn close_if_spent(&mut self, place: &Place, batch: &mut Batch) {
        let Place::QueueSpace { queue, number } = place else { return };
        let goes_on = self.with.spaces.name.is_some()
            && self.centre.queue(queue).is_some()
            && self.newest_space(queue) == Some(*number);
        if goes_on {
            return;
        }
        let mut listed = self.conversations.values().filter_map(|chat| chat.listed.as_ref());
        if self.with.spaces.name.is_none() || !listed.any(|space| space == place) {
            self.close_space(place, batch);
        }
    }

    fn close_space(&mut self, place: &Place, batch: &mut Batch) {
        let Some(record) = self.bot_rooms.get_mut(place) else { return };
        let Some(space) = record.space.as_mut().filter(|space| !space.closing) else { return };
        space.closing = true;
        batch.places.insert(place.clone());
        let room = record.room.clone();
        if let Some(room) = room.filter(|_| *place != Place::Space {}) {
            self.list_room(&Place::Space {}, room, false, batch);
        }
        let deed = Deed::CloseSpace { reason: CLOSED.to_owned() };
        self.send_to(place, Lane::Timeline, deed, batch);
    }
}
