//! What the scenarios share.
#![recursion_limit = "256"]

pub mod agent;
pub mod bench;
pub mod bridge;
pub mod customer;
pub mod demo;
pub mod desk;
pub mod fake;
pub mod ports;
pub mod process;
pub mod scanner;
pub mod scene;
pub mod signing;
pub mod stage;
pub mod synapse;
pub mod wait;
