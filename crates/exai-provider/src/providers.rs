//! The door of this crate.

use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Jitter;
use crate::before::Before;
use crate::breaker::Moment;
use crate::call::Call;
use crate::catalogue::Catalogue;
use crate::cause::Cause;
use crate::chat::Chat;
use crate::circuits::{Circuits, Limits};
use crate::config::{ProviderConfig, ProvidersConfig};
use crate::day::Day;
use crate::dialect::Dialect;
use crate::fair_queue::Share;
use crate::flights::millis;
use crate::gate::Gate;
use crate::health::{BreakerState, KeyHealth, ProviderHealth};
use crate::kept::Kept;
use crate::known::Known;
use crate::limit::Start;
use crate::memory::{Memory, Recalled};
use crate::model::{Capability, Model, Status, Thinking};
use crate::observer::Observer;
use crate::pace::Pace;
use crate::places::Places;
use crate::quarantine::Quarantine;
use crate::redact::Redactor;
use crate::reply::{Failure, Reply};
use crate::route;
use crate::spend::Ledger;
use crate::state::ProviderState;
use crate::timer::Timer;
use crate::transport::Transport;

/// The call that a question belongs to.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// Id of the call, visible ASCII, at most 40 characters; goes to providers that take a request id.
    pub call_id: &'a str,
    /// Whose call it is: an opaque number of the session. Places at a provider are given to sharers in turns.
    pub sharer: u128,
    /// Attempts that earlier starts of the daemon made.
    pub before: &'a [Before],
    /// The longest text that one of them had brought.
    pub kept: Option<Kept<'a>>,
    /// Moment on the timer's clock at which the answer, or what there is of it, must be handed back.
    pub deadline: Duration,
    /// Grants attempts.
    pub gate: &'a dyn Gate,
    /// Hears how it goes on.
    pub observer: &'a dyn Observer,
}

/// A model that can be asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ModelInfo {
    /// Id.
    pub id: String,
    /// Name of the provider.
    pub provider: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Context in tokens; 0 where unknown.
    pub context: u32,
    /// Longest output in tokens; 0 where unknown.
    pub output_cap: u32,
    /// Where it stands in its life.
    pub status: Status,
    /// Its last day, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Day>,
    /// Id of the model that takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successor: Option<String>,
    /// What it can do beside answering text.
    pub can: Vec<Capability>,
    /// Whether it stands in no catalogue, and its provider says that it has it.
    pub found: bool,
    /// Whether it thinks before it answers.
    pub thinks: bool,
    /// Whether it answers calls that name no model.
    pub is_default: bool,
    /// Whether its provider has the key that it needs.
    pub usable: bool,
    /// Name of the variable that holds that key.
    pub key_variable: String,
    /// USD per million tokens of input and output, where known.
    pub price: Option<(f64, f64)>,
}

/// All configured providers.
pub struct Providers {
    pub(crate) layer: Layer,
}

/// What every call shares.
pub(crate) struct Layer {
    pub(crate) config: ProvidersConfig,
    pub(crate) known: Known,
    pub(crate) quarantine: Quarantine,
    states: Vec<ProviderState>,
    pub(crate) circuits: Circuits,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timer: Arc<dyn Timer>,
    pub(crate) redactor: Redactor,
    pub(crate) jitter: Jitter,
}

impl Layer {
    /// Settings and state of the provider with this index.
    pub(crate) fn endpoint(&self, index: usize) -> Option<(&ProviderConfig, &ProviderState)> {
        Some((self.config.providers.get(index)?, self.states.get(index)?))
    }

    /// What the provider with this index is paid.
    pub(crate) fn ledger(&self, index: usize) -> Option<&Ledger> {
        Some(&self.states.get(index)?.ledger)
    }

    /// The moment, on both clocks.
    pub(crate) fn moment(&self) -> Moment {
        Moment { now: self.timer.now(), wall: self.timer.wall() }
    }
}

