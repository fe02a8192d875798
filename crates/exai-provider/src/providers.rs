//! The door of this crate.

use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Catalogue;
use crate::chat::Chat;
use crate::config::ProvidersConfig;
use crate::gate::Gate;
use crate::health::ProviderHealth;
use crate::observer::Observer;
use crate::reply::{Failure, Reply};
use crate::timer::Timer;
use crate::transport::Transport;

/// The call that a question belongs to.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// Id of the call, visible ASCII, at most 40 characters; goes to providers that take a request id.
    pub call_id: &'a str,
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
    /// Context in tokens.
    pub context: u32,
    /// Longest output in tokens.
    pub output_cap: u32,
    /// Whether it thinks before it answers.
    pub thinks: bool,
    /// Whether it answers calls that name no model.
    pub is_default: bool,
    /// Whether its provider is configured and has its key.
    pub usable: bool,
    /// USD per million tokens of input and output, where known.
    pub price: Option<(f64, f64)>,
}

/// All configured providers.
pub struct Providers {
    _config: ProvidersConfig,
    _catalogue: Catalogue,
    _transport: Arc<dyn Transport>,
    _timer: Arc<dyn Timer>,
}

impl Providers {
    /// Puts the layer together. Nothing is sent.
    pub fn new(
        config: ProvidersConfig,
        catalogue: Catalogue,
        transport: Arc<dyn Transport>,
        timer: Arc<dyn Timer>,
    ) -> Self {
        Self { _config: config, _catalogue: catalogue, _transport: transport, _timer: timer }
    }

    /// Asks a model, with retry and fallback by the cause of each failure, until the call's deadline. Dropping the
    /// future closes the provider's connection and frees its place.
    ///
    /// # Errors
    /// When no attempt brought any text; see [`Failure`].
    pub async fn chat(&self, _chat: Chat, _call: CallContext<'_>) -> Result<Reply, Failure> {
        Err(Failure {
            cause: crate::cause::Cause::NoKey,
            message: "not built yet".to_owned(),
            attempts: Vec::new(),
        })
    }

    /// Every model of the catalogue whose provider is configured.
    pub fn models(&self) -> Vec<ModelInfo> {
        Vec::new()
    }

    /// State of every configured provider.
    pub fn health(&self) -> Vec<ProviderHealth> {
        Vec::new()
    }
}
