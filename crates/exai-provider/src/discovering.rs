//! Asks providers now and then which models they have.
//!
//! Nothing depends on it: a provider that does not answer, or answers nonsense, is as it was.

use std::collections::{BTreeMap, BTreeSet};
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
                let pause = layer.discover(index).await;
                rounds.asked(index, layer.timer.now(), pause);
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

/// When each provider is asked, by index; one that never is does not stand in it.
struct Rounds(BTreeMap<usize, Round>);

#[derive(Clone, Copy)]
struct Round {
    next: Duration,
    last: Option<Duration>,
}

impl Rounds {
    fn new(layer: &Layer) -> Self {
        let first = Round { next: layer.timer.now() + FIRST_AFTER, last: None };
        let lists =
            |config: &ProviderConfig| config.is_usable() && Dialect::of(config).list == ModelList::Models;
        let providers = layer.config.providers.iter().enumerate().filter(|(_, config)| lists(config));
        Self(providers.map(|(index, _)| (index, first)).collect())
    }

    fn next(&self) -> Option<Duration> {
        self.0.values().map(|round| round.next).min()
    }

    fn due(&self, now: Duration) -> Vec<usize> {
        self.0.iter().filter(|(_, round)| round.next <= now).map(|(index, _)| *index).collect()
    }

    fn asked(&mut self, index: usize, now: Duration, pause: Duration) {
        self.0.insert(index, Round { next: now + pause, last: Some(now) });
    }

    /// These have said that they do not serve a model.
    fn hurry(&mut self, gone: &BTreeSet<usize>) {
        for (_, round) in self.0.iter_mut().filter(|(index, _)| gone.contains(*index)) {
            let soonest = round.last.map_or(Duration::ZERO, |last| last + APART);
            round.next = soonest.min(round.next);
        }
    }
}

impl Layer {
    /// Asks one provider; gives the pause until it is asked again.
    async fn discover(&self, index: usize) -> Duration {
        let Some(config) = self.config.providers.get(index) else { return AGAIN_AFTER };
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
                EVERY
            }
            Err(why) => {
                let why = self.redactor.clean(&why);
                tracing::debug!(provider = config.name, why, "no list of models");
                AGAIN_AFTER
            }
        }
    }

    fn take(&self, index: usize, config: &ProviderConfig, list: Vec<Found>) {
        let ids: Vec<String> = list.iter().map(|one| one.id.clone()).collect();
        let Some(before) = self.known.take(&config.name, list) else { return };
        let before: BTreeSet<String> = before.into_iter().map(|one| one.id).collect();
        // That a list names a model says little: some name what the account's plan does not hold. That it names it again does.
        let again = ids.iter().filter(|id| !before.contains(*id));
        if again.filter(|id| self.quarantine.lift(index, id)).count() > 0 {
            self.circuits.turn();
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
