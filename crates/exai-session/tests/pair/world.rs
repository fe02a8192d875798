//! One daemon, some shims and the network between them, in virtual time.
//!
//! The network delivers what both ends transmit after a fixed latency, and can be cut in silence or with a reset.
//! The executor is scripted by the params of a call: `{"name":"chat","ms":1000}` is metered and asks for an attempt
//! first, `write` is an effect, everything else is pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use exai_journal::{Durable, Journal, JournalError, ModelJournal, Record};
use exai_session::{
    AttemptDenied, CallClass, CommitResult, ConnNo, ConnectError, DaemonConfig, DaemonEnd, DaemonEvent,
    DrainPlan, EndWhy, Fate, Finished, NewCall, PeerConn, Promise, ShimConfig, ShimEnd, ShimEvent, Ticket,
};
use exai_wire::{
    CallId, Class, Epoch, Fingerprint, JournalId, KeptFrame, Limits, Outcome, SessionId, ShimPeer,
};
use serde_json::value::RawValue;

const LATENCY: Duration = Duration::from_millis(1);

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
}

/// What a host saw of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Result { outcome: Outcome, body: String, attempts: u32, replayed: bool },
    End { why: EndWhy, fate: Fate },
}

#[derive(Debug)]
enum Packet {
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
    pub(crate) journal: ModelJournal,
    boot: u64,
    queue: BTreeMap<(Duration, u64), Packet>,
    sequence: u64,
    /// Both directions of the pairs that are connected.
    pairs: Vec<(usize, ConnNo, PeerConn)>,
    next_peer: u64,
    /// Packets vanish in silence.
    pub(crate) partitioned: bool,
    /// A daemon that is stopped: neither reads nor ticks.
    pub(crate) frozen: bool,
    backlog: VecDeque<Packet>,
    pub(crate) running: BTreeMap<CallId, u64>,
    /// Every attempt that may have been billed: call and number.
    pub(crate) billed: Vec<(CallId, u32)>,
    pub(crate) denied: Vec<AttemptDenied>,
    pub(crate) seen: BTreeMap<CallId, Vec<Seen>>,
    pub(crate) aborted: Vec<CallId>,
    pub(crate) log: Vec<String>,
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
            journal: ModelJournal::new(JournalId::from_bytes([9; 16])),
            boot: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            pairs: Vec::new(),
            next_peer: 1,
            partitioned: false,
            frozen: false,
            backlog: VecDeque::new(),
            running: BTreeMap::new(),
            billed: Vec::new(),
            denied: Vec::new(),
            seen: BTreeMap::new(),
            aborted: Vec::new(),
            log: Vec::new(),
            auto_deliver: true,
            closes: 0,
        };
        world.start_daemon();
        world
    }

    /// Starts a daemon on a new journal: the model journal dies with its process.
    pub(crate) fn start_daemon(&mut self) {
        self.boot += 1;
        let id = JournalId::from_bytes([u8::try_from(self.boot).unwrap(); 16]);
        self.journal = ModelJournal::new(id);
        let (journal, epoch) = self.journal.identity();
        self.boot_daemon(journal, epoch);
    }

    fn boot_daemon(&mut self, journal: JournalId, epoch: Epoch) {
        let config = DaemonConfig {
            journal,
            epoch,
            version: "0.1.0".into(),
            catalogue_hash: "h1".into(),
            catalogue: raw("[]"),
            limits: Limits { in_flight: 64, bytes: 1 << 20 },
            calls_max: 100,
        };
        self.daemon = Some(DaemonEnd::new(config, Classes));
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
            patience: None,
            hold: None,
        };
        set(&mut call);
        self.shims[shim].call(self.now, call).unwrap();
        self.settle();
        call_id(n)
    }

    fn post(&mut self, after: Duration, packet: Packet) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), packet);
    }

    /// Runs the world for this long.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.settle();
            let timers = self.shims.iter().filter_map(ShimEnd::poll_timeout);
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

    fn step(&mut self) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let packet = entry.remove();
            self.deliver(packet);
            self.settle();
        }
        let now = self.now;
        for shim in &mut self.shims {
            if shim.poll_timeout().is_some_and(|at| at <= now) {
                shim.handle_timeout(now);
            }
        }
        if let Some(daemon) = self.daemon.as_mut().filter(|_| !self.frozen)
            && daemon.poll_timeout().is_some_and(|at| at <= now)
        {
            daemon.handle_timeout(now);
        }
    }

    pub(crate) fn thaw(&mut self) {
        self.frozen = false;
        for packet in std::mem::take(&mut self.backlog) {
            self.deliver(packet);
        }
    }

    fn deliver(&mut self, packet: Packet) {
        if self.frozen && matches!(packet, Packet::Up { .. } | Packet::CloseUp { .. } | Packet::Finish { .. })
        {
            self.backlog.push_back(packet);
            return;
        }
        let now = self.now;
        match packet {
            Packet::Connect { shim, conn } => self.connect(shim, conn),
            Packet::Up { shim, conn, text } => {
                let peer =
                    self.pairs.iter().find(|(s, c, _)| (*s, *c) == (shim, conn)).map(|(.., peer)| *peer);
                if let (Some(peer), Some(daemon), false) = (peer, &mut self.daemon, self.partitioned) {
                    self.log.push(format!("{now:?} shim {shim} > {text}"));
                    daemon.frame(now, peer, &text);
                }
            }
            Packet::Down { peer, text } => {
                let pair = self.pairs.iter().find(|(.., p)| *p == peer).copied();
                if let (Some((shim, conn, _)), false) = (pair, self.partitioned) {
                    self.log.push(format!("{now:?} shim {shim} < {text}"));
                    self.shims[shim].frame(now, conn, &text);
                }
            }
            Packet::CloseUp { peer } => {
                if let (Some(daemon), false) = (&mut self.daemon, self.partitioned) {
                    daemon.closed(now, peer);
                }
            }
            Packet::CloseDown { shim, conn, reason } => {
                if !self.partitioned {
                    self.shims[shim].closed(now, conn, &reason);
                }
            }
            Packet::Finish { call_id, boot } => {
                if boot == self.boot && self.running.remove(&call_id).is_some() {
                    self.finish(call_id);
                }
            }
        }
    }

    fn connect(&mut self, shim: usize, conn: ConnNo) {
        if self.partitioned {
            return;
        }
        let Some(daemon) = &mut self.daemon else {
            self.shims[shim].connect_failed(
                self.now,
                conn,
                ConnectError::Unreachable("connection refused".into()),
            );
            return;
        };
        // A stopped process's kernel still accepts.
        let peer = PeerConn(self.next_peer);
        self.next_peer += 1;
        self.pairs.push((shim, conn, peer));
        daemon.opened(self.now, peer);
        self.shims[shim].connected(self.now, conn);
    }

    fn finish(&mut self, call_id: CallId) {
        let body = format!(r#"{{"answer":"{call_id}"}}"#);
        let finished = Finished { outcome: Outcome::Ok, body: raw(&body) };
        if let Some(daemon) = &mut self.daemon {
            daemon.finished(self.now, call_id, finished);
        }
    }

    /// Lets both ends say everything they have to say now.
    pub(crate) fn settle(&mut self) {
        loop {
            let mut moved = false;
            for shim in 0..self.shims.len() {
                moved |= self.settle_shim(shim);
            }
            if !self.frozen {
                moved |= self.settle_daemon();
            }
            if !moved {
                return;
            }
        }
    }

    fn settle_shim(&mut self, shim: usize) -> bool {
        let mut moved = false;
        while let Some(transmit) = self.shims[shim].poll_transmit() {
            moved = true;
            self.post(LATENCY, Packet::Up { shim, conn: transmit.conn, text: transmit.text });
        }
        while let Some(event) = self.shims[shim].poll_event() {
            moved = true;
            self.shim_event(shim, event);
        }
        moved
    }

    fn shim_event(&mut self, shim: usize, event: ShimEvent) {
        self.log.push(format!("{:?} shim {shim} event {event:?}", self.now));
        match event {
            ShimEvent::Dial { conn, .. } => self.post(LATENCY, Packet::Connect { shim, conn }),
            ShimEvent::Close { conn } => {
                if let Some(at) = self.pairs.iter().position(|(s, c, _)| (*s, *c) == (shim, conn)) {
                    let (.., peer) = self.pairs.remove(at);
                    self.post(LATENCY, Packet::CloseUp { peer });
                }
            }
            ShimEvent::Result { call_id, outcome, body, attempts, replayed } => {
                let seen = Seen::Result { outcome, body: body.get().to_owned(), attempts, replayed };
                self.seen.entry(call_id).or_default().push(seen);
                if self.auto_deliver {
                    self.shims[shim].delivered(self.now, call_id);
                }
            }
            ShimEvent::End { call_id, why, fate } => {
                self.seen.entry(call_id).or_default().push(Seen::End { why, fate });
            }
            _ => {}
        }
    }

    fn settle_daemon(&mut self) -> bool {
        let mut moved = false;
        loop {
            let Some(daemon) = &mut self.daemon else { return moved };
            if let Some((peer, text)) = daemon.poll_transmit() {
                self.post(LATENCY, Packet::Down { peer, text });
            } else if let Some(event) = daemon.poll_event() {
                self.daemon_event(event);
            } else {
                return moved;
            }
            moved = true;
        }
    }

    fn daemon_event(&mut self, event: DaemonEvent) {
        let now = self.now;
        let Some(daemon) = &mut self.daemon else { return };
        match event {
            DaemonEvent::Commit { ticket, promise } => {
                let frame = promise.frame();
                self.journal.submit(ticket.0, record(promise), frame);
                while let Some(done) = self.journal.poll_committed() {
                    let result = done.result.map_or_else(
                        |e: JournalError| CommitResult::Failed(e.to_string()),
                        CommitResult::Durable,
                    );
                    daemon.committed(now, Ticket(done.ticket), result);
                }
            }
            DaemonEvent::Run { call_id, class, params, .. } => {
                let span = params
                    .get()
                    .split("\"ms\":")
                    .nth(1)
                    .and_then(|rest| rest.trim_end_matches('}').parse().ok());
                self.running.insert(call_id, span.unwrap_or(0));
                if class == Class::Pure {
                    self.post(ms(span.unwrap_or(0)), Packet::Finish { call_id, boot: self.boot });
                } else {
                    daemon.attempt(now, call_id, "sim", "m1");
                }
            }
            DaemonEvent::Go { call_id, attempt } => {
                self.billed.push((call_id, attempt));
                let span = self.running.get(&call_id).copied().unwrap_or(0);
                self.post(ms(span), Packet::Finish { call_id, boot: self.boot });
            }
            DaemonEvent::Deny { call_id, why } => {
                self.denied.push(why);
                if why != AttemptDenied::Over {
                    let body = raw(r#"{"denied":true}"#);
                    daemon.finished(now, call_id, Finished { outcome: Outcome::Error, body });
                }
            }
            DaemonEvent::Abort { call_id, .. } => {
                self.running.remove(&call_id);
                self.aborted.push(call_id);
            }
            DaemonEvent::Close { conn, .. } => {
                self.closes += 1;
                if let Some((shim, no, _)) = self.pairs.iter().find(|(.., peer)| *peer == conn).copied() {
                    self.post(
                        LATENCY,
                        Packet::CloseDown { shim, conn: no, reason: "closed by the daemon".into() },
                    );
                }
            }
            DaemonEvent::Drained => self.kill_daemon(),
            DaemonEvent::Joined { .. } | DaemonEvent::Left { .. } => {}
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

fn record(promise: Promise) -> Record {
    match promise {
        Promise::Accepted {
            call_id,
            fingerprint,
            adopt_key,
            method,
            params,
            class,
            remaining_ms,
            attempts_before,
        } => Record::Accepted {
            call_id,
            fingerprint,
            adopt_key,
            method,
            params,
            class,
            remaining_ms,
            attempts_before,
        },
        Promise::Started { call_id, attempt, provider, model } => {
            Record::Started { call_id, attempt, provider, model }
        }
        Promise::Done { call_id, attempt, outcome, body } => Record::Done { call_id, attempt, outcome, body },
        Promise::Acked { call_id } => Record::Acked { call_id },
        Promise::Detached { call_id, session } => Record::Detached { call_id, session },
    }
}
