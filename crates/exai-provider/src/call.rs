//! The attempt loop: the one owner of retries and fallback, under one deadline.

mod continuing;
mod outcome;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use self::continuing::{Candidacy, Part, Plan};
use crate::attempt::{self, Brought, Failed, NOTE_EVERY, Subject, World};
use crate::backoff;
use crate::before::{Before, Fate};
use crate::cause::{Again, Cause, Next};
use crate::chat::Chat;
use crate::clocks::{Clocks, FLOOR_WINDOW, Limits};
use crate::config::{ProviderConfig, StreamTimeout};
use crate::dialect::Dialect;
use crate::model::{IdleClass, Model};
use crate::providers::{CallContext, Layer};
use crate::reply::{AttemptReport, Failure, Reply, Usage};
use crate::request::{self, Room, Variant};
use crate::route::{Candidate, Route};
use crate::splice::{Joined, Splice};
use crate::state::{Place, ProviderState, Wish};

/// Requests that may be billed, for one call, all causes together.
const BILLED_MAX: u32 = 3;

/// Attempts of earlier starts that an orderly restart cut, and that therefore do not count among those; the gate counts the
/// same way.
const CUTS_MAX: usize = 3;

/// Requests of any kind for one call: a bound on refusals, which cost nothing.
const REQUESTS_MAX: u32 = 12;

/// Longest wait for a place while another candidate is left.
const QUEUE_WAIT: Duration = Duration::from_secs(30);

/// At a rate limit, another candidate is better than a longer wait than this.
const RATE_PATIENCE: Duration = Duration::from_secs(3);

/// One call on its way.
pub(crate) struct Call<'a> {
    layer: &'a Layer,
    chat: &'a Chat,
    context: CallContext<'a>,
    route: &'a Route,
    /// From here on the time is kept for the next candidate, unless a stream delivers.
    reserve_at: Duration,
    reports: Vec<AttemptReport>,
    requests: u32,
    /// Requests that count as billed: not the number of the newest, which counts those that were cut, too.
    billed: u32,
    /// An attempt that was granted and cost nothing yet.
    grant: Option<Grant>,
    usage: Option<Usage>,
    /// The longest part of an answer so far.
    best: Option<Arc<Part>>,
    /// What the attempt that runs goes on from.
    plan: Option<Plan>,
    /// Candidates that were asked to go on and did not; they are asked from the beginning.
    declined: BTreeSet<usize>,
}

/// The number of an attempt, the index of the candidate under whose name it was granted, and how many bytes it goes on from.
#[derive(Debug, Clone, Copy)]
struct Grant {
    n: u32,
    candidate: usize,
    continues: u64,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The same candidate, after a pause.
    Again(Duration),
    /// The candidate of this index.
    Next(usize),
    /// No more.
    Stop,
}

impl<'a> Call<'a> {
    /// A call that begins now.
    pub(crate) fn new(layer: &'a Layer, chat: &'a Chat, context: CallContext<'a>, route: &'a Route) -> Self {
        let now = layer.timer.now();
        // A quarter of the whole, so that the fallback has time for an answer of its own.
        let reserve = context.deadline.saturating_sub(now) / 4;
        Self {
            layer,
            chat,
            context,
            route,
            reserve_at: context.deadline.saturating_sub(reserve),
            reports: Vec::new(),
            requests: 0,
            billed: counted(context.before),
            grant: None,
            usage: None,
            best: context.kept.and_then(|kept| Part::of_kept(kept, context.before)).map(Arc::new),
            plan: None,
            declined: BTreeSet::new(),
        }
    }

