//! How a call comes to an attempt: a place at the provider, a number from the gate, the request, its clocks.

use std::time::Duration;

use super::continuing::{self, Candidacy, Plan};
use super::{BILLED_MAX, Call, Grant, failed};
use crate::attempt::{self, Brought, Failed, Subject, World};
use crate::cause::Cause;
use crate::clocks::{Clocks, FLOOR_CHARS, FLOOR_WINDOW, Limits};
use crate::config::{ProviderConfig, StreamTimeout};
use crate::dialect::Dialect;
use crate::model::{IdleClass, Model};
use crate::request::{self, Room, Variant};
use crate::route::Candidate;
use crate::spend::Cost;
use crate::splice::Splice;
use crate::state::{Place, ProviderState, Wish};

/// Longest wait for a place while another candidate is left.
const QUEUE_WAIT: Duration = Duration::from_secs(30);

impl Call<'_> {
    /// Gets a place and a grant, and makes the request.
    pub(super) async fn admitted(
        &mut self,
        candidate: &Candidate,
        index: usize,
        room: Room,
        config: &ProviderConfig,
        state: &ProviderState,
        n: &mut u32,
    ) -> Result<Brought, Failed> {
        self.passable(candidate, index)?;
        self.affordable(candidate)?;
        self.fits(candidate)?;
        let place = self.place(state, index, &config.name).await?;
        self.in_time()?;
        // Those before it in the queue may have spent the rest.
        self.affordable(candidate)?;
        let dialect = Dialect::of(config);
        let plan = self.plan_for(candidate, index, room, config, dialect);
        let continues = plan.as_ref().map_or(0, |plan| plan.beginning().len());
        *n = self.grant(index, &config.name, &candidate.model.id, continues as u64).await?;
        self.in_time()?;
        self.requests += 1;
        self.plan.clone_from(&plan);
        let request_id = format!("{}-{n}-{}", self.context.call_id, self.requests);
        let after = plan.as_ref().map(|plan| plan.continuation(&config.name, &candidate.model.id));
        let is_mended = self.mended.contains(&index);
        let variant = Variant { request_id: &request_id, room, after, is_mended };
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
        let call = self.log_id();
        let charge = self.charge(candidate, plan.as_ref());
        let subject = Subject {
            call,
            n: *n,
            model: &candidate.model.id,
            dialect,
            place: &place,
            splice,
            charge: charge.as_ref(),
        };
        let outcome = attempt::run(world, subject, request, clocks).await;
        let (usage, is_billed) = match &outcome {
            Ok(brought) => (brought.answer.usage, true),
            Err(failed) => (failed.answer.usage, failed.billed),
        };
        self.cost = charge.map_or_else(Cost::default, |charge| charge.settle(usage, is_billed));
        self.remember(candidate, outcome.as_ref().map(|_| ()));
        let now = self.layer.timer.now();
        match &outcome {
            Ok(_) => state.succeeded(now),
            // Its own clock or this machine's sleep, not the provider's doing.
            Err(failed) if failed.cause == Cause::Deadline || failed.slept => {}
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
        let plan = continuing::plan(
            part,
            Candidacy {
                provider: &config.name,
                prefix: candidate.model.prefix.unwrap_or(dialect.prefix),
                output: request::output(&candidate.model, room).unwrap_or(request::OUTPUT_DEFAULT),
                is_last_attempt: self.billed + 1 >= BILLED_MAX,
            },
        )?;
        self.fits_after(candidate, plan.beginning()).then_some(plan)
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
