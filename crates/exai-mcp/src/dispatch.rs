//! From a message to what it causes.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::calls::Asks;
use crate::encode::{error_line, result_line};
use crate::engine::{Engine, Opening, Presence};
use crate::envelope::{self, Message};
use crate::error::{RpcError, code};
use crate::event::{Event, IncomingCall, Tasks, Token};
use crate::handshake::{host_info, negotiate};
use crate::json::{Kind, Unreadable, each_element, head_of, kind, text};
use crate::limit::{BATCH_MESSAGES_MAX, OPEN_CALLS_MAX};
use crate::method::{Lookup, Method, lookup};
use crate::outbox::Slot;
use crate::params::{Params, modern_only};
use crate::result::failure_line;
use crate::revision::{BatchAnswer, Era, Revision};
use crate::task::{self, TaskVerb};

/// Longest method name that an error repeats, in characters.
const METHOD_CHARS_MAX: usize = 64;

/// Longest reason of a cancellation, in characters.
const REASON_CHARS_MAX: usize = 1000;

/// What a request comes to.
enum Reply {
    /// Body of the result, raw.
    Now(Cow<'static, str>),
    /// Another part of the engine answers.
    Later,
}

/// A request with all that is needed to serve it.
struct Request<'a> {
    now: Duration,
    slot: Slot,
    id: &'a str,
    revision: Revision,
    method: &'a str,
    params: &'a Params<'a>,
}

impl Engine {
    /// Takes an array of messages.
    ///
    /// # Errors
    ///
    /// The text is no JSON; nothing of it was handled.
    pub(crate) fn handle_batch(&mut self, now: Duration, array: &str) -> Result<(), Unreadable> {
        let mut messages = 0;
        each_element(array, |_| messages += 1)?;
        if messages == 0 || messages > BATCH_MESSAGES_MAX {
            let why = format!("a batch holds 1 to {BATCH_MESSAGES_MAX} messages, this one {messages}");
            self.refuse(Slot::Line, None, &RpcError::new(code::INVALID_REQUEST, why));
            return Ok(());
        }
        let batch = match self.revision().rules().batch {
            BatchAnswer::Array => Some(self.outbox.begin_batch()),
            BatchAnswer::Lines => None,
        };
        let slot = batch.map_or(Slot::Line, Slot::Batch);
        each_element(array, |element| match envelope::read(element.get()) {
            Ok(message) => self.handle_message(now, slot, message),
            Err(_) => self.handle_message(
                now,
                slot,
                Message::Invalid { id: None, why: "a message is a JSON object" },
            ),
        })?;
        if let Some(batch) = batch {
            self.outbox.batch_read(batch);
        }
        Ok(())
    }

    /// Takes one message whose answer, if it wants one, goes to `slot`.
    pub(crate) fn handle_message(&mut self, now: Duration, slot: Slot, message: Message<'_>) {
        match message {
            Message::Request { id, method, params } => self.handle_request(now, slot, id, &method, params),
            Message::Notification { method, params } => self.handle_notification(&method, params),
            Message::Response => {}
            Message::Invalid { id, why } => {
                let error = RpcError::new(code::INVALID_REQUEST, format!("Invalid request: {why}"));
                self.refuse(slot, id, &error);
            }
        }
    }

    fn refuse(&mut self, slot: Slot, id: Option<&str>, error: &RpcError) {
        self.outbox.reply(slot, error_line(id, self.revision(), error));
    }

    fn handle_request(
        &mut self,
        now: Duration,
        slot: Slot,
        id: &str,
        method: &str,
        params: Option<&RawValue>,
    ) {
        let params = &Params::read(params);
        let era = match params.meta.era() {
            Ok(era) => era,
            Err(error) => return self.refuse(slot, Some(id), &error),
        };
        let (revision, slot) = match era {
            Era::Legacy => (self.revision(), slot),
            // The modern era knows no arrays: each of its answers is a line, whatever it came in.
            Era::Modern => (Revision::V2026_07_28, Slot::Line),
        };
        let served = match lookup(method, era) {
            Lookup::Served(served) => {
                self.serve(served, &Request { now, slot, id, revision, method, params })
            }
            Lookup::NeedsModern => Err(modern_only(method)),
            Lookup::Unknown => Err(unknown(method)),
        };
        match served {
            Ok(Reply::Now(body)) => self.outbox.reply(slot, result_line(id, &body)),
            Ok(Reply::Later) => {}
            Err(error) => self.refuse(slot, Some(id), &error),
        }
    }

    fn serve(&mut self, method: Method, request: &Request<'_>) -> Result<Reply, RpcError> {
        let Request { revision, params, .. } = *request;
        if revision.era() == Era::Modern {
            self.learn_host(params.meta.client_info);
            if method != Method::Discover {
                self.tell_presence();
            }
        }
        match method {
            Method::Initialize => self.initialize(params).map(Reply::now),
            Method::Discover => Ok(Reply::now(self.identity.discover())),
            Method::Ping => Ok(Reply::Now(Cow::Borrowed("{}"))),
            Method::ListTools => {
                only_page(params)?;
                Ok(Reply::now(self.identity.list(revision, "tools", self.tools.array(revision))))
            }
            Method::ListNothing(field) => {
                only_page(params)?;
                Ok(Reply::now(self.identity.list(revision, field, "[]")))
            }
            Method::CallTool => self.call(request),
            Method::Listen => {
                self.listen(request)?;
                Ok(Reply::Later)
            }
            Method::Task(verb) => self.task(request, verb),
        }
    }

