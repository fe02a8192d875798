//! What may be done twice with a tool.

/// What a second run of the same call costs. The daemon decides by it what it journals and what it may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Asks nobody and costs nothing: may rerun freely, needs no journal.
    Pure,
    /// Costs tokens at a provider: every request is asked for through the gate and counted.
    Metered,
    /// Changes the world: never runs twice. No built-in tool does.
    Effect,
}
