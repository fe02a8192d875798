//! A shim's process: the shim's end of the session, and a pipe to its host that takes time to write to.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use exai_session::{ConnNo, ConnectError, NewCall, Past, ShimConfig, ShimEnd, ShimEvent};
use exai_wire::{CallId, DaemonFrame, Epoch, JournalId, SessionId, ShimPeer};
use serde_json::value::RawValue;

use super::agenda::{Event, Parcel, Way};
use super::bug::Seeded;
use super::history::{Answer, Happening, Heard, Invariant};
use super::host::{Ask, AskState, Handle, Line, Question};
use super::names::{AskNo, HostNo, Lineage, LinkNo, QuestionNo, ShimNo};
use super::world::{Facts, World};

#[derive(Debug)]
pub(crate) struct ShimProcess {
    pub(crate) host: HostNo,
    pub(crate) session: SessionId,
    born: Duration,
    pub(crate) end: ShimEnd,
    /// Dials that it still wants.
    pub(crate) dialling: BTreeSet<ConnNo>,
    lines: VecDeque<Line>,
    /// Stopped since then: it neither reads nor looks at the clock.
    pub(crate) frozen: Option<Duration>,
    inbox: VecDeque<Inlet>,
    /// The last daemon that welcomed it.
    pub(crate) welcomed_by: Option<(JournalId, Epoch, Lineage)>,
}

/// What a shim's process reads.
#[derive(Debug)]
pub(crate) enum Inlet {
    Connected(ConnNo),
    Failed(ConnNo, ConnectError),
    Text(LinkNo, ConnNo, String),
    Closed(ConnNo, &'static str),
}

/// Where a shim's process is to be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShimTrap {
    BeforeWrite,
    AfterWrite,
}

impl ShimProcess {
    pub(crate) fn local(&self, now: Duration) -> Duration {
        now.saturating_sub(self.born)
    }

    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.end.poll_timeout().filter(|_| self.frozen.is_none()).map(|due| due + self.born)
    }
}

impl World {
    pub(crate) fn spawn_shim(&mut self, host: HostNo) -> ShimNo {
        self.shims_made += 1;
        let no = ShimNo(self.shims_made);
        let session = SessionId::from_bytes(self.dice.id());
        let config = ShimConfig {
            session,
            shim: ShimPeer { name: "exai".to_owned(), version: "0.1.0".to_owned(), pid: 1 },
            loopback: self.climate.loopback,
            seed: self.dice.roll(),
        };
        let process = ShimProcess {
            host,
            session,
            born: self.now,
            end: ShimEnd::new(config),
            dialling: BTreeSet::new(),
            lines: VecDeque::new(),
            frozen: None,
            inbox: VecDeque::new(),
            welcomed_by: None,
        };
        self.shims.insert(no, process);
        self.sessions.insert(no, session);
        if let Some(host) = self.hosts.get_mut(&host) {
            host.shim = Some(no);
        }
        self.note(|| format!("{no} begins"));
        no
    }

    /// Writes a request to a host's shim.
    pub(crate) fn ask(&mut self, host: HostNo, no: QuestionNo) {
        let shim = match self.hosts.get(&host).and_then(|host| host.shim) {
            Some(shim) => shim,
            None => self.spawn_shim(host),
        };
        // What is written to a stopped process waits in its pipe.
        if self.shims.get(&shim).is_some_and(|process| process.frozen.is_some()) {
            let at = self.now + Duration::from_millis(500);
            return self.agenda.plan(at, Event::Ask { host, question: no });
        }
        let Some(question) = self.questions.get_mut(&no) else { return };
        let handle = question.handle.take();
        let question = question.clone();
        let (call, handle) = match handle {
            Some((call, handle)) => (call, handle),
            None => (CallId::from_bytes(self.dice.id()), Handle::Again(Past::default())),
        };
        let joins = matches!(handle, Handle::Join);
        let is_open = |ask: &Ask| ask.shim == shim && ask.call == call && ask.state == AskState::Open;
        if self.asks.values().any(is_open) {
            return;
        }
        let patience = self.dice.chance(self.climate.impatient).then(|| self.dice.ms(300, 8000));
        let deadline = self.now
            + match self.dice.chance(self.climate.hurried) {
                true => self.dice.ms(3000, 30_000),
                false => Duration::from_secs(400),
            };
        self.asks_made += 1;
        let ask = AskNo(self.asks_made);
        let asked = super::history::Asked {
            ask,
            shim,
            question: no,
            call,
            class: question.class,
            joins,
            stale: self.is_stale(shim),
            keyed: question.alone && question.adopt_key.is_some(),
            deadline,
        };
        self.note(|| format!("{host}: {asked:?}"));
        self.tell(Happening::Asked(asked));
        let state = AskState::Open;
        let (at, past) = (self.now, Past::default());
        self.asks.insert(ask, Ask { host, shim, question: no, call, at, joins, past, state });
        if let Some(after) = patience {
            self.agenda.plan(self.now + after, Event::Patience(ask));
        }
        let Some(process) = self.shims.get_mut(&shim) else { return };
        let facts = self.calls.entry(call).or_insert_with(|| Facts::new(question.class));
        facts.sessions.insert(process.session);
        let (now, born) = (process.local(self.now), process.born);
        let deadline = deadline.saturating_sub(born);
        let taken = match handle {
            Handle::Join => process.end.attach(now, call, deadline, None),
            Handle::Again(past) => process.end.call(now, new_call(call, &question, deadline, past)),
        };
        if taken.is_err() {
            self.broken(Invariant::Bounds, format!("{shim} takes no call"));
        }
        self.settle_shim(shim);
    }

