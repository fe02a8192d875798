//! Reads a call's arguments as models write them: forgiving in form, exact in complaint.
//!
//! Every problem is collected, so that a model can mend all of them in one go; arguments that nobody knows are
//! ignored and named, never refused, because models invent them and hosts add their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use exai_provider::nearest;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest excerpt of a wrong value in a complaint, in characters: enough to recognise it.
const EXCERPT_CHARS: usize = 60;

/// Most unknown arguments that are named one by one.
const UNKNOWN_NAMED: usize = 5;

/// The arguments of one call, emptied as they are read.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    left: BTreeMap<String, &'a RawValue>,
    /// What was asked for, found or not.
    known: BTreeSet<&'static str>,
    problems: Vec<String>,
}

impl<'a> Arguments<'a> {
    /// Splits the object into its members. `null` counts as no arguments.
    pub(crate) fn read(raw: &'a RawValue) -> Self {
        match serde_json::from_str::<Option<BTreeMap<String, &'a RawValue>>>(raw.get()) {
            Ok(members) => Self::of(members.unwrap_or_default(), Vec::new()),
            Err(_) => {
                let problem = format!("arguments: expected an object, got {}", excerpt(raw.get()));
                Self::of(BTreeMap::new(), vec![problem])
            }
        }
    }

    const fn of(left: BTreeMap<String, &'a RawValue>, problems: Vec<String>) -> Self {
        Self { left, known: BTreeSet::new(), problems }
    }

    /// The value under the first of these names that is there and not `null`. The first name is the one that
    /// complaints use.
    pub(crate) fn raw(&mut self, names: &[&'static str]) -> Option<&'a RawValue> {
        self.known.extend(names.first());
        for name in names {
            if let Some(value) = self.left.remove(*name)
                && value.get() != "null"
            {
                return Some(value);
            }
        }
        None
    }

    /// A string.
    pub(crate) fn text(&mut self, names: &[&'static str]) -> Option<String> {
        let raw = self.raw(names)?;
        self.parsed(names, "a string", raw)
    }

    /// A string that has to be there and to say something.
    pub(crate) fn required_text(&mut self, name: &'static str) -> Option<String> {
        let problems = self.problems.len();
        match self.text(&[name]) {
            Some(text) if text.trim().is_empty() => self.complain(format!("{name}: is empty")),
            Some(text) => return Some(text),
            None if self.problems.len() == problems => {
                self.complain(format!("{name}: missing, expected a string"))
            }
            None => {}
        }
        None
    }

    /// A string of which the empty one means "not given": models fill in `""` for what they don't want to say.
    pub(crate) fn optional_text(&mut self, names: &[&'static str]) -> Option<String> {
        self.text(names).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A number within the range, also when it is written as a string.
    pub(crate) fn number(&mut self, names: &[&'static str], range: RangeInclusive<f64>) -> Option<f64> {
        let raw = self.raw(names)?;
        let number = serde_json::from_str::<f64>(raw.get())
            .ok()
            .or_else(|| serde_json::from_str::<String>(raw.get()).ok()?.trim().parse().ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let expected = format!("a number from {} to {}", range.start(), range.end());
            self.complain_of(names, expected, raw);
        }
        number
    }

    /// Yes or no, also when it is written as a string; the empty string means "not given".
    pub(crate) fn flag(&mut self, names: &[&'static str]) -> Option<bool> {
        let raw = self.raw(names)?;
        let word = serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
        match word.trim().to_ascii_lowercase().as_str() {
            "" => None,
            word => {
                let flag = word.parse().ok();
                if flag.is_none() {
                    self.complain_of(names, "true or false", raw);
                }
                flag
            }
        }
    }

    /// Any type, read by its own rules; what it expects is said by `expected`.
    pub(crate) fn parsed<T: Deserialize<'a>>(
        &mut self,
        names: &[&'static str],
        expected: impl Display,
        raw: &'a RawValue,
    ) -> Option<T> {
        let value = serde_json::from_str(raw.get()).ok();
        if value.is_none() {
            self.complain_of(names, expected, raw);
        }
        value
    }

    /// Notes a value of the wrong type or outside its range.
    pub(crate) fn complain_of(&mut self, names: &[&'static str], expected: impl Display, raw: &RawValue) {
        let name = names.first().copied().unwrap_or_default();
        self.complain(format!("{name}: expected {expected}, got {}", excerpt(raw.get())));
    }

    /// Notes any other problem.
    pub(crate) fn complain(&mut self, problem: String) {
        self.problems.push(problem);
    }

    /// What nobody asked for, as a short remark, if all that was read is usable.
    ///
    /// # Errors
    /// One sentence with every problem; what nobody asked for may be one of them, misspelt.
    pub(crate) fn finish(self) -> Result<Option<String>, String> {
        let unknown = self.unknown();
        if self.problems.is_empty() {
            return Ok(unknown.map(|unknown| format!("ignored {unknown}")));
        }
        let problems: Vec<String> = self.problems.into_iter().chain(unknown).collect();
        Err(format!("Wrong arguments, nothing was sent. {}.", problems.join("; ")))
    }

    /// An unknown name, and what was probably meant.
    fn named(&self, name: &str) -> String {
        let cut: String = name.chars().take(EXCERPT_CHARS).collect();
        match nearest(&cut, self.known.iter().copied(), 1).first() {
            Some(meant) => format!("{} (did you mean `{meant}`?)", excerpt(name)),
            None => excerpt(name),
        }
    }

    fn unknown(&self) -> Option<String> {
        let named: Vec<String> = self.left.keys().take(UNKNOWN_NAMED).map(|name| self.named(name)).collect();
        let more = self.left.len().saturating_sub(named.len());
        let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
        (!named.is_empty()).then(|| format!("unknown arguments: {}{rest}", named.join(", ")))
    }
}

/// The beginning of a text, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut chars = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let mut cut: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests;
