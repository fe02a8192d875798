//! What the proofs need and `exai` must never have: stores that fail where they are told to, stores with a bug seeded into
//! them, and tools that change the world. The binary of this crate is the same program with all of it.

pub mod bug;
pub mod crash;
pub mod simulation;
pub mod tools;
