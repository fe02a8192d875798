//! What the host asks for.

use std::time::Duration;

use exai_mcp::{CallKey, Era, Event, HostInfo, IncomingCall, Token};
use exai_session::{Fate, Link, NewCall};
use exai_wire::{AdoptKey, Fingerprint, Peer};
use serde_json::value::RawValue;

use crate::answer;
use crate::calls::{Cost, Kind, Manners, Open, Others, Stage};
use crate::collect::COLLECT;
use crate::digest;
use crate::event::Done;
use crate::host_profile::{self, Limits};
use crate::local::{self, LocalTool};
use crate::nearest::nearest;
use crate::params;
use crate::rounds::{LATE_WAIT, ROUND_MAX, ROUNDS_MAX, Turn};
use crate::shim::Shim;

/// After a completed handshake, how long until a daemon is dialled although nobody calls. Probes and throw-away
/// processes are gone by then.
const DIAL_AFTER: Duration = Duration::from_secs(2);

/// Longest name and version of a host that are kept, in characters.
const HOST_CHARS_MAX: usize = 120;

impl Shim {
    /// An event of the engine.
    pub(crate) fn on_request(&mut self, now: Duration, event: Event) {
        match event {
            Event::Call(call) => self.on_call(now, call),
            Event::Cancelled { key, reason } => self.on_cancelled(now, key, reason.as_deref()),
            Event::Task { key, .. } if !self.problems.is_empty() => {
                self.engine.answer(now, key, answer::no_settings(&self.problems));
            }
            Event::Task { key, id, verb } => self.on_task(now, key, id, verb),
            // A wrong address must not be dialled for it.
            Event::Watched(_) if !self.problems.is_empty() => {}
            Event::Watched(tasks) => self.on_watched(now, &tasks),
            Event::HandshakeDone => self.on_handshake_done(now),
            Event::HostKnown(host) => self.on_host(&host),
        }
    }

    fn on_host(&mut self, host: &HostInfo) {
        let cut = |text: &str| text.chars().take(HOST_CHARS_MAX).collect();
        let host = Peer { name: cut(&host.name), version: cut(&host.version) };
        tracing::info!(name = host.name, version = host.version, "host");
        self.session.set_host(host.clone());
        self.host = Some(host);
    }

    fn on_handshake_done(&mut self, now: Duration) {
        if self.session.link() == Link::Idle && self.problems.is_empty() {
            self.dial_at = Some(now + DIAL_AFTER);
        }
    }

    /// A call has come, or may be looked at again.
    pub(crate) fn on_call(&mut self, now: Duration, call: IncomingCall) {
        let key = call.key;
        let Some(tool) = call.tool.as_deref() else {
            return self.engine.answer(now, key, answer::invalid_params("params.name is missing"));
        };
        if tool != COLLECT && !self.tools.names().any(|name| name == tool) {
            let near = nearest(tool, self.tools.names());
            return self.engine.answer(now, key, answer::unknown_tool(tool, near, self.tools.names()));
        }
        if !self.problems.is_empty() {
            return self.mend(now, call);
        }
        let digest = match call.era {
            Era::Modern => digest::of_call(tool, &call.params),
            Era::Legacy => digest::Digest::default(),
        };
        match &call.request_state {
            _ if call.era == Era::Legacy => self.serve(now, call, Turn::first(digest)),
            None => {
                self.want_seal_key();
                self.serve(now, call, Turn::first(digest));
            }
            Some(_) => self.on_return(now, call, digest),
        }
    }

    /// Serves a call, the first time or again.
    pub(crate) fn serve(&mut self, now: Duration, call: IncomingCall, turn: Turn) {
        let tool = call.tool.as_deref().unwrap_or_default();
        if tool == COLLECT {
            return self.on_collect(now, &call, turn);
        }
        let key = call.key;
        let kind = LocalTool::of(tool).map_or(Kind::Tool(self.tools.cost(tool)), Kind::Local);
        let argument = self.options.catalogue.files.get(tool);
        let files =
            argument.filter(|name| params::arguments(&call.params).contains_key(name.as_str())).cloned();
        let open = self.opened(now, &call, kind, turn);
        self.calls.insert(key, open);
        // Who comes late, or once more after the answer, gets what there is; nothing is run for him.
        let is_open = self.session.past(open.call_id).is_some();
        if turn.is_late() || is_open || self.session.was_answered(open.call_id) {
            return self.join(now, key, &open);
        }
        match files {
            Some(argument) => self.read_files(now, call, argument, &open),
            None => self.give(now, key, call.method, call.params, call.trace),
        }
    }

    /// A call as it is kept from here on.
    pub(crate) fn opened(&self, now: Duration, call: &IncomingCall, kind: Kind, turn: Turn) -> Open {
        let rounds = (call.era == Era::Modern && !matches!(kind, Kind::Local(_))).then_some(turn.rounds);
        let mut open = Open {
            call_id: turn.call_id,
            kind,
            stage: Stage::Reading,
            asked: now,
            earlier: turn.earlier,
            until: None,
            waited: None,
            token: call.token,
            host: Manners { rounds, tasks: call.tasks },
            digest: turn.digest,
            fingerprint: turn.fingerprint,
            past: turn.past,
        };
        open.until = self.until(&open);
        open
    }

