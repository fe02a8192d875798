//! Finds the files argument in the host's params, and replaces it without touching any other byte: numbers, order and
//! unknown members of the host's JSON pass unharmed.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::{FileProblem, FilesError, excerpt};

/// Where the argument stands, and what it names.
#[derive(Debug)]
pub(super) struct FilesArgument<'a> {
    params: &'a str,
    span: Range<usize>,
    /// One for each file.
    pub(super) entries: Vec<Entry>,
}

/// One element of the argument.
#[derive(Debug)]
pub(super) enum Entry {
    /// A path, as it was given.
    Path(String),
    /// Anything else, as JSON.
    Other(String),
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> FilesArgument<'a> {
    /// Looks for `arguments.<argument>`. `None` if there is nothing to read; arguments of the wrong shape are for the
    /// tool to complain of.
    pub(super) fn find(params: &'a RawValue, argument: &str) -> Result<Option<Self>, FilesError> {
        let params = params.get();
        let Ok(members) = serde_json::from_str::<Members<'a>>(params) else { return Ok(None) };
        let Some(arguments) = members.get("arguments") else { return Ok(None) };
        let Ok(arguments) = serde_json::from_str::<Members<'a>>(arguments.get()) else { return Ok(None) };
        let Some(value) = arguments.get(argument).map(|value| value.get()) else { return Ok(None) };
        if value == "null" {
            return Ok(None);
        }
        let Some(entries) = entries(value) else {
            return Err(FilesError::NotPaths { argument: argument.to_owned(), value: excerpt(value) });
        };
        Ok(span(params, value).map(|span| Self { params, span, entries }))
    }

    /// The params with these files in place of the argument.
    pub(super) fn replaced_by(&self, files: &[impl Serialize]) -> Result<Box<RawValue>, FilesError> {
        let before = self.params.get(..self.span.start).unwrap_or_default();
        let after = self.params.get(self.span.end..).unwrap_or_default();
        let replaced = serde_json::to_string(files).map(|files| [before, &files, after].concat());
        replaced
            .and_then(RawValue::from_string)
            .map_err(|error| FilesError::Internal { message: error.to_string() })
    }
}

impl Entry {
    /// The path.
    pub(super) fn path(&self) -> Result<&str, FileProblem> {
        match self {
            Self::Path(path) => Ok(path),
            Self::Other(_) => Err(FileProblem::NotAPath),
        }
    }

    /// As it is shown in an error.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Path(text) | Self::Other(text) => excerpt(text),
        }
    }
}

/// Reads an array of paths, or one path. Some hosts turn arrays into strings of JSON; those are read too. Empty text
/// is how some models say that there are no files.
fn entries(value: &str) -> Option<Vec<Entry>> {
    if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(value) {
        return Some(elements.into_iter().map(entry).collect());
    }
    let text: String = serde_json::from_str(value).ok()?;
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(paths) => Some(paths.into_iter().map(Entry::Path).collect()),
        Err(_) if text.trim().is_empty() => Some(Vec::new()),
        Err(_) => Some(vec![Entry::Path(text)]),
    }
}

fn entry(element: &RawValue) -> Entry {
    match serde_json::from_str(element.get()) {
        Ok(path) => Entry::Path(path),
        Err(_) => Entry::Other(element.get().to_owned()),
    }
}

/// Where `part`, which was borrowed from `whole`, stands in it.
fn span(whole: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let span = start..start.checked_add(part.len())?;
    (whole.get(span.clone()) == Some(part)).then_some(span)
}

#[cfg(test)]
mod tests;
