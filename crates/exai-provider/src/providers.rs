//! The door of this crate.

use std::sync::Arc;
use std::time::Duration;

use crate::backoff::Jitter;
use crate::before::Before;
use crate::call::Call;
use crate::catalogue::Catalogue;
use crate::chat::Chat;
use crate::config::{ProviderConfig, ProvidersConfig};
use crate::gate::Gate;
use crate::health::ProviderHealth;
use crate::kept::Kept;
use crate::memory::{Memory, Recalled};
use crate::model::Thinking;
use crate::observer::Observer;
use crate::places::Places;
use crate::redact::Redactor;
use crate::reply::{Failure, Reply};
use crate::route;
use crate::spend::Ledger;
use crate::state::{KeyState, ProviderState};
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
    layer: Layer,
}

/// What every call shares.
pub(crate) struct Layer {
    pub(crate) config: ProvidersConfig,
    catalogue: Catalogue,
    states: Vec<ProviderState>,
    ledgers: Vec<Ledger>,
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
        self.ledgers.get(index)
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
        let places = Places::new(config.bounds, config.providers.iter().map(|one| one.max_concurrency));
        let state = |(line, provider): (usize, &ProviderConfig)| {
            ProviderState::new(&provider.name, provider.max_concurrency, Arc::clone(&places), line)
        };
        let states = config.providers.iter().enumerate().map(state).collect();
        let recalled = Recalled::of(&*memory, timer.wall());
        let ledger = |provider: &ProviderConfig| {
            Ledger::new(&provider.name, provider.daily_nano_usd, Arc::clone(&memory), &recalled)
        };
        let ledgers = config.providers.iter().map(ledger).collect();
        let redactor = Redactor::new(&config.providers);
        let jitter = Jitter::new(config.seed);
        Self { layer: Layer { config, catalogue, states, ledgers, transport, timer, redactor, jitter } }
    }

    /// Asks a model, with retry and fallback by the cause of each failure, until the call's deadline. Dropping the
    /// future closes the provider's connection and frees its place.
    ///
    /// # Errors
    /// When no attempt brought any text; see [`Failure`].
    pub async fn chat(&self, chat: Chat, call: CallContext<'_>) -> Result<Reply, Failure> {
        let route = match route::route(&self.layer.config, &self.layer.catalogue, &chat) {
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

    /// Every model of the catalogue whose provider is configured, in the catalogue's order.
    pub fn models(&self) -> Vec<ModelInfo> {
        let Layer { config, catalogue, .. } = &self.layer;
        let default = route::default_candidate(config, catalogue).map(|candidate| candidate.model);
        let mut models: Vec<_> = catalogue.models().to_vec();
        // A default that is addressed as `provider/model` need not be listed.
        models.extend(default.iter().filter(|default| !catalogue.models().contains(default)).cloned());
        let mut infos = Vec::new();
        for model in models {
            let Some(provider) = config.providers.iter().find(|provider| provider.name == model.provider)
            else {
                continue;
            };
            infos.push(ModelInfo {
                is_default: default.as_ref() == Some(&model),
                usable: route::is_usable(provider),
                key_variable: provider.key_variable.clone(),
                thinks: model.thinking != Thinking::Never,
                id: model.id,
                provider: model.provider,
                aliases: model.aliases,
                context: model.context,
                output_cap: model.output_cap,
                price: model.price.map(|price| (price.input, price.output)),
            });
        }
        infos
    }

    /// Names of providers that can be asked and have no model in the catalogue: any model of theirs is addressed as
    /// `provider/model`.
    pub fn unlisted(&self) -> Vec<String> {
        let Layer { config, catalogue, .. } = &self.layer;
        let bare = |provider: &&ProviderConfig| {
            route::is_usable(provider) && catalogue.first_of(&provider.name).is_none()
        };
        config.providers.iter().filter(bare).map(|provider| provider.name.clone()).collect()
    }

    /// State of every configured provider, in the order of the settings.
    pub fn health(&self) -> Vec<ProviderHealth> {
        let now = self.layer.timer.now();
        let wall = self.layer.timer.wall();
        let states = self.layer.states.iter().zip(&self.layer.ledgers);
        let pairs = self.layer.config.providers.iter().zip(states);
        pairs
            .map(|(provider, (state, ledger))| {
                let key = if route::is_usable(provider) { KeyState::Present } else { KeyState::Missing };
                ProviderHealth {
                    spent_nano_usd: ledger.spent(wall),
                    daily_nano_usd: ledger.ceiling(),
                    ..state.health(now, key)
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
