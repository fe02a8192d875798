//! What a request says behind its question mark. One that is not understood is turned away: an answer to another question
//! than was asked would look like the one that was wanted.

/// Longest piece of it that is said back, in characters.
const EXCERPT: usize = 32;

/// A query that is not understood, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// No such parameter.
    #[error("`{given}` is no parameter here; there is {known}")]
    Unknown { given: String, known: String },
    /// More than once.
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    /// Without a value.
    #[error("`{0}` has no value")]
    NoValue(String),
    /// Another value than it takes.
    #[error("`{value}` is no {what}")]
    Value { value: String, what: &'static str },
}

impl QueryError {
    /// A value that is not what it has to be.
    pub(crate) fn value(value: &str, what: &'static str) -> Self {
        Self::Value { value: excerpt(value), what }
    }
}

/// The value of the one parameter that there is; values that are used here are words and numbers, which need no decoding.
///
/// # Errors
/// [`QueryError`] where it says anything else.
pub(crate) fn only<'a>(query: Option<&'a str>, name: &'static str) -> Result<Option<&'a str>, QueryError> {
    let mut found = None;
    for pair in pairs(query) {
        match pair.split_once('=') {
            Some((key, value)) if key == name => {
                if found.replace(value).is_some() {
                    return Err(QueryError::Twice(name));
                }
            }
            Some((key, _)) => return Err(unknown(key, &format!("`{name}`"))),
            None => return Err(QueryError::NoValue(excerpt(pair))),
        }
    }
    Ok(found)
}

/// Where there is no parameter.
///
/// # Errors
/// [`QueryError`] where something is said all the same.
pub(crate) fn none(query: Option<&str>) -> Result<(), QueryError> {
    match pairs(query).next() {
        Some(pair) => Err(unknown(pair.split('=').next().unwrap_or_default(), "none")),
        None => Ok(()),
    }
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = &str> {
    query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty())
}

fn unknown(given: &str, known: &str) -> QueryError {
    QueryError::Unknown { given: excerpt(given), known: known.to_owned() }
}

fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT).collect()
}
