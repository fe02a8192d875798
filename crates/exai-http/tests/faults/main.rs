//! The faults that sockets have, by number, from the bytes of a real connection to the answer: what comes of each, after how
//! many requests. Their clocks, and all other faults, stand in the provider layer's tests, in time that jumps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/asking.rs"]
mod asking;
mod bodies;
mod connections;
mod keys;
mod world;
