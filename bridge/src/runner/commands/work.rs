//! Agents' own work: log on, ready, pause, log off.

use switchboard_centre::Reply;
use switchboard_engine::{AgentId, Effect, Input, Leaving, ProfileId, Status};

use super::Said;
use crate::runner::{
    answers::{GIVE_BACK, NO, STAY, YES},
    batch::Batch,
    bot_rooms::{FOR_EVER, Message},
    records::Question,
    state::{HandleError, State},
    words::{self, KEYCAPS},
};

/// How long a question of the bot can be answered, in milliseconds.
const ANSWER_WITHIN_MS: u64 = 10 * 60 * 1000;
/// The same in a chat's room, where a bare word is more likely to be for the customer.
const ANSWER_IN_CHAT_WITHIN_MS: u64 = 2 * 60 * 1000;

impl State {
    /// `!login [profile]`
    pub(super) async fn login(
        &mut self,
        said: &Said,
        name: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let profiles = self.centre.profiles_of(&said.user);
        if !name.is_empty() {
            match words::find_profile(&profiles, name) {
                Ok(profile) => return self.log_on(said, &profile, batch).await,
                Err(told) => self.reply(said, told, batch),
            }
            return Ok(());
        }
        match profiles.as_slice() {
            [] => self.reply(said, words::plain(words::NO_PROFILE), batch),
            [profile] => return self.log_on(said, &profile.id, batch).await,
            _ => {
                let ids: Vec<String> =
                    profiles.iter().take(KEYCAPS.len()).map(|p| p.id.clone()).collect();
                let keys = &KEYCAPS[..ids.len()];
                let message = Message::from(words::pick_profile(&profiles)).with(keys);
                let question = Question::Profile { agent: said.agent(), profiles: ids };
                self.ask_back(said, message, question, within(said), batch);
            }
        }
        Ok(())
    }

    /// Logs on with a profile that the agent may use, and says so.
    pub(in crate::runner) async fn log_on(
        &mut self,
        said: &Said,
        profile: &str,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let profiles = self.centre.profiles_of(&said.user);
        let Some(profile) = profiles.iter().find(|known| known.id == profile) else {
            self.reply(said, words::profile_gone(&profiles), batch);
            return Ok(());
        };
        let agent = said.agent();
        let id = ProfileId(profile.id.clone());
        self.set_pause_reason(&agent, None, batch)?;
        self.input(Input::AgentLogsOn { agent: agent.clone(), profile: id }, batch).await?;
        let reply = words::logged_on(&self.centre, profile);
        self.reply(said, reply, batch);
        Ok(())
    }

    /// `!ready`
    pub(in crate::runner) async fn ready(
        &mut self,
        said: &Said,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        // Whoever is ready wants to be logged on.
        if self.status_of(&agent) == Status::LoggedOff {
            return self.login(said, "", batch).await;
        }
        self.set_pause_reason(&agent, None, batch)?;
        self.input(Input::AgentReady { agent }, batch).await?;
        self.reply(said, words::plain(words::READY), batch);
        Ok(())
    }

    /// `!pause [reason]`
    pub(in crate::runner) async fn pause(
        &mut self,
        said: &Said,
        reason: Option<String>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        if self.status_of(&agent) == Status::LoggedOff {
            self.reply(said, words::plain(words::NOT_LOGGED_ON), batch);
            return Ok(());
        }
        self.set_pause_reason(&agent, reason, batch)?;
        let reply = words::paused(self.pause_reason(&agent));
        let input = Input::AgentPauses { agent: agent.clone(), after_chats: false };
        self.input(input, batch).await?;
        self.offer_ready(said, reply, batch);
        Ok(())
    }

    /// Answers, and offers a way back. Not in a chat's room: a bare “yes” there is for the customer.
    fn offer_ready(&mut self, said: &Said, reply: Reply, batch: &mut Batch) {
        if said.place.chat().is_some() {
            return self.reply(said, reply, batch);
        }
        let message = Message::from(reply.paragraph(words::READY_AGAIN)).with(&[YES]);
        let question = Question::Ready { agent: said.agent() };
        self.ask_back(said, message, question, FOR_EVER, batch);
    }

    /// `!pause-after`
    pub(super) async fn pause_after(
        &mut self,
        said: &Said,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        if self.status_of(&agent) == Status::LoggedOff {
            self.reply(said, words::plain(words::NOT_LOGGED_ON), batch);
            return Ok(());
        }
        let input = Input::AgentPauses { agent: agent.clone(), after_chats: true };
        self.input(input, batch).await?;
        let later = self.engine().agent(&agent).is_some_and(|agent| agent.pausing);
        let chats = self.engine().chats_of(&agent).count();
        let reply = if later { words::pausing(chats) } else { words::paused(None) };
        self.offer_ready(said, reply, batch);
        Ok(())
    }

    /// `!logout`
    pub(in crate::runner) async fn log_off(
        &mut self,
        said: &Said,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        if self.engine().agent(&agent).is_none() {
            self.reply(said, words::plain(words::LEAVE_ROOMS), batch);
            return Ok(());
        }
        let chats = self.engine().chats_of(&agent).count();
        let logged_on = self.status_of(&agent) != Status::LoggedOff;
        if !logged_on && chats == 0 {
            self.reply(said, words::plain(words::NOT_LOGGED_ON), batch);
            return Ok(());
        }
        if chats > 0 {
            let message = words::leave_chats(chats, logged_on);
            let keys: &[&str] = if logged_on { &[GIVE_BACK, STAY, NO] } else { &[GIVE_BACK, NO] };
            let message = Message::from(message).with(keys);
            self.ask_back(said, message, Question::LogOff { agent }, within(said), batch);
            return Ok(());
        }
        self.set_pause_reason(&agent, None, batch)?;
        self.input(Input::AgentLogsOff { agent, chats: None }, batch).await?;
        self.reply(said, words::plain(words::LOGGED_OFF), batch);
        Ok(())
    }

    /// The agent has said what becomes of their chats.
    pub(in crate::runner) async fn leave_chats(
        &mut self,
        said: &Said,
        chats: Leaving,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let agent = said.agent();
        if self.engine().agent(&agent).is_none() {
            self.reply(said, words::plain(words::LEAVE_ROOMS), batch);
            return Ok(());
        }
        self.set_pause_reason(&agent, None, batch)?;
        self.input(Input::AgentLogsOff { agent, chats: Some(chats) }, batch).await?;
        let text = match chats {
            Leaving::Return => words::LOGGED_OFF_RETURNED,
            Leaving::Keep => words::LOGGED_OFF_KEPT,
        };
        self.reply(said, words::plain(text), batch);
        Ok(())
    }

    fn status_of(&self, agent: &AgentId) -> Status {
        self.engine().agent(agent).map_or(Status::LoggedOff, |agent| agent.status)
    }

    /// The agent's status changed without their asking: they are told at their desk.
    pub(in crate::runner) fn status_changed(&mut self, effect: &Effect, batch: &mut Batch) {
        let Effect::AgentChanged { agent, status, why } = effect else { return };
        if let Some((reply, ask)) = words::status_changed(*status, *why) {
            let question = ask.then(|| Question::Ready { agent: agent.clone() });
            let keys: &[&str] = if ask { &[YES] } else { &[] };
            let message = Message::from(reply).with(keys);
            self.tell_at_desk(&agent.0, message, question, batch);
        }
    }
}

fn within(said: &Said) -> u64 {
    if said.place.chat().is_some() { ANSWER_IN_CHAT_WITHIN_MS } else { ANSWER_WITHIN_MS }
}
