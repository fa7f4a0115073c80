//! Before anything is done on the homeserver: the bot, and whether the homeserver reaches us.

use std::time::Duration;

use ruma::{OwnedUserId, api::client::profile::set_profile_field, profile::ProfileFieldValue};
use tokio_util::sync::CancellationToken;

use crate::{
    appservice::reach::{self, Problem, Unreached},
    matrix::client::{As, CallError, Homeserver},
    outbox::{self, health::Health},
};

/// What the bot is called in agents' clients.
const BOT_NAME: &str = "Switchboard";
/// The first pause after a failure; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a ping is tried again while everything else goes on without it.
const PING_EVERY: Duration = Duration::from_secs(10);
/// After so many failures it is a problem that somebody must mend.
const TRIES: u32 = 3;

/// Seeing to the bot and to the way from the homeserver to us.
#[derive(Debug)]
pub struct Preparation {
    /// The homeserver.
    pub homeserver: Homeserver,
    /// The bot.
    pub bot: OwnedUserId,
    /// The appservice's id.
    pub appservice_id: String,
    /// Whether the homeserver answers.
    pub health: Health,
    /// Where it is told what must be mended.
    pub problem: Problem,
    /// When to stop.
    pub stop: CancellationToken,
}

impl Preparation {
    /// Sees to the bot, without which nothing can be done. Tries until it works; says `false` if it
    /// was told to stop before.
    pub async fn make_bot(&self) -> bool {
        let mut pause = FIRST_PAUSE;
        let mut failures = 0;
        loop {
            match self.try_bot().await {
                Ok(()) => {
                    self.problem.solved();
                    return true;
                }
                Err(error) => {
                    self.note_absence(&error);
                    tracing::warn!(%error, "the homeserver is not ready; trying again");
                    if !error.is_absence() {
                        failures += 1;
                    }
                    if failures >= TRIES {
                        self.problem.found(why_no_bot(&error));
                    }
                }
            }
            if !self.wait(pause).await {
                return false;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_bot(&self) -> Result<(), CallError> {
        let (homeserver, bot) = (&self.homeserver, &self.bot);
        homeserver.register(bot.localpart()).await?;
        outbox::make_device(homeserver, bot).await?;
        let name = set_profile_field::v3::Request::new(
            bot.clone(),
            ProfileFieldValue::DisplayName(BOT_NAME.to_owned()),
        );
        homeserver.call(As::user(bot), name).await?;
        Ok(())
    }

    /// Pings until one comes through, or until there is no sense in waiting for that: says `true` if
    /// it need not be tried again. A homeserver that could not reach us waits up to minutes; a ping
    /// makes it push at once.
    pub async fn first_pings(&self) -> bool {
        let mut pause = FIRST_PAUSE;
        for _ in 0..TRIES {
            match self.try_ping().await {
                Ok(()) => return true,
                Err(error) => tracing::warn!(%error, "the homeserver does not reach us yet"),
            }
            if !self.wait(pause).await {
                return true;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        false
    }

    /// Goes on pinging until one comes through, while all else works as well as it can.
    pub async fn further_pings(&self) {
        loop {
            match self.try_ping().await {
                Ok(()) => {
                    self.problem.solved();
                    return;
                }
                // `/health` tells of an absence by itself.
                Err(_) if !self.health.is_up() => {}
                Err(Unreached::Call(error)) if error.is_absence() => {}
                Err(error) => self.problem.found(error.to_string()),
            }
            if !self.wait(PING_EVERY).await {
                return;
            }
        }
    }

    async fn try_ping(&self) -> Result<(), Unreached> {
        match reach::ping(&self.homeserver, &self.appservice_id).await {
            Ok(took) => {
                tracing::info!(took_ms = took.as_millis(), "the homeserver reaches us");
                Ok(())
            }
            Err(Unreached::Unsupported) => {
                tracing::warn!("the homeserver does not know pings; it pushes sooner or later");
                Ok(())
            }
            Err(error) => {
                if let Unreached::Call(error) = &error {
                    self.note_absence(error);
                }
                Err(error)
            }
        }
    }

    fn note_absence(&self, error: &CallError) {
        if matches!(error, CallError::Unreachable(_)) {
            self.health.report_down();
        }
    }

    /// Waits; says `false` if it was told to stop.
    async fn wait(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// Why the bot cannot be made, with what to do about it.
fn why_no_bot(error: &CallError) -> String {
    if error.is("M_EXCLUSIVE") {
        return "the bot cannot be made: the homeserver's registration is not for appservice.prefix; write it again with `switchboard registration` and restart the homeserver".to_owned();
    }
    format!("the bot cannot be made: {error}")
}
