//! Names of one endpoint. A lookup blocks a thread until the resolver has answered, which may take it half a minute: only a
//! few of an endpoint's do so at a time, so that one slow resolver leaves threads to the names of others.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use exai_names::addresses;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{Semaphore, oneshot};

/// Lookups of an endpoint at a time. Whoever waits for more is ended by the connect timeout.
const LOOKUPS: usize = 4;

/// From a name to its addresses; the client puts the port in.
type Lookup = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// Has a lookup done on a thread.
type Start = fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// Asks for an endpoint's names.
#[derive(Debug, Clone)]
pub(crate) struct Names<L = Lookup> {
    lookup: L,
    start: Start,
    permits: Arc<Semaphore>,
}

impl Names {
    /// By the resolver of this process.
    pub(crate) fn new() -> Self {
        Self::with(|name| addresses(name, 0))
    }
}

impl<L: Fn(&str) -> io::Result<Vec<SocketAddr>> + Copy + Send + Sync + 'static> Names<L> {
    fn with(lookup: L) -> Self {
        Self { lookup, start, permits: Arc::new(Semaphore::new(LOOKUPS)) }
    }

    async fn find(self, name: String) -> io::Result<Vec<SocketAddr>> {
        // Never closed.
        let permit = self.permits.acquire_owned().await.map_err(io::Error::other)?;
        let (answer, found) = oneshot::channel();
        // A lookup that nobody waits for any more can't be ended; its permit stays with it.
        (self.start)(Box::new(move || {
            let found = (self.lookup)(&name);
            drop(permit);
            let _ = answer.send(found);
        }))?;
        found.await.map_err(io::Error::other)?
    }
}

/// A thread of its own: a runtime that can't have one for its blocking work panics.
fn start(lookup: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    std::thread::Builder::new().name("exai-name".to_owned()).spawn(lookup).map(drop)
}

impl<L: Fn(&str) -> io::Result<Vec<SocketAddr>> + Copy + Send + Sync + 'static> Resolve for Names<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let found = names.find(name.as_str().to_owned()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
