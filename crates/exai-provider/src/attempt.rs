//! One request, from its first byte to an answer or a cause.
//!
//! One loop waits for the next piece of the body or the nearest clock, whichever is first. Dropping the future drops the
//! response, and with it the connection: that is how a call is cancelled.

mod refusal;

use std::time::Duration;

use bytes::Bytes;

use self::refusal::Asked;
use crate::answer::{Answer, Progress};
use crate::cause::{Besides, Cause};
use crate::clocks::{Clocks, Expired};
use crate::dialect::Dialect;
use crate::error_body::{self, ErrorBody};
use crate::observer::Observer;
use crate::redact::Redactor;
use crate::reply::Ending;
use crate::sample::sample;
use crate::silence::Silence;
use crate::spend::Charge;
use crate::splice::{Joined, Manner, More, Splice};
use crate::state::Place;
use crate::stream::{Broken, Stream};
use crate::timer::Timer;
use crate::transport::{Body, BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind};
use crate::wake::{LOOK_EVERY, Watch};

/// How long the body of an error may take.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(10);

/// How long the end of a body may be behind its end mark: less than a dial takes nearly everywhere.
const LAST_BYTES_WITHIN: Duration = Duration::from_millis(5);

/// Shortest time between two notes of the same matter.
pub(crate) const NOTE_EVERY: Duration = Duration::from_secs(1);

/// A process that wakes so much later than it wanted to stood still: it has not read what came meanwhile.
const STANDSTILL_MIN: Duration = Duration::from_millis(500);

/// A connection that fails within this long was refused, and may be accepted a moment later.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What an attempt needs of the world.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) transport: &'a dyn Transport,
    pub(crate) timer: &'a dyn Timer,
    pub(crate) redactor: &'a Redactor,
    pub(crate) observer: &'a dyn Observer,
}

/// Which attempt it is.
pub(crate) struct Subject<'a> {
    /// What the log calls the call.
    pub(crate) call: &'a str,
    pub(crate) n: u32,
    pub(crate) model: &'a str,
    pub(crate) dialect: &'a Dialect,
    pub(crate) place: &'a Place<'a>,
    /// What its text is to be joined to.
    pub(crate) splice: Splice<'a>,
    /// What it costs.
    pub(crate) charge: Option<&'a Charge<'a>>,
}

/// An answer and how it ended.
pub(crate) struct Brought {
    /// With the whole text.
    pub(crate) answer: Answer,
    pub(crate) joined: Joined,
    pub(crate) ending: Ending,
    pub(crate) unreadable: u32,
}

/// An attempt that brought no answer.
pub(crate) struct Failed {
    pub(crate) cause: Cause,
    /// Without secrets.
    pub(crate) detail: String,
    pub(crate) retry_after: Option<Duration>,
    /// The moment since 1970 before which asking again is vain, where the provider told.
    pub(crate) until: Option<Duration>,
    /// Whether it was refused for a fault of the earlier turns that can be mended.
    pub(crate) is_mendable: bool,
    /// What there is of the answer, the text that this attempt went on from included.
    pub(crate) answer: Box<Answer>,
    pub(crate) joined: Joined,
    pub(crate) unreadable: u32,
    /// It ended because the machine slept, or soon after that: nobody's fault.
    pub(crate) slept: bool,
    /// It ended within [`AT_ONCE`].
    pub(crate) at_once: bool,
    /// From its first delta to its last.
    pub(crate) generated: Duration,
    /// Whether the provider may charge for it.
    pub(crate) billed: bool,
}

