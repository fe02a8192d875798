//! What the user gave: the process environment and one env file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::dirs::Dirs;
use crate::env_file::{self, Assignment};
use crate::kind::{self, Base, Relative};
use crate::problem::{Origin, Problem, Report};
use crate::sources::{Platform, Sources, Start};
use crate::value;

/// The setting that names the env file, and so can't stand in it.
const ENV_FILE: &str = "ENV_FILE";

/// Name of env files that are looked for.
const NAME: &str = ".env";

/// Everything that was given, by name.
pub(crate) struct Given {
    pub(crate) environment: BTreeMap<String, OsString>,
    pub(crate) file: Option<EnvFile>,
    pub(crate) base: Base,
}

/// The env file that was read.
pub(crate) struct EnvFile {
    pub(crate) path: PathBuf,
    assignments: BTreeMap<String, Assignment>,
}

/// One place where a setting is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// The cleaned value, or why it is none, and the text as it stands.
    pub(crate) text: Result<String, (&'static str, Option<String>)>,
}

/// Sorts the environment, finds and reads the env file.
pub(crate) fn gather(sources: &Sources<'_>, report: &mut Report) -> Given {
    let environment: BTreeMap<_, _> =
        sources.environment.iter().filter_map(|pair| named(pair, sources)).collect();
    let by_hand = sources.start != Start::ByProgram;
    let base = Base {
        platform: sources.platform,
        home: Dirs { environment: &environment, platform: sources.platform }.home(),
        working_dir: sources.working_dir.clone().filter(|_| by_hand),
    };
    let mut given = Given { environment, file: None, base };
    given.file = find_file(&given, sources, report);
    given
}

impl Given {
    /// Where this name is set: the environment, else the file. Empty counts as not set.
    pub(crate) fn candidate(&self, name: &str) -> Option<Candidate> {
        self.in_environment(name).or_else(|| self.in_file(name))
    }

    /// Every name that was given, set or empty, with its place.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, Origin)> {
        let environment = self.environment.keys().map(|name| (name.as_str(), Origin::Environment));
        let lines = self.file.iter().flat_map(|file| {
            let place = |line| Origin::File { path: file.path.clone(), line };
            file.assignments.iter().map(move |(name, assignment)| (name.as_str(), place(assignment.line)))
        });
        environment.chain(lines)
    }

    fn in_environment(&self, name: &str) -> Option<Candidate> {
        let text = match self.environment.get(name)?.to_str() {
            Some(raw) => cleaned(raw)?,
            None => Err(("this value is not UTF-8; write it again", None)),
        };
        Some(Candidate { name: name.to_owned(), origin: Origin::Environment, text })
    }

    fn in_file(&self, name: &str) -> Option<Candidate> {
        let file = self.file.as_ref()?;
        let assignment = file.assignments.get(name)?;
        let origin = Origin::File { path: file.path.clone(), line: assignment.line };
        Some(Candidate { name: name.to_owned(), origin, text: cleaned(&assignment.raw)? })
    }
}

/// `None` for an empty value.
fn cleaned(raw: &str) -> Option<Result<String, (&'static str, Option<String>)>> {
    match value::clean(raw) {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some(Ok(text)),
        Err(malformed) => Some(Err((malformed.message(), Some(raw.trim().to_owned())))),
    }
}

/// Names that are not UTF-8 are nobody's settings. Windows doesn't tell cases apart.
fn named((name, value): &(OsString, OsString), sources: &Sources<'_>) -> Option<(String, OsString)> {
    let name = name.to_str()?;
    let name =
        if sources.platform == Platform::Windows { name.to_ascii_uppercase() } else { name.to_owned() };
    Some((name, value.clone()))
}

/// Whether the user named the file or it was merely looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Named,
    LookedFor,
}

fn find_file(given: &Given, sources: &Sources<'_>, report: &mut Report) -> Option<EnvFile> {
    if let Some(named) = given.in_environment(ENV_FILE) {
        // A text that is no path is reported where all settings are read.
        let path = kind::path(&named.text.ok()?, Relative::BelowWorkingDir, &given.base).ok()?;
        return read_file(&path, Wish::Named, sources, report);
    }
    let here = (sources.start == Start::DaemonByHand).then_some(sources.working_dir.as_deref()).flatten();
    let here = here.map(|dir| dir.join(NAME));
    [here, users_file(&given.environment, sources.platform)]
        .into_iter()
        .flatten()
        .find_map(|path| read_file(&path, Wish::LookedFor, sources, report))
}

/// The user's own env file, whether there is one or not.
pub(crate) fn users_file(environment: &BTreeMap<String, OsString>, platform: Platform) -> Option<PathBuf> {
    Some(Dirs { environment, platform }.config()?.join(NAME))
}

fn read_file(path: &Path, wish: Wish, sources: &Sources<'_>, report: &mut Report) -> Option<EnvFile> {
    let bytes = match (sources.read)(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let origin = Origin::WholeFile { path: path.to_owned() };
            // Python environments are often directories of this name.
            let absent = [ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::IsADirectory];
            if wish == Wish::Named {
                let message = format!(
                    "this file can't be read ({error}); ENV_FILE names it: correct it or take it out"
                );
                report.errors.push(Problem::of_file(origin, message));
            } else if !absent.contains(&error.kind()) {
                let message = format!("this file can't be read ({error}) and is left out; make it readable");
                report.warnings.push(Problem::of_file(origin, message));
            }
            return None;
        }
    };
    Some(take_file(path, &bytes, report))
}

fn take_file(path: &Path, bytes: &[u8], report: &mut Report) -> EnvFile {
    let place = |line: Option<usize>| match line {
        Some(line) => Origin::File { path: path.to_owned(), line },
        None => Origin::WholeFile { path: path.to_owned() },
    };
    let (lines, faults) = env_file::parse(bytes);
    for fault in faults {
        report
            .errors
            .push(Problem { setting: fault.setting, ..Problem::of_file(place(fault.line), fault.message) });
    }
    let mut assignments = BTreeMap::<String, Assignment>::new();
    for assignment in lines {
        let (line, name) = (assignment.line, assignment.name.clone());
        if name == ENV_FILE {
            let message = "this counts in the process environment only; take it out of the file";
            report.warnings.push(Problem::of(place(Some(line)), name, message));
            continue;
        }
        if let Some(earlier) = assignments.insert(name.clone(), assignment) {
            let message =
                format!("line {} sets this too, and this line wins; keep one of them", earlier.line);
            report.warnings.push(Problem::of(place(Some(line)), name, message));
        }
    }
    EnvFile { path: path.to_owned(), assignments }
}
