//! What a daemon does with the calls that are to run: places, attempts through the gate, text that comes piece by piece.

use std::time::Duration;

use exai_session::{AbortReason, AttemptDenied, Finished};
use exai_wire::{CallId, Class, Outcome, Partial};
use serde_json::value::{RawValue, to_raw_value};

use super::agenda::{Event, Step};
use super::daemon_process::DaemonProcess;
use super::history::{Happening, Invariant};
use super::names::DaemonNo;
use super::provider::Course;
use super::script::Script;
use super::world::World;

/// Requests in a row that cost nothing before a call gives up.
const REFUSALS_MAX: u32 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Queued,
    Beginning,
    Asking,
    Streaming { attempt: u32, course: Course, pieces: u32 },
}

/// A call with the executor.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) serial: u64,
    class: Class,
    script: Script,
    pub(crate) phase: Phase,
    /// What the attempt has brought, what it goes on from included.
    text: String,
    /// The best that there is to go on from.
    base: String,
    unused: Option<u32>,
    refusals: u32,
}

/// A call that is being left, with the last piece of its text.
#[derive(Debug)]
pub(crate) struct Leaver {
    call: CallId,
    last: Option<(u32, u64, String)>,
}

fn body(text: &str, is_error: bool) -> Box<RawValue> {
    let body = serde_json::json!({ "content": [{ "type": "text", "text": text }], "isError": is_error });
    to_raw_value(&body).unwrap_or_default()
}

fn finished(outcome: Outcome, text: &str) -> Finished {
    Finished { outcome, body: body(text, outcome != Outcome::Ok), turn: None, spent: None }
}

impl DaemonProcess {
    fn busy(&self) -> usize {
        self.runs.values().filter(|run| run.phase != Phase::Queued).count()
    }
}

impl World {
    fn plan_work(&mut self, daemon: DaemonNo, call: CallId, serial: u64, step: Step, after: Duration) {
        self.agenda.plan(self.now + after, Event::Work { daemon, call, serial, step });
    }

    pub(crate) fn run_call(
        &mut self,
        no: DaemonNo,
        call: CallId,
        params: &RawValue,
        before: usize,
        kept: Option<Partial>,
    ) {
        let script = Script::read(params);
        let class = self.class_of(call);
        if before > 0 {
            self.coverage.count("call goes on after an earlier start's attempt");
        }
        if let Some(kept) = &kept {
            self.coverage.count("text of an earlier start handed on");
            if !self.provider.has_written(call, kept.attempt, &kept.text) {
                self.tell(Happening::WrongText(self.origin(call)));
            }
        }
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        daemon.serials += 1;
        let serial = daemon.serials;
        let base = kept.map_or_else(String::new, |kept| kept.text);
        let phase = Phase::Queued;
        let run = Run { serial, class, script, phase, text: String::new(), base, unused: None, refusals: 0 };
        let twice = daemon.runs.insert(call, run).is_some();
        daemon.queue.push_back(call);
        if twice {
            self.tell(Happening::RunsTwice(self.origin(call)));
        }
        self.fill(no);
    }

    /// Gives free places to those who wait.
    fn fill(&mut self, no: DaemonNo) {
        let places = self.climate.places;
        while let Some(daemon) = self.daemons.get_mut(&no).filter(|daemon| daemon.busy() < places) {
            let Some(call) = daemon.queue.pop_front() else { return };
            let Some(run) = daemon.runs.get_mut(&call).filter(|run| run.phase == Phase::Queued) else {
                continue;
            };
            run.phase = Phase::Beginning;
            let (serial, class, span) = (run.serial, run.class, run.script.gap() * run.script.pieces);
            let after = self.dice.ms(0, 5);
            match class {
                Class::Pure => self.plan_work(no, call, serial, Step::End, after + span),
                _ => self.plan_work(no, call, serial, Step::Begin, after),
            }
        }
    }

