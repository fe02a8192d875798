//! Sizes and versions that both ends must agree on.

use crate::shim_frame::ProtoRange;

/// WebSocket subprotocol named in the upgrade.
pub const SUBPROTOCOL: &str = "exai.v1";

/// Versions of the session protocol that this build speaks. Each release speaks N and N−1; 1 is the first.
pub const PROTO: ProtoRange = ProtoRange { min: 1, max: 1 };

/// Longest line from a host, in bytes (16 MiB). The largest that a surveyed client accepts itself.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// Longest frame in bytes (17 MiB): a full line and its envelope.
pub const FRAME_BYTES_MAX: usize = 17 << 20;

/// Longest result body in bytes (7 MiB), so that the line to the host stays under 8 MiB, the smallest limit
/// with room among the clients measured (10 MiB).
pub const RESULT_BYTES_MAX: usize = 7 << 20;
