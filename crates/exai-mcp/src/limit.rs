//! Bounds of an engine.

/// Longest line taken from the host, in bytes. Longer ones go to [`crate::Engine::handle_overlong`].
pub const LINE_IN_BYTES_MAX: usize = 16 << 20;

/// How much of an over-long line is worth keeping, in bytes: its id stands in its head or is not found.
pub const OVERLONG_HEAD_BYTES: usize = 64 << 10;

/// Lines to the host stay below this, in bytes: the tightest reader known (TypeScript SDK) gives up at 10 MiB.
pub const LINE_OUT_BYTES_MAX: usize = 8 << 20;

/// Calls that may be open at once. The session behind it takes as many.
pub const OPEN_CALLS_MAX: usize = 1000;

/// `subscriptions/listen` requests that may be held at once. Hosts hold one.
pub const SUBSCRIPTIONS_MAX: usize = 64;

/// Tasks that one subscription may watch. Others are left out of its acknowledgement.
pub const TASKS_WATCHED_MAX: usize = 100;

/// Messages in one batch. Bounds what a single line can make the engine queue.
pub const BATCH_MESSAGES_MAX: usize = 1000;

/// Longest id that is kept, in bytes. Every answer repeats it, so it bounds what an answer can grow by.
pub const ID_BYTES_MAX: usize = 4 << 10;
