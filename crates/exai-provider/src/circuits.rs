//! What is known of each endpoint and each of its models: whether it is asked at all, and how many requests at a time.
//!
//! An endpoint stands for its address and its key; a model of it for itself. A call needs leave of both, and how it ends is
//! told to both, each in its own terms. No I/O and no clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::backoff::Jitter;
use crate::blame::{Opens, Scope};
use crate::breaker::{Breaker, Entry, Fault, Moment, Outcome, Paused, Ticket};
use crate::cause::Cause;
use crate::fair_queue::LineName;
use crate::flights::millis;
use crate::health::BreakerState;
use crate::limit::{Limit, Start};
use crate::memory::{self, Memory, Remembered};

/// Models of which something is known at a time; callers may name any.
const MODELS_MAX: usize = 256;

/// Of all endpoints.
pub(crate) struct Circuits {
    inside: Mutex<Inside>,
    memory: Arc<dyn Memory>,
    jitter: Jitter,
    /// A call that tried has ended, or has brought its first text.
    freed: Notify,
    /// A breaker opened or closed.
    turned: Notify,
}

struct Inside {
    endpoints: Vec<Endpoint>,
    models: BTreeMap<LineName, Circuit>,
    uses: u64,
}

struct Endpoint {
    name: String,
    fingerprint: String,
    breaker: Breaker,
    start: Start,
    most: u32,
}

struct Circuit {
    breaker: Breaker,
    limit: Limit,
    /// When it was used last, in uses of all.
    used: u64,
    running: u32,
}

/// Limits of an endpoint's models.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Name of the provider, for the log.
    pub(crate) name: String,
    /// Of address and key, for the memory.
    pub(crate) fingerprint: String,
    pub(crate) start: Start,
    pub(crate) most: u32,
}

/// Leave to ask a model. Dropping it without an end tells nothing of anybody.
pub(crate) struct Pass<'a> {
    circuits: &'a Circuits,
    line: LineName,
    endpoint: Ticket,
    model: Ticket,
    began: Duration,
    has_text: AtomicBool,
    ended: bool,
}

/// One endpoint or one of its models, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// `None`: the endpoint itself.
    pub(crate) model: Option<Arc<str>>,
    pub(crate) state: BreakerState,
    pub(crate) paused: Option<Paused>,
    /// Of a model.
    pub(crate) limit: Option<u32>,
}

/// Something that is worth being known after a restart.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Kept {
    cause: String,
    until_ms: u64,
}

impl Circuits {
    /// Nothing is known of any.
    pub(crate) fn new(
        endpoints: impl IntoIterator<Item = Limits>,
        jitter: Jitter,
        memory: Arc<dyn Memory>,
    ) -> Self {
        let endpoint = |limits: Limits| {
            let Limits { name, fingerprint, start, most } = limits;
            Endpoint { name, fingerprint, breaker: Breaker::default(), start, most }
        };
        let endpoints = endpoints.into_iter().map(endpoint).collect();
        let inside = Mutex::new(Inside { endpoints, models: BTreeMap::new(), uses: 0 });
        Self { inside, memory, jitter, freed: Notify::new(), turned: Notify::new() }
    }

    /// Whether a model may be asked; takes nothing.
    ///
    /// # Errors
    /// The longer pause, where it may not.
    pub(crate) fn look(&self, line: &LineName, at: Moment) -> Result<(), Paused> {
        let inside = self.inside();
        let endpoint = inside.endpoints.get(line.0).and_then(|one| one.breaker.look(at).err());
        let model = inside.models.get(line).and_then(|one| one.breaker.look(at).err());
        match (endpoint, model) {
            (None, None) => Ok(()),
            (Some(one), None) | (None, Some(one)) => Err(one),
            (Some(one), Some(other)) => {
                let longer = if one.wait > other.wait { one } else { other };
                Err(Paused { is_probed: one.is_probed || other.is_probed, ..longer })
            }
        }
    }

