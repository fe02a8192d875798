//! The link to the daemon: dials, the welcomed connection, its life signs.

use std::time::Duration;

use exai_wire::{DialNo, Epoch, Goaway, Hello, JournalId, PROTO, RejectCode, ShimFrame, StartId, Welcome};

use super::ShimEnd;
use super::calls::{Away, Reach};
use super::event::{ConnNo, ConnectError, DialLimits, EndWhy, Link, ShimConfig, ShimEvent, Transmit};
use crate::backoff::{Backoff, Circumstances};
use crate::liveness::Liveness;

const CONNECT_LOOPBACK: Duration = Duration::from_secs(1);
const CONNECT_REMOTE: Duration = Duration::from_secs(3);
/// The driver keeps the limits itself; this much later the machine stops believing that it will.
const DIAL_SLACK: Duration = Duration::from_millis(200);
/// From connecting to `welcome`: an accepted TCP connection proves nothing.
const WELCOME_WITHIN: Duration = Duration::from_secs(3);
/// Between dials after a rejection that somebody has to do something about.
const REJECTED_PAUSE: Duration = Duration::from_secs(15);
/// Longest pause that a daemon may ask for: a broken one must not silence a shim.
pub(super) const ASKED_PAUSE_MAX: Duration = Duration::from_secs(60);
/// The same while somebody waits.
const ASKED_PAUSE_HELD: Duration = Duration::from_secs(5);
/// A rejection this young answers a new call without another dial.
const REJECTION_FRESH: Duration = Duration::from_secs(1);

/// The welcomed connection.
#[derive(Debug)]
pub(super) struct Primary {
    conn: ConnNo,
    since: Duration,
    life: Liveness,
    last_sent: Duration,
    beat: Duration,
    goaway: Option<Goaway>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Greeting,
}

/// A dial that has not led to a welcome yet.
#[derive(Debug)]
pub(super) struct Candidate {
    conn: ConnNo,
    stage: Stage,
    until: Duration,
}

/// What the last welcome said, kept over losses.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    pub(super) journal: JournalId,
    pub(super) epoch: Epoch,
    pub(super) start: Option<StartId>,
    pub(super) version: String,
    pub(super) catalogue_hash: String,
}

#[derive(Debug)]
struct Rejection {
    code: RejectCode,
    message: String,
    at: Duration,
}

#[derive(Debug)]
pub(super) struct LinkState {
    primary: Option<Primary>,
    candidate: Option<Candidate>,
    pub(super) daemon: Option<Daemon>,
    rejection: Option<Rejection>,
    backoff: Backoff,
    loopback: bool,
    dials: u64,
    dials_at_loss: u64,
    next_dial: Option<Duration>,
    /// Since when there has been no connection though one is wanted.
    down_since: Option<Duration>,
    last_error: String,
    /// The last dial was taken, and not answered.
    silent: bool,
    /// After `bye` nothing is dialled any more.
    left: bool,
}

