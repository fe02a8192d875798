//! Every setting once: name, type, unit, default, range, meaning.

mod host;
mod load;
mod problem;
mod provider;
mod secret;
mod settings;
mod sources;

pub use host::Host;
pub use load::{Loaded, load};
pub use problem::{Origin, Problem};
pub use provider::{ChosenBy, Provider, StreamTimeout};
pub use secret::Secret;
pub use settings::{
    Address, Autostart, Calls, Connection, Daemon, Fallback, ListenError, LogLevel, Models, Settings, Shim,
    State, Target,
};
pub use sources::{Platform, ReadFile, Sources, Start};
