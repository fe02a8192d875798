//! What values a setting takes, and where a value goes once it is understood. Type and destination are one thing
//! here, so that no row of the registry can put a value into a field of another type.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::amount;
use crate::duration;
use crate::host::Host;
use crate::secret::{REDACTED, Secret};
use crate::sources::Platform;
use crate::url;

/// The type of a setting that is kept in a `T`.
pub(crate) enum Kind<T: 'static> {
    /// One word, such as a model's name.
    Word { set: fn(&mut T, String) },
    /// Words with commas between them, each checked by `item`.
    Words { item: Check, what: &'static str, set: fn(&mut T, Vec<String>) },
    /// A key or token.
    Secret { set: fn(&mut T, Secret) },
    /// A whole number.
    Count { min: u32, max: u32, unit: &'static str, set: fn(&mut T, u32) },
    /// An amount of money, in billionths.
    Amount { min: u64, max: u64, unit: &'static str, set: fn(&mut T, u64) },
    /// A TCP port.
    Port { set: fn(&mut T, u16) },
    /// A span of time.
    Duration { min: Duration, max: Duration, set: fn(&mut T, Duration) },
    /// A span of time, or `off` (also written `0`).
    DurationOrOff { min: Duration, max: Duration, set: fn(&mut T, Option<Duration>) },
    /// One of a few words.
    Choice(&'static [Choice<T>]),
    /// A host name or IP address.
    Host { set: fn(&mut T, Host) },
    /// An address, checked by `check`.
    Url { check: Check, what: &'static str, set: fn(&mut T, String) },
    /// A file or directory.
    Path { relative: Relative, set: fn(&mut T, PathBuf) },
    /// Directories with the platform's separator between them.
    Paths { set: fn(&mut T, Vec<PathBuf>) },
    /// `name=address` pairs with commas between them.
    Providers { set: fn(&mut T, Vec<(String, String)>) },
}

/// Checks a text and writes it in its one right form.
pub(crate) type Check = fn(&str) -> Result<String, String>;

/// One word of a choice.
pub(crate) struct Choice<T: 'static> {
    pub(crate) word: &'static str,
    /// What it was called before, or what people write instead.
    pub(crate) also: &'static [&'static str],
    pub(crate) set: fn(&mut T),
}

/// What a relative path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relative {
    /// Nothing: hosts start processes anywhere.
    Refused,
    /// A place below the state directory.
    BelowStateDir,
    /// A place below the working directory, when a person started the process.
    BelowWorkingDir,
}

/// What paths are understood against.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) platform: Platform,
    pub(crate) home: Option<PathBuf>,
    /// Known only when a person started the process.
    pub(crate) working_dir: Option<PathBuf>,
}

/// A value that was understood.
pub(crate) struct Reading<T> {
    /// The value in its one right form, redacted where it is a secret.
    pub(crate) shown: String,
    pub(crate) apply: Box<dyn FnOnce(&mut T)>,
}

/// A text that was not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// `None`: it is a secret. Where the setting's text may hold one ([`Kind::may_be_shown`]), this is not shown either.
    pub(crate) found: Option<String>,
    pub(crate) message: String,
}

/// Longest word that is taken for a model name. Far above any seen.
const WORD_MAX: usize = 200;

