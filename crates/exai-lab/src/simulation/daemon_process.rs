//! A daemon's process: the daemon's end of the sessions, the journal on its volume, and the executor.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use exai_journal::{Durable, Journal, JournalError, Store};
use exai_session::{
    CommitResult, DaemonConfig, DaemonEnd, DaemonEvent, DrainPlan, NotKept, RecoveredCall, Ticket,
};
use exai_wire::{
    CallId, DaemonState, Epoch, JournalId, KeptFrame, Limits, Record, SessionId, ShimFrame, StartId,
};
use serde_json::value::RawValue;

use super::agenda::{Event, Parcel, Step, Way};
use super::bug::Seeded;
use super::disk::{Decided, DiskStore, Health};
use super::executor::{Leaver, Run};
use super::history::{Death, Happening, Invariant};
use super::names::{DaemonNo, LinkNo, ShimNo};
use super::script::Tools;
use super::world::World;
use crate::bug::BuggyStore;
use crate::crash::CrashAt;

/// Ready means that a hello is answered within this time, if the disk does not hang.
const WELCOME_WITHIN: Duration = Duration::from_millis(2900);

pub(crate) type End = DaemonEnd<Durable<KeptFrame>, Tools>;

/// When a session was there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Presence {
    pub(crate) link: Option<LinkNo>,
    pub(crate) lost_at: Duration,
}

pub(crate) struct DaemonProcess {
    pub(crate) born: Duration,
    /// How wrong the wall clock was when it looked at it.
    pub(crate) skew_ms: i64,
    pub(crate) end: End,
    journal: Journal<Box<dyn Store>>,
    disk: DiskStore,
    epoch: Epoch,
    pub(crate) frozen: Option<Duration>,
    pub(crate) thawed: Duration,
    inbox: VecDeque<Input>,
    sync_planned: bool,
    pub(crate) runs: BTreeMap<CallId, Run>,
    pub(crate) queue: VecDeque<CallId>,
    pub(crate) serials: u64,
    pub(crate) leaving: BTreeMap<u64, Leaver>,
    pub(crate) presence: BTreeMap<SessionId, Presence>,
    /// Calls whose host has a handle: these run at once after a start.
    pub(crate) handles: BTreeSet<CallId>,
    /// Calls that it began with and that had not ended.
    unfinished: usize,
    /// Calls that it left for whoever comes.
    pub(crate) parked: usize,
    /// Hellos that wait for their welcome.
    hellos: BTreeMap<LinkNo, Duration>,
    pub(crate) draining: bool,
    pub(crate) usable: bool,
    usurped: bool,
}

/// What a daemon's process reads.
#[derive(Debug)]
pub(crate) enum Input {
    Opened(LinkNo),
    Text(LinkNo, String),
    Closed(LinkNo),
    Sync,
    Work(CallId, u64, Step),
    Guard,
}

impl DaemonProcess {
    pub(crate) fn local(&self, now: Duration) -> Duration {
        now.saturating_sub(self.born)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.end.poll_timeout().filter(|_| self.frozen.is_none()).map(|due| due + self.born)
    }
}

impl World {
    /// Starts a daemon on the volume; it listens from now on, whoever did before.
    pub(crate) fn start_daemon(&mut self) {
        self.daemons_made += 1;
        let no = DaemonNo(self.daemons_made);
        let disk = DiskStore::open(&self.volume);
        let store: Box<dyn Store> = match self.bug {
            Some(Seeded::Journal(bug)) => Box::new(BuggyStore::new(disk.clone(), bug)),
            _ => Box::new(disk.clone()),
        };
        let mut journal = Journal::new(store);
        let (id, epoch) = journal.identity();
        let recovered = journal.recover();
        let usable = !std::mem::take(&mut self.next_unusable);
        let mut end = DaemonEnd::new(self.config_of(no, (id, epoch), usable), Tools);
        let open = |call: &&exai_wire::Kept| call.ended.is_none();
        let unfinished = recovered.calls.iter().map(|(kept, _)| kept).filter(open).count();
        let handles = recovered.calls.iter().map(|(kept, _)| kept).filter(open).filter(|kept| kept.detached);
        let handles: BTreeSet<CallId> = handles.map(|kept| kept.call_id).collect();
        self.coverage.count("daemon started");
        if unfinished > 0 {
            self.coverage.count("calls parked at a start");
        }
        if !handles.is_empty() {
            self.coverage.count("call with a handle runs at a start");
        }
        let calls = recovered.calls.into_iter().map(|(kept, accepted)| RecoveredCall { kept, accepted });
        end.recover(Duration::ZERO, calls.collect());
        let known = end.calls(usize::MAX, |_| true).heads.into_iter().map(|head| head.call_id).collect();
        let lineage = self.volume.lineage;
        self.lineages.insert(no, lineage);
        self.note(|| format!("{no} begins, epoch {} on {lineage}", epoch.0));
        let rows = self.volume.disk.rows();
        self.tell(Happening::Boot { lineage, epoch, rows, known });
        let process = DaemonProcess {
            born: self.now,
            skew_ms: self.skew_ms,
            end,
            journal,
            disk,
            epoch,
            frozen: None,
            thawed: self.now,
            inbox: VecDeque::new(),
            sync_planned: false,
            runs: BTreeMap::new(),
            queue: VecDeque::new(),
            serials: 0,
            leaving: BTreeMap::new(),
            presence: BTreeMap::new(),
            handles,
            unfinished,
            parked: 0,
            hellos: BTreeMap::new(),
            draining: false,
            usable,
            usurped: false,
        };
        self.daemons.insert(no, process);
        self.listener = Some(no);
        self.settle_daemon(no);
    }

