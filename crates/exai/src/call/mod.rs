//! `exai call`: a host with one call, in a terminal.

pub(crate) mod arguments;
pub(crate) mod catalogue;
pub(crate) mod dialogue;

#[cfg(test)]
mod tests;
