//! Responses in the formats that providers document or were seen to send, byte for byte (`fixtures/` in this crate).
//!
//! `NAME.sse` is the body of an event stream, `NAME.json` a JSON body, both under HTTP 200; `NAME.http` begins with a head of
//! its own (line ends are LF there) and a blank line. What each of them means stands in `fixtures/expected.toml`.

use super::{Raw, RawFraming};

/// Every file and its bytes.
const FILES: &[(&str, &[u8])] = include!("../../fixtures/files.rs");

/// What each fixture means, as TOML: a table for each name.
pub const EXPECTED: &str = include_str!("../../fixtures/expected.toml");

/// The names, for example `glm/plain`, in the order of the files.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().filter_map(|(file, _)| Some(file.rsplit_once('.')?.0))
}

/// The response of this name in one write: a stream in chunks of HTTP/1.1, anything else with a length.
pub fn fixture(name: &str) -> Option<Raw> {
    let (file, bytes) =
        FILES.iter().find(|(file, _)| file.rsplit_once('.').is_some_and(|(n, _)| n == name))?;
    let ok = |media: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\n");
    match file.rsplit_once('.')?.1 {
        "sse" => Some(Raw { framing: RawFraming::Chunked, ..Raw::new(ok("text/event-stream"), *bytes) }),
        "json" => Some(Raw::new(ok("application/json"), *bytes)),
        _ => {
            let end = bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let head = String::from_utf8_lossy(bytes.get(..=end)?).replace('\n', "\r\n");
            Some(Raw::new(head, bytes.get(end + 2..)?))
        }
    }
}

#[cfg(test)]
mod tests;
