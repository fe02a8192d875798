//! From sources to settings.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::explain::{self, Setting};
use crate::given::{self, Candidate, Given};
use crate::host::Host;
use crate::kind::{Kind, Reading};
use crate::problem::{Origin, Problem, Report};
use crate::provider::Provider;
use crate::registry::{self, ADDRESS, BUILT_IN, FAMILY_TITLE, Preset, Reader, Row};
use crate::secret::Secret;
use crate::settings::{
    Address, Autostart, Calls, Connection, Daemon, Discovery, Fallback, Journal, LogLevel, Models, Settings,
    Shim, State,
};
use crate::sources::{Platform, Sources, Start};
use crate::{finish, unknown};

/// What [`load`] made of its sources.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Valid whatever was written.
    pub settings: Settings,
    /// What could not be understood, by place, those of the environment first; each has its default in `settings`. The daemon and the commands print all of them
    /// and exit with 78; the shim serves on, and answers calls with them while they stop it ([`Self::stops_shim`]).
    pub errors: Vec<Problem>,
    /// What was understood but is probably not meant.
    pub warnings: Vec<Problem>,
    rows: Vec<Setting>,
    /// Every name and old name that is read, with the setting it belongs to.
    known: BTreeMap<String, String>,
}

impl Loaded {
    /// Whether a shim can't serve with these errors: at least one is about something that it reads itself.
    pub fn stops_shim(&self) -> bool {
        self.errors.iter().any(|error| self.is_read_by(error, &[Reader::Connection, Reader::Shim]))
    }

    /// Whether whoever merely connects to a daemon can't do so with these errors.
    pub fn stops_connecting(&self) -> bool {
        self.errors.iter().any(|error| self.is_read_by(error, &[Reader::Connection]))
    }

    /// What is about a whole file, or a line that is no setting, is everybody's.
    fn is_read_by(&self, problem: &Problem, readers: &[Reader]) -> bool {
        let name = problem.setting.as_ref().and_then(|name| self.known.get(name));
        let row = name.and_then(|name| self.rows.iter().find(|row| row.name == *name));
        row.is_none_or(|row| row.readers.iter().any(|reader| readers.contains(reader)))
    }

    /// Every setting with its value, origin, unit and meaning, in the order of the registry.
    pub fn explain(&self) -> &[Setting] {
        &self.rows
    }

    /// What the daemon runs with, by name, without secrets: for its status, so that `exai settings` can show where the
    /// running daemon differs. Of a secret there is a short mark, which is worth nothing without the `salt` of that daemon's
    /// start.
    pub fn daemon_snapshot(&self, salt: &str) -> BTreeMap<String, String> {
        explain::snapshot(&self.rows, salt)
    }

    /// Every error and warning, one a line, each with its place, its text and what to do. Empty when all is well.
    pub fn report(&self) -> String {
        let errors = self.errors.iter().map(|problem| format!("error: {problem}\n"));
        errors.chain(self.warnings.iter().map(|problem| format!("warning: {problem}\n"))).collect()
    }
}

/// Reads every setting. Never fails: see [`Loaded::errors`].
///
/// A setting's own name beats its old names, wherever they stand; then the process environment beats the env file.
pub fn load(sources: &Sources<'_>) -> Loaded {
    let mut report = Report::default();
    let given = given::gather(sources, &mut report);
    let mut loader = Loader { given, report, rows: Vec::new(), known: BTreeMap::new() };
    let mut settings = blank();
    for (group, row) in registry::rows() {
        loader.fill(&Spec::of(group, row), &mut settings);
    }
    for provider in &mut settings.providers {
        loader.fill_provider(provider);
    }
    finish::finish(&mut settings, &mut loader, sources);
    unknown::warn(&mut loader, &settings.providers);
    let Loader { report: Report { mut errors, mut warnings }, rows, known, .. } = loader;
    for problems in [&mut errors, &mut warnings] {
        problems.sort_by(|one, other| (one.place(), &one.setting).cmp(&(other.place(), &other.setting)));
    }
    Loaded { settings, errors, warnings, rows, known }
}

