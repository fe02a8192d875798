//! Asks providers now and then which models they have.
//!
//! Nothing depends on it: a provider that does not answer, or answers nonsense, is as it was.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;

use crate::config::ProviderConfig;
use crate::dialect::{Dialect, ModelList};
use crate::discovery::{self, Found, LIST_BYTES_MAX};
use crate::providers::{Layer, Providers};
use crate::transport::{Method, Request};

/// After the start: calls come first.
const FIRST_AFTER: Duration = Duration::from_secs(2);

/// After a list.
const EVERY: Duration = Duration::from_secs(24 * 3600);

/// After none.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);

/// Shortest time between two questions, for the sake of models that a provider says it does not serve.
const APART: Duration = Duration::from_secs(600);

/// How long a list may take.
const WAIT: Duration = Duration::from_secs(10);

impl Providers {
    /// Asks each provider that has such a list which models it has: soon, daily, and when it has said that it does not
    /// serve one. Never ends; dropping the future closes the connection.
    pub async fn keep_discovering(&self) -> Infallible {
        let layer = &self.layer;
        let mut rounds = Rounds::new(layer);
        loop {
            let due = rounds.due(layer.timer.now());
            for index in due {
                let listed = layer.discover(index).await;
                rounds.asked(index, layer.timer.now(), listed);
            }
            let Some(next) = rounds.next() else { return std::future::pending().await };
            tokio::select! {
                biased;
                () = layer.timer.sleep_until(next) => {}
                gone = layer.quarantine.news() => rounds.hurry(&gone),
            }
        }
    }
}

/// Whether a list came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    Yes,
    No,
}

/// When each provider is asked next.
struct Rounds {
    /// By index; `None`: it is never asked.
    next: Vec<Option<Duration>>,
    last: Vec<Option<Duration>>,
}

impl Rounds {
    fn new(layer: &Layer) -> Self {
        let first = layer.timer.now() + FIRST_AFTER;
        let lists =
            |config: &ProviderConfig| config.is_usable() && Dialect::of(config).list == ModelList::Models;
        let providers = &layer.config.providers;
        Self {
            next: providers.iter().map(|config| lists(config).then_some(first)).collect(),
            last: vec![None; providers.len()],
        }
    }

    fn next(&self) -> Option<Duration> {
        self.next.iter().flatten().min().copied()
    }

    fn due(&self, now: Duration) -> Vec<usize> {
        let is_due = |next: &Option<Duration>| next.is_some_and(|next| next <= now);
        self.next.iter().enumerate().filter(|(_, next)| is_due(next)).map(|(index, _)| index).collect()
    }

    fn asked(&mut self, index: usize, now: Duration, listed: Listed) {
        let pause = if listed == Listed::Yes { EVERY } else { AGAIN_AFTER };
        if let (Some(next), Some(last)) = (self.next.get_mut(index), self.last.get_mut(index)) {
            (*next, *last) = (Some(now + pause), Some(now));
        }
    }

    /// These have said that they do not serve a model.
    fn hurry(&mut self, gone: &BTreeSet<usize>) {
        for index in gone {
            let last = self.last.get(*index).copied().flatten();
            if let Some(Some(next)) = self.next.get_mut(*index) {
                let soonest = last.map_or(Duration::ZERO, |last| last + APART);
                *next = soonest.min(*next);
            }
        }
    }
}

impl Layer {
    /// Asks one provider.
    async fn discover(&self, index: usize) -> Listed {
        let Some(config) = self.config.providers.get(index) else { return Listed::No };
        let until = self.timer.now() + WAIT;
        let outcome = tokio::select! {
            biased;
            outcome = self.list_of(config) => outcome,
            () = self.timer.sleep_until(until) => Err(format!("no list within {} s", WAIT.as_secs())),
        };
        match outcome {
            Ok(list) => {
                tracing::debug!(provider = config.name, models = list.len(), "the provider's list of models");
                self.take(index, config, list);
                Listed::Yes
            }
            Err(why) => {
                let why = self.redactor.clean(&why);
                tracing::debug!(provider = config.name, why, "no list of models");
                Listed::No
            }
        }
    }

    fn take(&self, index: usize, config: &ProviderConfig, list: Vec<Found>) {
        let ids: Vec<String> = list.iter().map(|one| one.id.clone()).collect();
        let Some(before) = self.known.take(&config.name, list) else { return };
        let before: BTreeSet<String> = before.into_iter().map(|one| one.id).collect();
        // That a list names a model says little: some name what the account's plan does not hold. That it names it again does.
        for id in ids.iter().filter(|id| !before.contains(*id)) {
            self.quarantine.lift(index, id);
        }
    }

    async fn list_of(&self, config: &ProviderConfig) -> Result<Vec<Found>, String> {
        let opened = self.transport.open(request(config)).await;
        let mut response = opened.map_err(|error| error.message)?;
        if response.status != 200 {
            return Err(format!("HTTP {}", response.status));
        }
        let mut text = Vec::new();
        while let Some(piece) = response.body.chunk().await.map_err(|error| error.message)? {
            if text.len() + piece.len() > LIST_BYTES_MAX {
                return Err(format!("the list is longer than {} MiB", LIST_BYTES_MAX >> 20));
            }
            text.extend_from_slice(&piece);
        }
        discovery::parse(&text, &self.redactor).map_err(|error| error.to_string())
    }
}

fn request(config: &ProviderConfig) -> Request {
    let mut headers =
        vec![("accept", "application/json".to_owned()), ("accept-encoding", "identity".to_owned())];
    headers.extend(config.authorization());
    Request {
        method: Method::Get,
        provider: config.name.clone(),
        url: format!("{}/models", config.base_url.trim_end_matches('/')),
        headers,
        body: Bytes::new(),
    }
}