    /// Asks until there is an answer, or a reason to stop.
    ///
    /// # Errors
    /// When no attempt brought any text.
    pub(crate) async fn run(mut self) -> Result<Reply, Failure> {
        let (mut index, mut room) = (0, Room::Asked);
        // What went wrong with this candidate: each cause has retries of its own, all together at most the bounds above.
        let mut causes: Vec<Cause> = Vec::new();
        loop {
            let Some(candidate) = self.route.candidates.get(index) else {
                return self.give_up(Cause::UnknownModel);
            };
            let outcome = self.attempt(candidate, index, room).await;
            let plan = self.plan.take();
            let failed = match outcome {
                Ok(brought) => return Ok(self.reply(index, brought, plan)),
                Err(failed) => failed,
            };
            let cause = failed.cause;
            if plan.is_some() && self.is_declined(&failed, index) {
                self.note(format!("{}: can't go on from the text; asking anew", candidate.model.id));
                continue;
            }
            let tries = causes.iter().filter(|known| known.is_like(cause)).count();
            let step = self.step(&failed, index, u32::try_from(tries).unwrap_or(u32::MAX));
            causes.push(cause);
            self.keep(failed, index, plan);
            match step {
                Step::Again(pause) => {
                    self.pause(pause, &format!("{}: {}", candidate.model.id, cause.words())).await;
                    if cause == Cause::EmptyAnswer {
                        room = Room::Doubled;
                    }
                }
                Step::Next(next) => {
                    let model = self.route.candidates.get(next).map_or("", |next| &next.model.id);
                    self.note(format!("{}: {}; asking {model}", candidate.model.id, cause.words()));
                    causes.clear();
                    (index, room) = (next, Room::Asked);
                }
                Step::Stop => return self.give_up(cause),
            }
        }
    }

    /// Waits, and tells every second how long still.
    async fn pause(&self, pause: Duration, why: &str) {
        let until = self.layer.timer.now() + pause;
        loop {
            let now = self.layer.timer.now();
            let left = until.saturating_sub(now);
            if left.is_zero() {
                return;
            }
            self.note(format!("{why}; again in {:.0} s", left.as_secs_f64().ceil()));
            self.layer.timer.sleep_until(until.min(now + NOTE_EVERY)).await;
        }
    }

    async fn attempt(&mut self, candidate: &Candidate, index: usize, room: Room) -> Result<Brought, Failed> {
        let began = self.layer.timer.now();
        let mut n = self.grant.map_or(0, |grant| grant.n);
        let outcome = match self.layer.endpoint(candidate.provider) {
            Some((config, state)) => self.admitted(candidate, index, room, config, state, &mut n).await,
            None => Err(failed(Cause::UnknownModel, "the provider is not configured")),
        };
        let now = self.layer.timer.now();
        let provider = self.layer.endpoint(candidate.provider).map_or("", |(config, _)| config.name.as_str());
        let (cause, detail, billed) = match &outcome {
            Ok(_) => ("ok", String::new(), true),
            Err(failed) => (failed.cause.code(), failed.detail.clone(), failed.billed),
        };
        let continues = self.plan.as_ref().map_or(0, |plan| plan.beginning().len());
        let ms = u64::try_from(now.saturating_sub(began).as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            call = self.context.call_id,
            n,
            provider,
            model = candidate.model.id,
            continues,
            cause,
            ms,
            billed,
            "attempt ended"
        );
        let (provider, model) = (provider.to_owned(), candidate.model.id.clone());
        self.reports.push(AttemptReport { n, provider, model, cause, detail, ms, billed });
        if billed {
            self.billed += 1;
            self.grant = None;
            if outcome.is_err() {
                self.context.gate.failed();
            }
        }
        outcome
    }

