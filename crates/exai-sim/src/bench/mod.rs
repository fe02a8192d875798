//! The benchmark, and the floor that it measures against.

mod floor;

pub use floor::floor;