    pub(crate) fn work(&mut self, no: DaemonNo, call: CallId, serial: u64, step: Step) {
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        if step == Step::Left {
            if let Some(Leaver { call, last }) = daemon.leaving.remove(&serial) {
                if let Some((attempt, offset, text)) = last {
                    daemon.end.partial(call, attempt, offset, text);
                }
                daemon.end.aborted(call);
            }
            return;
        }
        if daemon.runs.get(&call).is_none_or(|run| run.serial != serial) {
            return;
        }
        match step {
            Step::Begin => self.begin_attempt(no, call),
            Step::Piece => self.piece(no, call),
            Step::End => self.end_run(no, call),
            Step::Left => {}
        }
    }

    fn begin_attempt(&mut self, no: DaemonNo, call: CallId) {
        let goes_on = self.dice.chance(self.provider.odds.continues);
        let now = self.now;
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        let local = daemon.local(now);
        let Some(run) = daemon.runs.get_mut(&call) else { return };
        run.phase = Phase::Asking;
        run.text = if goes_on { run.base.clone() } else { String::new() };
        let (unused, continues) = (run.unused, u64::try_from(run.text.len()).unwrap_or(0));
        let model = if run.refusals % 2 == 0 { "m1" } else { "m2" };
        if continues > 0 {
            self.coverage.count("attempt goes on from kept text");
        }
        daemon.end.attempt(local, call, unused, ("sim", model), continues);
    }

    pub(crate) fn go(&mut self, no: DaemonNo, call: CallId, attempt: u32) {
        let Some(class) =
            self.daemons.get(&no).and_then(|daemon| daemon.runs.get(&call)).map(|run| run.class)
        else {
            return;
        };
        let course = self.provider.course(&mut self.dice, class);
        let (now, pause) = (self.now, self.dice.ms(30, 900));
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        let local = daemon.local(now);
        let Some(run) = daemon.runs.get_mut(&call).filter(|run| run.phase == Phase::Asking) else { return };
        let (serial, gap) = (run.serial, run.script.gap());
        if course == Course::Refused {
            (run.phase, run.unused, run.refusals) = (Phase::Beginning, Some(attempt), run.refusals + 1);
            let (over, told) = (run.refusals > REFUSALS_MAX, run.refusals % 3 == 0);
            // Now and then: where there is no room for it, only the next attempt says so.
            if told {
                daemon.end.attempt_cost_nothing(local, call);
                self.coverage.count("refusal told at once");
            }
            self.coverage.count("attempt refused at no cost");
            if over {
                return self.finish(no, call, finished(Outcome::Error, "no model takes it"));
            }
            return self.plan_work(no, call, serial, Step::Begin, pause);
        }
        (run.phase, run.unused) = (Phase::Streaming { attempt, course, pieces: 0 }, None);
        let span = gap * run.script.pieces;
        let origin = self.origin(call);
        self.note(|| format!("{no} pays for {call:?} attempt {attempt}: {course:?}"));
        self.tell(Happening::Billed { call: origin, attempt });
        match attempt {
            1 => {}
            2 => self.coverage.count("second attempt"),
            3 => self.coverage.count("third attempt"),
            _ => self.coverage.count("attempt after the third"),
        }
        match class {
            Class::Effect => self.plan_work(no, call, serial, Step::End, span),
            _ => self.plan_work(no, call, serial, Step::Piece, gap),
        }
    }

    fn piece(&mut self, no: DaemonNo, call: CallId) {
        let (now, tell) = (self.now, self.dice.chance(20));
        let pause = self.dice.ms(50, 1500);
        let broken = self.provider.down && self.dice.chance(50);
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        let local = daemon.local(now);
        let Some(run) = daemon.runs.get_mut(&call) else { return };
        let Phase::Streaming { attempt, course, pieces } = &mut run.phase else { return };
        let (attempt, serial, gap) = (*attempt, run.serial, run.script.gap());
        if broken || matches!(course, Course::Breaks(after) if *after <= *pieces) {
            run.phase = Phase::Beginning;
            if run.text.len() > run.base.len() {
                run.base = run.text.clone();
            }
            daemon.end.attempt_failed(call);
            self.coverage.count("stream broken");
            return self.plan_work(no, call, serial, Step::Begin, pause);
        }
        *pieces += 1;
        let over = *pieces >= run.script.pieces;
        let piece = self.provider.write(call, attempt, &run.text);
        let offset = u64::try_from(run.text.len()).unwrap_or(0);
        run.text.push_str(&piece);
        daemon.end.partial(call, attempt, offset, piece);
        if tell {
            daemon.end.note(local, call, "a piece has come".to_owned());
        }
        match over {
            true => self.plan_work(no, call, serial, Step::End, Duration::from_millis(1)),
            false => self.plan_work(no, call, serial, Step::Piece, gap),
        }
    }