    /// Leave to ask a model.
    ///
    /// # Errors
    /// [`Paused`] where it may not be asked, or a call tries just now.
    pub(crate) fn enter(&self, line: &LineName, at: Moment, entry: Entry) -> Result<Pass<'_>, Paused> {
        let mut guard = self.inside();
        let inside = &mut *guard;
        let circuit = inside.circuit(line);
        let model = circuit.breaker.enter(at, entry)?;
        let Some(one) = inside.endpoints.get_mut(line.0) else {
            return Err(Paused {
                cause: Cause::UnknownModel,
                wait: Duration::MAX,
                until: at.wall,
                is_probed: false,
            });
        };
        let endpoint = match one.breaker.enter(at, entry) {
            Ok(endpoint) => endpoint,
            Err(paused) => {
                inside.circuit(line).breaker.end(model, Outcome::Nothing, at, 100);
                return Err(paused);
            }
        };
        inside.circuit(line).running += 1;
        let (line, has_text) = (line.clone(), AtomicBool::new(false));
        Ok(Pass { circuits: self, line, endpoint, model, began: at.now, has_text, ended: false })
    }

    /// Requests at a time to a model.
    pub(crate) fn limit(&self, line: &LineName) -> u32 {
        let inside = self.inside();
        match inside.models.get(line) {
            Some(circuit) => circuit.limit.get(),
            None => inside.fresh(line.0).get(),
        }
    }

    /// Ends when a call that tries has ended or brought something, whatever came of it. Made before one looks, it misses
    /// nothing.
    pub(crate) fn freed(&self) -> Notified<'_> {
        self.freed.notified()
    }

    /// Ends when a breaker has opened or closed since it was made.
    pub(crate) fn turned(&self) -> Notified<'_> {
        self.turned.notified()
    }

    /// What is known of an endpoint, itself first, and of its models.
    pub(crate) fn told(&self, endpoint: usize, at: Moment) -> Vec<Told> {
        let inside = self.inside();
        let tell = |model, breaker: &Breaker, limit| Told {
            model,
            state: breaker.state(at),
            paused: breaker.paused(at),
            limit,
        };
        let own = inside.endpoints.get(endpoint).map(|one| tell(None, &one.breaker, None));
        let models = inside.models.iter().filter(|((at, _), _)| *at == endpoint);
        let models =
            models.map(|((_, name), one)| tell(Some(Arc::clone(name)), &one.breaker, Some(one.limit.get())));
        own.into_iter().chain(models).collect()
    }

    /// Goes on with what was remembered of an endpoint, or of a model there. What can't be read, or is over, is passed over.
    pub(crate) fn import(&self, endpoint: usize, model: Option<&str>, body: &str, at: Moment) {
        let Ok(Kept { cause, until_ms }) = serde_json::from_str(body) else { return };
        let Some(cause) = Cause::of(&cause) else { return };
        let mut inside = self.inside();
        let breaker = match model {
            Some(model) => Some(&mut inside.circuit(&(endpoint, Arc::from(model))).breaker),
            None => inside.endpoints.get_mut(endpoint).map(|one| &mut one.breaker),
        };
        if let Some(breaker) = breaker {
            breaker.restore(cause, Duration::from_millis(until_ms), at);
        }
    }

    /// Something else has turned that people should hear of as of a breaker.
    pub(crate) fn turn(&self) {
        self.turned.notify_waiters();
    }

    fn end(&self, pass: &Pass<'_>, (endpoint, model): (Outcome, Outcome), at: Moment) {
        let percent = 80 + u32::try_from(self.jitter.below(41)).unwrap_or(20);
        let mut guard = self.inside();
        let inside = &mut *guard;
        let Some(one) = inside.endpoints.get_mut(pass.line.0) else { return };
        let mut turns = Vec::new();
        let mut settle = |of: Option<&str>, breaker: &mut Breaker, ticket, outcome| {
            let (before, was) = (breaker.turns(), breaker.paused(at));
            breaker.end(ticket, outcome, at, percent);
            if breaker.turns() == before {
                return;
            }
            let is = breaker.paused(at);
            let has_end = |one: &Paused| matches!(one.cause.opens(), Opens::Until(_));
            if was.iter().chain(&is).any(has_end) {
                // Under the lock, so that what is put last is the newest.
                self.memory.put(&memory::account(&one.fingerprint, of), breaker.kept().map(remembered));
            }
            let name = of.map_or_else(|| one.name.clone(), |model| format!("{}/{model}", one.name));
            turns.push((name, was, is));
        };
        settle(None, &mut one.breaker, pass.endpoint, endpoint);
        if let Some(circuit) = inside.models.get_mut(&pass.line) {
            settle(Some(&pass.line.1), &mut circuit.breaker, pass.model, model);
            circuit.running = circuit.running.saturating_sub(1);
        }
        drop(guard);
        self.freed.notify_waiters();
        for (name, was, is) in turns {
            tell(&name, was, is);
            self.turned.notify_waiters();
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Every change is counting, which a panic elsewhere leaves whole.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remembered((cause, until): (Cause, Duration)) -> Remembered {
    let kept = Kept { cause: cause.code().to_owned(), until_ms: millis(until) };
    Remembered { until, body: serde_json::to_string(&kept).unwrap_or_default() }
}

/// Writes down that a breaker has opened, closed or learned of another end.
fn tell(whom: &str, was: Option<Paused>, is: Option<Paused>) {
    match is {
        Some(Paused { cause, wait, .. }) => {
            tracing::warn!(whom, cause = cause.code(), for_s = wait.as_secs(), "paused");
        }
        None => tracing::info!(whom, after = was.map_or("", |was| was.cause.code()), "asked again"),
    }
}

impl Inside {
    /// What is known of a model. Where it would be one too many, that which was not used for longest is forgotten, of those
    /// that nobody asks just now and, if there is one, that are not paused.
    fn circuit(&mut self, line: &LineName) -> &mut Circuit {
        self.uses += 1;
        if self.models.len() >= MODELS_MAX && !self.models.contains_key(line) {
            let idle = self.models.iter().filter(|(_, one)| one.running == 0);
            let order = |(_, one): &(&LineName, &Circuit)| (one.breaker.is_paused(), one.used);
            let oldest = idle.min_by_key(order).map(|(name, _)| name.clone());
            oldest.map(|oldest| self.models.remove(&oldest));
        }
        let (used, limit) = (self.uses, self.fresh(line.0));
        let fresh = || Circuit { breaker: Breaker::default(), limit, used, running: 0 };
        let circuit = self.models.entry(line.clone()).or_insert_with(fresh);
        circuit.used = used;
        circuit
    }

    fn fresh(&self, endpoint: usize) -> Limit {
        let known = self.endpoints.get(endpoint);
        known.map_or_else(|| Limit::new(Start::at(1), 1), |one| Limit::new(one.start, one.most))
    }
}

impl<'a> Pass<'a> {
    /// Whose it is.
    pub(crate) fn circuits(&self) -> &'a Circuits {
        self.circuits
    }

    /// Text has come. Says whether the model takes another number of requests at a time since.
    pub(crate) fn progress(&self) -> bool {
        if self.has_text.load(Ordering::Relaxed) || self.has_text.swap(true, Ordering::Relaxed) {
            return false;
        }
        let mut guard = self.circuits.inside();
        let inside = &mut *guard;
        if let Some(endpoint) = inside.endpoints.get_mut(self.line.0) {
            endpoint.breaker.proved(self.endpoint);
        }
        let changed = inside.models.get_mut(&self.line).is_some_and(|circuit| {
            circuit.breaker.proved(self.model);
            let before = circuit.limit.get();
            circuit.limit.proved();
            circuit.limit.get() != before
        });
        drop(guard);
        self.circuits.freed.notify_waiters();
        changed
    }

    /// The attempt has ended. Says whether the model takes another number of requests at a time since.
    pub(crate) fn end(mut self, end: Result<(), Fault>, at: Moment) -> bool {
        self.ended = true;
        let outcomes = match end {
            Ok(()) => (Outcome::Answered, Outcome::Answered),
            Err(fault) => match fault.cause.scope() {
                Scope::Endpoint => (Outcome::Failed(fault), Outcome::Nothing),
                Scope::Model => (Outcome::Reached, Outcome::Failed(fault)),
                Scope::Nobody => (Outcome::Nothing, Outcome::Nothing),
            },
        };
        self.circuits.end(&self, outcomes, at);
        let mut inside = self.circuits.inside();
        let Some(circuit) = inside.models.get_mut(&self.line) else { return false };
        let limit = &mut circuit.limit;
        let before = limit.get();
        match end {
            Ok(()) => limit.answered(),
            Err(Fault { cause: Cause::Rate, .. }) => limit.exceeded(self.began, at.now),
            Err(_) => {}
        }
        limit.get() != before
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.circuits.end(self, (Outcome::Nothing, Outcome::Nothing), Moment::default());
        }
    }
}

#[cfg(test)]
mod tests;
