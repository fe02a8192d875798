//! Which models may answer a question, in order.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::cause::Cause;
use crate::chat::{Chat, Fallback};
use crate::config::{FallbackPolicy, ProviderConfig, ProvidersConfig};
use crate::left_out::{self, LeftOut};
use crate::model::{self, Model, Status};
use crate::redact;
use crate::reply::Failure;
use crate::succession;
use crate::tokens;

/// Most models that are tried for one question; there are three attempts.
const CANDIDATES_MAX: usize = 4;

/// Most models of a provider's own list that a sentence names; `listmodels` shows more.
const FOUND_TOLD: usize = 5;

/// A model at a configured provider.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Index of the provider in the configuration.
    pub(crate) provider: usize,
    /// Bears the name of that provider.
    pub(crate) model: Arc<Model>,
}

impl Candidate {
    /// The names of its provider and its model.
    pub(crate) fn names(&self) -> (String, String) {
        (self.model.provider.clone(), self.model.id.clone())
    }
}

/// Who chose a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    /// People, in the chain.
    ByName,
    /// This program, by the policy.
    ByUs,
}

/// Who may answer.
#[derive(Debug)]
pub(crate) struct Route {
    /// At least one.
    pub(crate) candidates: Vec<Candidate>,
    /// The model that the caller named.
    pub(crate) requested: Option<String>,
    /// Tokens of the question, estimated.
    pub(crate) prompt_tokens: u64,
    /// Who else might have answered.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Finds them; nothing is sent.
///
/// # Errors
/// For an unknown model, where a key is missing, and for a retired model that no other may answer for.
pub(crate) fn route(config: &ProvidersConfig, catalogue: &Catalogue, chat: &Chat) -> Result<Route, Failure> {
    let resolver = Resolver { config, catalogue };
    let requested = requested(chat.model.as_deref()).map(str::to_owned);
    let first = resolver.first(requested.as_deref())?;
    let allowed = match chat.fallback {
        Fallback::Never => false,
        Fallback::Allowed => true,
        Fallback::ByPolicy => requested.is_none(),
    };
    let prompt_tokens = tokens::of_chat(chat);
    let mut route = Route { candidates: vec![first], requested, prompt_tokens, left_out: Vec::new() };
    if allowed {
        resolver.extend(&mut route);
    }
    if let [Candidate { model, .. }] = route.candidates.as_slice()
        && model.status == Status::Retired
    {
        let default = if route.requested.is_none() { ", in EXAI_DEFAULT_MODEL" } else { "" };
        return Err(failure(Cause::Retired, format!("{}{default}.", succession::retired(model))));
    }
    Ok(route)
}

/// The model that a name means, or that answers where none is given, if it can be asked.
pub(crate) fn asked(
    config: &ProvidersConfig,
    catalogue: &Catalogue,
    name: Option<&str>,
) -> Option<Candidate> {
    Resolver { config, catalogue }.first(requested(name)).ok()
}

/// What is wrong with the names of models in the settings, a sentence each: who waits for a call to fail learns of it when it
/// hurts.
pub(crate) fn slips(config: &ProvidersConfig, catalogue: &Catalogue) -> Vec<String> {
    let resolver = Resolver { config, catalogue };
    let default = config.default_model.as_deref().filter(|name| !is_auto(name));
    let default = default.map(|name| (name, "EXAI_DEFAULT_MODEL"));
    let chain = config.chain.iter().map(|name| (name.as_str(), "EXAI_CHAIN"));
    let chain = chain.filter(|_| config.fallback == FallbackPolicy::Chain);
    let slip = |(name, setting): (&str, &str)| {
        let failure = resolver.resolve(name).err()?;
        Some(format!("{setting}: {}.", failure.message.trim_end_matches('.')))
    };
    default.into_iter().chain(chain).filter_map(slip).collect()
}

/// The name, where it is one.
fn requested(name: Option<&str>) -> Option<&str> {
    name.map(str::trim).filter(|name| !is_auto(name))
}

fn is_auto(name: &str) -> bool {
    name.is_empty() || name.eq_ignore_ascii_case("auto")
}

struct Resolver<'a> {
    config: &'a ProvidersConfig,
    catalogue: &'a Catalogue,
}

