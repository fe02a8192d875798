//! Both ends of the session protocol as state machines without I/O.
//!
//! Three layers: a *connection* may die at any time; a *session* is one shim process; a *call* survives shim and
//! daemon. [`ShimEnd`] lives in a shim and keeps calls alive over connections; [`DaemonEnd`] lives in the daemon,
//! deduplicates calls by their key and promises nothing that its journal does not hold yet.
//!
//! Time is a [`std::time::Duration`] since some fixed moment of the process (monotonic), handed in with every
//! input; randomness is a seed handed in once. So the same inputs give the same outputs, byte for byte.
//!
//! The drivers' loop: feed inputs, then take everything from `poll_transmit` and `poll_event`, then sleep until
//! `poll_timeout`, and read what is waiting on the sockets *before* calling `handle_timeout`.

mod backoff;
mod daemon;
mod jitter;
mod liveness;
mod shim;
mod throttle;

pub use daemon::{
    AbortReason, AttemptDenied, AttemptFate, Before, CallClass, CallHead, CallList, CallState, CommitResult,
    DaemonConfig, DaemonEnd, DaemonEvent, DrainPlan, Finished, Keeping, NotKept, PeerConn, RecoveredCall,
    Strain, Ticket, Vitals,
};
pub use shim::{
    ConnNo, ConnectError, DialLimits, EndWhy, Fate, Link, NewCall, Past, ShimConfig, ShimEnd, ShimEvent,
    TooMuch, Transmit,
};
pub use throttle::Throttle;