    /// Gets a place and a grant, and makes the request.
    async fn admitted(
        &mut self,
        candidate: &Candidate,
        index: usize,
        room: Room,
        config: &ProviderConfig,
        state: &ProviderState,
        n: &mut u32,
    ) -> Result<Brought, Failed> {
        let place = self.place(state, index, &config.name).await?;
        self.in_time()?;
        let dialect = Dialect::of(&config.name);
        let plan = self.plan_for(candidate, index, room, config, dialect);
        let continues = plan.as_ref().map_or(0, |plan| plan.beginning().len());
        *n = self.grant(index, &config.name, &candidate.model.id, continues as u64).await?;
        self.in_time()?;
        self.requests += 1;
        self.plan.clone_from(&plan);
        let request_id = format!("{}-{n}-{}", self.context.call_id, self.requests);
        let after = plan.as_ref().map(|plan| plan.continuation(&config.name, &candidate.model.id));
        let variant = Variant { request_id: &request_id, room, after };
        let request = request::build(config, dialect, &candidate.model, self.chat, variant)
            .map_err(|error| failed(Cause::BadRequest, &error.to_string()))?;
        let from = match continues {
            0 => String::new(),
            bytes => format!(", going on from {:.1} kB", bytes as f64 / 1000.0),
        };
        self.note(format!("asking {} at {} (attempt {n}{from})", candidate.model.id, config.name));
        let now = self.layer.timer.now();
        let clocks = Clocks::new(now, self.limits(config, &candidate.model, index));
        let world = World {
            transport: &*self.layer.transport,
            timer: &*self.layer.timer,
            redactor: &self.layer.redactor,
            observer: self.context.observer,
        };
        let splice = plan.as_ref().map_or_else(Splice::alone, Plan::splice);
        let subject = Subject { n: *n, model: &candidate.model.id, dialect, place: &place, splice };
        let outcome = attempt::run(world, subject, request, clocks).await;
        let now = self.layer.timer.now();
        match &outcome {
            Ok(_) => state.succeeded(now),
            // Its own clock, not the provider's doing.
            Err(failed) if failed.cause == Cause::Deadline => {}
            Err(failed) => state.failed(now, failed.cause),
        }
        outcome
    }

    /// The number under which this request goes out, kept with the provider's and model's names.
    async fn grant(
        &mut self,
        candidate: usize,
        provider: &str,
        model: &str,
        continues: u64,
    ) -> Result<u32, Failed> {
        let unused = match self.grant {
            Some(grant) if (grant.candidate, grant.continues) == (candidate, continues) => {
                return Ok(grant.n);
            }
            other => other.map(|grant| grant.n),
        };
        let granted = self.context.gate.begin(unused, provider, model, continues).await;
        let n = granted.map_err(|denied| failed(Cause::Denied(denied), &denied.to_string()))?;
        self.grant = Some(Grant { n, candidate, continues });
        Ok(n)
    }

    /// What this candidate goes on from, if anything.
    fn plan_for(
        &self,
        candidate: &Candidate,
        index: usize,
        room: Room,
        config: &ProviderConfig,
        dialect: &Dialect,
    ) -> Option<Plan> {
        let part = self.best.as_ref().filter(|_| !self.declined.contains(&index))?;
        continuing::plan(
            part,
            Candidacy {
                provider: &config.name,
                prefix: candidate.model.prefix.unwrap_or(dialect.prefix),
                output: request::output(&candidate.model, room).unwrap_or(request::OUTPUT_DEFAULT),
                is_last_attempt: self.billed + 1 >= BILLED_MAX,
            },
        )
    }

    /// A request for the rest failed: `true` where the same candidate is to be asked for the whole at once. What was turned
    /// down before it cost anything says nothing about the question itself. What gave nothing, or began anew, is not asked
    /// for a rest again.
    fn is_declined(&mut self, failed: &Failed, index: usize) -> bool {
        let refused = !failed.billed
            && matches!(
                failed.cause,
                Cause::BadRequest | Cause::ModelGone | Cause::WrongAddress | Cause::ContextOverflow
            );
        if refused || failed.cause == Cause::EmptyAnswer || failed.joined == Joined::Anew {
            self.declined.insert(index);
        }
        refused && self.requests < REQUESTS_MAX
    }

