//! Lines of an env file: `NAME=value`, with `export` before it if need be, and comment lines that begin with `#`. What
//! a value looks like is [`value`](crate::value)'s matter.

use crate::unknown;

/// Longest file that is taken for an env file. The largest one seen has 20 KiB.
pub(crate) const BYTES_MAX: usize = 1 << 20;

/// One `NAME=value` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) name: String,
    /// All that stands after the `=`.
    pub(crate) raw: String,
}

/// A line that is none, or a fault of the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `None`: the file as a whole.
    pub(crate) line: Option<usize>,
    /// The setting that is probably meant. Never a text of the line: it may be the second half of a key.
    pub(crate) setting: Option<String>,
    pub(crate) message: &'static str,
}

/// Splits a file into its lines; every line is looked at, whatever stands before it.
pub(crate) fn parse(bytes: &[u8]) -> (Vec<Assignment>, Vec<Fault>) {
    if let Some(message) = whole_file_fault(bytes) {
        return (Vec::new(), vec![Fault { line: None, setting: None, message }]);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut assignments = Vec::new();
    let mut faults = Vec::new();
    for (line, text) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        match parse_line(line, text) {
            Ok(assignment) => assignments.extend(assignment),
            Err(fault) => faults.push(fault),
        }
    }
    (assignments, faults)
}

fn whole_file_fault(bytes: &[u8]) -> Option<&'static str> {
    if bytes.len() > BYTES_MAX {
        return Some("this file is longer than 1 MiB and is not read; is it an env file?");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("this file is UTF-16; save it as UTF-8");
    }
    None
}

fn parse_line(line: usize, bytes: &[u8]) -> Result<Option<Assignment>, Fault> {
    let fault = |setting, message| Fault { line: Some(line), setting, message };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(fault(None, "this line is not UTF-8; save the file as UTF-8"));
    };
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let text = match text.strip_prefix("export") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => text,
    };
    let Some((name, raw)) = text.split_once('=') else {
        return Err(fault(
            meant(text),
            "NAME=value is needed; a comment begins with #, and a value can't go on in a second line",
        ));
    };
    let name = name.trim_end();
    if !is_name(name) {
        return Err(fault(meant(name), "a name of letters, digits and _ is needed before the ="));
    }
    Ok(Some(Assignment { line, name: name.to_owned(), raw: raw.to_owned() }))
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The setting that the first word of a line is, or is near to.
fn meant(text: &str) -> Option<String> {
    unknown::nearest_setting(text.split([' ', '\t', ':']).next()?)
}

#[cfg(test)]
mod tests;
