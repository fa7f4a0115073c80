//! The homeserver, as the bridge uses it.
//!
//! | module | what |
//! |---|---|
//! | [`client`] | requests, sent as the bot or as a ghost, and what can go wrong |
//! | [`content`] | the contents of the events that the bridge sends |
//! | [`event`] | the events that the homeserver pushes, read leniently |
//! | [`invite`] | invites to the bot |
//! | [`classify`] | whether an agent's message is for the customer |
//! | [`rich`] | an agent's HTML as the customer's small tree |
//! | [`recipe`] | what rooms are made of |
//! | [`bot_room`] | what rooms are made of in which people talk with the bot |
//! | [`space`] | what spaces are made of |

pub mod bot_room;
pub mod classify;
pub mod client;
pub mod companion;
pub mod content;
pub mod emoji;
pub mod event;
pub mod invite;
mod links;
pub mod poll;
pub mod recipe;
pub mod rich;
pub mod space;
