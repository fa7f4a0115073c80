//! What the customer's browser says and hears.
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | the protocol's types |
//! | [`config`] | what can be configured |
//! | [`input`] | what a customer did, as it lies in the inbox |
//! | [`session`] | chat ids, tokens and their records |

pub mod config;
pub mod input;
pub mod session;
pub mod wire;