    async fn place<'s>(
        &self,
        state: &'s ProviderState,
        index: usize,
        provider: &str,
    ) -> Result<Place<'s>, Failed> {
        let now = self.layer.timer.now();
        // Where only the bounds over all providers bind, another candidate would not come sooner.
        let until = if self.is_last(index) || !state.is_full() {
            self.context.deadline
        } else {
            self.context.deadline.min(self.reserve_at.max(now)).min(now + QUEUE_WAIT)
        };
        let told = |position, all| {
            self.note(format!("waiting for a place at {provider}, position {position} of {all}"));
        };
        let wish = Wish { sharer: self.context.sharer, until, told: &told };
        let no_place = |_| match self.layer.timer.now() >= self.context.deadline {
            true => failed(Cause::Deadline, "no place was free within the call's time"),
            false => failed(Cause::Busy, "no place was free in time"),
        };
        state.admit(&*self.layer.timer, wish).await.map_err(no_place)
    }

    /// Waits for a place or a grant may have taken all the time that was left.
    fn in_time(&self) -> Result<(), Failed> {
        if self.layer.timer.now() < self.context.deadline {
            return Ok(());
        }
        Err(failed(Cause::Deadline, "the call's time was over before this attempt"))
    }

    fn limits(&self, config: &ProviderConfig, model: &Model, index: usize) -> Limits {
        // A timeout that the user set holds for every model: no patience with those that think. Local models get none
        // either: they are silent while they are loaded, which the first-event clock allows, and deliver from then on.
        let thinking_window = match config.stream_timeout {
            StreamTimeout::Default(_) if model.idle == IdleClass::Thinking => model.idle_floor,
            StreamTimeout::Default(_) | StreamTimeout::User(_) => FLOOR_WINDOW,
        };
        Limits {
            first_event: config.clocks.first_event.unwrap_or(model.idle.first_event()),
            idle: config.clocks.idle.unwrap_or(model.idle_floor),
            stream_timeout: config.stream_timeout,
            thinking_window,
            reserve_at: (!self.is_last(index) && self.billed + 1 < BILLED_MAX).then_some(self.reserve_at),
            deadline: self.context.deadline,
        }
    }

    fn step(&self, failed: &Failed, index: usize, tries: u32) -> Step {
        let now = self.layer.timer.now();
        if self.billed >= BILLED_MAX || self.requests >= REQUESTS_MAX || now >= self.context.deadline {
            return Step::Stop;
        }
        let next = self.next(failed.cause, index);
        // The last attempt is the next candidate's, and so is the reserve.
        let end = if next.is_some() { self.reserve_at } else { self.context.deadline };
        let kept = next.is_some() && self.billed + 1 >= BILLED_MAX;
        let again = self.again(failed, tries, next.is_some()).filter(|pause| !kept && now + *pause < end);
        match (again, next) {
            (Some(pause), _) => Step::Again(pause),
            (None, Some(next)) => Step::Next(next),
            (None, None) => Step::Stop,
        }
    }

    /// The pause before the same candidate is asked again, if it is to be.
    fn again(&self, failed: &Failed, tries: u32, more: bool) -> Option<Duration> {
        match failed.cause.again() {
            Again::No => None,
            Again::AtOnce(most) => (tries < most).then_some(Duration::ZERO),
            Again::IfLast(most) => (!more && tries < most).then_some(Duration::ZERO),
            Again::Backoff(most) => {
                let pause =
                    backoff::server(tries, &self.layer.jitter).max(failed.retry_after.unwrap_or_default());
                (tries < most && !(more && pause > backoff::LONGEST)).then_some(pause)
            }
            Again::Rate => {
                let pause = backoff::rate(tries).map(|usual| failed.retry_after.unwrap_or(usual))?;
                (!more || pause <= RATE_PATIENCE).then_some(pause)
            }
        }
    }

    fn next(&self, cause: Cause, index: usize) -> Option<usize> {
        let context = self.route.candidates.get(index)?.model.context;
        let fits = |candidate: &Candidate| match cause.next() {
            Next::No => false,
            Next::Any => true,
            Next::LargerContext => candidate.model.context > context,
        };
        (index + 1..self.route.candidates.len()).find(|at| self.route.candidates.get(*at).is_some_and(fits))
    }

    fn is_last(&self, index: usize) -> bool {
        index + 1 >= self.route.candidates.len()
    }

    fn note(&self, text: String) {
        self.context.observer.note(text);
    }
}

/// How many of them count as billed. Whether they really went out nobody knows.
fn counted(before: &[Before]) -> u32 {
    let cuts = before.iter().filter(|before| before.fate == Fate::Cut).count().min(CUTS_MAX);
    u32::try_from(before.len() - cuts).unwrap_or(u32::MAX)
}

/// A failure before anything was sent.
fn failed(cause: Cause, detail: &str) -> Failed {
    Failed {
        cause,
        detail: detail.to_owned(),
        retry_after: None,
        answer: Box::default(),
        joined: Joined::Alone,
        unreadable: 0,
        generated: Duration::ZERO,
        billed: false,
    }
}
