//! One small HTTP request to a daemon, with a deadline, without a runtime: a container's health check runs it
//! every few seconds, and it must say something sensible whatever the other side does.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::tls::{self, Trust};

/// Longest response that is read (1 MiB), where nobody expects more. The status takes a few KiB.
const RESPONSE_BYTES_MAX: u64 = 1 << 20;

/// Where a daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub tls: Tls,
}

/// Whether a daemon speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// `ws://`
    Off,
    /// `wss://`
    On {
        /// Further roots, besides the bundled ones (`EXAI_WS_CA`).
        ca: Option<PathBuf>,
    },
}

impl Address {
    /// Host and port of a `ws://` or `wss://` URL; `ca` holds further roots for the latter. `None`: it is neither.
    pub fn parse(url: &str, ca: Option<&Path>) -> Option<Self> {
        let (tls, standard_port, rest) = match (url.strip_prefix("ws://"), url.strip_prefix("wss://")) {
            (Some(rest), _) => (Tls::Off, 80, rest),
            (_, Some(rest)) => (Tls::On { ca: ca.map(Path::to_owned) }, 443, rest),
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, standard_port),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port, tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl Address {
    /// Whether both mean the same place: this machine has several names.
    pub fn is_same_place(&self, other: &Self) -> bool {
        let here = |host: &str| host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| is_here(ip));
        self.port == other.port && (self.host == other.host || (here(&self.host) && here(&other.host)))
    }

    /// Whether it can only be on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

fn is_here(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'a str,
    /// Path with its leading slash.
    pub path: &'a str,
    /// Sent as a bearer token.
    pub token: Option<&'a str>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// Why there is no response.
#[derive(Debug)]
pub enum AskError {
    /// No connection, or it broke, or the time was up.
    Io(io::Error),
    /// Something answered that does not speak HTTP.
    NotHttp,
    /// No TLS session can be set up for this host; a sentence.
    Tls(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                f.write_str("no answer in time")
            }
            Self::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                f.write_str("connection refused")
            }
            Self::Io(error) => write!(f, "{error}"),
            Self::NotHttp => f.write_str("something else than exai listens there"),
            Self::Tls(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for AskError {}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> Self {
        match tls::sentence(&error) {
            Some(sentence) => Self::Tls(sentence),
            None => Self::Io(error),
        }
    }
}

/// Asks, and has the response or an error within `timeout`.
///
/// # Errors
/// See [`AskError`].
pub fn ask(address: &Address, request: Request<'_>, timeout: Duration) -> Result<Response, AskError> {
    ask_long(address, request, timeout, RESPONSE_BYTES_MAX)
}

/// As [`ask`], for a response that may be long: so many bytes of it are read at most.
///
/// # Errors
/// See [`AskError`].
pub fn ask_long(
    address: &Address,
    request: Request<'_>,
    timeout: Duration,
    bytes_max: u64,
) -> Result<Response, AskError> {
    let deadline = Instant::now() + timeout;
    let socket = connect(address, deadline)?;
    let timeouts = socket.try_clone()?;
    let mut stream: Box<dyn Stream> = match &address.tls {
        Tls::Off => Box::new(socket),
        Tls::On { ca } => Box::new(secure(address, ca.as_deref(), socket)?),
    };
    let token = request.token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    // HTTP/1.0: the body ends with the connection, so that there are no chunks to decode.
    let head = format!(
        "{} {} HTTP/1.0\r\nHost: {address}\r\n{token}Content-Length: 0\r\n\r\n",
        request.method, request.path
    );
    timeouts.set_write_timeout(Some(left(deadline)?))?;
    timeouts.set_read_timeout(Some(left(deadline)?))?;
    stream.write_all(head.as_bytes())?;
    let bytes = read_to_end(stream.as_mut(), &timeouts, deadline, bytes_max)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or(AskError::NotHttp)
}

/// Tries every address that the name stands for, so that `localhost` finds a daemon on either loopback.
fn connect(address: &Address, deadline: Instant) -> Result<TcpStream, AskError> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in exai_names::addresses(&address.host, address.port)? {
        match TcpStream::connect_timeout(&candidate, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

/// Time to the deadline; never zero, which the socket would take for "no limit".
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(left),
        _ => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A connection, with or without TLS.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn secure(
    address: &Address,
    ca: Option<&Path>,
    socket: TcpStream,
) -> Result<StreamOwned<ClientConnection, TcpStream>, AskError> {
    let failed = |error: &dyn fmt::Display| AskError::Tls(format!("TLS: {error}"));
    let config = Trust::new(ca.map(Path::to_owned)).config().map_err(AskError::Tls)?;
    let name = ServerName::try_from(address.host.clone()).map_err(|error| failed(&error))?;
    let client = ClientConnection::new(config, name).map_err(|error| failed(&error))?;
    Ok(StreamOwned::new(client, socket))
}

fn read_to_end(
    stream: &mut dyn Stream,
    timeouts: &TcpStream,
    deadline: Instant,
    bytes_max: u64,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 8192];
    loop {
        timeouts.set_read_timeout(Some(left(deadline)?))?;
        let n = match stream.read(&mut chunk) {
            // A signal came, of a child that ended for one; a read with a limit is not begun anew by the system.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A TLS peer that closes without saying so; the body was as long as it was.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            n => n?,
        };
        bytes.extend(chunk.iter().take(n));
        if n == 0 || bytes.len() as u64 > bytes_max {
            return Ok(bytes);
        }
    }
}

fn parse(text: &str) -> Option<Response> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests;
