//! The models that are known, as data: a file that is built in, and what people add to it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::chat::Effort;
use crate::day::Day;
use crate::discovery::Found;
use crate::model::{Capability, IdleClass, Model, Price, Status, Thinking};
use crate::nearest::nearest;
use crate::prefix::Prefix;

const BUILTIN: &str = include_str!("models.toml");

/// Known models, in the order of the file, and behind them those that nobody listed and a provider says that it has. Calls
/// share what is known of the ones that they ask.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    models: Vec<Arc<Model>>,
    found: Vec<Arc<Model>>,
}

/// A file that is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct CatalogueError {
    /// Path as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "model")]
    models: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    provider: Option<String>,
    aliases: Option<Vec<String>>,
    context: Option<u32>,
    output_cap: Option<u32>,
    status: Option<Status>,
    ends: Option<Day>,
    successor: Option<String>,
    can: Option<Vec<Capability>>,
    idle: Option<IdleClass>,
    first_event_floor_s: Option<u32>,
    idle_floor_s: Option<u32>,
    thinking: Option<Thinking>,
    effort: Option<Vec<Effort>>,
    temperature_max: Option<f64>,
    price_in: Option<f64>,
    price_out: Option<f64>,
    price_cached: Option<f64>,
    prefix: Option<Prefix>,
}

impl Catalogue {
    /// The catalogue that is built in.
    pub fn builtin() -> Self {
        // A test reads the file, so that the empty catalogue never comes about.
        Self::default().merge("models.toml", BUILTIN).unwrap_or_default()
    }

    /// Adds the models of a file to this catalogue; for an id that is there already, the fields that the file names are
    /// replaced. `path` is only for messages, `text` is the file.
    ///
    /// # Errors
    /// For text that is no catalogue; names file and line.
    pub fn merge(mut self, path: &str, text: &str) -> Result<Self, CatalogueError> {
        let fail = |at: usize, message: String| CatalogueError {
            file: path.to_owned(),
            line: line_of(text, at),
            message,
        };
        let file: File = toml::from_str(text)
            .map_err(|error| fail(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
        for entry in file.models {
            let at = entry.span().start;
            self.add(entry.into_inner()).map_err(|message| fail(at, message))?;
        }
        Ok(self)
    }

    /// Every model that is listed.
    pub(crate) fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// Models that are not listed and that a provider says it has.
    pub(crate) fn found(&self) -> &[Arc<Model>] {
        &self.found
    }

    /// The listed model that an id or alias means; ids win over aliases.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Model>> {
        let by_id = self.models.iter().find(|model| model.id.eq_ignore_ascii_case(name));
        by_id.or_else(|| self.models.iter().find(|model| model.is_called(name)))
    }

    /// The model of this provider that a name means, listed or found there.
    pub(crate) fn at(&self, provider: &str, name: &str) -> Option<&Arc<Model>> {
        let mut all = self.models.iter().chain(&self.found);
        all.find(|model| model.provider == provider && model.is_called(name))
    }

    /// Listed models of a provider that it serves, in the order in which they answer where none is named. What was only
    /// found there is not among them: it may make images or vectors.
    pub(crate) fn served_by<'a>(&'a self, provider: &str) -> impl Iterator<Item = &'a Arc<Model>> {
        self.models.iter().filter(move |model| model.provider == provider && model.status != Status::Retired)
    }

    /// The first of them.
    pub(crate) fn first_of(&self, provider: &str) -> Option<&Arc<Model>> {
        self.served_by(provider).next()
    }

    /// At most three names near to one that is unknown, of models whose provider `usable` accepts.
    pub(crate) fn nearest(&self, name: &str, usable: impl Fn(&str) -> bool) -> Vec<&str> {
        let served = |model: &&Arc<Model>| usable(&model.provider) && model.status != Status::Retired;
        let models = self.models.iter().chain(&self.found).filter(served);
        let names = models.flat_map(|model| std::iter::once(&model.id).chain(&model.aliases));
        nearest(name, names.map(String::as_str), 3)
    }

    /// With what a provider says of its own models: it fills in what nobody has written of those that are listed, and
    /// adds the others.
    pub(crate) fn with_found(&mut self, provider: &str, found: &[Found]) {
        for one in found {
            let listed =
                self.models.iter_mut().find(|model| model.provider == provider && model.is_called(&one.id));
            match listed {
                Some(model) => one.fill(Arc::make_mut(model)),
                None => self.found.push(Arc::new(one.model(provider))),
            }
        }
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        match self.models.iter_mut().find(|model| model.id == entry.id) {
            Some(model) => *model = Arc::new(entry.over(Model::clone(model))?),
            None => self.models.push(Arc::new(entry.into_model()?)),
        }
        Ok(())
    }
}

impl Entry {
    fn into_model(self) -> Result<Model, String> {
        if self.id.trim().is_empty() {
            return Err("a model needs an `id`".to_owned());
        }
        let Some(provider) = self.provider.clone() else {
            return Err(format!("model `{}` is new here and needs a `provider`", self.id));
        };
        let mut blank = Model::unlisted(&provider, &self.id);
        blank.efforts.clear();
        self.over(blank)
    }

    /// Replaces what the entry names.
    fn over(self, mut model: Model) -> Result<Model, String> {
        if let Some(idle) = self.idle {
            model.idle = idle;
            model.first_event_floor = idle.first_event();
            model.idle_floor = idle.idle();
        }
        set(&mut model.first_event_floor, self.first_event_floor_s.map(seconds));
        set(&mut model.idle_floor, self.idle_floor_s.map(seconds));
        if let Some(mut efforts) = self.effort {
            efforts.sort();
            model.efforts = efforts;
        }
        let price = [self.price_in, self.price_out, self.price_cached];
        if price
            .into_iter()
            .flatten()
            .chain(self.temperature_max)
            .any(|number| !number.is_finite() || number < 0.0)
        {
            return Err(format!("model `{}`: prices and temperature are numbers of 0 or more", model.id));
        }
        set(&mut model.provider, self.provider);
        set(&mut model.aliases, self.aliases);
        set(&mut model.context, self.context);
        set(&mut model.output_cap, self.output_cap);
        set(&mut model.status, self.status);
        model.ends = self.ends.or(model.ends);
        model.successor = self.successor.or(model.successor);
        if let Some(mut can) = self.can {
            can.sort();
            can.dedup();
            model.can = can;
        }
        set(&mut model.thinking, self.thinking);
        set(&mut model.temperature_max, self.temperature_max);
        model.prefix = self.prefix.or(model.prefix);
        let old = model.price;
        let input = self.price_in.or(old.map(|price| price.input));
        let output = self.price_out.or(old.map(|price| price.output));
        let cached = self.price_cached.or(old.and_then(|price| price.cached));
        model.price = input.zip(output).map(|(input, output)| Price { input, output, cached });
        Ok(model)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn seconds(n: u32) -> Duration {
    Duration::from_secs(u64::from(n.max(1)))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
