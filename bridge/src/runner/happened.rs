//! What happened to a chat: written to the log, told to the customer and the room.

use std::{collections::BTreeMap, fmt::Write as _};

use switchboard_engine::{AgentId, ChatEvent, ChatId, EndReason};

use super::{
    batch::Batch,
    records::{LogEntry, Question},
    state::{HandleError, State},
    words,
};
use crate::{
    gateway::wire::{EndedBy, FeedBody, FeedEntry, FormReason, Phase, RichText},
    matrix::{content::escape, rich},
    outbox::effect::{Deed, Lane},
    store::Stream,
};

/// How many messages a recap shows.
const RECAP_LINES: usize = 10;
/// Among how many feed entries it looks for them: there are reactions and other things between.
const RECAP_LOOKS_AT: u64 = 50;
/// How much of an entry a recap shows, in characters: all of it must go into one event of 64 KiB,
/// as text and as HTML, in which a character has eight bytes together at most.
const RECAP_CHARS: usize = 500;

impl State {
    /// Writes down what happened, and tells the customer and the room as far as it is their business.
    pub(super) async fn happened(
        &mut self,
        chat: ChatId,
        event: ChatEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        self.log(chat, LogEntry::Happened { what: event.clone() }, batch)?;
        self.with.metrics.happened(&event);
        self.count(chat, &event, batch).await?;
        match event {
            ChatEvent::Queued => {
                self.feed(chat, FeedBody::Queued {}, batch)?;
                self.phase(chat, Phase::Waiting, batch);
            }
            ChatEvent::Requeued => {
                self.feed(chat, FeedBody::Requeued {}, batch)?;
                let message = self.engine().chat(chat).is_some_and(|chat| chat.message);
                self.phase(chat, if message { Phase::Left } else { Phase::Waiting }, batch);
                self.status(chat, "waiting", batch);
            }
            ChatEvent::Joined { agent, first } => {
                let name = self.agent_name(&agent);
                self.feed(chat, FeedBody::Joined { name }, batch)?;
                if let Some(conversation) = self.conversations.get_mut(&chat)
                    && !conversation.served.contains(&agent)
                {
                    conversation.served.push(agent.clone());
                }
                self.phase(chat, Phase::Active, batch);
                if first {
                    self.status(chat, "active", batch);
                    self.is_taken(chat);
                }
                self.recap(chat, &agent, batch).await?;
                let message = self.engine().chat(chat).is_some_and(|chat| chat.message);
                if first && message && !self.with.live.connected(chat) {
                    self.notice(chat, words::LEFT_MESSAGE.to_owned(), None, &[], batch);
                }
            }
            ChatEvent::Left { agent, .. } => {
                let name = self.agent_name(&agent);
                self.with.live.agent_stops_typing(chat, &name);
                self.feed(chat, FeedBody::Left { name }, batch)?;
            }
            ChatEvent::Overflowed { to, .. } | ChatEvent::Moved { to, .. } => {
                if let Some(conversation) = self.conversations.get_mut(&chat) {
                    conversation.queue = to.0;
                    batch.chats.insert(chat);
                }
            }
            ChatEvent::FormOffered => self.offer_form(chat, batch)?,
            ChatEvent::MessageLeft => {
                self.feed(chat, FeedBody::MessageLeft {}, batch)?;
                self.phase(chat, Phase::Left, batch);
            }
            ChatEvent::Ended { reason } => self.ended(chat, &reason, batch)?,
            ChatEvent::QueueFull
            | ChatEvent::QueueClosed
            | ChatEvent::RoundOver
            | ChatEvent::Requested { .. }
            | ChatEvent::Rejected { .. }
            | ChatEvent::Missed { .. }
            | ChatEvent::Withdrawn { .. }
            | ChatEvent::RequestFailed { .. }
            | ChatEvent::InvitationAsked { .. }
            | ChatEvent::InvitationRings { .. }
            | ChatEvent::InvitationRefused { .. }
            | ChatEvent::InvitationOver { .. } => {}
        }
        Ok(())
    }

    /// Asks the customer to leave a message.
    fn offer_form(&mut self, chat: ChatId, batch: &mut Batch) -> Result<(), HandleError> {
        let queue = self.engine().chat(chat).map(|chat| chat.queue.clone());
        let settings = queue.as_ref().and_then(|id| self.engine().queues().find(|q| q.id == *id));
        let (why, text) = match settings {
            Some(queue) if !queue.open => {
                let text = self.centre.queue(&queue.id.0).map(|queue| queue.closed_text.clone());
                (FormReason::Closed, text.unwrap_or_default())
            }
            Some(queue) if self.engine().ready(&queue.id).next().is_none() => {
                (FormReason::Nobody, String::new())
            }
            _ => (FormReason::Busy, String::new()),
        };
        self.feed(chat, FeedBody::Form { why, text }, batch)?;
        self.phase(chat, Phase::Form, batch);
        Ok(())
    }

    /// An agent has taken a chat out of its queue: that tells how fast it moves.
    fn is_taken(&mut self, chat: ChatId) {
        let now = self.batch_time();
        let queue = self.engine().chat(chat).map(|chat| chat.queue.clone());
        if let Some(queue) = queue {
            self.estimator.taken(&queue, now);
        }
    }

