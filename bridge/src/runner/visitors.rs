//! Who the customer is, as far as a site vouches for it: tokens are used once, and who comes again
//! is recognised.
//!
//! Each chat of a recognised customer leaves a record whose key begins with what stands for them
//! ([`RecordKind::Visitor`]), so that their chats are found, and each goes when its chat goes.

use serde::{Deserialize, Serialize};
use switchboard_engine::ChatId;

use super::{
    batch::Batch,
    records::{Conversation, Earlier},
    state::{HandleError, State},
};
use crate::{
    gateway::{input::Facts, lookalike::resembles, signed::Signed, wire::TokenFault},
    store::RecordKind,
    variables::{self, Variable, Verified},
};

/// How long the use of a token is remembered after its end, in milliseconds: a start that was
/// checked before may still lie in the inbox.
const KEEP_TOKENS_MS: u64 = 24 * 60 * 60 * 1000;
/// How many records are looked at in one step.
const AT_ONCE: usize = 1000;
/// What the bot is called in rooms.
const BOT: &str = "Switchboard";

/// A token that was used ([`RecordKind::UsedToken`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedToken {
    /// By which chat.
    pub(super) chat: ChatId,
    /// When it ends by itself, in milliseconds since the Unix epoch.
    pub(super) until: u64,
}

/// Who a customer is at the start of a chat.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) variables: Vec<Variable>,
    pub(super) visitor: Option<String>,
    pub(super) earlier: Option<Earlier>,
    pub(super) verified: bool,
    pub(super) fault: Option<TokenFault>,
}

impl State {
    /// Finds out who starts a chat, and writes down that it is theirs.
    pub(super) async fn get_to_know(
        &self,
        chat: ChatId,
        name: Option<String>,
        facts: Facts,
        batch: &mut Batch,
    ) -> Result<Known, HandleError> {
        let at = self.batch_time().0;
        let mut known = Known { fault: facts.fault, ..Known::default() };
        if let Some(signed) = facts.signed {
            if self.takes_token(chat, &signed, batch).await? {
                let verified = Verified { issuer: signed.issuer, key: signed.key, at };
                known.variables = signed
                    .variables
                    .into_iter()
                    .map(|(name, value)| Variable { name, value, verified: Some(verified.clone()) })
                    .collect();
                known.verified = true;
                known.visitor = signed.visitor;
            } else {
                tracing::info!(%chat, "a site's token was used by another chat before");
                known.fault = Some(TokenFault::Used);
            }
        }
        let name = name.map(|name| ("name".to_owned(), name));
        // What is typed into the form is meant for us; the page's own idea comes last.
        for (name, value) in facts.stated.into_iter().chain(name) {
            variables::put(&mut known.variables, Variable::stated(name, value));
        }
        if let Some(visitor) = &known.visitor {
            known.earlier = self.earlier_chats(visitor, chat).await?;
            let key = format!("{visitor}/{at:015}/{chat}");
            batch.trace(chat, RecordKind::Visitor, &key);
            batch.mark(RecordKind::Visitor, key);
        }
        Ok(known)
    }

    /// Whether this chat may use a token: no other has.
    async fn takes_token(
        &self,
        chat: ChatId,
        signed: &Signed,
        batch: &mut Batch,
    ) -> Result<bool, HandleError> {
        let known = match batch.find_record(RecordKind::UsedToken, &signed.token) {
            Some(bytes) => Some(bytes.to_vec()),
            None => self.store.record(RecordKind::UsedToken, &signed.token).await?,
        };
        if let Some(bytes) = known {
            // One that cannot be read was used all the same.
            return Ok(serde_json::from_slice::<UsedToken>(&bytes).is_ok_and(|u| u.chat == chat));
        }
        let used = UsedToken { chat, until: signed.until };
        batch.record(RecordKind::UsedToken, signed.token.clone(), &used)?;
        Ok(true)
    }

    /// Forgets tokens that are long over.
    pub(super) async fn forget_tokens(&self) -> Result<(), HandleError> {
        let before = self.now().0.saturating_sub(KEEP_TOKENS_MS);
        let mut after = String::new();
        loop {
            let found =
                self.store.records_between(RecordKind::UsedToken, &after, None, AT_ONCE).await?;
            let mut batch = Batch::default();
            for (key, body) in &found {
                if serde_json::from_slice::<UsedToken>(body).is_ok_and(|used| used.until < before) {
                    batch.delete(RecordKind::UsedToken, key.clone());
                }
            }
            if !batch.is_empty() {
                self.store.commit(batch.changes(self.epoch())?).await?;
            }
            match found.last() {
                Some((key, _)) if found.len() == AT_ONCE => after.clone_from(key),
                _ => return Ok(()),
            }
        }
    }

    /// The chats of a recognised customer and when they began, the oldest first.
    pub(super) async fn chats_of_visitor(
        &self,
        visitor: &str,
    ) -> Result<Vec<(u64, ChatId)>, HandleError> {
        // The character that comes after the slash.
        let (after, before) = (format!("{visitor}/"), format!("{visitor}0"));
        let found =
            self.store.records_between(RecordKind::Visitor, &after, Some(&before), AT_ONCE).await?;
        let chat = |key: &str| {
            let (began, chat) = key.strip_prefix(&after)?.split_once('/')?;
            Some((began.parse().ok()?, chat.parse().ok()?))
        };
        Ok(found.iter().filter_map(|(key, _)| chat(key)).collect())
    }

    /// How many other chats a recognised customer has had.
    async fn earlier_chats(
        &self,
        visitor: &str,
        chat: ChatId,
    ) -> Result<Option<Earlier>, HandleError> {
        let mut chats = self.chats_of_visitor(visitor).await?;
        chats.retain(|(_, other)| *other != chat);
        let last = chats.last().map(|(began, _)| *began);
        Ok(last.map(|last| Earlier { count: chats.len() as u64, last }))
    }

    /// What is known of a chat, also of one that is put away.
    pub(super) async fn any_conversation(
        &self,
        chat: ChatId,
    ) -> Result<Option<Conversation>, HandleError> {
        if let Some(conversation) = self.conversations.get(&chat) {
            return Ok(Some(conversation.clone()));
        }
        let kind = RecordKind::ArchivedConversation;
        let bytes = self.store.record(kind, &chat.to_string()).await?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// What a customer is called beside the agents: a name that could be taken for one of theirs,
    /// the bot's or a queue's is marked.
    pub(super) fn called(&self, name: &str) -> String {
        let agents = self.centre.agents.iter().map(|agent| agent.name.as_str());
        let queues = self.centre.queues.iter().map(|queue| queue.name.as_str());
        let marked = agents.chain(queues).chain([BOT]).any(|other| resembles(name, other));
        if marked { format!("{name} (customer)") } else { name.to_owned() }
    }
}
