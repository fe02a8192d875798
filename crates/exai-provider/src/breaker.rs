//! Whether somebody is asked at all: after failures of a kind that comes back, nobody is for a while, then one call at a
//! time until two have been answered.
//!
//! No I/O and no clock. A probe is a call of somebody's, never one made up; it counts as under way until its first text
//! comes, so that a healthy provider is full again after a few first texts rather than after a few whole answers.

use std::time::Duration;

use crate::blame::{Opens, Weight};
use crate::cause::Cause;
use crate::health::BreakerState;
use crate::minute::Minute;

/// Failures in a row that open it, in halves.
const STREAK_HALVES: u32 = 10;

/// Or half of so many in the window.
const WINDOW_MIN: u32 = 10;

/// First pause, and the longest: it doubles whenever a probe fails.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(120);

/// A dead key or account is asked so often whether somebody has seen to it: a refusal costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// As a used-up quota is, for the end that was told may be in another zone, or the quota raised.
const LOOK_EARLY: Duration = Duration::from_secs(30 * 60);

/// No end is believed that is further away.
const UNTIL_MAX: Duration = Duration::from_secs(32 * 24 * 3600);

/// Answers that close it.
const ANSWERS: u32 = 2;

/// A moment on both clocks. Pauses end by whichever is there first: the monotonic one may stand still while the machine
/// sleeps, the wall's may be set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moment {
    /// Of [`crate::Timer::now`].
    pub(crate) now: Duration,
    /// Of [`crate::Timer::wall`].
    pub(crate) wall: Duration,
}

impl Moment {
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { now: self.now.saturating_add(wait), wall: self.wall.saturating_add(wait) }
    }

    /// How long it is still away at `at`.
    pub(crate) fn away(self, at: Self) -> Duration {
        self.now.saturating_sub(at.now).min(self.wall.saturating_sub(at.wall))
    }
}

/// How a call ended, in the breaker's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With an answer.
    Answered,
    /// Without, and through no fault of what this breaker stands for: that was reached.
    Reached,
    /// By a failure.
    Failed(Fault),
    /// In a way that tells nothing: cancelled, out of time, refused for what it asked.
    Nothing,
}

/// A failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    /// How long the provider wants to be left alone.
    pub(crate) after: Option<Duration>,
    /// Or until when, by the wall.
    pub(crate) until: Option<Duration>,
}

/// Leave to ask, given back by [`Breaker::end`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    id: u64,
    /// The pause that it probes, if it does.
    probes: Option<u64>,
}

/// Why nobody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paused {
    pub(crate) cause: Cause,
    /// How long until one call may try.
    pub(crate) wait: Duration,
    /// The end that the provider told, else the moment of that try; by the wall.
    pub(crate) until: Duration,
    /// A call tries right now.
    pub(crate) is_probed: bool,
}

/// One breaker.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    window: Window,
    pause: Option<Pause>,
    /// Counts pauses, and their ends.
    turns: u64,
    next: u64,
}

#[derive(Debug)]
struct Pause {
    number: u64,
    cause: Cause,
    until: Option<Duration>,
    retry: Moment,
    /// Pauses in a row before it.
    tries: u32,
    probe: Option<u64>,
    /// A probe has brought something.
    is_half: bool,
    answers: u32,
}

/// What has come of the calls of the last minute.
#[derive(Debug, Default)]
struct Window {
    /// All, and failures in halves.
    recent: Minute,
    /// Failures since the last answer, in halves.
    streak: u32,
}

impl Breaker {
    /// Whether a call may ask; takes nothing.
    ///
    /// # Errors
    /// [`Paused`] where it may not.
    pub(crate) fn look(&self, at: Moment) -> Result<(), Paused> {
        match &self.pause {
            Some(pause) if pause.probe.is_some() || !pause.is_due(at) => Err(pause.told(at)),
            _ => Ok(()),
        }
    }

    /// Lets a call ask. With `Entry::Early` before the pause is over, too, yet not beside another that tries.
    ///
    /// # Errors
    /// [`Paused`] where it may not.
    pub(crate) fn enter(&mut self, at: Moment, entry: Entry) -> Result<Ticket, Paused> {
        let id = self.next;
        let probes = match &mut self.pause {
            None => None,
            Some(pause) => {
                let may = entry == Entry::Early || pause.is_due(at);
                if pause.probe.is_some() || !may {
                    return Err(pause.told(at));
                }
                pause.probe = Some(id);
                Some(pause.number)
            }
        };
        self.next += 1;
        Ok(Ticket { id, probes })
    }

    /// The call's first text has come: another may try beside it.
    pub(crate) fn proved(&mut self, ticket: Ticket) {
        if let Some(pause) = self.pause.as_mut().filter(|pause| pause.probe == Some(ticket.id)) {
            pause.probe = None;
            pause.is_half = true;
        }
    }

    /// The call has ended. `percent`: by how much a pause that begins is longer or shorter than usual, 80 to 120.
    pub(crate) fn end(&mut self, ticket: Ticket, outcome: Outcome, at: Moment, percent: u32) {
        let outcome = match outcome {
            Outcome::Failed(fault) if fault.cause.weight() == Weight::None => Outcome::Nothing,
            other => other,
        };
        let Some(pause) = &mut self.pause else {
            return self.count(outcome, at, percent);
        };
        if pause.probe == Some(ticket.id) {
            pause.probe = None;
        }
        if ticket.probes != Some(pause.number) {
            return self.straggle(outcome, at, percent);
        }
        match outcome {
            Outcome::Nothing => {}
            // That it is reached says nothing of its key.
            Outcome::Reached if pause.cause.opens() != Opens::ByCount => {}
            Outcome::Answered | Outcome::Reached => {
                pause.is_half = true;
                pause.answers += 1;
                if pause.answers >= ANSWERS {
                    self.pause = None;
                    self.turns += 1;
                    self.window = Window::default();
                }
            }
            Outcome::Failed(fault) => {
                let tries = pause.tries + 1;
                self.open(fault, at, tries, percent);
            }
        }
    }

