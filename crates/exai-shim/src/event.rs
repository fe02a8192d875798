//! Everything that can happen to a shim.

use exai_mcp::CallKey;
use exai_session::{ConnNo, ConnectError};
use exai_settings::Loaded;
use serde_json::value::RawValue;

use crate::catalogue::Tools;
use crate::dial::Place;
use crate::endpoint::Endpoint;
use crate::hangup::Gone;
use crate::links::LinkEvent;
use crate::seal_key::SealKey;
use crate::starter::StartNews;
use crate::stdin::Input;
use crate::stdout::Written;

/// Closed: the loop has an arm for each, and each arm is one call.
#[derive(Debug)]
pub(crate) enum Event {
    /// A signal that ends the process came.
    Signal(&'static str),
    /// An end of stdin or stdout went away.
    Gone(Gone),
    /// The host wrote lines; `None`: it will write no more.
    Input(Option<Input>),
    /// The writer thread has news.
    Written(Written),
    /// Something happened on a connection.
    Link(LinkEvent),
    /// Work beside the loop is done.
    Job(Done),
    /// The starter of daemons has news.
    Starter(StartNews),
    /// A moment that was waited for has come.
    Tick,
}

/// What work beside the loop gave.
#[derive(Debug)]
pub(crate) enum Done {
    /// Files were read into the params of a call, or a sentence says why not.
    Files(CallKey, Result<Box<RawValue>, String>),
    /// An older daemon is still at work; to be asked again.
    StillBusy(Endpoint),
    /// What a dial needs to know, or why it is not known.
    Located(ConnNo, Result<Place, ConnectError>),
    /// Whether there is a daemon that may be dialled before anybody calls.
    Seen(bool),
    /// The tool definitions of the daemon last spoken to, if they are kept.
    Snapshot(Option<Tools>),
    /// The key of the seal was read or made, or it could not be.
    SealKey(std::io::Result<SealKey>),
    /// The settings were read again.
    Settings(Box<Loaded>),
    /// Something that nobody waits for.
    Unattended,
}