pub(crate) fn defaults() -> Settings {
    load(&Sources {
        environment: Vec::new(),
        platform: Platform::current(),
        working_dir: None,
        start: Start::ByProgram,
        read: &|_: &Path| Err(io::ErrorKind::NotFound.into()),
    })
    .settings
}

/// What is known while settings are read.
pub(crate) struct Loader {
    pub(crate) given: Given,
    pub(crate) report: Report,
    pub(crate) rows: Vec<Setting>,
    /// Every name and old name that is read, with the setting it belongs to.
    pub(crate) known: BTreeMap<String, String>,
}

/// A row under its real name.
struct Spec<'r, T: 'static> {
    group: &'static str,
    name: &'r str,
    aliases: &'r [&'static str],
    default: Preset,
    row: &'static Row<T>,
}

impl<T> Spec<'_, T> {
    fn of(group: &'static str, row: &'static Row<T>) -> Self {
        Self { group, name: row.name, aliases: row.aliases, default: row.default, row }
    }

    fn is_secret(&self) -> bool {
        matches!(self.row.kind, Kind::Secret { .. })
    }
}

impl Loader {
    fn fill_provider(&mut self, provider: &mut Provider) {
        let built_in = BUILT_IN.iter().any(|one| one.name == provider.name);
        for named in registry::family(&provider.name) {
            let (group, row) = (FAMILY_TITLE, named.row);
            let spec = Spec { group, name: &named.name, aliases: named.aliases, default: named.default, row };
            if row.name == ADDRESS && !built_in {
                let origin = self.row("EXAI_PROVIDERS").map_or(Origin::Default, |list| list.origin.clone());
                self.note(&spec, Some(provider.base_url.clone()), origin, None);
            } else {
                self.fill(&spec, provider);
            }
        }
    }

    /// Reads one setting into its place, or its default.
    fn fill<T>(&mut self, spec: &Spec<'_, T>, target: &mut T) {
        for name in std::iter::once(spec.name).chain(spec.aliases.iter().copied()) {
            self.known.insert(name.to_owned(), spec.name.to_owned());
        }
        let names = std::iter::once(spec.name).chain(spec.aliases.iter().copied());
        let candidates: Vec<_> = names.filter_map(|name| self.given.candidate(name)).collect();
        let Some((chosen, others)) = candidates.split_first() else {
            return self.fill_default(spec, target);
        };
        match self.understand(spec, chosen) {
            Some(reading) => {
                self.warn_of_others(spec, &reading.shown, chosen, others);
                (reading.apply)(target);
                let written_as = (chosen.name != spec.name).then(|| chosen.name.clone());
                self.note(spec, Some(reading.shown), chosen.origin.clone(), written_as);
                if let (true, Some(row), Ok(text)) = (spec.is_secret(), self.rows.last_mut(), &chosen.text) {
                    row.secret = Some(Secret::new(text.clone()));
                }
            }
            None => self.fill_default(spec, target),
        }
    }

    fn fill_default<T>(&mut self, spec: &Spec<'_, T>, target: &mut T) {
        let shown = match spec.default {
            Preset::Unset(_) => None,
            Preset::Value(text) => spec.row.kind.read(text, &self.given.base).ok().map(|reading| {
                (reading.apply)(target);
                reading.shown
            }),
        };
        self.note(spec, shown, Origin::Default, None);
    }

