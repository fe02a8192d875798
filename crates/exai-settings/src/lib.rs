//! Every setting once: name, type, unit, default, range, meaning, old names.
//!
//! [`load`] turns what [`Sources`] hands in (the process environment, and a way to read the env file) into one typed
//! [`Settings`]. It never fails: what can't be understood is listed in [`Loaded::errors`] and has its default. The same
//! registry explains each value ([`Loaded::explain`], [`render`]) and writes the reference ([`docs`]).
//!
//! Nothing here opens a file, reads the environment, or shows a secret.

mod amount;
mod dirs;
pub mod docs;
mod duration;
mod env_file;
mod explain;
mod finish;
mod given;
mod host;
mod kind;
mod load;
mod problem;
mod provider;
mod registry;
mod retired;
mod secret;
mod settings;
mod sources;
mod unknown;
mod url;
mod value;

pub use explain::{Setting, render};
pub use host::Host;
pub use load::{Loaded, load};
pub use problem::{Origin, Problem};
pub use provider::{ChosenBy, Provider, StreamTimeout};
pub use secret::Secret;
pub use settings::{
    Address, Autostart, Calls, Connection, Daemon, Discovery, Fallback, Journal, ListenError, LogLevel,
    Models, Settings, Shim, State, Target,
};
pub use sources::{Platform, ReadFile, Sources, Start};
