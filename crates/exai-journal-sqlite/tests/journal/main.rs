//! The journal on a disk: what it has in common with the model, and what only a disk does.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod archive;
mod behaviour;
mod contract;
mod damage;
mod full_disk;
mod logs;
mod mounts;
mod same_fold;
mod world;
