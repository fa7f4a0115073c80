//! How many sockets are open, by address and by chat.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use switchboard_engine::ChatId;
use tokio_util::sync::CancellationToken;

use super::{address::Address, config::RateLimits};

/// The open sockets. Long polls count as sockets of their address.
pub(super) struct OpenSockets {
    per_address: usize,
    per_chat: usize,
    addresses: Arc<DashMap<Address, usize>>,
    chats: Arc<DashMap<ChatId, VecDeque<(u64, CancellationToken)>>>,
    next: AtomicU64,
}

/// A socket's place among those of its address.
pub(super) struct AddressPlace {
    addresses: Arc<DashMap<Address, usize>>,
    address: Address,
}

/// A socket's place among those of its chat.
pub(super) struct ChatPlace {
    chats: Arc<DashMap<ChatId, VecDeque<(u64, CancellationToken)>>>,
    chat: ChatId,
    number: u64,
    /// Cancelled when the place is needed for a newer socket.
    pub(super) evicted: CancellationToken,
}

/// How many files one chat may upload at a time, and all chats together.
const UPLOADS: (usize, usize) = (5, 100);

/// The uploads under way, by chat.
#[derive(Default)]
pub(super) struct Uploads(Arc<DashMap<ChatId, usize>>);

/// An upload's place.
pub(super) struct UploadPlace {
    uploads: Arc<DashMap<ChatId, usize>>,
    chat: ChatId,
}

impl Uploads {
    /// One more of this chat, unless there are too many.
    pub(super) fn enter(&self, chat: ChatId) -> Option<UploadPlace> {
        let all: usize = self.0.iter().map(|open| *open.value()).sum();
        let mut open = self.0.entry(chat).or_insert(0);
        if *open >= UPLOADS.0 || all >= UPLOADS.1 {
            return None;
        }
        *open += 1;
        Some(UploadPlace { uploads: Arc::clone(&self.0), chat })
    }
}

impl Drop for UploadPlace {
    fn drop(&mut self) {
        self.uploads.remove_if_mut(&self.chat, |_, open| {
            *open = open.saturating_sub(1);
            *open == 0
        });
    }
}

impl OpenSockets {
    pub(super) fn new(limits: &RateLimits) -> Self {
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            per_address: count(limits.sockets_per_address),
            per_chat: count(limits.sockets_per_session),
            addresses: Arc::default(),
            chats: Arc::default(),
            next: AtomicU64::new(0),
        }
    }

    /// One more of this address, unless there are too many.
    pub(super) fn of_address(&self, address: Address) -> Option<AddressPlace> {
        let mut open = self.addresses.entry(address).or_insert(0);
        if *open >= self.per_address {
            return None;
        }
        *open += 1;
        Some(AddressPlace { addresses: Arc::clone(&self.addresses), address })
    }

    /// One more of this chat; if there are too many, the oldest must go.
    pub(super) fn of_chat(&self, chat: ChatId) -> ChatPlace {
        let evicted = CancellationToken::new();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut open = self.chats.entry(chat).or_default();
        open.push_back((number, evicted.clone()));
        if open.len() > self.per_chat
            && let Some((_, oldest)) = open.pop_front()
        {
            oldest.cancel();
        }
        ChatPlace { chats: Arc::clone(&self.chats), chat, number, evicted }
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        self.addresses.remove_if_mut(&self.address, |_, open| {
            *open = open.saturating_sub(1);
            *open == 0
        });
    }
}

impl Drop for ChatPlace {
    fn drop(&mut self) {
        self.chats.remove_if_mut(&self.chat, |_, open| {
            open.retain(|(number, _)| *number != self.number);
            open.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn sockets() -> OpenSockets {
        let limits =
            RateLimits { sockets_per_address: 2, sockets_per_session: 2, ..RateLimits::default() };
        OpenSockets::new(&limits)
    }

    #[test]
    fn an_address_has_so_many() {
        let open = sockets();
        let address = |ip: &str| ip.parse::<IpAddr>().unwrap().into();
        let first = open.of_address(address("192.0.2.1"));
        let second = open.of_address(address("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(open.of_address(address("192.0.2.1")).is_none());
        assert!(open.of_address(address("192.0.2.2")).is_some());
        drop(first);
        assert!(open.of_address(address("192.0.2.1")).is_some());
        drop(second);
        assert!(open.addresses.is_empty());
    }

    #[test]
    fn the_oldest_of_a_chat_gives_way() {
        let open = sockets();
        let places: Vec<ChatPlace> = (0..4).map(|_| open.of_chat(ChatId(1))).collect();
        let other = open.of_chat(ChatId(2));
        let evicted: Vec<bool> = places.iter().map(|place| place.evicted.is_cancelled()).collect();
        assert_eq!(evicted, [true, true, false, false]);
        assert!(!other.evicted.is_cancelled());
        drop((places, other));
        assert!(open.chats.is_empty());
    }
}