    /// Reads one candidate; what is wrong with it goes into the report.
    fn understand<T>(&mut self, spec: &Spec<'_, T>, candidate: &Candidate) -> Option<Reading<T>> {
        let problem =
            |message: String| Problem::of(candidate.origin.clone(), candidate.name.clone(), message);
        let visible =
            |text: Option<&str>| text.filter(|text| spec.row.kind.may_be_shown(text)).map(str::to_owned);
        let text = match &candidate.text {
            Ok(text) => text,
            Err((message, raw)) => {
                let found = visible(raw.as_deref());
                self.report.errors.push(problem((*message).into()).showing(found.as_deref()));
                return None;
            }
        };
        if text.contains("${") {
            let found = visible(Some(text));
            let message =
                "variables are not expanded here, the text is taken as it is; write the value itself";
            self.report.warnings.push(problem(message.into()).showing(found.as_deref()));
        }
        match spec.row.kind.read(text, &self.given.base) {
            Ok(reading) => Some(reading),
            Err(faults) => {
                let shown = spec.row.kind.may_be_shown(text);
                let problems = faults
                    .into_iter()
                    .map(|bad| problem(bad.message).showing(bad.found.as_deref().filter(|_| shown)));
                self.report.errors.extend(problems);
                None
            }
        }
    }

    /// Warns of old names that say something else than what holds.
    fn warn_of_others<T>(
        &mut self,
        spec: &Spec<'_, T>,
        shown: &str,
        chosen: &Candidate,
        others: &[Candidate],
    ) {
        for other in others {
            let same = match (&other.text, &chosen.text) {
                (Ok(theirs), Ok(ours)) if spec.is_secret() => theirs == ours,
                (Ok(theirs), Ok(_)) => {
                    spec.row.kind.read(theirs, &self.given.base).is_ok_and(|reading| reading.shown == shown)
                }
                _ => false,
            };
            if !same {
                let message = format!(
                    "{} ({}) says something else and wins; take {} out",
                    chosen.name, chosen.origin, other.name
                );
                let found = other.text.as_deref().ok().filter(|text| spec.row.kind.may_be_shown(text));
                let problem = Problem::of(other.origin.clone(), other.name.clone(), message).showing(found);
                self.report.warnings.push(problem);
            }
        }
    }

    fn note<T>(
        &mut self,
        spec: &Spec<'_, T>,
        value: Option<String>,
        origin: Origin,
        written_as: Option<String>,
    ) {
        self.rows.push(Setting {
            group: spec.group,
            name: spec.name.to_owned(),
            value,
            origin,
            written_as,
            unit: spec.row.kind.unit(),
            meaning: spec.row.doc,
            readers: spec.row.readers,
            is_secret: spec.is_secret(),
            secret: None,
        });
    }

    /// The row of this setting, once it has been read.
    pub(crate) fn row(&self, name: &str) -> Option<&Setting> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Shows a value that follows from others.
    pub(crate) fn show(&mut self, name: &str, value: Option<String>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.value = value;
        }
    }

    /// Whether the user's text for this setting holds.
    pub(crate) fn is_chosen(&self, name: &str) -> bool {
        self.row(name).is_some_and(|row| row.origin != Origin::Default)
    }
}

/// Settings before any row is read. The values mean nothing: every row with a default writes over them.
fn blank() -> Settings {
    Settings {
        connection: Connection {
            url: None,
            host: Host::loopback(),
            port: 0,
            token: None,
            ca: None,
            address: Address::Local,
            autostart: Autostart::Never,
        },
        calls: Calls { timeout: Duration::ZERO, hold: Duration::ZERO, host_timeout: None },
        shim: Shim { exit_after: None, file_roots: Vec::new() },
        state: State {
            env_file: None,
            users_env_file: None,
            dir: None,
            health_file: None,
            log_file: None,
            health_max_age: Duration::ZERO,
            log_level: LogLevel::Off,
        },
        daemon: Daemon {
            session_in_flight: 1,
            global_in_flight: 1,
            queue: 0,
            drain_grace: Duration::ZERO,
            idle_exit: None,
            allowed_origins: Vec::new(),
        },
        journal: Journal {
            adopt_within: None,
            keep_delivered: Duration::ZERO,
            keep_undelivered: Duration::ZERO,
            size_mib: 0,
            conversations_keep: None,
            conversations_mib: 0,
        },
        models: Models {
            default: None,
            fallback: Fallback::Off,
            chain: Vec::new(),
            catalogue_file: None,
            discovery: Discovery::Off,
        },
        providers: BUILT_IN.iter().map(|built_in| Provider::blank(built_in.name, "")).collect(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
