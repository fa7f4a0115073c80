//! What is counted per queue and day, and shown by `!stats`.
//!
//! Counts are records like all others: written with the batch in which something happened, and read
//! again when they are needed, so that neither a restart nor a failed commit changes them.

use std::collections::BTreeMap;

use switchboard_centre::{
    Reply,
    commands::Period,
    hours::IsoDate,
    statistics::Counts,
    views::{
        live::Named,
        stats::{Counted, stats},
    },
};
use switchboard_engine::{ChatEvent, ChatId, EndReason, Time};

use super::{
    batch::Batch,
    records::{Conversation, Quarantined},
    state::{HandleError, State},
};
use crate::{gateway::wire::Phase, json::fault, store::RecordKind};

/// For how many days counts are kept.
const KEEP_DAYS: u32 = 400;

/// The counts that were needed lately.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    /// By day and queue.
    counts: BTreeMap<(IsoDate, String), Counts>,
    /// On which day old ones were deleted.
    tidied: Option<IsoDate>,
}

impl Statistics {
    /// Drops what is in memory; what was committed is read again when it is needed.
    pub(super) fn forget(&mut self) {
        self.counts.clear();
    }
}

/// The key of a record. The date has a fixed length, so keys are in the order of days.
fn key(day: IsoDate, queue: &str) -> String {
    format!("{day}/{queue}")
}

/// The day of a record.
fn day_of(key: &str) -> Option<IsoDate> {
    key.split_once('/')?.0.parse().ok()
}

impl State {
    /// Counts what happened to a chat. To be called before the chat's record follows it: what counts
    /// is the queue in which it happened.
    pub(super) async fn count(
        &mut self,
        chat: ChatId,
        event: &ChatEvent,
        batch: &mut Batch,
    ) -> Result<(), HandleError> {
        let now = self.batch_time();
        let record = self.engine.chat(chat);
        let waited = record.map(|chat| now - chat.since);
        let message = record.is_some_and(|chat| chat.message);
        let Some(conversation) = self.conversations.get_mut(&chat) else { return Ok(()) };
        let Some(counts) = counts_of(event, conversation, now, message) else { return Ok(()) };
        let queue = conversation.queue.clone();
        self.tally(&queue, batch, |all| {
            all.add(&counts);
            if let Some(waited) = waited.filter(|_| counts.taken > 0) {
                all.waits.add(waited);
            }
        })
        .await?;
        // It leaves one queue and comes into another.
        let entered = match event {
            ChatEvent::Overflowed { to, .. } => {
                Some((to, Counts { overflowed_in: 1, ..Counts::default() }))
            }
            ChatEvent::Moved { to, .. } => Some((to, Counts { moved_in: 1, ..Counts::default() })),
            _ => None,
        };
        if let Some((to, counts)) = entered {
            self.tally(&to.0, batch, |all| all.add(&counts)).await?;
        }
        Ok(())
    }

    /// Changes today's counts of a queue.
    async fn tally(
        &mut self,
        queue: &str,
        batch: &mut Batch,
        change: impl FnOnce(&mut Counts),
    ) -> Result<(), HandleError> {
        let day = self.centre.wall_clock(self.batch_time()).date();
        let key = key(day, queue);
        let id = (day, queue.to_owned());
        let mut counts = match self.statistics.counts.remove(&id) {
            Some(counts) => counts,
            None => self.stored_counts(&key, batch).await?,
        };
        change(&mut counts);
        batch.record(RecordKind::DayCounts, key, &counts)?;
        self.statistics.counts.retain(|(of, _), _| *of >= day.days_before(1));
        self.statistics.counts.insert(id, counts);
        Ok(())
    }

    /// Counts that are not in memory. If they cannot be read, they are put aside: customers go
    /// before statistics.
    async fn stored_counts(&self, key: &str, batch: &mut Batch) -> Result<Counts, HandleError> {
        let bytes = match batch.find_record(RecordKind::DayCounts, key) {
            Some(bytes) => Some(bytes.to_vec()),
            None => self.store.record(RecordKind::DayCounts, key).await?,
        };
        let Some(bytes) = bytes else { return Ok(Counts::default()) };
        match serde_json::from_slice(&bytes) {
            Ok(counts) => Ok(counts),
            Err(error) => {
                let reason = fault(&error);
                tracing::warn!(key, reason, "counts cannot be read; they are put aside");
                let record = Quarantined {
                    received: self.batch_time().0,
                    reason,
                    body: String::from_utf8_lossy(&bytes).into_owned(),
                };
                batch.record(RecordKind::Quarantine, format!("counts:{key}"), &record)?;
                Ok(Counts::default())
            }
        }
    }