/// Makes the attempt.
///
/// # Errors
/// [`Failed`], with what had come.
pub(crate) async fn run(
    world: World<'_>,
    subject: Subject<'_>,
    request: Request,
    clocks: Clocks,
) -> Result<Brought, Failed> {
    let mut stream = Stream::default();
    stream.answer.before = subject.splice.beginning_len();
    let mut attempt = Attempt {
        world,
        subject,
        clocks,
        watch: Watch::new(world.timer.now(), world.timer.wall()),
        alarm: None,
        stream,
        besides: Besides::Nothing,
        noted_at: world.timer.now(),
        silence: Silence::new(world.timer.now()),
        started: world.timer.now(),
    };
    let ended = attempt.drive(request).await;
    attempt.tell(More::Over);
    attempt.log_unreadable();
    let is_page = attempt.stream.page().is_some();
    let took = world.timer.now().saturating_sub(attempt.started);
    let Attempt { subject, clocks, stream, .. } = attempt;
    let (mut answer, unreadable) = (stream.answer, stream.unreadable);
    let brought_something = !answer.is_blank() || !answer.reasoning.is_empty();
    let joined = subject.splice.join(&mut answer.text);
    match ended {
        Ok(ending) => Ok(Brought { answer, joined, ending, unreadable }),
        Err(end) => Err(Failed {
            cause: end.cause,
            detail: world.redactor.clean(&end.detail),
            retry_after: end.retry_after,
            until: end.until,
            is_mendable: end.is_mendable,
            billed: brought_something || (end.cause.may_be_billed() && !is_page),
            answer: Box::new(answer),
            joined,
            unreadable,
            slept: clocks.sleep().is_some() && is_of_the_connection(end.cause),
            at_once: took < AT_ONCE,
            generated: clocks.generated(),
        }),
    }
}

/// Why it ended.
struct End {
    cause: Cause,
    detail: String,
    retry_after: Option<Duration>,
    until: Option<Duration>,
    is_mendable: bool,
}

impl End {
    fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into(), retry_after: None, until: None, is_mendable: false }
    }
}

struct Attempt<'a> {
    world: World<'a>,
    subject: Subject<'a>,
    clocks: Clocks,
    watch: Watch,
    alarm: Option<Alarm>,
    stream: Stream,
    besides: Besides,
    noted_at: Duration,
    silence: Silence,
    started: Duration,
}

/// A timer that is kept while deadlines only move away from it: most deltas move them by milliseconds.
struct Alarm {
    at: Duration,
    sleep: BoxFuture<'static, ()>,
}