impl Resolver<'_> {
    /// What is asked first.
    fn first(&self, requested: Option<&str>) -> Result<Candidate, Failure> {
        requested.map_or_else(|| self.default(), |name| self.locate(name))
    }

    fn default(&self) -> Result<Candidate, Failure> {
        if let Some(name) = self.config.default_model.as_deref().filter(|name| !is_auto(name)) {
            return self.locate(name).map_err(|failure| Failure {
                message: format!("{} (EXAI_DEFAULT_MODEL names it.)", failure.message),
                ..failure
            });
        }
        self.firsts().next().ok_or_else(|| self.nothing_usable())
    }

    /// The first model of each provider that can be called.
    fn firsts(&self) -> impl Iterator<Item = Candidate> {
        let usable = self.config.providers.iter().enumerate().filter(|(_, provider)| provider.is_usable());
        usable.filter_map(|(provider, config)| {
            let model = self.catalogue.first_of(&config.name)?.clone();
            Some(Candidate { provider, model })
        })
    }

    /// What a name means, if it can be asked.
    fn resolve(&self, name: &str) -> Result<Candidate, Failure> {
        let candidate = self.locate(name)?;
        match candidate.model.status {
            Status::Retired => Err(failure(Cause::Retired, succession::retired(&candidate.model))),
            Status::Current | Status::Deprecated => Ok(candidate),
        }
    }

    /// What a name means, retired or not. What people have written beats what a provider says of itself.
    fn locate(&self, name: &str) -> Result<Candidate, Failure> {
        let model = match self.catalogue.find(name) {
            Some(model) => model.clone(),
            None => match (self.first_at(name), self.addressed(name), self.found(name)) {
                (Some(first), ..) => first?,
                (None, Some(model), _) | (None, None, Some(model)) => model,
                (None, None, None) => return Err(self.unknown(name)),
            },
        };
        let found =
            self.config.providers.iter().enumerate().find(|(_, config)| config.name == model.provider);
        let Some((provider, config)) = found else {
            let message = format!(
                "Model `{}` belongs to provider `{}`, which is not configured: add {}=<base URL> to EXAI_PROVIDERS.",
                model.id, model.provider, model.provider
            );
            return Err(failure(Cause::UnknownModel, message));
        };
        if !config.is_usable() {
            let message = format!(
                "No key is set for provider `{}`, which serves {}: set {} and {ANEW}.",
                config.name, model.id, config.key_variable
            );
            return Err(failure(Cause::NoKey, message));
        }
        Ok(Candidate { provider, model })
    }

    /// The first model of the provider that is called so, if there is such a provider; a failure where none is listed.
    fn first_at(&self, name: &str) -> Option<Result<Arc<Model>, Failure>> {
        let config = self.config.providers.iter().find(|config| config.name.eq_ignore_ascii_case(name))?;
        Some(self.catalogue.first_of(&config.name).cloned().ok_or_else(|| self.no_listed_model(config)))
    }

    /// `provider/model`, listed or not.
    fn addressed(&self, name: &str) -> Option<Arc<Model>> {
        let (provider, id) = name.split_once('/')?;
        let config =
            self.config.providers.iter().find(|config| config.name.eq_ignore_ascii_case(provider))?;
        // It goes into sentences, logs and metrics.
        if !model::is_id(id) {
            return None;
        }
        let known = self.catalogue.at(&config.name, id);
        Some(known.cloned().unwrap_or_else(|| Arc::new(Model::unlisted(&config.name, id))))
    }

    /// A model that only its provider has told of.
    fn found(&self, name: &str) -> Option<Arc<Model>> {
        self.catalogue.found().iter().find(|model| model.is_called(name)).cloned()
    }

    /// Adds the candidates of the policy that are not there yet, but for those that can't take the question, and those that
    /// cost much more than the first and were not chosen by name.
    fn extend(&self, route: &mut Route) {
        let Some(first) = route.candidates.first().cloned() else { return };
        let (others, unmeant) = self.others(&first);
        for (candidate, chosen) in others {
            let is_known = |known: &Candidate| {
                known.provider == candidate.provider && known.model.id == candidate.model.id
            };
            if route.candidates.len() >= CANDIDATES_MAX || route.candidates.iter().any(is_known) {
                continue;
            }
            let dear = || match chosen {
                Chosen::ByName => None,
                Chosen::ByUs => left_out::too_dear(&candidate.model, &first.model),
            };
            match left_out::too_long(&candidate.model, route.prompt_tokens).or_else(dear) {
                Some(why) => route.left_out.push(LeftOut::new(&candidate.model, &why)),
                None => route.candidates.push(candidate),
            }
        }
        route.left_out.extend(unmeant);
        let is_alone = route.candidates.len() == 1 && route.left_out.is_empty();
        if is_alone && self.config.chain.is_empty() && self.config.fallback == FallbackPolicy::Chain {
            route.left_out.push(LeftOut::siblings(&first.model.provider));
        }
    }

    /// Who may answer by the policy when the first can't, in order; and names in the chain that nobody can be asked by, since a
    /// slip of the pen there would not be seen otherwise.
    fn others(&self, first: &Candidate) -> (Vec<(Candidate, Chosen)>, Vec<LeftOut>) {
        let (mut others, mut unmeant) = (Vec::new(), Vec::new());
        for name in &self.config.chain {
            match self.resolve(name) {
                Ok(candidate) => others.push((candidate, Chosen::ByName)),
                Err(failure) => unmeant.push(LeftOut::of_chain(name, failure.cause)),
            }
        }
        if self.config.chain.is_empty() {
            // What ails one model of a provider mostly ails its others.
            let firsts = self.firsts().filter(|other| other.provider != first.provider);
            others.extend(firsts.map(|candidate| (candidate, Chosen::ByUs)));
        }
        match self.config.fallback {
            FallbackPolicy::Off => (Vec::new(), Vec::new()),
            FallbackPolicy::Chain => (others, unmeant),
            FallbackPolicy::Family => {
                others.retain(|(candidate, _)| candidate.provider == first.provider);
                let family = self.catalogue.served_by(&first.model.provider);
                let of_first =
                    |model: &Arc<Model>| Candidate { provider: first.provider, model: model.clone() };
                others.extend(family.map(|model| (of_first(model), Chosen::ByUs)));
                (others, Vec::new())
            }
        }
    }

    fn nothing_usable(&self) -> Failure {
        // The first that has a key; one without may well be a server that takes none.
        let mut usable: Vec<&ProviderConfig> =
            self.config.providers.iter().filter(|provider| provider.is_usable()).collect();
        usable.sort_by_key(|provider| provider.key.is_none());
        if let Some(bare) = usable.first() {
            return self.no_listed_model(bare);
        }
        let variables: Vec<&str> =
            self.config.providers.iter().map(|provider| provider.key_variable.as_str()).collect();
        if variables.is_empty() {
            let message = "No provider is configured: set GLM_API_KEY, KIMI_API_KEY or EXAI_PROVIDERS.";
            return failure(Cause::NoKey, message.to_owned());
        }
        let message =
            format!("No key is set, so no model can be asked: set {} and {ANEW}.", variables.join(" or "));
        failure(Cause::NoKey, message)
    }

    /// A provider that can be asked, and no model to ask it for.
    fn no_listed_model(&self, provider: &ProviderConfig) -> Failure {
        let name = &provider.name;
        let key = if provider.key.is_some() { "a key" } else { "an address" };
        let mut message = format!(
            "Provider `{name}` has {key} but no listed model: name one as {name}/<model>, or set \
             EXAI_DEFAULT_MODEL={name}/<model>."
        );
        let found = self.catalogue.found().iter().filter(|model| model.provider == *name);
        let found: Vec<&str> = found.take(FOUND_TOLD).map(|model| model.id.as_str()).collect();
        if !found.is_empty() {
            message.push_str(&format!(" It says that it has {}.", found.join(", ")));
        }
        failure(Cause::UnknownModel, message)
    }

    fn unknown(&self, name: &str) -> Failure {
        let configured = |provider: &str| self.config.providers.iter().any(|config| config.name == provider);
        let near = self.catalogue.nearest(name, configured);
        let hint = if near.is_empty() {
            "`listmodels` shows the known ones.".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        let name: String = name.chars().filter(|c| !redact::is_unseen(*c)).take(80).collect();
        let message = format!(
            "Model `{name}` is unknown; {hint} A model that is not listed is addressed as `provider/model`."
        );
        failure(Cause::UnknownModel, message)
    }
}

/// How a daemon comes to know a setting.
pub(crate) const ANEW: &str =
    "start the daemon again (`exai stop`; the next call starts one, unless it is started by hand)";

fn failure(cause: Cause, message: String) -> Failure {
    Failure { cause, message, attempts: Vec::new() }
}

#[cfg(test)]
mod tests;
