//! Real processes, real SIGKILL, a real journal file: what the host sees, and what the provider was asked, beside the crash
//! table of the session protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod busy;
mod crash_points;
mod disks;
mod network;
mod world;
