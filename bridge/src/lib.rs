//! Switchboard turns a Matrix homeserver into a contact centre: a customer's web chat becomes a
//! Matrix room, and a queue asks agents to take it in any Matrix client.
//!
//! One way round: inbox → engine → commit → outbox → the world → inbox.
//!
//! | module | place in it |
//! |---|---|
//! | [`appservice`] | what the homeserver pushes → inbox |
//! | [`gateway`] | what customers' browsers say → inbox; feeds → browsers |
//! | [`runner`] | inbox → engine → commit |
//! | [`store`] | inbox, records, log, feed, effects: durable |
//! | [`outbox`] | effects → the homeserver |
//! | [`matrix`] | the homeserver's language |
//! | [`transcript`] | feed → what a customer keeps of a chat |
//! | [`live`] | typing, receipts, places in the queue: the way without a record |
//! | [`directory`], [`identity`] | rooms, ghosts and names |
//! | [`config`], [`check`], [`app`], [`prepare`], [`operations`], [`metrics`], [`clock`], [`listen`], [`json`] | around it |

pub mod app;
pub mod appservice;
pub mod check;
pub mod clock;
pub mod config;
pub mod directory;
pub mod gateway;
pub mod identity;
pub mod json;
pub mod listen;
pub mod live;
pub mod matrix;
pub mod media;
pub mod metrics;
pub mod operations;
pub mod outbox;
pub mod place;
pub mod prepare;
pub mod private;
pub mod runner;
pub mod store;
pub mod transcript;
pub mod variables;
