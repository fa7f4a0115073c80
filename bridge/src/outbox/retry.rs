//! Trying again: without end for what can still succeed, at once over for what cannot.

use std::time::Duration;

use rand::Rng as _;
use tokio::{sync::Semaphore, time::Instant};

use super::{
    deliver::{DeliverError, Deliverer},
    effect::{Deed, Done, OutboxEffect, Outcome},
    health::Health,
};
use crate::{
    clock::Clock,
    matrix::client::{self, CallError},
    store::EffectSeq,
};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After this long an effect is given up, and both sides are told.
const GIVE_UP_AFTER_MS: u64 = 24 * 60 * 60 * 1000;
/// Homeservers forget transaction ids after half an hour at the earliest.
const DOUBT_AFTER_MS: u64 = 25 * 60 * 1000;

/// For so long other messages of agents wait for a file.
const LATER_AFTER_MS: u64 = 15_000;

/// So often our homeserver may fail to reach an agent's before somebody else is asked. Each time it
/// has tried for seconds.
const TRIES_ELSEWHERE: u32 = 2;

/// What the attempts of all effects share.
#[derive(Debug)]
pub struct Context {
    /// Who carries effects out.
    pub deliverer: Deliverer,
    /// Whether trying makes sense now.
    pub health: Health,
    /// For the age of effects.
    pub clock: Clock,
    /// How many attempts may be under way.
    pub permits: Semaphore,
}

impl Context {
    /// Tries until the effect is done or cannot be done.
    pub async fn persist(
        &self,
        seq: EffectSeq,
        effect: OutboxEffect,
        mut in_doubt: bool,
    ) -> Outcome {
        let mut tries = 0;
        let mut tries_elsewhere = 0;
        loop {
            if !self.is_up_within_the_day(&effect).await {
                let reason = "the homeserver has not answered for a day".to_owned();
                tracing::warn!(effect = seq.0, "an effect is given up after a day of silence");
                return Outcome { seq, effect, result: Err(reason), found: false };
            }
            let age = self.age(&effect);
            let look_first = in_doubt || (tries > 0 && age > DOUBT_AFTER_MS);
            let (result, took) = {
                // The semaphore is never closed.
                let _permit = self.permits.acquire().await;
                let begun = Instant::now();
                let result = self.deliverer.carry_out(seq, &effect, look_first).await;
                (result, begun.elapsed())
            };
            let error = match result {
                Ok(Done::Found(event)) => {
                    return Outcome { seq, effect, result: Ok(Done::Event(event)), found: true };
                }
                Ok(done) => return Outcome { seq, effect, result: Ok(done), found: false },
                Err(DeliverError::Call(error)) if error.is_transient() => error,
                Err(error) => {
                    tracing::warn!(effect = seq.0, %error, "an effect cannot be carried out");
                    return Outcome { seq, effect, result: Err(error.in_full()), found: false };
                }
            };
            if age > LATER_AFTER_MS && matches!(effect.deed, Deed::FetchFile { late: false, .. }) {
                tracing::warn!(effect = seq.0, %error, "a file takes long");
                return Outcome { seq, effect, result: Ok(Done::Later), found: false };
            }
            if age > GIVE_UP_AFTER_MS {
                tracing::warn!(effect = seq.0, %error, "an effect is given up after a day");
                return Outcome { seq, effect, result: Err(error.in_full()), found: false };
            }
            if self.is_for_elsewhere(&effect) {
                tries_elsewhere += u32::from(error.is_anothers_absence());
                // It is still waiting for the other one, and each further try would wait for this one.
                let silent = matches!(error, CallError::InDoubt(_)) && took >= client::TIMEOUT;
                if silent || tries_elsewhere >= TRIES_ELSEWHERE {
                    tracing::warn!(effect = seq.0, %error, "an agent's homeserver does not answer");
                    return Outcome { seq, effect, result: Err(error.in_full()), found: false };
                }
            }
            tries += 1;
            self.pause(seq, &error, tries).await;
            in_doubt |= error.is_in_doubt();
        }
    }

    /// Whether it needs another homeserver: an invite is made only with the signature of the agent's
    /// own (spec: inviting to a room). A customer need not wait until that one is back.
    fn is_for_elsewhere(&self, effect: &OutboxEffect) -> bool {
        match &effect.deed {
            Deed::Ring { agent, .. } => self.deliverer.names.is_elsewhere(agent),
            _ => false,
        }
    }

    /// Milliseconds since an effect was decided.
    fn age(&self, effect: &OutboxEffect) -> u64 {
        self.clock.now().0.saturating_sub(effect.created)
    }

    /// Waits until the homeserver answers, but no longer than the effect may be tried: whoever
    /// waits for it is told even if the homeserver never comes back.
    async fn is_up_within_the_day(&self, effect: &OutboxEffect) -> bool {
        let left = Duration::from_millis(GIVE_UP_AFTER_MS.saturating_sub(self.age(effect)));
        tokio::time::timeout(left, self.health.up()).await.is_ok()
    }

    async fn pause(&self, seq: EffectSeq, error: &CallError, tries: u32) {
        tracing::debug!(effect = seq.0, tries, %error, "an effect will be tried again");
        match error {
            CallError::Unreachable(_) => self.health.report_down(),
            CallError::Limited { retry_after: Some(after) } => {
                tokio::time::sleep(*after + jitter(FIRST_PAUSE)).await;
            }
            CallError::Unauthorised => {
                tracing::error!(%error, "the homeserver refuses the bridge");
                tokio::time::sleep(jitter(LONGEST_PAUSE)).await;
            }
            _ => tokio::time::sleep(jitter(pause_after(tries))).await,
        }
    }
}

/// The pause grows with every try, up to a bound.
fn pause_after(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

/// Between half of a pause and all of it, so that not everybody comes back at once.
fn jitter(pause: Duration) -> Duration {
    pause.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let pauses: Vec<u128> = (1..=9).map(|tries| pause_after(tries).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }
}
