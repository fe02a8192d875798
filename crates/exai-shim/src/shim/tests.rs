#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catalogue;
#[cfg(unix)]
mod disk;
mod ending;
mod host;
mod link;
mod rounds;
mod tasks;
mod world;
