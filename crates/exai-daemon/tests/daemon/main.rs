//! A daemon in a thread of its own, spoken to over real loopback sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod http;
mod lifetime;
mod models;
mod session;
mod upkeep;
mod work;
mod world;
