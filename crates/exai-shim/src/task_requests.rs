//! Tasks towards the host: made where its patience ends, asked after, watched, cancelled.
//!
//! The call behind a task stays open in the session, so the shim hears of its end. After a restart of the shim the task's
//! name tells the call, which is joined.

use std::time::Duration;

use exai_mcp::{Answer, CallKey, Task, TaskId, TaskState, TaskVerb, Tasks as Declares};
use exai_session::{EndWhy, Link, Past};
use exai_wire::{CallId, Outcome, RefusedCode};
use serde_json::value::RawValue;

use crate::answer;
use crate::calls::{Cost, Open};
use crate::clock::Clock;
use crate::shim::Shim;
use crate::tasks::{Lifetime, Standing, call_of};

/// How long a question waits for news. A host that asks every two seconds hears of an end half as late, and a task that
/// this process does not know is mostly heard of within milliseconds.
const NEWS_WITHIN: Duration = Duration::from_secs(1);

const LOST: &str = "the exai daemon does not know its call, or not any more";

impl Shim {
    /// What a host is given in place of a result: only for calls that the daemon's journal has.
    pub(crate) fn new_task(&mut self, now: Duration, open: &Open, past: Past) -> Option<Answer> {
        let waited = open.waited.is_some_and(|waited| waited <= now);
        let takes_task = open.host.rounds.is_some() && open.host.tasks == Declares::Declared;
        let can_be = past.accepted_seen && open.kind.cost() == Cost::Metered && !waited;
        if !takes_task || !can_be || self.session.past(open.call_id).is_none() {
            return None;
        }
        let created_ms = Clock::wall_ms();
        let id = TaskId { call: *open.call_id.as_bytes(), created_ms };
        self.tasks.keep(id, Standing::Working, created_ms).ok()?;
        self.session.hold_on(open.call_id);
        tracing::info!(call_id = ?open.call_id, "the host is given a task");
        Some(Answer::Task(Box::new(self.task(now, id))))
    }

    /// A host wants something of a task.
    pub(crate) fn on_task(&mut self, now: Duration, key: CallKey, id: TaskId, verb: TaskVerb) {
        match verb {
            TaskVerb::Get => self.question(now, key, id),
            // No task here has questions, so no answer is to one of them.
            TaskVerb::Update => self.engine.answer(now, key, Answer::Acknowledged),
            TaskVerb::Cancel => self.cancel_task(now, key, id),
        }
    }

    /// A host wants to hear of tasks without asking.
    pub(crate) fn on_watched(&mut self, now: Duration, tasks: &[TaskId]) {
        let wall_ms = Clock::wall_ms();
        for &id in tasks {
            // Without room nobody watches it; the host can still ask.
            if self.tasks.keep(id, Standing::Unheard, wall_ms).is_err() {
                continue;
            }
            if matches!(self.tasks.standing(id), Some(Standing::Working | Standing::Over(_))) {
                self.tell_watchers(now, id);
            }
            self.follow(now, id);
        }
    }

    /// The daemon has the call.
    pub(crate) fn on_task_accepted(&mut self, now: Duration, call_id: CallId) {
        for id in self.tasks.open_of(call_id) {
            if matches!(self.tasks.standing(id), Some(Standing::Unheard)) {
                self.tasks.advance(id, Standing::Working, Clock::wall_ms());
                self.tell_watchers(now, id);
            }
        }
    }

    /// The call has its result; whether that is wanted for a task.
    pub(crate) fn on_task_ended(
        &mut self,
        now: Duration,
        call_id: CallId,
        outcome: Outcome,
        body: &RawValue,
    ) -> bool {
        let tasks = self.tasks.open_of(call_id);
        for &id in &tasks {
            let state = match outcome {
                Outcome::Cancelled => TaskState::Cancelled,
                _ => TaskState::Completed(body.to_owned()),
            };
            self.end_task(now, id, state);
        }
        !tasks.is_empty()
    }

    /// The session has given up the call. Unless the daemon has lost it, it is joined again when somebody asks.
    pub(crate) fn on_task_left(&mut self, now: Duration, call_id: CallId, why: &EndWhy) {
        for id in self.tasks.open_of(call_id) {
            match (why, self.tasks.standing(id)) {
                (EndWhy::Refused(RefusedCode::UnknownCall, _), Some(Standing::Unheard)) => {
                    self.tasks.forget(id);
                    for key in self.tasks.take_questions(id) {
                        self.engine.answer(now, key, answer::no_task(&format!("{LOST}; {}", answer::KEPT)));
                    }
                }
                (EndWhy::Refused(_, message), _) => {
                    let message = format!("the exai daemon does not go on with the call: {message}");
                    self.end_task(now, id, TaskState::Failed { code: answer::INTERNAL, message });
                }
                _ => self.answer_questions(now, id),
            }
        }
    }