impl Providers {
    /// Puts the layer together, with what `memory` holds of earlier starts. Nothing is sent.
    pub fn new(
        config: ProvidersConfig,
        catalogue: Catalogue,
        transport: Arc<dyn Transport>,
        timer: Arc<dyn Timer>,
        memory: Arc<dyn Memory>,
    ) -> Self {
        let share = |one: &ProviderConfig| Share { places: one.max_concurrency, is_usable: one.is_usable() };
        let places = Places::new(config.bounds, config.providers.iter().map(share));
        let recalled = Recalled::of(&*memory, timer.wall());
        let at = Moment { now: timer.now(), wall: timer.wall() };
        let state = |(index, provider): (usize, &ProviderConfig)| {
            let ledger = Ledger::new(&provider.name, provider.daily_nano_usd, Arc::clone(&memory), &recalled);
            let pace = Pace::new(provider, Arc::clone(&memory), &recalled, at);
            ProviderState::new(provider, Arc::clone(&places), index, ledger, pace)
        };
        let states = config.providers.iter().enumerate().map(state).collect();
        let fingerprints = config.providers.iter().map(|one| one.fingerprint.clone()).collect();
        let quarantine = Quarantine::new(fingerprints, Arc::clone(&memory), &recalled, at);
        let limits = |one: &ProviderConfig| Limits {
            name: one.name.clone(),
            fingerprint: one.fingerprint.clone(),
            start: one.start_concurrency.map_or(Dialect::of(one).start, Start::at),
            most: one.max_concurrency,
        };
        // Other numbers than those of the pauses between attempts.
        let circuits = Circuits::new(config.providers.iter().map(limits), Jitter::new(!config.seed), memory);
        for (index, provider) in config.providers.iter().enumerate() {
            for (model, what) in recalled.of_account(&provider.fingerprint) {
                circuits.import(index, model, &what.body, at);
            }
        }
        let names =
            catalogue.models().iter().flat_map(|model| std::iter::once(&model.id).chain(&model.aliases));
        let redactor = Redactor::new(&config.providers, names.map(String::as_str));
        let jitter = Jitter::new(config.seed);
        let known = Known::new(catalogue);
        let layer = Layer { config, known, quarantine, states, circuits, transport, timer, redactor, jitter };
        Self { layer }
    }

    /// Asks a model, with retry and fallback by the cause of each failure, until the call's deadline. Dropping the
    /// future closes the provider's connection and frees its place.
    ///
    /// # Errors
    /// When no attempt brought any text; see [`Failure`].
    pub async fn chat(&self, chat: Chat, call: CallContext<'_>) -> Result<Reply, Failure> {
        let route = match route::route(&self.layer.config, &self.layer.known.now(), &chat) {
            Ok(route) => route,
            Err(failure) => {
                // Settings may have changed since; the text is paid for all the same.
                let (requested, why) = (chat.model.as_deref(), failure.message.clone());
                let kept = call.kept.and_then(|kept| Reply::of_kept(kept, call.before, requested, why));
                return kept.ok_or(failure);
            }
        };
        Call::new(&self.layer, &chat, call, &route).run().await
    }

    /// The model that a name means, or that answers where none is given, if it can be asked; retired ones among them.
    pub fn asked(&self, name: Option<&str>) -> Option<ModelInfo> {
        let shown = self.shown();
        let candidate = route::asked(&self.layer.config, &shown.catalogue, name)?;
        shown.info(&candidate.model)
    }

    /// The provider of the model that a name means, or that answers where none is given: who is asked first.
    pub fn first_asked(&self, name: Option<&str>) -> Option<&str> {
        let candidate = route::asked(&self.layer.config, &self.layer.known.now(), name)?;
        self.layer.config.providers.get(candidate.provider).map(|provider| provider.name.as_str())
    }

