//! A tool's arguments from words of a command line.
//!
//! | word | value |
//! |---|---|
//! | `key=text` | the text, as a string |
//! | `key:=json` | what the JSON says: a number, a list, ... |
//! | `key=@path` | the text of a file; `@-` is standard input |

use std::fmt;

use serde_json::{Map, Value};

/// Why a word is no argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArgumentError {
    /// No `=`, or nothing before it.
    NoKey(String),
    /// The key stands twice.
    Twice(String),
    /// Not JSON after `:=`.
    Json { key: String, why: String },
    /// The file can't be read as text.
    File { key: String, path: String, why: String },
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey(word) => {
                write!(f, "`{word}` is no argument: write key=text, key:=json or key=@path")
            }
            Self::Twice(key) => write!(f, "`{key}` is given twice; for a list write {key}:='[\"a\",\"b\"]'"),
            Self::Json { key, why } => {
                write!(f, "`{key}:=` needs JSON: {why}; for a string write {key}=text")
            }
            Self::File { key, path, why } => {
                write!(f, "`{key}=@{path}`: {why}; for a text that begins with @ write {key}:='\"@...\"'")
            }
        }
    }
}

/// Reads all words. `read` gives the text of a file, or of standard input for `-`.
pub(crate) fn parse<'a>(
    words: impl IntoIterator<Item = &'a str>,
    read: &mut dyn FnMut(&str) -> std::io::Result<String>,
) -> Result<Map<String, Value>, ArgumentError> {
    let mut arguments = Map::new();
    for word in words {
        let (key, value) = parse_word(word, read)?;
        if arguments.contains_key(&key) {
            return Err(ArgumentError::Twice(key));
        }
        arguments.insert(key, value);
    }
    Ok(arguments)
}

fn parse_word(
    word: &str,
    read: &mut dyn FnMut(&str) -> std::io::Result<String>,
) -> Result<(String, Value), ArgumentError> {
    let (left, right) = word.split_once('=').ok_or_else(|| ArgumentError::NoKey(word.to_owned()))?;
    let key = left.strip_suffix(':').unwrap_or(left).to_owned();
    if key.is_empty() {
        return Err(ArgumentError::NoKey(word.to_owned()));
    }
    let value = if left.ends_with(':') {
        match serde_json::from_str(right) {
            Ok(value) => value,
            Err(error) => return Err(ArgumentError::Json { key, why: error.to_string() }),
        }
    } else if let Some(path) = right.strip_prefix('@') {
        match read(path) {
            Ok(text) => Value::String(text),
            Err(error) => {
                return Err(ArgumentError::File { key, path: path.to_owned(), why: error.to_string() });
            }
        }
    } else {
        Value::String(right.to_owned())
    };
    Ok((key, value))
}