    fn config_of(&self, no: DaemonNo, (journal, epoch): (JournalId, Epoch), usable: bool) -> DaemonConfig {
        DaemonConfig {
            journal,
            epoch,
            start: StartId::from_bytes(u128::from(no.0).to_be_bytes()),
            version: "0.1.0".to_owned(),
            catalogue_hash: "tools".to_owned(),
            catalogue: RawValue::from_string("[]".to_owned()).unwrap_or_default(),
            limits: Limits { in_flight: self.climate.in_flight, bytes: 1 << 20 },
            calls_max: self.climate.calls_max,
            unix_start_ms: self.wall_ms_at(self.skew_ms),
            keeping: self.climate.keeping,
            unusable: (!usable).then(|| "the journal is damaged".to_owned()),
        }
    }

    pub(crate) fn daemon_input(&mut self, no: DaemonNo, input: Input) {
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        if daemon.frozen.is_some() {
            daemon.inbox.push_back(input);
            return;
        }
        let now = daemon.local(self.now);
        match input {
            Input::Opened(link) => {
                daemon.end.opened(now, link.peer());
                self.send(link, Way::Down, Parcel::Upgrade);
            }
            Input::Text(link, text) => {
                let text = self.read_frame(no, link, text);
                if let Some(daemon) = self.daemons.get_mut(&no) {
                    daemon.end.frame(now, link.peer(), &text);
                }
            }
            Input::Closed(link) => {
                daemon.end.closed(now, link.peer());
                self.link_closed_at_daemon(no, link);
            }
            Input::Sync => return self.sync(no),
            Input::Work(call, serial, step) => self.work(no, call, serial, step),
            Input::Guard => self.usurp(no),
        }
        self.settle_daemon(no);
    }

    pub(crate) fn link_closed_at_daemon(&mut self, no: DaemonNo, link: LinkNo) {
        let now = self.now;
        if let Some(link) = self.network.links.get_mut(&link) {
            link.open_at_daemon = false;
        }
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        daemon.hellos.remove(&link);
        for presence in daemon.presence.values_mut().filter(|presence| presence.link == Some(link)) {
            (presence.link, presence.lost_at) = (None, now);
        }
    }

    /// Notes what a shim says; where calls that are sent again are to be others, it makes them so.
    fn read_frame(&mut self, no: DaemonNo, link: LinkNo, text: String) -> String {
        let Some(shim) = self.network.links.get(&link).map(|link| link.shim) else { return text };
        if text.starts_with(r#"{"t":"ack"#) {
            if let Ok(Some(ShimFrame::Ack(calls))) = ShimFrame::decode(&text) {
                for call in calls {
                    self.tell(Happening::Acked { shim, call });
                }
            }
        } else if text.starts_with(r#"{"t":"hello"#) {
            let now = self.now;
            if let Some(daemon) = self.daemons.get_mut(&no).filter(|daemon| daemon.usable) {
                let state = daemon.end.state();
                if matches!(state, DaemonState::Ready | DaemonState::Busy) {
                    daemon.hellos.insert(link, now);
                }
            }
        } else if text.starts_with(r#"{"t":"cancel"#) {
            if let Ok(Some(ShimFrame::Cancel(cancel))) = ShimFrame::decode(&text) {
                self.count_cancel(no, cancel.call_id);
            }
        } else if text.starts_with(r#"{"t":"call"#) && self.bug == Some(Seeded::NoDedup) {
            return self.estrange(&text);
        }
        text
    }

    fn sync(&mut self, no: DaemonNo) {
        let health = self.disk_health;
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        if health == Health::Hangs {
            let at = self.now + Duration::from_millis(500);
            return self.agenda.plan(at, Event::Sync(no));
        }
        daemon.sync_planned = false;
        let decided = daemon.disk.sync(health);
        for Decided { record, result } in &decided {
            self.count_decided(record, result);
        }
        let done = decided.iter().filter(|decided| decided.result.is_ok()).map(|decided| &decided.record);
        let fatal = done.filter_map(CrashAt::after).find(|at| self.trap == Some(*at));
        for Decided { record, result } in decided {
            self.decided(no, record, &result);
        }
        match fatal {
            Some(at) => self.spring(no, at),
            None => self.settle_daemon(no),
        }
    }

