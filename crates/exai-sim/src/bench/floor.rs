//! The smallest process that a host could talk to: what is left of a figure when this is subtracted is ours.

use std::io::{BufRead as _, Write};

/// The answer to anything but the id: what a host needs to take it for an `initialize` result.
const RESULT: &str = r#""result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"floor","version":"0"},"content":[]}}"#;

/// Answers every line that holds an id, at once, until the end of stdin.
///
/// # Errors
/// stdin can't be read, or stdout is closed.
pub fn floor() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if let Some(id) = id_in(&line) {
            write_answer(&mut output, id)?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}

/// The line that answers this id.
pub(super) fn write_answer(output: &mut impl Write, id: &[u8]) -> std::io::Result<()> {
    output.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":")?;
    output.write_all(id)?;
    output.write_all(b",")?;
    output.write_all(RESULT.as_bytes())?;
    output.write_all(b"\n")
}

/// The bytes of the first `"id":` value: no parser, because the floor has none.
pub(super) fn id_in(line: &[u8]) -> Option<&[u8]> {
    const KEY: &[u8] = b"\"id\":";
    let start = line.windows(KEY.len()).position(|w| w == KEY)? + KEY.len();
    let rest = line.get(start..)?;
    let end = rest.iter().position(|b| matches!(b, b',' | b'}'))?;
    rest.get(..end)
}
