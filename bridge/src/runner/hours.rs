//! Queues open and close by their hours.

use switchboard_engine::{Input, Time};

use super::{
    batch::Batch,
    state::{HandleError, State},
};

impl State {
    /// When the first queue opens or closes next.
    pub(super) fn next_hours(&self) -> Option<Time> {
        self.hours_change
    }

    /// Opens and closes what the hours say by now. Says whether anything was to be looked at.
    pub(super) async fn keep_hours(&mut self, batch: &mut Batch) -> Result<bool, HandleError> {
        let now = self.batch_time();
        if self.hours_change.is_none_or(|at| at > now) {
            return Ok(false);
        }
        let turned: Vec<_> = self
            .engine()
            .queues()
            .filter_map(|queue| {
                let open = self.centre.is_open(self.centre.queue(&queue.id.0)?, now);
                (open != queue.open).then(|| (queue.id.clone(), open))
            })
            .collect();
        for (queue, open) in turned {
            tracing::info!(%queue, open, "a queue's hours");
            self.input(Input::QueueHours { queue, open }, batch).await?;
        }
        self.plan_hours(now);
        Ok(true)
    }

    /// Notes when to look next.
    pub(super) fn plan_hours(&mut self, now: Time) {
        self.hours_change = self.centre.next_change(now);
    }
}
