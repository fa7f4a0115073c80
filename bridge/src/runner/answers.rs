//! Answers to the bot's questions: reactions, and bare words.

use switchboard_engine::{AgentId, Input, Leaving};

use super::{
    batch::Batch,
    commands::Said,
    records::{Prompt, Question},
    state::{HandleError, State},
    words::{self, KEYCAPS},
};
use crate::{
    matrix::{classify::Answer, event::RoomEvent},
    outbox::effect::{Asked, Deed, Lane},
    place::Place,
    store::EffectSeq,
};

/// Yes.
pub(super) const YES: &str = "✅";
/// No.
pub(super) const NO: &str = "❌";
/// Pause.
pub(super) const PAUSE: &str = "⏸\u{fe0f}";
/// Log off.
pub(super) const LOG_OFF: &str = "👋";
/// Give chats back to their queues.
pub(super) const GIVE_BACK: &str = "↩\u{fe0f}";
/// Stay in chats to their end.
pub(super) const STAY: &str = "💬";

impl State {
    /// Somebody has reacted to something: that counts if it answers a question put to them.
    pub(super) async fn reacted(
        &mut self,
        place: &Place,
        event: &RoomEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let (Some(target), Some(key)) =
            (event.text(&["m.relates_to", "event_id"]), event.text(&["m.relates_to", "key"]))
        else {
            return Ok(());
        };
        let is_target =
            |prompt: &&Prompt| prompt.event.as_ref().is_some_and(|event| event.as_str() == target);
        let Some(prompt) = self.prompts(place).iter().find(is_target).cloned() else {
            return Ok(());
        };
        let to = Asked { event: target.to_owned(), thread: None };
        let said = Said { user: event.sender.clone(), place: place.clone(), to };
        self.answered(&said, &prompt, as_we_write_it(key), batch).await?;
        Ok(())
    }

    /// A bare word may be the answer to a question put to whoever says it. Says whether it is: then it
    /// is for nobody else.
    pub(super) async fn answers_in_words(
        &mut self,
        said: &Said,
        answer: Answer,
        batch: &mut Batch,
    ) -> Result<bool, HandleError> {
        let now = self.batch_time().0;
        let is_asked = |prompt: &&Prompt| {
            prompt.question.asked() == Some(&said.user)
                && !matches!(prompt.question, Question::Desk { .. })
        };
        let number = |n: u32| n.checked_sub(1).and_then(|n| KEYCAPS.get(usize::try_from(n).ok()?));
        let key = match answer {
            Answer::Yes => YES,
            Answer::No => NO,
            Answer::Number(n) => number(n).copied().unwrap_or_default(),
        };
        // Of several questions the newest that can be answered so is meant.
        let asked = || self.prompts(&said.place).iter().rev().filter(is_asked);
        let open = || asked().filter(|prompt| prompt.until > now);
        let fits = open().find(|prompt| means(&prompt.question, key));
        // Who answers too late is told so, but in a chat it is for the customer.
        let in_chat = said.place.chat().is_some();
        let late = || asked().find(|prompt| !in_chat && means(&prompt.question, key));
        let Some(prompt) = fits.or_else(|| open().next()).or_else(late).cloned() else {
            return Ok(false);
        };
        if !self.answered(said, &prompt, key, batch).await? {
            let message = words::no_such_answer(&prompt.question, said.place.chat().is_some());
            self.reply(said, message, batch);
        }
        Ok(true)
    }

