//! A socket between `welcome` and its end.

use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Goodbye,
    greeting::Greeting,
    lane::{Answer, Lane, Outcome},
    line::{Heard, Line},
    push::Push,
};
use crate::gateway::{
    change::Change,
    error::{ApiError, retry_ms},
    feed::{PAGE, is_end},
    input::CustomerInput,
    limits::SocketLimits,
    message::{self, Invalid},
    state::GatewayState,
    wire::{ClientFrame, ErrorCode, LiveState, Phase, RefusalReason, ServerFrame},
};

/// So many frames in a row that are none, and the socket is closed.
const NONSENSE: u32 = 3;

struct Talk<'a> {
    state: &'a GatewayState,
    line: &'a mut Line,
    greeting: Greeting,
    lane: Lane,
    limits: SocketLimits,
    push: Push,
    /// When the page is to be told the live state, if it does not know it.
    push_at: Option<Instant>,
    /// When the page was last heard.
    heard: Instant,
    /// Whether the browser was asked for a sign of life since then.
    nudged: bool,
    /// Whether the customer types, as far as this page says.
    typing: bool,
    /// Whether this page has asked for the end.
    ending: bool,
    /// How many frames in a row were none.
    nonsense: u32,
}

/// What a socket waits for.
enum Event {
    Heard(Result<Heard, Goodbye>),
    Stored(Outcome),
    Feed,
    Live,
    Sites,
    Push,
    Quiet,
    Idle,
    Evicted,
    Stopping,
}

/// Talks until the end of the socket.
pub(super) async fn talk(state: &GatewayState, line: &mut Line, greeting: Greeting) -> Goodbye {
    let mut talk = Talk {
        state,
        line,
        lane: Lane::new(state.store.clone()),
        limits: SocketLimits::new(&state.config.limits),
        push: Push::new(greeting.told.clone(), &state.times),
        push_at: None,
        heard: Instant::now(),
        nudged: false,
        typing: false,
        ending: false,
        nonsense: 0,
        greeting,
    };
    loop {
        let event = talk.wait().await;
        if let Err(goodbye) = talk.handle(event).await {
            talk.end(&goodbye).await;
            return goodbye;
        }
    }
}

