//! What is to happen, in order of time; what is due at the same moment comes in the order in which it was planned.

use std::collections::BTreeMap;
use std::time::Duration;

use exai_session::ConnNo;
use exai_wire::CallId;

use super::names::{AskNo, DaemonNo, HostNo, LinkNo, QuestionNo, ShimNo};

/// The end of a connection that a parcel goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// What goes over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parcel {
    /// The upgrade, and the answer to it.
    Upgrade,
    Text(String),
    Close(&'static str),
}

/// The next step of a call with its executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Piece,
    End,
    /// What was broken off is gone.
    Left,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The next deed of the schedule.
    Act,
    Ask {
        host: HostNo,
        question: QuestionNo,
    },
    Spawn(HostNo),
    /// A host can wait no longer.
    Patience(AskNo),
    Dial {
        shim: ShimNo,
        conn: ConnNo,
    },
    NobodyListens {
        shim: ShimNo,
        conn: ConnNo,
    },
    Arrive {
        link: LinkNo,
        way: Way,
        parcel: Parcel,
    },
    Sync(DaemonNo),
    Work {
        daemon: DaemonNo,
        call: CallId,
        serial: u64,
        step: Step,
    },
    /// A line has been written to a host.
    Wrote(ShimNo),
    /// The write has returned.
    WriteReturned(ShimNo, CallId),
    Heal(HostNo),
    ThawDaemon(DaemonNo),
    ThawShim(ShimNo),
    DiskWorks,
    ProviderWorks,
    StartDaemon,
    /// The guard of the state directory finds that another daemon has it.
    Guard(DaemonNo),
}

#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(Duration, u64), Event>,
    planned: u64,
}

impl Agenda {
    pub(crate) fn plan(&mut self, at: Duration, event: Event) {
        self.planned += 1;
        self.events.insert((at, self.planned), event);
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Event> {
        let due = self.events.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(due.remove())
    }

    pub(crate) fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.values().any(wanted)
    }

    pub(crate) fn drop_all(&mut self, unwanted: impl Fn(&Event) -> bool) {
        self.events.retain(|_, event| !unwanted(event));
    }
}
