//! The io loop: takes what happens, hands it to the sessions' state machine, and does what that asks for.
//!
//! Invariants: nothing in here blocks or waits but [`Hub::next_event`]; every event has one arm and every arm makes
//! one call; whatever came in together goes out together, so that a burst of frames costs one write.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use exai_journal::{Durable, Journal, JournalError, Store};
use exai_session::{DaemonEnd, DaemonEvent, Finished, PeerConn, Throttle, Vitals};
use exai_wire::{CallId, Class, KeptFrame, Outcome, SessionId};
use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Interval, Sleep};

use crate::clock::{Clock, wall_ms};
use crate::connections::Connections;
use crate::drain;
use crate::event::{Event, Signal};
use crate::executor::Executor;
use crate::forgetting::Forgetting;
use crate::health::{Health, Present};
use crate::idle::Idle;
use crate::journaling::{self, Decision};
use crate::kept::{CALLS_MAX, Found};
use crate::signals::Signals;
use crate::snapshot::{self, Snapshot};
use crate::strain;
use crate::toolbox::{Classes, Toolbox};
use crate::vitals::{Gauge, Reading};
use crate::watchdog::Progress;
use crate::witness::Piece;
use crate::work::{End, Job, Report, Work};

/// Events that are taken at a time before anything is written: a full burst of a busy host.
const BATCH: usize = 256;

/// Past the end of its plan a drain is over, whatever is still open: time for the last frames and closes.
const OVERDUE: Duration = Duration::from_millis(250);

/// A record waits so long only for a disk that hangs; a commit takes milliseconds.
const JOURNAL_STUCK: Duration = Duration::from_secs(5);

/// Exit code of a daemon that made way for another, the same as at the start.
const USURPED: u8 = 75;

/// How the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The daemon ends with this exit code.
    With(u8),
    /// Its journal can be used after all: it begins anew.
    Again,
}

/// All that the loop works with.
pub(crate) struct Hub<S> {
    pub(crate) clock: Clock,
    pub(crate) end: DaemonEnd<Durable<KeptFrame>, Classes>,
    pub(crate) journal: Journal<S>,
    pub(crate) connections: Connections,
    pub(crate) executor: Executor,
    pub(crate) work: Work,
    pub(crate) toolbox: Arc<Toolbox>,
    /// The way to tell the work runtime what `status` tells.
    pub(crate) facts: watch::Sender<exai_tools::DaemonFacts>,
    pub(crate) health: Health,
    pub(crate) gauge: Gauge,
    pub(crate) reading: Reading,
    pub(crate) inbox: mpsc::Receiver<Event>,
    pub(crate) signals: Signals,
    pub(crate) progress: Arc<Progress>,
    /// Closes the listener when it is sent or dropped.
    pub(crate) door: Option<oneshot::Sender<()>>,
    pub(crate) idle: Idle,
    /// How long calls may go on in a drain.
    pub(crate) grace: Duration,
    /// When a drain that has begun is over at the latest.
    pub(crate) drained_by: Option<Duration>,
    /// Nothing runs any more, and every connection has its close in its queue.
    pub(crate) drained: bool,
    /// Another daemon has the state directory.
    pub(crate) usurped: bool,
    /// A journal that could not be used can be now.
    pub(crate) usable_again: bool,
    pub(crate) sessions_log: Throttle,
    pub(crate) journal_log: Throttle,
    /// The journal's disk hangs.
    pub(crate) journal_stuck: bool,
    pub(crate) forgetting: Forgetting,
    /// Told by the journal's thread that it has decided.
    pub(crate) journal_news: Arc<Notify>,
    pub(crate) alarm: Pin<Box<Sleep>>,
    pub(crate) ticks: Interval,
    /// The exit code, once it is time.
    pub(crate) exit: Option<u8>,
}

impl<S: Store> Hub<S> {
    /// Runs until the daemon is to end, or to begin anew.
    pub(crate) async fn run(mut self) -> Ended {
        self.settle();
        let code = loop {
            if let Some(code) = self.exit {
                break code;
            }
            // What was said last is on its way for as long as its peer takes it.
            if self.drained && self.connections.is_empty() {
                break 0;
            }
            let event = self.next_event().await;
            self.progress.io();
            self.handle_event(event);
            self.take_waiting();
            self.settle();
        };
        self.health.stop(self.clock.now(), &self.present());
        let (usurped, usable) = (self.usurped, self.usable_again);
        // Dropped, a journal writes what it was given, and waits for that: not for a disk that hangs, nor after a second
        // signal.
        if code != 0 || self.journal.behind().is_some_and(|behind| behind > OVERDUE) {
            std::mem::forget(self.journal);
        }
        match code {
            0 if usurped => Ended::With(USURPED),
            0 if usable => Ended::Again,
            code => Ended::With(code),
        }
    }

