//! The clocks of one attempt, as arithmetic. They are compared with a timer, never only on arrival of data: a
//! stream that sends nothing must end as surely as one that sends too little.

use std::collections::VecDeque;
use std::time::Duration;

use crate::answer::Progress;
use crate::cause::StallClock;
use crate::config::StreamTimeout;
use crate::wake::Sleep;

/// Fewer characters than this in the window, and a stream counts as trickling. A slow healthy model sends hundreds in
/// that time.
pub(crate) const FLOOR_CHARS: usize = 20;

/// The window for streams past the stream timeout.
pub(crate) const FLOOR_WINDOW: Duration = Duration::from_secs(30);

/// How long the end mark and the usage may take after a finish reason.
const TAIL_GRACE: Duration = Duration::from_secs(5);

/// Sleeps longer than this lose connections: routers and servers forget them.
const LOSES_CONNECTIONS: Duration = Duration::from_secs(300);

/// A connection that a long sleep has lost is found dead within this time: by the system's probes, or because nothing comes.
const FOUND_DEAD: Duration = Duration::from_secs(60);

/// What comes so long after a sleep was noticed was sent after it.
const LIVING: Duration = Duration::from_secs(1);

/// What came while this process stood still is read within this time: it goes through another task before it gets here.
const CATCHES_UP: Duration = Duration::from_secs(1);

/// The bounds of one attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Longest wait for the first progress.
    pub(crate) first_event: Duration,
    /// Longest gap between progress.
    pub(crate) idle: Duration,
    /// Age from which on the stream must keep delivering; see [`Clocks::must_deliver_from`].
    pub(crate) stream_timeout: StreamTimeout,
    /// Fewer characters than this in the window, and the stream counts as trickling; at least 1.
    pub(crate) floor_chars: usize,
    /// The window once content has come.
    pub(crate) window: Duration,
    /// The window while no content has come yet.
    pub(crate) thinking_window: Duration,
    /// Moment from which on only a stream that delivers keeps the time that is meant for the next candidate.
    pub(crate) reserve_at: Option<Duration>,
    /// End of the call.
    pub(crate) deadline: Duration,
}

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// The stream delivers too little.
    Stall(StallClock),
    /// The answer is over, only its end mark is missing.
    Tail,
    /// The call's time is over.
    Deadline,
}

/// The clocks of one attempt.
#[derive(Debug)]
pub(crate) struct Clocks {
    started: Duration,
    limits: Limits,
    first_progress: Option<Duration>,
    last_progress: Option<Duration>,
    content_seen: bool,
    finished_at: Option<Duration>,
    /// The machine slept, and nothing has shown yet that the connection outlived it.
    slept: Option<Sleep>,
    /// Every clock but the call's begins anew from here: the end of the last sleep.
    anew: Option<Duration>,
    /// No stall is seen before this: what came while this process stood still is being read. Once between two signs of text.
    catches_up: Option<Duration>,
    /// The newest arrivals that together bring [`Limits::floor_chars`]: at most that many, each of at least one character.
    recent: VecDeque<(Duration, usize)>,
    recent_chars: usize,
}

impl Clocks {
    /// Starts them.
    pub(crate) fn new(started: Duration, limits: Limits) -> Self {
        Self {
            started,
            limits,
            first_progress: None,
            last_progress: None,
            content_seen: false,
            finished_at: None,
            slept: None,
            anew: None,
            catches_up: None,
            recent: VecDeque::new(),
            recent_chars: 0,
        }
    }

    /// Text has come.
    pub(crate) fn progress(&mut self, now: Duration, progress: Progress) {
        if progress.chars == 0 {
            return;
        }
        self.first_progress.get_or_insert(now);
        self.last_progress = Some(now);
        // Text may come bit by bit after a standstill; none after it is a stall.
        self.catches_up = None;
        self.content_seen |= progress.content_chars > 0;
        self.recent.push_back((now, progress.chars));
        self.recent_chars += progress.chars;
        while let Some((_, oldest)) = self.recent.front()
            && self.recent_chars - oldest >= self.limits.floor_chars
        {
            self.recent_chars -= oldest;
            self.recent.pop_front();
        }
    }

    /// The machine slept. What it left of a connection shows itself soon, where it was long enough to lose one.
    pub(crate) fn slept(&mut self, sleep: Sleep) {
        self.slept = Some(sleep);
        self.anew = Some(sleep.woke);
    }

