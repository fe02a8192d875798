//! The fixtures of the simulated provider as seeds of the fuzz target for bodies: what providers really send is where the
//! fuzzer begins.

/// Every fixture and its bytes.
const FIXTURES: &[(&str, &[u8])] = include!("../../exai-sim/fixtures/files.rs");

/// Where a fixture lies among the seeds, and the bytes of the seed.
pub fn files() -> impl Iterator<Item = (String, String)> {
    FIXTURES.iter().filter_map(|(file, bytes)| {
        let name = file.rsplit_once('.')?.0.replace('/', "_");
        Some((format!("fuzz/corpus/sse/{name}"), seed(std::str::from_utf8(bytes).ok()?)))
    })
}

/// The target's first byte says the status, the second how it is cut; the body follows.
fn seed(fixture: &str) -> String {
    let (status, body) = match fixture.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split_once("\n\n")) {
        Some((head, body)) => (head.get(..3).unwrap_or_default(), body),
        None => ("200", fixture),
    };
    let head = match status {
        "400" => ',',
        "429" => '-',
        "500" | "502" => '.',
        _ => ' ',
    };
    format!("{head} {body}")
}

#[cfg(test)]
mod tests;
