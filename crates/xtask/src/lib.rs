//! Repository checks and generators: the rules of the house that neither the compiler nor clippy knows.
//!
//! Every check is a pure function from the text of the repository to findings, so that its own tests need
//! no files. `cargo test -p xtask` runs all of them on this repository; `cargo xtask tidy` prints them.

pub mod generate;
pub mod repo;
pub mod seeds;
pub mod tidy;
