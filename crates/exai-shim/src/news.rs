//! What the session, its connections and the clock tell.

use std::time::Duration;

use exai_mcp::{CallKey, Token};
use exai_session::{Link, ShimEvent};
use exai_wire::{CallId, Outcome, RejectCode};
use serde_json::value::RawValue;

use crate::answer;
use crate::calls::Stage;
use crate::catalogue::{self, Snapshot, Tools};
use crate::event::Done;
use crate::hangup::Gone;
use crate::links::LinkEvent;
use crate::setup;
use crate::shim::{Exit, Shim};
use crate::skew;
use crate::starter::StartNews;

impl Shim {
    /// Something happened on a connection.
    pub(crate) fn on_link(&mut self, now: Duration, event: LinkEvent) {
        match event {
            LinkEvent::Connected(conn) => self.session.connected(now, conn),
            LinkEvent::Failed(conn, error) => {
                self.session.connect_failed(now, conn, error);
                self.need_daemon();
            }
            LinkEvent::Bytes(conn) => self.session.bytes_received(now, conn),
            LinkEvent::Frame(conn, text) => {
                self.session.bytes_received(now, conn);
                self.session.frame(now, conn, &text);
            }
            LinkEvent::Closed(conn, reason) => self.session.closed(now, conn, &reason),
        }
    }

    /// An event of the session.
    pub(crate) fn on_news(&mut self, now: Duration, event: ShimEvent) {
        match event {
            ShimEvent::Dial { conn, limits } => self.on_dial(now, conn, limits),
            ShimEvent::Close { conn } => {
                self.locating.close(conn);
                self.links.close(conn);
            }
            ShimEvent::Accepted { call_id } => {
                self.note(now, call_id, "the exai daemon has the call");
                self.on_task_accepted(now, call_id);
            }
            ShimEvent::Started { call_id, attempt, provider, model } => {
                self.note(now, call_id, &format!("{provider}/{model}, attempt {attempt}"));
            }
            ShimEvent::Note { call_id, text } => self.note(now, call_id, &text),
            ShimEvent::Result { call_id, outcome, body, attempts, replayed } => {
                tracing::debug!(?call_id, ?outcome, attempts, replayed, "result");
                self.on_result(now, call_id, outcome, body);
            }
            ShimEvent::End { call_id, why, past } => self.on_end(now, call_id, why, past),
            ShimEvent::Lost { reason, calls_held } => self.on_lost(now, &reason, calls_held),
            ShimEvent::Resumed { outage, calls_held, resent, known, version, catalogue_hash, .. } => {
                if let Some(suppressed) = self.throttles.resumed.admit(now) {
                    let (outage_ms, replayed) = (outage.as_millis(), known);
                    tracing::info!(
                        outage_ms,
                        calls_held,
                        replayed,
                        resent,
                        version,
                        suppressed,
                        "session resumed"
                    );
                }
                self.on_resumed(now, &version);
                self.want_catalogue(now, &catalogue_hash);
            }
            ShimEvent::Rejected { code, message } => self.on_rejected(now, code, &message),
            ShimEvent::CatalogueChanged { hash } => self.want_catalogue(now, &hash),
            ShimEvent::Catalogue { hash, tools } => self.on_catalogue(hash, tools),
        }
    }

    /// A moment that was waited for has come.
    pub(crate) fn on_tick(&mut self, now: Duration) {
        let is_due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
        if is_due(self.session.poll_timeout()) {
            self.session.handle_timeout(now);
        }
        if is_due(self.engine.poll_timeout()) && !self.stdout.is_congested() {
            self.note_waits(now);
            self.engine.handle_timeout(now);
        }
        if is_due(self.dial_at) {
            self.dial_early(now);
        }
        self.end_locating(now);
        self.end_reading(now);
        self.end_returns(now);
        self.end_waits(now);
        self.end_questions(now);
        self.end_mending(now);
        if is_due(self.outage_ends()) {
            self.give_up(now);
        }
    }

    /// An end of stdin or stdout went away.
    pub(crate) fn on_hangup(&mut self, gone: Gone) {
        match gone {
            Gone::Reader => {
                tracing::info!("shim ends: stdout is closed");
                self.exit = Some(Exit::OutputClosed);
            }
            // What was written before is still read, and then the end of input.
            Gone::Writer => self.writer_gone = true,
        }
    }

    /// When `EXAI_SHIM_EXIT_AFTER` is over.
    pub(crate) fn outage_ends(&self) -> Option<Duration> {
        Some(self.outage? + self.options.loaded.settings.shim.exit_after?)
    }

    /// A dial failed: a daemon is started only for somebody who waits.
    pub(crate) fn need_daemon(&mut self) {
        let waits = self.session.open_calls() > 0;
        match &mut self.starter {
            Some(starter) if waits && self.up.is_none() => {
                if let Err(error) = starter.need() {
                    self.start_error = Some(format!("no thread to start a daemon on: {error}"));
                }
            }
            Some(starter) if !waits => starter.rest(),
            _ => {}
        }
    }

    /// The starter of daemons has news.
    pub(crate) fn on_report(&mut self, now: Duration, report: StartNews) {
        match report {
            StartNews::Listening => self.session.wake(now),
            StartNews::Error(error) => self.start_error = error,
            StartNews::Unusable(words) => self.end_unusable(now, &words),
        }
    }