    /// Deletes counts that are too old, once a day, and reasons of pauses whose agents are gone.
    pub(super) async fn tidy(&mut self) -> Result<(), HandleError> {
        let today = self.centre.wall_clock(self.now()).date();
        let gone = self.gone_pauses();
        if self.statistics.tidied == Some(today) && gone.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        let oldest = today.days_before(KEEP_DAYS);
        for (key, _) in self.store.records(RecordKind::DayCounts).await? {
            if day_of(&key).is_some_and(|day| day < oldest) {
                batch.delete(RecordKind::DayCounts, key);
            }
        }
        for agent in &gone {
            batch.delete(RecordKind::PauseReason, agent.to_string());
        }
        if !batch.is_empty() {
            self.store.commit(batch.changes(self.epoch())?).await?;
        }
        self.statistics.tidied = Some(today);
        self.pauses.retain(|agent, _| !gone.contains(agent));
        Ok(())
    }

    /// Answers `!stats`. Counts of queues that are gone are not shown.
    pub(super) async fn view_stats(
        &self,
        user: &str,
        period: Period,
    ) -> Result<Reply, HandleError> {
        let clock = self.centre.wall_clock(self.now());
        let days = match period {
            Period::Today => 1,
            Period::Week => 7,
        };
        let mut days: Vec<_> =
            (0..days).map(|ago| (clock.date().days_before(ago), Counts::default())).collect();
        let (mut queues, mut unreadable) = (Vec::new(), 0);
        for queue in self.centre.queues.iter().filter(|q| self.centre.supervises(user, &q.id)) {
            let mut sum = Counts::default();
            for (day, of_day) in &mut days {
                match self.counts_of_day(*day, &queue.id).await? {
                    Some(counts) => {
                        sum.add(&counts);
                        of_day.add(&counts);
                    }
                    None => unreadable += 1,
                }
            }
            queues.push((Named { name: queue.name.clone(), id: queue.id.clone() }, sum));
        }
        Ok(stats(&Counted { period, queues, days, unreadable }, &clock))
    }

    /// The counts of a day, with those of a batch that is not committed yet; none if they cannot be
    /// read.
    async fn counts_of_day(
        &self,
        day: IsoDate,
        queue: &str,
    ) -> Result<Option<Counts>, HandleError> {
        if let Some(counts) = self.statistics.counts.get(&(day, queue.to_owned())) {
            return Ok(Some(counts.clone()));
        }
        let bytes = self.store.record(RecordKind::DayCounts, &key(day, queue)).await?;
        Ok(bytes.map_or_else(|| Some(Counts::default()), |b| serde_json::from_slice(&b).ok()))
    }
}

/// What an event adds to the counts of the queue that the chat was in; nothing for events that are
/// not counted. Notes in the chat's record when it was taken first, and who did not take it.
fn counts_of(
    event: &ChatEvent,
    conversation: &mut Conversation,
    now: Time,
    message: bool,
) -> Option<Counts> {
    let mut counts = Counts::default();
    match event {
        ChatEvent::Queued => counts.started = 1,
        ChatEvent::QueueClosed => (counts.started, counts.closed) = (1, 1),
        ChatEvent::QueueFull => (counts.started, counts.full) = (1, 1),
        ChatEvent::Joined { first: true, .. } => {
            // Who comes back to the queue has been answered before.
            if conversation.taken.is_some() {
                return None;
            }
            conversation.taken = Some(now.0);
            if message { counts.messages_taken = 1 } else { counts.taken = 1 }
        }
        ChatEvent::Rejected { agent } => {
            counts.rejected = 1;
            conversation.declined.entry(agent.clone()).or_default().rejected += 1;
        }
        ChatEvent::Missed { agent } => {
            counts.missed = 1;
            conversation.declined.entry(agent.clone()).or_default().missed += 1;
        }
        ChatEvent::Overflowed { .. } => counts.overflowed_out = 1,
        ChatEvent::Moved { .. } => counts.moved_out = 1,
        ChatEvent::FormOffered => counts.forms = 1,
        ChatEvent::MessageLeft => counts.messages = 1,
        ChatEvent::Ended { reason } => {
            counts.ended = 1;
            match reason {
                // Not those who left the form or a message behind: they did not wait.
                EndReason::Abandoned if conversation.phase == Phase::Waiting => {
                    counts.abandoned = 1;
                }
                EndReason::NoAgent => counts.no_agent = 1,
                EndReason::Abandoned | EndReason::Customer | EndReason::Agent(_) => {}
            }
        }
        ChatEvent::Joined { first: false, .. }
        | ChatEvent::Left { .. }
        | ChatEvent::Requested { .. }
        | ChatEvent::Withdrawn { .. }
        | ChatEvent::RequestFailed { .. }
        | ChatEvent::Requeued
        | ChatEvent::RoundOver
        | ChatEvent::InvitationAsked { .. }
        | ChatEvent::InvitationRings { .. }
        | ChatEvent::InvitationRefused { .. }
        | ChatEvent::InvitationOver { .. } => return None,
    }
    Some(counts)
}
