//! The engine: one host, one stream of lines.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::calls::{Asks, CallTable};
use crate::config::EngineConfig;
use crate::damaged::scan_id;
use crate::encode::{error_line, result_line};
use crate::error::{RpcError, code};
use crate::event::{Answer, CallKey, Event, HostInfo, Output};
use crate::handshake::Identity;
use crate::limit::{LINE_IN_BYTES_MAX, OVERLONG_HEAD_BYTES};
use crate::list::{Change, ToolList};
use crate::outbox::{Outbox, Slot};
use crate::result;
use crate::revision::{Era, Revision};
use crate::subscription::Subscriptions;
use crate::task::{Task, TaskId};

/// The server side of MCP towards one host. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Engine {
    pub(crate) identity: Identity,
    pub(crate) tools: ToolList,
    pub(crate) opening: Opening,
    pub(crate) presence: Presence,
    pub(crate) host: Option<HostInfo>,
    pub(crate) calls: CallTable,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) outbox: Outbox,
    pub(crate) events: VecDeque<Event>,
}

/// How far the legacy handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// No `initialize` yet, perhaps never.
    None,
    /// `initialize` was answered.
    Answered(Revision),
    /// `notifications/initialized` came: the host may be notified.
    Done(Revision),
}

/// Whether [`Event::HandshakeDone`] went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Untold,
    Told,
}

impl Engine {
    /// An engine that has heard nothing yet.
    pub fn new(config: EngineConfig) -> Self {
        Self {
            identity: Identity::new(&config),
            tools: ToolList::new(config.tools),
            opening: Opening::None,
            presence: Presence::Untold,
            host: None,
            calls: CallTable::default(),
            subscriptions: Subscriptions::default(),
            outbox: Outbox::default(),
            events: VecDeque::new(),
        }
    }

    /// Takes one line of the host, without its line feed; byte order mark, CR and blanks around it are tolerated.
    ///
    /// Lines that are neither an object nor an array are noise and are ignored. Damaged ones are answered with
    /// an error, under their id if it can still be told.
    pub fn handle_line(&mut self, now: Duration, line: &[u8]) {
        let Some(line) = message_of(line) else { return };
        if let Some((head, _)) = line.split_at_checked(OVERLONG_HEAD_BYTES)
            && line.len() > LINE_IN_BYTES_MAX
        {
            return self.handle_overlong(now, head, line.len() as u64);
        }
        let Ok(text) = std::str::from_utf8(line) else {
            return self
                .refuse_damaged(line, &RpcError::new(code::PARSE, "Parse error: the line is not UTF-8"));
        };
        let read = match text.starts_with('[') {
            true => self.handle_batch(now, text),
            false => crate::envelope::read(text).map(|message| self.handle_message(now, Slot::Line, message)),
        };
        if let Err(error) = read {
            // The parser's own words give the column, which is what finds the fault.
            self.refuse_damaged(line, &RpcError::new(code::PARSE, format!("Parse error: {error}")));
        }
    }

    /// Takes the head of a line that was longer than [`LINE_IN_BYTES_MAX`]; `bytes` is its whole length.
    /// It is answered with an error that bears its id, if `head` has it.
    pub fn handle_overlong(&mut self, _now: Duration, head: &[u8], bytes: u64) {
        let Some(head) = message_of(head) else { return };
        let message = format!("the message has {bytes} bytes, the limit is {LINE_IN_BYTES_MAX} (16 MiB)");
        self.refuse_damaged(head, &RpcError::new(code::INVALID_REQUEST, message));
    }

    /// Answers a call in the shape of its revision, cut and marked where a line can't hold it. Does nothing if
    /// the call is unknown, answered or cancelled.
    pub fn answer(&mut self, _now: Duration, key: CallKey, answer: Answer) {
        let Some(call) = self.calls.close(key) else { return };
        let (id, server_info) = (&call.id, &self.identity.server_info);
        let reply = match answer {
            Answer::Result(result) => result::answer_line(id, call.revision, &result, server_info),
            // The driver never does this; a host of an older revision must not see it in any case.
            Answer::InputRequired { .. } | Answer::Task(_) if call.revision.era() == Era::Legacy => {
                let error = RpcError::new(code::INTERNAL, "this revision has no such answer");
                error_line(Some(id), call.revision, &error)
            }
            Answer::InputRequired { request_state } => {
                result::input_required_line(id, &request_state, server_info)
            }
            Answer::Task(task) => {
                let result_type = if call.asks == Asks::Tool { "\"task\"" } else { "\"complete\"" };
                task.line(server_info, |fields| result::task_line(id, result_type, fields, server_info))
            }
            Answer::Acknowledged => result::task_line(id, "\"complete\"", "", server_info),
            Answer::Error { code, message, data } => {
                let data = data.map(|data| data.get().to_owned());
                error_line(Some(&call.id), call.revision, &RpcError { code, message: message.into(), data })
            }
        };
        self.outbox.reply_call(call.slot, reply, key);
    }

    /// Sets the text of the call's next progress notification; only its first 120 characters are kept.
    pub fn note(&mut self, _now: Duration, key: CallKey, text: &str) {
        self.calls.note(key, text);
    }

    /// Tells those who have subscribed to a task of its state. Gives the key under which [`Output::answers`] reports
    /// that it was told; nothing if nobody has subscribed.
    pub fn notify_task(&mut self, task: &Task) -> Option<CallKey> {
        let lines = self.subscriptions.task_changed(task, &self.identity.server_info);
        let key = (!lines.is_empty()).then(|| self.calls.next_key())?;
        for line in lines {
            self.outbox.notify_of(key, line);
        }
        Some(key)
    }

    /// Whether somebody has subscribed to this task.
    pub fn is_watched(&self, id: TaskId) -> bool {
        self.subscriptions.watches(id)
    }

    /// Replaces the tool list. The host is told only if the definitions really differ, and, in legacy revisions,
    /// only once it is initialized.
    pub fn set_tools(&mut self, tools: Box<RawValue>) {
        if self.tools.replace(tools) == Change::None {
            return;
        }
        if matches!(self.opening, Opening::Done(_)) {
            self.outbox
                .notify("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}".to_owned());
        }
        for line in self.subscriptions.tools_changed() {
            self.outbox.notify(line);
        }
    }

    /// Ends what is held open: subscriptions get their completion results. Calls are the driver's to answer,
    /// before this.
    pub fn close(&mut self) {
        for (id, body) in self.subscriptions.end(&self.identity.server_info) {
            self.outbox.reply(Slot::Line, result_line(&id, &body));
        }
    }

    /// Next line to write.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outbox.pop()
    }

    /// Next thing to know or do.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Moment at which [`Self::handle_timeout`] wants to be called: the next progress notification.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.calls.next_due()
    }

    /// Emits the progress notifications that are due.
    pub fn handle_timeout(&mut self, now: Duration) {
        while let Some((key, line)) = self.calls.pop_due(now) {
            self.outbox.progress(key, line);
        }
    }

    /// Revision of messages that do not name theirs.
    pub(crate) fn revision(&self) -> Revision {
        match self.opening {
            Opening::None => Revision::NEWEST_LEGACY,
            Opening::Answered(revision) | Opening::Done(revision) => revision,
        }
    }

    fn refuse_damaged(&mut self, line: &[u8], error: &RpcError) {
        self.outbox.reply(Slot::Line, error_line(scan_id(line), self.revision(), error));
    }
}

/// The line without what may stand around a message; nothing if it can't be one.
fn message_of(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    matches!(line.first(), Some(b'{' | b'[')).then_some(line)
}
