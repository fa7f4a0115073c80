//! Rooms in which people talk with the bot: desks, the administrators' room, and rooms that the bot
//! was invited to.

use std::collections::{BTreeMap, BTreeSet};

use ruma::OwnedRoomId;
use switchboard_centre::Reply;
use switchboard_engine::AgentId;

use super::{
    batch::Batch,
    records::{BotRoom, Presence, Prompt, Question},
    state::State,
    words,
};
use crate::{
    outbox::effect::{Asked, Deed, Lane, OutboxEffect},
    place::Place,
    store::EffectSeq,
};

/// For ever.
pub(super) const FOR_EVER: u64 = u64::MAX;

/// How long it is known of a question that it cannot be answered any more, in milliseconds.
const TOLD_LATE_FOR_MS: u64 = 24 * 60 * 60 * 1000;

/// Something that the bot says.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) html: Option<String>,
    /// Reactions to place on it.
    pub(super) reactions: Vec<String>,
    /// What it answers.
    pub(super) to: Option<Asked>,
}

impl From<Reply> for Message {
    fn from(reply: Reply) -> Self {
        Self { text: reply.text, html: Some(reply.html), ..Self::default() }
    }
}

impl Message {
    /// The same with reactions.
    pub(super) fn with(mut self, reactions: &[&str]) -> Self {
        self.reactions = reactions.iter().map(ToString::to_string).collect();
        self
    }

    /// The same as an answer.
    pub(super) fn to(mut self, asked: Option<&Asked>) -> Self {
        self.to = asked.cloned();
        self
    }
}

impl State {
    /// Opens what is missing: a desk for everybody who works here, the administrators' room, the
    /// users of queues, and the spaces.
    /// Who is new in the room is invited, who is no administrator any more is shown out.
    pub(super) fn open_bot_rooms(&mut self, batch: &mut Batch) {
        let agents = self.centre.agents.iter().map(|agent| &agent.id);
        let supervisors = self.centre.supervisors.iter().map(|supervisor| &supervisor.id);
        let people: BTreeSet<String> = agents.chain(supervisors).cloned().collect();
        for user in people {
            self.open_desk(&user, batch);
        }
        self.open_control_room(batch);
        self.make_queue_users(batch);
        self.tend_spaces(batch);
    }

    fn open_desk(&mut self, user: &str, batch: &mut Batch) {
        let place = Place::Desk(user.to_owned());
        if !self.bot_rooms.contains_key(&place) {
            self.open_bot_room(&place, words::DESK, words::DESK_TOPIC, batch);
        }
        // Also if an earlier invite could not be made: the account may be there by now.
        if self.bot_rooms.get(&place).is_some_and(|room| !room.people.contains_key(user)) {
            self.invite_to(&place, user, words::DESK_INVITE, batch);
        }
        self.renew_card(user, &place, batch);
    }

    /// Posts the desk's card, if it is not there or its buttons do not fit any more.
    fn renew_card(&mut self, user: &str, place: &Place, batch: &mut Batch) {
        let Some(room) = self.bot_rooms.get(place) else { return };
        let agent = AgentId(user.to_owned());
        let profiles = self.centre.profiles_of(user);
        let ids = profiles.iter().take(words::KEYCAPS.len()).map(|profile| profile.id.clone());
        let card = Question::Desk { agent, profiles: ids.collect() };
        let is_there = room.prompts.iter().any(|prompt| prompt.question == card);
        if is_there || room.prompts.iter().any(Prompt::is_card) && profiles.is_empty() {
            return;
        }
        let roles = self.centre.roles_of(user);
        let name = self.centre.agent(user).map(|agent| agent.name.clone());
        let (reply, reactions) = words::desk_card(name.as_deref(), roles, &profiles);
        let deed = Deed::Card { text: reply.text, html: reply.html, reactions };
        let seq = self.send_to(place, Lane::Timeline, deed, batch);
        if let Some(room) = self.bot_rooms.get_mut(place) {
            room.prompts.retain(|prompt| !prompt.is_card());
            room.prompts.push(Prompt {
                effect: seq.0,
                event: None,
                question: card,
                until: FOR_EVER,
            });
        }
        batch.places.insert(place.clone());
    }