impl LinkState {
    pub(super) fn new(config: &ShimConfig) -> Self {
        Self {
            primary: None,
            candidate: None,
            daemon: None,
            rejection: None,
            backoff: Backoff::new(config.seed),
            loopback: config.loopback,
            dials: 0,
            dials_at_loss: 0,
            next_dial: None,
            down_since: None,
            last_error: String::new(),
            silent: false,
            left: false,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.primary.is_some()
    }

    pub(super) fn reach(&self) -> Reach {
        match &self.primary {
            None => Reach::Away { since: self.down_since.unwrap_or_default() },
            Some(primary) if primary.goaway.is_some() => Reach::Leaving,
            Some(_) => Reach::TakesCalls,
        }
    }

    pub(super) fn up_conn(&self) -> Option<ConnNo> {
        self.primary.as_ref().map(|primary| primary.conn)
    }

    pub(super) fn journal(&self) -> Option<JournalId> {
        self.daemon.as_ref().filter(|_| self.is_up()).map(|daemon| daemon.journal)
    }

    pub(super) fn last_error(&self) -> &str {
        if self.last_error.is_empty() { "no answer yet" } else { &self.last_error }
    }

    /// Notes that something is written on the welcomed connection, and says which that is.
    pub(super) fn sent(&mut self, now: Duration) -> Option<ConnNo> {
        let primary = self.primary.as_mut()?;
        primary.last_sent = now;
        Some(primary.conn)
    }

    pub(super) fn leave(&mut self) {
        self.left = true;
    }

    pub(super) fn fresh_rejection(&self, now: Duration) -> Option<(RejectCode, String)> {
        let rejection = self.rejection.as_ref()?;
        (now < rejection.at + REJECTION_FRESH).then(|| (rejection.code, rejection.message.clone()))
    }

    fn is_candidate(&self, conn: ConnNo, stage: Stage) -> bool {
        self.candidate.as_ref().is_some_and(|candidate| candidate.conn == conn && candidate.stage == stage)
    }

    pub(super) fn awaits_welcome(&self, conn: ConnNo) -> bool {
        self.is_candidate(conn, Stage::Greeting)
    }

    pub(super) fn is_current(&self, conn: ConnNo) -> bool {
        self.up_conn() == Some(conn) || self.awaits_welcome(conn)
    }

    pub(super) fn go_away(&mut self, goaway: Goaway) {
        if let Some(primary) = &mut self.primary {
            primary.goaway = Some(goaway);
        }
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        let candidate = self.candidate.as_ref().map(|candidate| candidate.until);
        let dial = self.dial_due().filter(|_| self.candidate.is_none());
        let primary =
            self.primary.as_ref().map(|primary| primary.life.dead_at().min(primary.last_sent + primary.beat));
        [candidate, dial, primary].into_iter().flatten().min()
    }

    /// When the next dial is due: after its pause, and beside a live connection only once that is suspect.
    fn dial_due(&self) -> Option<Duration> {
        if self.left {
            return None;
        }
        let Some(primary) = &self.primary else { return self.next_dial };
        let suspect = primary.life.suspect_at();
        Some(self.next_dial.map_or(suspect, |paced| paced.max(suspect)))
    }

    pub(super) fn describe(&self) -> Link {
        match (&self.primary, &self.daemon, &self.rejection, self.down_since) {
            (Some(_), Some(daemon), _, _) => Link::Up { version: daemon.version.clone() },
            (_, _, Some(rejection), _) => {
                Link::Rejected { code: rejection.code, message: rejection.message.clone() }
            }
            (_, _, _, Some(since)) => Link::Down {
                since,
                last_error: self.last_error.clone(),
                dials: self.dials - self.dials_at_loss,
                silent: self.silent,
            },
            _ => Link::Idle,
        }
    }

    fn down(&mut self, now: Duration) {
        if self.down_since.is_none() {
            self.down_since = Some(now);
            self.dials_at_loss = self.dials;
        }
    }
}

impl ShimEnd {
    /// Connect and upgrade succeeded.
    pub fn connected(&mut self, now: Duration, conn: ConnNo) {
        if !self.link.is_candidate(conn, Stage::Connecting) {
            self.events.push_back(ShimEvent::Close { conn });
            return;
        }
        self.link.candidate = Some(Candidate { conn, stage: Stage::Greeting, until: now + WELCOME_WITHIN });
        let hello = ShimFrame::Hello(Hello {
            proto: PROTO,
            session: self.config.session,
            dial_no: DialNo(conn.0),
            shim: self.config.shim.clone(),
            host: self.host.clone(),
            open: self.calls.for_hello(now),
        });
        self.out.push_back(Transmit { conn, text: hello.encode() });
    }

    /// Connect or upgrade failed.
    pub fn connect_failed(&mut self, now: Duration, conn: ConnNo, error: ConnectError) {
        if !self.link.is_candidate(conn, Stage::Connecting) {
            return;
        }
        match error {
            ConnectError::Auth(message) => {
                self.link.candidate = None;
                self.rejected(now, RejectCode::Auth, message, None);
            }
            ConnectError::Unreachable(message) | ConnectError::NotExai(message) => {
                self.dial_failed(now, message)
            }
            ConnectError::Silent(message) => self.met_silence(now, message),
        }
    }