    /// A trap has sprung: the process dies here.
    fn spring(&mut self, no: DaemonNo, at: CrashAt) {
        self.trap = None;
        let name = CrashAt::ALL.iter().find(|(_, other)| *other == at).map_or("", |(name, _)| *name);
        self.coverage.count(name);
        self.kill_daemon(no, Death::Killed);
    }

    pub(crate) fn settle_daemon(&mut self, no: DaemonNo) {
        loop {
            let Some(daemon) = self.daemons.get_mut(&no) else { return };
            if let Some(event) = daemon.end.poll_event() {
                self.obey(no, event);
            } else if let Some(committed) = daemon.journal.poll_committed() {
                let (now, ticket) = (daemon.local(self.now), Ticket(committed.ticket));
                let usurped = matches!(committed.result, Err(JournalError::Usurped));
                let result = match committed.result {
                    Ok(sealed) => CommitResult::Durable(sealed),
                    Err(error) => CommitResult::Failed(NotKept {
                        full: matches!(error, JournalError::Full(_)),
                        usurped,
                        why: error.to_string(),
                    }),
                };
                if usurped {
                    self.usurp(no);
                }
                if let Some(daemon) = self.daemons.get_mut(&no) {
                    daemon.end.committed(now, ticket, result);
                }
            } else if let Some((call, sealed)) = daemon.journal.poll_fetched() {
                let now = daemon.local(self.now);
                daemon.end.fetched(now, call, sealed);
            } else {
                break;
            }
        }
        self.transmit(no);
        self.look_after(no);
    }

    fn transmit(&mut self, no: DaemonNo) {
        while let Some((peer, text)) = self.daemons.get_mut(&no).and_then(|daemon| daemon.end.poll_transmit())
        {
            let link = LinkNo(peer.0);
            let text = self.unmask(text);
            if text.starts_with(r#"{"t":"welcome"#) {
                self.welcomes(no, link);
            } else if text.starts_with(r#"{"t":"reject"#) {
                self.rejects(no, link, &text);
            }
            self.note(|| format!("{no} > {link} {text}"));
            self.send(link, Way::Down, Parcel::Text(text));
        }
    }

    fn welcomes(&mut self, no: DaemonNo, link: LinkNo) {
        let Some(welcomed) = self.network.links.get_mut(&link) else { return };
        welcomed.welcomed = true;
        let shim = welcomed.shim;
        let session = self.session_of(shim);
        if let (Some(daemon), Some(session)) = (self.daemons.get_mut(&no), session) {
            daemon.hellos.remove(&link);
            daemon.presence.entry(session).or_default().link = Some(link);
        }
    }