    fn on_lost(&mut self, now: Duration, reason: &str, calls_held: usize) {
        let up = now.saturating_sub(self.up.take().unwrap_or(now));
        self.outage = Some(now);
        if let Some(starter) = &self.starter {
            starter.lost(up);
        }
        if let Some(suppressed) = self.throttles.lost.admit(now) {
            tracing::warn!(reason, calls_held, suppressed, "session lost");
        }
    }

    fn on_resumed(&mut self, now: Duration, version: &str) {
        self.up = Some(now);
        self.met.get_or_insert(now);
        self.outage = None;
        self.start_error = None;
        if let Some(starter) = &self.starter {
            starter.found();
        }
        self.older = self.endpoint.clone().filter(|_| skew::is_older(version, &self.options.version));
        let held: Vec<CallKey> = self.calls.iter().map(|(key, _)| key).collect();
        for key in held {
            self.engine.note(now, key, "the exai daemon is connected");
        }
    }

    fn on_rejected(&mut self, now: Duration, code: RejectCode, message: &str) {
        if let Some(suppressed) = self.throttles.rejected.admit(now) {
            tracing::warn!(?code, message, suppressed, "session rejected");
        }
    }

    fn want_catalogue(&mut self, now: Duration, hash: &str) {
        if hash != self.tools.hash {
            self.session.get_catalogue(now);
        } else if self.snapshot != Snapshot::Current {
            self.keep_catalogue();
        }
    }

    fn on_catalogue(&mut self, hash: String, tools: Box<RawValue>) {
        tracing::info!(hash, "tool definitions of the daemon");
        self.engine.set_tools(tools.clone());
        self.tools = Tools::new(tools, hash);
        self.keep_catalogue();
    }

    /// The snapshot was read, unless a daemon was quicker.
    pub(crate) fn on_snapshot(&mut self, tools: Option<Tools>) {
        if self.snapshot != Snapshot::Unread {
            return;
        }
        self.snapshot = Snapshot::Stale;
        if let Some(tools) = tools {
            self.snapshot = Snapshot::Current;
            self.engine.set_tools(tools.json.clone());
            self.tools = tools;
        }
    }

    fn keep_catalogue(&mut self) {
        let Some(dir) = self.state_dir.clone() else { return };
        self.snapshot = Snapshot::Current;
        let (release, tools) = (self.options.version.clone(), self.tools.clone());
        self.jobs.block(move || {
            if let Err(error) = catalogue::store(&dir, &release, &tools) {
                tracing::warn!(%error, "catalogue.json can't be written");
            }
            Done::Unattended
        });
    }

    fn note(&mut self, now: Duration, call_id: CallId, text: &str) {
        for key in self.calls.keys(call_id) {
            self.engine.note(now, key, text);
        }
    }

    /// Tells those who see progress what they wait for while no daemon answers.
    fn note_waits(&mut self, now: Duration) {
        let text = match self.session.link() {
            Link::Idle | Link::Up { .. } => return,
            Link::Rejected { message, .. } => format!("the exai daemon turns this session away: {message}"),
            Link::Down { .. } => {
                let waited = now.saturating_sub(self.outage.unwrap_or(now)).as_secs();
                let address = &self.address;
                // Hosts show one short line: nothing is said twice, or what to do would be cut off.
                if self.is_silent() {
                    let silent = "takes connections but says nothing";
                    format!("the exai daemon at {address} {silent}, {waited} s: restart it there")
                } else {
                    let error = self.last_error();
                    let error = error.strip_prefix(&format!("{address}: ")).unwrap_or(&error);
                    let start = setup::start_command(&self.options.loaded.settings);
                    let start = start.map(|words| format!("; {words}")).unwrap_or_default();
                    format!("waiting for the exai daemon at {address}, {waited} s: {error}{start}")
                }
            }
        };
        let waiting =
            self.calls.iter().filter(|(_, open)| open.token == Token::Given && open.stage == Stage::Given);
        let keys: Vec<CallKey> = waiting.map(|(key, _)| key).collect();
        for key in keys {
            self.engine.note(now, key, &text);
        }
    }

    fn on_result(&mut self, now: Duration, call_id: CallId, outcome: Outcome, body: Box<RawValue>) {
        let waiters = self.calls.take(call_id);
        let is_task = self.on_task_ended(now, call_id, outcome, &body);
        if (waiters.is_empty() && !is_task) || outcome == Outcome::Cancelled {
            // Nobody is there to be told; the daemon need not keep it for this session.
            self.session.delivered(call_id);
        }
        for (key, open) in waiters {
            if self.stdout.is_full() {
                self.engine.answer(now, key, answer::unread(open.kind.cost(), call_id));
            } else {
                self.calls.answered(key, call_id);
                self.engine.answer(now, key, exai_mcp::Answer::Result(body.clone()));
            }
        }
        self.make_room();
    }

    /// Nothing is in flight here any more: an older local daemon may go.
    pub(crate) fn make_room(&mut self) {
        if self.calls.len() > 0 {
            return;
        }
        if let Some(older) = self.older.take() {
            self.jobs.block(move || skew::ask_to_drain(older));
        }
    }
}