impl Talk<'_> {
    async fn wait(&mut self) -> Event {
        let listening = self.lane.has_room();
        let push_at = self.push_at;
        tokio::select! {
            heard = self.line.hear(), if listening => Event::Heard(heard),
            outcome = self.lane.next(), if self.lane.is_busy() => Event::Stored(outcome),
            () = self.greeting.feed.changed(), if !self.greeting.behind => Event::Feed,
            () = std::future::ready(()), if self.greeting.behind => Event::Feed,
            Ok(()) = self.greeting.states.changed() => Event::Live,
            Ok(()) = self.greeting.sites.changed() => Event::Sites,
            () = sleep_until(push_at.unwrap_or(self.heard)), if push_at.is_some() => Event::Push,
            () = sleep_until(self.heard + self.state.times.idle / 2), if listening && !self.nudged =>
                Event::Quiet,
            () = sleep_until(self.heard + self.state.times.idle), if listening => Event::Idle,
            () = self.greeting.place.evicted.cancelled() => Event::Evicted,
            () = self.state.shutdown.cancelled() => Event::Stopping,
        }
    }

    async fn handle(&mut self, event: Event) -> Result<(), Goodbye> {
        match event {
            Event::Heard(heard) => self.heard(heard?).await,
            Event::Stored(outcome) => self.stored(outcome).await,
            Event::Feed => self.feed().await.map(drop),
            Event::Live => {
                self.look();
                Ok(())
            }
            Event::Sites => {
                let Greeting { session, origin, .. } = &self.greeting;
                Ok(self.state.still_permits(&session.site, origin)?)
            }
            Event::Push => self.push().await,
            Event::Quiet => {
                // Browsers slow the timers of hidden pages down, but answer pings by themselves.
                self.nudged = true;
                self.line.nudge().await
            }
            Event::Idle => Err(Goodbye::error(ErrorCode::Idle, "nothing was heard for too long")),
            Event::Evicted => Err(Goodbye::error(
                ErrorCode::TooFast,
                "the customer has opened too many sockets; this was the oldest",
            )),
            Event::Stopping => Err(Goodbye::stopping()),
        }
    }

    async fn heard(&mut self, heard: Heard) -> Result<(), Goodbye> {
        self.heard = Instant::now();
        self.nudged = false;
        if !self.limits.any() {
            tracing::info!(chat = %self.greeting.session.chat, "a socket floods");
            return Err(Goodbye::error(ErrorCode::TooFast, "too many frames"));
        }
        let is_message = matches!(
            heard,
            Heard::Frame(
                ClientFrame::Send { .. }
                    | ClientFrame::Edit { .. }
                    | ClientFrame::Remove { .. }
                    | ClientFrame::React { .. }
                    | ClientFrame::End {}
            )
        );
        if !is_message && !self.limits.small() {
            return Ok(());
        }
        match heard {
            Heard::Frame(frame) => {
                let before = self.nonsense;
                self.frame(frame).await?;
                if self.nonsense == before {
                    self.nonsense = 0;
                }
                Ok(())
            }
            Heard::Nonsense(why) => self.nonsense(why).await,
            Heard::Life => Ok(()),
        }
    }

    async fn frame(&mut self, frame: ClientFrame) -> Result<(), Goodbye> {
        let chat = self.greeting.session.chat;
        match frame {
            ClientFrame::Hello { .. } => self.nonsense("hello comes once".to_owned()).await,
            ClientFrame::Send { key, text, email, reply_to, files } => {
                let email = email.as_deref();
                let named = files.clone();
                let checked = message::check(chat, key.clone(), &text, email, reply_to, named);
                let checked = match checked {
                    // What is over is refused for that reason.
                    Ok(_) if !self.has_ended() && !self.state.has_files(chat, &files).await? => {
                        Err(Invalid::Refused(RefusalReason::Files))
                    }
                    checked => checked,
                };
                self.send(key, checked).await
            }
            frame @ (ClientFrame::Edit { .. }
            | ClientFrame::Remove { .. }
            | ClientFrame::React { .. }) => self.change(frame).await,
            ClientFrame::Typing { typing } => {
                self.typing = typing;
                self.state.live.customer_typing(chat, typing);
                Ok(())
            }
            // Nothing depends on it: the cursor of the next hello is what counts.
            ClientFrame::Ack { .. } => Ok(()),
            ClientFrame::Seen { seq } => {
                if (1..=self.greeting.cursor).contains(&seq) {
                    self.state.live.customer_seen(chat, seq);
                }
                Ok(())
            }
            ClientFrame::End {} => {
                if !self.ending && !self.greeting.ended {
                    self.ending = true;
                    self.push_input(Answer::End, CustomerInput::End { chat })?;
                }
                Ok(())
            }
            ClientFrame::Ping {} => self.line.say(&ServerFrame::Pong {}).await,
        }
    }

    async fn nonsense(&mut self, message: String) -> Result<(), Goodbye> {
        self.nonsense += 1;
        if self.nonsense >= NONSENSE {
            return Err(Goodbye::error(ErrorCode::BadRequest, message));
        }
        let code = ErrorCode::BadRequest;
        self.line.say(&ServerFrame::Error { code, message, fatal: false }).await
    }

    async fn change(&mut self, frame: ClientFrame) -> Result<(), Goodbye> {
        let chat = self.greeting.session.chat;
        let (key, checked) = match Change::read(frame) {
            None => return Ok(()),
            Some(Err((key, invalid))) => (key, Err(invalid)),
            // What is over is refused for that reason.
            Some(Ok(change))
                if !self.has_ended() && !self.state.has_target(chat, &change).await? =>
            {
                (change.key, Err(Invalid::Refused(RefusalReason::NoTarget)))
            }
            Some(Ok(change)) => (change.key.clone(), Ok(change.into_input(chat))),
        };
        self.send(key, checked).await
    }

    async fn send(
        &mut self,
        key: String,
        checked: Result<CustomerInput, Invalid>,
    ) -> Result<(), Goodbye> {
        let chat = self.greeting.session.chat;
        let (reason, retry_after_ms) = match checked {
            Err(Invalid::Key) => return self.nonsense(message::BAD_KEY.to_owned()).await,
            Err(Invalid::Refused(reason)) => (reason, None),
            Ok(input) => match self.state.limiters.message(chat) {
                Ok(()) if !self.has_ended() => {
                    return self.push_input(Answer::Message(key), input);
                }
                Ok(()) if self.state.was_taken(chat, &key).await? => {
                    return self.line.say(&ServerFrame::Accepted { key }).await;
                }
                Ok(()) => (RefusalReason::Ended, None),
                Err(error) => (RefusalReason::TooFast, Some(retry_ms(error.retry_after))),
            },
        };
        self.line.say(&ServerFrame::Refused { key, reason, retry_after_ms }).await
    }

    fn push_input(&mut self, answer: Answer, input: CustomerInput) -> Result<(), Goodbye> {
        self.lane.push(answer, input).map_err(|error| ApiError::from(error).into())
    }

    fn has_ended(&self) -> bool {
        self.greeting.ended || self.greeting.states.borrow().phase == Phase::Ended
    }

    async fn stored(&mut self, outcome: Outcome) -> Result<(), Goodbye> {
        for answer in outcome.answers {
            if answer == Answer::End && !outcome.stored {
                self.ending = false;
            }
            if let Some(frame) = answer.frame(outcome.stored) {
                self.line.queue(&frame).await?;
            }
        }
        self.line.flush().await
    }

    /// Sends the next entries. Returns whether there were any.
    async fn feed(&mut self) -> Result<bool, Goodbye> {
        let greeting = &mut self.greeting;
        let entries = self.state.entries(greeting.session.chat, greeting.cursor).await?;
        greeting.behind = entries.len() == PAGE;
        let some = !entries.is_empty();
        // Woken for nothing: the chat may have been deleted after its retention.
        if !some && greeting.cursor > 0 && self.state.is_gone(greeting.session.chat).await? {
            return Err(ApiError::NotFound.into());
        }
        for entry in entries {
            let (seq, end) = (entry.seq, is_end(&entry));
            self.line.queue(&ServerFrame::Entry(entry)).await?;
            greeting.cursor = seq;
            greeting.ended |= end;
        }
        self.line.flush().await?;
        self.look();
        Ok(some)
    }

    /// The live state as the page is to see it.
    fn live(&mut self) -> LiveState {
        let mut live = self.greeting.states.borrow_and_update().clone();
        if self.greeting.ended {
            live.phase = Phase::Ended;
        }
        live
    }

    /// Looks whether the page is to be told something new, and when.
    fn look(&mut self) {
        let live = self.live();
        self.push_at = self.push.due(&live);
    }

    async fn push(&mut self) -> Result<(), Goodbye> {
        self.push_at = None;
        let live = self.live();
        // A receipt does not overtake the entry that it is for.
        while self.greeting.cursor < live.delivered.max(live.seen) && self.feed().await? {}
        let live = self.live();
        self.push_at = None;
        if self.push.due(&live).is_some() {
            self.push.tell(live.clone());
            self.line.say(&ServerFrame::Live(live)).await?;
        }
        Ok(())
    }

    /// The page will not be heard any more, but what it has written counts.
    async fn end(&mut self, goodbye: &Goodbye) {
        if self.typing {
            self.state.live.customer_typing(self.greeting.session.chat, false);
        }
        let Ok(outcomes) = timeout(self.state.times.send, self.lane.finish()).await else {
            return tracing::warn!(
                "the store does not answer; a socket's last inputs are in doubt"
            );
        };
        if matches!(goodbye, Goodbye::Gone) {
            return;
        }
        for outcome in outcomes {
            if self.stored(outcome).await.is_err() {
                return;
            }
        }
    }
}
