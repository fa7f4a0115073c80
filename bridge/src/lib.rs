//! Switchboard turns a Matrix homeserver into a contact centre: a customer's web chat becomes a
//! Matrix room, and a queue asks agents to take it in any Matrix client.

pub mod gateway;
pub mod listen;
pub mod live;
pub mod store;