impl Attempt<'_> {
    async fn drive(&mut self, request: Request) -> Result<Ending, End> {
        let transport = self.world.transport;
        let response = match self.or_expired(transport.open(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(transport_end(&error)),
            Err(expired) => return Err(self.expired(expired)),
        };
        self.besides = Besides::Head;
        if response.status != 200 {
            return Err(self.refused(response).await);
        }
        if let Some(encoding) = encoding(&response) {
            return Err(End::new(Cause::Encoded, format!("the answer came with the encoding {encoding}")));
        }
        self.read(response.body).await.map_err(|end| self.end_of_page(end))?;
        let answer = &self.stream.answer;
        let judged = match self.subject.splice.manner() {
            Some(Manner::Prefix) => answer.judge_rest(),
            Some(Manner::Turn) | None => answer.judge(),
        };
        judged.map_err(|(cause, detail)| {
            if cause == Cause::Malformed {
                let call = self.stream.answer.unreadable_call();
                self.stream.sample = call.map(|call| sample(call.arguments.as_bytes()));
            }
            End::new(cause, detail)
        })
    }

    /// Reads up to the end mark, or the end of the body.
    async fn read(&mut self, mut body: Box<dyn Body>) -> Result<(), End> {
        loop {
            let piece = match self.or_expired(body.chunk()).await {
                Ok(Ok(piece)) => piece,
                Ok(Err(_)) if self.stream.answer.finish.is_some() => return Ok(()),
                Ok(Err(error)) => return Err(End::new(Cause::Cut, error.message)),
                Err(Expired::Tail) => return Ok(()),
                Err(expired) => return Err(self.expired(expired)),
            };
            let Some(piece) = piece else {
                return self.stream.finish().map_err(|broken| self.broken(broken));
            };
            match self.take(&piece) {
                Err(end) if self.is_behind_the_answer(&end) => return Ok(()),
                taken => taken?,
            }
            if self.stream.answer.done {
                see_out(self.world.timer, &mut *body).await;
                return Ok(());
            }
            match self.clocks.check(self.world.timer.now()) {
                None => {}
                Some(Expired::Tail) => return Ok(()),
                Some(expired) => return Err(self.expired(expired)),
            }
        }
    }

    /// What goes wrong after the finish reason takes nothing from an answer; where there is none, it says why.
    fn is_behind_the_answer(&self, end: &End) -> bool {
        let answer = &self.stream.answer;
        answer.finish.is_some() && !answer.is_blank() && end.cause != Cause::TooLarge
    }

    fn take(&mut self, piece: &Bytes) -> Result<(), End> {
        let fed = self.stream.feed(piece);
        let now = self.world.timer.now();
        if let Some(charge) = self.subject.charge {
            charge.came(self.stream.answer.bytes());
        }
        self.tell(More::Coming);
        let progress = fed.map_err(|broken| self.broken(broken))?;
        self.clocks.arrived(now);
        self.besides = if progress.chars > 0 { Besides::Nothing } else { Besides::KeepAlives };
        if self.stream.answer.finish.is_some() {
            self.clocks.finished(now);
        }
        self.progress(now, progress);
        Ok(())
    }

    /// Nobody can see later what a provider has sent; of what could not be read the log keeps the shape.
    fn log_unreadable(&self) {
        if let Some(sample) = &self.stream.sample {
            let Subject { call, n, model, .. } = self.subject;
            tracing::warn!(call, n, model, sample, "a piece of the answer could not be read");
        }
    }

    /// Tells the text that is new.
    fn tell(&mut self, more: More) {
        if let Some((offset, fresh)) = self.subject.splice.fresh(&self.stream.answer.text, more) {
            self.world.observer.partial(self.subject.n, offset, fresh);
        }
    }

    fn progress(&mut self, now: Duration, progress: Progress) {
        if progress.chars == 0 {
            return;
        }
        self.clocks.progress(now, progress);
        self.silence = Silence::new(now);
        self.subject.place.progress(now);
        if now.saturating_sub(self.noted_at) >= NOTE_EVERY {
            self.noted_at = now;
            let answer = &self.stream.answer;
            let (stage, bytes) = if answer.text.is_empty() && answer.tool_calls.is_empty() {
                ("is thinking", answer.reasoning.len())
            } else {
                ("is answering", answer.before + answer.text.len())
            };
            let (model, kb) = (self.subject.model, bytes as f64 / 1000.0);
            let seconds = now.saturating_sub(self.started).as_secs();
            self.world.observer.note(format!("{model} {stage}: {kb:.1} kB after {seconds} s"));
        }
    }

    /// The work's outcome, or the clock that ran out before. What is there already is read before a clock is looked at, what
    /// came during a standstill is waited for shortly, and clocks begin anew after a sleep, so that a process that slept accuses
    /// nobody.
    async fn or_expired<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Expired> {
        tokio::pin!(work);
        loop {
            let at = self.clocks.next_deadline().min(self.world.timer.now() + LOOK_EVERY);
            let at = at.min(self.silence.next_telling());
            let alarm = match self.alarm.take() {
                Some(alarm) if alarm.at <= at => alarm,
                _ => Alarm { at, sleep: self.world.timer.sleep_until(at) },
            };
            let alarm = self.alarm.insert(alarm);
            let due = alarm.at;
            let outcome = tokio::select! {
                biased;
                outcome = &mut work => Some(outcome),
                () = &mut alarm.sleep => None,
            };
            self.look(due);
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            self.alarm = None;
            if let Some(expired) = self.clocks.check(self.world.timer.now()) {
                return Err(expired);
            }
            self.tell_silence();
        }
    }

    /// Tells that nothing comes, and how long that may go on. Of an answer that is over only the end mark is missing.
    fn tell_silence(&mut self) {
        let now = self.world.timer.now();
        let Some(long) = self.silence.tell(now).filter(|_| self.stream.answer.finish.is_none()) else {
            return;
        };
        let (at, expired) = self.clocks.nearest();
        let (model, long, left) = (self.subject.model, long.as_secs(), at.saturating_sub(now).as_secs());
        let end = match expired {
            // Nothing that comes puts it off.
            Expired::Deadline => format!("the time for this call ends in {left} s"),
            Expired::Stall(_) | Expired::Tail => format!("cut off in {left} s unless some comes"),
        };
        self.world.observer.note(format!("{model}: no text for {long} s; {end}"));
    }

    /// Looks whether the machine slept, or this process stood still when it was to wake.
    fn look(&mut self, due: Duration) {
        let timer = self.world.timer;
        if timer.now().saturating_sub(due) >= STANDSTILL_MIN {
            self.clocks.stood_still(timer.now());
        }
        let Some(sleep) = self.watch.look(timer.now(), timer.wall()) else { return };
        self.clocks.slept(sleep);
        self.silence = Silence::new(sleep.woke);
        let Subject { call, n, .. } = self.subject;
        tracing::info!(call, n, seconds = sleep.long.as_secs(), "slept in the middle of an attempt");
    }

    /// A status other than 200: reads what the provider says about it, for a while.
    async fn refused(&mut self, response: Response) -> End {
        let wall = self.world.timer.wall();
        let asked = Asked::by(&response, wall);
        let elsewhere = response.header("location").map(str::to_owned);
        let encoded = encoding(&response).map(str::to_owned);
        let (status, mut body) = (response.status, response.body);
        let until = self.world.timer.now() + ERROR_BODY_WAIT;
        // What it says is waited for no longer than that: nothing to tell of.
        self.silence = Silence::new(until);
        let mut text = Vec::new();
        let timer = self.world.timer;
        let read = async {
            while let Ok(Some(piece)) = body.chunk().await {
                text.extend_from_slice(&piece);
                if text.len() >= error_body::READ_BYTES_MAX {
                    break;
                }
            }
        };
        tokio::select! {
            biased;
            _ = self.or_expired(read) => {}
            () = timer.sleep_until(until) => {}
        }
        text.truncate(error_body::READ_BYTES_MAX);
        let error = match encoded {
            Some(encoding) => {
                ErrorBody { message: format!("its text has the encoding {encoding}"), ..ErrorBody::default() }
            }
            None => ErrorBody::parse(&text),
        };
        let mut end = refusal::end(self.subject.dialect, Some(status), &error, asked, wall);
        if let Some(elsewhere) = elsewhere {
            // A key is never sent to where a provider points; people decide that.
            end.detail = format!("HTTP {status}: the base URL only leads to {elsewhere}");
        }
        end
    }

    fn broken(&self, broken: Broken) -> End {
        match broken {
            Broken::Error(error) => {
                let wall = self.world.timer.wall();
                refusal::end(self.subject.dialect, None, &error, Asked::default(), wall)
            }
            Broken::Page => End::new(Cause::Page, ""),
            Broken::Malformed(detail) => End::new(Cause::Malformed, detail),
            Broken::TooLarge(detail) => End::new(Cause::TooLarge, detail),
        }
    }

    /// A page is one also where it hangs or breaks off.
    fn end_of_page(&self, end: End) -> End {
        match self.stream.page() {
            Some(page) if end.cause != Cause::Deadline => End::new(Cause::Page, page),
            _ => end,
        }
    }

    fn expired(&self, expired: Expired) -> End {
        let age = self.world.timer.now().saturating_sub(self.started).as_secs();
        match (expired, self.clocks.sleep()) {
            (Expired::Stall(_), Some(sleep)) => {
                let minutes = sleep.long.as_secs() / 60;
                End::new(
                    Cause::Cut,
                    format!("this machine slept for {minutes} min, and the connection did not outlive it"),
                )
            }
            (Expired::Stall(clock), None) => {
                let (what, besides) = (clock.sentence(), self.besides.sentence());
                End::new(Cause::Stall(clock), format!("{what}; {besides}"))
            }
            (Expired::Deadline, _) => {
                End::new(Cause::Deadline, format!("the call's time was over {age} s into this attempt"))
            }
            // Only reached where a finish reason has come, which `read` handles.
            (Expired::Tail, _) => End::new(Cause::Cut, "the stream ended without its end mark"),
        }
    }
}

