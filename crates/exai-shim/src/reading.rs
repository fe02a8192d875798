//! Calls that name files: what those hold is put into the params before the daemon sees them.

use std::sync::Arc;
use std::time::Duration;

use exai_mcp::{CallKey, IncomingCall};
use exai_session::Fate;
use serde_json::value::RawValue;

use crate::answer;
use crate::calls::Open;
use crate::event::Done;
use crate::shim::Shim;

/// Bytes of params whose files are being read; as much as the session holds afterwards.
const READING_BYTES_MAX: usize = 64 << 20;

/// A call whose files are being read.
#[derive(Debug)]
pub(crate) struct Reading {
    method: String,
    trace: Option<Box<RawValue>>,
    bytes: usize,
    /// When the call is answered although the disk does not.
    pub(crate) until: Duration,
}

impl Shim {
    /// Begins to read the files that a call names.
    pub(crate) fn read_files(&mut self, now: Duration, call: IncomingCall, argument: String, open: &Open) {
        let IncomingCall { key, params, method, trace, .. } = call;
        let bytes = params.get().len();
        let waiting: usize = self.reading.values().map(|reading| reading.bytes).sum();
        if waiting + bytes > READING_BYTES_MAX {
            self.calls.remove(key);
            let text =
                "Not run: the files of too many calls are being read. Wait for answers before asking more.";
            return self.engine.answer(now, key, answer::failure(text));
        }
        let until = open.until.unwrap_or(self.moments(open).deadline);
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

    /// Files are read, or can't be.
    pub(crate) fn on_files(&mut self, now: Duration, key: CallKey, read: Result<Box<RawValue>, String>) {
        let Some(Reading { method, trace, .. }) = self.reading.remove(&key) else { return };
        let Some(open) = self.calls.get(key).copied() else { return };
        match read {
            Ok(params) => self.give(now, key, method, params, trace),
            // The daemon may have had it with what the files held then.
            Err(_) if open.past.fate() != Fate::NotSent => self.join(now, key, &open),
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
            let age = open.age(now).as_secs();
            tracing::warn!(call_id = ?open.call_id, age, "files not read in time");
            let answer = match open.past.fate() {
                Fate::NotSent => answer::failure(&format!(
                    "Not run: reading the files did not end within {age} s. The disk or the network share that holds \
                     them does not answer; asking again is safe, without them or once it does."
                )),
                _ => self.out_of_patience(now, &open, open.past),
            };
            self.engine.answer(now, key, answer);
        }
    }
}
