//! The words on the wire between shim and daemon: WebSocket text frames, one JSON object each, `t` its type.
//!
//! Invariants: unknown frame types and unknown fields are ignored, so that version 1 can stay small; raw JSON
//! (params, bodies) passes byte for byte, which is why frames are decoded in two passes (`t` first): raw values
//! do not survive serde's tagged and flattened derives. Nothing here reads a clock, a file or a socket.

mod code;
mod daemon_frame;
mod decode;
mod endpoint;
mod id;
mod kept;
mod limit;
mod record;
mod shim_frame;
mod texts;

pub use code::{Class, DaemonState, Outcome, RefusedCode, RejectCode};
pub use daemon_frame::{
    Accepted, Ask, Catalogue, DaemonBeat, DaemonFrame, Goaway, KeptFrame, KnownCall, Limits, Note, Reconnect,
    Refused, Reject, ResultFrame, Started, Unask, Welcome,
};
pub use decode::FrameError;
pub use endpoint::{Endpoint, LOCK_FILE};
pub use id::{
    AdoptKey, CallId, ConversationKey, DialNo, Epoch, Fingerprint, IdError, JournalId, SessionId, StartId,
};
pub use kept::{Ended, Kept, Partial, Seam};
pub use limit::{FRAME_BYTES_MAX, LINE_BYTES_MAX, PROTO, RESULT_BYTES_MAX, SUBPROTOCOL};
pub use record::{Asked, Attempt, End, Record, Spent, Turn, TurnPlace};
pub use shim_frame::{
    Answer, Attach, Bye, Call, Cancel, Hello, OpenCall, Peer, ProtoRange, ShimFrame, ShimPeer,
};
pub use texts::Texts;

#[cfg(test)]
mod tests;