    /// Does what an answer means. Says whether it means anything.
    async fn answered(
        &mut self,
        said: &Said,
        prompt: &Prompt,
        key: &str,
        batch: &mut Batch,
    ) -> Result<bool, HandleError> {
        let question = &prompt.question;
        // Only the answer of who was asked counts.
        if question.asked().is_some_and(|user| user != said.user) || !means(question, key) {
            return Ok(false);
        }
        let expired = prompt.until <= self.batch_time().0;
        if !matches!(question, Question::Desk { .. } | Question::Close) {
            self.ask_no_more(&said.place, prompt.effect, batch);
        }
        if expired {
            let over = said.place.chat().is_some_and(|chat| self.is_over(chat));
            let text = match question {
                Question::ConfirmEnd { .. } if over => words::OVER_ALREADY,
                Question::ConfirmEnd { .. } => words::EXPIRED,
                _ => words::TOO_OLD,
            };
            self.reply(said, words::plain(text), batch);
            return Ok(true);
        }
        let agent = AgentId(said.user.clone());
        let is_work = matches!(
            question,
            Question::Desk { .. } | Question::Profile { .. } | Question::Ready { .. }
        );
        if is_work && !self.centre.roles_of(&said.user).agent {
            self.reply(said, words::plain(words::NO_AGENT), batch);
            return Ok(true);
        }
        match (question, said.place.chat()) {
            (Question::ConfirmEnd { .. }, Some(chat)) if key == YES => {
                self.input(Input::AgentConfirmsEnd { chat, agent }, batch).await?;
            }
            (Question::ConfirmEnd { .. }, Some(chat)) => {
                self.notice(chat, words::END_CANCELLED.to_owned(), None, &[], batch);
            }
            (Question::Close, Some(chat)) => {
                self.input(Input::AgentCloses { chat, agent }, batch).await?;
            }
            (Question::Profile { profiles, .. } | Question::Desk { profiles, .. }, _)
                if let Some(profile) = numbered(profiles, key) =>
            {
                self.log_on(said, &profile.clone(), batch).await?;
            }
            (Question::Desk { .. } | Question::Ready { .. }, _) => match key {
                YES => self.ready(said, batch).await?,
                PAUSE => self.pause(said, None, batch).await?,
                _ => self.log_off(said, batch).await?,
            },
            // They ended while the question stood there.
            (Question::LogOff { .. }, _)
                if key != NO && self.engine().chats_of(&agent).next().is_none() =>
            {
                self.log_off(said, batch).await?;
            }
            (Question::LogOff { .. }, _) => match key {
                GIVE_BACK => self.leave_chats(said, Leaving::Return, batch).await?,
                STAY => self.leave_chats(said, Leaving::Keep, batch).await?,
                _ => self.reply(said, words::plain(words::STILL_ON), batch),
            },
            (Question::Command { .. }, _) if key == NO => {
                self.reply(said, words::plain(words::NOTHING_DONE), batch);
            }
            (Question::Command { text, seen, version, .. }, _) => {
                let confirmed = (text.clone(), seen.clone(), version.clone());
                self.confirmed(said, confirmed, batch).await?;
            }
            (Question::Secret, _) => {
                if let Some(event) = prompt.event.clone() {
                    let deed = Deed::Redact { event, reason: words::PUT_AWAY.to_owned() };
                    self.send_to(&said.place, Lane::Timeline, deed, batch);
                }
            }
            _ => {}
        }
        Ok(true)
    }

    /// A question counts once.
    fn ask_no_more(&mut self, place: &Place, effect: u64, batch: &mut Batch) {
        if let Some(prompts) = self.prompts_mut(place) {
            prompts.retain(|prompt| prompt.effect != effect);
        }
        Self::changed_place(place, batch);
    }

    /// Notes the event of a question, so that a reaction to it is understood.
    pub(super) fn prompt_is_asked(
        &mut self,
        place: &Place,
        seq: EffectSeq,
        event: ruma::OwnedEventId,
        batch: &mut Batch,
    ) {
        let Some(prompts) = self.prompts_mut(place) else { return };
        if let Some(prompt) = prompts.iter_mut().find(|prompt| prompt.effect == seq.0)
            && prompt.event.as_ref() != Some(&event)
        {
            prompt.event = Some(event);
            Self::changed_place(place, batch);
        }
    }
}

/// A reaction that we know, in the form that we place it in: emoji come with and without the
/// variation selector.
fn as_we_write_it(key: &str) -> &str {
    let plain = |key: &str| key.replace('\u{fe0f}', "");
    let known =
        [YES, NO, PAUSE, LOG_OFF, GIVE_BACK, STAY].into_iter().chain(KEYCAPS.iter().copied());
    let given = plain(key);
    known.into_iter().find(|known| plain(known) == given).unwrap_or(key)
}

/// Whether a key is one of a question's answers.
fn means(question: &Question, key: &str) -> bool {
    match question {
        Question::ConfirmEnd { .. } | Question::Command { .. } => [YES, NO].contains(&key),
        Question::Close | Question::Ready { .. } | Question::Secret => key == YES,
        Question::Profile { profiles, .. } => numbered(profiles, key).is_some(),
        Question::Desk { profiles, .. } => {
            [YES, PAUSE, LOG_OFF].contains(&key) || numbered(profiles, key).is_some()
        }
        Question::LogOff { .. } => [GIVE_BACK, STAY, NO].contains(&key),
    }
}

/// The choice that a keycap stands for.
fn numbered<'a>(choices: &'a [String], key: &str) -> Option<&'a String> {
    choices.get(KEYCAPS.iter().position(|keycap| *keycap == key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_are_known_with_and_without_the_variation_selector() {
        for (given, expected) in [
            ("✅", YES),
            ("✅\u{fe0f}", YES),
            ("⏸", PAUSE),
            ("⏸\u{fe0f}", PAUSE),
            ("↩", GIVE_BACK),
            ("1\u{20e3}", KEYCAPS[0]),
            ("9\u{fe0f}\u{20e3}", KEYCAPS[8]),
            ("9\u{20e3}\u{fe0f}", KEYCAPS[8]),
            ("👍", "👍"),
            ("", ""),
        ] {
            assert_eq!(as_we_write_it(given), expected, "{given}");
        }
    }
}
