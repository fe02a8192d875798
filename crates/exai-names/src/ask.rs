//! Asking name servers: both families at once, one server after the other.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::message::{Family, Reply, question, reply};

/// The largest answer that comes in a datagram is 512 bytes, since nothing larger is asked for; room for servers that
/// don't care.
const DATAGRAM_BYTES: usize = 4096;

/// The addresses of a name that stands in no hosts file.
///
/// # Errors
/// `NotFound` if there is no such name, else that of a server that did not say.
pub(crate) fn ask(config: &Config, host: &str) -> io::Result<Vec<IpAddr>> {
    let mut unsaid = None;
    for name in config.candidates(host) {
        match ask_about(config, &name) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => return Ok(found),
            // A domain whose servers are out of reach does not hide the name as it is.
            Err(error) => unsaid = Some(error),
        }
    }
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("no name server knows {host}"));
    Err(unsaid.unwrap_or_else(unknown))
}

/// Nothing, if there is no such name.
fn ask_about(config: &Config, name: &str) -> io::Result<Vec<IpAddr>> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no name server is known");
    for _ in 0..config.attempts {
        for server in &config.servers {
            match ask_server(*server, name, config.timeout) {
                Ok(found) => return Ok(found),
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
                Err(error) => last = io::Error::new(error.kind(), format!("name server {server}: {error}")),
            }
        }
    }
    Err(last)
}

fn ask_server(server: SocketAddr, name: &str, timeout: Duration) -> io::Result<Vec<IpAddr>> {
    let deadline = Instant::now() + timeout;
    let mut open = Vec::new();
    for family in [Family::V6, Family::V4] {
        let question = question(random()?, name, family);
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, format!("{name} can't be a name"));
        open.push(question.ok_or_else(no_name)?);
    }
    let here: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // Connected, so that nobody else's datagrams come in, and a port where nobody listens is an error at once.
    let socket = UdpSocket::bind((here, 0))?;
    socket.connect(server)?;
    for question in &open {
        socket.send(question)?;
    }
    let (mut found, mut failure) = (Vec::new(), None);
    while !open.is_empty() {
        let (question, reply) = match receive(&socket, &open, deadline) {
            Ok(received) => received,
            // One family is better than none.
            Err(_) if !found.is_empty() => break,
            Err(error) => return Err(error),
        };
        let reply = if reply == Reply::Truncated { over_tcp(server, &question, deadline)? } else { reply };
        match reply {
            Reply::Addresses(addresses) => found.extend(addresses),
            Reply::NoName => {}
            Reply::Truncated => failure = Some("a cut answer over TCP".to_owned()),
            Reply::Failed(code) => failure = Some(format!("it answers with code {code}")),
        }
        open.retain(|other| *other != question);
    }
    match failure {
        Some(why) if found.is_empty() => Err(io::Error::other(why)),
        _ => Ok(found),
    }
}

/// The next answer to one of the open questions; what answers none is passed over.
fn receive(socket: &UdpSocket, open: &[Vec<u8>], deadline: Instant) -> io::Result<(Vec<u8>, Reply)> {
    let mut datagram = [0; DATAGRAM_BYTES];
    loop {
        socket.set_read_timeout(Some(left(deadline)?))?;
        let length = match socket.recv(&mut datagram) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // That is how an expired read timeout is told on Unix.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(late()),
            length => length?,
        };
        let message = datagram.get(..length).unwrap_or_default();
        let answered = open.iter().find_map(|question| Some((question.clone(), reply(question, message)?)));
        if let Some(answered) = answered {
            return Ok(answered);
        }
    }
}

/// With TCP a length stands before each message.
fn over_tcp(server: SocketAddr, question: &[u8], deadline: Instant) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&server, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.set_read_timeout(Some(left(deadline)?))?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    reply(question, &message).ok_or_else(|| io::Error::other("an answer to another question"))
}

/// Time to the deadline, never zero.
fn left(deadline: Instant) -> io::Result<Duration> {
    deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()).ok_or_else(late)
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// An id that nobody guesses who might forge an answer.
fn random() -> io::Result<u16> {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("no randomness: {error}")))?;
    Ok(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
