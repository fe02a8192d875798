//! A local daemon of an older release than this shim: asked to make room once it has nothing to do.
//!
//! Both speak N and N−1 of the protocol, so nothing is urgent; the next call starts a daemon of this release.

use std::io::ErrorKind;
use std::time::Duration;

use exai_settings::Secret;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::endpoint::Endpoint;
use crate::event::Done;

/// Limit of both requests; nobody waits for them.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Longest answer read, in bytes; the daemon's are a few hundred.
const ANSWER_BYTES_MAX: u64 = 8 << 10;

/// Whether release `theirs` is older than `ours`. What is no release number is not older.
pub(crate) fn is_older(theirs: &str, ours: &str) -> bool {
    match (numbers(theirs), numbers(ours)) {
        (Some(theirs), Some(ours)) => theirs < ours,
        _ => false,
    }
}

fn numbers(release: &str) -> Option<[u64; 3]> {
    let core = release.split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|number| number.parse().ok());
    let three = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(three)
}

/// Asks the daemon to drain, unless some session has a call in flight.
pub(crate) async fn ask_to_drain(endpoint: Endpoint) -> Done {
    let asked = tokio::time::timeout(TIMEOUT, ask(&endpoint)).await;
    match asked {
        Ok(Ok(Asked::Busy)) => Done::StillBusy(endpoint),
        Ok(Ok(Asked::Told(status))) => {
            tracing::info!(older = endpoint.version, status, "older daemon asked to drain");
            Done::Unattended
        }
        // It is gone or does not answer: the next session finds out which daemon there is.
        Ok(Err(_)) | Err(_) => Done::Unattended,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Calls are in flight.
    Busy,
    /// Its answer's first line.
    Told(String),
}

#[derive(Deserialize)]
struct Health {
    in_flight: u64,
}

async fn ask(endpoint: &Endpoint) -> std::io::Result<Asked> {
    let health = request("GET", "/health/ready", endpoint).await?;
    let body = health.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let idle = serde_json::from_str(body.trim()).is_ok_and(|health: Health| health.in_flight == 0);
    if !idle {
        return Ok(Asked::Busy);
    }
    let answer = request("POST", "/stop", endpoint).await?;
    Ok(Asked::Told(answer.lines().next().unwrap_or_default().to_owned()))
}

/// One request on a connection of its own; the whole answer as text.
async fn request(method: &str, path: &str, endpoint: &Endpoint) -> std::io::Result<String> {
    let uri: Option<Uri> = endpoint.url.parse().ok();
    let authority = uri.as_ref().and_then(Uri::authority).ok_or(ErrorKind::InvalidInput)?.as_str();
    let token = endpoint.token.as_ref().map(Secret::expose);
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {authority}\r\n{token}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests;
