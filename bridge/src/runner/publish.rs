//! The rest of the bridge is told what is committed: the directory, customers' pages, the gateway and
//! the metrics. Of the sites, see `sites`.

use switchboard_engine::ChatId;

use super::{batch::Batch, state::State};
use crate::{directory::Entry, gateway::wire::Phase, place::Place};

impl State {
    /// Tells the rest of the bridge what is committed.
    pub(super) fn publish(&mut self, batch: &Batch) {
        if batch.ends_absence {
            self.away_since = None;
        }
        if batch.centre_changed {
            self.publish_centre();
        } else if !self.kept.former_agents.is_empty() && batch.touches_chats() {
            self.publish_agents();
        }
        self.look_at_early_receipts(batch);
        for chat in &batch.chats {
            self.publish_chat(*chat);
        }
        for place in &batch.places {
            self.publish_place(place);
        }
        self.observe_effects();
    }

    /// Measures how long the oldest effect has waited. They are numbered in the order of their making.
    pub(super) fn observe_effects(&self) {
        let oldest = self.open_effects.values().next().map(|effect| effect.created);
        self.with.metrics.oldest_effect(oldest);
    }

    pub(super) fn publish_chat(&self, chat: ChatId) {
        let Some(conversation) = self.conversations.get(&chat) else { return };
        self.with.directory.put(
            chat,
            Entry {
                ghost: self.with.names.ghost(chat),
                room: conversation.room.clone(),
                last_agent_message: conversation.last_agent_message.clone(),
            },
        );
        self.with.live.update(chat, |state| {
            state.phase = conversation.phase;
            state.delivered = conversation.delivered;
            state.seen = conversation.seen;
            if conversation.phase != Phase::Waiting {
                state.position = None;
                state.estimate = None;
            }
            if conversation.phase == Phase::Ended {
                state.typing.clear();
            }
        });
    }

    /// Tells every waiting customer their place.
    pub(super) fn publish_positions(&self) {
        let now = self.now();
        for queue in self.engine.queues() {
            for (chat, position) in self.engine.waiting(&queue.id).zip(1..) {
                // Who has left a message does not wait for their turn.
                if self.engine.chat(chat).is_none_or(|chat| chat.message) {
                    continue;
                }
                let estimate = self.estimator.estimate(&queue.id, position, now);
                self.with.live.update(chat, |state| {
                    state.position = Some(position);
                    state.estimate = estimate;
                });
            }
        }
        self.with.metrics.observe_chats(&self.engine);
    }

    /// Tells the rest of the bridge who is an agent, and the gateway of the sites.
    pub(super) fn publish_centre(&self) {
        self.publish_agents();
        self.publish_sites();
    }

    /// Those who were agents stay known as long as they are in a chat.
    pub(super) fn publish_agents(&self) {
        let former = self.kept.former_agents.iter().filter(|agent| self.is_in_a_chat(&agent.id));
        let agents = self.centre.agents.iter().chain(former);
        self.with
            .directory
            .set_agents(agents.map(|agent| (agent.id.as_str(), agent.name.as_str())));
    }

    /// Tells the rest of the bridge of a room.
    pub(super) fn publish_place(&self, place: &Place) {
        match self.bot_rooms.get(place).and_then(|record| record.room.as_ref()) {
            Some(room) => self.with.directory.put_room(place, room),
            None => self.with.directory.forget_place(place),
        }
    }
}
