//! What happened, for the checkers: facts that no end of the protocol was asked about.

use std::collections::BTreeSet;
use std::time::Duration;

use exai_journal::Row;
use exai_session::{EndWhy, Fate};
use exai_wire::{CallId, Class, Epoch, Outcome, RefusedCode};

use super::names::{AskNo, Lineage, QuestionNo, ShimNo};

/// What a host gets to read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Result {
        outcome: Outcome,
        body: String,
        attempts: u32,
    },
    End {
        why: EndWhy,
        fate: Fate,
    },
    /// It could wait no longer: it was told so, and how to come back.
    Handle,
}

/// One request of a host.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) ask: AskNo,
    pub(crate) shim: ShimNo,
    pub(crate) question: QuestionNo,
    pub(crate) call: CallId,
    pub(crate) class: Class,
    /// It collects a call that was made before.
    pub(crate) joins: bool,
    /// Its shim takes itself for connected to a volume that is no more what it was.
    pub(crate) stale: bool,
    /// It has a key for adoption that no other question has.
    pub(crate) keyed: bool,
    pub(crate) deadline: Duration,
}

/// A frame of a daemon, as it reached a shim.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Accepted,
    Started(u32),
    Result { outcome: Outcome, body: String, attempts: u32, replayed: bool },
    Refused(RefusedCode),
}

/// How a daemon's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Killed,
    Drained,
}

#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Asked(Asked),
    /// A host's cancel reached a shim that had the call open.
    Cancelled(AskNo),
    /// The shim's end has given out the end of a call.
    HandedOut(AskNo, Answer),
    /// The host has the whole line.
    Told(AskNo),
    ShimEnded(ShimNo),
    /// A process did not run from then until now.
    ShimPaused {
        shim: ShimNo,
        since: Duration,
    },
    Heard {
        shim: ShimNo,
        lineage: Lineage,
        call: CallId,
        what: Heard,
    },
    /// A daemon has read an ack.
    Acked {
        shim: ShimNo,
        call: CallId,
    },
    /// A record that begins an attempt goes to the journal.
    Starts {
        call: CallId,
        sponsored: bool,
    },
    /// A request went to a provider, or an effect took place.
    Billed {
        call: CallId,
        attempt: u32,
    },
    /// A drain broke off an attempt while it ran.
    Cut {
        call: CallId,
        attempt: u32,
    },
    /// The journal has it that a call takes over another one's answer.
    Taken {
        by: CallId,
        from: CallId,
        /// Somebody can hear that one's answer himself.
        live: bool,
    },
    /// The journal has the end of a call.
    Ended {
        call: CallId,
        outcome: Outcome,
        /// How long it took to get it there.
        late: Duration,
    },
    /// An effect is taken that takes nothing over.
    AskedAnew {
        call: CallId,
        /// Those that asked for the same before seem to be there.
        believed: bool,
    },
    WallJumped,
    /// A call is asked to run although it runs.
    RunsTwice(CallId),
    /// Text of an earlier attempt is not what a provider wrote.
    WrongText(CallId),
    /// Retention: from here on a daemon may not know the call.
    Buried(CallId),
    Boot {
        lineage: Lineage,
        epoch: Epoch,
        rows: Vec<Row>,
        known: BTreeSet<CallId>,
    },
    DaemonEnded,
    /// A daemon begins to stop.
    Draining,
    /// The volume is not what it was.
    VolumeGone {
        /// What is left of it.
        rows: Vec<Row>,
        restored: bool,
    },
    /// A shim gives a connection up for silence.
    Verdict {
        shim: ShimNo,
        /// Something was in the way.
        disturbed: bool,
    },
    /// A promise that can be judged at the moment was broken.
    Broken(Invariant, String),
    /// Nothing fails from here on.
    Calm,
    /// Nobody waits any more, or waited too long.
    Over,
}

/// What must hold, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Each request of a host gets exactly one answer, none after a cancel.
    OneAnswer,
    /// It comes by the deadline, and soon where nothing fails.
    InTime,
    /// An answer is that of its own call, or of the one that it took over.
    OwnAnswer,
    /// A call that is said not to have been sent was not.
    TrueFate,
    /// An ack is sent after the host has its line.
    AckAfterWrite,
    /// All deliveries of a call are the same, byte for byte.
    SameBytes,
    /// An effect takes place once, a metered call is paid three times at most.
    Billed,
    /// No more is paid than is told.
    Stated,
    /// What was told is in the journal after every crash.
    Kept,
    /// Each start has a higher epoch than those before.
    EpochRises,
    /// A session has one live connection at most.
    OneConnection,
    /// Buffers keep their bounds.
    Bounds,
    /// A daemon that is ready welcomes who says hello.
    ReadyWelcomes,
    /// Nobody is given up who lives.
    NoDeadVerdict,
    /// An answer is taken over once.
    AdoptedOnce,
    /// An answer that somebody waits for is not given to others.
    LiveNotAdopted,
    /// To ask again for an effect does not repeat it.
    EffectOnce,
    /// Nothing is started for nobody.
    NobodyPays,
    /// A cancelled call never runs again.
    CancelledStays,
    /// An unknown outcome is said of effects only, and only where it is unknown.
    UnknownWhereTrue,
    /// Text that is handed on was written by a provider.
    TrueText,
    /// Time goes on.
    Progress,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When, in virtual time.
    pub at: Duration,
    /// What was seen.
    pub text: String,
}

/// All of it, in order.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// How old an answer may be that is given to the same question.
    pub(crate) adopt: Duration,
    /// There is room for every call that is asked: none waits because others do.
    pub(crate) roomy: bool,
    pub(crate) happenings: Vec<(Duration, Happening)>,
}

impl History {
    pub(crate) fn tell(&mut self, at: Duration, what: Happening) {
        self.happenings.push((at, what));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Duration, &Happening)> {
        self.happenings.iter().map(|(at, what)| (*at, what))
    }
}