    /// The host is told how to come back, and the call goes on without it.
    pub(crate) fn lose_patience(&mut self, no: AskNo) {
        let now = self.now;
        let Some(ask) = self.asks.get_mut(&no).filter(|ask| ask.state == AskState::Open) else { return };
        let (shim, call) = (ask.shim, ask.call);
        let Some(process) = self.shims.get_mut(&shim) else { return };
        if process.frozen.is_some() {
            let at = now + Duration::from_millis(300);
            return self.agenda.plan(at, Event::Patience(no));
        }
        ask.past = process.end.past(call).unwrap_or_default();
        process.end.detach(process.local(now), call);
        self.hand_out(shim, call, Answer::Handle);
        self.settle_shim(shim);
    }

    pub(crate) fn cancel(&mut self, ask: AskNo) {
        let now = self.now;
        let runs = |shim| self.shims.get(&shim).is_some_and(|process| process.frozen.is_none());
        let open = |ask: &&mut Ask| ask.state == AskState::Open && runs(ask.shim);
        let Some(cancelled) = self.asks.get_mut(&ask).filter(open) else { return };
        cancelled.state = AskState::Cancelled;
        let (shim, call) = (cancelled.shim, cancelled.call);
        self.note(|| format!("{ask} is cancelled"));
        self.tell(Happening::Cancelled(ask));
        let Some(process) = self.shims.get_mut(&shim) else { return };
        process.end.cancel(process.local(now), call, "user");
        self.settle_shim(shim);
    }

    pub(crate) fn shim_input(&mut self, no: ShimNo, inlet: Inlet) {
        let Some(process) = self.shims.get_mut(&no) else { return };
        if process.frozen.is_some() {
            process.inbox.push_back(inlet);
            return;
        }
        let now = process.local(self.now);
        match inlet {
            Inlet::Connected(conn) => {
                process.dialling.remove(&conn);
                process.end.connected(now, conn);
            }
            Inlet::Failed(conn, error) => {
                process.dialling.remove(&conn);
                process.end.connect_failed(now, conn, error);
            }
            Inlet::Closed(conn, reason) => process.end.closed(now, conn, reason),
            Inlet::Text(link, conn, text) => {
                let text = self.overhear(no, link, text);
                self.note(|| format!("{no} < {text}"));
                if let Some(process) = self.shims.get_mut(&no) {
                    process.end.frame(now, conn, &text);
                }
            }
        }
        self.settle_shim(no);
    }

