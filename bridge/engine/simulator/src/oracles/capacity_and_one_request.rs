//! Nobody is asked beyond their capacity, for two chats at once, or before it is known what became
//! of their last invite; and agents and chats agree about who is asked.

use std::collections::BTreeSet;

use switchboard_engine::Effect;

use super::Stepped;

pub(super) fn check(at: &Stepped<'_>) -> Result<(), String> {
    let mut asked = 0;
    for chat in at.engine.chats() {
        let Some(requests) = chat.requests_now() else { continue };
        if requests.is_empty() {
            return Err(format!("chat {} rings nobody", chat.id.0));
        }
        for agent in requests.keys() {
            asked += 1;
            if at.engine.agent(agent).and_then(|agent| agent.request) != Some(chat.id) {
                return Err(format!("{agent} is not asked for chat {} alone", chat.id.0));
            }
        }
    }
    let mut askers = 0;
    for agent in at.engine.agents() {
        askers += usize::from(agent.request.is_some());
        if agent.request.is_some() && !agent.withdrawing.is_empty() {
            return Err(format!("{} is asked before a withdrawal is through", agent.id));
        }
    }
    if askers != asked {
        return Err(format!("{asked} requests ring, {askers} agents are asked"));
    }
    let mut rung = BTreeSet::new();
    for effect in &at.step.effects {
        let Effect::Ring { chat, agent, .. } = effect else { continue };
        if !rung.insert(agent) {
            return Err(format!("{agent} is asked twice in one step"));
        }
        let capacity = at.engine.agent(agent).map_or(0, |agent| agent.capacity);
        let talking = at.talking(agent);
        if talking as u64 >= u64::from(capacity) {
            return Err(format!(
                "{agent} has {talking} chats of {capacity} and is asked for chat {}",
                chat.0
            ));
        }
    }
    Ok(())
}
