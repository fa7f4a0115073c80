//! What the customer's browser says and hears.

pub mod wire;