    fn ended(
        &mut self,
        chat: ChatId,
        reason: &EndReason,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let by = match reason {
            EndReason::Customer | EndReason::Abandoned => EndedBy::Customer,
            EndReason::Agent(_) => EndedBy::Agent,
            EndReason::NoAgent => EndedBy::NoAgent,
        };
        self.feed(chat, FeedBody::Ended { by }, batch)?;
        self.phase(chat, Phase::Ended, batch);
        let at = self.batch_time().0;
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.ended = Some(at);
            conversation.outcome = Some(reason.clone());
            // A late answer is still told that it is one.
            for prompt in &mut conversation.prompts {
                prompt.until = 0;
            }
        }
        self.status(chat, "ended", batch);
        let somebody = self.engine().chat(chat).is_some_and(|c| !words::agents(c).is_empty());
        if somebody {
            let name = match reason {
                EndReason::Agent(agent) => Some(self.agent_name(agent)),
                _ => None,
            };
            let text = words::ended(reason, name.as_deref());
            self.ask(chat, text, &["✅"], Question::Close, u64::MAX, batch);
        }
        Ok(())
    }

    /// Posts the last messages for an agent whose client may not show them.
    async fn recap(
        &mut self,
        chat: ChatId,
        agent: &AgentId,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        if !conversation.recap_for.remove(agent) {
            return Ok(());
        }
        let customer = conversation.customer.clone();
        // The newest is that they have joined.
        let after = conversation.feed.saturating_sub(RECAP_LOOKS_AT + 1);
        let most = usize::try_from(RECAP_LOOKS_AT).unwrap_or(RECAP_LINES);
        let entries = self.store.stream(Stream::Feed, chat, after, most).await?;
        let entries = entries.iter().filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok());
        let (mut text, mut html) =
            (String::from("Earlier in this chat:"), String::from("<b>Earlier in this chat</b>"));
        let said = said(entries, &customer);
        for (who, what) in said.iter().skip(said.len().saturating_sub(RECAP_LINES)) {
            let what = words::beginning(what, RECAP_CHARS);
            let _ = write!(text, "\n{who}: {what}");
            let _ = write!(html, "<br><b>{}</b>: {}", escape(who), escape(&what));
        }
        if !said.is_empty() {
            self.notice(chat, text, Some(html), &[], batch);
        }
        Ok(())
    }

    fn phase(&mut self, chat: ChatId, phase: Phase, batch: &mut Batch) {
        if let Some(conversation) = self.conversations.get_mut(&chat) {
            conversation.phase = phase;
            batch.chats.insert(chat);
        }
    }

    /// Writes the status into the room, if there is one or will be one.
    fn status(&mut self, chat: ChatId, status: &str, batch: &mut Batch) {
        let Some(conversation) = self.conversations.get(&chat) else { return };
        let deed = Deed::Status {
            number: conversation.number,
            queue: conversation.queue.clone(),
            status: status.to_owned(),
        };
        if conversation.room.is_some() || conversation.opening.is_some() {
            self.send(chat, Lane::Members, deed, batch);
        }
    }
}

/// Who has said what, as it is now: changed messages with their newest text, removed ones not at all.
pub(super) fn said(
    entries: impl Iterator<Item = FeedEntry>,
    customer: &str,
) -> Vec<(String, String)> {
    let plain = |content: &[RichText]| {
        let mut plain = String::new();
        rich::append_plain(content, &mut plain);
        plain
    };
    let mut said = BTreeMap::new();
    for FeedEntry { seq, body, .. } in entries {
        match body {
            FeedBody::Own { text, files, .. } => {
                said.insert(seq, (customer.to_owned(), text, files));
            }
            FeedBody::Agent { name, content, files, .. } => {
                said.insert(seq, (name, plain(&content), files));
            }
            FeedBody::Edited { target, content, .. } => {
                if let Some((_, what, _)) = said.get_mut(&target) {
                    *what = plain(&content);
                }
            }
            FeedBody::Removed { target, .. } => {
                said.remove(&target);
            }
            _ => {}
        }
    }
    let with_files = |(who, what, files): (_, _, Vec<_>)| (who, words::with_files(what, &files));
    said.into_values().map(with_files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gateway::wire::Attachment, media::Kind};

    #[test]
    fn a_recap_tells_what_is_still_said() {
        let own = |text: &str| FeedBody::Own {
            key: "k".to_owned(),
            text: text.to_owned(),
            reply_to: None,
            files: Vec::new(),
        };
        let photo = Attachment {
            id: "12345678".to_owned(),
            name: "photo.jpg".to_owned(),
            kind: Kind::Jpeg,
            size: 9,
            width: None,
            height: None,
        };
        let content = |text: &str| vec![RichText::Text { text: text.to_owned() }];
        let agent = |text: &str, files: Vec<Attachment>| FeedBody::Agent {
            name: "Anna".to_owned(),
            content: content(text),
            reply_to: Some(5),
            files,
        };
        let edited = |target, text| FeedBody::Edited { target, content: content(text), key: None };
        let bodies = [
            own("one"),
            agent("two", vec![photo]),
            own("three"),
            edited(6, "two, better"),
            edited(2, "long ago"),
            FeedBody::Removed { target: 7, key: None },
        ];
        let entries = (5..).zip(bodies).map(|(seq, body)| FeedEntry { seq, at: 0, body });
        let line = |who: &str, what: &str| (who.to_owned(), what.to_owned());
        assert_eq!(
            said(entries, "Clara"),
            [line("Clara", "one"), line("Anna", "two, better 📎 photo.jpg")]
        );
    }

    #[test]
    fn a_recap_leaves_room_in_its_event() {
        // Ten of the longest, as text and with every character escaped (spec: 64 KiB).
        for worst in ["\"", "\u{1f600}", "&"] {
            let text = worst.repeat(16 * 1024 / worst.len());
            let line = words::beginning(&text, RECAP_CHARS);
            assert!(10 * (line.len() + escape(&line).len()) < 48 * 1024, "{worst}");
        }
    }
}
