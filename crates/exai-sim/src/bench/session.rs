//! A session at the wire that asks nothing: it listens for how long the daemon is silent.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use exai_wire::SUBPROTOCOL;

use crate::process::HANG;

/// As often as a shim that has nothing to say.
const BEAT: Duration = Duration::from_secs(2);

/// Longer than any daemon is silent that lives.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// An open session.
pub(super) struct Session {
    stream: TcpStream,
    silence: Receiver<Duration>,
}

impl Session {
    /// Dials and says hello; from its welcome on everything that comes is timed.
    pub(super) fn open(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, HANG)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANG))?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\
             authorization: Bearer {token}\r\n\r\n"
        )?;
        let head = read_head(&mut stream)?;
        anyhow::ensure!(head.starts_with("HTTP/1.1 101"), "no session: {head}");
        let hello = r#"{"t":"hello","proto":{"min":1,"max":1},"session":"ffffffffffffffffffffffffffffffff","dial_no":1,"shim":{"name":"bench","version":"1","pid":1},"open":[]}"#;
        say(&mut stream, hello)?;
        let (mut reading, mut beating) = (stream.try_clone()?, stream.try_clone()?);
        let (told, silence) = sync_channel(1);
        std::thread::Builder::new().name("bench-session".into()).spawn(move || {
            let _ = told.send(listen(&mut reading));
        })?;
        std::thread::Builder::new().name("bench-beat".into()).spawn(move || {
            while say(&mut beating, r#"{"t":"beat"}"#).is_ok() {
                crate::process::pace(BEAT);
            }
        })?;
        Ok(Self { stream, silence })
    }

    /// Ends it; the longest time in which nothing came.
    pub(super) fn longest_silence(self) -> anyhow::Result<Duration> {
        self.stream.shutdown(std::net::Shutdown::Both)?;
        self.silence.recv_timeout(HANG).context("the session's thread is gone")
    }
}

/// Any byte is a sign of life.
fn listen(stream: &mut TcpStream) -> Duration {
    let _ = stream.set_read_timeout(Some(SILENCE_MAX));
    let (mut block, mut longest, mut last) = ([0; 4096], Duration::ZERO, Instant::now());
    loop {
        let read = stream.read(&mut block);
        // How it ends is the end of the measurement, and no sign of life.
        if !matches!(read, Ok(1..)) {
            return longest;
        }
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
}

fn read_head(stream: &mut TcpStream) -> anyhow::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// A text frame, masked with zeros as a client may.
fn say(stream: &mut TcpStream, text: &str) -> anyhow::Result<()> {
    let length = u16::try_from(text.len())?;
    let mut frame = vec![0x81, 0x80 | 126];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    Ok(stream.write_all(&frame)?)
}