    fn rejects(&mut self, no: DaemonNo, link: LinkNo, text: &str) {
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        let awaited = daemon.hellos.remove(&link).is_some();
        let fenced = text.contains(r#""code":"fenced""#);
        if fenced {
            self.coverage.count("hello fenced");
        } else if awaited {
            self.broken(Invariant::ReadyWelcomes, format!("{no} is ready and says {text}"));
        }
    }

    /// What can be seen of a daemon from outside, at any time.
    fn look_after(&mut self, no: DaemonNo) {
        let (now, health) = (self.now, self.disk_health);
        let calls_max = self.climate.calls_max;
        let links = self.network.links.values();
        let mut live: Vec<ShimNo> = links
            .filter(|link| link.daemon == no && link.welcomed && link.open_at_daemon)
            .map(|link| link.shim)
            .collect();
        live.sort_unstable();
        if live.windows(2).any(|pair| pair.first() == pair.last()) {
            self.broken(Invariant::OneConnection, format!("{no} has two connections of one of {live:?}"));
        }
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        let in_flight = daemon.end.in_flight();
        // Cancels of calls that are not known are kept whatever there is.
        let most = calls_max + daemon.unfinished + daemon.parked + self.cancels;
        let late = daemon.hellos.iter().find(|(_, since)| **since + WELCOME_WITHIN <= now);
        let late = late.map(|(link, since)| (*link, *since)).filter(|_| health == Health::Works);
        if late.is_some() && now > daemon.thawed + WELCOME_WITHIN && now > self.disk_worked + WELCOME_WITHIN {
            daemon.hellos.clear();
            self.broken(Invariant::ReadyWelcomes, format!("{no} leaves {late:?} without a welcome"));
        }
        if in_flight > most {
            self.broken(Invariant::Bounds, format!("{no} has {in_flight} calls in flight, {most} at most"));
        }
        if let Some(daemon) = self.daemons.get_mut(&no)
            && daemon.disk.has_waiting()
            && !daemon.sync_planned
        {
            daemon.sync_planned = true;
            let at = now + self.sync_time();
            self.agenda.plan(at, Event::Sync(no));
        }
    }

    fn obey(&mut self, no: DaemonNo, event: DaemonEvent) {
        match event {
            DaemonEvent::Commit { ticket, record } => self.commit(no, ticket, record),
            DaemonEvent::Fetch { call_id } => {
                if let Some(daemon) = self.daemons.get_mut(&no) {
                    daemon.journal.fetch(call_id);
                }
            }
            DaemonEvent::Run { call_id, params, before, kept, .. } => {
                self.run_call(no, call_id, &params, before.len(), kept)
            }
            DaemonEvent::Go { call_id, attempt } => self.go(no, call_id, attempt),
            DaemonEvent::Deny { call_id, why } => self.deny(no, call_id, why),
            DaemonEvent::Abort { call_id, why } => self.abort(no, call_id, why),
            DaemonEvent::Close { conn, code, reason } => {
                self.transmit(no);
                let link = LinkNo(conn.0);
                self.note(|| format!("{no} closes {link}: {code} {reason}"));
                self.send(link, Way::Down, Parcel::Close("closed by the daemon"));
                self.link_closed_at_daemon(no, link);
            }
            DaemonEvent::Drained => {
                self.transmit(no);
                self.coverage.count("daemon drained");
                self.kill_daemon(no, Death::Drained);
            }
            DaemonEvent::Joined { .. } => {}
            DaemonEvent::Left { session } => {
                self.coverage.count("session left");
                if let Some(daemon) = self.daemons.get_mut(&no) {
                    daemon.presence.remove(&session);
                }
            }
        }
    }

    fn commit(&mut self, no: DaemonNo, ticket: Ticket, record: Record) {
        if let Some(at) = CrashAt::before(&record).filter(|at| self.trap == Some(*at)) {
            return self.spring(no, at);
        }
        self.note(|| format!("{no} records {record:?}"));
        self.submitted(no, &record);
        if let Some(daemon) = self.daemons.get_mut(&no) {
            daemon.journal.submit(ticket.0, record);
        }
    }

    pub(crate) fn drain(&mut self, no: DaemonNo, plan: DrainPlan, reason: &str) {
        let now = self.now;
        self.tell(Happening::Draining);
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        daemon.draining = true;
        daemon.hellos.clear();
        daemon.end.drain(daemon.local(now), plan, reason);
        if self.listener == Some(no) {
            self.listener = None;
        }
    }

    /// Another daemon has the volume: this one makes way.
    fn usurp(&mut self, no: DaemonNo) {
        let plan = self.climate.drain_plan;
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        if !std::mem::replace(&mut daemon.usurped, true) {
            let epoch = daemon.epoch;
            self.coverage.count("daemon usurped");
            self.note(|| format!("{no}, epoch {}, makes way", epoch.0));
            self.drain(no, plan, "another daemon has taken over");
        }
    }

    /// The process is gone.
    pub(crate) fn kill_daemon(&mut self, no: DaemonNo, how: Death) {
        if self.daemons.remove(&no).is_none() {
            return;
        }
        self.note(|| format!("{no} ends: {how:?}"));
        self.tell(Happening::DaemonEnded);
        self.disturbed = self.now;
        self.agenda.drop_all(|event| match event {
            Event::Sync(daemon) | Event::Work { daemon, .. } | Event::Guard(daemon) => *daemon == no,
            _ => false,
        });
        for link in self.network.where_(|link| link.daemon == no && link.open_at_daemon) {
            if let Some(link) = self.network.links.get_mut(&link) {
                link.open_at_daemon = false;
            }
            self.send(link, Way::Down, Parcel::Close("connection reset"));
        }
        if self.listener.is_none_or(|listener| listener == no) {
            self.listener = None;
            let at = self.now + self.dice.ms(20, self.climate.outage_ms);
            self.agenda.plan(at, Event::StartDaemon);
        }
    }

    pub(crate) fn thaw_daemon(&mut self, no: DaemonNo) {
        let now = self.now;
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        if daemon.frozen.take().is_none() {
            return;
        }
        daemon.thawed = now;
        let inbox = std::mem::take(&mut daemon.inbox);
        self.disturbed = now;
        self.coverage.count("daemon frozen and thawed");
        for input in inbox {
            self.daemon_input(no, input);
        }
    }

    pub(crate) fn tick_daemon(&mut self, no: DaemonNo) {
        if let Some(daemon) = self.daemons.get_mut(&no) {
            daemon.end.handle_timeout(daemon.local(self.now));
        }
        self.settle_daemon(no);
    }
}