    /// Bytes arrived, counted below the WebSocket layer: a sign of life, whole message or not.
    pub fn bytes_received(&mut self, now: Duration, conn: ConnNo) {
        if let Some(primary) = self.link.primary.as_mut().filter(|primary| primary.conn == conn) {
            primary.life.heard(now);
            // A dial begun in doubt has served; once its hello is out the daemon has fenced us, so then it stays.
            if self.link.candidate.as_ref().is_some_and(|candidate| candidate.stage == Stage::Connecting)
                && let Some(candidate) = self.link.candidate.take()
            {
                self.events.push_back(ShimEvent::Close { conn: candidate.conn });
            }
        }
    }

    /// The connection ended: close, reset, error.
    pub fn closed(&mut self, now: Duration, conn: ConnNo, reason: &str) {
        if self.link.up_conn() == Some(conn) {
            self.lose_primary(now, reason);
        } else if self.link.candidate.as_ref().is_some_and(|candidate| candidate.conn == conn) {
            self.dial_failed(now, format!("closed before the welcome: {reason}"));
        }
    }

    /// A moment given by `poll_timeout` has come.
    pub fn handle_timeout(&mut self, now: Duration) {
        let due = self.poll_timeout().unwrap_or(now);
        if let Some(primary) = &mut self.link.primary {
            primary.life.ticked(due, now);
        }
        self.expire_candidate(now);
        self.judge_primary(now);
        self.dial_if_due(now);
        self.beat_if_due(now);
        self.end_calls(now);
        self.resend_refused(now);
    }

    fn expire_candidate(&mut self, now: Duration) {
        let Some(candidate) = self.link.candidate.as_ref().filter(|candidate| candidate.until <= now) else {
            return;
        };
        let (conn, stage) = (candidate.conn, candidate.stage);
        self.events.push_back(ShimEvent::Close { conn });
        match stage {
            Stage::Connecting => self.dial_failed(now, "no connection in time".to_owned()),
            Stage::Greeting => self.met_silence(now, "connected, but no welcome within 3 s".to_owned()),
        }
    }

    fn judge_primary(&mut self, now: Duration) {
        let Some(primary) = &self.link.primary else { return };
        if primary.life.dead_at() <= now {
            let (conn, silence) = (primary.conn, primary.life.silent_for(now));
            self.events.push_back(ShimEvent::Close { conn });
            self.lose_primary(now, &format!("no sign of life for {} s", silence.as_secs()));
        }
    }

    fn dial_if_due(&mut self, now: Duration) {
        if self.link.candidate.is_none() && self.link.dial_due().is_some_and(|at| at <= now) {
            self.dial(now);
        }
    }

    fn dial(&mut self, now: Duration) {
        let link = &mut self.link;
        link.dials += 1;
        link.next_dial = None;
        let conn = ConnNo(link.dials);
        let connect = if link.loopback { CONNECT_LOOPBACK } else { CONNECT_REMOTE };
        let limits = DialLimits { connect, upgrade: WELCOME_WITHIN };
        let until = now + limits.connect + limits.upgrade + DIAL_SLACK;
        link.candidate = Some(Candidate { conn, stage: Stage::Connecting, until });
        self.events.push_back(ShimEvent::Dial { conn, limits });
    }

    pub(super) fn dial_now(&mut self, now: Duration) {
        if self.link.primary.is_none() && self.link.candidate.is_none() && !self.link.left {
            self.link.down(now);
            self.dial(now);
        }
    }

    fn dial_failed(&mut self, now: Duration, error: String) {
        self.link.candidate = None;
        if self.link.primary.is_none() {
            self.link.last_error = error;
            self.link.silent = false;
            self.link.rejection = None;
        }
        let pause = self.pause_after_failure(now);
        self.link.next_dial = Some(now + pause);
    }

    fn met_silence(&mut self, now: Duration, error: String) {
        self.dial_failed(now, error);
        self.link.silent = self.link.primary.is_none();
    }

    fn asked_max(&self) -> Duration {
        if self.calls.waiting() > 0 { ASKED_PAUSE_HELD } else { ASKED_PAUSE_MAX }
    }

    fn pause_after_failure(&mut self, now: Duration) -> Duration {
        let circumstances = Circumstances {
            loopback: self.link.loopback,
            calls_held: self.calls.waiting() > 0,
            outage: now.saturating_sub(self.link.down_since.unwrap_or(now)),
        };
        self.link.backoff.after_failure(circumstances)
    }