    /// A call that began before the pause. It only knows more where it was told of a longer one.
    fn straggle(&mut self, outcome: Outcome, at: Moment, percent: u32) {
        let Outcome::Failed(fault) = outcome else { return };
        let Some(pause) = self.pause.as_ref().filter(|pause| !pause.is_half) else { return };
        let wait = Wait::of(fault, at, pause.tries, percent);
        if fault.cause.opens() != Opens::ByCount && wait.retry.away(at) > pause.retry.away(at) {
            let tries = pause.tries;
            self.open(fault, at, tries, percent);
        }
    }

    fn count(&mut self, outcome: Outcome, at: Moment, percent: u32) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Answered | Outcome::Reached => self.window.add(at.now, 0),
            Outcome::Failed(fault) => {
                self.window.add(at.now, if fault.cause.weight() == Weight::Half { 1 } else { 2 });
                if fault.cause.opens() != Opens::ByCount || self.window.is_bad(at.now) {
                    self.open(fault, at, 0, percent);
                }
            }
        }
    }

    fn open(&mut self, fault: Fault, at: Moment, tries: u32, percent: u32) {
        let Wait { retry, until } = Wait::of(fault, at, tries, percent);
        self.turns += 1;
        let (number, cause) = (self.turns, fault.cause);
        self.pause =
            Some(Pause { number, cause, until, retry, tries, probe: None, is_half: false, answers: 0 });
    }

    /// What it does.
    pub(crate) fn state(&self, at: Moment) -> BreakerState {
        match &self.pause {
            None => BreakerState::Closed,
            Some(pause) if pause.probe.is_some() || pause.is_due(at) => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    /// Why it is not closed, if it is not.
    pub(crate) fn paused(&self, at: Moment) -> Option<Paused> {
        self.pause.as_ref().map(|pause| pause.told(at))
    }

    /// Whether it is not closed.
    pub(crate) fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Another number whenever it has opened, closed or opened for longer.
    pub(crate) fn turns(&self) -> u64 {
        self.turns
    }

    /// What is worth being known after a restart: a cause whose end the provider told, or that is known by itself, and that
    /// end, by the wall. Counts are not, and neither is a dead key: a restart may well be somebody's answer to it.
    pub(crate) fn kept(&self) -> Option<(Cause, Duration)> {
        let pause = self.pause.as_ref()?;
        pause
            .until
            .filter(|_| matches!(pause.cause.opens(), Opens::Until(_)))
            .map(|until| (pause.cause, until))
    }

    /// Goes on with what was known before a restart, unless that is over.
    pub(crate) fn restore(&mut self, cause: Cause, until: Duration, at: Moment) {
        if matches!(cause.opens(), Opens::Until(_)) && until > at.wall {
            let fault = Fault { cause, after: None, until: Some(until) };
            self.open(fault, at, 0, 100);
        }
    }
}

/// How a call may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// When it may be asked.
    InTime,
    /// During a pause, too: nobody else is left to ask.
    Early,
}

/// How long a pause takes.
struct Wait {
    retry: Moment,
    until: Option<Duration>,
}

impl Wait {
    fn of(fault: Fault, at: Moment, tries: u32, percent: u32) -> Self {
        match fault.cause.opens() {
            Opens::UntilChanged => Self { retry: at.after(LOOK_EVERY), until: None },
            Opens::Until(usual) => {
                let told = fault.until.map(|until| until.saturating_sub(at.wall)).or(fault.after);
                let left = told.filter(|left| !left.is_zero() && *left <= UNTIL_MAX).unwrap_or(usual);
                Self { retry: at.after(left.min(LOOK_EARLY)), until: Some(at.wall.saturating_add(left)) }
            }
            Opens::ByCount => {
                let usual = PAUSE.saturating_mul(1 << tries.min(16)).min(PAUSE_MAX);
                let wished = fault.after.unwrap_or_default().min(LOOK_EARLY);
                Self { retry: at.after((usual * percent / 100).max(wished)), until: None }
            }
        }
    }
}

impl Pause {
    /// A call may try.
    fn is_due(&self, at: Moment) -> bool {
        self.is_half || self.retry.away(at).is_zero()
    }

    fn told(&self, at: Moment) -> Paused {
        Paused {
            cause: self.cause,
            wait: if self.is_due(at) { Duration::ZERO } else { self.retry.away(at) },
            until: self.until.unwrap_or(self.retry.wall),
            is_probed: self.probe.is_some(),
        }
    }
}

impl Window {
    fn add(&mut self, now: Duration, halves: u32) {
        self.streak = if halves == 0 { 0 } else { self.streak.saturating_add(halves) };
        self.recent.add(now, (1, halves));
    }

    fn is_bad(&self, now: Duration) -> bool {
        let (all, halves) = self.recent.sums(now);
        self.streak >= STREAK_HALVES || (all >= WINDOW_MIN && halves >= all)
    }
}

#[cfg(test)]
mod tests;
