//! How a call comes to an attempt: a place at the provider, a number from the gate, the request, its clocks.

use std::time::Duration;

use super::continuing::{self, Candidacy, Plan};
use super::pausing::{TOO_MANY, line, marked};
use super::{BILLED_MAX, Call, failed};
use crate::attempt::{self, Brought, Failed, NOTE_EVERY, Subject, World};
use crate::breaker::{Entry, Fault, Moment};
use crate::cause::Cause;
use crate::clocks::{Clocks, FLOOR_CHARS, FLOOR_WINDOW, Limits};
use crate::config::{ProviderConfig, StreamTimeout};
use crate::dialect::Dialect;
use crate::fair_queue::LineName;
use crate::model::{IdleClass, Model};
use crate::pace::{self, Early};
use crate::providers::Layer;
use crate::request::{self, Room, Variant};
use crate::route::Candidate;
use crate::spend::Cost;
use crate::splice::Splice;
use crate::state::{Estimate, FreePlace, NoPlace, Place, ProviderState, Wish};
use crate::tokens;

/// Longest wait for a place, or for another call that tries, while another candidate is left.
const QUEUE_WAIT: Duration = Duration::from_secs(30);

impl Call<'_> {
    /// Gets leave, a place and a grant, and makes the request.
    pub(super) async fn admitted(
        &mut self,
        candidate: &Candidate,
        index: usize,
        room: Room,
        config: &ProviderConfig,
        state: &ProviderState,
    ) -> Result<Brought, Failed> {
        self.passable(candidate, index)?;
        self.affordable(candidate)?;
        self.fits(candidate)?;
        let tokens = pace::tokens(self.route.prompt_tokens, &candidate.model, room);
        let (mut place, entry) = self.place(state, index, candidate, tokens).await?;
        self.in_time()?;
        // Those before it in the queue may have spent the rest.
        self.affordable(candidate)?;
        let dialect = Dialect::of(config);
        let plan = self.plan_for(candidate, index, room, dialect);
        let continues = plan.as_ref().map_or(0, |plan| plan.beginning().len());
        let Model { provider, id: model, .. } = &*candidate.model;
        let n = self.grant(provider, model, continues as u64).await?;
        self.in_time()?;
        self.requests += 1;
        state.pace().budget.request(self.layer.timer.now());
        self.plan.clone_from(&plan);
        let request_id = format!("{}-{n}-{}", self.context.call_id, self.requests);
        let after = plan.as_ref().map(|plan| plan.continuation(provider, model));
        let is_mended = self.mended.contains(&index);
        let variant = Variant { request_id: &request_id, room, after, is_mended };
        let request = request::build(config, dialect, &candidate.model, self.chat, variant)
            .map_err(|error| failed(Cause::BadRequest, &error.to_string()))?;
        let from = match continues {
            0 => String::new(),
            bytes => format!(", going on from {:.1} kB", bytes as f64 / 1000.0),
        };
        self.note(format!("asking {model} at {provider} (attempt {n}{from})"));
        let now = self.layer.timer.now();
        let clocks = Clocks::new(now, self.limits(config, &candidate.model, index));
        let world = World {
            transport: &*self.layer.transport,
            timer: &*self.layer.timer,
            redactor: &self.layer.redactor,
            observer: self.context.observer,
        };
        let splice = plan.as_ref().map_or_else(Splice::alone, Plan::splice);
        let call = self.log_id();
        let charge = self.charge(candidate, plan.as_ref());
        place.goes_out();
        let subject = Subject { call, n, model, dialect, place: &place, splice, charge: charge.as_ref() };
        let mut outcome = attempt::run(world, subject, request, clocks).await;
        let (usage, is_billed) = match &mut outcome {
            Ok(brought) => (&mut brought.answer.usage, true),
            Err(failed) => (&mut failed.answer.usage, failed.billed),
        };
        let is_held = self.hold(candidate, n, usage);
        let usage = *usage;
        self.cost = charge.map_or_else(Cost::default, |charge| charge.settle(usage, is_billed));
        self.cost.is_estimated |= is_held;
        self.remember(candidate, outcome.as_ref().map(|_| ()));
        conclude(state, place, &outcome, self.route.prompt_tokens, self.layer.moment());
        state.pace().remember(self.layer.moment());
        outcome.map_err(|failed| marked(failed, entry))
    }

    /// The number under which this request goes out, kept with the provider's and model's names.
    async fn grant(&mut self, provider: &str, model: &str, continues: u64) -> Result<u32, Failed> {
        let granted = self.context.gate.begin(self.unused, provider, model, continues).await;
        let n = granted.map_err(|denied| failed(Cause::Denied(denied), &denied.to_string()))?;
        (self.granted, self.unused) = (Some(n), None);
        Ok(n)
    }

    /// What this candidate goes on from, if anything.
    fn plan_for(&self, candidate: &Candidate, index: usize, room: Room, dialect: &Dialect) -> Option<Plan> {
        let part = self.best.as_ref().filter(|_| !self.declined.contains(&index))?;
        let plan = continuing::plan(
            part,
            Candidacy {
                provider: &candidate.model.provider,
                prefix: candidate.model.prefix.unwrap_or(dialect.prefix),
                output: request::output(&candidate.model, room).unwrap_or(request::OUTPUT_DEFAULT),
                is_last_attempt: self.billed + 1 >= BILLED_MAX,
            },
        )?;
        self.fits_after(candidate, plan.beginning()).then_some(plan)
    }

    /// A place with leave to ask. Whoever waits for a place holds no leave meanwhile: what happens to those before it may
    /// well pause the candidate.
    async fn place<'s>(
        &self,
        state: &'s ProviderState,
        index: usize,
        candidate: &Candidate,
        tokens: u32,
    ) -> Result<(Place<'s>, Entry), Failed>
    where
        Self: 's,
    {
        let line = line(candidate);
        let layer: &'s Layer = self.layer;
        loop {
            let entry = self.entry(index, &line).await?;
            let place = self.free_place(state, index, &line).await?;
            let estimate = self.paced(state, &place, index, tokens).await?;
            if let Ok(pass) = layer.circuits.enter(&line, layer.moment(), entry) {
                return Ok((place.with(pass, estimate), entry));
            }
        }
    }

    async fn free_place<'s>(
        &self,
        state: &'s ProviderState,
        index: usize,
        line: &LineName,
    ) -> Result<FreePlace<'s>, Failed> {
        // Where only the bounds over all providers bind, another candidate would not come sooner.
        let (patience, deadline) = (self.patience(index), self.context.deadline);
        let until = || if state.is_full(line) { patience } else { deadline };
        let told = |position, all| {
            let provider = &state.name;
            self.note(format!("waiting for a place at {provider}, position {position} of {all}"));
        };
        let wish = Wish { sharer: self.context.sharer, until: &until, told: &told };
        let no_place = |why| match (why, self.layer.timer.now() >= self.context.deadline) {
            (NoPlace::Full, _) => failed(Cause::Busy, TOO_MANY),
            (NoPlace::Late, true) => failed(Cause::Deadline, "no place was free within the call's time"),
            (NoPlace::Late, false) => failed(Cause::Busy, "no place was free in time"),
        };
        let circuits = &self.layer.circuits;
        state.admit(&*self.layer.timer, line, circuits, wish).await.map_err(no_place)
    }

    /// Waits until the provider's requests and tokens a minute allow one more, and takes it.
    async fn paced<'s>(
        &self,
        state: &'s ProviderState,
        place: &FreePlace<'_>,
        index: usize,
        tokens: u32,
    ) -> Result<Estimate<'s>, Failed> {
        let until = self.patience(index);
        let line = state.pace_line(tokens);
        let mut noted = None;
        loop {
            let moved = line.moved();
            let now = self.layer.timer.now();
            let Early { at, not_before } = match line.take(self.layer.moment()) {
                Ok(estimate) => {
                    place.goes(now);
                    return Ok(estimate);
                }
                Err(early) => early,
            };
            place.hold();
            if now.max(not_before) >= until {
                return Err(failed(
                    Cause::Busy,
                    "its rate a minute is used up for longer than this can wait",
                ));
            }
            let left = at.saturating_sub(now).as_secs_f64().ceil();
            let note = format!("waiting for the rate a minute of {}: {left:.0} s", state.name);
            if noted.as_ref() != Some(&note) {
                self.note(note.clone());
                noted = Some(note);
            }
            tokio::select! {
                biased;
                () = moved => {}
                () = self.layer.timer.sleep_until(at.min(until).min(now + NOTE_EVERY)) => {}
            }
        }
    }

    /// Until when this candidate is waited for.
    pub(super) fn patience(&self, index: usize) -> Duration {
        if self.is_last(index) {
            return self.context.deadline;
        }
        let now = self.layer.timer.now();
        self.context.deadline.min(self.reserve_at.max(now)).min(now + QUEUE_WAIT)
    }

    /// Waits for a place or a grant may have taken all the time that was left.
    fn in_time(&self) -> Result<(), Failed> {
        if self.layer.timer.now() < self.context.deadline {
            return Ok(());
        }
        Err(failed(Cause::Deadline, "the call's time was over before this attempt"))
    }

    fn limits(&self, config: &ProviderConfig, model: &Model, index: usize) -> Limits {
        // A floor above that of its class was put there on purpose: it holds among content, too.
        let floor = Some(model.idle_floor).filter(|floor| *floor > model.idle.idle());
        // A timeout that the user set holds for every model: no patience with those that think. Local models get none
        // either: they are silent while they are loaded, which the first-event clock allows, and deliver from then on.
        let (window, thinking_window) = match config.stream_timeout {
            StreamTimeout::Default(_) if model.idle == IdleClass::Thinking => {
                (floor.unwrap_or(FLOOR_WINDOW), model.idle_floor)
            }
            StreamTimeout::Default(_) => (floor.unwrap_or(FLOOR_WINDOW), floor.unwrap_or(FLOOR_WINDOW)),
            StreamTimeout::User(_) => (FLOOR_WINDOW, FLOOR_WINDOW),
        };
        let is_final = self.is_last(index) || self.billed + 1 >= BILLED_MAX;
        Limits {
            first_event: config.clocks.first_event.unwrap_or(model.first_event_floor),
            idle: config.clocks.idle.unwrap_or(model.idle_floor),
            stream_timeout: config.stream_timeout,
            // Nobody would do better with the time that is left: a trickle is more than nothing.
            floor_chars: if is_final { 1 } else { FLOOR_CHARS },
            window,
            thinking_window,
            reserve_at: (!is_final).then_some(self.reserve_at),
            deadline: self.context.deadline,
        }
    }
}