    pub(super) fn rejected(
        &mut self,
        now: Duration,
        code: RejectCode,
        message: String,
        retry_after: Option<Duration>,
    ) {
        let pause = self.pause_after_failure(now);
        self.link.next_dial =
            Some(now + retry_after.map_or(pause, |asked| asked.clamp(pause, self.asked_max().max(pause))));
        if self.link.primary.is_some() {
            return;
        }
        self.link.down(now);
        self.link.last_error.clone_from(&message);
        self.link.silent = false;
        if code.is_retryable() {
            return;
        }
        self.link.next_dial = Some(now + REJECTED_PAUSE);
        self.link.rejection = Some(Rejection { code, message: message.clone(), at: now });
        for call_id in self.calls.in_order(|_, open| !open.accepted_seen && !open.cancelled) {
            self.end(now, call_id, EndWhy::Rejected(code, message.clone()));
        }
        self.events.push_back(ShimEvent::Rejected { code, message });
    }

    /// Ends the dial that led to this rejection.
    pub(super) fn drop_candidate(&mut self) {
        if let Some(candidate) = self.link.candidate.take() {
            self.events.push_back(ShimEvent::Close { conn: candidate.conn });
        }
    }

    fn lose_primary(&mut self, now: Duration, reason: &str) {
        let Some(primary) = self.link.primary.take() else { return };
        self.owe_again();
        self.link.down(now);
        self.link.last_error = reason.to_owned();
        self.link.silent = false;
        let lived = now.saturating_sub(primary.since) >= Backoff::SUCCESS_AFTER;
        let pause = match primary.goaway {
            Some(goaway) => {
                let most = self.asked_max();
                let asked = |ms| Duration::from_millis(ms).min(most);
                self.link.backoff.after_goaway(asked(goaway.retry_after_ms), asked(goaway.spread_ms))
            }
            None if lived => self.link.backoff.after_success(),
            // A daemon that welcomes and dies, or throws us out, is not to be dialled without pause.
            None => self.pause_after_failure(now),
        };
        self.link.next_dial = Some(now + pause);
        self.out.retain(|transmit| transmit.conn != primary.conn);
        self.events
            .push_back(ShimEvent::Lost { reason: reason.to_owned(), calls_held: self.calls.waiting() });
    }

    /// The first welcome wins: it makes this connection the one, and closes an older one.
    pub(super) fn promote(&mut self, now: Duration, conn: ConnNo, welcome: &Welcome) -> Duration {
        self.owe_again();
        let link = &mut self.link;
        link.candidate = None;
        if let Some(older) = link.primary.take() {
            self.events.push_back(ShimEvent::Close { conn: older.conn });
            self.out.retain(|transmit| transmit.conn != older.conn);
        }
        link.backoff.tune(welcome.reconnect);
        link.rejection = None;
        link.next_dial = None;
        link.last_error.clear();
        let outage = link.down_since.take().map_or(Duration::ZERO, |since| now.saturating_sub(since));
        link.primary = Some(Primary {
            conn,
            since: now,
            life: Liveness::new(now),
            last_sent: now,
            beat: Duration::from_millis(welcome.beat_ms)
                .clamp(Duration::from_millis(200), Duration::from_secs(4)),
            goaway: None,
        });
        link.daemon = Some(Daemon {
            journal: welcome.journal,
            epoch: welcome.epoch,
            start: welcome.start,
            version: welcome.version.clone(),
            catalogue_hash: welcome.catalogue_hash.clone(),
        });
        outage
    }

    fn beat_if_due(&mut self, now: Duration) {
        if self.link.primary.as_ref().is_some_and(|primary| primary.last_sent + primary.beat <= now) {
            self.send(now, &ShimFrame::Beat);
        }
    }

    fn end_calls(&mut self, now: Duration) {
        let away = match self.link.reach() {
            Reach::Away { since } => Some(Away { since, error: self.link.last_error() }),
            Reach::Leaving | Reach::TakesCalls => None,
        };
        for (call_id, why) in self.calls.due(now, away) {
            self.end(now, call_id, why);
        }
    }

    fn resend_refused(&mut self, now: Duration) {
        if self.link.reach() == Reach::TakesCalls {
            for call_id in self.calls.in_order(|_, open| open.retry_at.is_some_and(|at| at <= now)) {
                self.send_call(now, call_id);
            }
        }
    }
}
