//! A provider that floods whoever asks it: heads without end, with which a client is never through.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An interim answer; a client reads on for the real one.
const HEAD: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Heads that are written at once.
const AT_ONCE: usize = 1000;

/// Writes after which a connection counts as flooded.
const BEGUN: usize = 10;

/// The running server; it floods until its process ends, or the client goes.
#[derive(Debug)]
pub struct Flood {
    address: SocketAddr,
    flooded: Arc<AtomicUsize>,
}

impl Flood {
    /// Listens on a free port of this machine.
    ///
    /// # Errors
    /// If there is no port or no thread.
    pub fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, flooded) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&flooded);
        std::thread::Builder::new().name("sim-flood".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                std::thread::spawn(move || flood(stream, &counted));
            }
        })?;
        Ok(Self { address, flooded })
    }

    /// Base URL of the API.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Connections that are flooded, or were.
    pub fn flooded(&self) -> usize {
        self.flooded.load(Ordering::Relaxed)
    }
}

/// Whatever is asked: a client takes nothing before it has asked.
fn flood(mut stream: TcpStream, flooded: &AtomicUsize) {
    let heads = HEAD.repeat(AT_ONCE);
    let mut writes = 0;
    if stream.read(&mut [0; 4096]).is_err() {
        return;
    }
    while stream.write_all(&heads).is_ok() {
        writes += 1;
        if writes == BEGUN {
            flooded.fetch_add(1, Ordering::Relaxed);
        }
    }
}