impl<T: 'static> Kind<T> {
    /// The unit of a bare number; empty where there is none.
    pub(crate) fn unit(&self) -> &'static str {
        match self {
            Self::Count { unit, .. } | Self::Amount { unit, .. } => unit,
            Self::Duration { .. } | Self::DurationOrOff { .. } => "seconds",
            _ => "",
        }
    }

    /// What is allowed, to follow "needed:".
    pub(crate) fn allowed(&self) -> String {
        match self {
            Self::Word { .. } => "one word".into(),
            Self::Words { what, .. } => format!("{what}, with commas between"),
            Self::Secret { .. } => "visible ASCII characters without blanks".into(),
            Self::Count { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Amount { min, max, .. } => {
                format!("an amount from {} to {}", amount::write(*min), amount::write(*max))
            }
            Self::Port { .. } => "a whole number from 0 to 65535".into(),
            Self::Duration { min, max, .. } => {
                format!("a duration from {} to {}", duration::write(*min), duration::write(*max))
            }
            Self::DurationOrOff { min, max, .. } => {
                format!("off, or a duration from {} to {}", duration::write(*min), duration::write(*max))
            }
            Self::Choice(choices) => {
                let words: Vec<_> = choices.iter().map(|choice| choice.word).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Host { .. } => "a host name or an IP address".into(),
            Self::Url { what, .. } => (*what).into(),
            Self::Path { relative: Relative::BelowStateDir, .. } => {
                "an absolute path, one that begins with ~/, or one below the state directory".into()
            }
            Self::Path { .. } => "an absolute path, or one that begins with ~/".into(),
            Self::Paths { .. } => "absolute directories, with : between (; on Windows)".into(),
            Self::Providers { .. } => "name=address pairs, with commas between".into(),
        }
    }

    /// Whether a text that was written for it may stand in an error or warning. Of a list it is asked with the whole: a key
    /// may have commas.
    pub(crate) fn may_be_shown(&self, text: &str) -> bool {
        match self {
            Self::Secret { .. } => false,
            Self::Url { .. } | Self::Host { .. } | Self::Words { .. } | Self::Providers { .. } => {
                !url::may_hold_secret(text)
            }
            _ => true,
        }
    }

    /// Understands a text. Several faults only from lists.
    pub(crate) fn read(&self, text: &str, base: &Base) -> Result<Reading<T>, Vec<Bad>> {
        let needed = || vec![Bad { found: Some(text.into()), message: self.allowed() + " is needed" }];
        match self {
            Self::Word { set } => word(text).ok_or_else(needed).map(|word| reading(word.clone(), word, *set)),
            Self::Words { item, set, .. } => {
                let words = each(text.split(','), |word| item(word).map_err(|message| bad(word, message)))?;
                Ok(reading(words.join(","), words, *set))
            }
            Self::Secret { set } => match secret(text) {
                Ok(secret) => Ok(reading(REDACTED.into(), secret, *set)),
                Err(message) => Err(vec![Bad { found: None, message: message.into() }]),
            },
            Self::Count { min, max, set, .. } => {
                let count = text.parse().ok().filter(|count| (min..=max).contains(&count));
                count.ok_or_else(needed).map(|count: u32| reading(count.to_string(), count, *set))
            }
            Self::Amount { min, max, set, .. } => {
                let amount = amount::parse(text).filter(|amount| (min..=max).contains(&amount));
                amount.ok_or_else(needed).map(|amount| reading(amount::write(amount), amount, *set))
            }
            Self::Port { set } => {
                text.parse().map_err(|_| needed()).map(|port: u16| reading(port.to_string(), port, *set))
            }
            Self::Duration { min, max, set } => {
                let value = duration::parse(text).filter(|value| (min..=max).contains(&value));
                value.ok_or_else(needed).map(|value| reading(duration::write(value), value, *set))
            }
            Self::DurationOrOff { set, .. } if is_off(text) => Ok(reading("off".into(), None, *set)),
            Self::DurationOrOff { min, max, set } => {
                let value = duration::parse(text).filter(|value| (min..=max).contains(&value));
                value.ok_or_else(needed).map(|value| reading(duration::write(value), Some(value), *set))
            }
            Self::Choice(choices) => choose(choices, text).ok_or_else(needed),
            Self::Host { set } => match Host::parse(text) {
                Ok(host) => Ok(reading(host.to_string(), host, *set)),
                Err(message) => Err(vec![bad(text, message)]),
            },
            Self::Url { check, set, .. } => match check(text) {
                Ok(url) => Ok(reading(url.clone(), url, *set)),
                Err(message) => Err(vec![bad(text, message)]),
            },
            Self::Path { relative, set } => match path(text, *relative, base) {
                Ok(path) => Ok(reading(path.display().to_string(), path, *set)),
                Err(bad) => Err(vec![bad]),
            },
            Self::Paths { set } => {
                let separator = if base.platform == Platform::Windows { ';' } else { ':' };
                let paths = each(text.split(separator), |one| path(one, Relative::Refused, base))?;
                Ok(reading(join_paths(&paths, base.platform), paths, *set))
            }
            Self::Providers { set } => {
                let pairs = each(text.split(','), provider)?;
                let pairs = without_twins(pairs)?;
                let shown: Vec<_> = pairs.iter().map(|(name, address)| format!("{name}={address}")).collect();
                Ok(reading(shown.join(","), pairs, *set))
            }
        }
    }
}

/// Directories as the setting writes them.
pub(crate) fn join_paths(paths: &[PathBuf], platform: Platform) -> String {
    let separator = if platform == Platform::Windows { ";" } else { ":" };
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(separator)
}

/// Whether a path stands on its own by this platform's rules, whatever platform this program runs on.
pub(crate) fn is_absolute(text: &str, platform: Platform) -> bool {
    match platform {
        Platform::Unix | Platform::MacOs => text.starts_with('/'),
        Platform::Windows => {
            let drive = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
            let rest = text.get(1..).unwrap_or_default();
            text.starts_with(r"\\") || (drive && (rest.starts_with(r":\") || rest.starts_with(":/")))
        }
    }
}

fn reading<T: 'static, V: 'static>(shown: String, value: V, set: fn(&mut T, V)) -> Reading<T> {
    Reading { shown, apply: Box::new(move |target| set(target, value)) }
}

fn bad(text: &str, message: String) -> Bad {
    Bad { found: Some(text.to_owned()), message }
}

/// Reads the items of a list, empty ones left out; either all are good or every bad one is named.
fn each<'t, V>(
    items: impl Iterator<Item = &'t str>,
    read: impl Fn(&str) -> Result<V, Bad>,
) -> Result<Vec<V>, Vec<Bad>> {
    let mut values = Vec::new();
    let mut faults = Vec::new();
    for item in items.map(str::trim).filter(|item| !item.is_empty()) {
        match read(item) {
            Ok(value) => values.push(value),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

fn word(text: &str) -> Option<String> {
    let plain =
        text.len() <= WORD_MAX && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',');
    plain.then(|| text.to_owned())
}

/// One model's name as an item of a list.
pub(crate) fn model(text: &str) -> Result<String, String> {
    word(text).ok_or_else(|| "a model's name has no blanks".into())
}

fn secret(text: &str) -> Result<Secret, &'static str> {
    if text.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(Secret::new(text));
    }
    Err(
        "a key has visible ASCII characters only, no blanks and no line breaks; copy it again (its text is not shown)",
    )
}

fn is_off(text: &str) -> bool {
    text == "0" || text.eq_ignore_ascii_case("off")
}

fn choose<T: 'static>(choices: &'static [Choice<T>], text: &str) -> Option<Reading<T>> {
    let means = |choice: &&Choice<T>| {
        std::iter::once(&choice.word).chain(choice.also).any(|word| word.eq_ignore_ascii_case(text))
    };
    let choice = choices.iter().find(means)?;
    Some(Reading { shown: choice.word.into(), apply: Box::new(choice.set) })
}

pub(crate) fn path(text: &str, relative: Relative, base: &Base) -> Result<PathBuf, Bad> {
    let bad = |message: &str| Bad { found: Some(text.into()), message: message.into() };
    let below_home =
        if text == "~" { Some("") } else { text.strip_prefix("~/").or_else(|| text.strip_prefix(r"~\")) };
    if let Some(rest) = below_home {
        let home = base.home.as_deref();
        let home = home.ok_or_else(|| bad("no home directory is known here; write an absolute path"))?;
        return Ok(if rest.is_empty() { home.into() } else { home.join(rest) });
    }
    if is_absolute(text, base.platform) || relative == Relative::BelowStateDir {
        return Ok(PathBuf::from(text));
    }
    match (relative, &base.working_dir) {
        (Relative::BelowWorkingDir, Some(dir)) => Ok(dir.join(Path::new(text))),
        _ => Err(bad(
            "an absolute path is needed, or one that begins with ~/; hosts start exai in any directory",
        )),
    }
}

/// Names whose settings would be mistaken for others.
const TAKEN: [&str; 3] = ["exai", "glm", "kimi"];

fn provider(item: &str) -> Result<(String, String), Bad> {
    let bad = |message: &str| Bad { found: Some(item.into()), message: message.into() };
    if url::may_hold_secret(item) {
        return Err(bad(
            "an address without user, query and fragment is needed; the key goes into <NAME>_API_KEY",
        ));
    }
    let (name, address) = item.split_once('=').ok_or_else(|| bad("name=address is needed"))?;
    let (name, address) = (name.trim().to_ascii_lowercase(), address.trim());
    let well_formed = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !well_formed {
        return Err(bad("a name begins with a letter and has letters, digits and _ only (32 at most)"));
    }
    if TAKEN.contains(&name.as_str()) {
        return Err(bad("this name is built in; its address goes into GLM_BASE_URL or KIMI_BASE_URL"));
    }
    let address = url::base(address).map_err(|message| bad(&message))?;
    Ok((name, address))
}

fn without_twins(pairs: Vec<(String, String)>) -> Result<Vec<(String, String)>, Vec<Bad>> {
    let is_twin =
        |(at, (name, _)): &(usize, &(String, String))| pairs.iter().take(*at).any(|(other, _)| other == name);
    let twins: Vec<_> = pairs.iter().enumerate().filter(is_twin).collect();
    if twins.is_empty() {
        return Ok(pairs);
    }
    let message = "this name stands twice; give each endpoint a name of its own";
    Err(twins
        .iter()
        .map(|(_, (name, _))| Bad { found: Some(name.clone()), message: message.into() })
        .collect())
}

#[cfg(test)]
mod tests;
