//! The attempt loop: the one owner of retries and fallback, under one deadline.

mod admitting;
mod affording;
mod barred;
mod continuing;
mod deciding;
mod outcome;
mod pausing;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use self::continuing::{Part, Plan};
use self::deciding::Step;
use crate::attempt::{Brought, Failed, NOTE_EVERY};
use crate::before::{Before, Fate};
use crate::cause::Cause;
use crate::chat::Chat;
use crate::flights::millis;
use crate::model::Model;
use crate::providers::{CallContext, Layer};
use crate::reply::{AttemptReport, Failure, Reply, Usage};
use crate::request::Room;
use crate::route::{Candidate, Route};
use crate::spend::Cost;
use crate::splice::Joined;

/// Requests that may be billed, for one call, all causes together.
const BILLED_MAX: u32 = 3;

/// Attempts of earlier starts that an orderly restart cut, and that therefore do not count among those; the gate counts the
/// same way.
const CUTS_MAX: usize = 3;

/// Requests of any kind for one call: a bound on refusals, which cost nothing.
const REQUESTS_MAX: u32 = 12;

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
    /// Number of the attempt that runs, once it is granted.
    granted: Option<u32>,
    /// Number of the last one, where it cost nothing: the next one's.
    unused: Option<u32>,
    usage: Option<Usage>,
    /// What the newest request cost.
    cost: Cost,
    /// Why the newest request failed, of those that went out.
    failed: Option<Cause>,
    /// The longest part of an answer so far.
    best: Option<Arc<Part>>,
    /// What the attempt that runs goes on from.
    plan: Option<Plan>,
    /// Candidates that were asked to go on and did not; they are asked from the beginning.
    declined: BTreeSet<usize>,
    /// Candidates that are sent the earlier turns mended.
    mended: BTreeSet<usize>,
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
            granted: None,
            unused: None,
            usage: None,
            cost: Cost::default(),
            failed: None,
            best: context.kept.and_then(|kept| Part::of_kept(kept, context.before)).map(Arc::new),
            plan: None,
            declined: BTreeSet::new(),
            mended: BTreeSet::new(),
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
                Ok(brought) => return Ok(self.reply(candidate, brought, plan)),
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
            self.keep(failed, candidate, plan);
            match step {
                Step::Again(pause) => {
                    // It counts among those that wait, and waits also where too many do: it has been asked for already.
                    let endpoint = self.layer.endpoint(candidate.provider);
                    let stand = endpoint.and_then(|(_, state)| state.stand(self.context.sharer));
                    self.pause(pause, &format!("{}: {}", candidate.model.id, cause.words())).await;
                    drop(stand);
                    if cause == Cause::EmptyAnswer {
                        room = Room::Doubled;
                    }
                    if cause == Cause::BadRequest {
                        self.mended.insert(index);
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
        let requests = self.requests;
        let outcome = match self.layer.endpoint(candidate.provider) {
            Some((config, state)) => self.admitted(candidate, index, room, config, state).await,
            None => Err(failed(Cause::UnknownModel, "the provider is not configured")),
        };
        let now = self.layer.timer.now();
        let (cause, detail, until, billed) = match &outcome {
            Ok(_) => ("ok", String::new(), None, true),
            Err(failed) => (failed.cause.code(), failed.detail.clone(), failed.until, failed.billed),
        };
        // What was passed over has no number.
        let granted = self.granted.take();
        let n = granted.or(self.unused).filter(|_| cause != Cause::Open.code()).unwrap_or(0);
        let continues = self.plan.as_ref().map_or(0, |plan| plan.beginning().len());
        let (ms, until_ms) = (millis(now.saturating_sub(began)), until.map(millis));
        let left_ms = until.map(|until| millis(until.saturating_sub(self.layer.timer.wall())));
        let Model { provider, id: model, .. } = &*candidate.model;
        let call = self.log_id();
        tracing::info!(call, n, provider, model, continues, cause, until_ms, ms, billed, "attempt ended");
        let failure = outcome.as_ref().err();
        if let Some(failed) = failure.filter(|_| self.requests > requests) {
            self.failed = Some(failed.cause);
        }
        let Cost { nano_usd, is_estimated: estimated } = std::mem::take(&mut self.cost);
        let (provider, model) = candidate.names();
        self.reports.push(AttemptReport {
            n,
            provider,
            model,
            cause,
            detail,
            ms,
            billed,
            nano_usd,
            estimated,
            until_ms,
            left_ms,
        });
        if billed {
            self.billed += 1;
            if outcome.is_err() {
                self.context.gate.failed();
            }
        } else if granted.is_some() {
            self.unused = granted;
            self.context.gate.cost_nothing();
        }
        outcome
    }

    /// Enough of the call's id to find it by in a log; the whole of it is the right to the call.
    fn log_id(&self) -> &'a str {
        self.context.call_id.get(..8).unwrap_or_default()
    }

    /// Whether nobody is left to be asked after this one.
    fn is_last(&self, index: usize) -> bool {
        !self.route.candidates.iter().skip(index + 1).any(|candidate| self.may_be_asked(candidate))
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
        until: None,
        is_mendable: false,
        answer: Box::default(),
        joined: Joined::Alone,
        unreadable: 0,
        slept: false,
        at_once: true,
        generated: Duration::ZERO,
        billed: false,
    }
}
