//! How a value is written, the same wherever it stands. Docker's `env_file` hands quotes and comments on as they
//! are, so what comes from the process environment is cleaned like a line of the env file.
//!
//! - Blanks around the value don't count.
//! - A value in single quotes is taken as it is. In double quotes `\"` and `\\` stand for `"` and `\`, and nothing else is
//!   special, so that Windows paths survive.
//! - Without quotes a `#` after a blank begins a comment; so does one at the very beginning with a blank after it.
//! - A value ends with its line, and nothing is expanded.

/// Why a text is not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    OpenQuote,
    TextAfterQuote,
}

impl Malformed {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::OpenQuote => {
                "the quote is never closed; close it on the same line, or leave the quotes out"
            }
            Self::TextAfterQuote => {
                "only a comment may follow the closing quote; put the whole value between the quotes"
            }
        }
    }
}

/// The value without quotes, comment and surrounding blanks.
pub(crate) fn clean(raw: &str) -> Result<String, Malformed> {
    let text = raw.trim_start();
    match text.chars().next() {
        Some('\'') => single_quoted(text),
        Some('"') => double_quoted(text),
        Some('#') if text.len() < raw.len() || text.chars().nth(1).is_none_or(char::is_whitespace) => {
            Ok(String::new())
        }
        _ => Ok(before_comment(text).trim_end().to_owned()),
    }
}

fn single_quoted(text: &str) -> Result<String, Malformed> {
    let mut parts = text.splitn(3, '\'').skip(1);
    match (parts.next(), parts.next()) {
        (Some(value), Some(rest)) => nothing_more(rest).map(|()| value.to_owned()),
        _ => Err(Malformed::OpenQuote),
    }
}

fn double_quoted(text: &str) -> Result<String, Malformed> {
    let mut value = String::new();
    let mut chars = text.chars().skip(1).peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => return nothing_more(&chars.collect::<String>()).map(|()| value),
            ('\\', Some(&escaped @ ('"' | '\\'))) => {
                value.push(escaped);
                chars.next();
            }
            _ => value.push(c),
        }
    }
    Err(Malformed::OpenQuote)
}

fn nothing_more(rest: &str) -> Result<(), Malformed> {
    if before_comment(rest).trim().is_empty() { Ok(()) } else { Err(Malformed::TextAfterQuote) }
}

fn before_comment(text: &str) -> &str {
    let mut after_blank = false;
    for (at, c) in text.char_indices() {
        if c == '#' && after_blank {
            return text.get(..at).unwrap_or(text);
        }
        after_blank = c.is_whitespace();
    }
    text
}

#[cfg(test)]
mod tests;
