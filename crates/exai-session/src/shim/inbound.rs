//! Frames from the daemon.

use std::cmp::Ordering;
use std::time::Duration;

use exai_wire::{
    Answer, Ask, CallId, Cancel, DaemonBeat, DaemonFrame, Note, Refused, Reject, ResultFrame, ShimFrame,
    Started, Welcome,
};
use serde_json::value::RawValue;

use super::ShimEnd;
use super::event::{ConnNo, EndWhy, ShimEvent};
use super::link::{ASKED_PAUSE_MAX, Daemon};

/// Pause before a refused call is sent again, where the daemon names none.
const RETRY_AFTER: Duration = Duration::from_millis(250);
const ASK_UNSUPPORTED: &str = r#"{"code":-32601,"message":"this host takes no requests"}"#;

impl ShimEnd {
    /// A text message arrived.
    pub fn frame(&mut self, now: Duration, conn: ConnNo, text: &str) {
        if !self.link.is_current(conn) {
            return;
        }
        self.bytes_received(now, conn);
        match DaemonFrame::decode(text) {
            Ok(Some(frame)) if self.link.awaits_welcome(conn) => self.greeted(now, conn, frame),
            Ok(Some(frame)) => self.told(now, frame),
            Ok(None) => {}
            Err(error) => {
                self.events.push_back(ShimEvent::Close { conn });
                self.closed(now, conn, &format!("the daemon sent what is no frame: {error}"));
            }
        }
    }

    fn greeted(&mut self, now: Duration, conn: ConnNo, frame: DaemonFrame) {
        match frame {
            DaemonFrame::Welcome(welcome) => self.welcomed(now, conn, &welcome),
            DaemonFrame::Reject(reject) => self.turned_away(now, reject),
            _ => {}
        }
    }

    fn turned_away(&mut self, now: Duration, reject: Reject) {
        self.drop_candidate();
        self.rejected(now, reject.code, reject.message, reject.retry_after_ms.map(Duration::from_millis));
    }

    fn welcomed(&mut self, now: Duration, conn: ConnNo, welcome: &Welcome) {
        let before = self.link.daemon.clone();
        let outage = self.promote(now, conn, welcome);
        self.doubt_if_restored(before.as_ref(), welcome);
        let mut known = 0;
        for call in welcome.calls.iter().filter(|call| call.known) {
            if let Some(open) = self.calls.get_mut(call.call_id) {
                known += usize::from(!open.cancelled);
                // A welcome waits for what it calls known to be durable.
                open.accepted_seen = true;
                open.under = Some(welcome.journal);
                open.retry_at = None;
            }
        }
        // What was cancelled after the hello, whose list said otherwise, or without having been open here; for the
        // others it is said twice.
        for call_id in self.calls.in_order(|_, open| open.cancelled) {
            if let Some(open) = self.calls.get_mut(call_id) {
                open.under.get_or_insert(welcome.journal);
            }
            self.send(now, &ShimFrame::Cancel(Cancel { call_id, reason: String::new() }));
        }
        for call_id in std::mem::take(&mut self.owed) {
            self.leave(now, call_id);
        }
        let calls_held = self.calls.waiting();
        let resent = self.send_unknown(now, welcome);
        self.events.push_back(ShimEvent::Resumed {
            outage,
            calls_held,
            resent,
            known,
            version: welcome.version.clone(),
            catalogue_hash: welcome.catalogue_hash.clone(),
        });
    }

    /// An epoch that went back, or that another start has had, is of a journal restored from an old copy: what was accepted
    /// in between is lost with it, so every call that was sent must be taken for one that may have run.
    fn doubt_if_restored(&mut self, before: Option<&Daemon>, welcome: &Welcome) {
        let restored = |was: &Daemon| match was.epoch.cmp(&welcome.epoch) {
            Ordering::Less => false,
            Ordering::Equal => was.start.is_some() && welcome.start.is_some() && was.start != welcome.start,
            Ordering::Greater => true,
        };
        if before.is_some_and(|was| was.journal == welcome.journal && restored(was)) {
            for open in self.calls.iter_mut().filter(|open| open.under.is_some()) {
                open.accepted_seen = true;
            }
        }
    }

    /// Sends what the daemon does not know, in the host's order: calls never sent, and calls it has forgotten.
    fn send_unknown(&mut self, now: Duration, welcome: &Welcome) -> usize {
        let known = |id: &CallId| welcome.calls.iter().any(|call| call.call_id == *id && call.known);
        let unknown = self.calls.in_order(|id, open| !open.cancelled && !known(id));
        let resent =
            unknown.iter().filter(|id| welcome.calls.iter().any(|call| call.call_id == **id)).count();
        for call_id in unknown {
            self.send_call(now, call_id);
        }
        resent
    }

