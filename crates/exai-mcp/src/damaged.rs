//! The id of a line that is no JSON: cut off, broken inside, or not UTF-8. An error with the id ends the host's
//! wait at once; without it the host waits for its timeout.

use serde_json::value::RawValue;

use crate::id;

/// The raw id of the object that `line` begins with, where it can be told. Nothing is validated but the id.
pub(crate) fn scan_id(line: &[u8]) -> Option<&str> {
    let mut rest = blank(line).strip_prefix(b"{")?;
    loop {
        let (key, after) = split_string(blank(rest))?;
        let value = blank(blank(after).strip_prefix(b":")?);
        if key == b"\"id\"" {
            let (raw, _) = split_scalar(value)?;
            let raw: &RawValue = serde_json::from_slice(raw).ok()?;
            return id::readable(raw);
        }
        rest = blank(skip_value(value)?).strip_prefix(b",")?;
    }
}

fn blank(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

/// A string with its quotes, and what follows it.
fn split_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    if text.first() != Some(&b'"') {
        return None;
    }
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return text.split_at_checked(at + 1),
            _ => {}
        }
    }
    None
}

/// A string or a bare word, and what follows it. A word that ends with the text may be cut off and counts as none.
fn split_scalar(text: &[u8]) -> Option<(&[u8], &[u8])> {
    split_string(text).or_else(|| {
        let end =
            text.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace())?;
        text.split_at_checked(end)
    })
}

/// What follows a value, told by its brackets and quotes alone.
fn skip_value(mut text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    loop {
        let (first, after) = text.split_first()?;
        text = match first {
            b'{' | b'[' => {
                depth += 1;
                after
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                after
            }
            b'"' => split_string(text)?.1,
            b',' if depth == 0 => return Some(text),
            _ => after,
        };
        if depth == 0 && matches!(text.first(), Some(b',' | b'}')) {
            return Some(text);
        }
    }
}
