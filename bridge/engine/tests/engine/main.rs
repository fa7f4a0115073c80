//! The rules, told as stories; the whole table of transitions; and a simulated world.

mod acts;
mod configuration;
mod conversation;
mod cost;
mod desk;
mod downtime;
mod ending;
mod ledger;
mod queueing;
mod races;
mod records;
mod render;
mod requests;
mod rules;
mod simulation;
mod transitions;
mod world;
