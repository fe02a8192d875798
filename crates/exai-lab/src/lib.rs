//! What the proofs need and `exai` must never have: stores that fail where they are told to, stores with a bug seeded into
//! them, tools that change the world, and a world in virtual time around the logic of shims and daemons. The binary of this
//! crate's name is the same program with all of it but the last, which has its own.

pub mod bug;
pub mod crash;
pub mod named;
pub mod simulation;
pub mod tools;
