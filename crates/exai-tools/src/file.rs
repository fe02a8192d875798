//! Files of the user as they stand in a call and in a prompt.
//!
//! The shim has read them before the call was sent. Their text is data: it is put between markers that it can't
//! imitate, because the closing marker holds the hash of the text itself.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::arguments::{Arguments, excerpt};

/// Hexadecimal digits of the hash in a marker: 64 bits that a text would have to contain of its own hash.
const MARKER_DIGITS: usize = 16;

/// A file of the user, read by the shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileText {
    /// Absolute path, as the user's machine knows it.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the text, hexadecimal.
    pub sha256: String,
    /// The whole text.
    pub text: String,
}

impl FileText {
    /// Appends the text between its markers.
    pub(crate) fn render(&self, into: &mut String) {
        let mark: String = self.sha256.chars().filter(char::is_ascii_hexdigit).take(MARKER_DIGITS).collect();
        let path = one_line(&self.path);
        let gap = if self.text.ends_with('\n') { "" } else { "\n" };
        // Writing to a string can't fail.
        let _ = writeln!(into, "<<< file {path} ({} bytes, sha256 {mark})", self.bytes);
        let _ = writeln!(into, "{}{gap}>>> end of file {mark}", self.text);
    }

    /// Appends a line in place of the text, for a turn whose file a later turn shows again.
    pub(crate) fn render_reference(&self, into: &mut String) {
        let _ = writeln!(
            into,
            "<<< file {} was given here; its newest text stands further down >>>",
            one_line(&self.path)
        );
    }
}

/// The files of a call. A path that is still a string has not been read by any shim.
pub(crate) fn read(arguments: &mut Arguments<'_>, name: &'static str) -> Vec<FileText> {
    let Some(raw) = arguments.raw(&[name]) else { return Vec::new() };
    if let Ok(files) = serde_json::from_str::<Vec<FileText>>(raw.get()) {
        return files;
    }
    let paths = serde_json::from_str::<Vec<String>>(raw.get())
        .or_else(|_| serde_json::from_str(raw.get()).map(|path| vec![path]));
    match paths.as_deref() {
        Ok([path, ..]) => arguments.complain(format!(
            "{name}: {} came without its text. Files are read by the shim on the user's machine, and this call did \
             not pass through one; put the text into the prompt instead",
            excerpt(path)
        )),
        _ => arguments.complain_of(&[name], "an array of absolute paths", raw),
    }
    Vec::new()
}

/// A path without line breaks or other control characters, so that it can't end its marker early.
fn one_line(path: &str) -> String {
    path.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

#[cfg(test)]
mod tests;
