//! What every setting is, where it comes from, and what it means: for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest as _, Sha256};

use crate::problem::Origin;
use crate::registry::Reader;
use crate::secret::{REDACTED, Secret};

/// One setting as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Heading it stands under.
    pub group: &'static str,
    /// Its name, whichever name it was written by.
    pub name: String,
    /// Its value in its one right form; `None`: not set. A secret is redacted.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    /// The old name it was written by, if it was.
    pub written_as: Option<String>,
    /// What a bare number counts (`seconds`, `calls`); empty where none is meant.
    pub unit: &'static str,
    /// What it means; the first sentence stands alone.
    pub meaning: &'static str,
    pub(crate) readers: &'static [Reader],
    pub(crate) is_secret: bool,
    /// The secret itself, to be compared.
    pub(crate) secret: Option<Secret>,
}

/// What stands where a setting has no value.
const NOT_SET: &str = "not set";

/// Widest column, in characters; what is longer pushes the rest of its line aside.
const COLUMN_MAX: usize = 28;

impl Setting {
    /// The value, or the words for none.
    pub fn shown(&self) -> &str {
        self.value.as_deref().unwrap_or(NOT_SET)
    }

    /// Where the value comes from, and by which name.
    pub fn whence(&self) -> String {
        match &self.written_as {
            Some(name) => format!("{} as {name}", self.origin),
            None => self.origin.to_string(),
        }
    }

    /// What a daemon publishes of it: of a secret whether it is set, and a mark by which another one is told apart.
    fn published(&self, salt: &str) -> String {
        match &self.secret {
            Some(secret) => format!("{} {salt}:{}", self.shown(), mark(secret, salt)),
            None => self.shown().to_owned(),
        }
    }

    /// What a daemon has instead, by what it published; `None`: the same, as far as that can be told.
    fn other(&self, published: &str) -> Option<String> {
        let (running, salted) = split(published);
        if running != self.shown() {
            return Some(running.to_owned());
        }
        let (salt, theirs) = salted?;
        let ours = mark(self.secret.as_ref()?, salt);
        (ours != theirs).then(|| "(another one is set, not shown)".to_owned())
    }

    /// Whether the daemon's work depends on it, so that its value there is what counts.
    pub(crate) fn is_daemons(&self) -> bool {
        self.readers.iter().any(|reader| matches!(reader, Reader::Daemon | Reader::Provider))
    }
}

/// What the daemon runs with, by name, without secrets.
pub(crate) fn snapshot(settings: &[Setting], salt: &str) -> BTreeMap<String, String> {
    let published = settings.iter().filter(|setting| setting.is_daemons());
    published.map(|setting| (setting.name.clone(), setting.published(salt))).collect()
}

/// Too short to find a secret by, long enough to tell two apart: 32 bits.
fn mark(secret: &Secret, salt: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(secret.expose()).finalize();
    digest.iter().take(4).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The value that people see, and salt and mark of a secret.
fn split(published: &str) -> (&str, Option<(&str, &str)>) {
    let marked = published.strip_prefix(REDACTED).map(str::trim_start);
    match marked.and_then(|marked| marked.split_once(':')) {
        Some(salted) => (REDACTED, Some(salted)),
        None => (published, None),
    }
}

/// The text of `exai settings`. Where `daemon` (the snapshot that a running daemon publishes) has another value,
/// that stands in a line below; so do settings that only the daemon has, such as a provider's.
pub fn render(settings: &[Setting], daemon: Option<&BTreeMap<String, String>>) -> String {
    let rows: Vec<_> = settings.iter().map(|one| (one, one.whence())).collect();
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0).min(COLUMN_MAX);
    let names = width(&mut rows.iter().map(|(one, _)| one.name.chars().count()));
    let values = width(&mut rows.iter().map(|(one, _)| one.shown().chars().count()));
    let origins = width(&mut rows.iter().map(|(_, whence)| whence.chars().count()));
    let mut text = String::new();
    let mut group = "";
    for (setting, whence) in &rows {
        if setting.group != group {
            let _ = writeln!(text, "{}{}", if group.is_empty() { "" } else { "\n" }, setting.group);
            group = setting.group;
        }
        let (name, shown, unit) = (&setting.name, setting.shown(), setting.unit);
        let meaning = first_sentence(setting.meaning);
        let _ = writeln!(text, "  {name:names$}  {shown:values$}  {whence:origins$}  {unit:8}  {meaning}");
        if let Some(running) = daemon.and_then(|daemon| setting.other(daemon.get(name)?)) {
            let _ = writeln!(text, "  {:names$}  {running}  in the running daemon", "");
        }
    }
    let known = |name: &&String| settings.iter().all(|setting| setting.name != **name);
    let others: Vec<_> = daemon.into_iter().flatten().filter(|(name, _)| known(name)).collect();
    if !others.is_empty() {
        text.push_str("\nOnly in the running daemon\n");
    }
    for (name, value) in others {
        let _ = writeln!(text, "  {name:names$}  {}", split(value).0);
    }
    text
}

pub(crate) fn first_sentence(doc: &str) -> &str {
    doc.split_inclusive(". ").next().unwrap_or(doc).trim_end()
}

#[cfg(test)]
mod tests;
