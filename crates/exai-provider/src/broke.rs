//! Why a text broke off.

use serde::{Serialize, Serializer};

use crate::cause::Cause;

/// Why a text broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broke {
    /// Its attempt failed.
    Failed(Cause),
    /// The daemon ended without warning.
    DaemonLost,
    /// The daemon was started anew, in good order.
    DaemonRestart,
    /// It failed, or was broken off, when nobody waited for the call any more.
    Left,
    /// Its attempt failed under an earlier start of the daemon, which did not live to tell why.
    FailedEarlier,
}

impl Broke {
    /// Stable word for metadata.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Failed(cause) => cause.code(),
            Self::DaemonLost => "daemon_lost",
            Self::DaemonRestart => "daemon_restart",
            Self::Left => "left",
            Self::FailedEarlier => "failed_earlier",
        }
    }

    /// What people read.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Failed(cause) => cause.words(),
            Self::DaemonLost => "the daemon ended",
            Self::DaemonRestart => "the daemon was restarted",
            Self::Left => "nobody waited for it any more",
            Self::FailedEarlier => "it failed",
        }
    }

    /// Whether nothing was wrong with the stream itself.
    pub(crate) const fn was_healthy(self) -> bool {
        matches!(self, Self::DaemonLost | Self::DaemonRestart)
    }
}

impl Serialize for Broke {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