    /// This process stood still until now, for less than a sleep.
    pub(crate) fn stood_still(&mut self, now: Duration) {
        self.catches_up.get_or_insert(now + CATCHES_UP);
    }

    /// The sleep that the connection may not have outlived.
    pub(crate) fn sleep(&self) -> Option<Sleep> {
        self.slept
    }

    /// Something has come, text or not. What comes at the moment of waking had come before.
    pub(crate) fn arrived(&mut self, now: Duration) {
        self.slept = self.slept.filter(|sleep| now < sleep.noticed + LIVING);
    }

    /// A finish reason has come: only the end mark is missing.
    pub(crate) fn finished(&mut self, now: Duration) {
        self.finished_at.get_or_insert(now);
    }

    /// How long text has been coming: from its first sign to its last.
    pub(crate) fn generated(&self) -> Duration {
        let (first, last) = (self.first_progress, self.last_progress);
        first.zip(last).map_or(Duration::ZERO, |(first, last)| last.saturating_sub(first))
    }

    /// The next moment at which a clock runs out if nothing comes.
    pub(crate) fn next_deadline(&self) -> Duration {
        self.nearest().0
    }

    /// The clock that has run out, if one has.
    pub(crate) fn check(&self, now: Duration) -> Option<Expired> {
        let (at, expired) = self.nearest();
        (now >= at).then_some(expired)
    }

    /// The same moment, and which clock that is.
    pub(crate) fn nearest(&self) -> (Duration, Expired) {
        let deadline = (self.limits.deadline, Expired::Deadline);
        if let Some(finished) = self.finished_at {
            // Whenever that is: what has come is an answer, and not one that the call's time has cut.
            return (self.limits.deadline.min(finished + TAIL_GRACE), Expired::Tail);
        }
        let gap = match self.last_progress {
            None => {
                let at = self.awake(self.started) + self.patience(self.limits.first_event);
                (at, Expired::Stall(StallClock::FirstEvent))
            }
            Some(last) => {
                let at = self.awake(last) + self.patience(self.limits.idle);
                (at, Expired::Stall(StallClock::Idle))
            }
        };
        let window = if self.content_seen { self.limits.window } else { self.limits.thinking_window };
        let floor = (self.floor(self.must_deliver_from(), window), Expired::Stall(StallClock::Trickle));
        let mut stall = earlier(gap, floor);
        if let Some(from) = self.limits.reserve_at {
            stall = earlier(stall, (self.floor(from, FLOOR_WINDOW), Expired::Stall(StallClock::Reserve)));
        }
        stall.0 = stall.0.max(self.catches_up.unwrap_or_default());
        earlier(deadline, stall)
    }

    /// A moment, or the last waking if that was later.
    fn awake(&self, moment: Duration) -> Duration {
        self.anew.map_or(moment, |woke| woke.max(moment))
    }

    /// How long to wait for text: not as long on a connection that may be gone.
    fn patience(&self, usual: Duration) -> Duration {
        match self.slept {
            Some(sleep) if sleep.long > LOSES_CONNECTIONS => usual.min(FOUND_DEAD),
            _ => usual,
        }
    }

    /// From when on the stream must keep delivering. A timeout that the user set holds as it is. The default is meant for
    /// streams that trickle, not for a model that is being loaded: silence before the first sign has the first-event
    /// clock, and whoever has only just begun has had no window yet in which to deliver.
    fn must_deliver_from(&self) -> Duration {
        let at = self.started + self.limits.stream_timeout.age();
        match (self.limits.stream_timeout, self.first_progress) {
            (StreamTimeout::User(_), _) => at,
            (StreamTimeout::Default(_), None) => at.max(self.started + self.limits.first_event),
            (StreamTimeout::Default(_), Some(first)) => at.max(first + FLOOR_WINDOW),
        }
    }

    /// First moment, not before `from`, at which fewer than [`Limits::floor_chars`] came in the `window` before it; nobody
    /// delivers while the machine sleeps.
    fn floor(&self, from: Duration, window: Duration) -> Duration {
        let from = self.anew.map_or(from, |woke| from.max(woke + window));
        match self.recent.front() {
            Some((oldest, _)) if self.recent_chars >= self.limits.floor_chars => from.max(*oldest + window),
            _ => from,
        }
    }
}

fn earlier(a: (Duration, Expired), b: (Duration, Expired)) -> (Duration, Expired) {
    if b.0 < a.0 { b } else { a }
}

#[cfg(test)]
mod tests;