    fn told(&mut self, now: Duration, frame: DaemonFrame) {
        match frame {
            DaemonFrame::Accepted(accepted) => self.accepted(accepted.call_id),
            DaemonFrame::Started(started) => self.started(started),
            DaemonFrame::Note(note) => self.noted(note),
            DaemonFrame::Result(result) => self.ended(result),
            DaemonFrame::Refused(refused) => self.refused(now, refused),
            DaemonFrame::Beat(beat) => self.beaten(beat),
            DaemonFrame::Goaway(goaway) => self.link.go_away(goaway),
            DaemonFrame::Catalogue(catalogue) => {
                self.events.push_back(ShimEvent::Catalogue { hash: catalogue.hash, tools: catalogue.tools });
            }
            DaemonFrame::Ask(ask) => self.asked(now, &ask),
            DaemonFrame::Unask(_) | DaemonFrame::Welcome(_) | DaemonFrame::Reject(_) => {}
        }
    }

    fn accepted(&mut self, call_id: CallId) {
        let journal = self.link.journal();
        if let Some(open) = self.calls.get_mut(call_id)
            && !std::mem::replace(&mut open.accepted_seen, true)
        {
            open.under = journal;
            self.events.push_back(ShimEvent::Accepted { call_id });
        }
    }

    fn noted(&mut self, note: Note) {
        let Some(open) = self.calls.get_mut(note.call_id).filter(|open| !open.cancelled) else { return };
        match note.text {
            Some(text) => self.events.push_back(ShimEvent::Note { call_id: note.call_id, text }),
            None => open.attempt_unused = open.attempts_seen == note.attempt.saturating_add(1),
        }
    }

    fn started(&mut self, started: Started) {
        let journal = self.link.journal();
        let Some(open) = self.calls.get_mut(started.call_id) else { return };
        open.accepted_seen = true;
        open.under = journal;
        open.attempts_seen = open.attempts_seen.max(started.attempt);
        open.attempt_unused = false;
        if !open.cancelled {
            let Started { call_id, attempt, provider, model } = started;
            self.events.push_back(ShimEvent::Started { call_id, attempt, provider, model });
        }
    }

    fn ended(&mut self, result: ResultFrame) {
        let ResultFrame { call_id, attempt, outcome, body, replayed } = result;
        match self.calls.remove(call_id) {
            Some(open) if open.cancelled => self.receipts.owe(call_id),
            Some(_) => {
                self.receipts.handed_out(call_id);
                self.events.push_back(ShimEvent::Result {
                    call_id,
                    outcome,
                    body,
                    attempts: attempt,
                    replayed,
                });
            }
            None => self.receipts.repeated(call_id),
        }
    }

    fn refused(&mut self, now: Duration, refused: Refused) {
        let journal = self.link.journal();
        let Some(open) = self.calls.get_mut(refused.call_id) else { return };
        open.refused_under(journal, refused.code);
        if open.cancelled {
            self.calls.remove(refused.call_id);
        } else if refused.code.is_retryable() {
            let asked = refused.retry_after_ms.map_or(RETRY_AFTER, Duration::from_millis);
            open.retry_at = Some(now + asked.clamp(RETRY_AFTER, ASKED_PAUSE_MAX));
            if !refused.message.is_empty() {
                open.refusal.clone_from(&refused.message);
                let text = format!("not taken yet: {}", refused.message);
                self.events.push_back(ShimEvent::Note { call_id: refused.call_id, text });
            }
        } else {
            self.end(now, refused.call_id, EndWhy::Refused(refused.code, refused.message));
        }
    }

    fn beaten(&mut self, beat: DaemonBeat) {
        if let Some(daemon) = &mut self.link.daemon
            && !beat.catalogue_hash.is_empty()
            && daemon.catalogue_hash != beat.catalogue_hash
        {
            daemon.catalogue_hash.clone_from(&beat.catalogue_hash);
            self.events.push_back(ShimEvent::CatalogueChanged { hash: beat.catalogue_hash });
        }
    }

    /// The built-in catalogue never asks the host; a daemon that does gets an answer all the same, at once.
    fn asked(&mut self, now: Duration, ask: &Ask) {
        let error = RawValue::from_string(ASK_UNSUPPORTED.to_owned()).ok();
        let answer = Answer { call_id: ask.call_id, ask_no: ask.ask_no, result: None, error };
        self.send(now, &ShimFrame::Answer(answer));
    }
}