    fn listen(&mut self, request: &Request<'_>) -> Result<(), RpcError> {
        let params = request.params;
        let tasks = params.notifications.map(task::watched).transpose()?.flatten();
        if tasks.is_some() && !params.meta.declares_tasks() {
            return Err(task::undeclared());
        }
        let acknowledgement =
            self.subscriptions.listen(request.id, params.notifications, tasks.as_deref())?;
        self.outbox.notify(acknowledgement);
        if let Some(tasks) = tasks.filter(|tasks| !tasks.is_empty()) {
            self.events.push_back(Event::Watched(tasks));
        }
        Ok(())
    }

    fn task(&mut self, request: &Request<'_>, verb: TaskVerb) -> Result<Reply, RpcError> {
        let Request { now, slot, id, revision, params, .. } = *request;
        if !params.meta.declares_tasks() {
            return Err(task::undeclared());
        }
        let task = task::named(params.task_id)?;
        if self.calls.len() >= OPEN_CALLS_MAX {
            let message = format!("{OPEN_CALLS_MAX} requests are open already; wait for an answer");
            return Err(RpcError::new(code::INTERNAL, message));
        }
        let key = self.calls.open(now, id, revision, slot, Asks::Task, None);
        self.outbox.expect(slot);
        self.events.push_back(Event::Task { key, id: task, verb });
        Ok(Reply::Later)
    }

    fn initialize(&mut self, params: &Params<'_>) -> Result<String, RpcError> {
        let revision = negotiate(params)?;
        self.opening = Opening::Answered(revision);
        self.learn_host(params.client_info);
        Ok(self.identity.initialize(revision))
    }

    fn call(&mut self, request: &Request<'_>) -> Result<Reply, RpcError> {
        let Request { now, slot, id, revision, method, params } = *request;
        let Some((object, tool)) = own_params(revision, params).zip(params.name.and_then(text)) else {
            return Err(RpcError::invalid_params("tools/call needs the string params.name"));
        };
        if params
            .arguments
            .is_some_and(|arguments| kind(arguments) != Kind::Object && arguments.get() != "null")
        {
            return Err(RpcError::invalid_params("params.arguments must be an object"));
        }
        let request_state = params.request_state.filter(|_| revision.era() == Era::Modern);
        let request_state = request_state.map(|state| match text(state) {
            Some(state) => Ok(state.into_owned()),
            None => Err(RpcError::invalid_params("params.requestState must be a string")),
        });
        let request_state = request_state.transpose()?;
        if self.calls.len() >= OPEN_CALLS_MAX {
            let text = format!(
                "Not run: {OPEN_CALLS_MAX} calls are open already. Wait for an answer before asking more."
            );
            self.outbox.reply(slot, failure_line(id, revision, &text, &self.identity.server_info));
            return Ok(Reply::Later);
        }
        let token = params.meta.token().filter(|token| !self.calls.holds_token(token));
        let key = self.calls.open(now, id, revision, slot, Asks::Tool, token);
        self.outbox.expect(slot);
        // A call is proof of a host that means to work, with or without a handshake before it.
        self.tell_presence();
        self.events.push_back(Event::Call(IncomingCall {
            key,
            era: revision.era(),
            revision,
            method: method.to_owned(),
            tool: Some(tool.into_owned()),
            params: object,
            token: if token.is_some() { Token::Given } else { Token::Absent },
            request_state,
            tasks: if params.meta.declares_tasks() { Tasks::Declared } else { Tasks::Undeclared },
            host: self.host.clone(),
            trace: params.meta.trace(),
        }));
        Ok(Reply::Later)
    }

    fn handle_notification(&mut self, method: &str, params: Option<&RawValue>) {
        match method {
            "notifications/initialized" => {
                if let Opening::Answered(revision) = self.opening {
                    self.opening = Opening::Done(revision);
                    self.tell_presence();
                }
            }
            "notifications/cancelled" => self.cancel(&Params::read(params)),
            _ => {}
        }
    }

    fn cancel(&mut self, params: &Params<'_>) {
        let Some(id) = params.request_id.and_then(crate::id::readable) else { return };
        let reason = params.reason.and_then(text).map(|text| head_of(&text, REASON_CHARS_MAX).to_owned());
        for key in self.calls.with_id(id) {
            let Some(call) = self.calls.close(key) else { continue };
            self.outbox.forget(key, call.slot);
            self.events.push_back(Event::Cancelled { key, reason: reason.clone() });
        }
        self.subscriptions.cancel(id);
    }

    fn learn_host(&mut self, client_info: Option<&RawValue>) {
        let Some(host) = client_info.and_then(host_info) else { return };
        if self.host.as_ref() != Some(&host) {
            self.events.push_back(Event::HostKnown(host.clone()));
            self.host = Some(host);
        }
    }

    fn tell_presence(&mut self) {
        if self.presence == Presence::Untold {
            self.presence = Presence::Told;
            self.events.push_back(Event::HandshakeDone);
        }
    }
}

impl Reply {
    fn now(body: String) -> Self {
        Self::Now(Cow::Owned(body))
    }
}

/// What is the call's own in its params. Older revisions know no rounds, so nothing is taken out for them.
fn own_params(revision: Revision, params: &Params<'_>) -> Option<Box<RawValue>> {
    match revision.era() {
        Era::Modern => params.without_rounds(),
        Era::Legacy => params.object.map(ToOwned::to_owned),
    }
}

fn unknown(method: &str) -> RpcError {
    let method = head_of(method, METHOD_CHARS_MAX);
    RpcError::new(code::METHOD_NOT_FOUND, format!("Method not found: {method}"))
}

/// Lists have one page, so no cursor was ever given out.
fn only_page(params: &Params<'_>) -> Result<(), RpcError> {
    match params.cursor {
        Some(cursor) if cursor.get() != "null" => Err(RpcError::invalid_params("unknown cursor")),
        _ => Ok(()),
    }
}
