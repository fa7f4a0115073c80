//! Files of customers and agents: what is taken, and how it is passed on.
//!
//! | module | what |
//! |---|---|
//! | [`check`] | whether a file is taken |
//! | [`kind`] | what a file is, by its content |
//! | [`image`] | images without their metadata |
//! | [`spool`] | files on their way, on disk |
//! | [`scan`] | asking a virus scanner |
//! | [`service`] | receiving, storing, fetching |
//! | [`config`] | what can be configured |
//! | [`unfit`] | why a file is not taken |

pub mod check;
pub mod config;
pub mod image;
pub mod kind;
pub mod scan;
pub mod service;
pub mod spool;
pub mod unfit;

#[cfg(test)]
mod tests;

pub use check::{Checked, check};
pub use kind::Kind;
pub use service::{Media, MediaError, StoredFile, file_key};
pub use unfit::Unfit;
