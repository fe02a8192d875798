//! The provider layer as the daemon drives it: GLM first, Kimi as the fallback, both played on one port.

use std::sync::Arc;

use exai_http::{HttpTransport, TokioTimer};
use exai_provider::{
    AttemptReport, Catalogue, Chat, Failure, Forgetful, Key, Message, Observer, ProviderConfig, Providers,
    ProvidersConfig, Reply, Role,
};
use exai_sim::provider::SimProvider;
use tokio::time::Instant;

use crate::asking;
pub(crate) use crate::asking::HANG;

/// Small enough that a text of some hundred characters is worth going on from.
const MODELS: &str = r#"
[[model]]
id = "m-glm"
provider = "glm"
idle = "fast"
output_cap = 500
[[model]]
id = "m-kimi"
provider = "kimi"
idle = "fast"
output_cap = 500
"#;

/// Everything around calls.
pub(crate) struct World {
    pub(crate) sim: SimProvider,
    pub(crate) providers: Providers,
    timer: Arc<TokioTimer>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Vec<ProviderConfig>)) -> Self {
        let sim = SimProvider::start().unwrap();
        let config = |name: &str| ProviderConfig {
            key: Key::new(&format!("{name}-secret-key")).ok(),
            ..ProviderConfig::new(name, &sim.base_url(name))
        };
        let mut providers = vec![config("glm"), config("kimi")];
        change(&mut providers);
        let config = ProvidersConfig { providers, ..ProvidersConfig::default() };
        let transport = Arc::new(HttpTransport::new(&config.providers));
        let timer = Arc::new(TokioTimer::new(Instant::now()));
        let catalogue = Catalogue::default().merge("models", MODELS).unwrap();
        let providers =
            Providers::new(config, catalogue, transport, Arc::clone(&timer) as _, Arc::new(Forgetful));
        Self { sim, providers, timer }
    }

    /// Asks whoever is first.
    pub(crate) async fn ask(&self, prompt: &str) -> Result<Reply, Failure> {
        let chat = Chat { messages: vec![Message::new(Role::User, prompt)], ..Chat::default() };
        asking::ask(&self.providers, &*self.timer, chat, &Nobody).await
    }

    /// The answer to this prompt, which must come after these attempts and so many requests to GLM and Kimi.
    pub(crate) async fn answer(&self, prompt: &str, causes: &[&str], counts: (usize, usize)) -> Reply {
        let reply = self.ask(prompt).await.unwrap();
        assert_eq!(self::causes(&reply.attempts), causes, "{prompt}: {:?}", reply.attempts);
        assert_eq!(self.counts(prompt), counts, "{prompt}");
        reply
    }

    /// Requests with this prompt that have come to GLM and to Kimi.
    pub(crate) fn counts(&self, prompt: &str) -> (usize, usize) {
        let asked = self.sim.asked(prompt);
        let of = |name: &str| asked.iter().filter(|request| request.provider == name).count();
        (of("glm"), of("kimi"))
    }
}

fn causes(attempts: &[AttemptReport]) -> Vec<String> {
    attempts.iter().map(|one| format!("{}:{}", one.provider, one.cause)).collect()
}

struct Nobody;

impl Observer for Nobody {
    fn note(&self, _: String) {}
    fn partial(&self, _: u32, _: usize, _: &str) {}
}
