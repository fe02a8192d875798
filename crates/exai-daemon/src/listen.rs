//! Where connections come in: one or two sockets, and streams that count their bytes below everything else.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use exai_settings::Host;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::lobby::{Lobby, Seat};

/// Connections at a time, of every kind. Four times the thousand shims that the protocol is measured with; one more
/// is closed at once, which its shim takes for a daemon that is not there yet.
const CONNECTIONS_MAX: usize = 4096;

/// Connections among them that are no session yet. A quarter: whoever has no token can't take the places of those who
/// have one, and a thousand shims that dial at once find room.
const LOBBY_MAX: usize = CONNECTIONS_MAX / 4;

/// How long a connection may take to become a session. Ten seconds are three handshakes of 3 s; requests for health
/// and metrics take milliseconds.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// Connections that the operating system keeps until they are accepted: a thousand shims dial within 120 ms of a restart.
/// With the usual 128, what is one too many loses its first packet, and comes again after a second.
const BACKLOG: u32 = LOBBY_MAX as u32;

/// Pause after the operating system refused to accept (no file descriptors left): they come back as connections end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Tries to find a port that is free on both loopback addresses.
const FREE_PORT_TRIES: u32 = 16;

/// Why the daemon can't listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// Someone else has the port.
    #[error(
        "port {port} on {host} is taken by another program; find it with `{finder}`, stop it, or choose another port \
         with EXAI_WS_PORT (0 takes a free one)",
        finder = finder(*port)
    )]
    Taken {
        /// Host as set.
        host: Host,
        /// Port as set.
        port: u16,
    },
    /// Anything else.
    #[error("can't listen on EXAI_WS_HOST={host} EXAI_WS_PORT={port}: {source}")]
    Io {
        /// Host as set.
        host: Host,
        /// Port as set.
        port: u16,
        /// What the operating system says.
        source: io::Error,
    },
}

fn finder(port: u16) -> String {
    if cfg!(windows) {
        format!("netstat -ano | findstr :{port}")
    } else if cfg!(target_os = "macos") {
        format!("lsof -nP -iTCP:{port} -sTCP:LISTEN")
    } else {
        format!("ss -ltnp 'sport = :{port}'")
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port whose last connections are still winding down is free for the next daemon. On Windows it is so anyway, and
    // the option would let others take the port as well.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The listening sockets.
#[derive(Debug)]
pub(crate) struct Doors {
    first: TcpListener,
    second: Option<TcpListener>,
    room: Arc<Semaphore>,
    lobby: Lobby,
}

impl Doors {
    /// Listens on every address that `host` stands for among the loopback ones, else on the first. With port 0 the
    /// operating system chooses, the same for all.
    ///
    /// # Errors
    /// [`BindError`].
    pub(crate) async fn bind(host: &Host, port: u16) -> Result<Self, BindError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse if port != 0 => BindError::Taken { host: host.clone(), port },
            _ => BindError::Io { host: host.clone(), port, source },
        };
        if !host.is_localhost() {
            let name = host.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || exai_names::addresses(&name, port)).await;
            let addresses = found.map_err(io::Error::other).flatten().map_err(failed)?;
            let address = addresses.first().ok_or_else(|| failed(io::ErrorKind::AddrNotAvailable.into()))?;
            return Ok(Self::of(listen(*address).map_err(failed)?, None));
        }
        let mut tries = 0;
        loop {
            let first = listen((Ipv4Addr::LOCALHOST, port).into()).map_err(failed)?;
            let chosen = first.local_addr().map_err(failed)?.port();
            match listen((Ipv6Addr::LOCALHOST, chosen).into()) {
                Ok(second) => return Ok(Self::of(first, Some(second))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tries += 1;
                    if port != 0 || tries >= FREE_PORT_TRIES {
                        return Err(failed(error));
                    }
                }
                // No IPv6 on this machine: then nobody resolves `localhost` to it either.
                Err(_) => return Ok(Self::of(first, None)),
            }
        }
    }

    fn of(first: TcpListener, second: Option<TcpListener>) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { first, second, room, lobby: Lobby::new(LOBBY_MAX) }
    }

    /// The address that is listened on (the first of two).
    ///
    /// # Errors
    /// If the operating system does not tell.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.first.local_addr()
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        match (self.first.poll_accept(cx), &self.second) {
            (Poll::Pending, Some(second)) => second.poll_accept(cx),
            (first, _) => first,
        }
    }
}

/// The `ws://` URL to dial for a listener at `address`.
pub(crate) fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("ws://{}/", SocketAddr::new(ip, address.port()))
}

impl axum::serve::Listener for Doors {
    type Io = Metered;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Metered, SocketAddr) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok((stream, address)) => {
                    let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
                        tracing::debug!(max = CONNECTIONS_MAX, "connection refused, too many are open");
                        continue;
                    };
                    // Without it small frames wait for the peer's delayed acknowledgement, 40 ms.
                    let _ = stream.set_nodelay(true);
                    let visit = Visit::new(self.lobby.enter(), REQUEST_MAX);
                    return (Metered::new(stream, room, visit), address);
                }
                Err(error) => {
                    tracing::debug!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

/// What a connection's stream tells the others: bytes so far, each way, and whether it is a WebSocket by now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    sent: AtomicU64,
    upgraded: AtomicBool,
}

impl Meter {
    /// Bytes that arrived.
    pub(crate) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// Bytes that the peer's socket took.
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// From here on the session's own clocks rule.
    pub(crate) fn upgraded(&self) {
        self.0.upgraded.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Doors>> for Meter {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.io().meter.clone()
    }
}

/// An accepted stream. It holds one of the places for connections as long as it lives.
#[derive(Debug)]
pub(crate) struct Metered {
    stream: TcpStream,
    meter: Meter,
    /// `None` from the first use as a WebSocket on.
    visit: Option<Visit>,
    _room: OwnedSemaphorePermit,
}

/// What a connection is bound by that is no session yet.
#[derive(Debug)]
struct Visit {
    seat: Seat,
    over: Pin<Box<Sleep>>,
}

impl Visit {
    fn new(seat: Seat, limit: Duration) -> Self {
        Self { seat, over: Box::pin(tokio::time::sleep(limit)) }
    }
}

impl Metered {
    fn new(stream: TcpStream, room: OwnedSemaphorePermit, visit: Visit) -> Self {
        Self { stream, meter: Meter::default(), visit: Some(visit), _room: room }
    }

    /// Ends what is stuck, in either direction, when the visit is over: a peer that does not read must not be
    /// waited for any longer than one that does not write.
    fn bound<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if self.meter.0.upgraded.load(Ordering::Relaxed) {
            self.visit = None;
        }
        match (&polled, &mut self.visit) {
            (Poll::Pending, Some(Visit { seat, over })) => {
                let over = over.as_mut().poll(cx).is_ready() || seat.poll_taken(cx).is_ready();
                if over { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { polled }
            }
            _ => polled,
        }
    }

    fn count(&self, polled: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(taken)) = polled {
            self.meter.0.sent.fetch_add(*taken as u64, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        let got = into.filled().len().saturating_sub(before);
        self.meter.0.received.fetch_add(got as u64, Ordering::Relaxed);
        self.bound(cx, polled)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count(&polled);
        self.bound(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.count(&polled);
        self.bound(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.bound(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bound(cx, polled)
    }
}

#[cfg(test)]
mod tests;