    fn open_control_room(&mut self, batch: &mut Batch) {
        let place = Place::Control {};
        let wanted: BTreeSet<String> = self
            .centre
            .administrators
            .iter()
            .map(|administrator| administrator.id.clone())
            .collect();
        if wanted.is_empty() && !self.bot_rooms.contains_key(&place) {
            return;
        }
        if !self.bot_rooms.contains_key(&place) {
            self.open_bot_room(&place, words::CONTROL, words::CONTROL_TOPIC, batch);
            self.say(&place, words::control_card().into(), batch);
        }
        let there: BTreeSet<String> = self
            .bot_rooms
            .get(&place)
            .into_iter()
            .flat_map(|room| room.people.keys().cloned())
            .collect();
        for user in wanted.difference(&there) {
            self.invite_to(&place, user, words::CONTROL_INVITE, batch);
        }
        for user in there.difference(&wanted) {
            let agent = user.clone();
            let deed = Deed::Remove { agent, reason: words::NO_ADMINISTRATOR.to_owned() };
            self.send_to(&place, Lane::Members, deed, batch);
            if let Some(room) = self.bot_rooms.get_mut(&place) {
                room.people.remove(user);
            }
            batch.places.insert(place.clone());
        }
    }

    fn open_bot_room(&mut self, place: &Place, name: &str, topic: &str, batch: &mut Batch) {
        let deed = Deed::OpenBotRoom { name: name.to_owned(), topic: topic.to_owned() };
        let seq = self.send_to(place, Lane::Timeline, deed, batch);
        let room = BotRoom {
            place: place.clone(),
            room: None,
            opening: Some(seq.0),
            direct: matches!(place, Place::Desk(_)),
            people: BTreeMap::new(),
            prompts: Vec::new(),
            space: None,
        };
        self.bot_rooms.insert(place.clone(), room);
        batch.places.insert(place.clone());
    }

    /// Notes a room that the bot was invited to.
    pub(super) fn visit(
        &mut self,
        room: &OwnedRoomId,
        inviter: &str,
        direct: bool,
        batch: &mut Batch,
    ) {
        let place = Place::Visited(room.clone());
        let people = BTreeMap::from([(inviter.to_owned(), Presence::Joined)]);
        let seq = self.send_to(&place, Lane::Timeline, Deed::Join {}, batch);
        let before = self.bot_rooms.remove(&place);
        let record = BotRoom {
            place: place.clone(),
            room: Some(room.clone()),
            opening: Some(seq.0),
            direct,
            people,
            prompts: before.map(|room| room.prompts).unwrap_or_default(),
            space: None,
        };
        self.bot_rooms.insert(place.clone(), record);
        batch.places.insert(place);
    }

    pub(super) fn invite_to(&mut self, place: &Place, user: &str, reason: &str, batch: &mut Batch) {
        let Some(room) = self.bot_rooms.get_mut(place) else { return };
        room.people.insert(user.to_owned(), Presence::Invited);
        let (user, direct) = (user.to_owned(), room.direct);
        batch.places.insert(place.clone());
        let deed = Deed::Invite { user, reason: reason.to_owned(), direct };
        self.send_to(place, Lane::Members, deed, batch);
    }

    /// Tells somebody something at their desk that they did not ask for. Who has left it is invited
    /// again, so that it is not said to nobody.
    pub(super) fn tell_at_desk(
        &mut self,
        user: &str,
        message: Message,
        question: Option<Question>,
        batch: &mut Batch,
    ) {
        let place = Place::Desk(user.to_owned());
        self.bring_back(&place, user, batch);
        match question {
            Some(question) => self.ask_at(&place, message, question, FOR_EVER, batch),
            None => {
                self.say(&place, message, batch);
            }
        }
    }

    /// Tells the administrators something. Those who have left their room are invited again.
    pub(super) fn tell_administrators(&mut self, message: Message, batch: &mut Batch) {
        let place = Place::Control {};
        for administrator in self.centre.administrators.clone() {
            self.bring_back(&place, &administrator.id, batch);
        }
        self.say(&place, message, batch);
    }

