//! One daemon, some shims and the network between them, in virtual time.
//!
//! The network delivers what both ends transmit after a fixed latency, and can be cut in silence or with a reset.
//! The executor is scripted by the params of a call: `{"name":"chat","ms":1000}` is metered and asks for an attempt
//! first, `write` is an effect, everything else is pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use exai_journal::{Durable, Journal, JournalError, ModelDisk, ModelStore, Pace};
use exai_session::{
    AttemptDenied, Before, CallClass, ConnNo, DaemonConfig, DaemonEnd, DrainPlan, EndWhy, Fate, Keeping,
    NewCall, Past, PeerConn, RecoveredCall, ShimConfig, ShimEnd,
};
use exai_wire::{
    CallId, Class, Epoch, Fingerprint, JournalId, KeptFrame, Limits, Outcome, SessionId, ShimPeer, StartId,
};
use serde_json::value::RawValue;

pub(crate) const LATENCY: Duration = Duration::from_millis(1);

/// A metered call that takes ten seconds.
pub(crate) const CHAT: &str = r#"{"name":"chat","ms":10000}"#;

/// An effect that takes as long.
pub(crate) const WRITE: &str = r#"{"name":"write","ms":10000}"#;

pub(crate) type Daemon = DaemonEnd<Durable<KeptFrame>, Classes>;

#[derive(Debug)]
pub(crate) struct Classes;

impl CallClass for Classes {
    fn class(&self, method: &str, params: &RawValue) -> Result<Class, String> {
        if method != "tools/call" {
            return Err(format!("unknown method {method}"));
        }
        Ok(match params.get() {
            text if text.contains("chat") => Class::Metered,
            text if text.contains("write") => Class::Effect,
            _ => Class::Pure,
        })
    }

    fn tool(&self, params: &RawValue) -> String {
        params.get().split('"').nth(3).unwrap_or_default().to_owned()
    }
}

/// What a host saw of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Result { outcome: Outcome, body: String, attempts: u32, replayed: bool },
    End { why: EndWhy, fate: Fate },
}

#[derive(Debug)]
pub(crate) enum Packet {
    Connect { shim: usize, conn: ConnNo },
    Up { shim: usize, conn: ConnNo, text: String },
    Down { peer: PeerConn, text: String },
    CloseUp { peer: PeerConn },
    CloseDown { shim: usize, conn: ConnNo, reason: String },
    Finish { call_id: CallId, boot: u64 },
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) shims: Vec<ShimEnd>,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) journal: Journal<ModelStore>,
    /// What outlives the daemon's process, and the journal's id.
    pub(crate) disk: (JournalId, ModelDisk),
    /// Makes journals on new disks differ.
    volumes: u8,
    /// What the wall clock showed at moment zero, as daemons find it when they start.
    pub(crate) unix_start_ms: u64,
    pub(crate) keeping: Keeping,
    /// Calls that the next daemon takes at a time.
    pub(crate) calls_max: usize,
    /// When the next daemon's records are durable.
    pub(crate) pace: Pace,
    /// Why the next daemon can't use its journal.
    pub(crate) unusable: Option<String>,
    /// Shims whose process was killed.
    pub(crate) dead: BTreeSet<usize>,
    pub(crate) boot: u64,
    pub(crate) queue: BTreeMap<(Duration, u64), Packet>,
    sequence: u64,
    /// Both directions of the pairs that are connected.
    pub(crate) pairs: Vec<(usize, ConnNo, PeerConn)>,
    pub(crate) next_peer: u64,
    /// Packets vanish in silence.
    pub(crate) partitioned: bool,
    /// A daemon that is stopped: neither reads nor ticks.
    pub(crate) frozen: bool,
    pub(crate) backlog: VecDeque<Packet>,
    pub(crate) running: BTreeMap<CallId, u64>,
    /// What the executor was told of earlier attempts, and of text that they had brought.
    pub(crate) told: BTreeMap<CallId, (Vec<Before>, Option<String>)>,
    /// The executor has no place: what is to run waits, and asks for no attempt.
    pub(crate) full: bool,
    /// Every attempt that may have been billed: call and number.
    pub(crate) billed: Vec<(CallId, u32)>,
    pub(crate) denied: Vec<AttemptDenied>,
    pub(crate) seen: BTreeMap<CallId, Vec<Seen>>,
    pub(crate) aborted: Vec<CallId>,
    pub(crate) log: Vec<String>,
    /// So many dials are turned away with a wrong token.
    pub(crate) auth_failures: u32,
    pub(crate) auto_deliver: bool,
    pub(crate) closes: usize,
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn call_id(n: u8) -> CallId {
    CallId::from_bytes([n; 16])
}

pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

impl World {
    pub(crate) fn new(shims: usize) -> Self {
        let shim = |n: usize| {
            ShimEnd::new(ShimConfig {
                session: SessionId::from_bytes([u8::try_from(n).unwrap() + 1; 16]),
                shim: ShimPeer { name: "exai".into(), version: "0.1.0".into(), pid: 1 },
                loopback: true,
                seed: u64::try_from(n).unwrap(),
            })
        };
        let mut world = Self {
            now: secs(1000),
            shims: (0..shims).map(shim).collect(),
            daemon: None,
            journal: Journal::new(ModelStore::new(JournalId::from_bytes([9; 16]))),
            disk: (JournalId::from_bytes([9; 16]), ModelDisk::default()),
            volumes: 0,
            unix_start_ms: 1_800_000_000_000,
            keeping: Keeping {
                acked: secs(600),
                unacked: secs(24 * 3600),
                buried: secs(24 * 3600),
                adopt: secs(600),
                bytes: 256 << 20,
            },
            calls_max: 100,
            pace: Pace::AtOnce,
            unusable: None,
            dead: BTreeSet::new(),
            boot: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            pairs: Vec::new(),
            next_peer: 1,
            partitioned: false,
            frozen: false,
            backlog: VecDeque::new(),
            running: BTreeMap::new(),
            told: BTreeMap::new(),
            full: false,
            billed: Vec::new(),
            denied: Vec::new(),
            seen: BTreeMap::new(),
            aborted: Vec::new(),
            log: Vec::new(),
            auth_failures: 0,
            auto_deliver: true,
            closes: 0,
        };
        world.start_daemon();
        world
    }

    /// Starts a daemon on an empty disk: the volume was lost.
    pub(crate) fn start_daemon(&mut self) {
        self.volumes += 1;
        self.disk = (JournalId::from_bytes([self.volumes; 16]), ModelDisk::default());
        self.restart_daemon();
    }

    /// Starts a daemon on what the last one left.
    pub(crate) fn restart_daemon(&mut self) {
        self.boot += 1;
        self.journal = Journal::new(ModelStore::open(self.disk.0, &self.disk.1, self.pace));
        let (journal, epoch) = self.journal.identity();
        self.boot_daemon(journal, epoch);
    }

    fn boot_daemon(&mut self, journal: JournalId, epoch: Epoch) {
        let config = DaemonConfig {
            journal,
            epoch,
            start: StartId::from_bytes([u8::try_from(self.boot % 256).unwrap(); 16]),
            version: "0.1.0".into(),
            catalogue_hash: "h1".into(),
            catalogue: raw("[]"),
            limits: Limits { in_flight: 64, bytes: 1 << 20 },
            calls_max: self.calls_max,
            unix_start_ms: self.unix_start_ms,
            keeping: self.keeping,
            unusable: self.unusable.clone(),
        };
        let mut daemon = DaemonEnd::new(config, Classes);
        let recovered = self.journal.recover();
        assert!(recovered.unreadable.is_empty());
        let calls = recovered.calls.into_iter().map(|(kept, accepted)| RecoveredCall { kept, accepted });
        daemon.recover(self.now, calls.collect());
        self.daemon = Some(daemon);
        self.settle();
    }

    /// kill -9: connections are reset, everything in the process is gone.
    pub(crate) fn kill_daemon(&mut self) {
        self.daemon = None;
        self.running.clear();
        self.backlog.clear();
        for (shim, conn, _) in std::mem::take(&mut self.pairs) {
            self.post(LATENCY, Packet::CloseDown { shim, conn, reason: "connection reset".into() });
        }
    }

