//! A local daemon of an older release than this shim: asked to make room once it has nothing to do.
//!
//! Both speak N and N−1 of the protocol, so nothing is urgent; the next call starts a daemon of this release.

use std::time::Duration;

use exai_settings::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::endpoint::Endpoint;

/// Limit of the whole request; nobody waits for it.
const TIMEOUT: Duration = Duration::from_secs(3);

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

/// Asks the daemon to drain if no session has a call in flight.
pub(crate) async fn ask_to_drain(endpoint: Endpoint) {
    let Ok(uri) = endpoint.url.parse::<Uri>() else { return };
    let Some(authority) = uri.authority().map(|authority| authority.as_str().to_owned()) else { return };
    let done = tokio::time::timeout(TIMEOUT, post(&authority, endpoint.token.as_ref())).await;
    let status = done.ok().and_then(Result::ok).unwrap_or_default();
    tracing::info!(older = endpoint.version, %status, "older daemon asked to drain");
}

async fn post(authority: &str, token: Option<&Secret>) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(authority).await?;
    let token =
        token.map_or_else(String::new, |token| format!("Authorization: Bearer {}\r\n", token.expose()));
    let request = format!(
        "POST /stop?when=idle HTTP/1.1\r\nHost: {authority}\r\n{token}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    stream.take(1024).read_to_end(&mut head).await?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
