//! What the host asks for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use exai_mcp::{CallKey, Event, HostInfo, IncomingCall, Token};
use exai_session::{Link, NewCall};
use exai_wire::{CallId, Fingerprint, Peer};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::answer;
use crate::calls::{Kind, Open, Others, Stage};
use crate::event::Done;
use crate::host_profile;
use crate::local::{self, LocalTool};
use crate::nearest::nearest;
use crate::random;
use crate::shim::Shim;

/// After a completed handshake, how long until a daemon is dialled although nobody calls. Probes and throw-away
/// processes are gone by then.
const DIAL_AFTER: Duration = Duration::from_secs(2);

/// The tool that waits for the answer of another call. The shim serves it.
const COLLECT: &str = "collect";

/// Bytes of params whose files are being read; as much as the session holds afterwards.
const READING_BYTES_MAX: usize = 64 << 20;

/// Longest name and version of a host that are kept, in characters.
const HOST_CHARS_MAX: usize = 120;

/// A call whose files are being read.
#[derive(Debug)]
pub(crate) struct Reading {
    method: String,
    trace: Option<Box<RawValue>>,
    bytes: usize,
    /// When the call is answered although the disk does not.
    pub(crate) until: Duration,
}

/// `params` of a call, as far as the shim reads them.
#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    arguments: Option<BTreeMap<Cow<'a, str>, &'a RawValue>>,
}

impl Shim {
    /// An event of the engine.
    pub(crate) fn on_request(&mut self, now: Duration, event: Event) {
        match event {
            Event::Call(call) => self.on_call(now, call),
            Event::Cancelled { key, reason } => self.on_cancelled(now, key, reason.as_deref()),
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
        if self.session.link() == Link::Idle {
            self.dial_at = Some(now + DIAL_AFTER);
        }
    }

    fn on_call(&mut self, now: Duration, call: IncomingCall) {
        let key = call.key;
        let Some(tool) = call.tool.as_deref() else {
            return self.engine.answer(now, key, answer::invalid_params("params.name is missing"));
        };
        if tool != COLLECT && !self.tools.names().any(|name| name == tool) {
            let near = nearest(tool, self.tools.names());
            return self.engine.answer(now, key, answer::unknown_tool(tool, near, self.tools.names()));
        }
        if !self.problems.is_empty() {
            return self.engine.answer(now, key, answer::settings(&self.problems));
        }
        if tool == COLLECT {
            return self.on_collect(now, &call);
        }
        let kind = LocalTool::of(tool).map_or(Kind::Tool(self.tools.cost(tool)), Kind::Local);
        let argument = self.options.catalogue.files.get(tool);
        let files = argument.filter(|name| has_argument(&call.params, name)).cloned();
        let open =
            Open { call_id: random::call_id(), kind, stage: Stage::Reading, began: now, token: call.token };
        self.calls.insert(key, open);
        match files {
            Some(argument) => self.read_files(now, call, argument, &open),
            None => self.give(now, key, call.method, call.params, call.trace),
        }
    }

    fn read_files(&mut self, now: Duration, call: IncomingCall, argument: String, open: &Open) {
        let IncomingCall { key, params, method, trace, .. } = call;
        let bytes = params.get().len();
        let waiting: usize = self.reading.values().map(|reading| reading.bytes).sum();
        if waiting + bytes > READING_BYTES_MAX {
            self.calls.remove(key);
            let text =
                "Not run: the files of too many calls are being read. Wait for answers before asking more.";
            return self.engine.answer(now, key, answer::failure(text));
        }
        let Moments { deadline, patience, .. } = self.moments(open);
        let until = patience.unwrap_or(deadline);
        self.reading.insert(key, Reading { method, trace, bytes, until });
        let (rules, inline) = (Arc::clone(&self.file_rules), self.inline);
        self.jobs.read(key, move || {
            let read = match inline(&params, &argument, &rules) {
                Ok(Some(inlined)) => Ok(inlined.params),
                Ok(None) => Ok(params),
                Err(error) => Err(error.to_string()),
            };
            Done::Files(key, read)
        });
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
            Done::Unattended => {}
        }
    }

    /// Files are read, or can't be.
    fn on_files(&mut self, now: Duration, key: CallKey, read: Result<Box<RawValue>, String>) {
        let Some(Reading { method, trace, .. }) = self.reading.remove(&key) else { return };
        if self.calls.get(key).is_none() {
            return;
        }
        match read {
            Ok(params) => self.give(now, key, method, params, trace),
            Err(sentence) => {
                self.calls.remove(key);
                self.engine.answer(now, key, answer::failure(&sentence));
            }
        }
    }

    /// Answers the calls whose files could not be read in time.
    pub(crate) fn end_reading(&mut self, now: Duration) {
        let late = self.reading.iter().filter(|(_, reading)| reading.until <= now);
        let late: Vec<CallKey> = late.map(|(key, _)| *key).collect();
        for key in late {
            self.reading.remove(&key);
            self.jobs.forget(key);
            let Some((open, _)) = self.calls.remove(key) else { continue };
            let age = now.saturating_sub(open.began).as_secs();
            tracing::warn!(call_id = ?open.call_id, age, "files not read in time");
            let text = format!(
                "Not run: reading the files did not end within {age} s. The disk or the network share that holds \
                 them does not answer; asking again is safe, without them or once it does."
            );
            self.engine.answer(now, key, answer::failure(&text));
        }
    }