    fn end_run(&mut self, no: DaemonNo, call: CallId) {
        let Some(run) = self.daemons.get(&no).and_then(|daemon| daemon.runs.get(&call)) else { return };
        let end = match run.phase {
            Phase::Streaming { course: Course::Fails, .. } => finished(Outcome::Error, "it failed"),
            Phase::Streaming { course: Course::Panics, .. } => {
                self.coverage.count("tool crashed");
                finished(Outcome::Error, "the tool crashed")
            }
            Phase::Streaming { attempt, .. } => {
                finished(Outcome::Ok, &format!("answer to {} by attempt {attempt}: {}", call, run.text))
            }
            _ => finished(Outcome::Ok, &format!("answer to {call}")),
        };
        self.finish(no, call, end);
    }

    fn finish(&mut self, no: DaemonNo, call: CallId, end: Finished) {
        let now = self.now;
        if let Some(daemon) = self.daemons.get_mut(&no) {
            daemon.runs.remove(&call);
            let local = daemon.local(now);
            daemon.end.finished(local, call, end);
        }
        self.fill(no);
    }

    pub(crate) fn deny(&mut self, no: DaemonNo, call: CallId, why: AttemptDenied) {
        let asking = |run: &&Run| run.phase == Phase::Asking;
        let Some(run) = self.daemons.get(&no).and_then(|daemon| daemon.runs.get(&call)).filter(asking) else {
            return;
        };
        let class = run.class;
        match why {
            AttemptDenied::Over => self.coverage.count("attempt denied: over"),
            AttemptDenied::Exhausted => self.coverage.count("attempt denied: exhausted"),
            AttemptDenied::Draining => self.coverage.count("attempt denied: draining"),
        }
        if class == Class::Effect && why == AttemptDenied::Exhausted {
            self.broken(Invariant::Billed, format!("{call:?} asks for an effect that took place"));
        }
        self.finish(no, call, finished(Outcome::Error, "not asked again"));
    }

    pub(crate) fn abort(&mut self, no: DaemonNo, call: CallId, why: AbortReason) {
        let origin = self.origin(call);
        let late = self.dice.ms(1, 40);
        let Some(daemon) = self.daemons.get_mut(&no) else { return };
        daemon.parked += usize::from(matches!(why, AbortReason::Drain | AbortReason::Orphaned));
        let Some(run) = daemon.runs.get(&call) else {
            daemon.end.aborted(call);
            return;
        };
        let (serial, class, phase) = (run.serial, run.class, run.phase);
        if why == AbortReason::Deadline {
            self.coverage.count("run past its deadline");
            let began = matches!(phase, Phase::Streaming { .. }) && class == Class::Effect;
            let outcome = if began { Outcome::OutcomeUnknown } else { Outcome::Error };
            return self.finish(no, call, finished(outcome, "its time is over"));
        }
        let mut leaver = Leaver { call, last: None };
        if let Phase::Streaming { attempt, .. } = phase
            && why == AbortReason::Drain
        {
            self.tell(Happening::Cut { call: origin, attempt });
            self.coverage.count("attempt cut by a drain");
            if class == Class::Metered {
                let text = run_text(&self.daemons, no, call);
                let piece = self.provider.write(call, attempt, &text);
                leaver.last = Some((attempt, u64::try_from(text.len()).unwrap_or(0), piece));
            }
        }
        if let Some(daemon) = self.daemons.get_mut(&no) {
            daemon.runs.remove(&call);
            daemon.leaving.insert(serial, leaver);
        }
        self.plan_work(no, call, serial, Step::Left, late);
        self.fill(no);
    }
}

fn run_text(
    daemons: &std::collections::BTreeMap<DaemonNo, DaemonProcess>,
    no: DaemonNo,
    call: CallId,
) -> String {
    daemons
        .get(&no)
        .and_then(|daemon| daemon.runs.get(&call))
        .map_or_else(String::new, |run| run.text.clone())
}