    /// Work beside the loop is done.
    pub(crate) fn on_job(&mut self, now: Duration, done: Done) {
        match done {
            Done::Files(key, read) => self.on_files(now, key, read),
            // Asked again when the next call has ended, if it is still the one that is connected.
            Done::StillBusy(older) => {
                self.older = self.older.take().or(Some(older).filter(|_| self.up.is_some()))
            }
            Done::Located(conn, located) => self.on_located(now, conn, located),
            Done::Seen(is_there) => self.on_seen(now, is_there),
            Done::Snapshot(tools) => self.on_snapshot(tools),
            Done::SealKey(key) => self.on_seal_key(now, key),
            Done::Settings(loaded) => self.on_settings(now, *loaded),
            Done::Unattended => {}
        }
    }

    /// Hands a call to the session.
    pub(crate) fn give(
        &mut self,
        now: Duration,
        key: CallKey,
        method: String,
        params: Box<RawValue>,
        trace: Option<Box<RawValue>>,
    ) {
        let Some(open) = self.calls.get(key).copied() else { return };
        let Moments { deadline, hold } = self.moments(&open);
        // One that is asked again has the fingerprint of the first time: files may have changed since.
        let fingerprint = open
            .fingerprint
            .unwrap_or_else(|| Fingerprint::from_bytes(digest::of_parts(&method, params.get())));
        // What costs nothing is asked anew.
        let adopt_key = (open.kind == Kind::Tool(Cost::Metered)).then(|| self.adopt_key(&params));
        let call = NewCall {
            call_id: open.call_id,
            fingerprint,
            method,
            params,
            adopt_key,
            trace,
            deadline,
            hold,
            past: open.past,
        };
        self.calls.given(key, Some(fingerprint));
        self.dial_at = None;
        if let Err(too_much) = self.session.call(now, call) {
            self.calls.remove(key);
            let answer = match open.past.fate() {
                Fate::NotSent => {
                    answer::failure(&format!("Not run: {too_much}. Wait for answers before asking more."))
                }
                _ => self.out_of_patience(now, &open, open.past),
            };
            self.engine.answer(now, key, answer);
        }
    }

    fn adopt_key(&self, params: &RawValue) -> AdoptKey {
        let host = self.host.as_ref().map(|host| host.name.as_str());
        AdoptKey::from_bytes(digest::of_question(params, host, self.options.cwd.as_deref()))
    }

    /// Waits for a call that the daemon may have, without bringing it.
    pub(crate) fn join(&mut self, now: Duration, key: CallKey, open: &Open) {
        self.calls.given(key, None);
        self.dial_at = None;
        if self.session.past(open.call_id).is_some() {
            return;
        }
        if self.session.is_cancelled(open.call_id) {
            self.calls.remove(key);
            return self.engine.answer(now, key, answer::failure(answer::CANCELLED));
        }
        let Moments { deadline, hold } = self.moments(open);
        if let Err(too_much) = self.session.attach(now, open.call_id, deadline, hold) {
            self.calls.remove(key);
            self.engine.answer(now, key, answer::failure(&format!("Not collected: {too_much}.")));
        }
    }

    fn on_cancelled(&mut self, now: Duration, key: CallKey, reason: Option<&str>) {
        self.forget_return(key);
        self.tasks.forget_question(key);
        self.mending.forget(key);
        if self.reading.remove(&key).is_some() {
            self.jobs.forget(key);
        }
        let Some((open, others)) = self.calls.remove(key) else { return };
        if others == Others::Some || self.tasks.awaits(open.call_id) {
            return;
        }
        let age = now.saturating_sub(open.asked);
        let reason = reason.unwrap_or_default();
        if open.kind == Kind::Collect || self.limits().is_timeout(open.token, age, Some(reason)) {
            self.session.detach(now, open.call_id);
        } else if open.stage == Stage::Given {
            self.session.cancel(now, open.call_id, reason);
        } else if open.past.fate() != Fate::NotSent {
            // Too many calls are open: then it goes on, and its answer is kept for nobody.
            let _ = self.session.cancel_other(now, open.call_id, self.moments(&open).deadline, reason);
        }
    }

    fn limits(&self) -> Limits<'_> {
        let host = self.host.as_ref().map(|host| host.name.as_str());
        Limits { host, told: self.options.loaded.settings.calls.host_timeout }
    }

    /// When a call is answered whatever its state, so that its host hears it.
    fn until(&self, open: &Open) -> Option<Duration> {
        if matches!(open.kind, Kind::Local(_)) {
            // A daemon that is connected but hangs keeps nobody waiting for these either.
            return Some(open.asked + local::HOLD);
        }
        let patience = self.limits().patience(open.token)?;
        // The last answer may take as long as the host lets it.
        let again = open.host.rounds.is_some_and(|rounds| rounds < ROUNDS_MAX);
        let patience = if again { patience.min(ROUND_MAX) } else { patience };
        Some(open.asked + patience).filter(|until| *until < self.moments(open).deadline)
    }

    /// When the session ends a call without its result.
    pub(crate) fn moments(&self, open: &Open) -> Moments {
        let settings = &self.options.loaded.settings.calls;
        let left = settings.timeout.saturating_sub(open.earlier);
        let deadline = open.asked + left.max(LATE_WAIT.min(settings.timeout));
        let host = self.host.as_ref().map(|host| host.name.as_str());
        let hold = match (open.kind, open.token) {
            (Kind::Local(_), _) => Some(local::HOLD),
            (_, Token::Absent) => Some(settings.hold),
            (_, Token::Given) if host_profile::is_terminal(host) => Some(settings.hold),
            // Held to the deadline, or to the end of the host's patience.
            (_, Token::Given) => None,
        };
        Moments { deadline, hold }
    }
}

/// When a call is ended without its result, and how long it is held while no daemon is in reach.
pub(crate) struct Moments {
    pub(crate) deadline: Duration,
    pub(crate) hold: Option<Duration>,
}
