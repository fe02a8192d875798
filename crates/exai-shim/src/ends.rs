//! Calls that are answered without the daemon's result.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use exai_mcp::{Answer, CallKey};
use exai_session::{EndWhy, Fate, Link, Past};
use exai_wire::CallId;

use crate::answer::{self, Facts};
use crate::calls::{Cost, Kind, Open, Others, Stage};
use crate::endpoint;
use crate::local::{LocalTool, Report};
use crate::shim::{Exit, Shim};

impl Shim {
    /// Answers those whose hosts would give up now.
    pub(crate) fn end_waits(&mut self, now: Duration) {
        for key in self.calls.due(now) {
            let Some((open, others)) = self.calls.remove(key) else { continue };
            let past = self.session.past(open.call_id).unwrap_or(open.past);
            let answer = self.out_of_patience(now, &open, past);
            if others == Others::None && !self.tasks.awaits(open.call_id) {
                self.session.detach(now, open.call_id);
            }
            self.engine.answer(now, key, answer);
        }
        self.make_room();
    }

    /// What a host is told that would give up now. The call goes on.
    pub(crate) fn out_of_patience(&mut self, now: Duration, open: &Open, past: Past) -> Answer {
        if let Kind::Local(tool) = open.kind {
            return answer::local(&self.local_text(now, tool));
        }
        let instead = self.new_task(now, open, past).or_else(|| self.next_round(now, open, past));
        instead.unwrap_or_else(|| {
            tracing::info!(call_id = ?open.call_id, fate = ?past.fate(), "the host's patience ends");
            let last_error = self.last_error();
            let facts = self.facts(now, open, &last_error);
            match open.kind {
                Kind::Collect => answer::still_collecting(&facts),
                Kind::Local(_) | Kind::Tool(_) => answer::patience(past.fate(), &facts),
            }
        })
    }

    /// The session has given up a call.
    pub(crate) fn on_end(&mut self, now: Duration, call_id: CallId, why: EndWhy, past: Past) {
        let fate = past.fate();
        tracing::info!(?call_id, ?why, ?fate, "call ended without its result");
        let why = match why {
            EndWhy::OutOfReach(error) => EndWhy::OutOfReach(self.with_start_error(error)),
            other => other,
        };
        for (key, open) in self.calls.take(call_id) {
            let answer = self.end_of(now, &open, &why, past);
            self.engine.answer(now, key, answer);
        }
        self.on_task_left(now, call_id, &why);
        self.make_room();
    }

    fn end_of(&self, now: Duration, open: &Open, why: &EndWhy, past: Past) -> Answer {
        // An outage may end before the host has come back as often as it may.
        if matches!(why, EndWhy::OutOfReach(_))
            && let Some(round) = self.next_round(now, open, past)
        {
            return round;
        }
        let last_error = self.last_error();
        let facts = self.facts(now, open, &last_error);
        match open.kind {
            Kind::Local(tool) => answer::local(&self.local_text(now, tool)),
            Kind::Collect => answer::end_of_collect(why, past.fate(), &facts),
            Kind::Tool(_) => answer::end(why, past.fate(), &facts),
        }
    }

    /// A daemon that was started here has said that a setting has to be changed: nobody waits for that.
    pub(crate) fn end_unusable(&mut self, now: Duration, why: &str) {
        let given = self.calls.iter().filter(|(_, open)| open.stage == Stage::Given);
        let call_ids: BTreeSet<CallId> = given.map(|(_, open)| open.call_id).collect();
        for call_id in call_ids {
            let past = self.session.past(call_id);
            self.session.detach(now, call_id);
            for (key, open) in self.calls.take(call_id) {
                let fate = may_have_run(past.unwrap_or(open.past));
                let answer = answer::unusable(why, fate, &self.facts(now, &open, why));
                self.engine.answer(now, key, answer);
            }
        }
    }

    /// `EXAI_SHIM_EXIT_AFTER` is over.
    pub(crate) fn give_up(&mut self, now: Duration) {
        tracing::warn!("shim ends: EXAI_SHIM_EXIT_AFTER has passed without a daemon");
        let error = self.last_error();
        let open: Vec<(CallKey, Open)> = self.calls.iter().map(|(key, open)| (key, *open)).collect();
        for (key, open) in open {
            self.calls.remove(key);
            let fate = may_have_run(self.session.past(open.call_id).unwrap_or(open.past));
            let answer = answer::giving_up(fate, &self.facts(now, &open, &error));
            self.engine.answer(now, key, answer);
        }
        self.exit = Some(Exit::Outage);
    }

    fn facts<'a>(&'a self, now: Duration, open: &Open, last_error: &'a str) -> Facts<'a> {
        self.facts_of(open.call_id, open.kind.cost(), open.age(now), last_error)
    }

    /// What a person can do. Beside a daemon that is there and hangs none can be started.
    fn what_to_do(&self) -> Cow<'_, str> {
        match (&self.endpoint, &self.state_dir) {
            (Some(endpoint), Some(dir)) if self.is_held => {
                Cow::Owned(capital(&endpoint::silent(dir, endpoint.pid)) + ".")
            }
            _ if self.is_silent() => Cow::Owned(format!(
                "The daemon at {} takes connections but says nothing: it hangs, or is stopped. Restart it there; no other \
                 one can be started beside it.",
                self.address
            )),
            _ => Cow::Borrowed(&self.start_hint),
        }
    }

    /// Whether somebody takes connections at the address, and says nothing.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self.session.link(), Link::Down { silent: true, .. })
    }

    /// What a sentence about a call of this age may need.
    pub(crate) fn facts_of<'a>(
        &'a self,
        call_id: CallId,
        cost: Cost,
        age: Duration,
        last_error: &'a str,
    ) -> Facts<'a> {
        let refusal = self.session.refusal(call_id);
        Facts { address: &self.address, start: self.what_to_do(), last_error, refusal, call_id, cost, age }
    }

    /// Why no daemon answers; empty while one does.
    pub(crate) fn last_error(&self) -> String {
        match self.session.link() {
            Link::Idle | Link::Up { .. } => String::new(),
            Link::Rejected { message, .. } => message,
            Link::Down { last_error, .. } if last_error.is_empty() => {
                self.with_start_error("the first dial has not ended".to_owned())
            }
            Link::Down { last_error, .. } => self.with_start_error(last_error),
        }
    }

    fn with_start_error(&self, error: String) -> String {
        match &self.start_error {
            Some(start) => format!("{start}; {error}"),
            None => error,
        }
    }

    fn local_text(&self, now: Duration, tool: LocalTool) -> String {
        let mut link = self.session.link();
        if let Link::Down { last_error, .. } = &mut link {
            *last_error = self.with_start_error(std::mem::take(last_error));
        }
        let start = self.what_to_do();
        let report = Report {
            version: &self.options.version,
            age: now,
            address: &self.address,
            link: &link,
            open_calls: self.calls.len(),
            start: &start,
        };
        report.text(tool, now)
    }
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// Whatever was sent may have run; a daemon that comes to no start keeps nothing of it.
fn may_have_run(past: Past) -> Fate {
    if past.fate() == Fate::NotSent { Fate::NotSent } else { Fate::Sent }
}
