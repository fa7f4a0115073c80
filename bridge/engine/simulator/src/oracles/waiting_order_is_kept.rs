//! Of the chats that could ask an agent, the one of the highest priority in their profile does,
//! of these the one that has waited longest since its start; and only after the profile's delay.

use switchboard_engine::Effect;

use super::Stepped;

pub(super) fn check(at: &Stepped<'_>) -> Result<(), String> {
    for effect in &at.step.effects {
        let Effect::Ring { chat, agent, .. } = effect else { continue };
        if at.is_wanted(*chat, agent) {
            continue;
        }
        let Some(rung) = at.engine.chat(*chat) else { continue };
        let Some(serves) = at.serves(agent, rung) else {
            return Err(format!("{agent} does not serve the queue of chat {}", chat.0));
        };
        if rung.since + serves.delay > at.now {
            return Err(format!("{agent} is asked for chat {} before the delay", chat.0));
        }
        if let Some(other) = at.goes_before(agent, rung) {
            return Err(format!(
                "{agent} is asked for chat {}, but chat {} goes before",
                chat.0, other.0
            ));
        }
    }
    Ok(())
}
