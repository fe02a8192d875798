//! One request, from its first byte to an answer or a cause.
//!
//! One loop waits for the next piece of the body or the nearest clock, whichever is first. Dropping the future drops the
//! response, and with it the connection: that is how a call is cancelled.

use std::time::Duration;

use bytes::Bytes;

use crate::answer::{Answer, Progress};
use crate::cause::Cause;
use crate::classify::classify;
use crate::clocks::{Clocks, Expired};
use crate::dialect::Dialect;
use crate::error_body::ErrorBody;
use crate::observer::Observer;
use crate::redact::Redactor;
use crate::reply::Ending;
use crate::retry_after::retry_after;
use crate::spend::Charge;
use crate::splice::{Joined, Manner, More, Splice};
use crate::state::Place;
use crate::stream::{Broken, Stream};
use crate::timer::Timer;
use crate::transport::{Body, BoxFuture, Request, Response, Transport, TransportError, TransportErrorKind};

/// Bytes of an error's body that are read.
const ERROR_BODY_BYTES_MAX: usize = 64 << 10;

/// How long the body of an error may take.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(10);

/// Shortest time between two notes of the same matter.
pub(crate) const NOTE_EVERY: Duration = Duration::from_secs(1);

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
    /// Moment of the wall clock, since 1970, before which this need not be tried again.
    pub(crate) until: Option<Duration>,
    /// What there is of the answer, the text that this attempt went on from included.
    pub(crate) answer: Box<Answer>,
    pub(crate) joined: Joined,
    pub(crate) unreadable: u32,
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
        alarm: None,
        stream,
        noted_at: world.timer.now(),
        started: world.timer.now(),
    };
    let ended = attempt.drive(request).await;
    attempt.tell(More::Over);
    let is_page = attempt.stream.page().is_some();
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
            until: None,
            billed: brought_something || (end.cause.may_be_billed() && !is_page),
            answer: Box::new(answer),
            joined,
            unreadable,
            generated: clocks.generated(),
        }),
    }
}

/// Why it ended.
struct End {
    cause: Cause,
    detail: String,
    retry_after: Option<Duration>,
}

impl End {
    fn new(cause: Cause, detail: impl Into<String>) -> Self {
        Self { cause, detail: detail.into(), retry_after: None }
    }
}

struct Attempt<'a> {
    world: World<'a>,
    subject: Subject<'a>,
    clocks: Clocks,
    alarm: Option<Alarm>,
    stream: Stream,
    noted_at: Duration,
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
        judged.map_err(|(cause, detail)| End::new(cause, detail))
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
            self.take(&piece)?;
            if self.stream.answer.done {
                return Ok(());
            }
            match self.clocks.check(self.world.timer.now()) {
                None => {}
                Some(Expired::Tail) => return Ok(()),
                Some(expired) => return Err(self.expired(expired)),
            }
        }
    }

    fn take(&mut self, piece: &Bytes) -> Result<(), End> {
        let fed = self.stream.feed(piece);
        let now = self.world.timer.now();
        if let Some(charge) = self.subject.charge {
            charge.came(self.stream.answer.bytes());
        }
        self.tell(More::Coming);
        let progress = fed.map_err(|broken| self.broken(broken))?;
        if self.stream.answer.finish.is_some() {
            self.clocks.finished(now);
        }
        self.progress(now, progress);
        Ok(())
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

    /// The work's outcome, or the clock that ran out before. What is there already is read before a clock is looked at, so
    /// that a process that slept accuses nobody.
    async fn or_expired<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Expired> {
        tokio::pin!(work);
        loop {
            let at = self.clocks.next_deadline();
            let alarm = match self.alarm.take() {
                Some(alarm) if alarm.at <= at => alarm,
                _ => Alarm { at, sleep: self.world.timer.sleep_until(at) },
            };
            let alarm = self.alarm.insert(alarm);
            tokio::select! {
                biased;
                outcome = &mut work => return Ok(outcome),
                () = &mut alarm.sleep => self.alarm = None,
            }
            if let Some(expired) = self.clocks.check(self.world.timer.now()) {
                return Err(expired);
            }
        }
    }

    /// A status other than 200: reads what the provider says about it, for a while.
    async fn refused(&mut self, response: Response) -> End {
        let retry_after = retry_after(&response);
        let elsewhere = response.header("location").map(str::to_owned);
        let encoded = encoding(&response).map(str::to_owned);
        let (status, mut body) = (response.status, response.body);
        let until = self.world.timer.now() + ERROR_BODY_WAIT;
        let mut text = Vec::new();
        let timer = self.world.timer;
        let read = async {
            while let Ok(Some(piece)) = body.chunk().await {
                text.extend_from_slice(&piece);
                if text.len() >= ERROR_BODY_BYTES_MAX {
                    break;
                }
            }
        };
        tokio::select! {
            biased;
            _ = self.or_expired(read) => {}
            () = timer.sleep_until(until) => {}
        }
        text.truncate(ERROR_BODY_BYTES_MAX);
        let error = match encoded {
            Some(encoding) => {
                ErrorBody { message: format!("its text has the encoding {encoding}"), ..ErrorBody::default() }
            }
            None => ErrorBody::parse(&text),
        };
        let cause = classify(self.subject.dialect, status, &error);
        let mut detail = match elsewhere {
            // A key is never sent to where a provider points; people decide that.
            Some(elsewhere) => format!("HTTP {status}: the base URL only leads to {elsewhere}"),
            None => describe(Some(status), &error),
        };
        if let Some(wait) = retry_after {
            detail.push_str(&format!("; asks to wait {} s", wait.as_secs_f64().ceil()));
        }
        End { cause, detail, retry_after }
    }

    fn broken(&self, broken: Broken) -> End {
        match broken {
            Broken::Error(error) => {
                End::new(classify(self.subject.dialect, 200, &error), describe(None, &error))
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
        match expired {
            Expired::Stall(clock) => End::new(Cause::Stall(clock), clock.sentence()),
            Expired::Deadline => {
                End::new(Cause::Deadline, format!("the call's time was over {age} s into this attempt"))
            }
            // Only reached where a finish reason has come, which `read` handles.
            Expired::Tail => End::new(Cause::Cut, "the stream ended without its end mark"),
        }
    }
}

/// How the body is compressed; requests say that it must not be.
fn encoding(response: &Response) -> Option<&str> {
    let encoding = response.header("content-encoding")?.trim();
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

fn transport_end(error: &TransportError) -> End {
    let cause = match error.kind {
        TransportErrorKind::Connect => Cause::Connect,
        TransportErrorKind::Dns => Cause::Dns,
        TransportErrorKind::Tls => Cause::Tls,
        TransportErrorKind::Broken => Cause::Cut,
        TransportErrorKind::Unusable => Cause::BadRequest,
    };
    End::new(cause, error.message.clone())
}

fn describe(status: Option<u16>, error: &ErrorBody) -> String {
    let mut parts = Vec::new();
    parts.extend(status.map(|status| format!("HTTP {status}")));
    parts.extend(error.code.as_ref().or(error.kind.as_ref()).map(|code| format!("code {code}")));
    let head = parts.join(", ");
    match (head.is_empty(), error.message.is_empty()) {
        (_, true) => head,
        (true, false) => error.message.clone(),
        (false, false) => format!("{head}: {}", error.message),
    }
}
