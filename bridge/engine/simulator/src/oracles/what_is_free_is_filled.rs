//! No chat waits that could ask somebody: what an input frees is filled in the same step.

use switchboard_engine::{Chat, ChatState, Input, Time};

use super::Stepped;

#[derive(Debug, Default)]
pub(super) struct Filled {
    /// Delays that ended since are not known to the engine yet.
    last_timer: Time,
    committed: Time,
}

impl Filled {
    pub(super) fn reload(&mut self) {
        self.last_timer = self.committed;
    }

    pub(super) fn committed(&mut self) {
        self.committed = self.last_timer;
    }

    pub(super) fn stepped(&mut self, at: &Stepped<'_>) -> Result<(), String> {
        if *at.input == Input::Timer {
            self.last_timer = at.now;
        }
        let waits = |chat: &&Chat| chat.state == ChatState::Waiting && chat.ask_after.is_none();
        if at.engine.chats().find(waits).is_none() {
            return Ok(());
        }
        for agent in at.engine.agents() {
            let free = agent.is_ready()
                && agent.request.is_none()
                && agent.withdrawing.is_empty()
                && (at.talking(&agent.id) as u64) < u64::from(agent.capacity);
            if !free {
                continue;
            }
            for chat in at.engine.chats().filter(waits) {
                let may = !chat.excluded.contains(&agent.id)
                    && at
                        .serves(&agent.id, chat)
                        .is_some_and(|serves| chat.since + serves.delay <= self.last_timer);
                if may {
                    return Err(format!(
                        "chat {} waits, and {} could be asked",
                        chat.id.0, agent.id
                    ));
                }
            }
        }
        Ok(())
    }
}
