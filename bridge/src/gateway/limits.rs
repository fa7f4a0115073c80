//! How much one address, session, site or socket may do. All of it is counted in this process, so
//! there is nothing that could be down.

use std::{
    hash::Hash,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use switchboard_engine::ChatId;

use super::{address::Address, config::RateLimits};

/// The limits that are shared by all requests and sockets.
pub(super) struct Limiters {
    clock: DefaultClock,
    chats_of_address: DefaultKeyedRateLimiter<Address>,
    chats_of_site: DefaultKeyedRateLimiter<String>,
    messages: DefaultKeyedRateLimiter<ChatId>,
    frames: DefaultKeyedRateLimiter<ChatId>,
    files: DefaultKeyedRateLimiter<ChatId>,
    handshakes: DefaultKeyedRateLimiter<Address>,
    requests: DefaultKeyedRateLimiter<Address>,
    /// The chats that were let in lately: a start whose reply was lost is not counted again.
    let_in: DashMap<ChatId, Instant>,
}

/// How long a start may be repeated without being counted.
const LET_IN: Duration = Duration::from_hours(1);

/// How many files a chat may upload: two messages full of them at once, and then some.
const FILES_BURST: u32 = 20;
const FILES_PER_MINUTE: u32 = 6;

/// Too much; trying again before this has passed is in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much in too short a time; wait {} ms", .retry_after.as_millis())]
pub(super) struct TooFast {
    pub(super) retry_after: Duration,
}

impl Limiters {
    pub(super) fn new(limits: &RateLimits) -> Self {
        let chats = Quota::per_hour(positive(limits.chats_per_hour_per_address))
            .allow_burst(positive(limits.chats_burst_per_address));
        let messages = Quota::per_minute(positive(limits.messages_per_minute_per_session))
            .allow_burst(positive(limits.messages_burst_per_session));
        let requests = Quota::per_second(positive(limits.requests_per_second_per_address))
            .allow_burst(positive(limits.requests_burst_per_address));
        Self {
            clock: DefaultClock::default(),
            chats_of_address: RateLimiter::keyed(chats),
            chats_of_site: RateLimiter::keyed(Quota::per_minute(positive(
                limits.chats_per_minute_per_site,
            ))),
            messages: RateLimiter::keyed(messages),
            frames: RateLimiter::keyed(frames(limits)),
            files: RateLimiter::keyed(
                Quota::per_minute(positive(FILES_PER_MINUTE)).allow_burst(positive(FILES_BURST)),
            ),
            handshakes: RateLimiter::keyed(Quota::per_minute(positive(
                limits.handshakes_per_minute_per_address,
            ))),
            requests: RateLimiter::keyed(requests),
            let_in: DashMap::new(),
        }
    }

    /// A new chat.
    pub(super) fn chat(&self, chat: ChatId, address: Address, site: &str) -> Result<(), TooFast> {
        if self.let_in.contains_key(&chat) {
            return Ok(());
        }
        self.check(&self.chats_of_address, &address)?;
        self.check(&self.chats_of_site, &site.to_owned())?;
        self.let_in.insert(chat, Instant::now());
        Ok(())
    }

    /// A message.
    pub(super) fn message(&self, chat: ChatId) -> Result<(), TooFast> {
        self.check(&self.messages, &chat)
    }

    /// What would be a frame other than a message, had it not come by HTTP.
    pub(super) fn frame(&self, chat: ChatId) -> Result<(), TooFast> {
        self.check(&self.frames, &chat)
    }

    /// A file.
    pub(super) fn file(&self, chat: ChatId) -> Result<(), TooFast> {
        self.check(&self.files, &chat)
    }

    /// A new socket.
    pub(super) fn handshake(&self, address: Address) -> Result<(), TooFast> {
        self.check(&self.handshakes, &address)
    }

    /// An HTTP request.
    pub(super) fn request(&self, address: Address) -> Result<(), TooFast> {
        self.check(&self.requests, &address)
    }

    /// Forgets those who have done nothing lately.
    pub(super) fn sweep(&self) {
        self.chats_of_address.retain_recent();
        self.chats_of_site.retain_recent();
        self.messages.retain_recent();
        self.frames.retain_recent();
        self.files.retain_recent();
        self.handshakes.retain_recent();
        self.requests.retain_recent();
        self.let_in.retain(|_, since| since.elapsed() < LET_IN);
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), TooFast> {
        limiter
            .check_key(key)
            .map_err(|negative| TooFast { retry_after: negative.wait_time_from(self.clock.now()) })
    }
}

/// The limits of one socket.
pub(super) struct SocketLimits {
    all: DefaultDirectRateLimiter,
    small: DefaultDirectRateLimiter,
}

impl SocketLimits {
    pub(super) fn new(limits: &RateLimits) -> Self {
        let flood = positive(limits.flood_frames_per_second);
        let all = Quota::per_second(flood).allow_burst(flood.saturating_mul(positive(2)));
        Self { all: RateLimiter::direct(all), small: RateLimiter::direct(frames(limits)) }
    }

    /// Whether another frame of any kind is no flood.
    pub(super) fn any(&self) -> bool {
        self.all.check().is_ok()
    }

    /// Whether another frame other than a message is looked at.
    pub(super) fn small(&self) -> bool {
        self.small.check().is_ok()
    }
}

fn frames(limits: &RateLimits) -> Quota {
    Quota::per_second(positive(limits.frames_per_second)).allow_burst(positive(limits.frames_burst))
}

/// Zero is refused by the check of the configuration.
fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}
