//! Files of customers and agents: what is taken, and how it is passed on.
//!
//! | module | what |
//! |---|---|
//! | [`check`] | whether a file is taken |
//! | [`kind`] | what a file is, by its content |
//! | [`image`] | images without their metadata |
//! | [`unfit`] | why a file is not taken |

pub mod check;
pub mod image;
pub mod kind;
pub mod unfit;

#[cfg(test)]
mod tests;

pub use check::{Checked, check};
pub use kind::Kind;
pub use unfit::Unfit;
