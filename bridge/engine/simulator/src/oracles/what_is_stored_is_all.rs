//! The stored records are the whole truth: an engine that is loaded from them is the same.

use switchboard_engine::{Engine, Setup};

use crate::store::Store;

pub(super) fn check(engine: &Engine, store: &Store, setup: &Setup) -> Result<(), String> {
    let loaded = store.engine(setup);
    if loaded == *engine {
        return Ok(());
    }
    for chat in engine.chats() {
        if loaded.chat(chat.id) != Some(chat) {
            return Err(format!("{chat:?} is stored as {:?}", loaded.chat(chat.id)));
        }
    }
    for agent in engine.agents() {
        if loaded.agent(&agent.id) != Some(agent) {
            return Err(format!("{agent:?} is stored as {:?}", loaded.agent(&agent.id)));
        }
    }
    Err("the index does not follow from the records".to_owned())
}