    /// Hands a call to the session.
    fn give(
        &mut self,
        now: Duration,
        key: CallKey,
        method: String,
        params: Box<RawValue>,
        trace: Option<Box<RawValue>>,
    ) {
        let Some(open) = self.calls.get(key).copied() else { return };
        let moments = self.moments(&open);
        let call = NewCall {
            call_id: open.call_id,
            fingerprint: fingerprint(&method, &params),
            method,
            params,
            adopt_key: None,
            trace,
            deadline: moments.deadline,
            patience: moments.patience,
            hold: moments.hold,
        };
        self.calls.given(key);
        self.dial_at = None;
        if let Err(too_much) = self.session.call(now, call) {
            self.calls.remove(key);
            let text = format!("Not run: {too_much}. Wait for answers before asking more.");
            self.engine.answer(now, key, answer::failure(&text));
        }
    }

    fn on_collect(&mut self, now: Duration, call: &IncomingCall) {
        let key = call.key;
        let (call_id, wait) = match collect_arguments(&call.params) {
            Ok(arguments) => arguments,
            Err(sentence) => return self.engine.answer(now, key, answer::failure(&sentence)),
        };
        let open = Open { call_id, kind: Kind::Collect, stage: Stage::Given, began: now, token: call.token };
        let joined = self.calls.is_awaited(call_id);
        self.calls.insert(key, open);
        if joined {
            return;
        }
        let moments = self.moments(&open);
        let waited = wait.map(|wait| now.saturating_add(wait));
        let patience = [moments.patience, waited].into_iter().flatten().min();
        self.dial_at = None;
        if let Err(too_much) = self.session.attach(now, call_id, moments.deadline, patience, moments.hold) {
            self.calls.remove(key);
            self.engine.answer(now, key, answer::failure(&format!("Not collected: {too_much}.")));
        }
    }

    fn on_cancelled(&mut self, now: Duration, key: CallKey, reason: Option<&str>) {
        if self.reading.remove(&key).is_some() {
            self.jobs.forget(key);
        }
        let Some((open, others)) = self.calls.remove(key) else { return };
        if others == Others::Some || open.stage == Stage::Reading {
            return;
        }
        let age = now.saturating_sub(open.began);
        let host = self.host.as_ref().map(|host| host.name.as_str());
        if open.kind == Kind::Collect || host_profile::is_timeout(host, open.token, age, reason) {
            self.session.detach(now, open.call_id);
        } else {
            self.session.cancel(now, open.call_id, reason.unwrap_or_default());
        }
    }

    /// When a call is answered without its result.
    fn moments(&self, open: &Open) -> Moments {
        let settings = &self.options.loaded.settings.calls;
        let host = self.host.as_ref().map(|host| host.name.as_str());
        let deadline = open.began + settings.timeout;
        let patience = host_profile::patience(host, open.token).map(|patience| open.began + patience);
        let patience = patience.filter(|patience| *patience < deadline);
        let (patience, hold) = match (open.kind, open.token) {
            // A daemon that is connected but hangs keeps nobody waiting for these either.
            (Kind::Local(_), _) => (Some(open.began + local::HOLD), Some(local::HOLD)),
            (_, Token::Absent) => (patience, Some(settings.hold)),
            (_, Token::Given) if host_profile::is_terminal(host) => (patience, Some(settings.hold)),
            // Held to the deadline, or to the end of the host's patience.
            (_, Token::Given) => (patience, None),
        };
        Moments { deadline, patience, hold }
    }
}

struct Moments {
    deadline: Duration,
    patience: Option<Duration>,
    hold: Option<Duration>,
}

/// The first half of SHA-256: 128 bits tell payloads apart by far.
fn fingerprint(method: &str, params: &RawValue) -> Fingerprint {
    let hash = Sha256::new().chain_update(method).chain_update([0]).chain_update(params.get()).finalize();
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Fingerprint::from_bytes(half)
}

fn has_argument(params: &RawValue, name: &str) -> bool {
    let params: Result<Params<'_>, _> = serde_json::from_str(params.get());
    let arguments = params.ok().and_then(|params| params.arguments);
    arguments.is_some_and(|arguments| arguments.contains_key(name))
}

/// The id of the call, and how long to wait for its answer. Models write numbers as texts, too.
fn collect_arguments(params: &RawValue) -> Result<(CallId, Option<Duration>), String> {
    let params: Option<Params<'_>> = serde_json::from_str(params.get()).ok();
    let mut arguments = params.and_then(|params| params.arguments).unwrap_or_default();
    let mut text = |name: &str| {
        let raw = arguments.remove(name).map(RawValue::get).filter(|raw| *raw != "null")?;
        Some(serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()))
    };
    let Some(call_id) = text("call_id") else {
        return Err(
            "`collect` needs the argument call_id: the id of the call, which its answer names.".to_owned()
        );
    };
    let call_id = call_id.trim().parse().map_err(|error| format!("`collect`: {error}"))?;
    // What is no number of seconds is no wait; the host's patience bounds it in any case.
    let wait = text("wait_s").map(|wait| match wait.trim().parse::<f64>() {
        Ok(seconds) => Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default()),
        Err(_) => Err("`collect`: wait_s is a number of seconds.".to_owned()),
    });
    Ok((call_id, wait.transpose()?))
}

#[cfg(test)]
mod tests;
