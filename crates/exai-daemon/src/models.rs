//! From settings to the provider layer.

use std::sync::Arc;

use exai_http::{HttpTransport, TokioTimer};
use exai_provider::{
    Bounds, Catalogue, ClockOverrides, FallbackPolicy, Key, Memory, ProviderConfig, Providers,
    ProvidersConfig, StreamTimeout,
};
use exai_settings::{ChosenBy, Fallback, Provider, Settings};
use sha2::{Digest as _, Sha256};

use crate::clock::Clock;
use crate::random;

/// Why the provider layer can't be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelsError {
    /// The file of `EXAI_MODELS_FILE`, or whatever names it.
    #[error("the model catalogue can't be used: {0}")]
    Catalogue(String),
    /// No randomness for jitter.
    #[error(transparent)]
    Random(#[from] std::io::Error),
}

/// All providers of the settings, on the daemon's clock, and what carries their requests. Nothing is sent.
///
/// # Errors
/// [`ModelsError`]; each says what to do.
pub(crate) fn providers(
    settings: &Settings,
    clock: Clock,
    memory: Arc<dyn Memory>,
) -> Result<(Providers, Arc<HttpTransport>), ModelsError> {
    let config = ProvidersConfig {
        providers: settings.providers.iter().map(provider).collect(),
        bounds: Bounds {
            each: at_least_one(settings.daemon.session_in_flight),
            all: at_least_one(settings.daemon.global_in_flight),
            // The rest is for those who ask another.
            waiting: (slots(settings).saturating_mul(3) / 4).max(1),
        },
        default_model: settings.models.default.clone(),
        fallback: match settings.models.fallback {
            Fallback::Off => FallbackPolicy::Off,
            Fallback::Family => FallbackPolicy::Family,
            Fallback::Chain => FallbackPolicy::Chain,
        },
        chain: settings.models.chain.clone(),
        seed: u64::from_le_bytes(random::bytes()?),
    };
    let transport = Arc::new(HttpTransport::new(&config.providers));
    let carrier = Arc::<HttpTransport>::clone(&transport);
    let timer = TokioTimer::new(clock.instant(std::time::Duration::ZERO));
    Ok((Providers::new(config, catalogue(settings)?, carrier, Arc::new(timer), memory), transport))
}

/// Calls that are taken at a time: those that may run, and those that may wait. One more is refused by the session, and
/// held by its shim until it may come again.
pub(crate) fn slots(settings: &Settings) -> usize {
    at_least_one(settings.daemon.global_in_flight) + at_least_one(settings.daemon.queue)
}

/// A count out of the settings.
pub(crate) fn at_least_one(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX).max(1)
}

fn catalogue(settings: &Settings) -> Result<Catalogue, ModelsError> {
    let builtin = Catalogue::builtin();
    let Some(path) = &settings.models.catalogue_file else { return Ok(builtin) };
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| ModelsError::Catalogue(format!("{name}: {error}")))?;
    builtin.merge(&name, &text).map_err(|error| ModelsError::Catalogue(error.to_string()))
}

fn provider(set: &Provider) -> ProviderConfig {
    let built_in = ProviderConfig::new(&set.name, &set.base_url);
    let after = set.stream_timeout.after;
    let key = set.key.as_ref().and_then(|key| match Key::new(key.expose()) {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(setting = set.variable("API_KEY"), %error, "the key is not usable, working on without");
            None
        }
    });
    ProviderConfig {
        key,
        key_variable: set.variable("API_KEY"),
        fingerprint: fingerprint(set),
        connect_timeout: set.connect_timeout,
        stream_timeout: match set.stream_timeout.chosen_by {
            ChosenBy::Default => StreamTimeout::Default(after),
            ChosenBy::User => StreamTimeout::User(after),
        },
        clocks: ClockOverrides { first_event: set.first_event_timeout, idle: set.idle_timeout },
        max_concurrency: set.max_concurrency,
        start_concurrency: match set.concurrency_chosen_by {
            ChosenBy::Default => None,
            ChosenBy::User => Some(set.max_concurrency),
        },
        requests_per_minute: set.requests_per_minute,
        tokens_per_minute: set.tokens_per_minute,
        daily_nano_usd: set.daily_nano_usd,
        ..built_in
    }
}

/// Of the account, as far as it is known: its address and its key.
fn fingerprint(set: &Provider) -> String {
    let mut hash = Sha256::new();
    // An address has no line break.
    hash.update(&set.base_url);
    hash.update("\n");
    hash.update(set.key.as_ref().map_or("", |key| key.expose()));
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
