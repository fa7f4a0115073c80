//! Nothing acknowledged is lost: a message with its ✓ is in the inbox, waits for the room, is on its
//! way there, is in it, or the customer knows that it is not. What the homeserver has our 200 for is
//! in the customer's feed, or the agent knows that it is not.

use switchboard_engine::ChatId;

use super::{Delivered, once_per_side_in_order::Streams};
use crate::{
    store::Key,
    system::{Changes, Deed, Event, Item, LogEntry},
};

pub(super) fn committed(
    streams: &mut Streams,
    items: &[Item],
    changes: &Changes,
    delivered: &Delivered<'_>,
) -> Result<(), String> {
    for item in items {
        match item {
            Item::Event { chat, index, event: Event::Wrote(_) } => {
                let stream = streams.of(*chat);
                if !stream.shown.contains(index) && !stream.not_shown.contains(index) {
                    return Err(format!("what an agent wrote in chat {} (event {index})", chat.0));
                }
            }
            Item::Send { chat, key } if !streams.of(*chat).own.contains(key) => {
                return Err(format!("message {key} of chat {} is not on its page", chat.0));
            }
            _ => {}
        }
    }
    changes.chats.iter().try_for_each(|chat| check(streams, chat.id, delivered, false))
}

/// Checks a chat's messages. In the end, the agents' must have arrived.
pub(super) fn check(
    streams: &mut Streams,
    chat: ChatId,
    delivered: &Delivered<'_>,
    in_the_end: bool,
) -> Result<(), String> {
    let Some(customer) = delivered.customers.get(&chat) else { return Ok(()) };
    let stream = streams.of(chat);
    for (key, acknowledged) in (0..).zip(&customer.messages) {
        if stream.said.contains(&key) || stream.told.contains(&key) {
            continue;
        }
        let durable = delivered.store.knows(Key::Send(chat, key));
        if !*acknowledged && !durable {
            continue;
        }
        if !is_on_its_way(chat, key, delivered) {
            return Err(format!("message {key} of chat {}", chat.0));
        }
    }
    if in_the_end && let Some(room) = delivered.homeserver.rooms.get(&chat) {
        for (index, event) in room.timeline.iter().enumerate() {
            let told = stream.shown.contains(&index) || stream.not_shown.contains(&index);
            if matches!(event, Event::Wrote(_)) && !told {
                return Err(format!("what an agent wrote in chat {} (event {index})", chat.0));
            }
        }
    }
    Ok(())
}

fn is_on_its_way(chat: ChatId, key: u32, delivered: &Delivered<'_>) -> bool {
    let store = delivered.store;
    let waits = store.chats.get(&chat).is_some_and(|record| {
        let log = store.logs.get(&chat).map_or(&[][..], Vec::as_slice);
        record.pending.iter().any(|message| {
            let place = usize::try_from(message.0).unwrap_or_default().wrapping_sub(1);
            log.get(place) == Some(&LogEntry::Customer(key))
        })
    });
    waits
        || store.effects.values().any(|effect| {
            effect.chat == chat && matches!(effect.deed, Deed::Say { key: k, .. } if k == key)
        })
        || store
            .inbox()
            .any(|item| matches!(item, Item::Send { chat: c, key: k } if *c == chat && *k == key))
}