    async fn next_event(&mut self) -> Event {
        let wanted = [self.end.poll_timeout(), self.health.next()].into_iter().flatten().min();
        let moment = self.clock.instant(wanted.unwrap_or_default());
        if wanted.is_some() && self.alarm.deadline() != moment {
            self.alarm.as_mut().reset(moment);
        }
        let Self { inbox, work, signals, alarm, ticks, journal_news, .. } = self;
        tokio::select! {
            Some(event) = inbox.recv() => event,
            Some(report) = work.reports.recv() => Event::Report(report),
            Some((call_id, text)) = work.notes.recv() => Event::Note(call_id, text),
            Some(piece) = work.texts.recv() => Event::Piece(piece),
            () = journal_news.notified() => Event::Journal,
            () = work.pulse.turned() => Event::Provider,
            signal = signals.next() => Event::Signal(signal),
            () = alarm, if wanted.is_some() => {
                // Lets the connections read what is waiting on their sockets before anyone is judged.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                Event::Alarm
            }
            _ = ticks.tick() => Event::Tick,
        }
    }

    fn handle_event(&mut self, event: Event) {
        match event {
            // A handshake that ends now has nobody to speak to.
            Event::Opened(..) if self.drained => {}
            Event::Opened(socket, meter) => {
                self.health.counts.connections += 1;
                let conn = self.connections.open(*socket, meter);
                self.end.opened(self.clock.now(), conn);
            }
            Event::Frame(conn, text) => self.end.frame(self.clock.now(), conn, &text),
            Event::Bytes(conn) => self.end.bytes_received(self.clock.now(), conn),
            Event::Closed(conn) => self.closed(conn),
            Event::Asked(answer) => {
                let _ = answer.send(Snapshot { slips: self.toolbox.slips(), ..self.snapshot() });
            }
            Event::CallsAsked(states, answer) => {
                let _ = answer.send(self.end.calls(CALLS_MAX, |state| states.contains(&state)));
            }
            Event::CallAsked(digits, answer) => {
                let _ = answer.send(self.found(&digits));
            }
            Event::Usurped => self.usurp(),
            Event::Piece(piece) => {
                let Piece { call_id, attempt, offset, text } = piece;
                self.end.partial(call_id, attempt, offset, text);
            }
            // Taken with everything else that is asked for.
            Event::Journal | Event::Provider => {}
            Event::JournalUsable => {
                tracing::info!("the journal can be used again, beginning anew");
                self.usable_again = true;
                self.drain("the journal can be used again");
            }
            Event::StopAsked => self.drain("asked to stop"),
            Event::Signal(signal) => self.signal(signal),
            Event::Report(report) => self.report(report),
            Event::Note(call_id, text) => self.end.note(self.clock.now(), call_id, text),
            Event::Alarm => self.alarm(),
            Event::Tick => self.tick(),
        }
        self.transmit();
    }

    /// Takes the texts that have come: what a call said before it was broken off.
    fn take_pieces(&mut self) {
        while let Ok(piece) = self.work.texts.try_recv() {
            self.handle_event(Event::Piece(piece));
        }
    }

    /// Takes what else has arrived.
    fn take_waiting(&mut self) {
        for _ in 0..BATCH {
            let Ok(event) = self.inbox.try_recv() else { return };
            self.handle_event(event);
        }
    }