/// How the body is compressed; requests say that it must not be.
fn encoding(response: &Response) -> Option<&str> {
    let encoding = response.header("content-encoding")?.trim();
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// Whether a cause tells of a connection, and of nothing that anybody said over it.
const fn is_of_the_connection(cause: Cause) -> bool {
    matches!(cause, Cause::Connect | Cause::Dns | Cause::Tls | Cause::Cut)
}

fn transport_end(error: &TransportError) -> End {
    let cause = match error.kind {
        TransportErrorKind::Connect => Cause::Connect,
        TransportErrorKind::Dns => Cause::Dns,
        TransportErrorKind::Tls => Cause::Tls,
        TransportErrorKind::Broken => Cause::Cut,
        // The key and all else in it were looked at when they were set.
        TransportErrorKind::Unusable => Cause::WrongAddress,
    };
    End::new(cause, error.message.clone())
}

/// The end of a body mostly comes with the end mark or right behind it. Once it is read the connection can be used again, which
/// spares the next call a dial and a TLS handshake; nothing of it is waited for longer than that is worth.
async fn see_out(timer: &dyn Timer, body: &mut dyn Body) {
    let until = timer.now() + LAST_BYTES_WITHIN;
    tokio::select! {
        biased;
        () = async { while let Ok(Some(_)) = body.chunk().await {} } => {}
        () = timer.sleep_until(until) => {}
    }
}