    /// The daemon dies, and the next one begins on what it left.
    pub(crate) fn crash(&mut self) {
        self.kill_daemon();
        self.restart_daemon();
    }

    /// The journal takes nothing any more.
    pub(crate) fn fill_disk(&mut self) {
        self.journal.store_mut().fail_with(Some(JournalError::Full("no space".into())));
    }

    /// It takes everything again.
    pub(crate) fn empty_disk(&mut self) {
        self.journal.store_mut().fail_with(None);
    }

    /// The executor asks for an attempt with this provider and model; the one before, if there was one, cost nothing.
    pub(crate) fn attempt(&mut self, call_id: CallId, unused: Option<u32>, to: (&str, &str)) {
        self.daemon.as_mut().unwrap().attempt(self.now, call_id, unused, to, 0);
        self.settle();
    }

    /// Resets every connection; both ends live on.
    pub(crate) fn reset_connections(&mut self) {
        for (shim, conn, peer) in std::mem::take(&mut self.pairs) {
            self.post(LATENCY, Packet::CloseUp { peer });
            self.post(LATENCY, Packet::CloseDown { shim, conn, reason: "connection reset".into() });
        }
    }

    pub(crate) fn call(&mut self, shim: usize, n: u8, params: &str) -> CallId {
        let now = self.now;
        self.call_with(shim, n, params, |call| call.deadline = now + secs(1200))
    }

    pub(crate) fn call_with(
        &mut self,
        shim: usize,
        n: u8,
        params: &str,
        set: impl FnOnce(&mut NewCall),
    ) -> CallId {
        let mut call = NewCall {
            call_id: call_id(n),
            method: "tools/call".into(),
            params: raw(params),
            fingerprint: Fingerprint::from_bytes([n; 16]),
            adopt_key: None,
            trace: None,
            deadline: self.now + secs(1200),
            hold: None,
            past: Past::default(),
        };
        set(&mut call);
        self.shims[shim].call(self.now, call).unwrap();
        self.settle();
        call_id(n)
    }

    pub(crate) fn post(&mut self, after: Duration, packet: Packet) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), packet);
    }

    /// Runs the world for this long.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.settle();
            let living = self.shims.iter().enumerate().filter(|(shim, _)| !self.dead.contains(shim));
            let timers = living.filter_map(|(_, shim)| shim.poll_timeout());
            let daemon = self.daemon.as_ref().filter(|_| !self.frozen).and_then(Daemon::poll_timeout);
            let packet = self.queue.keys().next().map(|(at, _)| *at);
            match timers.chain(daemon).chain(packet).min() {
                Some(next) if next <= end => self.now = next.max(self.now),
                _ => {
                    self.now = end;
                    return;
                }
            }
            self.step();
        }
    }

    /// Runs until the predicate holds; fails after five virtual minutes.
    pub(crate) fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let begin = self.now;
        while !done(self) {
            assert!(self.now < begin + secs(300), "never: {what}\n{}", self.log.join("\n"));
            self.run(ms(10));
        }
    }

    pub(crate) fn drain(&mut self) {
        let plan = DrainPlan {
            finish: secs(8),
            effects: ms(8500),
            close: secs(9),
            retry_after: ms(100),
            spread: ms(100),
        };
        self.daemon.as_mut().unwrap().drain(self.now, plan, "restart");
        self.settle();
    }

    /// The one thing that this call's host saw.
    pub(crate) fn only(&self, call_id: CallId) -> Seen {
        let seen = self.seen.get(&call_id).cloned().unwrap_or_default();
        assert_eq!(seen.len(), 1, "{call_id} saw {seen:?}\n{}", self.log.join("\n"));
        seen[0].clone()
    }

    pub(crate) fn answered(&self, call_id: CallId) -> bool {
        self.seen.contains_key(&call_id)
    }

    pub(crate) fn billed(&self, call_id: CallId) -> usize {
        self.billed.iter().filter(|(id, _)| *id == call_id).count()
    }
}