    /// Does everything that the sessions and the journal ask for, then queues what is to be written.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(event) = self.end.poll_event() {
                moved = true;
                self.obey(event);
            }
            while let Some(decision) = journaling::poll(&mut self.journal) {
                moved = true;
                self.decided(decision);
                self.transmit();
            }
            while let Some((call_id, sealed)) = self.journal.poll_fetched() {
                moved = true;
                self.end.fetched(self.clock.now(), call_id, sealed);
                self.transmit();
            }
            while let Some(command) = self.executor.poll_command() {
                self.work.obey(command);
            }
            while let Some((call_id, finished)) = self.executor.poll_finished() {
                moved = true;
                self.finish(call_id, finished);
            }
            if !moved {
                break;
            }
        }
        self.transmit();
        let (now, present) = (self.clock.now(), self.present());
        if self.health.is_due(now, &present, &self.work.pulse.providers()) {
            let snapshot = self.snapshot();
            self.health.write(now, &present, &snapshot);
        }
    }

    fn obey(&mut self, event: DaemonEvent) {
        match event {
            DaemonEvent::Commit { ticket, record } => self.journal.submit(ticket.0, record),
            DaemonEvent::Fetch { call_id } => self.journal.fetch(call_id),
            DaemonEvent::Run { call_id, session, class, params, before, kept, deadline, .. } => {
                let sharer = u128::from_be_bytes(*session.as_bytes());
                self.run_call(Job { call_id, class, sharer, params, before, kept, deadline });
            }
            DaemonEvent::Go { call_id, attempt } => {
                self.health.counts.attempts += 1;
                self.executor.decide(call_id, Ok(attempt));
            }
            DaemonEvent::Deny { call_id, why } => self.executor.decide(call_id, Err(why)),
            DaemonEvent::Abort { call_id, why } => {
                if !self.executor.abort(self.clock.now(), call_id, why) {
                    self.end.aborted(call_id);
                }
            }
            DaemonEvent::Close { conn, code, reason } => self.close(conn, code, &reason),
            DaemonEvent::Joined { session, about } => {
                self.log_session("session joined", session, Some(&about))
            }
            DaemonEvent::Left { session } => self.log_session("session left", session, None),
            DaemonEvent::Drained => self.drained = true,
        }
    }

    fn decided(&mut self, decision: Decision) {
        let Decision { ticket, result, error } = decision;
        if let Some(error) = error {
            if let Some(left_out) = self.journal_log.admit(self.clock.now()) {
                tracing::warn!(code = error.code(), %error, left_out, "the journal refused a record");
            }
            if error == JournalError::Usurped {
                self.usurp();
            }
        }
        self.end.committed(self.clock.now(), ticket, result);
    }

    /// Another daemon works on the state directory: this one makes way.
    fn usurp(&mut self) {
        if !std::mem::replace(&mut self.usurped, true) {
            tracing::error!("another daemon has taken over the state directory, ending");
            self.drain("another daemon has taken over");
        }
    }

    /// Into the queues of the connections, after whatever may have asked for much: they are written when the loop waits, and
    /// say so when nobody reads.
    fn transmit(&mut self) {
        while let Some((conn, frame)) = self.end.poll_transmit() {
            if !self.connections.send(conn, frame, &mut self.health.counts) {
                // What it still asks for is not worth making.
                self.end.closed(self.clock.now(), conn);
            }
        }
    }

    /// What the sessions said before the close goes out before it.
    fn close(&mut self, conn: PeerConn, code: u16, reason: &str) {
        self.transmit();
        self.connections.close(conn, code, reason);
    }

    fn closed(&mut self, conn: PeerConn) {
        self.connections.closed(conn);
        self.end.closed(self.clock.now(), conn);
    }

    fn run_call(&mut self, job: Job) {
        self.health.started();
        match job.class {
            Class::Pure => {
                let finished = self.answer(job.call_id, &job.params);
                self.finish(job.call_id, finished);
            }
            Class::Metered | Class::Effect => self.executor.run(job),
        }
    }

    fn answer(&self, call_id: CallId, params: &RawValue) -> Finished {
        self.toolbox.answer(call_id, params, self.daemon_facts().without_asker())
    }

    fn finish(&mut self, call_id: CallId, finished: Finished) {
        self.health.finished();
        match finished.outcome {
            Outcome::Ok => self.health.counts.calls_ok += 1,
            Outcome::Error | Outcome::Cancelled | Outcome::OutcomeUnknown => {
                self.health.counts.calls_failed += 1
            }
        }
        self.end.finished(self.clock.now(), call_id, finished);
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Attempt { call_id, unused, provider, model, continues, reply } => {
                if self.executor.attempt(call_id, reply) {
                    let whom = (provider.as_str(), model.as_str());
                    self.end.attempt(self.clock.now(), call_id, unused, whom, continues);
                }
            }
            Report::Failed(call_id) => self.end.attempt_failed(call_id),
            Report::CostNothing(call_id) => self.end.attempt_cost_nothing(self.clock.now(), call_id),
            Report::Ended { call_id, end, rest } => {
                if matches!(end, End::Panicked) {
                    tracing::error!(call = ?call_id, "a tool panicked");
                }
                self.work.ended(call_id);
                if self.executor.ended(call_id, end) {
                    self.health.counts.calls_aborted += 1;
                    self.take_pieces();
                    if let Some(piece) = rest {
                        self.handle_event(Event::Piece(piece));
                    }
                    self.end.aborted(call_id);
                }
            }
        }
    }

    fn alarm(&mut self) {
        self.take_waiting();
        let now = self.clock.now();
        if self.end.poll_timeout().is_some_and(|at| at <= now) {
            self.end.handle_timeout(now);
        }
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        self.measure(now);
        self.executor.tick(now);
        if let Some(round) = self.forgetting.due(now, wall_ms()) {
            // Nobody waits for it; at its end the runtime leaves it to itself.
            drop(self.work.pulse.handle().spawn_blocking(|| round.run()));
        }
        let present = self.present();
        self.facts.send_replace(self.daemon_facts());
        if self.idle.is_over(now, present.sessions + present.in_flight) {
            self.drain("idle");
        }
        if self.drained_by.is_some_and(|by| by <= now) {
            tracing::warn!("the drain is overdue, ending");
            self.exit = Some(0);
        }
    }

    fn measure(&mut self, now: Duration) {
        let pulse = &self.work.pulse;
        let before = self.reading;
        self.reading = self.gauge.measure(now, pulse.at(), &pulse.threads());
        if before.workers_stuck != self.reading.workers_stuck {
            tracing::warn!(threads = self.reading.workers_stuck, "work threads stuck");
        }
        if before.vitals.stalled != self.reading.vitals.stalled {
            let (stalled, lag_ms) = (self.reading.vitals.stalled, self.reading.vitals.lag_ms);
            tracing::warn!(stalled, lag_ms, "work runtime");
        }
        // A hung sync: nothing can be promised meanwhile. Ending the process would not help.
        let journal_stuck = self.journal.behind().is_some_and(|behind| behind > JOURNAL_STUCK);
        if journal_stuck != std::mem::replace(&mut self.journal_stuck, journal_stuck) {
            tracing::warn!(stuck = journal_stuck, "journal: the disk does not confirm what is written");
        }
        self.end.set_vitals(now, self.vitals());
    }

    /// The condition of the work runtime, and of what has to keep its results.
    fn vitals(&self) -> Vitals {
        Vitals { stalled: self.reading.vitals.stalled || self.journal_stuck, ..self.reading.vitals }
    }

    fn signal(&mut self, signal: Signal) {
        if self.drained_by.is_some() {
            tracing::warn!(signal = signal.name(), "second signal, ending at once");
            self.exit = Some(signal.exit_code());
        } else {
            self.drain(signal.name());
        }
    }

    fn drain(&mut self, reason: &str) {
        if self.drained_by.is_some() {
            return;
        }
        let now = self.clock.now();
        let plan = drain::plan(self.grace);
        tracing::info!(
            reason,
            in_flight = self.end.in_flight(),
            grace_ms = self.grace.as_millis(),
            "draining"
        );
        drop(self.door.take());
        self.drained_by = Some(now + plan.close + OVERDUE);
        self.end.drain(now, plan, reason);
        self.facts.send_replace(self.daemon_facts());
    }

    fn present(&self) -> Present {
        Present {
            state: snapshot::word(self.end.state()),
            in_flight: self.end.in_flight(),
            waiting: self.work.pulse.waiting(),
            sessions: self.end.sessions(),
            connections: self.end.connections(),
            reading: Reading { vitals: self.vitals(), ..self.reading },
        }
    }

    fn snapshot(&self) -> Snapshot {
        let now = self.clock.now();
        let (present, oldest) = (self.present(), self.end.oldest(now));
        let providers = self.work.pulse.providers().clone();
        let snapshot = self.health.snapshot(now, &present, oldest, providers);
        Snapshot { why: snapshot.why.or_else(|| self.why()), ..snapshot }
    }

    fn found(&self, digits: &str) -> Vec<Found> {
        let now = self.clock.now();
        let found = |call_id| {
            Some(Found { head: self.end.call_head(call_id)?, left: self.end.time_left(now, call_id) })
        };
        self.end.calls_like(digits).into_iter().filter_map(found).collect()
    }

    fn daemon_facts(&self) -> exai_tools::DaemonFacts {
        let now = self.clock.now();
        let facts = self.health.identity.facts(now, &self.present(), self.end.oldest(now));
        exai_tools::DaemonFacts { why: facts.why.or_else(|| self.why()), ..facts }
    }

    /// Why a journal that can be used takes nothing now.
    fn why(&self) -> Option<String> {
        let hangs = || self.journal_stuck.then(|| strain::HANGS.to_owned());
        self.end.strain().as_ref().map(strain::sentence).or_else(hangs)
    }

    fn log_session(&mut self, what: &'static str, session: SessionId, about: Option<&str>) {
        if let Some(left_out) = self.sessions_log.admit(self.clock.now()) {
            tracing::info!(?session, about, left_out, "{what}");
        }
    }
}
