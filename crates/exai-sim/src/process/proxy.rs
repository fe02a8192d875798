//! A TCP proxy with faults, between a shim and its daemon: connections that break, and networks that swallow everything.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Passes bytes to an address until it is told otherwise. Connections end with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// What comes in goes nowhere, and nobody is told.
    swallows: AtomicBool,
    over: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy to this address, on a free loopback port.
    ///
    /// # Errors
    /// The system gives no port.
    pub fn start(upstream: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            swallows: AtomicBool::new(false),
            over: AtomicBool::new(false),
            sockets: Mutex::default(),
        });
        let for_listener = Arc::clone(&shared);
        let listener = std::thread::spawn(move || accept(&listener, &for_listener));
        Ok(Self { address, shared, listener: Some(listener) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks every connection; new ones are passed on.
    pub fn cut(&self) {
        for socket in self.shared.sockets().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// From now on everything that is sent on any connection vanishes, new connections included.
    pub fn swallow(&self) {
        self.shared.swallows.store(true, Ordering::SeqCst);
    }

    /// What is sent on connections that are made from now on is passed on. Older ones stay dead: what they lost is lost.
    pub fn heal(&self) {
        self.shared.sockets().clear();
        self.shared.swallows.store(false, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    /// No operation leaves the list half changed.
    fn sockets(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, socket: &TcpStream) {
        if let Ok(socket) = socket.try_clone() {
            self.sockets().push(socket);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming().flatten() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(shared.upstream) else { continue };
        let (Ok(client_again), Ok(server_again)) = (client.try_clone(), server.try_clone()) else { continue };
        shared.keep(&client);
        shared.keep(&server);
        // They end with their sockets.
        let (up, down) = (Arc::clone(shared), Arc::clone(shared));
        std::thread::spawn(move || pump(client, server_again, &up));
        std::thread::spawn(move || pump(server, client_again, &down));
    }
}

/// A connection on which something was swallowed passes nothing any more: a stream with a hole would be another fault.
fn pump(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut chunk = [0_u8; 16 << 10];
    let mut dead = false;
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        dead |= shared.swallows.load(Ordering::SeqCst);
        let Some(bytes) = chunk.get(..read).filter(|_| !dead) else { continue };
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    // The end is a part of what a swallowing network does not tell.
    if !dead {
        let _ = to.shutdown(Shutdown::Both);
    }
}
