//! One accepted socket: written to in the script's rhythm, and watched for its end all the while.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::Cut;
use super::http::HttpRequest;

/// Bytes that a client may send ahead while its answer is still being written.
const MAX_AHEAD_BYTES: usize = 1024 * 1024;
const READ_BYTES: usize = 64 * 1024;
/// Longest single wait; a pause for ever is many of these.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The other side closed or reset the socket.
#[derive(Debug)]
pub(crate) struct Gone;

/// A socket and what has been read ahead of it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Read into.
    block: Vec<u8>,
    /// Goes out with what comes next, or before a pause.
    unsent: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        let (buffer, unsent) = (Vec::new(), Vec::new());
        Ok(Self { stream, buffer, block: vec![0; READ_BYTES], unsent })
    }

    /// The next request; `None`: the client is gone or sends no HTTP.
    pub(crate) fn next_request(&mut self) -> Option<HttpRequest> {
        self.send().ok()?;
        self.stream.set_read_timeout(None).ok()?;
        loop {
            match HttpRequest::take(&mut self.buffer) {
                Ok(Some(request)) => return Some(request),
                Ok(None) => {}
                Err(_) => return None,
            }
            let count = self.stream.read(&mut self.block).ok().filter(|count| *count > 0)?;
            self.buffer.extend_from_slice(self.block.get(..count)?);
        }
    }

    /// Writes this, in one piece with what was to go out with it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        if self.unsent.is_empty() {
            return self.stream.write_all(bytes).map_err(|_| Gone);
        }
        self.unsent.extend_from_slice(bytes);
        self.send()
    }

    /// Writes this with what comes next, if that comes without a pause: a fast provider's answer arrives in one piece.
    pub(crate) fn write_with_next(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    fn send(&mut self) -> Result<(), Gone> {
        let bytes = std::mem::take(&mut self.unsent);
        self.stream.write_all(&bytes).map_err(|_| Gone)
    }

    /// Lets time pass, and notices at once when the client closes the socket meanwhile.
    pub(crate) fn pause(&mut self, length: Duration) -> Result<(), Gone> {
        self.send()?;
        let start = Instant::now();
        while let Some(left) = length.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            // Zero would mean "for ever".
            let wait = left.clamp(Duration::from_micros(1), MAX_WAIT);
            self.stream.set_read_timeout(Some(wait)).map_err(|_| Gone)?;
            match self.stream.read(&mut self.block) {
                Ok(0) => return Err(Gone),
                Ok(count) => self.buffer.extend_from_slice(self.block.get(..count).unwrap_or_default()),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Gone),
            }
            if self.buffer.len() > MAX_AHEAD_BYTES {
                return Err(Gone);
            }
        }
        Ok(())
    }

    /// Silence until the client has had enough.
    pub(crate) fn pause_for_ever(&mut self) -> Gone {
        loop {
            if self.pause(MAX_WAIT).is_err() {
                return Gone;
            }
        }
    }

    /// Ends the connection; a reset becomes visible when the last handle of the socket is dropped.
    pub(crate) fn cut(&mut self, cut: Cut) {
        let _ = self.send();
        match cut {
            // A socket that is gone already needs no end.
            Cut::Fin => drop(self.stream.shutdown(Shutdown::Write)),
            Cut::Rst => reset_on_close(&self.stream),
        }
    }
}

#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    // A socket that is gone already needs no reset.
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

#[cfg(not(unix))]
fn reset_on_close(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}