    /// Notes what a daemon tells; and, where shims are to believe that it knows nothing, makes it say so.
    fn overhear(&mut self, shim: ShimNo, link: LinkNo, text: String) -> String {
        let spoken = [r#"{"t":"accepted"#, r#"{"t":"started"#, r#"{"t":"result"#, r#"{"t":"refused"#];
        let is_welcome = text.starts_with(r#"{"t":"welcome"#);
        if !is_welcome && !spoken.iter().any(|kind| text.starts_with(kind)) {
            return text;
        }
        let daemon = self.network.links.get(&link).map(|link| link.daemon);
        let lineage = daemon.and_then(|no| self.lineages.get(&no)).copied().unwrap_or(Lineage(0));
        let (call, what) = match DaemonFrame::decode(&text) {
            Ok(Some(DaemonFrame::Welcome(mut welcome))) => {
                let (journal, epoch) = (welcome.journal, welcome.epoch);
                self.welcomed(shim, journal, epoch, lineage);
                if !self.climate.unfiltered {
                    return text;
                }
                welcome.calls.iter_mut().for_each(|call| call.known = false);
                return DaemonFrame::Welcome(welcome).encode();
            }
            Ok(Some(DaemonFrame::Accepted(accepted))) => (accepted.call_id, Heard::Accepted),
            Ok(Some(DaemonFrame::Started(started))) => (started.call_id, Heard::Started(started.attempt)),
            Ok(Some(DaemonFrame::Refused(refused))) => (refused.call_id, Heard::Refused(refused.code)),
            Ok(Some(DaemonFrame::Result(result))) => {
                let body = result.body.get().to_owned();
                let (outcome, attempts, replayed) = (result.outcome, result.attempt, result.replayed);
                (result.call_id, Heard::Result { outcome, body, attempts, replayed })
            }
            _ => return text,
        };
        self.count_heard(&what);
        self.tell(Happening::Heard { shim, lineage, call, what });
        text
    }

    fn is_stale(&self, shim: ShimNo) -> bool {
        let known = self.shims.get(&shim).and_then(|process| process.welcomed_by);
        known.is_some_and(|(.., lineage)| lineage != self.volume.lineage)
    }

    fn welcomed(&mut self, shim: ShimNo, journal: JournalId, epoch: Epoch, lineage: Lineage) {
        let Some(process) = self.shims.get_mut(&shim) else { return };
        let before = process.welcomed_by.replace((journal, epoch, lineage));
        match before {
            Some((was, last, _)) if was == journal && last > epoch => self.coverage.count("epoch gone back"),
            Some((was, ..)) if was != journal => self.coverage.count("another journal"),
            _ => {}
        }
    }

    pub(crate) fn settle_shim(&mut self, no: ShimNo) {
        loop {
            let Some(process) = self.shims.get_mut(&no).filter(|process| process.frozen.is_none()) else {
                return;
            };
            if let Some(transmit) = process.end.poll_transmit() {
                if let Some(link) = self.network.of_shim(no, transmit.conn) {
                    self.note(|| format!("{no} > {}", transmit.text));
                    self.send(link, Way::Up, Parcel::Text(transmit.text));
                }
            } else if let Some(event) = process.end.poll_event() {
                self.shim_event(no, event);
            } else {
                return;
            }
        }
    }

    fn shim_event(&mut self, no: ShimNo, event: ShimEvent) {
        self.note(|| format!("{no}: {event:?}"));
        match event {
            ShimEvent::Dial { conn, .. } => {
                if let Some(process) = self.shims.get_mut(&no) {
                    process.dialling.insert(conn);
                }
                let at = self.now + self.latency();
                self.agenda.plan(at, Event::Dial { shim: no, conn });
            }
            ShimEvent::Close { conn } => self.close_at_shim(no, conn),
            ShimEvent::Result { call_id, outcome, body, attempts, .. } => {
                let answer = Answer::Result { outcome, body: body.get().to_owned(), attempts };
                self.hand_out(no, call_id, answer);
            }
            ShimEvent::End { call_id, why, past } => {
                self.hand_out(no, call_id, Answer::End { why, fate: past.fate() });
            }
            ShimEvent::Lost { reason, .. } if reason.starts_with("no sign of life") => {
                let disturbed = self.is_disturbed(no);
                self.coverage.count("given up for silence");
                self.tell(Happening::Verdict { shim: no, disturbed });
            }
            _ => {}
        }
    }

    fn close_at_shim(&mut self, no: ShimNo, conn: ConnNo) {
        if let Some(process) = self.shims.get_mut(&no) {
            process.dialling.remove(&conn);
        }
        let Some(link) = self.network.of_shim(no, conn) else { return };
        if let Some(link) = self.network.links.get_mut(&link) {
            link.open_at_shim = false;
        }
        self.send(link, Way::Up, Parcel::Close("closed by the shim"));
    }

    fn hand_out(&mut self, shim: ShimNo, call: CallId, answer: Answer) {
        let open = |ask: &Ask| ask.shim == shim && ask.call == call && ask.state == AskState::Open;
        let found = self.asks.iter_mut().find(|(_, ask)| open(ask));
        let Some((no, ask)) = found else {
            return self.broken(Invariant::OneAnswer, format!("{shim} answers {call:?}, which nobody asked"));
        };
        let no = *no;
        ask.state = AskState::HandedOut;
        let is_result = matches!(answer, Answer::Result { .. });
        self.count_answer(&answer);
        let gave_up = answer == Answer::Handle;
        self.tell(Happening::HandedOut(no, answer));
        if is_result && self.shim_trap == Some(ShimTrap::BeforeWrite) {
            self.shim_trap = None;
            self.coverage.count("shim killed before it wrote an answer");
            return self.kill_shim(shim);
        }
        let now = self.now;
        let Some(process) = self.shims.get_mut(&shim) else { return };
        if is_result && self.bug == Some(Seeded::AckBeforeWrite) {
            process.end.delivered(call);
        }
        process.lines.push_back(Line { ask: no, is_result, gave_up });
        if process.lines.len() == 1 {
            let at = now + self.write_time(shim);
            self.agenda.plan(at, Event::Wrote(shim));
        }
    }

    fn write_time(&mut self, shim: ShimNo) -> Duration {
        let (now, host) = (self.now, self.host_of(shim));
        let busy = self.hosts.get(&host).map_or(now, |host| host.busy_until);
        busy.saturating_sub(now) + self.dice.ms(0, 3)
    }

    pub(crate) fn wrote(&mut self, shim: ShimNo) {
        let Some(line) = self.shims.get_mut(&shim).and_then(|process| process.lines.pop_front()) else {
            return;
        };
        let more = self.shims.get(&shim).is_some_and(|process| !process.lines.is_empty());
        if more {
            let at = self.now + self.write_time(shim);
            self.agenda.plan(at, Event::Wrote(shim));
        }
        let Some(ask) = self.asks.get_mut(&line.ask) else { return };
        ask.state = AskState::Told;
        let call = ask.call;
        self.note(|| format!("{} is answered", line.ask));
        self.tell(Happening::Told(line.ask));
        if line.gave_up {
            self.after_giving_up(line.ask);
        }
        if line.is_result {
            if self.shim_trap == Some(ShimTrap::AfterWrite) {
                self.shim_trap = None;
                self.coverage.count("shim killed between an answer and its ack");
                return self.kill_shim(shim);
            }
            let at = self.now + self.dice.ms(0, 1);
            self.agenda.plan(at, Event::WriteReturned(shim, call));
        }
    }

    pub(crate) fn write_returned(&mut self, shim: ShimNo, call: CallId) {
        if let Some(process) = self.shims.get_mut(&shim) {
            process.end.delivered(call);
        }
        self.settle_shim(shim);
    }

    /// The process is gone, with everything in it.
    pub(crate) fn kill_shim(&mut self, no: ShimNo) {
        let Some(process) = self.shims.remove(&no) else { return };
        self.note(|| format!("{no} is killed"));
        self.graves.insert(no, process.host);
        if let Some(host) = self.hosts.get_mut(&process.host).filter(|host| host.shim == Some(no)) {
            host.shim = None;
        }
        self.tell(Happening::ShimEnded(no));
        for link in self.network.where_(|link| link.shim == no && link.open_at_shim) {
            if let Some(link) = self.network.links.get_mut(&link) {
                link.open_at_shim = false;
            }
            self.send(link, Way::Up, Parcel::Close("connection reset"));
        }
        self.orphan(no);
    }

    pub(crate) fn freeze_shim(&mut self, no: ShimNo, span: Duration) {
        let now = self.now;
        if let Some(process) = self.shims.get_mut(&no).filter(|process| process.frozen.is_none()) {
            process.frozen = Some(now);
            self.agenda.plan(now + span, Event::ThawShim(no));
        }
    }

    pub(crate) fn thaw_shim(&mut self, no: ShimNo) {
        let now = self.now;
        let Some(process) = self.shims.get_mut(&no) else { return };
        let Some(since) = process.frozen.take() else { return };
        let (inbox, host) = (std::mem::take(&mut process.inbox), process.host);
        self.coverage.count("shim frozen and thawed");
        self.tell(Happening::ShimPaused { shim: no, since });
        if let Some(host) = self.hosts.get_mut(&host) {
            host.disturbed = now;
        }
        for inlet in inbox {
            self.shim_input(no, inlet);
        }
        self.settle_shim(no);
    }

    pub(crate) fn tick_shim(&mut self, no: ShimNo) {
        if let Some(process) = self.shims.get_mut(&no) {
            process.end.handle_timeout(process.local(self.now));
        }
        self.settle_shim(no);
    }
}

fn new_call(call_id: CallId, question: &Question, deadline: Duration, past: Past) -> NewCall {
    NewCall {
        call_id,
        method: "tools/call".to_owned(),
        params: RawValue::from_string(question.params.clone()).unwrap_or_default(),
        fingerprint: question.fingerprint,
        adopt_key: question.adopt_key,
        trace: None,
        deadline,
        hold: None,
        past,
    }
}
