//! What the scenarios share.
#![recursion_limit = "256"]
