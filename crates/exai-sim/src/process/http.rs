//! The one GET that tests and the demo send.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context as _;

/// The largest response read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A response, read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Sends `GET path`; `timeout` bounds the connect and every read.
///
/// # Errors
/// Nothing listens, nothing comes in time, or what comes is no HTTP.
pub fn http_get(address: SocketAddr, path: &str, timeout: Duration) -> anyhow::Result<HttpAnswer> {
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut bytes = Vec::new();
    read_response(stream, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP head")?;
    let status = head.split(' ').nth(1).context("no HTTP status")?.parse()?;
    Ok(HttpAnswer { status, body: body.to_owned() })
}

/// Reads to the end of the connection, or of the length that the head names (the other side may keep it open).
fn read_response(mut stream: TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut block = [0; 16 * 1024];
    loop {
        let count = stream.read(&mut block)?;
        bytes.extend_from_slice(block.get(..count).unwrap_or_default());
        if count == 0 || bytes.len() as u64 > MAX_BYTES || is_whole(bytes) {
            return Ok(());
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let length = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default())
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| bytes.len() >= head + 4 + length)
}
