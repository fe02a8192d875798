use std::time::Duration;

use exai_provider::{KeyHealth, ProviderHealth};
use exai_session::Vitals;
use exai_settings::Settings;
use exai_wire::{Epoch, JournalId, StartId};

use super::render;
use crate::health::{Health, Identity, Present};
use crate::snapshot::JournalStore;
use crate::vitals::Reading;

const DOCS: &str = include_str!("../../../../docs/metrics.md");

/// The page of a daemon with a provider of which everything is told.
fn page() -> String {
    let key = KeyHealth { model: Some("m".to_owned()), limit: Some(1), ..KeyHealth::default() };
    let provider = ProviderHealth {
        name: "glm".to_owned(),
        keys: vec![key],
        attempts: [("ok", 1)].into(),
        ..ProviderHealth::default()
    };
    let names = (JournalId::from_bytes([1; 16]), Epoch(1), StartId::from_bytes([2; 16]));
    let identity = Identity::new("1".to_owned(), names, JournalStore::Memory, &Settings::default());
    let (lines, _worker) = tracing_appender::non_blocking(std::io::sink());
    let health = Health::new(identity, None, lines.error_counter());
    let reading = Reading { vitals: Vitals { stalled: false, lag_ms: 0 }, workers_stuck: 0 };
    let present = Present { state: "ready", in_flight: 0, waiting: 0, sessions: 0, connections: 0, reading };
    render(&health.snapshot(Duration::ZERO, &present, None, vec![provider]))
}

/// Names of the labels of a family's first sample.
fn labels(page: &str, family: &str) -> String {
    let begun = format!("{family}{{");
    let sample = page.lines().find_map(|line| line.strip_prefix(&begun)?.split('}').next());
    let names = sample.unwrap_or_default().split(',').filter_map(|label| label.split('=').next());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[test]
fn every_family_is_documented_as_it_is_told() {
    let page = page();
    let mut table = String::from("| name | kind | labels | what |\n|---|---|---|---|\n");
    for help in page.lines().filter_map(|line| line.strip_prefix("# HELP ")) {
        let (name, what) = help.split_once(' ').unwrap();
        let begun = format!("# TYPE {name} ");
        let kind = page.lines().find_map(|line| line.strip_prefix(&begun)).unwrap();
        table.push_str(&format!("| `{name}` | {kind} | {} | {what} |\n", labels(&page, name)));
    }
    assert!(DOCS.ends_with(&table), "docs/metrics.md ends with this table:\n{table}");
}
