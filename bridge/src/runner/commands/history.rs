//! `!history`: the earlier chats of a customer whom the site vouches for.
//!
//! Who is in a chat may read what was said in the same customer's others, as far as the customer saw
//! it: that is what the customer expects them to know. Private messages stay where they are.

use switchboard_centre::{
    Reply,
    views::history::{self, EarlierChat},
};
use switchboard_engine::{ChatId, Span, Time};

use super::Said;
use crate::{
    matrix::content::escape,
    runner::{
        batch::Batch,
        happened::said,
        records::Conversation,
        state::{HandleError, State},
        words,
    },
    store::Stream,
};

/// How many chats are listed.
const LISTED: usize = 20;
/// How many entries of a feed are looked at.
const LOOKS_AT: u64 = 2000;
/// How much of a message is shown, in characters.
const SHOWN_CHARS: usize = 1000;
/// How many bytes are shown, as text and as HTML together: an event has 64 KiB at most.
const SHOWN_BYTES: usize = 32 * 1024;

impl State {
    pub(super) async fn history(
        &mut self,
        told: &Said,
        number: Option<u64>,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let reply = self.history_of(told, number).await?;
        self.reply(told, reply, batch);
        Ok(())
    }

    async fn history_of(&self, told: &Said, number: Option<u64>) -> Result<Reply, HandleError> {
        let here = told.place.chat().and_then(|id| Some((id, self.conversations.get(&id)?)));
        let Some((here, of)) = here else { return Ok(history::stranger()) };
        if !self.engine().chat(here).is_some_and(|chat| chat.has(&told.agent())) {
            return Ok(history::not_in_chat());
        }
        let Some(visitor) = &of.visitor else { return Ok(history::stranger()) };
        let mut chats = self.chats_of_visitor(visitor).await?;
        chats.retain(|(_, chat)| *chat != here);
        let clock = self.centre.wall_clock(self.now());
        if let Some(number) = number {
            for (began, chat) in chats.into_iter().rev() {
                if let Some(of) = self.any_conversation(chat).await?
                    && of.number == number
                {
                    let (lines, left_out) = self.lines(chat, &of).await?;
                    return Ok(history::messages(number, Time(began), &lines, left_out, &clock));
                }
            }
            return Ok(history::none_of_theirs(number));
        }
        let more = chats.len().saturating_sub(LISTED);
        let mut listed = Vec::new();
        for (began, chat) in chats.into_iter().rev().take(LISTED) {
            if let Some(of) = self.any_conversation(chat).await? {
                listed.push(self.earlier_chat(began, &of));
            }
        }
        Ok(history::list(&listed, more, &clock))
    }

    fn earlier_chat(&self, began: u64, of: &Conversation) -> EarlierChat {
        EarlierChat {
            number: of.number,
            began: Time(began),
            queue: self.queue_name(&of.queue),
            agents: of.served.iter().map(|agent| self.agent_name(agent)).collect(),
            outcome: of.outcome.as_ref().map(|reason| self.why_ended(reason)),
            is_over: of.ended.is_some(),
            lasted: of.ended.map(|ended| Span(ended.saturating_sub(began))),
            room: self.room_link(of),
        }
    }

    /// What was said in a chat, as much as fits of the end, and how many messages are left out.
    async fn lines(
        &self,
        chat: ChatId,
        of: &Conversation,
    ) -> Result<(Vec<(String, String)>, usize), HandleError> {
        let mut entries = Vec::new();
        let mut after = of.feed.saturating_sub(LOOKS_AT);
        loop {
            let page = self.store.stream(Stream::Feed, chat, after, 500).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            entries.extend(page.iter().filter_map(|(_, b)| serde_json::from_slice(b).ok()));
        }
        let said = said(entries.into_iter(), &of.customer);
        let mut room = SHOWN_BYTES;
        let mut lines = Vec::new();
        for (who, what) in said.iter().rev() {
            let what = words::beginning(what, SHOWN_CHARS).into_owned();
            let size = 2 * who.len() + what.len() + escape(&what).len() + 32;
            if size > room {
                break;
            }
            room -= size;
            lines.push((who.clone(), what));
        }
        lines.reverse();
        let left_out = said.len() - lines.len();
        Ok((lines, left_out))
    }
}