    /// Invites somebody again who has left.
    pub(super) fn bring_back(&mut self, place: &Place, user: &str, batch: &mut Batch) {
        let is_away = self.bot_rooms.get(place).is_some_and(|room| {
            !matches!(room.people.get(user), Some(Presence::Invited | Presence::Joined))
        });
        if is_away {
            self.invite_to(place, user, words::INVITED_BACK, batch);
        }
    }

    /// Says something, if the room is there or will be.
    pub(super) fn say(
        &mut self,
        place: &Place,
        message: Message,
        batch: &mut Batch,
    ) -> Option<EffectSeq> {
        let anchor = match place {
            Place::Chat(chat) => {
                let conversation = self.conversations.get(chat)?;
                if conversation.room.is_none() && conversation.opening.is_none() {
                    return None;
                }
                conversation.feed
            }
            other => {
                self.bot_rooms.get(other)?;
                0
            }
        };
        let Message { text, html, reactions, to } = words::fit(message);
        let deed = Deed::Notice { text, html, reactions, anchor, to };
        Some(self.send_to(place, Lane::Timeline, deed, batch))
    }

    /// Asks something. An earlier question of the same kind is no question any more.
    pub(super) fn ask_at(
        &mut self,
        place: &Place,
        message: Message,
        question: Question,
        until: u64,
        batch: &mut Batch,
    ) {
        let Some(seq) = self.say(place, message, batch) else { return };
        Self::changed_place(place, batch);
        let now = self.batch_time().0;
        let Some(prompts) = self.prompts_mut(place) else { return };
        if !matches!(question, Question::Secret | Question::Command { .. }) {
            prompts.retain(|prompt| !prompt.is_like(&question));
        }
        // Who answers late is told so, but not for ever.
        if place.chat().is_none() {
            prompts.retain(|prompt| prompt.until.saturating_add(TOLD_LATE_FOR_MS) > now);
        }
        prompts.push(Prompt { effect: seq.0, event: None, question, until });
    }

    /// The questions that are open in a room.
    pub(super) fn prompts(&self, place: &Place) -> &[Prompt] {
        match place {
            Place::Chat(chat) => self.conversations.get(chat).map(|c| &c.prompts),
            other => self.bot_rooms.get(other).map(|room| &room.prompts),
        }
        .map_or(&[], Vec::as_slice)
    }

    pub(super) fn prompts_mut(&mut self, place: &Place) -> Option<&mut Vec<Prompt>> {
        match place {
            Place::Chat(chat) => self.conversations.get_mut(chat).map(|c| &mut c.prompts),
            other => self.bot_rooms.get_mut(other).map(|room| &mut room.prompts),
        }
    }

    /// The record of this place changed.
    pub(super) fn changed_place(place: &Place, batch: &mut Batch) {
        match place {
            Place::Chat(chat) => batch.chats.insert(*chat),
            other => batch.places.insert(other.clone()),
        };
    }

    /// Puts a deed into the outbox. All but the making of the room waits for the room.
    pub(super) fn send_to(
        &mut self,
        place: &Place,
        lane: Lane,
        deed: Deed,
        batch: &mut Batch,
    ) -> EffectSeq {
        let opening = match place {
            Place::Chat(chat) => self.conversations.get(chat).and_then(|c| c.opening),
            other => self.bot_rooms.get(other).and_then(|room| room.opening),
        };
        let effect = OutboxEffect {
            place: place.clone(),
            lane,
            after: opening.into_iter().collect(),
            created: self.batch_time().0,
            deed,
        };
        self.add_effect(effect, batch)
    }
}

impl Prompt {
    /// Whether it is a desk's card.
    fn is_card(&self) -> bool {
        matches!(self.question, Question::Desk { .. })
    }

    /// Whether an answer to this one would be one to that question.
    fn is_like(&self, question: &Question) -> bool {
        std::mem::discriminant(&self.question) == std::mem::discriminant(question)
            && self.question.asked() == question.asked()
    }
}