    /// Every model whose provider is configured: those of the catalogue in its order, then those that were found.
    pub fn models(&self) -> Vec<ModelInfo> {
        let shown = self.shown();
        let all = shown.catalogue.models().iter().chain(shown.catalogue.found());
        let mut infos: Vec<ModelInfo> = all.filter_map(|model| shown.info(model)).collect();
        // A default that is addressed as `provider/model` need not be among them.
        if !infos.iter().any(|info| info.is_default) {
            infos.extend(shown.default.as_ref().and_then(|model| shown.info(model)));
        }
        infos
    }

    fn shown(&self) -> Shown<'_> {
        let (config, catalogue) = (&self.layer.config, self.layer.known.now());
        let default = route::asked(config, &catalogue, None).map(|candidate| candidate.model);
        Shown { config, catalogue, default }
    }

    /// Names of providers that can be asked and have no model in the catalogue: any model of theirs is addressed as
    /// `provider/model`.
    pub fn unlisted(&self) -> Vec<String> {
        let (config, catalogue) = (&self.layer.config, self.layer.known.now());
        let bare =
            |provider: &&ProviderConfig| provider.is_usable() && catalogue.first_of(&provider.name).is_none();
        config.providers.iter().filter(bare).map(|provider| provider.name.clone()).collect()
    }

    /// What is wrong with the names of models in the settings as far as is known now, a sentence each with what to do; a name
    /// that nobody lists may come with a provider's own list.
    pub fn slips(&self) -> Vec<String> {
        route::slips(&self.layer.config, &self.layer.known.now())
    }

    /// Ends when the health of a provider has changed in a way that people should hear of at once: it is asked no more, or
    /// again. Made before the health is read, it misses nothing.
    pub fn turned(&self) -> impl Future<Output = ()> + '_ {
        self.layer.circuits.turned()
    }

    /// State of every configured provider, in the order of the settings.
    pub fn health(&self) -> Vec<ProviderHealth> {
        let at = self.layer.moment();
        let healths = self.layer.states.iter().map(|state| state.health(at, &self.layer.circuits));
        healths.enumerate().map(|(index, health)| self.with_quarantine(index, health, at)).collect()
    }

    /// A model that its provider says it does not serve is not asked either, for another reason than a breaker's.
    fn with_quarantine(&self, index: usize, mut health: ProviderHealth, at: Moment) -> ProviderHealth {
        for (model, until) in self.layer.quarantine.held_at(index, at) {
            let place = health.keys.iter().position(|key| key.model.as_deref() == Some(model.as_str()));
            let fresh = || KeyHealth { model: Some(model), ..KeyHealth::default() };
            let was = place.map_or_else(fresh, |place| health.keys.remove(place));
            let (until_ms, left_ms) = (Some(millis(until.wall)), Some(millis(until.away(at))));
            let (state, cause) = (BreakerState::Open, Some(Cause::ModelGone.code()));
            let key = KeyHealth { state, cause, until_ms, left_ms, retry_ms: left_ms, ..was };
            let place = health.keys.partition_point(|other| other.model < key.model);
            health.keys.insert(place, key);
        }
        health
    }
}

/// What is told of models.
struct Shown<'a> {
    config: &'a ProvidersConfig,
    catalogue: Arc<Catalogue>,
    default: Option<Arc<Model>>,
}

impl Shown<'_> {
    /// Nothing where its provider is not configured.
    fn info(&self, model: &Arc<Model>) -> Option<ModelInfo> {
        let provider = self.config.providers.iter().find(|provider| provider.name == model.provider)?;
        Some(ModelInfo {
            id: model.id.clone(),
            provider: model.provider.clone(),
            aliases: model.aliases.clone(),
            context: model.context,
            output_cap: model.output_cap,
            status: model.status,
            ends: model.ends,
            successor: model.successor.clone(),
            can: model.can.clone(),
            found: self.catalogue.found().iter().any(|found| Arc::ptr_eq(found, model)),
            thinks: model.thinking != Thinking::Never,
            is_default: self.default.as_ref() == Some(model),
            usable: provider.is_usable(),
            key_variable: provider.key_variable.clone(),
            price: model.price.map(|price| (price.input, price.output)),
        })
    }
}

#[cfg(test)]
mod tests;