    /// Answers those who have waited long enough for news.
    pub(crate) fn end_questions(&mut self, now: Duration) {
        for (key, id) in self.tasks.take_due(now) {
            self.tell(now, key, id);
        }
    }

    fn question(&mut self, now: Duration, key: CallKey, id: TaskId) {
        let known = self.tasks.keep(id, Standing::Unheard, Clock::wall_ms());
        if known.is_err() || matches!(self.tasks.standing(id), Some(Standing::Over(_))) {
            return self.tell(now, key, id);
        }
        self.tasks.ask(key, id, now + NEWS_WITHIN);
        self.follow(now, id);
    }

    /// Sees to it that the end of a task's call is heard of.
    fn follow(&mut self, now: Duration, id: TaskId) {
        let call_id = call_of(id);
        let is_over = matches!(self.tasks.standing(id), Some(Standing::Over(_)));
        if is_over || self.session.past(call_id).is_some() || self.session.is_cancelled(call_id) {
            return;
        }
        self.dial_at = None;
        let deadline = now + self.options.loaded.settings.calls.timeout;
        // Too many calls are open: the next question tries again.
        let _ = self.session.attach(now, call_id, deadline, None);
    }

    fn cancel_task(&mut self, now: Duration, key: CallKey, id: TaskId) {
        if matches!(self.tasks.standing(id), Some(Standing::Over(_))) {
            return self.engine.answer(now, key, Answer::Acknowledged);
        }
        let call_id = call_of(id);
        let deadline = now + self.options.loaded.settings.calls.timeout;
        if let Err(too_much) = self.session.cancel_other(now, call_id, deadline, "tasks/cancel") {
            let message = format!("not cancelled: {too_much}");
            let error = Answer::Error { code: answer::INTERNAL, message, data: None };
            return self.engine.answer(now, key, error);
        }
        self.engine.answer(now, key, Answer::Acknowledged);
        // From here on the session is silent about the call.
        for (waiter, _) in self.calls.take(call_id) {
            self.engine.answer(now, waiter, answer::failure(answer::CANCELLED));
        }
        for id in self.tasks.open_of(call_id) {
            // One that was never heard of may have ended long ago: the daemon tells when it is asked again.
            if matches!(self.tasks.standing(id), Some(Standing::Working)) {
                self.end_task(now, id, TaskState::Cancelled);
            }
        }
    }

    fn end_task(&mut self, now: Duration, id: TaskId, state: TaskState) {
        self.tasks.advance(id, Standing::Over(state), Clock::wall_ms());
        self.tell_watchers(now, id);
        self.answer_questions(now, id);
    }

    fn answer_questions(&mut self, now: Duration, id: TaskId) {
        for key in self.tasks.take_questions(id) {
            self.tell(now, key, id);
        }
    }

    fn tell(&mut self, now: Duration, key: CallKey, id: TaskId) {
        if self.stdout.is_full() {
            let message = "this host does not read its answers; ask again once it does".to_owned();
            let error = Answer::Error { code: answer::INTERNAL, message, data: None };
            return self.engine.answer(now, key, error);
        }
        self.mark_told(key, id);
        let task = self.task(now, id);
        self.engine.answer(now, key, Answer::Task(Box::new(task)));
    }

    fn tell_watchers(&mut self, now: Duration, id: TaskId) {
        if self.engine.is_watched(id) && !self.stdout.is_full() {
            let task = self.task(now, id);
            if let Some(key) = self.engine.notify_task(&task) {
                self.mark_told(key, id);
            }
        }
    }

    /// An end that is told is acknowledged to the daemon once it is written.
    fn mark_told(&mut self, key: CallKey, id: TaskId) {
        if matches!(self.tasks.standing(id), Some(Standing::Over(_))) {
            self.tasks.told(id, Clock::wall_ms());
            self.calls.answered(key, call_of(id));
        }
    }

    /// A task with a word on how it is getting on.
    fn task(&self, now: Duration, id: TaskId) -> Task {
        let message = match (self.tasks.standing(id), self.session.link()) {
            (Some(Standing::Over(TaskState::Failed { message, .. })), _) => message.clone(),
            (Some(Standing::Over(_)), _) => String::new(),
            _ if self.session.is_cancelled(call_of(id)) => "It is being cancelled.".to_owned(),
            (_, Link::Down { .. } | Link::Rejected { .. }) => {
                let waited = now.saturating_sub(self.outage.unwrap_or(now)).as_secs();
                let (address, error) = (&self.address, self.last_error());
                format!(
                    "The exai daemon at {address} is out of reach for {waited} s ({error}); this is what was known before."
                )
            }
            (Some(Standing::Working), _) => "The call goes on in the exai daemon.".to_owned(),
            _ => "The exai daemon has not told of it yet.".to_owned(),
        };
        let journal = &self.options.loaded.settings.journal;
        let lifetime = Lifetime { untold: journal.keep_undelivered, told: journal.keep_delivered };
        self.tasks.describe(id, message, lifetime)
    }
}