/// Tells everybody who counts how an attempt ended, whose question had so many tokens.
fn conclude(
    state: &ProviderState,
    mut place: Place<'_>,
    outcome: &Result<Brought, Failed>,
    prompt: u64,
    at: Moment,
) {
    if let Some(needed) = needed(outcome, prompt) {
        place.needed(u32::try_from(needed).unwrap_or(u32::MAX));
    }
    let end = match outcome {
        Ok(_) => {
            state.ended("ok");
            state.succeeded(at.now);
            Ok(())
        }
        Err(failed) => {
            let Failed { cause, retry_after, until, slept, .. } = *failed;
            state.ended(cause.code());
            // Its own clock or this machine's sleep, not the provider's doing: the place is given back without a word.
            if cause == Cause::Deadline || slept {
                return;
            }
            state.failed(at.now, cause);
            Err(Fault { cause, after: retry_after, until })
        }
    };
    place.end(end, at);
}

/// The tokens that a request needed: told by the provider, or estimated where it ended by itself. What was broken off may go on
/// there.
fn needed(outcome: &Result<Brought, Failed>, prompt: u64) -> Option<u64> {
    let (answer, is_over) = match outcome {
        Ok(brought) => (&brought.answer, true),
        Err(failed) if !failed.billed && failed.answer.usage.is_none() => return Some(0),
        Err(failed) => (&*failed.answer, failed.cause.is_an_end()),
    };
    let told = answer.usage.map(|usage| usage.prompt_tokens.saturating_add(usage.completion_tokens));
    let came = is_over.then(|| prompt.saturating_add(tokens::of_bytes(answer.bytes() as u64)));
    told.or(came)
}
